"""Looks at the money are kept, shown, asked for by permission, and told of."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from bookings.models import Booking
from bookings.states import BookingStatus
from common.errors import PermissionRefused
from notifications.models import OutgoingMail
from payments import tasks
from payments.differences import GRACE
from payments.emails import LINES_TOLD, build, money_differs
from payments.models import DemoSession, MoneyCheck, Payment
from payments.verify import ask_for_check, due_checks, look, nightly_check, run_check, start_check
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.staff import answer, cost
from tests.infrastructure.world import NOW, MakeBooking, MakeUser

LIST = "/admin/payments/moneycheck/"


@pytest.fixture
def true(make_booking: MakeBooking) -> Booking:
    """A paid booking."""
    booking = make_booking(status=BookingStatus.CONFIRMED)
    DemoSession.objects.update(created_at=NOW)
    return booking


@pytest.fixture
def untrue(true: Booking) -> Booking:
    """Paid and kept, and it reads refunded."""
    Booking.objects.update(payment_status="refunded")
    return true


def page_of(check: MoneyCheck) -> str:
    return f"{LIST}{check.pk}/change/"


def test_a_clean_run_is_kept_and_told_to_nobody(true: Booking, manager: User) -> None:
    check = ask_for_check(by=manager, at=NOW)
    assert (check.state, check.asked_by) == ("waiting", manager)

    assert run_check(check.pk, at=NOW)
    assert not run_check(check.pk, at=NOW)

    check.refresh_from_db()
    assert (check.state, check.found, check.lines) == ("clean", 0, [])
    assert check.summary == (
        "Money is true: 1 payments agree with what was bought and with demo "
        "(1 sessions, 1 charges, 0 refunds, 0 disputes)."
    )
    assert not OutgoingMail.objects.filter(kind="money_differs").exists()


def test_what_is_found_is_kept_and_told_in_one_mail_to_each_manager(
    untrue: Booking, manager: User, front_desk: User, make_user: MakeUser
) -> None:
    make_user("chief@example.com", is_staff=True, is_superuser=True)

    check = nightly_check(at=NOW + timedelta(days=1))

    check.refresh_from_db()
    assert (check.state, check.found, check.repaired) == ("found", 1, 0)
    [line] = check.lines
    payment = Payment.objects.get()
    assert line == {
        "kind": "word_differs",
        "text": f"booking {untrue.pk} reads 'Refunded', and payment {payment.pk} with 80.00 USD "
        "taken in and 0.00 USD given back says 'Paid'.",
        "payment": payment.pk,
        "remedy": "bring what was bought up to date",
        "advice": "",
        "outcome": "",
    }
    mails = OutgoingMail.objects.filter(kind="money_differs").order_by("to")
    assert [mail.to for mail in mails] == [manager.email, "chief@example.com"]
    told = build(mails[0])
    assert told.subject == "Money check: 1 difference"
    assert line["text"] in told.text
    assert f"/admin/payments/moneycheck/{check.pk}/change/" in told.text


def test_woken_twice_in_a_night_it_runs_and_tells_once(untrue: Booking, manager: User) -> None:
    night = NOW + timedelta(days=1)

    first = nightly_check(at=night)
    assert nightly_check(at=night + timedelta(minutes=1)) == first

    assert MoneyCheck.objects.count() == 1
    assert OutgoingMail.objects.filter(kind="money_differs").count() == 1
    nightly_check(at=night + timedelta(days=1))
    assert MoneyCheck.objects.count() == 2


def test_a_mail_names_the_first_differences_and_counts_the_others(
    true: Booking, manager: User
) -> None:
    lines = [{"text": f"line {n}", "outcome": ""} for n in range(30)]
    check = MoneyCheck.objects.create(state="waiting", found=30)
    MoneyCheck.objects.filter(pk=check.pk).update(lines=lines)
    check.refresh_from_db()
    money_differs(check, at=NOW)

    text = build(OutgoingMail.objects.get(kind="money_differs")).text

    assert text.count("- line") == LINES_TOLD
    assert "And 10 more." in text


def test_repairing_tells_what_was_set_right_and_what_is_left(
    untrue: Booking, manager: User
) -> None:
    check = ask_for_check(by=manager, at=NOW, with_repair=True)

    run_check(check.pk, at=NOW)

    check.refresh_from_db()
    assert (check.state, check.found, check.repaired) == ("clean", 0, 1)
    assert check.lines[0]["outcome"] == "brought up to date"
    assert Booking.objects.get().payment_status == "paid"


def test_a_run_that_breaks_off_says_so(
    true: Booking, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(**kwargs: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("payments.verify.checks.check_money", breaks)
    check = ask_for_check(by=manager, at=NOW)

    with pytest.raises(RuntimeError):
        run_check(check.pk, at=NOW)

    check.refresh_from_db()
    assert (check.state, check.summary) == ("broken", "RuntimeError: the disk is full")
    assert build(OutgoingMail.objects.get(kind="money_differs")).subject == (
        "The money check broke off"
    )


def test_a_run_whose_worker_died_is_given_up_and_lost_wake_ups_are_found(
    true: Booking, manager: User
) -> None:
    dead = start_check(at=NOW, since=None, with_repair=False)
    waiting = ask_for_check(by=manager, at=NOW)

    assert due_checks(NOW + timedelta(hours=3)) == [waiting.pk]
    dead.refresh_from_db()
    assert dead.state == "running"
    assert due_checks(NOW + timedelta(hours=3, seconds=1)) == [waiting.pk]

    dead.refresh_from_db()
    assert (dead.state, dead.summary) == ("broken", "The worker was stopped before its end.")
    assert tasks.run_money_checks() == 1
    assert tasks.run_money_checks() == 0


def test_more_than_can_be_kept_is_counted(untrue: Booking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payments.verify.checks.MOST_LINES", 0)
    check = start_check(at=NOW, since=None, with_repair=False)

    assert len(list(look(check, grace=GRACE))) == 1

    check.refresh_from_db()
    assert (check.found, check.lines) == (1, [])


def test_the_command_keeps_its_run_too(untrue: Booking) -> None:
    with pytest.raises(SystemExit):
        call_command("verify_money", stdout=StringIO())

    assert MoneyCheck.objects.get().state == "found"
    assert not OutgoingMail.objects.filter(kind="money_differs").exists()


def test_old_runs_are_forgotten(true: Booking) -> None:
    old = MoneyCheck.objects.create(asked_at=timezone.now() - timedelta(days=181))

    assert tasks.verify_money()

    assert not MoneyCheck.objects.filter(pk=old.pk).exists()


# --- The page --------------------------------------------------------------------------------


def test_a_manager_runs_it_reads_it_and_repairs(
    visit: MakeVisitor, untrue: Booking, manager: User
) -> None:
    visitor = visit(manager)
    question = visitor.get(f"{LIST}run/")
    assert "Nothing is changed." in question.text
    assert not MoneyCheck.objects.exists()

    asked = answer(visitor, question, "Run now")
    check = MoneyCheck.objects.get()
    assert "The worker looks at it now" in asked.text
    assert asked.path == page_of(check)
    tasks.run_money_check(check.pk)

    shown = visitor.get(page_of(check))
    assert "differences found" in shown.text
    assert f"booking {untrue.pk} reads 'Refunded'" in shown.text
    assert "Safe repair: bring what was bought up to date." in shown.text
    assert shown.has_link("Repair what is safe")

    question = visitor.get(f"{LIST}{check.pk}/repair/")
    assert "Bring what was bought up to date." in question.text
    answer(visitor, question, "Repair")
    again = MoneyCheck.objects.latest("pk")
    assert again.with_repair
    tasks.run_money_check(again.pk)

    shown = visitor.get(page_of(again))
    assert "all true" in shown.text
    assert "brought up to date" in shown.text
    assert not shown.has_link("Repair what is safe")


def test_one_that_waits_is_enough(manager: User) -> None:
    assert ask_for_check(by=manager, at=NOW) == ask_for_check(by=manager, at=NOW)
    assert MoneyCheck.objects.count() == 1


def test_nobody_else_may_look_or_run(
    visit: MakeVisitor, true: Booking, front_desk: User, scanner: User
) -> None:
    check = MoneyCheck.objects.create(state="clean")
    for person in (front_desk, scanner):
        visitor = visit(person)
        for path in (LIST, page_of(check), f"{LIST}run/", f"{LIST}{check.pk}/repair/"):
            assert visitor.get(path).status == 403
        with pytest.raises(PermissionRefused):
            ask_for_check(by=person, at=NOW)

    assert MoneyCheck.objects.count() == 1


def test_the_list_costs_the_same_however_many_there_are(visit: MakeVisitor, manager: User) -> None:
    visitor = visit(manager)
    MoneyCheck.objects.create(asked_by=manager)
    few = cost(visitor, LIST)
    for _ in range(29):
        MoneyCheck.objects.create(asked_by=manager)

    assert cost(visitor, LIST) == few
