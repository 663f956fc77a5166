"""The demo provider's own pages: pay or decline, and play a subscription's life. Demo only."""

import logging
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from common.http import HttpResponseSeeOther, Request
from common.wake import wake
from payments import courier, demo_words
from payments.errors import GatewayRefused
from payments.gateways import demo
from payments.models import BillingAgreement, DemoSession, Payment, PaymentAttempt
from payments.purposes import handler_of
from payments.standing import countdown_of

logger = logging.getLogger(__name__)


@never_cache
@require_http_methods(["GET", "POST"])
def demo_checkout(request: Request, session_id: str) -> HttpResponse:
    """The demo provider's hosted page: Pay, Decline. Not there in production."""
    _require_demo()
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
            "steps": demo_words.steps_of(session, at=request.at),
            "pay_label": demo_words.pay_label_of(session),
        },
    )


@never_cache
@require_http_methods(["GET", "POST"])
def demo_agreement(request: Request, number: str) -> HttpResponse:
    """The demo provider's books of one subscription, and buttons to let time pass in them."""
    _require_demo()
    ours = BillingAgreement.objects.filter(provider="demo", provider_id=number).first()
    try:
        row = demo.look(number)
        if request.method == "POST":
            deed = demo.DEEDS.get(request.POST.get("do", ""))
            if deed is not None:
                deed(number)
                _tell(ours, at=request.at)
            return HttpResponseSeeOther(request.path)
    except GatewayRefused as error:
        raise Http404 from error
    return render(
        request,
        "payments/demo_agreement.html",
        {"told": demo_words.told(row), "own": _own_page(ours)},
    )


def _tell(ours: BillingAgreement | None, *, at: datetime) -> None:
    """As a provider's webhook would; at once, so that the next page shows it without a worker."""
    if ours is None:
        return
    try:
        courier.ask_agreement(ours.pk, at=at)
    except GatewayRefused:
        logger.exception("agreement %s isn't in the demo's books", ours.pk)


def _own_page(ours: BillingAgreement | None) -> dict[str, str] | None:
    """Where its owner sees what this is for."""
    payment = ours.payments.order_by("pk").first() if ours else None
    if payment is None:
        return None
    handler = handler_of(payment)
    return {"label": handler.own_label, "href": handler.return_url(payment)}


def _require_demo() -> None:
    if settings.IS_PRODUCTION or settings.PAYMENT_PROVIDER != "demo":
        raise Http404


def _takes_payment(session: DemoSession, payment: Payment | None, at: datetime) -> bool:
    """While the hold lasts; the provider itself would take late money a little longer."""
    if session.status != "open" or session.expires_at <= at:
        return False
    return payment is None or (payment.is_open and not payment.has_lapsed(at))
