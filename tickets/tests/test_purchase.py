"""Buying: what is held, what is handed out, each refusal, and that a refusal writes nothing."""

from datetime import timedelta
from decimal import Decimal

import pytest
from pytest_django import Settings

from accounts.models import User
from common.errors import DomainError, InvalidInput, NotFound, PermissionRefused, Throttled
from notifications.models import OutgoingMail
from payments import courier
from payments.errors import TooManyHolds
from payments.models import Payment, Refund
from payments.services import give_up, lapse
from tests.infrastructure.events import (
    DOORS,
    EVENT_END,
    EVENT_START,
    MakeEvent,
    MakeTier,
    buy,
    pay_order,
    pay_order_at_provider,
)
from tests.infrastructure.world import NOW, MakeUser
from tickets.codes import ALPHABET, in_groups, normalize
from tickets.errors import NotOnSale, SoldOut
from tickets.models import Event, Ticket, TicketOrder, Tier
from tickets.states import EventStatus, OrderStatus
from tickets.verify import wrong_counters

LATE = NOW + timedelta(minutes=20)


def counters(event: Event) -> tuple[int, int]:
    fresh = Event.objects.get(pk=event.pk)
    return fresh.held, fresh.current_participants


def test_an_unpaid_order_holds_places_and_has_no_tickets(event: Event, customer: User) -> None:
    order = buy(event, customer, 3)

    assert (order.status, order.quantity, order.amount) == ("pending", 3, Decimal("60.00"))
    assert order.expires_at == NOW + timedelta(minutes=15)
    assert counters(event) == (3, 0)
    assert not Ticket.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_paying_hands_out_tickets_with_fresh_codes(event: Event, customer: User) -> None:
    order = pay_order(buy(event, customer, 3))

    tickets = list(Ticket.objects.all())
    assert order.status == OrderStatus.PAID
    assert counters(event) == (0, 3)
    assert len({ticket.ticket_code for ticket in tickets}) == 3
    for ticket in tickets:
        assert set(ticket.ticket_code) <= set(ALPHABET)
        assert (ticket.valid_from, ticket.valid_until) == (DOORS, EVENT_END)
        assert (ticket.status, ticket.price_paid, ticket.payment_id) == (
            "active",
            Decimal("20.00"),
            order.payment_id,
        )
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to) == ("tickets_purchased", customer.email)


def test_free_tickets_are_there_at_once(make_event: MakeEvent, customer: User) -> None:
    event = make_event(ticket_price=None, max_participants=None)

    order = buy(event, customer, 2)

    assert (order.status, order.payment) == (OrderStatus.PAID, None)
    assert order.tickets.count() == 2
    assert not Payment.objects.exists()


def test_a_code_is_the_same_however_it_is_typed() -> None:
    code = "ACDE3479FGHJKMNPQRTWXYAC"

    assert in_groups(code) == "ACDE 3479 FGHJ KMNP QRTW XYAC"
    assert normalize(" acde-3479 fghj.kmnp qrtw xyac\n") == code


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"status": EventStatus.DRAFT}, NotFound),
        ({"status": EventStatus.CANCELLED}, NotOnSale),
        ({"status": EventStatus.COMPLETED}, NotOnSale),
        ({"end_date": NOW, "start_date": NOW - timedelta(hours=1)}, NotOnSale),
        ({"max_participants": 1}, SoldOut),
    ],
)
def test_what_is_not_on_sale_is_refused(
    make_event: MakeEvent, customer: User, changes: dict[str, object], error: type[DomainError]
) -> None:
    event = make_event(**changes)

    with pytest.raises(error):
        buy(event, customer, 2)

    assert_nothing_happened(event)


@pytest.mark.parametrize(
    ("quantity", "ticket_type"),
    [(0, "standard"), (-1, "standard"), (11, "standard"), (1, "vip"), (1, "gold")],
)
def test_nonsense_is_refused(event: Event, customer: User, quantity: int, ticket_type: str) -> None:
    with pytest.raises(InvalidInput):
        buy(event, customer, quantity, ticket_type=ticket_type)

    assert_nothing_happened(event)


