"""`/subscriptions/{id}`: how it stands, what was paid, cancelling it and keeping it."""

from contextlib import suppress

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access import telling
from access.forms import LeaveForm
from access.models import Subscription
from access.services import cancel_subscription, resume_subscription
from accounts.models import User
from common.errors import DomainError, InvalidTransition
from common.http import HttpResponseSeeOther, Request
from payments.services import lapse

OPENED_SHOWN = 12


@login_required
@never_cache
@require_safe
def subscription(request: Request, subscription_id: int) -> HttpResponse:
    """One of one's own; everybody else's is a 404, to staff too."""
    found = _own(request, subscription_id)
    if found.is_pending and found.payment is not None and found.payment.has_lapsed(request.at):
        # The beat is at most seconds away; the person at the screen needn't wait for it.
        lapse(payment_id=found.payment.pk, at=request.at)
        found = _own(request, subscription_id)
    told = telling.told(found, at=request.at)
    opens, more = telling.opened_by(found, most=OPENED_SHOWN)
    return render(
        request,
        "access/subscription.html",
        {
            "told": told,
            "opens": opens,
            "more": more,
            "is_open": found.opens_at(request.at),
            "payments": telling.payments_of(found),
            "happenings": telling.happenings(found),
            "form": _leave_form(told.leaving),
        },
    )


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: Request, subscription_id: int) -> HttpResponse:
    """Say exactly what ends when, and ask once; give up what was only chosen."""
    found = _own(request, subscription_id)
    leaving = telling.leaving(found, at=request.at)
    if leaving is None:
        # Over or cancelled by now: its page says what is true.
        return HttpResponseSeeOther(found.get_absolute_url())
    if request.method != "POST":
        return _ask(request, leaving)
    form = LeaveForm(request.POST)
    if not form.is_valid():
        return _ask(request, leaving, status=400)
    if form.cleaned_data["as_shown"] != leaving.as_shown:
        return _ask(request, leaving, status=409)
    # Cancelled or over a moment ago: its page says what is true.
    with suppress(InvalidTransition):
        cancel_subscription(
            subscription_id=found.pk,
            by=_person(request),
            at=request.at,
            reason=form.cleaned_data["reason"],
        )
    return HttpResponseSeeOther(found.get_absolute_url())


@login_required
@never_cache
@require_POST
def resume(request: Request, subscription_id: int) -> HttpResponse:
    """Keep it after all."""
    found = _own(request, subscription_id)
    try:
        resume_subscription(subscription_id=found.pk, by=_person(request), at=request.at)
    except DomainError as error:
        if error.status != 409:
            raise
        messages.warning(request, error.message)
    return HttpResponseSeeOther(found.get_absolute_url())


def _ask(request: Request, leaving: telling.Leaving, *, status: int = 200) -> HttpResponse:
    return render(
        request,
        "access/cancel.html",
        {"leaving": leaving, "form": _leave_form(leaving), "is_changed": status == 409},
        status=status,
    )


def _leave_form(leaving: telling.Leaving | None) -> LeaveForm | None:
    return LeaveForm(initial={"as_shown": leaving.as_shown}) if leaving else None


def _own(request: Request, subscription_id: int) -> Subscription:
    own = Subscription.objects.of(_person(request).pk)
    rows = own.select_related("plan", "payment", "agreement").prefetch_related("history")
    found: Subscription | None = rows.filter(pk=subscription_id).first()
    if found is None:
        raise Http404
    return found


def _person(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user
