"""Money back: at the provider, by staff; and what the money check says of subscriptions."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from access.models import Plan, Subscription
from access.services import end_by_staff
from access.services.deliver import SubscriptionPurpose
from access.states import PlanInterval, SubscriptionStatus
from accounts.models import User
from common.errors import DomainError, InvalidInput, InvalidTransition, PermissionRefused
from notifications.models import OutgoingMail
from payments.differences import Moment
from payments.errors import RefundChanged
from payments.gateways.base import ProviderRefund, RefundStatus
from payments.models import Payment, Refund
from payments.services import apply_refund
from tests.infrastructure.plans import MakePlan, begin, everything, hear, sign_up, take
from tests.infrastructure.world import NOW

DAY = timedelta(days=1)
AUGUST = NOW.replace(month=8)
S = SubscriptionStatus


def refunded_at_the_provider(payment: Payment, *, at: datetime) -> None:
    attempt = payment.attempts.get()
    told = ProviderRefund(
        id=f"refund-{payment.pk}",
        status=RefundStatus.SUCCEEDED,
        amount=attempt.captured,
        currency=attempt.currency,
        provider_payment_id=attempt.provider_payment_id,
        created_at=at,
    )
    assert apply_refund(told, at=at)
    payment.refresh_from_db()


def test_all_of_the_present_time_s_money_back_ends_it(plan: Plan, customer: User) -> None:
    held = begin(take(plan, customer))

    refunded_at_the_provider(Payment.objects.get(), at=NOW + DAY)

    held.refresh_from_db()
    assert (held.status, held.access_until) == (S.EXPIRED, NOW + DAY)
    assert held.agreement is not None
    assert held.agreement.wanted == "end_now"
    mail = OutgoingMail.objects.get(kind="subscription_ended")
    assert mail.context["refund"] == "10.00 USD"
    assert Payment.objects.get().attention == ""


def test_an_older_time_s_money_back_is_for_staff_to_look_at(plan: Plan, customer: User) -> None:
    held = begin(take(plan, customer))
    hear(held, at=AUGUST + DAY)

    first = Payment.objects.order_by("pk")[0]
    refunded_at_the_provider(first, at=AUGUST + DAY)

    held.refresh_from_db()
    assert held.status == S.ACTIVE
    assert first.attention != ""


def test_what_was_bought_for_ever_ends_with_its_money(make_plan: MakePlan, customer: User) -> None:
    held = take(make_plan("archive", interval=PlanInterval.ONCE), customer)
    sign_up(held)

    refunded_at_the_provider(Payment.objects.get(), at=AUGUST)

    held.refresh_from_db()
    assert held.status == S.EXPIRED


# --- refused to staff --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "fields", "error"),
    [
        ("front_desk", {"when": "now"}, PermissionRefused),
        ("manager", {"when": "period_end", "refund": "unused"}, InvalidInput),
        ("manager", {"when": "now", "refund": "full", "expected": Decimal(9)}, RefundChanged),
    ],
)
def test_what_staff_are_refused(
    request: pytest.FixtureRequest,
    plan: Plan,
    customer: User,
    who: str,
    fields: dict[str, object],
    error: type[DomainError],
) -> None:
    held = begin(take(plan, customer))
    staff: User = request.getfixturevalue(who)
    before = everything()

    with pytest.raises(error):
        end_by_staff(subscription_id=held.pk, by=staff, at=NOW, **fields)  # type: ignore[arg-type]
    assert everything() == before
    assert not Refund.objects.exists()


@pytest.mark.parametrize(
    ("slug", "fields", "error"),
    [
        ("archive", {"when": "now", "refund": "unused"}, InvalidInput),
        ("archive", {"when": "period_end"}, InvalidTransition),
        ("open", {"when": "period_end"}, InvalidTransition),
    ],
)
def test_what_never_ends_has_no_share_and_no_end(
    make_plan: MakePlan,
    customer: User,
    manager: User,
    slug: str,
    fields: dict[str, object],
    error: type[DomainError],
) -> None:
    if slug == "open":
        held = take(make_plan(slug, price=0), customer)
    else:
        held = take(make_plan(slug, interval=PlanInterval.ONCE), customer)
        sign_up(held)
    before = everything()

    with pytest.raises(error):
        end_by_staff(subscription_id=held.pk, by=manager, at=NOW, **fields)  # type: ignore[arg-type]
    assert everything() == before


def test_what_is_over_is_not_ended_again(plan: Plan, customer: User, manager: User) -> None:
    held = begin(take(plan, customer))
    end_by_staff(subscription_id=held.pk, by=manager, at=NOW, when="now")
    before = everything()

    with pytest.raises(InvalidTransition):
        end_by_staff(subscription_id=held.pk, by=manager, at=NOW, when="now", refund="full")
    assert everything() == before


# --- the money check ---------------------------------------------------------------------------


def found() -> set[str]:
    handler, now = SubscriptionPurpose(), Moment(at=AUGUST + DAY)
    payments = list(Payment.objects.order_by("pk"))
    return {
        *(each.kind for each in handler.differences(payments, now=now)),
        *(each.kind for each in handler.unpaid_goods(since=None, now=now)),
    }


def test_a_true_life_has_no_differences(plan: Plan, customer: User) -> None:
    hear(begin(take(plan, customer)), at=AUGUST)

    assert found() == set()


@pytest.mark.parametrize(
    ("wrong", "kinds"),
    [
        ({"status": S.PENDING}, {"paid_not_delivered"}),
        ({"price": Decimal("9.00")}, {"price_differs"}),
        ({"paid_until": AUGUST + 400 * DAY}, {"open_too_long"}),
        ({"payment": None}, {"goods_without_payment"}),
        ({"status": S.EXPIRED}, {"collected_on"}),
        ({"status": S.EXPIRED, "started_at": None}, {"empty_handed", "collected_on"}),
        ({"status": S.EXPIRED, "paid_until": NOW}, {"empty_handed", "collected_on"}),
    ],
)
def test_each_difference_is_seen(
    plan: Plan, customer: User, wrong: dict[str, object], kinds: set[str]
) -> None:
    hear(begin(take(plan, customer)), at=AUGUST)

    Subscription.objects.update(**wrong)

    assert found() == kinds
