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
from payments.queries import holds_made_since, open_holds
from payments.services import lapse, open_payment
from tickets.errors import NotOnSale, PriceChanged, SoldOut
from tickets.models import Event, TicketOrder, Tier
from tickets.models.event import MOST_PER_ORDER
from tickets.queries import lapsed_orders
from tickets.services.deliver import hand_out
from tickets.states import EventStatus, TicketType

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
    """Hold `quantity` places until they are paid; free ones are handed out at once.

    `expected` is the sum that the person was shown. Raises NotFound (unknown, draft), NotOnSale,
    InvalidInput (type, quantity), PriceChanged, PermissionRefused (`email_unverified`),
    TooManyHolds, Throttled, SoldOut with `placesLeft`.
    """
    for payment_id in lapsed_orders(event_id, at=at):
        lapse(payment_id=payment_id, at=at)
    return _purchase(
        user_id=user_id,
        event_id=event_id,
        quantity=quantity,
        at=at,
        ticket_type=ticket_type,
        expected=expected,
    )


@service
def _purchase(
    *,
    user_id: int,
    event_id: int,
    quantity: int,
    at: datetime,
    ticket_type: str,
    expected: Decimal | None,
) -> TicketOrder:
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
    _claim(event, tier, quantity, unit_price, at)

    amount = unit_price * quantity
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
        payment=payment,
        refund_policy=event.policy,
        min_per_order=tier.min_per_order if tier else 1,
        created_at=at,
    )
    if payment is None:
        hand_out(order, at=at)
    return order


def _find_tier(event: Event, ticket_type: str) -> Tier | None:
    tiers = {tier.ticket_type: tier for tier in event.tiers.filter(is_active=True)}
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
    recent = holds_made_since(user.pk, at - timedelta(hours=1), until=at)
    if recent >= settings.MAX_HOLDS_PER_HOUR:
        raise Throttled(
            "You made many holds within an hour. Please wait a while before the next one.",
            details={"retryAfter": 600},
        )


def _claim(
    event: Event, tier: Tier | None, quantity: int, unit_price: Decimal, at: datetime
) -> None:
    if tier is not None and not Tier.objects.hold(
        tier.pk, quantity=quantity, at=at, price=unit_price
    ):
        raise _sold_out(event.pk, tier.pk, at)
    price = None if tier is not None else event.ticket_price
    if not Event.objects.hold(event.pk, quantity=quantity, at=at, price=price):
        raise _sold_out(event.pk, tier.pk if tier else None, at)


def _sold_out(event_id: int, tier_id: int | None, at: datetime) -> Exception:
    """Why the claim was lost: looked at afresh, for the words alone."""
    event = Event.objects.get(pk=event_id)
    if not event.is_on_sale(at):
        return NotOnSale()
    tier = Tier.objects.select_related("event").filter(pk=tier_id).first() if tier_id else None
    left = tier.places_left if tier else event.places_left
    if left == 0:
        return SoldOut("This is sold out.", details={"placesLeft": 0})
    if left is None:
        # Only a price that changed between looking and claiming leads here.
        return NotOnSale("The price has just changed. Please look at it once more.")
    places = "place is" if left == 1 else "places are"
    return SoldOut(f"Only {left} {places} left.", details={"placesLeft": left})
