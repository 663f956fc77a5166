"""The last step of `/bookings/new`: what it costs, what a cancel would give back, one button."""

import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import User
from accounts.verification import lead_to_verification
from bookings import desk
from bookings.choosing import to_book
from bookings.forms import HoldForm
from bookings.models import Timeslot
from bookings.refusals import explain
from bookings.services import book, obstacle
from bookings.services.release import release_lapsed_holds
from common import clock
from common.errors import DomainError, NotFound
from common.http import HttpResponseSeeOther, Request
from common.idempotency import once
from common.money import money
from payments.refund_terms import refund_steps
from payments.refund_words import refund_line


def confirm(
    request: Request,
    slot: Timeslot,
    *,
    form: HoldForm | None = None,
    error: DomainError | None = None,
) -> HttpResponse:
    """Show the step; `form` and `error` are of a button that was pressed and refused."""
    user = request.user if isinstance(request.user, User) else None
    was_refused = error is not None
    status = error.status if error else 400 if form and form.errors else 200
    error = error or obstacle(slot, user_id=user.pk if user else None, at=request.at)
    refusal = (
        explain(
            error,
            slot=slot,
            offer=to_book(slot.room),
            user=user,
            at=request.at,
            was_pressed=was_refused,
        )
        if error
        else None
    )
    if form is None:
        form = HoldForm(initial=_fresh(slot))
    room, here = slot.room, desk.slot_address(slot)
    other_times = desk.address(room.pk, day=desk.local_day(slot))
    response = render(
        request,
        "bookings/confirm.html",
        {
            "room": desk.room_side(room, [slot], at=request.at),
            "day": clock.say_day(slot.start_time, room.timezone),
            "hours": clock.say_hours(slot.start_time, slot.end_time, room.timezone),
            "starts_at": slot.start_time,
            "price": desk.said_price(slot),
            "price_note": f"for {clock.say_length(slot.minutes)}",
            "refund_line": _refund_line(request, slot),
            "button": _button(slot),
            "is_paid": slot.effective_price > 0,
            "hold_minutes": f"{settings.HOLD_MINUTES.normalize():f}",
            "refusal": refusal,
            "is_refused": was_refused,
            "can_send": refusal is None or refusal.may_retry,
            "form": form,
            "here": here,
            "other_times": other_times,
            "sign_in": f"{reverse('account_login')}?{urlencode({'next': here})}",
            "sign_up": f"{reverse('account_signup')}?{urlencode({'next': here})}",
            "steps": desk.steps(
                "confirm", room_href=reverse("bookings:new"), time_href=other_times
            ),
        },
        status=status,
    )
    if error is not None and (seconds := error.details.get("retryAfter")):
        response["Retry-After"] = str(seconds)
    return response


def hold(request: Request) -> HttpResponse:
    """The button: hold the place and go to pay, or have it at once when it is free."""
    form = HoldForm(request.POST)
    form.is_valid()
    wanted = form.cleaned_data
    slot = Timeslot.objects.select_related("room").filter(pk=wanted.get("slot", 0)).first()
    if slot is None or slot.room_id != wanted.get("room"):
        raise NotFound("This time isn't there any more. Please choose another one.")
    here = desk.slot_address(slot)
    if not isinstance(request.user, User):
        return redirect_to_login(here)
    if {"idempotency_key", "expected_price"} & set(form.errors):
        stale = DomainError(code="idempotency_key_reused", status=400)
        return confirm(request, slot, form=_form_again(form, slot, stale), error=stale)
    if form.errors:
        return confirm(request, slot, form=form)
    # In transactions of their own, so before the one that the key's answer is stored in.
    release_lapsed_holds(timeslot_id=slot.pk, at=request.at)
    try:
        return once(
            request,
            key=str(wanted["idempotency_key"]),
            body=json.dumps(
                [slot.room_id, slot.pk, wanted["notes"], str(wanted["expected_price"])]
            ).encode(),
            work=lambda: _take(request, slot, wanted["notes"], wanted["expected_price"]),
        )
    except DomainError as error:
        if error.code == "email_unverified":
            return lead_to_verification(request, next_url=here)
        return confirm(request, slot, form=_form_again(form, slot, error), error=error)


def _take(request: Request, slot: Timeslot, notes: str, price: Decimal) -> HttpResponse:
    assert request.user.pk is not None
    booking = book(
        user_id=request.user.pk,
        timeslot_id=slot.pk,
        room_id=slot.room_id,
        at=request.at,
        notes=notes,
        expected_price=price,
    )
    if booking.payment is None:
        return HttpResponseSeeOther(booking.get_absolute_url())
    return HttpResponseSeeOther(reverse("payments:pay", args=[booking.payment.token]))


def _fresh(slot: Timeslot) -> dict[str, Any]:
    """What the form carries when it is shown for the first time."""
    return {
        "idempotency_key": uuid4(),
        "room": slot.room_id,
        "slot": slot.pk,
        "expected_price": slot.effective_price,
    }


def _form_again(form: HoldForm, slot: Timeslot, error: DomainError) -> HoldForm:
    """The notes stay; key and price are fresh unless the same press is to be tried again."""
    sent = form.cleaned_data
    keeps_key = error.code in {"busy", "idempotency_in_progress"}
    return HoldForm(initial=sent if keeps_key else sent | _fresh(slot))


def _button(slot: Timeslot) -> str:
    price = slot.effective_price
    return f"Hold and pay {money(price, settings.CURRENCY)}" if price else "Book it"


def _refund_line(request: Request, slot: Timeslot) -> list[dict[str, object]]:
    """The terms that a booking made now would be given, as far as they lie ahead."""
    price = slot.effective_price
    if not price:
        return []
    steps = refund_steps(
        slot.room.policy, starts_at=slot.start_time, price=price, currency=settings.CURRENCY
    )
    return refund_line(
        steps, zone=slot.room.timezone, currency=settings.CURRENCY, now=request.at, with_over=False
    )
