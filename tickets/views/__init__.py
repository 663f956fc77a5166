"""The customer's pages about events and tickets."""

from tickets.views.door import door
from tickets.views.event import event
from tickets.views.events import events
from tickets.views.give_back import cancel_order, cancel_ticket
from tickets.views.mine import detail, my_tickets, order
from tickets.views.papers import order_ics, order_pdf, pdf, qr_png, qr_svg
from tickets.views.scanner import scan_link, scanner

__all__ = [
    "cancel_order",
    "cancel_ticket",
    "detail",
    "door",
    "event",
    "events",
    "my_tickets",
    "order",
    "order_ics",
    "order_pdf",
    "pdf",
    "qr_png",
    "qr_svg",
    "scan_link",
    "scanner",
]
