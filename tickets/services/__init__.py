"""What can be done with events, orders and tickets; one verb a file."""

from tickets.services.campaign import open_campaigns, run_campaign
from tickets.services.cancel import (
    cancel_order,
    cancel_ticket,
    cancel_tickets_by_staff,
    end_hold_by_staff,
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
from tickets.services.purchase import place_order, purchase
from tickets.services.save_event import save_event
from tickets.services.scan import scan_ticket, undo_scan
from tickets.services.scanner_links import make_scanner_link, revoke_scanner_link
from tickets.services.set_ticket_status import set_ticket_status

__all__ = [
    "cancel_event",
    "cancel_order",
    "cancel_ticket",
    "cancel_tickets_by_staff",
    "complete_past",
    "delete_event",
    "duplicate_event",
    "end_hold_by_staff",
    "expire_tickets",
    "make_scanner_link",
    "move_event",
    "open_campaigns",
    "place_order",
    "publish_event",
    "purchase",
    "realign_tickets",
    "revoke_scanner_link",
    "run_campaign",
    "save_event",
    "scan_ticket",
    "set_ticket_status",
    "undo_scan",
    "wind_up_order",
]
