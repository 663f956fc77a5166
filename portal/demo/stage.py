"""The events are made and sold, each once: by the services, at the time at which it happened."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from django.conf import settings

from accounts.models import User
from common import clock
from common.errors import DomainError
from common.service import in_one_transaction
from notifications.backends import DATABASE_ONLY
from notifications.models import OutgoingMail
from payments import courier
from payments.gateways import demo, on_stage
from payments.models import Refund
from payments.services import lapse
from portal.demo.houses import MARK
from portal.demo.people import BOSS
from portal.demo.programme import ACTS, DAY, HOUR, Act, Offer, Sale
from portal.demo.story import Cast
from tickets.emails import mails_about
from tickets.models import Event, Ticket, TicketOrder, TicketStatusChange
from tickets.services import (
    cancel_event,
    cancel_order,
    cancel_ticket,
    complete_past,
    expire_tickets,
    publish_event,
    purchase,
    run_campaign,
    save_event,
)
from tickets.services.save_event import TierFields
from tickets.states import OrderStatus, TicketStatus, TicketType

MINUTE: Final = timedelta(minutes=1)
WHY_CANCELLED: Final = "The courtyard is being repaired."


def play_events(cast: Cast) -> int:
    """Make what is missing: an event that is over is given again; says how many were made."""
    there = _acts_there(cast.at)
    made = 0
    for act in ACTS:
        if act.key not in there:
            # All of an event or nothing: it is known by its mark, and a half of it would stay so.
            with on_stage():
                in_one_transaction(partial(_play, cast, act))
            made += 1
    if made:
        complete_past(at=cast.at)
        expire_tickets(at=cast.at)
    _hold_again(cast)
    return made


def _acts_there(at: datetime) -> set[str]:
    """Past ones once and for all; the others while they are to come."""
    past = {act.key for act in ACTS if act.days < 0}
    marked = Event.objects.exclude(metadata={}).only("metadata", "end_date")
    return {
        key
        for event in marked
        if (key := event.metadata.get(MARK, "")) in past or event.end_date > at
    }


def _play(cast: Cast, act: Act) -> None:
    event = _make(cast, act)
    if act.is_draft:
        return
    made = cast.at - act.made * DAY
    publish_event(event_id=event.pk, by=cast.people[BOSS.email], at=made)
    # The customer first, before the last places are gone.
    story = STORIES.get(act.key)
    if story is not None:
        story(cast, event)
    for at, sale, quantity, who in _sales(cast, act, event, made):
        _buy(event, who, at=at, kind=sale.kind, quantity=quantity)
    if act.key == "festival":
        _call_off(cast, event)
    if act.days < 0:
        _let_in(event)


def _make(cast: Cast, act: Act) -> Event:
    zone = clock.zone(act.zone)
    day = cast.at.astimezone(zone).date() + act.days * DAY
    start = datetime.combine(day, act.starts, tzinfo=zone)
    # The length is meant by the clock on the wall, also over a change of it.
    end = (start.replace(tzinfo=None) + act.lasts).replace(tzinfo=zone)
    fields = {
        **act.facts,
        "timezone": act.zone,
        "start_date": start.astimezone(UTC),
        "end_date": end.astimezone(UTC),
        "staff_email": "desk@example.com",
        "notify_staff": False,
        "metadata": {MARK: act.key},
    }
    return save_event(
        event_id=None,
        fields=fields,
        tiers=[_tier(offer, start) for offer in act.offers] or None,
        by=cast.people[BOSS.email],
        at=cast.at - act.made * DAY,
    )


def _tier(offer: Offer, start: datetime) -> TierFields:
    def before(days: int | None) -> datetime | None:
        return None if days is None else (start - days * DAY).astimezone(UTC)

    return {
        "ticket_type": offer.kind,
        "name": offer.name,
        "price": Decimal(offer.price),
        "quota": offer.quota,
        "sales_start": before(offer.from_days),
        "sales_end": before(offer.until_days),
        "min_per_order": offer.least,
        "max_per_order": offer.most,
    }


# --- The crowd --------------------------------------------------------------------------------


def _sales(
    cast: Cast, act: Act, event: Event, made: datetime
) -> Iterator[tuple[datetime, Sale, int, User]]:
    """Who buys what and when: evenly from the first day to now, or to the end of the sale."""
    closes = {tier.ticket_type: tier.sales_end for tier in event.tiers.all()}
    number = 0
    for sale in act.sales:
        last = min(cast.at - 2 * HOUR, event.start_date - DAY)
        if (end := closes.get(sale.kind)) is not None:
            last = min(last, end - HOUR)
        step = (last - made) / (sale.orders + 1)
        for turn in range(1, sale.orders + 1):
            number += 1
            # Groups come as groups; others by one, two, three.
            quantity = sale.most if sale.kind == TicketType.GROUP else 1 + number % sale.most
            # A different one each time, and nobody twice within the hour.
            who = cast.crowd[(number * 5 + len(act.key)) % len(cast.crowd)]
            yield made + step * turn + number * MINUTE, sale, quantity, who


def _buy(
    event: Event, who: User, *, at: datetime, kind: str = "standard", quantity: int = 1
) -> TicketOrder | None:
    """Hold and pay; None where a rule was in the way: sold out, too late."""
    order = _hold(event, who, at=at, kind=kind, quantity=quantity)
    if order is not None:
        order = _pay(order, at=at)
        _forget(order)
    return order


def _hold(
    event: Event, who: User, *, at: datetime, kind: str = "standard", quantity: int = 1
) -> TicketOrder | None:
    try:
        return purchase(
            user_id=who.pk, event_id=event.pk, quantity=quantity, at=at, ticket_type=kind
        )
    except DomainError:
        return None


def _pay(order: TicketOrder, *, at: datetime) -> TicketOrder:
    """Pay soon after; where the demo's provider isn't in use nobody pays, and the hold lapses."""
    if order.payment is None:
        return order
    at += min(MINUTE, timedelta(minutes=float(settings.HOLD_MINUTES)) / 2)
    if demo.DemoGateway.name != settings.PAYMENT_PROVIDER:
        lapse(payment_id=order.payment.pk, at=at + DAY)
    else:
        courier.open_session(order.payment.pk, at=at)
        attempt = order.payment.attempts.latest("pk")
        demo.pay(attempt.session_id or "", at=at)
        courier.ask(attempt.pk, at=at)
    order.refresh_from_db()
    return order


# --- The customer -----------------------------------------------------------------------------


def _keeps(cast: Cast, event: Event) -> None:
    """One ticket, and all of its mails."""
    _kept(_bought(cast, event, at=cast.at - 3 * DAY))


def _gives_one_back(cast: Cast, event: Event) -> None:
    """Three tickets, one of which earns everything when it is given back."""
    order = _bought(cast, event, at=cast.at - 6 * DAY, quantity=3)
    if order is not None and order.is_paid:
        ticket = order.tickets.earliest("pk")
        at = cast.at - 4 * DAY
        cancel_ticket(ticket_id=ticket.pk, by=cast.customer, at=at, reason="A friend can't come.")
        _send_refunds([order], at)
    _kept(order)


def _gives_up(cast: Cast, event: Event) -> None:
    """A free ticket that was given back, then another one that is kept."""
    order = _bought(cast, event, at=cast.at - 5 * DAY)
    if order is not None:
        cancel_order(order_id=order.pk, by=cast.customer, at=cast.at - 4 * DAY)
    _kept(order)
    _kept(_bought(cast, event, at=cast.at - 3 * DAY))


def _lets_lapse(cast: Cast, event: Event) -> None:
    """Held, and not paid in time; then bought after all."""
    order = _hold(event, cast.customer, at=cast.at - 8 * DAY)
    if order is not None and order.payment is not None:
        lapse(payment_id=order.payment.pk, at=cast.at - 8 * DAY + HOUR)
    _forget(_bought(cast, event, at=cast.at - 7 * DAY, kind=TicketType.STANDARD))


def _was_there(cast: Cast, event: Event) -> None:
    """Two tickets of the past: one came in, one stayed at home."""
    _forget(_bought(cast, event, at=event.start_date - 4 * DAY, quantity=2))


STORIES: Final = {
    "conference": _keeps,
    "concert": _gives_one_back,
    "meetup": _gives_up,
    "workshop": _lets_lapse,
    "past-talks": _was_there,
    "festival": _keeps,
}


def _bought(
    cast: Cast, event: Event, *, at: datetime, kind: str = "standard", quantity: int = 1
) -> TicketOrder | None:
    order = _hold(event, cast.customer, at=at, kind=kind, quantity=quantity)
    return None if order is None else _pay(order, at=at)


def _kept(order: TicketOrder | None) -> None:
    """Mails stay where they go nowhere but into the demo's own mailbox; else they are forgotten."""
    if settings.EMAIL_BACKEND != DATABASE_ONLY:
        _forget(order)


