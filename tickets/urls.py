from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from tickets import views

app_name = "tickets"

urlpatterns = [
    path("events", views.events, name="events"),
    path("events/<int:event_id>", views.event, name="event"),
    path("tickets", views.my_tickets, name="list"),
    path("tickets/orders/<int:order_id>", views.order, name="order"),
    path("tickets/orders/<int:order_id>.ics", views.order_ics, name="order_ics"),
    path("tickets/orders/<int:order_id>/pdf", views.order_pdf, name="order_pdf"),
    path("tickets/orders/<int:order_id>/cancel", views.cancel_order, name="order_cancel"),
    path("tickets/<int:ticket_id>", views.detail, name="detail"),
    path("tickets/<int:ticket_id>/qr.png", views.qr_png, name="qr_png"),
    path("tickets/<int:ticket_id>/qr.svg", views.qr_svg, name="qr_svg"),
    path("tickets/<int:ticket_id>/pdf", views.pdf, name="pdf"),
    path("tickets/<int:ticket_id>/cancel", views.cancel_ticket, name="cancel"),
    path("scan", views.scan_link, name="scan_link"),
    path("admin/scanner", admin.site.admin_view(views.scanner), name="scanner"),
    path("admin/events/<int:event_id>/door", admin.site.admin_view(views.door), name="door"),
    path("admin/scanner/", RedirectView.as_view(pattern_name="tickets:scanner", query_string=True)),
]
