"""What can be done with events, orders and tickets; one verb a file."""

from tickets.services.campaign import open_campaigns, run_campaign
from tickets.services.cancel import (
    cancel_order,
    cancel_ticket,
    cancel_tickets_by_staff,
    wind_up_order,
)
from tickets.services.duplicate_event import duplicate_event
from tickets.services.events import (
    cancel_event,
    complete_past,
    delete_event,
    expire_tickets,
    move_event,
    publish_event,
    realign_tickets,
)
from tickets.services.purchase import purchase
from tickets.services.save_event import save_event
from tickets.services.set_ticket_status import set_ticket_status

__all__ = [
    "cancel_event",
    "cancel_order",
    "cancel_ticket",
    "cancel_tickets_by_staff",
    "complete_past",
    "delete_event",
    "duplicate_event",
    "expire_tickets",
    "move_event",
    "open_campaigns",
    "publish_event",
    "purchase",
    "realign_tickets",
    "run_campaign",
    "save_event",
    "set_ticket_status",
    "wind_up_order",
]
