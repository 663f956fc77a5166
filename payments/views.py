"""The payment's own address, the way back from the provider, and the demo provider's page."""

from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import F
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common.api.errors import refusal_response
from common.errors import DomainError, InvalidTransition
from common.http import HttpResponseSeeOther, Request
from common.wake import wake
from payments import courier
from payments.errors import GatewayRefused, GatewayUnavailable, HoldExpired, PaymentCancelled
from payments.gateways import demo
from payments.models import DemoSession, Payment, PaymentAttempt
from payments.purposes import handler_of
from payments.queries import live_attempts
from payments.services import give_up, lapse
from payments.standing import GOES_BACK, countdown_of, shop_of, standing_of
from payments.states import ClosedBecause


@never_cache
@require_GET
def pay(request: Request, token: str) -> HttpResponse:
    """Lead to the provider's page, or say how this purchase stands."""
    payment = _find(token)
    if not payment.is_open:
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


@never_cache
@require_http_methods(["GET", "POST"])
def demo_checkout(request: Request, session_id: str) -> HttpResponse:
    """The demo provider's hosted page: Pay, Decline. Not there in production."""
    if settings.IS_PRODUCTION or settings.PAYMENT_PROVIDER != "demo":
        raise Http404
    session = get_object_or_404(DemoSession, session_id=session_id)
    attempt = PaymentAttempt.objects.filter(session_id=session_id).select_related("payment").first()
    if request.method == "POST" and request.POST.get("do") == "pay":
        if demo.pay(session_id, at=request.at):
            if attempt is not None:
                # As a provider's webhook would: who closes the tab now is served just the same.
                wake("payments.ask_attempt", attempt.pk)
            # The path alone: this provider lives on the host that one came by.
            return HttpResponseSeeOther(urlsplit(session.return_url).path)
        return HttpResponseSeeOther(request.path)
    if request.method == "POST":
        DemoSession.objects.filter(pk=session.pk, status="open").update(declined=F("declined") + 1)
        return HttpResponseSeeOther(request.path)
    payment = attempt.payment if attempt else None
    return render(
        request,
        "payments/demo_checkout.html",
        {
            "session": session,
            "payment": payment,
            "countdown": countdown_of(payment, at=request.at) if payment else None,
            "is_open": _takes_payment(session, payment, request.at),
            "return_path": urlsplit(session.return_url).path,
        },
    )


def _takes_payment(session: DemoSession, payment: Payment | None, at: datetime) -> bool:
    """While the hold lasts; the provider itself would take late money a little longer."""
    if session.status != "open" or session.expires_at <= at:
        return False
    return payment is None or (payment.is_open and not payment.has_lapsed(at))


def _find(token: str) -> Payment:
    return get_object_or_404(Payment.objects.select_related("user"), token=token)


def _standing(request: Request, payment: Payment) -> HttpResponse:
    """Paid, processing, lapsed or given up: one page, one sentence, one next step."""
    is_paid_by_owner = payment.is_paid and request.user.pk == payment.user_id
    if is_paid_by_owner and not _wants_json(request):
        return redirect(handler_of(payment).return_url(payment))
    if payment.closed_because:
        lapsed = payment.closed_because == ClosedBecause.LAPSED
        # None: the refusal's own words, that nothing was charged.
        said = f"This purchase had ended. {GOES_BACK}" if payment.is_paid else None
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
            "shop": shop_of(payment),
        },
        status=status,
    )


def _wants_json(request: Request) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
