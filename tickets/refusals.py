"""What is told on an event's page when tickets can't be had, and where to go from there."""

from datetime import datetime

from django.urls import reverse

from accounts.models import User
from common.errors import DomainError
from common.telling import Refusal, Way
from payments.errors import TooManyHolds
from tickets.models import TicketOrder
from tickets.standing import held_until

TITLES = {
    "sold_out": "There aren't so many left",
    "not_on_sale": "These tickets can't be bought now",
    "price_changed": "The price has just changed",
    "too_many_holds": "You are holding several places already",
    "invalid": "That can't be bought like this",
    "throttled": "That was a lot in a short time",
    "busy": "It is very busy right now",
    "idempotency_in_progress": "We are still working on it",
    "idempotency_key_reused": "Please look at it once more",
}
# After these the form of the page can be sent again, at what it says by now.
RETRY = frozenset({"sold_out", "price_changed", "invalid", "throttled", "busy"}) | {
    "idempotency_in_progress",
    "idempotency_key_reused",
}


def explain(error: DomainError, *, user: User, at: datetime) -> Refusal:
    """Why the tickets weren't sold, in words, with the ways on."""
    title = TITLES.get(error.code, "These tickets can't be bought")
    if error.code == "idempotency_key_reused":
        text = "This form was sent before, or came incomplete. Press the button again."
        return Refusal(title, text, may_retry=True)
    if error.details.get("placesLeft") == 0:
        text = "Somebody was faster: the last of these tickets has just gone."
        return Refusal("Sold out", text, "", [_all_events()], tone="bad")
    if isinstance(error, TooManyHolds):
        return Refusal(title, error.message, "You are holding", _own_holds(user, at))
    if error.code in RETRY:
        return Refusal(title, error.message, may_retry=True)
    return Refusal(title, error.message, "", [_all_events()], tone="bad")


def _all_events() -> Way:
    return Way("See all events", reverse("tickets:events"))


def _own_holds(user: User, at: datetime) -> list[Way]:
    """Unpaid tickets, and where the rest is: times are held in the same number."""
    holds = TicketOrder.objects.of(user.pk).pending().with_everything().order_by("pk")
    ways = [
        Way(f"{hold.event.name}: held until {held_until(hold)}", hold.get_absolute_url())
        for hold in holds
        if hold.is_payable(at)
    ]
    return [*ways, Way("Times that you hold", f"{reverse('bookings:list')}?tab=pending")]
