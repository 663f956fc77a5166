"""Giving back a ticket or a whole order: the exact amount first, then one button."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from common.errors import DomainError, InvalidInput, InvalidTransition
from common.forms import CancelForm
from common.http import HttpResponseSeeOther, Request
from payments.errors import RefundChanged
from tickets import services, telling
from tickets.errors import GroupMinimum
from tickets.models import Event
from tickets.views.own import own_order, own_ticket, person

Deed = Callable[[CancelForm], object]


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_ticket(request: Request, ticket_id: int) -> HttpResponse:
    """Say exactly what comes back for one ticket and ask once."""
    ticket = own_ticket(request, ticket_id)
    here = ticket.get_absolute_url()

    def give_back(form: CancelForm) -> object:
        return services.cancel_ticket(
            ticket_id=ticket_id,
            by=person(request),
            at=request.at,
            reason=form.cleaned_data["reason"],
            expected=form.cleaned_data["expected_refund"],
        )

    if request.method == "POST":
        changed = _try(request, give_back)
        if changed is None:
            return HttpResponseSeeOther(here)
        ticket = own_ticket(request, ticket_id)
    else:
        changed = None
    if not telling.may_cancel_ticket(ticket, at=request.at):
        return HttpResponseSeeOther(here)
    return _ask(request, ticket.event, telling.leaving_ticket(ticket, at=request.at), changed)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_order(request: Request, order_id: int) -> HttpResponse:
    """All that is still valid of an order; a hold is given up."""
    order = own_order(request, order_id)
    here = order.get_absolute_url()

    def give_back(form: CancelForm) -> object:
        return services.cancel_order(
            order_id=order_id,
            by=person(request),
            at=request.at,
            reason=form.cleaned_data["reason"],
            expected=form.cleaned_data["expected_refund"],
            only_hold=form.cleaned_data["is_hold"],
        )

    if request.method == "POST":
        changed = _try(request, give_back)
        if changed is None:
            return HttpResponseSeeOther(here)
        order = own_order(request, order_id)
    else:
        changed = None
    if not telling.may_cancel_order(order, at=request.at):
        return HttpResponseSeeOther(here)
    return _ask(request, order.event, telling.leaving_order(order, at=request.at), changed)


def _try(request: Request, give_back: Deed) -> DomainError | None:
    """None when it is settled, one way or the other; else why it has to be asked again."""
    form = CancelForm(request.POST)
    if not form.is_valid():
        return InvalidInput("That could not be read. Nothing was given back; look at it once more.")
    try:
        give_back(form)
    except RefundChanged as error:
        return error
    except (InvalidTransition, GroupMinimum):
        # In, begun or given back by now: its page says what is true.
        return None
    return None


def _ask(
    request: Request, event: Event, leaving: telling.Leaving, changed: DomainError | None
) -> HttpResponse:
    return render(
        request,
        "tickets/give_back.html",
        {
            "event": event,
            "leaving": leaving,
            "form": CancelForm(
                initial={"expected_refund": leaving.due, "is_hold": leaving.is_hold}
            ),
            "changed": changed,
        },
        status=changed.status if changed else 200,
    )
