"""Events, what is offered, who has ordered, the tickets and their scans."""

from tickets.models.campaign import Campaign
from tickets.models.event import Event, EventChange, Tier
from tickets.models.order import TicketOrder
from tickets.models.scan import ScannerLink, TicketScan
from tickets.models.ticket import Ticket, TicketStatusChange

__all__ = [
    "Campaign",
    "Event",
    "EventChange",
    "ScannerLink",
    "Ticket",
    "TicketOrder",
    "TicketScan",
    "TicketStatusChange",
    "Tier",
]
