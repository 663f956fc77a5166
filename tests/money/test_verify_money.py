"""One command finds whatever is untrue about money, says it in words, and repairs what is safe."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from bookings.models import Booking, Timeslot
from bookings.services import cancel_booking
from payments import courier
from payments.differences import Moment
from payments.gateways import gateway
from payments.gateways.base import ProviderDispute
from payments.gateways.demo import DemoGateway
from payments.models import (
    DemoRefund,
    DemoSession,
    Payment,
    PaymentAttempt,
    Refund,
    WebhookEvent,
)
from payments.services import lapse
from payments.verify import Finding, Tally, check_money
from tests.infrastructure.events import MakeEvent, buy, pay_order
from tests.infrastructure.world import (
    NOW,
    START,
    MakeSlot,
    book_slot,
    pay,
)
from tickets.models import Event, Ticket, TicketOrder
from tickets.services import cancel_ticket

HOUR = timedelta(hours=1)
EIGHTY = Decimal("80.00")


class DisputingGateway(DemoGateway):
    """The demo provider, where customers can dispute."""

    told: list[ProviderDispute] = []

    def disputes(self, *, since: datetime) -> Iterator[ProviderDispute]:
        return iter(self.told)


@pytest.fixture
def disputing(settings: Settings) -> Iterator[type[DisputingGateway]]:
    settings.PAYMENT_GATEWAYS = {"demo": "tests.money.test_verify_money.DisputingGateway"}
    DisputingGateway.told = []
    gateway.cache_clear()
    yield DisputingGateway
    gateway.cache_clear()


@pytest.fixture
def booking(customer: User, make_slot: MakeSlot) -> Booking:
    return book_slot(make_slot(start=START, price=EIGHTY), customer)


@pytest.fixture
def order(customer: User, make_event: MakeEvent) -> TicketOrder:
    """Three tickets at 20, held."""
    return buy(make_event(), customer, 3)


@pytest.fixture
def world(booking: Booking, order: TicketOrder, customer: User, make_slot: MakeSlot) -> None:
    """A bit of everything, at rest: paid, kept, given back in part and whole, lapsed, free."""
    pay(booking)
    pay_order(order)
    other = book_slot(make_slot(start=START + HOUR, price=EIGHTY), customer)
    pay(other)
    cancel_booking(booking_id=other.pk, by=customer, at=START - timedelta(hours=10))
    cancel_ticket(ticket_id=order.tickets.first().pk, by=customer, at=NOW)  # type: ignore[union-attr]
    book_slot(make_slot(start=START + 2 * HOUR, price=Decimal(0)), customer)
    gone = book_slot(make_slot(start=START + 3 * HOUR, price=EIGHTY), customer)
    assert lapse(payment_id=gone.payment_id or 0, at=NOW + HOUR)
    send_refunds()
    age()


def send_refunds() -> None:
    for pk in courier.due_refunds(START):
        courier.send_refund(pk, at=START)


def age() -> None:
    """What the demo provider has written just now, it has written then."""
    DemoSession.objects.update(created_at=NOW)
    DemoRefund.objects.update(created_at=NOW)


def look(
    *, after: timedelta = timedelta(days=30), grace: timedelta = timedelta(minutes=5)
) -> list[Finding]:
    return list(check_money(since=None, now=Moment(at=NOW + after, grace=grace), tally=Tally()))


def kinds(after: timedelta = timedelta(days=30)) -> list[str]:
    return [finding.difference.kind for finding in look(after=after)]


def repaired(after: timedelta = timedelta(days=30)) -> list[str]:
    """What `--repair` says of each."""
    now = Moment(at=NOW + after)
    found = check_money(since=None, now=now, tally=Tally(), with_repair=True)
    return [finding.outcome for finding in found if finding.is_repaired]


def verify(*options: str) -> tuple[int, list[str]]:
    """Exit status and lines of the command."""
    out = StringIO()
    try:
        call_command("verify_money", *options, stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


# --- what is true is said in one line --------------------------------------------------------


def test_nothing_at_all_is_true(db: None) -> None:
    assert verify() == (
        0,
        [
            "Money is true: 0 payments agree with what was bought and with demo "
            "(0 sessions, 0 charges, 0 refunds, 0 disputes)."
        ],
    )


def test_a_house_at_rest_is_true(world: None) -> None:
    assert look() == []
    assert (
        verify()
        == verify("--repair")
        == (
            0,
            [
                "Money is true: 4 payments agree with what was bought and with demo "
                "(3 sessions, 3 charges, 2 refunds, 0 disputes)."
            ],
        )
    )


def test_its_cost_does_not_grow_with_every_row(
    world: None, customer: User, make_slot: MakeSlot, settings: Settings
) -> None:
    settings.MAX_HOLDS_PER_HOUR = 100

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert look() == []
        return len(queries)

    few = cost()
    for day in range(1, 9):
        each = book_slot(make_slot(start=START + timedelta(days=day), price=EIGHTY), customer)
        pay(each)
        cancel_booking(booking_id=each.pk, by=customer, at=NOW)
    send_refunds()
    age()

    assert cost() == few


def test_every_page_is_compared(world: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than a page has: the fault of the last one is found too."""
    monkeypatch.setattr("payments.verify.ledger.PAGE", 1)
    assert look() == []
    last = Payment.objects.order_by("pk").last()
    assert last is not None
    Payment.objects.filter(pk=last.pk).update(status="due")

    assert kinds() == ["open_after_the_end"]


