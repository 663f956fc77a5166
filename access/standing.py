"""The state of a subscription in words, for who has it."""

from datetime import datetime
from typing import Final

from access.models import Subscription
from access.states import PlanInterval, SubscriptionStatus
from access.words import said_amount, said_date, said_price
from common.telling import Standing
from payments.standing import GOES_BACK
from payments.states import ClosedBecause


def standing_of(subscription: Subscription, *, at: datetime) -> Standing:
    """One sentence that is true now; plan, payment and agreement are at hand."""
    if subscription.is_pending:
        return _pending(subscription)
    if not subscription.opens_at(at):
        # Also what is over by the clock; the beat writes it down within the minute.
        return _ended(subscription)
    match subscription.status:
        case SubscriptionStatus.TRIALING:
            return _trial(subscription)
        case SubscriptionStatus.PAST_DUE:
            return _past_due(subscription)
        case SubscriptionStatus.CANCELLED:
            return _cancelled(subscription)
    return _running(subscription, at)


def _pending(subscription: Subscription) -> Standing:
    payment, plan = subscription.payment, subscription.plan
    if payment is not None and payment.is_processing:
        return Standing(
            "Being paid",
            "wait",
            "hourglass",
            "Your payment is being processed",
            f"The bank needs a little longer. {plan} opens when it is settled, and we e-mail you.",
        )
    return Standing(
        "Not paid yet",
        "wait",
        "hourglass",
        f"{plan} isn't yours yet",
        "It begins as soon as you have finished at the payment page.",
    )


def _trial(subscription: Subscription) -> Standing:
    until = subscription.paid_until
    assert until is not None
    return Standing(
        "In trial",
        "good",
        "check",
        f"You are trying {subscription.plan}",
        f"Free until {said_date(until)}. Then it is {said_price(subscription)}, unless you cancel "
        "before.",
    )


def _running(subscription: Subscription, at: datetime) -> Standing:
    headline = f"{subscription.plan} is yours"
    until = subscription.paid_until
    if subscription.agreement_id is None or until is None:
        once = subscription.interval == PlanInterval.ONCE and subscription.price
        text = "Paid once: it doesn't end." if once else "It costs nothing and goes on."
        return Standing("Yours", "good", "check", headline, text)
    if until <= at:
        return Standing(
            "Being renewed",
            "good",
            "check",
            headline,
            "Your next payment is being collected; it stays open meanwhile.",
        )
    return Standing(
        "Running",
        "good",
        "check",
        headline,
        f"It renews on {said_date(until)} for {said_amount(subscription)}.",
    )


def _past_due(subscription: Subscription) -> Standing:
    until = subscription.access_until
    text = "Pay it by hand or with another card to go on."
    if until is not None:
        text = f"{subscription.plan} stays open until {said_date(until)}. Pay before to keep it."
    return Standing("Payment failed", "bad", "alert", "Your last payment didn't go through", text)


def _cancelled(subscription: Subscription) -> Standing:
    until = subscription.access_until
    assert until is not None
    return Standing(
        "Cancelled",
        "wait",
        "clock",
        f"{subscription.plan} is open until {said_date(until)}",
        "You have cancelled it: nothing more is collected, and then it ends.",
    )


def _ended(subscription: Subscription) -> Standing:
    plan = subscription.plan
    if subscription.started_at is None:
        return _never_begun(subscription)
    ended = subscription.ended_at or subscription.access_until
    on = f"It ended on {said_date(ended)}. " if ended else ""
    return Standing(
        "Ended", "past", "minus", f"{plan} has ended", f"{on}Nothing more is collected."
    )


# By why its sign-up was closed: mark, tone, icon, headline.
NEVER_BEGUN: Final = {
    ClosedBecause.LAPSED: ("Not paid in time", "past", "clock", "The time to pay ran out"),
    ClosedBecause.FAILED: ("Payment failed", "bad", "close", "The payment didn't go through"),
    ClosedBecause.CANCELLED: ("Cancelled by us", "bad", "close", "We had to cancel this"),
    ClosedBecause.GIVEN_UP: ("Given up", "past", "minus", "You gave this up"),
    ClosedBecause.REPLACED: ("Replaced", "past", "minus", "You chose something else instead"),
    "": ("Never begun", "past", "minus", "This never began"),
}
# Completed when it couldn't be given any more: too late, or beside what includes it.
IN_VAIN: Final = ("Couldn't begin", "past", "minus", "This couldn't begin any more")


def _never_begun(subscription: Subscription) -> Standing:
    payment = subscription.payment
    because = payment.closed_because if payment else ""
    is_completed = payment is not None and payment.is_paid
    in_vain = is_completed and because == ClosedBecause.LAPSED
    mark, tone, icon, headline = IN_VAIN if in_vain else NEVER_BEGUN[because]
    # A sign-up with days for trial is completed without any money.
    came = is_completed and payment is not None and payment.amount
    text = GOES_BACK if came else "Nothing was charged."
    if because == ClosedBecause.REPLACED:
        text = f"So we let go of this one for you. {text}"
    return Standing(mark, tone, icon, headline, text)
