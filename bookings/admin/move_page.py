"""Move a booking to another free time of its room, with what that does to the price."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.models import User
from bookings.admin.desk_forms import DayForm, MoveForm, day_of
from bookings.desk import local_day
from bookings.models import Booking, Timeslot
from bookings.openings import next_open, open_on
from bookings.services import move_by_staff
from common import clock
from common.errors import DomainError
from common.http import Request
from common.money import money


def move_page(model_admin: Any, request: Request, booking: Booking) -> HttpResponse:
    """`?day=` shows another day's times; POST moves."""
    room = booking.room
    today = request.at.astimezone(clock.zone(room.timezone)).date()
    day = day_of(DayForm(request.GET), max(local_day(booking.timeslot), today))
    slots = [slot for slot in open_on(room, day, request.at) if slot.pk != booking.timeslot_id]
    choices = [(slot.pk, _said(booking, slot)) for slot in slots]
    form = MoveForm(request.POST if request.method == "POST" else None, slots=choices)
    error: DomainError | None = None
    if form.is_valid():
        try:
            return _move(model_admin, request, booking, form)
        except DomainError as refusal:
            error = refusal
    page = reverse("admin:bookings_booking_change", args=[booking.pk])
    _, ends = clock.day_bounds(day, room.timezone)
    later = None if slots else next_open(room, max(ends, request.at))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Move this booking",
        "opts": model_admin.opts,
        "booking": booking,
        "now_said": clock.say_span(
            booking.timeslot.start_time, booking.timeslot.end_time, room.timezone
        ),
        "is_possible": booking.is_confirmed,
        "day_form": DayForm(initial={"day": day}),
        "day_said": clock.say_date(clock.local_midnight(day, room.timezone), room.timezone),
        "day_before": (day - timedelta(days=1)).isoformat() if day > today else "",
        "day_after": (day + timedelta(days=1)).isoformat(),
        "form": form,
        "has_times": bool(slots),
        "next_day": local_day(later).isoformat() if later else "",
        "next_said": clock.say_moment(later.start_time, room.timezone) if later else "",
        "error": error.message if error else "",
        "alternatives": _alternatives(error) if error else [],
        "back": page,
    }
    status = error.status if error else 200
    return TemplateResponse(request, "admin/bookings/booking/move.html", context, status=status)


def _move(model_admin: Any, request: Request, booking: Booking, form: MoveForm) -> HttpResponse:
    """Raises DomainError."""
    former = booking.price
    moved = move_by_staff(
        booking_id=booking.pk,
        timeslot_id=form.cleaned_data["timeslot"],
        by=cast(User, request.user),
        at=request.at,
        reason=form.cleaned_data["reason"],
    )
    slot = moved.timeslot
    when = clock.say_span(slot.start_time, slot.end_time, slot.room.timezone)
    said = f"{moved} of {booking.user.get_full_name()} is moved to {when}."
    if moved.price < former:
        said += f" {_said_saving(booking, former - moved.price)}."
    model_admin.log_change(request, moved, said)
    model_admin.message_user(request, said, messages.SUCCESS)
    return HttpResponseRedirect(reverse("admin:bookings_booking_change", args=[moved.pk]))


def _said(booking: Booking, slot: Timeslot) -> str:
    """'10:00–10:30: 20.00 USD come back'."""
    hours = clock.say_hours(slot.start_time, slot.end_time, slot.room.timezone)
    price = slot.effective_price
    if price == booking.price:
        return f"{hours}: same price"
    if price > booking.price:
        more = money(price - booking.price, booking.currency)
        return f"{hours}: {more} dearer, which the customer doesn't pay"
    return f"{hours}: {_said_saving(booking, booking.price - price)}"


def _said_saving(booking: Booking, saved: Decimal) -> str:
    amount = money(saved, booking.currency)
    return f"{amount} less are due" if booking.is_payment_due else f"{amount} come back"


def _alternatives(error: DomainError) -> list[dict[str, str]]:
    return [
        {
            "said": clock.say_moment(slot.start_time, slot.room.timezone),
            "url": f"?day={local_day(slot).isoformat()}",
        }
        for slot in error.details.get("alternatives", [])
    ]
