"""Where the provider tells us what happened there."""

from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from common.api.errors import refusal_response
from common.errors import Busy
from common.http import Request
from payments.courier import take_event
from payments.errors import BadSignature, EventNotApplied, UnsignedWebhook
from payments.gateways import gateway
from payments.services import store_event

STRIPE = "stripe"


@csrf_exempt
@require_POST
def stripe_webhook(request: Request) -> HttpResponse:
    """Check the signature, store, apply; anything but 2xx makes Stripe send it again."""
    signature = request.headers.get("Stripe-Signature", "")
    try:
        event = gateway(STRIPE).read_event(request.body, signature)
    except BadSignature:
        return refusal_response(UnsignedWebhook(), at=request.at)
    try:
        number = store_event(event, provider=STRIPE, at=request.at)
    except Busy as error:
        return refusal_response(error, at=request.at)
    if not take_event(number, at=request.at):
        return refusal_response(EventNotApplied(), at=request.at)
    return JsonResponse({"received": True})
