"""The payment's own address, and the way back from the provider."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from common.api.errors import refusal_response
from common.errors import DomainError, InvalidTransition
from common.http import HttpResponseSeeOther, Request
from payments import courier
from payments.errors import GatewayRefused, GatewayUnavailable, HoldExpired, PaymentCancelled
from payments.models import Payment
from payments.purposes import handler_of
from payments.queries import live_attempts
from payments.services import give_up, lapse
from payments.standing import GOES_BACK, countdown_of, own_way, shop_of, standing_of
from payments.states import ClosedBecause

# How a purchase may stand for a moment only.
LOOKS_AGAIN = ("processing", "asking")
# 3, 6, 12, 24, 48 seconds, and so on every 48.
LOOKS = 4


@never_cache
@require_GET
def pay(request: Request, token: str) -> HttpResponse:
    """Lead to the provider's page, or say how this purchase stands."""
    payment = _find(token)
    if not payment.is_open or payment.has_strange_money:
        return _standing(request, payment)
    if payment.has_lapsed(request.at):
        # The beat is at most seconds away; the person at the screen needn't wait for it.
        lapse(payment_id=payment.pk, at=request.at)
        return _standing(request, _find(token))
    try:
        url = courier.open_session(payment.pk, at=request.at)
    except (HoldExpired, PaymentCancelled):
        return _standing(request, _find(token))
    except (GatewayUnavailable, GatewayRefused):
        return _page(request, payment, "provider_away", status=503)
    return HttpResponseSeeOther(url)


@never_cache
@require_GET
def come_back(request: Request, token: str) -> HttpResponse:
    """Where the provider sends people: ask the provider, never believe the browser."""
    payment = _find(token)
    for attempt in live_attempts(payment.pk):
        try:
            courier.ask(attempt.pk, at=request.at)
        except (GatewayUnavailable, GatewayRefused):
            return _page(request, payment, "asking", status=503)
    payment = _find(token)
    if payment.has_strange_money:
        return _page(request, payment, "strange")
    is_unsettled = payment.is_open or payment.is_processing
    if is_unsettled and not payment.has_lapsed(request.at):
        return _page(request, payment, payment.status)
    if request.user.pk == payment.user_id:
        return HttpResponseSeeOther(handler_of(payment).return_url(payment))
    return _standing(request, payment)


@require_POST
def give_up_purchase(request: Request, token: str) -> HttpResponse:
    """The customer lets go of the hold; the place is free at once."""
    payment = _find(token)
    try:
        give_up(payment_id=payment.pk, at=request.at)
    except InvalidTransition:
        # Paid a moment ago: there is nothing to give up, and its page says so.
        return HttpResponseSeeOther(reverse("payments:pay", args=[token]))
    if request.user.pk == payment.user_id:
        return HttpResponseSeeOther(handler_of(payment).return_url(payment))
    return HttpResponseSeeOther(reverse("payments:pay", args=[token]))


def _find(token: str) -> Payment:
    return get_object_or_404(Payment.objects.select_related("user"), token=token)


def _standing(request: Request, payment: Payment) -> HttpResponse:
    """Paid, processing, lapsed or given up: one page, one sentence, one next step."""
    is_paid_by_owner = payment.is_paid and request.user.pk == payment.user_id
    if is_paid_by_owner and not _wants_json(request):
        return redirect(handler_of(payment).return_url(payment))
    if payment.has_strange_money:
        return _page(request, payment, "strange")
    if payment.closed_because:
        lapsed = payment.closed_because == ClosedBecause.LAPSED
        # None: the refusal's own words, that nothing was charged.
        is_money_back = payment.is_paid and payment.amount
        said = f"This purchase had ended. {GOES_BACK}" if is_money_back else None
        ended = HoldExpired(said) if lapsed else PaymentCancelled(said)
        return _page(request, payment, "lapsed" if lapsed else "cancelled", status=409, error=ended)
    if payment.has_lapsed(request.at):
        # Over, but the provider hasn't yet confirmed that nobody can pay there any more.
        return _page(request, payment, "lapsed", status=409, error=HoldExpired())
    return _page(request, payment, payment.status)


def _page(
    request: Request,
    payment: Payment,
    standing: str,
    *,
    status: int = 200,
    error: DomainError | None = None,
) -> HttpResponse:
    if _wants_json(request):
        if error is not None:
            return refusal_response(error, at=request.at)
        return JsonResponse({"status": standing, "expiresAt": payment.expires_at}, status=status)
    is_owner = request.user.pk == payment.user_id
    return render(
        request,
        "payments/standing.html",
        {
            "payment": payment,
            "standing": standing_of(payment, standing, is_owner=is_owner, at=request.at),
            "countdown": countdown_of(payment, at=request.at),
            "other_way": own_way(payment) if standing == "open" and is_owner else shop_of(payment),
            "again": _again(request, payment) if standing in LOOKS_AGAIN else None,
        },
        status=status,
    )


def _again(request: Request, payment: Payment) -> dict[str, Any]:
    """When and where the page looks again by itself: soon at first, then ever less often."""
    said = request.GET.get("look", "")
    times = min(int(said), LOOKS) if said.isascii() and said.isdecimal() else 0
    address = reverse("payments:return", args=[payment.token])
    return {"seconds": 3 * 2**times, "href": f"{address}?look={min(times + 1, LOOKS)}"}


def _wants_json(request: Request) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
