"""What is told on a plan's page when it can't be taken, and where to go from there."""

from django.urls import reverse

from access.models import Plan
from common.errors import DomainError
from common.telling import Refusal, Way

TITLES = {
    "already_subscribed": "You have this already",
    "not_on_sale": "This plan isn't on sale any more",
    "too_many_holds": "You have begun several plans already",
    "price_changed": "The price has changed",
    "throttled": "That was a lot in a short time",
    "busy": "It is very busy right now",
    "idempotency_in_progress": "We are still working on it",
    "idempotency_key_reused": "Please look at it once more",
}
RETRY = frozenset(
    {
        "busy",
        "throttled",
        "price_changed",
        "idempotency_in_progress",
        "idempotency_key_reused",
    }
)


def explain(error: DomainError, plan: Plan) -> Refusal:
    """Why `plan` can't be taken, in words, with the one way on."""
    title = TITLES.get(error.code, f"{plan} can't be taken now")
    if error.code == "idempotency_key_reused":
        text = "This form was sent before, or came incomplete. Press the button again."
        return Refusal(title, text, may_retry=True)
    if error.code in RETRY:
        return Refusal(title, error.message, may_retry=True)
    if error.code == "already_subscribed" and (held := error.details.get("subscriptionId")):
        way = Way("See your subscription", reverse("access:subscription", args=[held]))
        return Refusal(title, error.message, ways=[way])
    if error.code == "too_many_holds":
        way = Way("See what you have begun", reverse("access:plans"))
        return Refusal(title, error.message, ways=[way])
    way = Way("See all plans", reverse("access:plans"))
    return Refusal(title, error.message, ways=[way], tone="bad")
