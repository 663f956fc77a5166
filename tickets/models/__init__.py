"""Events, what is offered, who has ordered, the tickets and their scans."""

from tickets.models.campaign import Campaign
from tickets.models.event import Event, EventChange, Tier
from tickets.models.order import TicketOrder
from tickets.models.ticket import Ticket, TicketScan

__all__ = ["Campaign", "Event", "EventChange", "Ticket", "TicketOrder", "TicketScan", "Tier"]