def test_sold_out_says_how_many_are_left(make_event: MakeEvent, customer: User) -> None:
    event = make_event(max_participants=3)
    buy(event, customer, 2)

    with pytest.raises(SoldOut) as refused:
        buy(event, customer, 2)

    assert refused.value.details == {"placesLeft": 1}
    assert refused.value.message == "Only 1 place is left."
    assert counters(event) == (2, 0)


def test_an_unverified_address_and_too_many_holds_are_refused(
    event: Event, customer: User, make_user: MakeUser
) -> None:
    with pytest.raises(PermissionRefused):
        buy(event, make_user("new@example.com", verified=False))
    for _ in range(3):
        buy(event, customer)
    with pytest.raises(TooManyHolds):
        buy(event, customer)

    assert counters(event) == (3, 0)


def test_ten_holds_an_hour_are_enough(event: Event, customer: User, settings: Settings) -> None:
    for _ in range(10):
        order = buy(event, customer)
        assert order.payment_id is not None
        give_up(payment_id=order.payment_id, at=NOW)

    with pytest.raises(Throttled):
        buy(event, customer)

    assert counters(event) == (0, 0)


# --- tiers ------------------------------------------------------------------------------------


def test_a_tier_has_its_own_price_limits_window_and_quota(
    event: Event, make_tier: MakeTier, customer: User, stranger: User
) -> None:
    make_tier(event, "standard", price=Decimal("25.00"))
    make_tier(
        event, "early_bird", price=Decimal("15.00"), sales_end=NOW + timedelta(days=1), quota=3
    )
    make_tier(event, "group", price=Decimal("10.00"), min_per_order=5, max_per_order=20)
    make_tier(event, "vip", price=Decimal("90.00"), sales_start=NOW + timedelta(days=1))

    with pytest.raises(NotOnSale, match="from Fri 3 July"):
        buy(event, customer, ticket_type="vip")
    with pytest.raises(NotOnSale, match="no longer sold"):
        buy(event, customer, ticket_type="early_bird", at=NOW + timedelta(days=1))
    with pytest.raises(InvalidInput, match="From 5 to 20"):
        buy(event, customer, 4, ticket_type="group")
    assert buy(event, customer, 2, ticket_type="early_bird").amount == Decimal("30.00")
    with pytest.raises(SoldOut) as refused:
        buy(event, stranger, 2, ticket_type="early_bird")
    assert refused.value.details == {"placesLeft": 1}
    assert buy(event, customer, 12, ticket_type="group").amount == Decimal("120.00")

    assert counters(event) == (14, 0)
    assert list(wrong_counters()) == []


def test_the_event_limits_the_tiers_together(
    make_event: MakeEvent, make_tier: MakeTier, customer: User
) -> None:
    event = make_event(max_participants=5)
    standard, vip = make_tier(event, "standard", quota=4), make_tier(event, "vip", quota=4)
    buy(event, customer, 4, ticket_type="standard")

    with pytest.raises(SoldOut) as refused:
        buy(event, customer, 2, ticket_type="vip")

    assert refused.value.details == {"placesLeft": 1}
    vip.refresh_from_db()
    assert vip.held == 0
    assert Tier.objects.get(pk=standard.pk).held == 4


# --- lapse, late money ------------------------------------------------------------------------


def test_a_lapsed_order_gives_its_places_back(event: Event, customer: User) -> None:
    order = buy(event, customer, 3)
    assert order.payment_id is not None

    assert lapse(payment_id=order.payment_id, at=NOW + timedelta(minutes=15))

    order.refresh_from_db()
    assert (order.status, counters(event)) == (OrderStatus.EXPIRED, (0, 0))


def test_who_comes_next_takes_the_lapsed_places(
    make_event: MakeEvent, customer: User, stranger: User
) -> None:
    event = make_event(max_participants=2)
    buy(event, stranger, 2)
    with pytest.raises(SoldOut):
        buy(event, customer, at=NOW + timedelta(minutes=14))

    buy(event, customer, 2, at=NOW + timedelta(minutes=15))

    assert counters(event) == (2, 0)
    assert list(wrong_counters()) == []


