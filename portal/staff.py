"""How one gets into the staff pages, and the addresses that lead to their lists."""

from typing import Any, Final

from allauth.account.decorators import secure_admin_login
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.views.generic import RedirectView

# What the specification calls a page, and the list that is it.
LISTS: Final = {
    "bookings": "admin:bookings_booking_changelist",
    "rooms": "admin:bookings_room_changelist",
    "timeslots": "admin:bookings_timeslot_changelist",
    "events": "admin:tickets_event_changelist",
}


def enter(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
    """Sign in as everybody does, second factor included; then on to where one was going.

    Who is signed in and no staff is told so: sending them to sign in would go round in circles.
    """
    user = request.user
    if user.is_authenticated and not (user.is_active and user.is_staff):
        return render(request, "admin/not_staff.html", status=403)
    answer: HttpResponseBase = _sign_in(request)
    return answer


def _start(request: HttpRequest) -> HttpResponseBase:
    return redirect("admin:index")


_sign_in = secure_admin_login(_start)


def leave(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
    """Sign out, to the front page."""
    return LogoutView.as_view(next_page=reverse_lazy("home"))(request)


def to_list(name: str) -> Any:
    """A view that opens one of LISTS, with the filters that were asked for."""
    return RedirectView.as_view(pattern_name=LISTS[name], query_string=True)


def to_tickets(request: HttpRequest, event_id: int) -> HttpResponseBase:
    """The list of tickets, for one event; search and filters that were asked for come along."""
    query = request.GET.copy()
    query["event"] = str(event_id)
    return redirect(f"{reverse('admin:tickets_ticket_changelist')}?{query.urlencode()}")
