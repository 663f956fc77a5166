"""Plans and subscriptions over the API."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from access.models import Plan, Subscription
from access.services import cancel_subscription
from accounts.models import User
from payments.models import Refund
from tests.infrastructure.api import MakeApi, nothing_changes
from tests.infrastructure.plans import MakePlan, sign_up, take
from tests.infrastructure.world import NOW

HALF_A_MONTH = timedelta(days=15, hours=12)


def codes(answer: Any) -> list[str]:
    return [error["code"] for error in answer.json()["errors"]]


def test_everybody_sees_what_is_on_sale(make_plan: MakePlan, api: MakeApi) -> None:
    make_plan("house", rank=3, price=Decimal("30.00"))
    make_plan("basic", trial_days=7, description="All pages.")
    make_plan("old", is_active=False)

    answer = api().get("/plans").json()

    assert [plan["slug"] for plan in answer["results"]] == ["basic", "house"]
    assert answer["results"][0] == {
        "id": Plan.objects.get(slug="basic").pk,
        "slug": "basic",
        "name": "Basic",
        "description": "All pages.",
        "price": 10,
        "currency": "USD",
        "interval": "month",
        "trialDays": 7,
        "rank": 1,
    }


def test_taking_a_plan(plan: Plan, customer: User, api: MakeApi) -> None:
    answer = api(customer).post("/subscriptions", {"planId": plan.pk})

    body = answer.json()
    [row] = Subscription.objects.all()
    assert row.payment is not None
    assert answer.status_code == 201
    assert answer["Location"] == f"/api/v1/subscriptions/{row.pk}"
    assert body["checkoutUrl"].endswith(f"/pay/{row.payment.token}")
    assert body["expiresAt"] == "2026-07-02T09:00:00Z"
    assert body["plan"]["slug"] == "basic"
    shown = {name: body[name] for name in ("status", "price", "isOpen", "renewsAt", "paymentId")}
    assert shown == {
        "status": "pending",
        "price": 10,
        "isOpen": False,
        "renewsAt": None,
        "paymentId": str(row.payment.pk),
    }


def test_the_same_key_is_one_subscription(plan: Plan, customer: User, api: MakeApi) -> None:
    mine = api(customer)

    first = mine.post("/subscriptions", {"planId": plan.pk}, idempotency_key="k")
    again = mine.post("/subscriptions", {"planId": plan.pk}, idempotency_key="k")

    assert first.content == again.content
    assert Subscription.objects.count() == 1


def test_one_that_runs(plan: Plan, customer: User, api: MakeApi) -> None:
    held = take(plan, customer)
    sign_up(held)

    body = api(customer).get(f"/subscriptions/{held.pk}").json()

    shown = ("status", "isOpen", "paidUntil", "accessUntil", "renewsAt", "checkoutUrl")
    assert [body[name] for name in shown] == [
        "active",
        True,
        "2026-08-02T08:00:00Z",
        "2026-08-09T08:00:00Z",
        "2026-08-02T08:00:00Z",
        None,
    ]
    assert (body["isCancellable"], body["isResumable"]) == (True, False)


def test_a_refusal_names_what_is_in_the_way(plan: Plan, customer: User, api: MakeApi) -> None:
    held = take(plan, customer)
    sign_up(held)

    with nothing_changes():
        answer = api(customer).post("/subscriptions", {"planId": plan.pk})

    [error] = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (409, "already_subscribed")
    assert (error["subscriptionId"], error["planName"]) == (held.pk, "Basic")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"planId": 404}, 404, "not_found"),
        ({"planId": "x"}, 400, "invalid"),
        ({}, 400, "required"),
    ],
)
def test_what_cannot_be_taken(
    customer: User, api: MakeApi, body: dict[str, Any], status: int, code: str
) -> None:
    with nothing_changes():
        answer = api(customer).post("/subscriptions", body)

    assert (answer.status_code, codes(answer)) == (status, [code])


def test_cancelling_and_keeping(plan: Plan, customer: User, api: MakeApi) -> None:
    held, mine = take(plan, customer), api(customer)
    sign_up(held)
    path = f"/subscriptions/{held.pk}"

    cancelled = mine.put(f"{path}/cancel", {"reason": "too dear"}).json()
    kept = mine.put(f"{path}/resume").json()
    refused = mine.put(f"{path}/resume")

    assert (cancelled["status"], cancelled["isResumable"]) == ("cancelled", True)
    assert cancelled["accessUntil"] == cancelled["paidUntil"] == "2026-08-02T08:00:00Z"
    assert (kept["status"], kept["cancelledAt"]) == ("active", None)
    assert (refused.status_code, codes(refused)) == (409, ["invalid_transition"])


# --- by staff ----------------------------------------------------------------------------------


def test_staff_make_change_and_remove_plans(manager: User, api: MakeApi) -> None:
    boss = api(manager)

    made = boss.post("/admin/plans", {"slug": "gold", "name": " Gold\nplan ", "price": 12.5})
    number = made.json()["id"]
    changed = boss.put(f"/admin/plans/{number}", {"rank": 4, "isActive": False}).json()
    gone = boss.delete(f"/admin/plans/{number}")

    assert (made.status_code, made.json()["name"]) == (201, "Gold plan")
    assert (changed["rank"], changed["isActive"], changed["price"]) == (4, False, 12.5)
    assert (gone.status_code, Plan.objects.count()) == (204, 0)


def test_a_plan_that_was_taken_is_only_taken_off_sale(
    plan: Plan, customer: User, manager: User, api: MakeApi
) -> None:
    take(plan, customer)

    answer = api(manager).delete(f"/admin/plans/{plan.pk}")

    assert (answer.status_code, answer.json()["isActive"]) == (200, False)
    assert not Plan.objects.get().is_active


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({"slug": "basic"}, "unique", "slug"),
        ({"slug": "a b"}, "invalid", "slug"),
        ({"price": 0.2}, "below_minimum", "price"),
        ({"price": -1}, "min_value", "price"),
        ({"price": 0, "trialDays": 7}, "invalid", "trialDays"),
        ({"interval": "once", "trialDays": 7}, "invalid", "trialDays"),
        ({"price": 0, "interval": "once"}, "invalid", "interval"),
        ({"interval": "week"}, "invalid_choice", "interval"),
        ({"rank": 0}, "min_value", "rank"),
        ({"trialDays": 731}, "max_value", "trialDays"),
    ],
)
def test_a_plan_that_cannot_be(
    plan: Plan, manager: User, api: MakeApi, body: dict[str, Any], code: str, attr: str
) -> None:
    wanted = {"slug": "new", "name": "New", "price": 10} | body

    with nothing_changes():
        answer = api(manager).post("/admin/plans", wanted)

    assert answer.status_code == 400
    assert [(e["code"], e["attr"]) for e in answer.json()["errors"]] == [(code, attr)]


def test_staff_find_subscriptions(
    make_plan: MakePlan, customer: User, stranger: User, front_desk: User, api: MakeApi
) -> None:
    basic, house = make_plan("basic"), make_plan("house", rank=2)
    mine, theirs = take(basic, customer), take(house, stranger)
    sign_up(mine)
    desk = api(front_desk)

    def found(**query: Any) -> list[int]:
        return [row["id"] for row in desk.get("/admin/subscriptions", **query).json()["results"]]

    assert found() == [theirs.pk, mine.pk]
    assert found(status="active") == [mine.pk]
    assert found(planId=house.pk) == [theirs.pk]
    assert found(userId=customer.pk) == [mine.pk]
    assert found(search="eve@") == [theirs.pk]
    assert found(planId=2**40) == []
    one = desk.get(f"/admin/subscriptions/{mine.pk}").json()
    assert one["user"]["email"] == "ada@example.com"
    assert [(line["from"], line["to"], line["reason"]) for line in one["history"]] == [
        ("pending", "active", "paid")
    ]


@pytest.mark.parametrize(
    ("refund", "back"),
    [("none", []), ("unused", [Decimal("4.83")]), ("full", [Decimal("10.00")])],
)
def test_staff_end_one_at_once(
    plan: Plan, customer: User, manager: User, api: MakeApi, refund: str, back: list[Decimal]
) -> None:
    held = take(plan, customer)
    sign_up(held, at=NOW - HALF_A_MONTH)

    body = api(manager).put(
        f"/admin/subscriptions/{held.pk}/cancel",
        {"when": "now", "refund": refund, "reason": "asked by phone"},
    )

    assert (body.status_code, body.json()["status"]) == (200, "expired")
    # 16 June 20:00 to 16 July 20:00 is thirty days, and 14.5 of them lie ahead.
    assert list(Refund.objects.values_list("amount", flat=True)) == back


def test_staff_let_one_run_out(plan: Plan, customer: User, manager: User, api: MakeApi) -> None:
    held, boss = take(plan, customer), api(manager)
    sign_up(held)
    path = f"/admin/subscriptions/{held.pk}/cancel"

    with nothing_changes():
        refused = boss.put(path, {"when": "period_end", "refund": "full"})
    answer = boss.put(path, {}).json()

    assert codes(refused) == ["invalid"]
    assert (answer["status"], answer["isOpen"]) == ("cancelled", True)


def test_lists_cost_the_same_however_long(
    make_plan: MakePlan,
    customer: User,
    front_desk: User,
    api: MakeApi,
    django_assert_max_num_queries: Any,
) -> None:
    for number in range(6):
        each = take(make_plan(f"p{number}"), customer)
        cancel_subscription(subscription_id=each.pk, by=customer, at=NOW)
    mine, desk = api(customer), api(front_desk)

    with django_assert_max_num_queries(4):
        assert len(mine.get("/subscriptions").json()["results"]) == 6
    with django_assert_max_num_queries(8):
        assert len(desk.get("/admin/subscriptions").json()["results"]) == 6
