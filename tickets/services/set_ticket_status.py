"""What staff make of one ticket."""

from datetime import datetime

from accounts.models import User
from common.errors import InvalidInput, InvalidTransition
from common.service import service
from tickets.models import Ticket
from tickets.services.cancel import RefundChoice, cancel_tickets_by_staff, lock_order_of
from tickets.states import TicketStatus

# From where staff may bring a ticket there; what is used or cancelled can only be paid back.
WAYS = {
    TicketStatus.CANCELLED: {TicketStatus.ACTIVE},
    TicketStatus.REFUNDED: {TicketStatus.ACTIVE, TicketStatus.USED, TicketStatus.CANCELLED},
}


@service
def set_ticket_status(
    *,
    ticket_id: int,
    status: TicketStatus,
    by: User,
    at: datetime,
    reason: str = "",
    refund: RefundChoice | None = None,
) -> Ticket:
    """Cancel a customer's ticket, or give back what it cost.

    A ticket that is cancelled with money going back reads `refunded`. `refund` None means what
    this person's role gives. Raises NotFound, InvalidInput (refunded without a refund),
    InvalidTransition (not from there, nothing to give back), PermissionRefused.
    """
    if status == TicketStatus.REFUNDED and refund == "none":
        raise InvalidInput("A refunded ticket needs a refund: full or policy.", attr="refund")
    _, tickets = lock_order_of(ticket_id, by=by)
    ticket = tickets[ticket_id]
    if ticket.status_at(at) not in WAYS.get(status, set()):
        wanted = TicketStatus(status).label.lower()
        raise InvalidTransition(f"This ticket is {ticket.label_at(at).lower()}, not {wanted}.")
    [ended] = cancel_tickets_by_staff(
        ticket_ids=[ticket_id], by=by, at=at, reason=reason, refund=refund
    )
    if status == TicketStatus.REFUNDED and ended.status != status:
        raise InvalidTransition("There is nothing that could be given back for this ticket.")
    return ended
