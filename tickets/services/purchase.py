"""Buy tickets: hold the places for payment, or have the tickets at once when they cost nothing."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings

from accounts.errors import EmailUnverified
from accounts.models import User
from common import clock
from common.errors import InvalidInput, NotFound, Throttled
from common.service import service
from payments.errors import TooManyHolds
from payments.queries import open_holds, seconds_until_next_hold
from payments.services import open_payment
from tickets.errors import NotOnSale, PriceChanged, SoldOut
from tickets.models import Event, TicketOrder, Tier
from tickets.models.event import MOST_PER_ORDER
from tickets.services.deliver import write_tickets
from tickets.services.release import release_lapsed_orders
from tickets.states import EventStatus, OrderStatus, TicketType

PURPOSE = "ticket"


def purchase(
    *,
    user_id: int,
    event_id: int,
    quantity: int,
    at: datetime,
    ticket_type: str = TicketType.STANDARD,
    expected: Decimal | None = None,
) -> TicketOrder:
    """Hold `quantity` places until they are paid; free ones are sold at once.

    `expected` is the sum that the person was shown. Raises NotFound (unknown, draft), NotOnSale,
    InvalidInput (type, quantity), PriceChanged, PermissionRefused (`email_unverified`),
    TooManyHolds, Throttled, SoldOut with `placesLeft`.
    """
    release_lapsed_orders(event_id=event_id, at=at)
    return place_order(
        user_id=user_id,
        event_id=event_id,
        quantity=quantity,
        at=at,
        ticket_type=ticket_type,
        expected=expected,
    )


@service
def place_order(
    *,
    user_id: int,
    event_id: int,
    quantity: int,
    at: datetime,
    ticket_type: str = TicketType.STANDARD,
    expected: Decimal | None = None,
) -> TicketOrder:
    """What `purchase` does, for a caller who has released the lapsed holds already.

    The order comes back with event, person, tier and tickets as they now are: nobody need read
    them again.
    """
    # All reading first, under the user's lock: two requests of one person come one by one.
    user = User.objects.lock(user_id)[user_id]
    event = Event.objects.exclude(status=EventStatus.DRAFT).filter(pk=event_id).first()
    if event is None:
        raise NotFound("There is no such event.")
    if not event.is_on_sale(at):
        raise NotOnSale
    tier = _find_tier(event, ticket_type)
    _require_quantity(tier, quantity)
    unit_price = tier.price if tier else event.price
    _require_window(tier, event, at)
    if expected is not None and expected != unit_price * quantity:
        raise PriceChanged
    _require_own_limits(user, unit_price, at)

    # Then the claims, tier before event; only then rows that point at them.
    amount = unit_price * quantity
    _claim(event, tier, quantity, unit_price, at)
    # Once more, now that the claim has locked it: staff may have moved it since it was read.
    event = Event.objects.get(pk=event_id)

    payment = None
    if amount > 0:
        payment = open_payment(
            user_id=user.pk,
            purpose=PURPOSE,
            amount=amount,
            description=f"{quantity} × {event.name}"[:250],
            at=at,
            # Never beyond the event's end: nobody pays for what is over.
            expires_at=min(
                at + timedelta(seconds=float(settings.HOLD_MINUTES * 60)), event.end_date
            ),
        )
    order = TicketOrder.objects.create(
        user=user,
        event=event,
        tier=tier,
        ticket_type=ticket_type,
        quantity=quantity,
        unit_price=unit_price,
        amount=amount,
        currency=settings.CURRENCY,
        status=OrderStatus.PENDING if payment else OrderStatus.PAID,
        payment=payment,
        refund_policy=event.policy,
        min_per_order=tier.min_per_order if tier else 1,
        created_at=at,
    )
    if payment is None:
        write_tickets(order, at=at, is_new=True)
    else:
        order.remember_tickets([])
    return order


def _find_tier(event: Event, ticket_type: str) -> Tier | None:
    offers = Tier.objects.filter(event_id=event.pk, is_active=True).order_by()
    tiers = {tier.ticket_type: tier for tier in offers}
    if not tiers:
        if ticket_type == TicketType.STANDARD:
            return None
    elif ticket_type in tiers:
        tier = tiers[ticket_type]
        tier.event = event
        return tier
    offered = ", ".join(sorted(tiers)) or TicketType.STANDARD
    raise InvalidInput(f"This event has no such tickets; it offers: {offered}.", attr="ticketType")


def _require_quantity(tier: Tier | None, quantity: int) -> None:
    least = tier.min_per_order if tier else 1
    most = tier.max_per_order if tier else MOST_PER_ORDER
    if not least <= quantity <= most:
        raise InvalidInput(
            f"From {least} to {most} of these tickets can be bought at once.", attr="quantity"
        )


def _require_window(tier: Tier | None, event: Event, at: datetime) -> None:
    if tier is None:
        return
    if tier.sales_start is not None and at < tier.sales_start:
        opens = clock.say_moment(tier.sales_start, event.timezone)
        raise NotOnSale(f"{tier.label} tickets are sold from {opens} on.")
    if tier.sales_end is not None and at >= tier.sales_end:
        raise NotOnSale(f"{tier.label} tickets are no longer sold.")


def _require_own_limits(user: User, unit_price: Decimal, at: datetime) -> None:
    if not user.has_verified_email:
        raise EmailUnverified
    if unit_price == 0:
        return
    if open_holds(user.pk, at=at) >= settings.MAX_OPEN_HOLDS:
        raise TooManyHolds
    if wait := seconds_until_next_hold(user.pk, at=at):
        raise Throttled(
            "You made many holds within an hour. Please wait a while before the next one.",
            details={"retryAfter": wait},
        )


def _claim(
    event: Event, tier: Tier | None, quantity: int, unit_price: Decimal, at: datetime
) -> None:
    tiers, events = Tier.objects, Event.objects
    claim_tier, claim_event = (
        (tiers.hold, events.hold) if unit_price > 0 else (tiers.sell, events.sell)
    )
    if tier is not None and not claim_tier(tier.pk, quantity=quantity, at=at, price=unit_price):
        raise _why_lost(event.pk, tier.pk, quantity, at)
    price = None if tier is not None else unit_price
    if not claim_event(event.pk, quantity=quantity, at=at, price=price):
        raise _why_lost(event.pk, tier.pk if tier else None, quantity, at)


def _why_lost(event_id: int, tier_id: int | None, quantity: int, at: datetime) -> Exception:
    """Why the claim was lost: looked at afresh, for the words alone."""
    event = Event.objects.filter(pk=event_id).first()
    if event is None:
        return NotFound("There is no such event.")
    if not event.is_on_sale(at):
        return NotOnSale()
    tier = Tier.objects.select_related("event").filter(pk=tier_id).first() if tier_id else None
    left = tier.places_left if tier else event.places_left
    if left is None or left >= quantity:
        # Enough for this one: staff changed what is offered between looking and claiming.
        return PriceChanged("What is offered has just changed. Please look at it once more.")
    if left == 0:
        return SoldOut("This is sold out.", details={"placesLeft": 0})
    places = "place is" if left == 1 else "places are"
    return SoldOut(f"Only {left} {places} left.", details={"placesLeft": left})