def _forget(order: TicketOrder | None) -> None:
    """Its history is told, not sent."""
    if order is not None:
        mails = mails_about(order).values_list("pk", flat=True)
        OutgoingMail.objects.filter(pk__in=list(mails)).delete()


def _hold_again(cast: Cast) -> None:
    """Once a day the customer holds a place that waits to be paid."""
    to_come = Event.objects.published().filter(end_date__gt=cast.at)
    found = to_come.filter(**{f"metadata__{MARK}": "webinar"}).first()
    if found is None:
        return
    lately = TicketOrder.objects.of(cast.customer.pk).filter(
        event=found, created_at__gt=cast.at - DAY
    )
    if not lately.exists():
        in_one_transaction(partial(_hold, found, cast.customer, at=cast.at))


# --- What becomes of an event -----------------------------------------------------------------


def _call_off(cast: Cast, event: Event) -> None:
    """Cancelled by the house: everybody gets everything back."""
    at = cast.at - DAY
    cancel_event(event_id=event.pk, by=cast.people[BOSS.email], at=at, reason=WHY_CANCELLED)
    for campaign in event.campaigns.all():
        run_campaign(campaign_id=campaign.pk, at=at + MINUTE)
    orders = list(TicketOrder.objects.filter(event=event).select_related("user"))
    _send_refunds(orders, at + 2 * MINUTE)
    for order in orders:
        if order.user_id == cast.customer.pk:
            _kept(order)
        else:
            _forget(order)


def _send_refunds(orders: Iterable[TicketOrder], at: datetime) -> None:
    payments = [order.payment_id for order in orders if order.payment_id]
    for refund in Refund.objects.filter(payment__in=payments):
        courier.send_refund(refund.pk, at=at)


def _let_in(event: Event) -> None:
    """Those who had a ticket came; of those who had several, one stayed at home.

    The guarded update stands in for the door, which this history has no scanner for: the tickets
    are as a check-in leaves them.
    """
    orders = TicketOrder.objects.filter(event=event, status=OrderStatus.PAID)
    number = 0
    for order in orders.prefetch_related("tickets").order_by("pk"):
        tickets = sorted(order.tickets.all(), key=lambda ticket: ticket.pk)
        for ticket in tickets[: max(len(tickets) - 1, 1)]:
            number += 1
            came = event.start_date - (45 - number % 40) * MINUTE
            Ticket.objects.filter(pk=ticket.pk, status=TicketStatus.ACTIVE).update(
                status=TicketStatus.USED, check_in_time=came, updated_at=came
            )
            TicketStatusChange.objects.create(
                ticket=ticket,
                from_status=TicketStatus.ACTIVE,
                to_status=TicketStatus.USED,
                at=came,
                reason="let in",
            )
