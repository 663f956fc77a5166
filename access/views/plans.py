"""`/plans`: what can be subscribed to; `/plans/{slug}/subscribe`: the last look, and the button."""

import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from access.emails import said_meanwhile
from access.forms import SubscribeForm
from access.models import Plan, Resource, Subscription
from access.offers import Mine, cards_of, offer_of
from access.refusals import explain
from access.services import quote, trial_days_for
from access.services import subscribe as take
from access.services.subscribe import refusal_of
from access.states import SubscriptionStatus
from accounts.models import User
from accounts.verification import lead_to_verification
from common.errors import DomainError, NotFound
from common.http import HttpResponseSeeOther, Request
from common.idempotency import once
from common.money import money
from payments.models import ZERO


@never_cache
@require_safe
def plans(request: Request) -> HttpResponse:
    """Everybody may look; who is signed in sees how each stands with them."""
    cards = cards_of(
        Plan.objects.on_sale(),
        resources=Resource.objects.filter(plan__isnull=False).select_related("plan"),
        mine=_mine(request),
        at=request.at,
    )
    return render(request, "access/plans.html", {"cards": cards})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: Request, slug: str) -> HttpResponse:
    """What it costs today and later, how it is left; POST is the button."""
    plan = Plan.objects.filter(slug=slug).first()
    if plan is None:
        raise NotFound("There is no such plan. Here is what there is.")
    if request.method == "POST":
        return _press(request, plan)
    if not plan.is_active:
        raise NotFound(f"{plan} isn't on sale any more. Here is what is.")
    return _page(request, plan)


def _page(
    request: Request, plan: Plan, *, key: str = "", error: DomainError | None = None
) -> HttpResponse:
    """`key` and `error` are of a button that was pressed and refused."""
    mine = _mine(request)
    user = request.user if isinstance(request.user, User) else None
    trial_days = trial_days_for(user_id=user.pk, plan=plan) if user else plan.trial_days
    was_pressed = error is not None
    if user and not was_pressed:
        # What is in the way before anything is pressed.
        error = refusal_of(user_id=user.pk, plan=plan, at=request.at)
    offer = offer_of(plan, trial_days=trial_days, at=request.at)
    refusal = explain(error, plan) if error is not None else None
    here = reverse("access:subscribe", args=[plan.slug])
    own = mine.of(plan)
    response = render(
        request,
        "access/subscribe.html",
        {
            "plan": plan,
            "offer": offer,
            "opens": _opens(plan),
            **_replaces(user if refusal is None else None, plan, trial_days, request),
            "own_href": own.get_absolute_url() if own and own.is_pending else "",
            "form": SubscribeForm(
                initial={
                    "idempotency_key": key or uuid4(),
                    "expected_price": plan.price,
                    "trial_days": trial_days,
                }
            ),
            "refusal": refusal,
            "is_refused": was_pressed,
            "can_send": refusal is None or refusal.may_retry,
            "here": here,
            "sign_in": f"{reverse('account_login')}?{urlencode({'next': here})}",
            "sign_up": f"{reverse('account_signup')}?{urlencode({'next': here})}",
        },
        status=error.status if error and was_pressed else 200,
    )
    if error is not None and (seconds := error.details.get("retryAfter")):
        response["Retry-After"] = str(seconds)
    return response


def _mine(request: Request) -> Mine:
    if request.user.pk is None:
        return Mine([], at=request.at)
    own = Subscription.objects.of(request.user.pk).select_related("plan", "payment", "agreement")
    counts = Q(started_at__isnull=False) | Q(status=SubscriptionStatus.PENDING)
    return Mine(own.filter(counts).order_by("-pk"), at=request.at)


def _opens(plan: Plan) -> int:
    return Resource.objects.filter(plan__rank__lte=plan.rank).count()


def _replaces(
    user: User | None, plan: Plan, trial_days: int, request: Request
) -> dict[str, object]:
    """What of mine ends when I take it, and what of its money comes back; or later, by a trial."""
    if user is None:
        return {"replaces": [], "meanwhile": "", "meanwhile_title": ""}
    said = quote(user_id=user.pk, plan=plan, trial_days=trial_days, at=request.at)
    if said.ends_at is not None:
        return {
            "replaces": [],
            "meanwhile": said_meanwhile(plan.name, said.replaces, said.ends_at),
            "meanwhile_title": f"You can try {plan} beside what you have",
        }
    replaces = [
        {
            "name": each.name,
            "refund": money(each.refund, settings.CURRENCY) if each.refund > ZERO else "",
        }
        for each in said.replaces
    ]
    return {"replaces": replaces, "meanwhile": "", "meanwhile_title": ""}


# --- The button -----------------------------------------------------------------------------


def _press(request: Request, plan: Plan) -> HttpResponse:
    here = reverse("access:subscribe", args=[plan.slug])
    if not isinstance(request.user, User):
        return redirect_to_login(here)
    form = SubscribeForm(request.POST)
    if not form.is_valid():
        stale = DomainError(code="idempotency_key_reused", status=400)
        return _page(request, plan, error=stale)
    sent = form.cleaned_data
    key = str(sent["idempotency_key"])
    try:
        return once(
            request,
            key=key,
            body=json.dumps([plan.pk, str(sent["expected_price"]), sent["trial_days"]]).encode(),
            work=lambda: _take(request, plan, sent),
        )
    except DomainError as error:
        if error.code == "email_unverified":
            return lead_to_verification(request, next_url=here)
        # The same press is to be tried again; after any other refusal it would be another one.
        keeps_key = error.code in {"busy", "idempotency_in_progress"}
        return _page(request, plan, key=key if keeps_key else "", error=error)


def _take(request: Request, plan: Plan, sent: dict[str, Any]) -> HttpResponse:
    assert request.user.pk is not None
    if trial_days_for(user_id=request.user.pk, plan=plan) < sent["trial_days"]:
        raise DomainError(
            "The trial that was shown isn't yours any more: please look at it once more.",
            code="price_changed",
        )
    price: Decimal = sent["expected_price"]
    subscription = take(user_id=request.user.pk, plan_id=plan.pk, at=request.at, expected=price)
    if subscription.payment is None:
        return HttpResponseSeeOther(subscription.get_absolute_url())
    return HttpResponseSeeOther(reverse("payments:pay", args=[subscription.payment.token]))
