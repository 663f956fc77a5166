"""My bookings: the list, one of them, its calendar file, cancelling it."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from bookings import emails, moving, telling
from bookings.errors import RefundChanged
from bookings.models import Booking
from bookings.queries import count_bookings
from bookings.querysets import BookingQuerySet
from bookings.services import cancel_booking
from common.errors import InvalidTransition
from common.forms import CancelForm
from common.http import HttpResponseSeeOther, Request
from payments.services import lapse

BOOKINGS_A_PAGE = 20
TABS = {"upcoming": "Upcoming", "pending": "Pending", "past": "Past"}
EMPTY = {
    "upcoming": ("calendar", "Nothing booked yet. The next free time is one click away."),
    "pending": ("clock", "Nothing is waiting for your payment."),
    "past": ("door", "What is over will be kept here."),
}


@login_required
@never_cache
@require_safe
def my_bookings(request: Request) -> HttpResponse:
    """Upcoming, pending or past, by `?tab=`."""
    user = _person(request)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "upcoming"
    counts = count_bookings(user.pk, request.at)
    page = Paginator(_of_tab(user, tab, request), BOOKINGS_A_PAGE).get_page(request.GET.get("page"))
    list_url = reverse("bookings:list")
    drawing, text = EMPTY[tab]
    return render(
        request,
        "bookings/list.html",
        {
            "tabs": [
                {
                    "label": label,
                    "href": list_url if name == "upcoming" else f"{list_url}?tab={name}",
                    "is_current": name == tab,
                    "count": counts[name],
                }
                for name, label in TABS.items()
            ],
            "tab": TABS[tab],
            "cards": [telling.told(booking, at=request.at) for booking in page],
            "page": page,
            "query": f"tab={tab}&",
            "empty_drawing": drawing,
            "empty_text": text,
        },
    )


def _of_tab(user: User, tab: str, request: Request) -> BookingQuerySet:
    own: BookingQuerySet = Booking.objects.of(user.pk).with_everything()
    if tab == "pending":
        return own.pending().order_by("payment__expires_at", "pk")
    if tab == "past":
        return own.past(request.at).order_by("-timeslot__start_time", "-pk")
    return own.upcoming(request.at).order_by("timeslot__start_time", "pk")


@login_required
@never_cache
@require_safe
def detail(request: Request, booking_id: int) -> HttpResponse:
    """One booking of one's own; everybody else's is a 404, to staff too."""
    booking = _own(request, booking_id)
    if booking.payment is not None and booking.payment.has_lapsed(request.at):
        # The beat is at most seconds away; the person at the screen needn't wait for it.
        lapse(payment_id=booking.payment.pk, at=request.at)
        booking = _own(request, booking_id)
    return render(
        request,
        "bookings/detail.html",
        _facts(request, booking)
        | {
            "happenings": telling.happenings(booking),
            "form": _cancel_form(request, booking),
            "moved": moving.moved_notice(booking, at=request.at),
            "too_late_note": moving.too_late_note(booking, at=request.at),
        },
    )


@login_required
@never_cache
@require_safe
def calendar_file(request: Request, booking_id: int) -> HttpResponse:
    """The booking for one's calendar; there is none for what is not confirmed or over."""
    booking = _own(request, booking_id)
    if not telling.has_invite(booking, request.at):
        raise Http404
    ics = emails.invite_from_facts(emails.facts_of(booking, at=request.at), method="PUBLISH")
    response = HttpResponse(ics, content_type="text/calendar; charset=utf-8; method=PUBLISH")
    response["Content-Disposition"] = f'attachment; filename="booking-{booking.pk}.ics"'
    return response


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: Request, booking_id: int) -> HttpResponse:
    """Say exactly what comes back and ask once; give up what is only held."""
    booking = _own(request, booking_id)
    if request.method == "POST":
        form = CancelForm(request.POST)
        if form.is_valid():
            try:
                cancel_booking(
                    booking_id=booking.pk,
                    by=_person(request),
                    at=request.at,
                    reason=form.cleaned_data["reason"],
                    expected_refund=form.cleaned_data["expected_refund"],
                    only_hold=form.cleaned_data["is_hold"],
                )
            except RefundChanged as error:
                return _ask(request, _own(request, booking_id), changed=error)
            except InvalidTransition:
                # Over, begun or cancelled by now: its page says what is true.
                pass
            return HttpResponseSeeOther(booking.get_absolute_url())
        return _ask(request, booking, status=400)
    if not telling.told(booking, at=request.at).cancel_href:
        return HttpResponseSeeOther(booking.get_absolute_url())
    return _ask(request, booking)


def _ask(
    request: Request, booking: Booking, *, changed: RefundChanged | None = None, status: int = 200
) -> HttpResponse:
    return render(
        request,
        "bookings/cancel.html",
        _facts(request, booking) | {"form": _cancel_form(request, booking), "changed": changed},
        status=changed.status if changed else status,
    )


def _facts(request: Request, booking: Booking) -> dict[str, Any]:
    """What the pages about one booking, and the question whether to cancel it, have in common."""
    return {
        "told": telling.told(booking, at=request.at),
        "refund_sentence": telling.refund_sentence(booking, at=request.at),
        "refund_steps": telling.refund_steps(booking, at=request.at),
        "cancel_button": telling.cancel_button(booking, at=request.at),
        "hold_seconds": int(settings.HOLD_MINUTES * 60),
        "at": request.at,
    }


def _cancel_form(request: Request, booking: Booking) -> CancelForm:
    return CancelForm(
        initial={
            "expected_refund": booking.refund_due(request.at),
            "is_hold": booking.is_pending,
        }
    )


def _own(request: Request, booking_id: int) -> Booking:
    own = Booking.objects.of(_person(request).pk).with_everything().prefetch_related("history")
    booking: Booking | None = own.filter(pk=booking_id).first()
    if booking is None:
        raise Http404
    return booking


def _person(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user
