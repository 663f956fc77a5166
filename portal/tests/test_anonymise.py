"""A person forgotten: nothing tells who they were, and the books stay whole."""

from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import models
from django.urls import reverse

from access.models import Plan
from access.services import subscribe
from accounts.models import User
from accounts.services import open_calendar
from bookings.models import Booking
from bookings.services import cancel_booking
from bookings.states import BookingStatus
from common.errors import DomainError
from notifications.delivery import sweep
from notifications.models import OutgoingMail
from payments import courier
from payments.models import Payment, PaymentAttempt
from portal.services import anonymise, what_is_open
from tests.infrastructure.events import MakeEvent, buy
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.staff import answer
from tests.infrastructure.world import NOW, START, MakeBooking, MakeUser

LATER = START + timedelta(days=30)


@pytest.fixture
def superuser(make_user: MakeUser) -> User:
    user: User = make_user("root@example.com", is_staff=True, is_superuser=True, name="Root")
    return user


@pytest.fixture
def settled(make_booking: MakeBooking, customer: User) -> Booking:
    """A booking that was paid, cancelled and paid back, with notes, and its mails sent."""
    booking = make_booking(status=BookingStatus.CONFIRMED, notes="My knee, the left one")
    Booking.objects.filter(pk=booking.pk).update(staff_notes="Calls herself the countess")
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW, reason="Ada is ill")
    for refund_id in courier.due_refunds(NOW):
        courier.send_refund(refund_id, at=NOW)
    open_calendar(user_id=customer.pk)
    sweep(now=lambda: LATER)
    booking.refresh_from_db()
    return booking


def everything_said() -> str:
    """All text that any table holds."""
    said = []
    for model in apps.get_models():
        fields = [
            field.name
            for field in model._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField | models.JSONField)
        ]
        rows = model._default_manager.values_list(*fields) if fields else ()
        said += [" ".join([model._meta.label, *map(str, row)]) for row in rows]
    return "\n".join(said)


def test_nothing_tells_who_they_were_and_what_they_bought_is_still_counted(
    settled: Booking, customer: User, superuser: User
) -> None:
    assert what_is_open(customer, at=LATER) == []
    assert settled.payment_id is not None
    before = Payment.objects.get(pk=settled.payment_id)
    captured, refunded = before.captured, before.refunded

    anonymise(user_id=customer.pk, by=superuser, at=LATER)

    said = everything_said().lower()
    traces = ("ada@example.com", "lovelace", "knee", "countess", "ada is ill")
    assert [line for line in said.splitlines() if any(trace in line for trace in traces)] == []
    payment = Payment.objects.get(pk=settled.payment_id)
    assert (payment.captured, payment.refunded) == (captured, refunded) == (Decimal(80),) * 2
    settled.refresh_from_db()
    assert (settled.status, settled.user_id) == (BookingStatus.CANCELLED, customer.pk)
    customer.refresh_from_db()
    assert (customer.is_active, customer.has_usable_password(), customer.calendar_token) == (
        False,
        False,
        None,
    )
    assert not EmailAddress.objects.filter(user=customer).exists()
    assert [attempt.params["customerEmail"] for attempt in PaymentAttempt.objects.all()] == [""]
    assert set(OutgoingMail.objects.values_list("text", "html", "subject")) == {("", "", "")}


def test_what_is_open_stands_in_the_way_and_nothing_changes(
    make_booking: MakeBooking, make_event: MakeEvent, customer: User, superuser: User
) -> None:
    make_booking(status=BookingStatus.CONFIRMED)
    buy(make_event(ticket_price=Decimal(0)), customer)
    buy(make_event(name="Paid", ticket_price=Decimal(20)), customer)
    plan = Plan.objects.create(slug="free", name="Free", price=0)
    subscribe(user_id=customer.pk, plan_id=plan.pk, at=NOW)
    before = everything_said()

    with pytest.raises(DomainError) as refused:
        anonymise(user_id=customer.pk, by=superuser, at=NOW)

    assert (refused.value.code, refused.value.details["open"]) == (
        "in_use",
        [
            "bookings that are held or lie ahead: cancel them first",
            "tickets that are held: end the hold first",
            "tickets for events that lie ahead: cancel them first",
            "a subscription: end it first",
            "money that is due, on its way, or flagged: settle it first",
            "a mail on its way: wait until it is sent",
        ],
    )
    assert everything_said() == before


def test_superusers_alone_and_neither_oneself_nor_twice(
    settled: Booking, customer: User, manager: User, superuser: User
) -> None:
    before = everything_said()
    refusals = []
    for user_id, by in ((customer.pk, manager), (superuser.pk, superuser), (10**6, superuser)):
        with pytest.raises(DomainError) as refused:
            anonymise(user_id=user_id, by=by, at=LATER)
        refusals.append(refused.value.code)
    assert refusals == ["permission_denied", "invalid_transition", "not_found"]
    assert everything_said() == before

    anonymise(user_id=customer.pk, by=superuser, at=LATER)
    with pytest.raises(DomainError) as again:
        anonymise(user_id=customer.pk, by=superuser, at=LATER)
    assert again.value.code == "invalid_transition"


def test_a_session_ends_and_the_address_is_free_for_a_new_account(
    settled: Booking, visit: MakeVisitor, customer: User, superuser: User
) -> None:
    visitor = visit(customer)
    assert visitor.get("/bookings").status == 200

    anonymise(user_id=customer.pk, by=superuser, at=LATER)

    assert visitor.get("/bookings").status == 302
    assert User.objects.create_user("ada@example.com").pk != customer.pk


def test_staff_are_asked_once_and_told_what_stands_in_the_way(
    make_booking: MakeBooking, visit: MakeVisitor, customer: User, superuser: User, manager: User
) -> None:
    booking = make_booking()
    address = reverse("admin:accounts_user_forget", args=[customer.pk])
    own = reverse("admin:accounts_user_forget", args=[superuser.pk])
    staff = visit(superuser)

    refused = staff.get(address)
    assert "bookings that are held" in refused.text
    assert "Forget for ever" not in refused.text
    assert visit(manager).get(address).status == 403
    person_page = staff.get(reverse("admin:accounts_user_change", args=[customer.pk]))
    own_page = staff.get(reverse("admin:accounts_user_change", args=[superuser.pk]))
    assert address in [href for _words, href in person_page.links]
    assert own not in [href for _words, href in own_page.links]

    cancel_booking(booking_id=booking.pk, by=customer, at=NOW)
    sweep(now=lambda: LATER)
    done = answer(staff, staff.get(address), "Forget for ever")
    assert f"Person {customer.pk} is forgotten." in done.text
    customer.refresh_from_db()
    assert (customer.name, customer.is_active) == ("", False)


def test_the_command_does_the_same(settled: Booking, customer: User, superuser: User) -> None:
    with pytest.raises(CommandError, match=r"Nobody has the address no@example\.com"):
        call_command("anonymise", "no@example.com", "--by", superuser.email)
    told = StringIO()

    call_command("anonymise", customer.email, "--by", superuser.email, stdout=told)

    assert told.getvalue() == f"Person {customer.pk} is forgotten.\n"
    customer.refresh_from_db()
    assert not customer.is_active
