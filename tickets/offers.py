"""What an event's page offers: kinds of tickets in words, and what is chosen of them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlencode

from django.conf import settings

from common import clock
from common.money import money
from tickets.models import Event, Tier
from tickets.models.event import MOST_PER_ORDER
from tickets.queries import is_few
from tickets.states import TicketType


@dataclass(frozen=True)
class Offer:
    """One kind of ticket: what it costs, how many may be taken, and why not if not."""

    ticket_type: str
    label: str
    price: Decimal
    least: int
    most: int
    note: str
    tone: str
    can_be_had: bool

    @property
    def said_price(self) -> str:
        return money(self.price, settings.CURRENCY) if self.price else "Free"


@dataclass(frozen=True)
class Choice:
    """So many tickets of one kind, and the ways to choose differently ('' = there is none)."""

    offer: Offer
    quantity: int
    more_href: str
    fewer_href: str

    @property
    def amount(self) -> Decimal:
        return self.offer.price * self.quantity

    @property
    def said_amount(self) -> str:
        return money(self.amount, settings.CURRENCY) if self.amount else "Free"

    @property
    def said_quantity(self) -> str:
        return "1 ticket" if self.quantity == 1 else f"{self.quantity} tickets"

    @property
    def button(self) -> str:
        """What the button does, exactly."""
        if self.amount:
            return f"Hold and pay {self.said_amount}"
        return "Get the free ticket" if self.quantity == 1 else f"Get {self.quantity} free tickets"


def offers_of(event: Event, *, at: datetime) -> list[Offer]:
    """The kinds of tickets in the order of their prices; an event without tiers has one."""
    tiers = [tier for tier in event.tiers.all() if tier.is_active]
    if not tiers:
        return [_own_offer(event, at)]
    return [_tier_offer(tier, event, at) for tier in tiers]


def choose(event: Event, offers: list[Offer], ticket_type: str, quantity: int) -> Choice | None:
    """What was asked for, as far as it can be had; None when nothing can.

    Who has asked for nothing yet sees one ticket of the cheapest kind that is sold singly.
    """
    free = [offer for offer in offers if offer.can_be_had]
    if not free:
        return None
    single = next((offer for offer in free if offer.least == 1), free[0])
    offer = next((offer for offer in free if offer.ticket_type == ticket_type), single)
    quantity = min(max(quantity, offer.least), offer.most)
    return Choice(
        offer=offer,
        quantity=quantity,
        more_href=address(event, offer, quantity + 1) if quantity < offer.most else "",
        fewer_href=address(event, offer, quantity - 1) if quantity > offer.least else "",
    )


def address(event: Event, offer: Offer, quantity: int) -> str:
    """The event's page with this chosen."""
    query = urlencode({"type": offer.ticket_type, "quantity": quantity})
    return f"{event.get_absolute_url()}?{query}"


def said_price(event: Event, *, at: datetime) -> str:
    """'20.00 USD', 'from 15.00 USD', 'Free'; what is no longer sold doesn't count."""
    tiers = [tier for tier in event.tiers.all() if tier.is_active]
    ahead = [tier for tier in tiers if tier.sales_end is None or tier.sales_end > at]
    prices = {tier.price for tier in ahead or tiers} or {event.price}
    lowest = min(prices)
    said = money(lowest, settings.CURRENCY) if lowest else "Free"
    return said if len(prices) == 1 else f"from {said[:1].lower()}{said[1:]}"


def is_sold_out(event: Event) -> bool:
    """Nothing is left of any kind, whatever its time of sale."""
    if event.places_left == 0:
        return True
    tiers = [tier for tier in event.tiers.all() if tier.is_active]
    return bool(tiers) and all(_is_gone(tier) for tier in tiers)


def _is_gone(tier: Tier) -> bool:
    return tier.places_left is not None and tier.places_left < tier.min_per_order


def _own_offer(event: Event, at: datetime) -> Offer:
    left = event.places_left
    is_gone = left == 0
    note, tone = ("Sold out", "bad") if is_gone else _said_left(left, event.max_participants)
    return Offer(
        ticket_type=TicketType.STANDARD,
        label=str(TicketType.STANDARD.label),
        price=event.price,
        least=1,
        most=MOST_PER_ORDER if left is None else min(MOST_PER_ORDER, left),
        note=note,
        tone=tone,
        can_be_had=event.is_on_sale(at) and not is_gone,
    )


def _tier_offer(tier: Tier, event: Event, at: datetime) -> Offer:
    left = tier.places_left
    note, tone = _why_not(tier, event, at)
    if not note:
        of = [limit for limit in (tier.quota, event.max_participants) if limit is not None]
        note, tone = _said_left(left, min(of, default=None))
        if tier.min_per_order > 1:
            note = " · ".join(filter(None, [f"from {tier.min_per_order} on", note]))
    return Offer(
        ticket_type=tier.ticket_type,
        label=tier.label,
        price=tier.price,
        least=tier.min_per_order,
        most=tier.max_per_order if left is None else min(tier.max_per_order, left),
        note=note,
        tone=tone,
        can_be_had=tier.is_on_sale(at),
    )


def _why_not(tier: Tier, event: Event, at: datetime) -> tuple[str, str]:
    """('', '') where the tier itself has nothing against it."""
    if tier.sales_end is not None and tier.sales_end <= at:
        return "No longer on sale", "past"
    if _is_gone(tier):
        return "Sold out", "bad"
    if tier.sales_start is not None and tier.sales_start > at:
        return f"On sale from {clock.say_moment(tier.sales_start, event.timezone)}", "past"
    return "", ""


def _said_left(left: int | None, of: int | None) -> tuple[str, str]:
    if left is None or of is None:
        return "", ""
    if is_few(left, of):
        return ("Last one" if left == 1 else f"Only {left} left"), "wait"
    return f"{left} left", ""
