"""The API's views: each reads its input, calls one service or query and writes the answer."""

from tickets.api.views.door import DoorViewSet
from tickets.api.views.events import EventViewSet
from tickets.api.views.scanner_link import ScannerLinkViewSet
from tickets.api.views.staff_events import StaffEventViewSet
from tickets.api.views.staff_tickets import StaffTicketViewSet
from tickets.api.views.tickets import OrderViewSet, TicketViewSet
from tickets.api.views.validate import ValidateViewSet

__all__ = [
    "DoorViewSet",
    "EventViewSet",
    "OrderViewSet",
    "ScannerLinkViewSet",
    "StaffEventViewSet",
    "StaffTicketViewSet",
    "TicketViewSet",
    "ValidateViewSet",
]
