"""Addresses inside /admin/ that Django's own don't know; they come before those."""

from django.urls import path
from django.views.generic import RedirectView

from portal.staff import to_list, to_tickets

urlpatterns = [
    path("admin", RedirectView.as_view(pattern_name="admin:index", query_string=True)),
    path("admin/bookings", to_list("bookings")),
    path("admin/bookings/", to_list("bookings")),
    path("admin/rooms", to_list("rooms")),
    path("admin/rooms/", to_list("rooms")),
    path("admin/timeslots", to_list("timeslots")),
    path("admin/timeslots/", to_list("timeslots")),
    path("admin/events", to_list("events")),
    path("admin/events/", to_list("events")),
    path("admin/events/<int:event_id>/tickets", to_tickets),
    path("admin/events/<int:event_id>/tickets/", to_tickets),
    # One's own password is changed where everybody changes it.
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
]