def test_late_money_gets_its_tickets_while_there_is_room(
    event: Event, make_tier: MakeTier, customer: User
) -> None:
    """Though the early bird's window has closed meanwhile: it was open when they ordered."""
    make_tier(event, "early_bird", quota=5, sales_end=NOW + timedelta(minutes=10))
    order = buy(event, customer, 2, ticket_type="early_bird")
    attempt = pay_order_at_provider(order)
    assert order.payment_id is not None
    assert lapse(payment_id=order.payment_id, at=LATE)

    courier.ask(attempt.pk, at=LATE)

    order.refresh_from_db()
    assert (order.status, order.tickets.count()) == (OrderStatus.PAID, 2)
    assert counters(event) == (0, 2)
    assert not Refund.objects.exists()
    assert list(wrong_counters()) == []


@pytest.mark.parametrize("gone", ["sold out", "cancelled", "over", "given up"])
def test_late_money_goes_back_when_the_tickets_are_gone(
    make_event: MakeEvent, customer: User, stranger: User, gone: str
) -> None:
    event = make_event(max_participants=2)
    order = buy(event, customer, 2)
    attempt = pay_order_at_provider(order)
    assert order.payment_id is not None
    at = LATE
    if gone == "given up":
        give_up(payment_id=order.payment_id, at=NOW)
    else:
        assert lapse(payment_id=order.payment_id, at=LATE)
    if gone == "sold out":
        buy(event, stranger, 1, at=LATE)
    elif gone == "cancelled":
        Event.objects.update(status=EventStatus.CANCELLED)
    elif gone == "over":
        at = EVENT_END

    courier.ask(attempt.pk, at=at)

    assert not Ticket.objects.exists()
    assert [refund.amount for refund in Refund.objects.all()] == [Decimal("40.00")]
    assert [mail.kind for mail in OutgoingMail.objects.all()] == ["money_returned"]
    assert list(wrong_counters()) == []


def test_money_that_comes_after_the_end_goes_back(make_event: MakeEvent, customer: User) -> None:
    """The hold ended with the event, but the provider's page took the money a moment later."""
    event = make_event(start_date=NOW - timedelta(hours=2), end_date=NOW + timedelta(minutes=5))
    order = buy(event, customer, 2)
    attempt = pay_order_at_provider(order)

    courier.ask(attempt.pk, at=event.end_date)

    order.refresh_from_db()
    assert (order.status, order.tickets.count()) == (OrderStatus.EXPIRED, 0)
    assert [refund.amount for refund in Refund.objects.all()] == [Decimal("40.00")]
    assert [mail.kind for mail in OutgoingMail.objects.all()] == ["money_returned"]
    assert counters(event) == (0, 0)
    assert list(wrong_counters()) == []


@pytest.mark.parametrize(
    ("shown", "changed"),
    [
        pytest.param(None, Decimal("30.00"), id="free-by-being-empty"),
        pytest.param(Decimal(0), Decimal("30.00"), id="free"),
        pytest.param(Decimal("20.00"), Decimal("30.00"), id="dearer"),
        pytest.param(Decimal("20.00"), None, id="free-by-now"),
    ],
)
def test_a_place_is_held_at_the_price_that_was_looked_at(
    make_event: MakeEvent, shown: Decimal | None, changed: Decimal | None
) -> None:
    event = make_event(ticket_price=shown)
    looked_at = event.price
    Event.objects.update(ticket_price=changed)

    def hold(price: Decimal | None) -> bool:
        return Event.objects.hold(event.pk, quantity=1, at=NOW, price=price)

    assert not hold(looked_at)
    assert counters(event) == (0, 0)
    assert hold(Event.objects.get().price)
    # A tier's price decides, or what it cost was settled long ago.
    assert hold(None)


def test_prices_are_what_they_were_when_it_was_held(event: Event, customer: User) -> None:
    order = buy(event, customer, 2)
    Event.objects.update(ticket_price=Decimal("99.00"))

    pay_order(order)

    assert {ticket.price_paid for ticket in Ticket.objects.all()} == {Decimal("20.00")}
    assert event.start_date == EVENT_START


def assert_nothing_happened(event: Event) -> None:
    assert counters(event) == (0, 0)
    assert not TicketOrder.objects.exists()
    assert not Payment.objects.exists()
    assert not OutgoingMail.objects.exists()
