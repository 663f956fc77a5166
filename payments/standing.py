"""How a purchase stands, in words, for who opens its address."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from common import clock
from common.money import money
from payments.models import Payment
from payments.purposes import handler_of
from payments.states import ClosedBecause

GOES_BACK = "Your money came after that, so all of it goes back to you, the way you paid."

CLOSED_TITLES = {
    ClosedBecause.LAPSED: "The time to pay ran out",
    ClosedBecause.GIVEN_UP: "You gave this up",
    ClosedBecause.REPLACED: "You chose something else instead",
    ClosedBecause.CANCELLED: "This was cancelled",
    ClosedBecause.FAILED: "The payment didn't go through",
}


@dataclass(frozen=True)
class Standing:
    """One page, one sentence, one next step."""

    drawing: str
    title: str
    text: str
    label: str = ""
    href: str = ""


def shop_of(payment: Payment) -> dict[str, str]:
    """Where more of what was paid for is to be had."""
    handler = handler_of(payment)
    return {"label": handler.shop_label, "href": handler.shop_url()}


def own_way(payment: Payment) -> dict[str, str]:
    """To what was chosen, for its owner."""
    handler = handler_of(payment)
    return {"label": handler.own_label, "href": handler.return_url(payment)}


def held_until(payment: Payment) -> str:
    """'14:32 (Berlin)', by the clock of the place that is paid for; '' when nothing is held."""
    if payment.expires_at is None:
        return ""
    zone = handler_of(payment).time_zone(payment)
    return f"{clock.say_time(payment.expires_at, zone)} ({clock.place_of(zone)})"


def countdown_of(payment: Payment, *, at: datetime) -> dict[str, Any] | None:
    """What `components/countdown.html` wants of a running hold; None when none runs."""
    if payment.expires_at is None or not payment.is_open or payment.has_lapsed(at):
        return None
    return {
        "until": payment.expires_at,
        "now": at,
        "seconds": int((payment.expires_at - payment.created_at).total_seconds()),
        "text": f"{'To be paid by' if payment.amount else 'Open until'} {held_until(payment)}.",
    }


def standing_of(payment: Payment, word: str, *, is_owner: bool, at: datetime) -> Standing:
    """`word` is a state of the payment, or lapsed, cancelled, strange, provider_away, asking."""
    own = _own_page(payment, is_owner=is_owner)
    if word in {"lapsed", "cancelled"}:
        title = CLOSED_TITLES[ClosedBecause(payment.closed_because or ClosedBecause.LAPSED)]
        # A sign-up with days for trial is completed without any money.
        charged = GOES_BACK if payment.is_paid and payment.amount else "Nothing was charged."
        has_place = handler_of(payment).holds_places
        let_go = "The place was given back." if has_place else "Nothing has begun."
        return Standing("clock", title, f"{let_go} {charged}", *own)
    if word == "due":
        amount = money(payment.amount, payment.currency)
        return Standing("door", "To be paid at the desk", f"It comes to {amount}.", *own)
    if word == "paid":
        return _paid(payment, own)
    return _unsettled(payment, word, own, at)


def _unsettled(payment: Payment, word: str, own: tuple[str, str], at: datetime) -> Standing:
    to_pay = reverse("payments:pay", args=[payment.token])
    if word == "provider_away":
        is_held = handler_of(payment).holds_places and countdown_of(payment, at=at)
        still = "Your place is still yours. " if is_held else ""
        return Standing(
            "bell",
            "The payment page can't be reached right now",
            f"{still}Please try again in a moment.",
            "Try again",
            to_pay,
        )
    if word == "asking":
        return Standing(
            "clock",
            "We are asking how your payment stands",
            "The payment provider doesn't answer right now. Nothing is lost: we keep asking, and "
            "e-mail you as soon as we know. This page looks again by itself.",
            "Look again",
            reverse("payments:return", args=[payment.token]),
        )
    if word == "processing":
        meanwhile = (
            "Your place stays yours meanwhile, and we e-mail you when it is settled."
            if handler_of(payment).holds_places
            else "It begins when that is settled, and we e-mail you then."
        )
        return Standing(
            "clock",
            "Your payment is being processed",
            f"The bank needs a little longer. {meanwhile} This page looks again by itself.",
            *own,
        )
    if word == "strange":
        return Standing(
            "bell",
            "Something about this payment isn't right",
            "Another amount came than we asked for, so we couldn't book it. Please don't pay "
            "again: somebody is looking at it and will write to you.",
            *own,
        )
    if not payment.amount:
        return Standing(
            "bell",
            "This hasn't begun yet",
            "Nothing was charged, and nothing is due today. Go on now, with the same card or "
            "another.",
            "Begin the trial",
            to_pay,
        )
    return Standing(
        "bell",
        "This isn't paid yet",
        "Nothing was charged. What you chose is still held for you: pay now, the same way or "
        "another.",
        f"Pay {money(payment.amount, payment.currency)}",
        to_pay,
    )


def _paid(payment: Payment, own: tuple[str, str]) -> Standing:
    if not payment.amount:
        text = "Nothing was due yet. The details went out by e-mail."
        return Standing("envelope", "This has begun", text, *own)
    amount = money(payment.amount, payment.currency)
    # Not the sum of the refunds: what was asked for twice doesn't come back twice.
    if back := payment.captured - payment.kept:
        given_back = money(back, payment.currency)
        text = f"{amount} were paid, and {given_back} of it went back or is on its way."
        return Standing("envelope", "This was paid, and money went back", text, *own)
    text = f"{amount} were paid. The details went out by e-mail."
    return Standing("envelope", "This is paid", text, *own)


def _own_page(payment: Payment, *, is_owner: bool) -> tuple[str, str]:
    """Label and address of what was bought; who isn't known yet signs in and is led there."""
    if is_owner:
        handler = handler_of(payment)
        return handler.own_label, handler.return_url(payment)
    here = reverse("payments:pay", args=[payment.token])
    return "Sign in to see it", f"{reverse('account_login')}?{urlencode({'next': here})}"
