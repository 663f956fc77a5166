"""`/bookings/{id}/move`: another time for a booking; a month and its times, then the button."""

import json
from typing import Any
from uuid import uuid4

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from bookings import desk, moving
from bookings.choosing import lay_out, to_move
from bookings.forms import MoveForm, WhereForm
from bookings.models import Booking, Timeslot
from bookings.refusals import explain
from bookings.services import move_obstacle, reschedule_booking
from bookings.services.release import release_lapsed_holds
from common.errors import DomainError, InvalidTransition
from common.forms import sensible
from common.http import HttpResponseSeeOther, Request
from common.idempotency import once
from common.money import money


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: Request, booking_id: int) -> HttpResponse:
    """Choose another time for one's own booking, and take it; POST is the button."""
    booking = _own(request, booking_id)
    if request.method == "POST":
        return _press(request, booking)
    if not booking.is_movable(request.at):
        # Its page says until when it could be moved, and what can be done instead.
        return HttpResponseSeeOther(booking.get_absolute_url())
    where = sensible(WhereForm(request.GET))
    slot = _find_slot(booking, where.get("slot"))
    if slot is not None and slot.pk != booking.timeslot_id:
        return _confirm(request, booking, slot)
    return _choose(request, booking, where, is_slot_gone=bool(where.get("slot")) and slot is None)


def _own(request: Request, booking_id: int) -> Booking:
    """Everybody else's is a 404, to staff too. One query: a month shall take no more than three."""
    assert isinstance(request.user, User)
    own = Booking.objects.of(request.user.pk).select_related("room", "timeslot", "payment")
    booking: Booking | None = own.filter(pk=booking_id).first()
    if booking is None:
        raise Http404
    booking.timeslot.room = booking.room
    return booking


def _find_slot(booking: Booking, slot_id: int | None) -> Timeslot | None:
    """A time of the booking's own room."""
    if slot_id is None:
        return None
    slot: Timeslot | None = Timeslot.objects.filter(pk=slot_id, room_id=booking.room_id).first()
    if slot is not None:
        slot.room = booking.room
    return slot


def _choose(
    request: Request, booking: Booking, where: dict[str, Any], *, is_slot_gone: bool
) -> HttpResponse:
    layout = lay_out(to_move(booking), where, at=request.at)
    return render(
        request,
        "bookings/move.html",
        {
            "booking": booking,
            "former": moving.said_time(booking.timeslot),
            "room": desk.room_side(booking.room, layout.slots, at=request.at),
            "layout": layout,
            "is_slot_gone": is_slot_gone,
            "moves_until": moving.until_when(booking),
            "price": money(booking.price, booking.currency) if booking.price else "",
        },
    )


def _confirm(
    request: Request,
    booking: Booking,
    slot: Timeslot,
    *,
    form: MoveForm | None = None,
    error: DomainError | None = None,
) -> HttpResponse:
    """The last look; `form` and `error` are of a button that was pressed and refused."""
    assert isinstance(request.user, User)
    was_refused = error is not None
    status = error.status if error else 200
    error = error or move_obstacle(booking, slot.pk, at=request.at)
    offer = to_move(booking)
    refusal = None
    if error is not None:
        refusal = explain(
            error,
            slot=slot,
            offer=offer,
            user=request.user,
            at=request.at,
            was_pressed=was_refused,
        )
    response = render(
        request,
        "bookings/move_confirm.html",
        {
            "booking": booking,
            "move": moving.told_move(booking, slot, at=request.at),
            "room": desk.room_side(booking.room, [slot], at=request.at),
            "other_times": offer.to(day=desk.local_day(slot)),
            "here": offer.to(day=desk.local_day(slot), slot_id=slot.pk),
            "starts_at": slot.start_time,
            "refusal": refusal,
            "is_refused": was_refused,
            "can_send": refusal is None or refusal.may_retry,
            "form": form or MoveForm(initial=_fresh(slot)),
        },
        status=status,
    )
    if error is not None and (seconds := error.details.get("retryAfter")):
        response["Retry-After"] = str(seconds)
    return response


def _press(request: Request, booking: Booking) -> HttpResponse:
    assert isinstance(request.user, User)
    form = MoveForm(request.POST)
    form.is_valid()
    sent = form.cleaned_data
    slot = _find_slot(booking, sent.get("slot"))
    if slot is None:
        return _choose(request, booking, {}, is_slot_gone=True)
    if form.errors:
        stale = DomainError(code="idempotency_key_reused", status=400)
        return _confirm(request, booking, slot, form=_form_again(form, slot, stale), error=stale)
    # In transactions of their own, so before the one that the key's answer is stored in.
    release_lapsed_holds(timeslot_id=slot.pk, at=request.at)
    user = request.user

    def work() -> HttpResponse:
        moved = reschedule_booking(
            booking_id=booking.pk,
            timeslot_id=slot.pk,
            by=user,
            at=request.at,
            expected_price=sent["expected_price"],
        )
        return HttpResponseSeeOther(moved.get_absolute_url())

    try:
        return once(
            request,
            key=str(sent["idempotency_key"]),
            body=json.dumps([slot.pk, str(sent["expected_price"])]).encode(),
            work=work,
        )
    except InvalidTransition:
        # Cancelled, over, or moved there already: its page says what is true.
        return HttpResponseSeeOther(booking.get_absolute_url())
    except DomainError as error:
        again = _form_again(form, slot, error)
        return _confirm(request, _own(request, booking.pk), slot, form=again, error=error)


def _fresh(slot: Timeslot) -> dict[str, Any]:
    return {
        "idempotency_key": uuid4(),
        "slot": slot.pk,
        "expected_price": slot.effective_price,
    }


def _form_again(form: MoveForm, slot: Timeslot, error: DomainError) -> MoveForm:
    """Fresh key and price, unless the same press is to be tried again."""
    keeps_key = error.code in {"busy", "idempotency_in_progress"}
    return MoveForm(initial=form.cleaned_data if keeps_key else _fresh(slot))
