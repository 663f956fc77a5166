"""A ticket as a picture, on paper, and in the calendar."""

from collections.abc import Sequence

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from common.http import Request
from tickets import artwork, emails, telling
from tickets.models import Ticket, TicketOrder
from tickets.views.own import order_to_hand_out, own_order, ticket_to_hand_out


@login_required
@never_cache
@require_safe
def qr_png(request: Request, ticket_id: int) -> HttpResponse:
    """The code as a picture that can be saved; a dead ticket has none."""
    ticket = _alive(request, ticket_id)
    return HttpResponse(artwork.qr_png(ticket.ticket_code), content_type="image/png")


@login_required
@never_cache
@require_safe
def qr_svg(request: Request, ticket_id: int) -> HttpResponse:
    """The code at any size, as the pages show it."""
    ticket = _alive(request, ticket_id)
    return HttpResponse(artwork.qr_svg(ticket.ticket_code), content_type="image/svg+xml")


@login_required
@never_cache
@require_safe
def pdf(request: Request, ticket_id: int) -> HttpResponse:
    """One page to print."""
    ticket = _alive(request, ticket_id)
    return _pdf(request, ticket.order, [ticket], f"ticket-{ticket.pk}.pdf")


@login_required
@never_cache
@require_safe
def order_pdf(request: Request, order_id: int) -> HttpResponse:
    """One page for each ticket of an order that still lets somebody in."""
    order = order_to_hand_out(request, order_id)
    alive = [ticket for ticket in telling.tickets_of(order) if telling.shows_qr(ticket, request.at)]
    if not alive:
        raise Http404
    return _pdf(request, order, alive, f"tickets-{order.pk}.pdf")


@login_required
@never_cache
@require_safe
def order_ics(request: Request, order_id: int) -> HttpResponse:
    """The event for one's calendar; there is none for what is not paid, given back or over."""
    order = own_order(request, order_id)
    if not telling.has_invite(order, request.at):
        raise Http404
    ics = emails.invite_from_facts(emails.facts_of(order, at=request.at), method="PUBLISH")
    response = HttpResponse(ics, content_type="text/calendar; charset=utf-8; method=PUBLISH")
    response["Content-Disposition"] = f'attachment; filename="tickets-{order.pk}.ics"'
    return response


def _alive(request: Request, ticket_id: int) -> Ticket:
    ticket = ticket_to_hand_out(request, ticket_id)
    if not telling.shows_qr(ticket, request.at):
        raise Http404
    return ticket


def _pdf(
    request: Request, order: TicketOrder, tickets: Sequence[Ticket], filename: str
) -> HttpResponse:
    facts = emails.facts_of(order, at=request.at)
    paper = artwork.order_pdf(emails.printed(facts, [ticket.ticket_code for ticket in tickets]))
    response = HttpResponse(paper, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{filename}"'
    return response
