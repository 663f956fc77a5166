"""`/events/{id}`: what, when and where; which tickets there are; one button that buys them."""

import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.verification import lead_to_verification
from common import clock
from common.errors import DomainError, NotFound
from common.forms import sensible
from common.http import HttpResponseSeeOther, Request
from common.idempotency import once
from payments.refund_terms import refund_steps
from payments.refund_words import refund_line
from tickets.forms import BuyForm, ChoiceForm
from tickets.models import Event
from tickets.offers import Choice, Offer, address, choose, is_sold_out, offers_of
from tickets.posters import marks_of_its_page
from tickets.queries import has_valid_ticket
from tickets.refusals import explain
from tickets.services import purchase
from tickets.services.release import release_lapsed_orders
from tickets.telling import said_where


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def event(request: Request, event_id: int) -> HttpResponse:
    """Everybody may look; drafts are shown to staff alone. POST is the button."""
    found = _find(request, event_id)
    if request.method == "POST":
        return _buy(request, found)
    wanted = sensible(ChoiceForm(request.GET))
    return _page(request, found, wanted.get("type") or "", wanted.get("quantity") or 1)


def _find(request: Request, event_id: int) -> Event:
    found: Event | None = Event.objects.prefetch_related("tiers").filter(pk=event_id).first()
    if found is None or (found.is_draft and not request.user.has_perm("tickets.view_event")):
        raise NotFound("There is no such event. Here is what takes place.")
    return found


def _page(
    request: Request,
    found: Event,
    ticket_type: str,
    quantity: int,
    *,
    key: str = "",
    error: DomainError | None = None,
) -> HttpResponse:
    """`key` and `error` are of a button that was pressed and refused."""
    at, zone = request.at, found.timezone
    user = request.user if isinstance(request.user, User) else None
    offers = offers_of(found, at=at)
    choice = choose(found, offers, ticket_type, quantity)
    here = address(found, choice.offer, choice.quantity) if choice else found.get_absolute_url()
    refusal = explain(error, user=user, at=at) if error is not None and user is not None else None
    can_send = choice is not None and (refusal is None or refusal.may_retry)
    response = render(
        request,
        "tickets/event.html",
        {
            "event": found,
            "span": clock.say_span(found.start_date, found.end_date, zone),
            "where": said_where(found),
            "doors": _doors(request, found),
            "is_over": found.is_over(at),
            "marks": list(marks_of_its_page(found, at=at)) if found.is_on_sale(at) else [],
            "online_url": _online_url(request, found),
            "offers": [_shown(found, offer, choice) for offer in offers],
            "is_on_sale": found.is_on_sale(at),
            "no_sale": _no_sale(found, request),
            "choice": choice,
            "said": f"{choice.said_quantity}, {choice.said_amount}" if choice else "",
            "refund_line": _refund_line(request, found, choice),
            "form": _form(choice, key) if choice else None,
            "can_send": can_send,
            "refusal": refusal,
            "hold_minutes": f"{settings.HOLD_MINUTES.normalize():f}",
            "here": here,
            "sign_in": f"{reverse('account_login')}?{urlencode({'next': here})}",
            "sign_up": f"{reverse('account_signup')}?{urlencode({'next': here})}",
        },
        status=error.status if error else 200,
    )
    if error is not None and (seconds := error.details.get("retryAfter")):
        response["Retry-After"] = str(seconds)
    return response


def _doors(request: Request, found: Event) -> str:
    """When they open, without the day where it is that of the start; '' when they won't."""
    if found.is_online or found.is_cancelled or found.is_over(request.at):
        return ""
    is_that_day = clock.is_same_day(found.valid_from, found.start_date, found.timezone)
    say = clock.say_time if is_that_day else clock.say_moment
    return say(found.valid_from, found.timezone)


def _online_url(request: Request, found: Event) -> str:
    """Where it takes place, for holders of valid tickets and for staff who prepare it."""
    if not found.is_online or not found.online_url or request.user.pk is None:
        return ""
    may_see = request.user.has_perm("tickets.view_event") or has_valid_ticket(
        request.user.pk, found.pk, at=request.at
    )
    return found.online_url if may_see else ""


