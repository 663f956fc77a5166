"""Plans, by staff."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from access.models import Plan, Resource, Subscription
from access.states import PlanInterval
from common.errors import InvalidInput, NotFound
from common.money import money
from common.service import service
from payments.policies import MAXIMUM_CHARGE, is_chargeable, minimum_charge


@service
def save_plan(*, changes: dict[str, Any], at: datetime, plan_id: int | None = None) -> Plan:
    """Make a plan, or change the named fields of one; the values' shape was checked before.

    Who has it already keeps price, interval and trial of the day when they took it. Raises
    NotFound; InvalidInput when the address is taken, the price can't be charged, or there is a
    trial of what isn't renewed.
    """
    plan = Plan(created_at=at)
    if plan_id is not None:
        found = Plan.objects.select_for_update().filter(pk=plan_id).first()
        if found is None:
            raise NotFound("There is no such plan.")
        plan = found
    if "name" in changes:
        # It stands in subjects of mails: a line break would end them.
        changes = changes | {"name": " ".join(changes["name"].split())}
    for name, value in changes.items():
        setattr(plan, name, value)
    require_sellable(plan)
    # Named fields only: what somebody else has changed meanwhile stays.
    plan.save(update_fields=None if plan_id is None else [*changes, "updated_at"])
    return plan


def require_sellable(plan: Plan) -> None:
    """Raises InvalidInput, naming the field (`attr`) by its name in the API."""
    if Plan.objects.filter(slug=plan.slug).exclude(pk=plan.pk or 0).exists():
        raise InvalidInput("Another plan has this address already.", code="unique", attr="slug")
    _require_chargeable(Decimal(plan.price))
    if plan.trial_days and not plan.is_renewed:
        what = "costs nothing" if plan.is_free else "is paid once"
        raise InvalidInput(
            f"Days for trial come before the first payment of what is renewed; this {what}.",
            attr="trialDays",
        )
    if plan.is_free and plan.interval == PlanInterval.ONCE:
        raise InvalidInput(
            "What costs nothing isn't paid once either: choose a month, a quarter or a year.",
            attr="interval",
        )


def _require_chargeable(price: Decimal) -> None:
    currency = settings.CURRENCY
    if price > MAXIMUM_CHARGE:
        raise InvalidInput("This price is more than can be charged.", attr="price")
    if not is_chargeable(price, currency):
        raise InvalidInput(
            f"This price comes to {money(price, currency)}, but the least that can be charged is "
            f"{money(minimum_charge(currency), currency)}. Set at least that, or 0 for free.",
            code="below_minimum",
            attr="price",
        )


@service
def delete_plan(*, plan_id: int) -> Plan | None:
    """Remove a plan that nobody ever took and nothing names (None), else take it off sale.

    Raises NotFound.
    """
    plan = Plan.objects.select_for_update().filter(pk=plan_id).first()
    if plan is None:
        raise NotFound("There is no such plan.")
    if is_used(plan):
        plan.is_active = False
        plan.save(update_fields=["is_active", "updated_at"])
        return plan
    plan.delete()
    return None


def is_used(plan: Plan) -> bool:
    """Somebody took it once, or something is opened by it."""
    return (
        Subscription.objects.filter(plan=plan).exists()
        or Resource.objects.filter(plan=plan).exists()
    )
