"""What the demo provider's pages say of subscriptions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from common import clock
from common.money import money
from payments.gateways import demo
from payments.models import ZERO, DemoAgreement, DemoBill, DemoSession
from payments.states import Interval

MOST_BILLS: Final = 12
EVERY: Final = {
    Interval.MONTH: "every month",
    Interval.QUARTER: "every 3 months",
    Interval.YEAR: "every year",
}
# Label and tone of a bill.
BILLS: Final = {
    "paid": ("paid", "good"),
    "open": ("not paid", "bad"),
    "dead": ("given up", "past"),
}


@dataclass(frozen=True)
class Deed:
    """A button, and what pressing it means."""

    do: str
    label: str
    kind: str = "quiet"


@dataclass(frozen=True)
class Told:
    """A subscription in the demo's books, as its page shows it."""

    description: str
    label: str
    tone: str
    facts: list[dict[str, str]]
    deeds: list[Deed]
    bills: list[dict[str, str]]


def steps_of(session: DemoSession, *, at: datetime) -> list[dict[str, Any]]:
    """What is collected today and from when on again; none of a session that is paid once."""
    if not session.is_recurring:
        return []
    days = session.trial_days
    first = demo.months_after(at, demo.MONTHS[Interval(session.interval)])
    if days:
        first = at + timedelta(days=days)
    free = f"today: {days} {'day' if days == 1 else 'days'} free"
    return [
        _step("Nothing" if days else _amount(session), free if days else "today", tone="good"),
        _step(
            money(session.price or ZERO, session.currency),
            f"on {_date(first)}, then {EVERY[Interval(session.interval)]}",
            tone="accent",
        ),
    ]


def pay_label_of(session: DemoSession) -> str:
    if not session.is_recurring:
        return "Pay"
    return "Begin the trial" if session.trial_days else f"Subscribe for {_amount(session)}"


def told(row: DemoAgreement) -> Told:
    bills = list(row.bills.all()[:MOST_BILLS])
    unpaid = next((bill for bill in bills if bill.status == "open"), None)
    label, tone = _standing(row, unpaid)
    return Told(
        description=row.session.description,
        label=label,
        tone=tone,
        facts=_facts(row, unpaid),
        deeds=[] if row.ended_at else _deeds(row, unpaid),
        bills=[_bill(bill, row) for bill in bills],
    )


def _standing(row: DemoAgreement, unpaid: DemoBill | None) -> tuple[str, str]:
    if row.ended_at is not None:
        return "Ended", "past"
    if unpaid is not None:
        return "Not paid", "bad"
    if row.is_in_trial:
        return "In its trial", "accent"
    return "Running", "good"


def _facts(row: DemoAgreement, unpaid: DemoBill | None) -> list[dict[str, str]]:
    session = row.session
    price = money(session.price or ZERO, session.currency)
    facts = [{"label": "Costs", "text": f"{price} {EVERY[Interval(session.interval)]}"}]
    turn = demo.next_turn(row)
    if row.ended_at is not None:
        facts.append({"label": "Ended", "text": _date(row.ended_at)})
    elif turn is not None:
        facts.append({"label": "Next", "text": f"{_next(row, unpaid)} on {_date(turn)}"})
        card = "works" if row.does_card_work else "is refused by the bank"
        facts.append({"label": "Card", "text": card})
    return facts


def _next(row: DemoAgreement, unpaid: DemoBill | None) -> str:
    if row.ends_at_period_end:
        return "it ends"
    if unpaid is not None:
        return "given up, if nobody pays,"
    return "the first payment" if row.is_in_trial else "it renews"


def _deeds(row: DemoAgreement, unpaid: DemoBill | None) -> list[Deed]:
    deeds = []
    if unpaid is not None:
        deeds.append(Deed("pay", f"Pay {money(unpaid.amount, row.session.currency)}", ""))
    deeds.append(Deed("jump", _jump_label(row, unpaid), "quiet" if unpaid else ""))
    if row.does_card_work:
        deeds.append(Deed("card_refuses", "Let the bank refuse the card from now on"))
    elif unpaid is None:
        deeds.append(Deed("card_works", "Let the card work again"))
    return deeds


def _jump_label(row: DemoAgreement, unpaid: DemoBill | None) -> str:
    if row.ends_at_period_end:
        return "Let it end now"
    if unpaid is not None:
        return "Let the provider give up now"
    if row.does_card_work:
        return "End the trial and collect now" if row.is_in_trial else "Renew now"
    return "End the trial and fail now" if row.is_in_trial else "Fail to renew now"


def _bill(bill: DemoBill, row: DemoAgreement) -> dict[str, str]:
    label, tone = BILLS[bill.status]
    if not bill.amount:
        label = "nothing due"
    return {
        "amount": money(bill.amount, row.session.currency),
        "period": f"{_date(bill.covers_from)} to {_date(bill.covers_until)}",
        "label": label,
        "tone": tone,
    }


def _step(title: str, text: str, *, tone: str) -> dict[str, Any]:
    return {"title": title, "text": text, "tone": tone, "is_now": False, "is_over": False}


def _amount(session: DemoSession) -> str:
    return money(session.amount, session.currency)


def _date(at: datetime) -> str:
    return clock.say_date(at, settings.TIME_ZONE)
