"""Plans as cards and as an offer: what each costs, what it opens, how it stands with somebody."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.urls import reverse

from access.models import Plan, Resource, Subscription
from access.standing import standing_of
from access.states import PlanInterval
from access.words import EVERY, both, said_amount, said_date, said_days, said_interval, said_price
from common.money import money
from common.telling import Standing
from payments.models import ZERO
from payments.policies import period_end

LISTED: Final = 6


@dataclass(frozen=True)
class PlanCard:
    """`own`: how one's own subscription of it stands; `note` says why there is no button."""

    plan: Plan
    amount: str
    interval: str
    trial: str
    opens: list[Resource]
    more: int
    includes: str
    own: Standing | None
    note: str
    label: str
    href: str
    is_first_choice: bool = False


class Mine:
    """What somebody has and has had, as far as it bears on which plan they can take."""

    def __init__(self, had: Iterable[Subscription], *, at: datetime) -> None:
        """`had` are theirs that have begun or wait for their payment, the latest first."""
        self.had = list(had)
        self.live = [each for each in self.had if each.is_pending or each.opens_at(at)]
        running = [each for each in self.live if not each.is_pending]
        self.highest = max(running, key=lambda each: each.plan.rank, default=None)

    def of(self, plan: Plan) -> Subscription | None:
        return next((each for each in self.live if each.plan_id == plan.pk), None)

    def trial_days(self, plan: Plan) -> int:
        """One trial a person, and none of a plan that they have had."""
        begun = [each for each in self.had if each.started_at is not None]
        if any(each.trial_days or each.plan_id == plan.pk for each in begun):
            return 0
        return plan.trial_days


# --- The cards ------------------------------------------------------------------------------


def cards_of(
    plans: Iterable[Plan], *, resources: Iterable[Resource], mine: Mine, at: datetime
) -> list[PlanCard]:
    """`plans` by rank, `resources` with the plan that each names."""
    plans = list(plans)
    named = sorted(resources, key=lambda each: each.title)
    cards = [_card(plan, _lower_than(plan, plans), named, mine=mine, at=at) for plan in plans]
    chosen = _first_choice(cards, mine)
    return [replace(card, is_first_choice=card is chosen) for card in cards]


def _lower_than(plan: Plan, plans: Sequence[Plan]) -> list[Plan]:
    """Those of the next lower rank: they include what is below them."""
    below = [each.rank for each in plans if each.rank < plan.rank]
    return [each for each in plans if below and each.rank == max(below)]


def _card(
    plan: Plan, lower: Sequence[Plan], resources: Sequence[Resource], *, mine: Mine, at: datetime
) -> PlanCard:
    # Also what only a plan opens that isn't on sale any more.
    above = lower[0].rank if lower else 0
    opens = [each for each in resources if each.plan and above < each.plan.rank <= plan.rank]
    own = mine.of(plan)
    label, href, note = _step(plan, own, mine)
    days = mine.trial_days(plan)
    return PlanCard(
        plan=plan,
        amount=said_amount(plan),
        interval=said_interval(plan),
        trial=f"The first {said_days(days)} are free" if days and not note else "",
        opens=opens[:LISTED],
        more=max(len(opens) - LISTED, 0),
        includes=both([each.name for each in lower]),
        own=standing_of(own, at=at) if own else None,
        note=note,
        label=label,
        href=href,
    )


def _step(plan: Plan, own: Subscription | None, mine: Mine) -> tuple[str, str, str]:
    """Label and address of the card's one button, and what is said instead of one."""
    if own is not None:
        label = "Finish what you began" if own.is_pending else "See your subscription"
        return label, own.get_absolute_url(), ""
    href, highest = reverse("access:subscribe", args=[plan.slug]), mine.highest
    if highest is not None and highest.plan.rank >= plan.rank:
        return "", "", f"{highest.plan} includes it."
    days = mine.trial_days(plan)
    if highest is not None and not days:
        return f"Change to {plan}", href, ""
    if plan.is_free:
        return f"Take {plan}", href, ""
    return (f"Try it for {said_days(days)}" if days else f"Choose {plan}"), href, ""


def _first_choice(cards: Sequence[PlanCard], mine: Mine) -> PlanCard | None:
    """The one whose button stands out: what waits for me, else what can be tried."""
    for each in mine.live:
        if each.is_pending:
            return next((card for card in cards if card.plan.pk == each.plan_id), None)
    if mine.highest is not None:
        return None
    paid = [card for card in cards if card.plan.price]
    return next((card for card in paid if card.trial), next(iter(paid), None))


# --- The last look before the button --------------------------------------------------------


@dataclass(frozen=True)
class Offer:
    """What taking a plan means, to the day and to the cent."""

    plan: Plan
    today: str
    # For components/schedule.html: what is collected when; empty when nothing follows.
    steps: list[dict[str, Any]]
    sentence: str
    leaving: str
    button: str
    note: str


def offer_of(plan: Plan, *, trial_days: int, at: datetime) -> Offer:
    """What is collected today and later, what it renews by, how it is left."""
    price = said_price(plan)
    if plan.is_free:
        return Offer(
            plan=plan,
            today="Free",
            steps=[],
            sentence="It costs nothing, now and later.",
            leaving="You can end it at any time.",
            button=f"Take {plan}",
            note="",
        )
    if not plan.is_renewed:
        return Offer(
            plan=plan,
            today=said_amount(plan),
            steps=[],
            sentence="Paid once: it doesn't end, and nothing more is collected.",
            leaving="",
            button=f"Pay {said_amount(plan)}",
            note="",
        )
    first = at + timedelta(days=trial_days) if trial_days else period_end(at, plan.interval)
    every = EVERY[PlanInterval(plan.interval)]
    return Offer(
        plan=plan,
        today=money(ZERO if trial_days else plan.price, plan.currency),
        steps=[
            {
                "title": "Nothing" if trial_days else said_amount(plan),
                "text": f"today: {said_days(trial_days)} free" if trial_days else "today",
                "tone": "good" if trial_days else "accent",
                "is_now": False,
                "is_over": False,
            },
            {
                "title": said_amount(plan),
                "text": f"on {said_date(first)}, then {every}",
                "tone": "accent",
                "is_now": False,
                "is_over": False,
            },
        ],
        sentence=(
            f"{said_days(trial_days)} free, then {price}."
            if trial_days
            else f"{price}, until you cancel."
        ),
        leaving=(
            f"Cancel before {said_date(first)} and you pay nothing."
            if trial_days
            else "Cancel at any time: it stays open until the end of what you have paid for."
        ),
        button=(
            f"Begin {said_days(trial_days)} free" if trial_days else f"Pay {said_amount(plan)}"
        ),
        note="The payment page asks for your card now." if trial_days else "",
    )
