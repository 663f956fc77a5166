"""What staff do with a whole event, and that everybody is refunded and told once."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from common.errors import DomainError, InvalidInput, InvalidTransition
from notifications.models import OutgoingMail, Reminder
from payments.models import Payment, Refund
from payments.services import give_up
from tests.infrastructure.api import nothing_changes
from tests.infrastructure.events import (
    EVENT_END,
    EVENT_START,
    MakeEvent,
    MakeTier,
    buy,
    pay_order,
)
from tests.infrastructure.world import NOW, MakeUser
from tickets import emails, services
from tickets.models import Campaign, Event, EventChange, Ticket, TicketOrder, Tier
from tickets.services import campaign as module
from tickets.services.cancel import wind_up_order
from tickets.states import EntryMode, EventStatus, OrderStatus, TicketStatus
from tickets.verify import wrong_counters

WEEK = timedelta(days=7)
NEW_START = EVENT_START + timedelta(days=2)


def run_all() -> None:
    for pk in services.open_campaigns():
        services.run_campaign(campaign_id=pk, at=NOW)


def told(kind: str) -> list[str]:
    return sorted(OutgoingMail.objects.filter(kind=kind).values_list("to", flat=True))


@pytest.fixture
def crowd(event: Event, make_user: MakeUser) -> list[User]:
    """Paid, free of charge by no tier, held, lapsed: one of each kind of order."""
    people = [make_user(f"guest{number}@example.com") for number in range(4)]
    pay_order(buy(event, people[0], 2))
    pay_order(buy(event, people[1]))
    buy(event, people[2])
    held = buy(event, people[3])
    assert held.payment_id is not None
    give_up(payment_id=held.payment_id, at=NOW)
    return people


def test_cancelling_refunds_everybody_and_tells_them_once(
    event: Event, crowd: list[User], manager: User
) -> None:
    services.cancel_event(event_id=event.pk, by=manager, at=NOW, reason="storm")
    run_all()
    Campaign.objects.update(finished_at=None, cursor=0)
    run_all()

    event.refresh_from_db()
    assert (event.status, event.held, event.current_participants) == ("cancelled", 0, 0)
    assert sorted(TicketOrder.objects.values_list("status", flat=True)) == [
        OrderStatus.CANCELLED,
        OrderStatus.CANCELLED,
        OrderStatus.REFUNDED,
        OrderStatus.REFUNDED,
    ]
    assert set(Ticket.objects.values_list("status", flat=True)) == {TicketStatus.REFUNDED}
    assert sorted(Refund.objects.values_list("amount", flat=True)) == [Decimal(20), Decimal(40)]
    assert told("event_cancelled") == ["guest0@example.com", "guest1@example.com"]
    assert Campaign.objects.get().is_finished
    assert EventChange.objects.latest("pk").reason == "storm"
    assert list(wrong_counters()) == []


def test_a_worker_that_dies_half_way_is_carried_on(
    event: Event, crowd: list[User], manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third order breaks the worker; the next one does what is left, nothing twice."""
    services.cancel_event(event_id=event.pk, by=manager, at=NOW)

    real = wind_up_order
    done: list[int] = []

    def dies(**arguments: Any) -> bool:
        if len(done) == 1:
            raise KeyboardInterrupt
        done.append(arguments["order_id"])
        return real(**arguments)

    monkeypatch.setattr(module, "wind_up_order", dies)
    with pytest.raises(KeyboardInterrupt):
        run_all()
    assert Campaign.objects.get().cursor == 0
    assert Refund.objects.count() == 1
    monkeypatch.setattr(module, "wind_up_order", real)

    run_all()

    assert Refund.objects.count() == 2
    assert told("event_cancelled") == ["guest0@example.com", "guest1@example.com"]