# --- planted faults --------------------------------------------------------------------------


def paid() -> Payment:
    """The booking's, which is paid and kept."""
    payment: Payment = Payment.objects.order_by("pk")[0]
    return payment


def ordered() -> Payment:
    """The order's: three tickets of 20, one given back."""
    payment: Payment = Payment.objects.order_by("pk")[1]
    return payment


def halved() -> Payment:
    """A booking of 80, cancelled for half."""
    payment: Payment = Payment.objects.order_by("pk")[2]
    return payment


def lapsed() -> Payment:
    payment: Payment = Payment.objects.order_by("pk")[3]
    return payment


def write(rows: object, **fields: object) -> None:
    """Past every service, as a bug or a hand in the database would."""
    type(rows)._default_manager.filter(pk=rows.pk).update(**fields)  # type: ignore[attr-defined]


def attempt_of(payment: Payment) -> PaymentAttempt:
    attempt: PaymentAttempt = payment.attempts.get()
    return attempt


def session_of(payment: Payment) -> DemoSession:
    return DemoSession.objects.get(session_id=attempt_of(payment).session_id)


def refund_of(payment: Payment) -> Refund:
    refund: Refund = payment.refunds.get()
    return refund


def booking_of(payment: Payment) -> Booking:
    booking: Booking = payment.bookings.get()
    return booking


def an_active_ticket() -> Ticket:
    ticket: Ticket = Ticket.objects.filter(status="active").order_by("pk")[0]
    return ticket


def hold_again(booking: Booking) -> None:
    write(booking, status="pending", cancel_cause="", cancelled_at=None)
    Timeslot.objects.filter(pk=booking.timeslot_id).update(taken=1)


def refund_behind_our_back(payment: Payment, amount: str) -> None:
    DemoRefund.objects.create(
        session=session_of(payment),
        idempotency_key=f"dashboard-{payment.pk}",
        refund_id=f"demo_re_dashboard_{payment.pk}",
        amount=Decimal(amount),
        created_at=NOW,
    )


@dataclass(frozen=True)
class Fault:
    """What is done behind the services' backs, and what a look must find then."""

    plant: Callable[[], None]
    kinds: tuple[str, ...]
    is_repairable: bool


FAULTS: list[Fault] = []


def fault(*kinds: str, repairable: bool = False) -> Callable[[Callable[[], None]], None]:
    def note(plant: Callable[[], None]) -> None:
        FAULTS.append(Fault(plant, kinds, repairable))

    return note


# The ledger by itself.


@fault("paid_without_money", "word_differs")
def paid_without_money() -> None:
    write(lapsed(), status="paid", closed_because="")


@fault("money_not_booked", "delivered_unpaid", "word_differs")
def money_on_a_closed_payment() -> None:
    write(paid(), status="closed", closed_because="failed")


