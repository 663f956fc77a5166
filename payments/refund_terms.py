"""Refund terms: so much notice earns so many per cent. Plain Python, for all that is sold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypedDict

from common.money import percent_of


class Tier(TypedDict):
    """At least so many hours before the start, so many per cent come back."""

    hoursBefore: float
    percent: int


@dataclass(frozen=True)
class RefundStep:
    """Until `until` (inclusive; None = from then on) `percent` and `amount` come back."""

    until: datetime | None
    percent: int
    amount: Decimal


def refund_percent(policy: Sequence[Tier], *, starts_at: datetime, at: datetime) -> int:
    """What the notice earns, by exact durations; the bounds are inclusive."""
    notice = starts_at - at
    for tier in sorted(policy, key=lambda tier: -tier["hoursBefore"]):
        if notice >= timedelta(hours=tier["hoursBefore"]):
            return tier["percent"]
    return 0


def best_tier_ends(policy: Sequence[Tier], *, starts_at: datetime) -> datetime:
    """Until when a cancel would earn the most; the start, where a policy never gives anything.

    A customer may move until then, so that moving can't dodge the policy.
    """
    best = max((tier["percent"] for tier in policy), default=0)
    if best == 0:
        return starts_at
    hours = min(tier["hoursBefore"] for tier in policy if tier["percent"] == best)
    return starts_at - timedelta(hours=hours)


def refund_amount(*, price: Decimal, percent: int, refundable: Decimal, currency: str) -> Decimal:
    """The smaller of the percentage of the price and what is there to give back."""
    return max(min(percent_of(price, percent, currency), refundable), Decimal(0))


def refund_steps(
    policy: Sequence[Tier],
    *,
    starts_at: datetime,
    price: Decimal,
    currency: str,
    free_until: datetime | None = None,
) -> list[RefundStep]:
    """The policy as a time line for one price, the best step first, 'then none' last.

    `free_until` is the right to cancel for 100 % that a move by staff gives.
    """
    steps = [
        RefundStep(
            until=starts_at - timedelta(hours=tier["hoursBefore"]),
            percent=tier["percent"],
            amount=percent_of(price, tier["percent"], currency),
        )
        for tier in sorted(policy, key=lambda tier: -tier["hoursBefore"])
    ]
    if free_until is not None:
        later = [step for step in steps if step.until is not None and step.until > free_until]
        steps = [RefundStep(until=free_until, percent=100, amount=price), *later]
        if later and later[0].percent == 100:
            steps = later
    if not steps or steps[-1].percent > 0:
        steps.append(RefundStep(until=None, percent=0, amount=Decimal(0)))
    return steps


def check_policy(policy: object) -> str | None:
    """None when `policy` is a usable list of tiers, else what is wrong with it, for people."""
    if not isinstance(policy, list):
        return 'A policy is a list like [{"hoursBefore": 24, "percent": 100}].'
    for tier in policy:
        if (fault := _fault_of_tier(tier)) is not None:
            return fault
    hours = [tier["hoursBefore"] for tier in policy]
    if len(set(hours)) != len(hours):
        return "Two tiers have the same hoursBefore."
    by_notice = [tier["percent"] for tier in sorted(policy, key=lambda tier: tier["hoursBefore"])]
    if by_notice != sorted(by_notice):
        return "More notice can't earn less: percent must rise with hoursBefore."
    return None


def _fault_of_tier(tier: object) -> str | None:
    if not isinstance(tier, dict) or set(tier) != {"hoursBefore", "percent"}:
        return "Each tier has exactly hoursBefore and percent."
    hours, percent = tier["hoursBefore"], tier["percent"]
    if isinstance(hours, bool) or not isinstance(hours, int | float) or not 0 <= hours <= 8760:
        return "hoursBefore is a number from 0 to 8760."
    if isinstance(percent, bool) or not isinstance(percent, int) or not 0 <= percent <= 100:
        return "percent is a whole number from 0 to 100."
    return None