def test_one_bad_order_does_not_keep_the_others(
    event: Event, crowd: list[User], manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.cancel_event(event_id=event.pk, by=manager, at=NOW)

    real, first = wind_up_order, TicketOrder.objects.earliest("pk").pk

    def fails(**arguments: Any) -> bool:
        if arguments["order_id"] == first:
            raise RuntimeError("disk full")
        return real(**arguments)

    monkeypatch.setattr(module, "wind_up_order", fails)
    run_all()
    assert not Campaign.objects.get().is_finished
    assert told("event_cancelled") == ["guest1@example.com"]
    monkeypatch.setattr(module, "wind_up_order", real)
    run_all()

    assert Campaign.objects.get().is_finished
    assert told("event_cancelled") == ["guest0@example.com", "guest1@example.com"]


def test_whom_a_move_could_not_be_told_is_told_in_the_next_round(
    event: Event, crowd: list[User], manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.move_event(
        event_id=event.pk,
        start=NEW_START,
        end=NEW_START + timedelta(hours=3),
        by=manager,
        at=NOW + timedelta(hours=1),
    )

    real, first = emails.event_moved, TicketOrder.objects.earliest("pk").pk

    def fails(order: TicketOrder, *arguments: Any, **named: Any) -> None:
        if order.pk == first:
            raise RuntimeError("disk full")
        real(order, *arguments, **named)

    monkeypatch.setattr(emails, "event_moved", fails)
    run_all()
    assert not Campaign.objects.get().is_finished
    assert told("event_moved") == ["guest1@example.com"]
    monkeypatch.setattr(emails, "event_moved", real)
    run_all()

    assert Campaign.objects.get().is_finished
    assert told("event_moved") == ["guest0@example.com", "guest1@example.com"]
    planned = Reminder.objects.filter(kind="event_reminder", version=1)
    assert sorted(planned.values_list("user__email", flat=True)) == told("event_moved")


def test_all_that_failed_come_right_however_many(
    event: Event, crowd: list[User], manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the database is away for a moment: more orders fail than a batch has."""
    monkeypatch.setattr(module, "BATCH", 1)
    services.cancel_event(event_id=event.pk, by=manager, at=NOW)

    def fails(**_arguments: Any) -> bool:
        raise RuntimeError("disk full")

    monkeypatch.setattr(module, "wind_up_order", fails)
    run_all()
    assert told("event_cancelled") == []
    monkeypatch.setattr(module, "wind_up_order", wind_up_order)
    run_all()

    assert Campaign.objects.get().is_finished
    assert told("event_cancelled") == ["guest0@example.com", "guest1@example.com"]
    assert not TicketOrder.objects.filter(status__in=["pending", "paid"]).exists()


def test_moving_takes_tickets_along_and_gives_the_right_to_cancel(
    event: Event, crowd: list[User], manager: User
) -> None:
    services.move_event(
        event_id=event.pk,
        start=NEW_START,
        end=NEW_START + timedelta(hours=3),
        by=manager,
        at=EVENT_START - timedelta(days=1),
        location="Town hall",
    )
    run_all()

    event.refresh_from_db()
    assert (event.start_date, event.location, event.sequence) == (NEW_START, "Town hall", 1)
    assert set(Ticket.objects.values_list("valid_from", "valid_until")) == {
        (NEW_START - timedelta(hours=1), NEW_START + timedelta(hours=3))
    }
    assert event.free_cancel_until == NEW_START
    order = TicketOrder.objects.earliest("pk")
    assert order.refund_percent_at(NEW_START - timedelta(minutes=1)) == 100
    assert told("event_moved") == ["guest0@example.com", "guest1@example.com"]
    mail = OutgoingMail.objects.filter(kind="event_moved").earliest("pk")
    assert mail.context["former_when"] == "Sat 18 July, 20:00–23:00 (Berlin)"
    assert mail.context["sequence"] == 1


def test_who_buys_after_the_move_has_the_usual_terms(
    event: Event, customer: User, manager: User
) -> None:
    soon = NOW + timedelta(days=5)
    services.move_event(
        event_id=event.pk, start=soon, end=soon + timedelta(hours=1), by=manager, at=NOW
    )
    later = NOW + timedelta(days=1)

    order = pay_order(buy(event, customer, at=later), at=later)

    # Within the days in which those who held tickets for the old date may cancel for all.
    assert order.refund_percent_at(later) == 50
    assert order.free_cancel_until is None
    run_all()
    assert told("event_moved") == []


MOVED_AT = NOW + timedelta(days=1)
BLINK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("bought_at", "given_back_at", "percent"),
    [
        pytest.param(NOW, MOVED_AT + WEEK, 100, id="to-the-last-moment"),
        pytest.param(NOW, MOVED_AT + WEEK + BLINK, 50, id="not-after-it"),
        pytest.param(MOVED_AT, MOVED_AT + WEEK, 100, id="bought-at-that-moment"),
        pytest.param(MOVED_AT + BLINK, MOVED_AT + WEEK, 50, id="bought-just-after"),
    ],
)
def test_the_right_to_cancel_at_its_bounds(
    event: Event,
    customer: User,
    manager: User,
    bought_at: datetime,
    given_back_at: datetime,
    percent: int,
) -> None:
    # So late that the usual terms give half at the end of the seven days.
    start = MOVED_AT + WEEK + timedelta(days=4)
    if bought_at <= MOVED_AT:
        order = pay_order(buy(event, customer, at=bought_at), at=bought_at)
    services.move_event(
        event_id=event.pk, start=start, end=start + timedelta(hours=1), by=manager, at=MOVED_AT
    )
    if bought_at > MOVED_AT:
        order = pay_order(buy(event, customer, at=bought_at), at=bought_at)
    order = TicketOrder.objects.get(pk=order.pk)

    assert order.refund_percent_at(given_back_at) == percent


def test_it_ends_with_the_start_where_that_comes_first(
    event: Event, customer: User, manager: User
) -> None:
    order = pay_order(buy(event, customer))
    start = NOW + timedelta(days=2)

    services.move_event(
        event_id=event.pk, start=start, end=start + timedelta(hours=1), by=manager, at=NOW
    )

    order = TicketOrder.objects.get(pk=order.pk)
    assert (order.refund_percent_at(start), order.refund_percent_at(start + BLINK)) == (100, 0)


def test_each_move_gives_the_right_to_who_bought_before_it(
    event: Event, make_user: MakeUser, manager: User
) -> None:
    """Three buy, before the first move, between the two and after both."""
    orders = []
    start = NOW + timedelta(days=12)
    for number in range(3):
        at = NOW + timedelta(days=2 * number)
        user = make_user(f"buyer{number}@example.com")
        orders.append(pay_order(buy(event, user, at=at), at=at).pk)
        if number < 2:
            services.move_event(
                event_id=event.pk,
                start=start,
                end=start + timedelta(hours=number + 1),
                by=manager,
                at=at + timedelta(days=1),
            )
    second_move = NOW + timedelta(days=3)

    for moment, percents in (
        # The first window would be over by now; the second move opened it anew.
        (second_move + WEEK, [100, 100, 0]),
        (second_move + WEEK + BLINK, [0, 0, 0]),
        (NOW + timedelta(days=4), [100, 100, 100]),
        (NOW + timedelta(days=6), [100, 100, 50]),
    ):
        found = TicketOrder.objects.filter(pk__in=orders).order_by("pk")
        assert [order.refund_percent_at(moment) for order in found] == percents


def test_moving_a_draft_gives_no_right(make_event: MakeEvent, manager: User) -> None:
    event = make_event(status=EventStatus.DRAFT)

    services.move_event(
        event_id=event.pk, start=NEW_START, end=NEW_START + WEEK, by=manager, at=NOW
    )

    event.refresh_from_db()
    assert (event.moved_at, event.free_cancel_until) == (None, None)


@pytest.mark.parametrize("change", ["dates", "text", "tiers"])
def test_what_is_over_by_the_clock_is_not_changed(event: Event, manager: User, change: str) -> None:
    """Its tickets have expired with it, whether or not the beat has said so."""
    over = event.end_date
    changes: dict[str, dict[str, Any]] = {
        "dates": {"start_date": over + WEEK, "end_date": over + 2 * WEEK},
        "text": {"name": "Winter concert"},
        "tiers": {},
    }

    with nothing_changes(), pytest.raises(InvalidTransition):
        services.save_event(
            event_id=event.pk, fields=changes[change], tiers=[], by=manager, at=over
        )


@pytest.mark.parametrize(
    ("status", "start", "end", "error"),
    [
        (EventStatus.CANCELLED, NEW_START, NEW_START + WEEK, InvalidTransition),
        (EventStatus.COMPLETED, NEW_START, NEW_START + WEEK, InvalidTransition),
        (EventStatus.PUBLISHED, NEW_START, NEW_START, InvalidInput),
        (EventStatus.PUBLISHED, NOW, NEW_START, InvalidInput),
    ],
)
def test_a_move_that_makes_no_sense_is_refused(
    make_event: MakeEvent,
    manager: User,
    status: EventStatus,
    start: Any,
    end: Any,
    error: type[DomainError],
) -> None:
    event = make_event(status=status)

    with pytest.raises(error):
        services.move_event(event_id=event.pk, start=start, end=end, by=manager, at=NOW)

    event.refresh_from_db()
    assert (event.start_date, event.sequence) == (EVENT_START, 0)
    assert not Campaign.objects.exists()


def test_publishing_and_its_refusals(make_event: MakeEvent, manager: User) -> None:
    event = make_event(status=EventStatus.DRAFT)

    services.publish_event(event_id=event.pk, by=manager, at=NOW)

    assert Event.objects.get().is_published
    with pytest.raises(InvalidTransition):
        services.publish_event(event_id=event.pk, by=manager, at=NOW)
    over = make_event(status=EventStatus.DRAFT)
    with pytest.raises(InvalidInput):
        services.publish_event(event_id=over.pk, by=manager, at=EVENT_END)


def test_deleting_removes_what_nobody_ordered_and_cancels_the_rest(
    make_event: MakeEvent, customer: User, manager: User
) -> None:
    unwanted, wanted = make_event(), make_event()
    buy(wanted, customer)

    assert services.delete_event(event_id=unwanted.pk, by=manager, at=NOW) is None
    kept = services.delete_event(event_id=wanted.pk, by=manager, at=NOW)
    run_all()

    assert kept is not None
    assert [event.status for event in Event.objects.all()] == ["cancelled"]
    assert TicketOrder.objects.get().status == OrderStatus.CANCELLED
    assert Payment.objects.get().closed_because == "cancelled"


def test_the_clock_expires_tickets_and_completes_events(event: Event, customer: User) -> None:
    pay_order(buy(event, customer, 2))
    ticket = Ticket.objects.earliest("pk")
    Ticket.objects.filter(pk=ticket.pk).update(status=TicketStatus.USED)
    just_after = EVENT_END + timedelta(microseconds=1)

    assert services.expire_tickets(at=EVENT_END) == 0
    assert services.complete_past(at=EVENT_END - timedelta(microseconds=1)) == 0
    other = Ticket.objects.latest("pk")
    assert (other.status_at(EVENT_END), other.status_at(just_after)) == ("active", "expired")
    assert services.expire_tickets(at=just_after) == 1
    assert services.complete_past(at=EVENT_END) == 1

    assert sorted(Ticket.objects.values_list("status", flat=True)) == ["expired", "used"]
    assert Event.objects.get().status == EventStatus.COMPLETED


# --- making and changing ----------------------------------------------------------------------


def test_an_event_is_made_with_its_tiers(manager: User) -> None:
    event = services.save_event(
        event_id=None,
        fields={
            "name": "Conference",
            "event_type": "conference",
            "start_date": EVENT_START,
            "end_date": EVENT_START + timedelta(days=3),
        },
        tiers=[{"ticket_type": "vip", "price": Decimal(90), "quota": 10}],
        by=manager,
        at=NOW,
    )

    assert (event.status, event.entry_mode) == (EventStatus.DRAFT, EntryMode.MULTI)
    assert [(tier.ticket_type, tier.quota) for tier in event.tiers.all()] == [("vip", 10)]


def test_tiers_are_replaced_as_a_whole(
    event: Event, make_tier: MakeTier, customer: User, manager: User
) -> None:
    make_tier(event, "standard")
    make_tier(event, "vip")
    buy(event, customer, 2, ticket_type="vip")

    services.save_event(
        event_id=event.pk,
        fields={"name": "Renamed"},
        tiers=[{"ticket_type": "group", "price": Decimal(5), "min_per_order": 3}],
        by=manager,
        at=NOW,
    )

    assert {(tier.ticket_type, tier.is_active) for tier in Tier.objects.all()} == {
        ("vip", False),
        ("group", True),
    }
    event.refresh_from_db()
    assert (event.name, event.held) == ("Renamed", 2)


@pytest.mark.parametrize(
    ("fields", "tiers", "attr"),
    [
        ({"max_participants": 1}, None, "maxParticipants"),
        ({"ticket_price": Decimal("0.10")}, None, "ticketPrice"),
        ({}, [{"ticket_type": "standard", "price": Decimal("0.10")}], "tiers"),
        ({}, [{"ticket_type": "standard", "price": Decimal(5), "quota": 1}], "tiers"),
        ({}, [{"ticket_type": "vip", "price": Decimal(5), "min_per_order": 11}], "tiers"),
        ({}, [{"ticket_type": "vip", "price": Decimal(5)}] * 2, "tiers"),
    ],
)
def test_what_would_break_a_promise_is_refused(
    event: Event,
    make_tier: MakeTier,
    customer: User,
    manager: User,
    fields: dict[str, Any],
    tiers: Any,
    attr: str,
) -> None:
    make_tier(event, "standard")
    buy(event, customer, 2)

    with pytest.raises(InvalidInput) as refused:
        services.save_event(event_id=event.pk, fields=fields, tiers=tiers, by=manager, at=NOW)

    assert refused.value.attr == attr
    event.refresh_from_db()
    assert (event.max_participants, event.ticket_price) == (100, Decimal("20.00"))
    assert [(tier.ticket_type, tier.price) for tier in Tier.objects.all()] == [
        ("standard", Decimal("20.00"))
    ]


def test_new_dates_of_a_published_event_are_a_move(
    event: Event, customer: User, manager: User
) -> None:
    pay_order(buy(event, customer))

    services.save_event(
        event_id=event.pk,
        fields={"start_date": NEW_START, "end_date": NEW_START + timedelta(hours=2)},
        by=manager,
        at=NOW,
    )
    run_all()

    assert Ticket.objects.get().valid_until == NEW_START + timedelta(hours=2)
    assert told("event_moved") == [customer.email]