@fault("too_little", "captured_differs", "amount_differs", "amount_differs")
def less_captured_than_asked() -> None:
    write(attempt_of(paid()), captured=Decimal(70))


@fault("kept_too_much", "captured_differs", "amount_differs", "amount_differs")
def more_captured_than_asked() -> None:
    write(attempt_of(paid()), captured=Decimal(90))


@fault("captured_unpaid", "paid_unheard")
def captured_on_an_expired_session() -> None:
    write(attempt_of(paid()), status="expired")


@fault("refunded_too_much", "refunded_too_much", "refund_differs")
def refunds_above_what_was_captured() -> None:
    write(refund_of(halved()), amount=Decimal(81))


@fault("refund_of_another")
def a_refund_of_anothers_money() -> None:
    write(refund_of(halved()), attempt=attempt_of(paid()))


@fault("currency_differs", "refund_differs")
def a_refund_in_another_currency() -> None:
    write(refund_of(halved()), currency="EUR")


@fault("refund_stuck", "refund_unheard", repairable=True)
def a_refund_that_nobody_sends() -> None:
    write(refund_of(halved()), status="requested")


@fault("refund_stuck", "refund_unheard", repairable=True)
def a_refund_whose_worker_died() -> None:
    write(refund_of(halved()), status="sending", claimed_at=NOW)


@fault("hold_outlived", repairable=True)
def a_hold_that_outlived_its_time() -> None:
    write(lapsed(), status="open", closed_because="", closed_at=None)
    hold_again(booking_of(lapsed()))


@fault("unknown_purpose")
def an_unknown_purpose() -> None:
    write(paid(), purpose="cake")


# Bookings.


@fault("paid_not_delivered", repairable=True)
def a_paid_booking_that_is_only_held() -> None:
    write(booking_of(paid()), status="pending", payment_status="pending")


@fault("held_without_payment", repairable=True)
def a_booking_held_without_a_payment() -> None:
    hold_again(booking_of(lapsed()))


@fault("delivered_unpaid")
def a_booking_confirmed_and_not_paid() -> None:
    write(booking_of(lapsed()), status="confirmed")


@fault("open_after_the_end", repairable=True)
def a_cancelled_booking_still_to_be_paid() -> None:
    write(lapsed(), status="due", closed_because="")


@fault("empty_handed", "word_differs", repairable=True)
def a_cancelled_booking_without_its_refund() -> None:
    refund_of(halved()).delete()
    DemoRefund.objects.filter(session=session_of(halved())).delete()


@fault("word_differs", repairable=True)
def a_payment_status_that_is_not_so() -> None:
    write(booking_of(halved()), payment_status="paid")


@fault("price_differs")
def a_booking_that_costs_more_than_was_paid() -> None:
    write(booking_of(paid()), price=Decimal(90))


@fault("not_one_booking", "goods_without_payment")
def a_booking_without_any_payment() -> None:
    write(booking_of(lapsed()), payment=None)


# Orders and tickets.


@fault("tickets_count")
def a_ticket_too_few() -> None:
    Ticket.objects.filter(pk=an_active_ticket().pk).delete()


@fault("paid_not_delivered", repairable=True)
def a_paid_order_that_is_only_held() -> None:
    Ticket.objects.all().delete()
    Refund.objects.filter(payment=ordered()).delete()
    DemoRefund.objects.filter(session=session_of(ordered())).delete()
    TicketOrder.objects.update(status="pending")
    Event.objects.update(held=3, current_participants=0)


@fault(
    "delivered_unpaid",
    "captured_differs",
    "refunded_too_much",
    "refunded_too_much",
    "amount_differs",
    "amount_differs",
)
def an_order_that_was_never_paid() -> None:
    write(ordered(), status="due")
    write(attempt_of(ordered()), captured=0)


@fault("empty_handed", repairable=True)
def a_refund_that_the_ticket_alone_knows() -> None:
    Ticket.objects.filter(status="refunded").update(refund_amount=Decimal(25))


@fault("tickets_alive")
def living_tickets_of_an_order_that_is_over() -> None:
    TicketOrder.objects.update(status="refunded")