def _shown(found: Event, offer: Offer, choice: Choice | None) -> dict[str, Any]:
    is_chosen = choice is not None and choice.offer.ticket_type == offer.ticket_type
    return {
        "offer": offer,
        "is_chosen": is_chosen,
        "href": address(found, offer, offer.least) if offer.can_be_had and not is_chosen else "",
    }


def _no_sale(found: Event, request: Request) -> dict[str, str]:
    """Why nothing of it is sold, for `components/notice.html`."""
    if found.is_draft:
        return {"tone": "wait", "text": "This is a draft. Only staff see this page."}
    if found.is_cancelled:
        return {"tone": "bad", "text": "This event was cancelled. It doesn't take place."}
    if found.is_over(request.at):
        return {"tone": "past", "text": "This event is over."}
    if is_sold_out(found):
        held = " Some are held for payment and may come back." if found.held else ""
        return {"tone": "bad", "text": f"This event is sold out.{held}"}
    return {"tone": "past", "text": "No tickets are on sale at the moment."}


def _refund_line(request: Request, found: Event, choice: Choice | None) -> list[dict[str, Any]]:
    """The terms that an order made now would be given, for one ticket, as far as they lie ahead."""
    if choice is None or not choice.offer.price:
        return []
    steps = refund_steps(
        found.policy,
        starts_at=found.start_date,
        price=choice.offer.price,
        currency=settings.CURRENCY,
    )
    return refund_line(
        steps, zone=found.timezone, currency=settings.CURRENCY, now=request.at, with_over=False
    )


def _form(choice: Choice, key: str) -> BuyForm:
    return BuyForm(
        initial={
            "idempotency_key": key or uuid4(),
            "ticket_type": choice.offer.ticket_type,
            "quantity": choice.quantity,
            "expected_amount": choice.amount,
        }
    )


# --- The button -----------------------------------------------------------------------------


def _buy(request: Request, found: Event) -> HttpResponse:
    """Hold the places and go to pay, or have free tickets at once."""
    if found.is_draft:
        raise Http404
    form = BuyForm(request.POST)
    form.is_valid()
    wanted = form.cleaned_data
    ticket_type, quantity = wanted.get("ticket_type") or "", wanted.get("quantity") or 1
    if not isinstance(request.user, User):
        query = urlencode({"type": ticket_type, "quantity": quantity})
        return redirect_to_login(f"{found.get_absolute_url()}?{query}")
    if form.errors:
        stale = DomainError(code="idempotency_key_reused", status=400)
        return _page(request, found, ticket_type, quantity, error=stale)
    # In transactions of their own, so before the one that the key's answer is stored in.
    release_lapsed_orders(event_id=found.pk, at=request.at)
    key, expected = str(wanted["idempotency_key"]), wanted["expected_amount"]
    try:
        return once(
            request,
            key=key,
            body=json.dumps([found.pk, ticket_type, quantity, str(expected)]).encode(),
            work=lambda: _take(request, found, ticket_type, quantity, expected),
        )
    except DomainError as error:
        if error.code == "email_unverified":
            query = urlencode({"type": ticket_type, "quantity": quantity})
            return lead_to_verification(request, next_url=f"{found.get_absolute_url()}?{query}")
        # The same press is to be tried again; after any other refusal it would be another one.
        keeps_key = error.code in {"busy", "idempotency_in_progress"}
        again = _find(request, found.pk)
        return _page(
            request, again, ticket_type, quantity, key=key if keeps_key else "", error=error
        )


def _take(
    request: Request, found: Event, ticket_type: str, quantity: int, expected: Decimal
) -> HttpResponse:
    assert request.user.pk is not None
    order = purchase(
        user_id=request.user.pk,
        event_id=found.pk,
        ticket_type=ticket_type,
        quantity=quantity,
        at=request.at,
        expected=expected,
    )
    if order.payment is None:
        return HttpResponseSeeOther(order.get_absolute_url())
    return HttpResponseSeeOther(reverse("payments:pay", args=[order.payment.token]))
