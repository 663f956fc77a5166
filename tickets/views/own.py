"""One's own orders and tickets; everybody else's are not there, to staff neither."""

from django.db.models import Prefetch
from django.http import Http404

from accounts.models import User
from common.http import Request
from tickets.models import Ticket, TicketOrder
from tickets.querysets import TicketQuerySet


def person(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


def own_order(request: Request, order_id: int) -> TicketOrder:
    """Raises Http404."""
    own = TicketOrder.objects.of(person(request).pk).with_everything()
    order: TicketOrder | None = own.filter(pk=order_id).first()
    if order is None:
        raise Http404
    return order


def own_ticket(request: Request, ticket_id: int) -> Ticket:
    """With its order and the order's other tickets. Raises Http404."""
    return _ticket(Ticket.objects.of(person(request).pk), ticket_id)


def ticket_to_hand_out(request: Request, ticket_id: int) -> Ticket:
    """For pictures and paper, which staff hand out too. Raises Http404."""
    if request.user.has_perm("tickets.view_ticket"):
        return _ticket(Ticket.objects.all(), ticket_id)
    return own_ticket(request, ticket_id)


def order_to_hand_out(request: Request, order_id: int) -> TicketOrder:
    """For paper, which staff hand out too. Raises Http404."""
    if not request.user.has_perm("tickets.view_ticket"):
        return own_order(request, order_id)
    order: TicketOrder | None = TicketOrder.objects.with_everything().filter(pk=order_id).first()
    if order is None:
        raise Http404
    return order


def _ticket(tickets: TicketQuerySet, ticket_id: int) -> Ticket:
    ticket: Ticket | None = (
        tickets.with_everything()
        .prefetch_related(
            Prefetch("order__tickets", queryset=Ticket.objects.order_by("pk")),
            "order__payment__attempts",
            "order__payment__refunds",
        )
        .filter(pk=ticket_id)
        .first()
    )
    if ticket is None:
        raise Http404
    # One event and one order in memory: the terms of the order are those of this event.
    ticket.order.event = ticket.event
    return ticket