@fault("price_differs")
def an_order_whose_amount_is_not_its_tickets() -> None:
    TicketOrder.objects.update(unit_price=Decimal(21))


@fault("ticket_of_another")
def a_ticket_of_anothers_payment() -> None:
    write(an_active_ticket(), payment=paid())


# The provider's books.


@fault("hold_outlived", "paid_unheard", repairable=True)
def paid_there_and_unheard_here() -> None:
    write(attempt_of(paid()), status="open", captured=0, provider_payment_id="")
    write(paid(), status="open")
    write(booking_of(paid()), status="pending", payment_status="pending")


@fault("hold_outlived", "session_unknown", "paid_unheard", repairable=True)
def a_paid_session_whose_number_was_lost() -> None:
    paid_attempt = attempt_of(paid())
    write(paid_attempt, session_id=None, status="new", captured=0, provider_payment_id="")
    write(paid(), status="open")
    write(booking_of(paid()), status="pending", payment_status="pending")


@fault("paid_here_only")
def paid_here_and_not_there() -> None:
    write(session_of(paid()), status="open")


@fault("paid_here_only")
def paid_here_and_unknown_there() -> None:
    session_of(paid()).delete()


@fault("paid_here_only", "session_unknown")
def a_session_of_ours_under_another_number() -> None:
    write(session_of(paid()), session_id="other")


@fault("amount_differs", "amount_differs")
def another_amount_there() -> None:
    write(session_of(paid()), amount=Decimal(70))


@fault("session_left_open", repairable=True)
def open_there_and_over_here() -> None:
    same = {"session_id": "s", "idempotency_key": "k", "amount": EIGHTY, "currency": "USD"}
    when = {"created_at": NOW, "expires_at": NOW}
    DemoSession.objects.create(**same, **when, return_url="/", payment_id=lapsed().pk)
    PaymentAttempt.objects.create(
        **same, **when, payment=lapsed(), provider="demo", status="expired"
    )


@fault("refund_unknown", repairable=True)
def a_part_given_back_there() -> None:
    refund_behind_our_back(paid(), "30")


@fault("refund_unknown", repairable=True)
def all_of_it_given_back_there() -> None:
    refund_behind_our_back(paid(), "80")


@fault("refunded_here_only")
def a_refund_here_and_unknown_there() -> None:
    DemoRefund.objects.filter(session=session_of(halved())).delete()


@fault("refund_differs")
def a_refund_of_another_amount_there() -> None:
    DemoRefund.objects.filter(session=session_of(halved())).update(amount=Decimal(30))


@fault("refunded_twice")
def a_refund_that_went_out_twice() -> None:
    again = DemoRefund.objects.get(session=session_of(halved()))
    again.pk, again.refund_id, again.idempotency_key = None, "demo_re_again", "again"
    again.save()


@fault("empty_handed", "word_differs", "refund_went_out", repairable=True)
def a_refund_that_failed_here_and_went_out_there() -> None:
    write(refund_of(halved()), status="failed", provider_refund_id="")


@fault("event_not_applied", repairable=True)
def an_event_that_was_never_applied() -> None:
    WebhookEvent.objects.create(
        provider="demo", event_id="evt_1", kind="unknown", received_at=NOW, created_at=NOW
    )
    WebhookEvent.objects.update(next_try_at=NOW)


@fault("dispute_unknown", repairable=True)
def a_dispute_that_nobody_was_told_of() -> None:
    DisputingGateway.told = [
        ProviderDispute(
            id="dp_1",
            status="needs_response",
            reason="fraudulent",
            amount=EIGHTY,
            currency="USD",
            provider_payment_id=attempt_of(paid()).provider_payment_id,
            withdrawn=EIGHTY,
            created_at=NOW,
        )
    ]


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, id=fault.plant.__name__) for fault in FAULTS]
)
def test_what_was_planted_is_found(
    world: None, disputing: type[DisputingGateway], fault: Fault
) -> None:
    fault.plant()

    assert sorted(kinds()) == sorted(fault.kinds)
    status, lines = verify()
    assert status == 1
    assert len(lines) == len(fault.kinds)
    repaired()
    send_refunds()
    age()
    assert (look() == []) is fault.is_repairable, [str(finding) for finding in look()]
