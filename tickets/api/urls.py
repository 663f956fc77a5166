"""Addresses under /api/v1, as the specification names them."""

from django.urls import path

from tickets.api.views import (
    DoorViewSet,
    EventViewSet,
    OrderViewSet,
    ScannerLinkViewSet,
    StaffEventViewSet,
    StaffTicketViewSet,
    TicketViewSet,
    ValidateViewSet,
)

app_name = "tickets_api"

CHANGE = {"put": "update", "patch": "partial_update"}

urlpatterns = [
    path("events", EventViewSet.as_view({"get": "list"}), name="events"),
    path("events/<int:pk>", EventViewSet.as_view({"get": "retrieve"}), name="event"),
    path("tickets/purchase", OrderViewSet.as_view({"post": "create"}), name="purchase"),
    path("tickets/orders/<int:pk>", OrderViewSet.as_view({"get": "retrieve"}), name="order"),
    path(
        "tickets/orders/<int:pk>/cancel",
        OrderViewSet.as_view({"put": "cancel"}),
        name="order_cancel",
    ),
    path("tickets", TicketViewSet.as_view({"get": "list"}), name="tickets"),
    path("tickets/<int:pk>", TicketViewSet.as_view({"get": "retrieve"}), name="ticket"),
    path("tickets/<int:pk>/cancel", TicketViewSet.as_view({"put": "cancel"}), name="ticket_cancel"),
    path(
        "tickets/<str:ticketCode>/validate",
        ValidateViewSet.as_view({"post": "check"}),
        name="validate",
    ),
    path(
        "admin/events",
        StaffEventViewSet.as_view({"get": "list", "post": "create"}),
        name="staff_events",
    ),
    path(
        "admin/events/<int:pk>",
        StaffEventViewSet.as_view({"get": "retrieve", "delete": "destroy", **CHANGE}),
        name="staff_event",
    ),
    path(
        "admin/events/<int:pk>/publish",
        StaffEventViewSet.as_view({"put": "publish"}),
        name="staff_event_publish",
    ),
    path(
        "admin/events/<int:pk>/tickets",
        StaffEventViewSet.as_view({"get": "tickets"}),
        name="staff_event_tickets",
    ),
    path(
        "admin/events/<int:pk>/stats",
        StaffEventViewSet.as_view({"get": "stats"}),
        name="staff_event_stats",
    ),
    path(
        "admin/events/<int:pk>/door",
        DoorViewSet.as_view({"get": "door"}),
        name="door",
    ),
    path(
        "admin/events/<int:pk>/door/counts",
        DoorViewSet.as_view({"get": "counts"}),
        name="door-counts",
    ),
    path(
        "admin/tickets/<str:ticketCode>/scan",
        DoorViewSet.as_view({"post": "scan"}),
        name="scan",
    ),
    path(
        "admin/tickets/scans/<int:pk>/undo",
        DoorViewSet.as_view({"post": "undo"}),
        name="scan_undo",
    ),
    path(
        "admin/tickets/scanner-link",
        ScannerLinkViewSet.as_view({"get": "show"}),
        name="scanner_link",
    ),
    path(
        "admin/tickets/<int:pk>/scans",
        StaffTicketViewSet.as_view({"get": "scans"}),
        name="staff_ticket_scans",
    ),
    path(
        "admin/tickets/<int:pk>",
        StaffTicketViewSet.as_view({"get": "retrieve"}),
        name="staff_ticket",
    ),
    path(
        "admin/tickets/<int:pk>/status",
        StaffTicketViewSet.as_view({"put": "set_status"}),
        name="staff_ticket_status",
    ),
]
