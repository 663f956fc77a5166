"""Many times at once: opening hours, a preview by day, then the click."""

from typing import Any, Final, cast

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse

from bookings.admin.forms import GenerateForm, by_day, first_month
from bookings.models import Room
from bookings.services import GenerateResult, generate_slots
from common import clock
from common.errors import DomainError
from common.http import Request

DAYS_SHOWN: Final = 14


def generate_page(model_admin: Any, request: Request) -> HttpResponse:
    """The form; with `do=preview` what would be made; with `do=make` it is made."""
    wanted = request.POST.get("do") if request.method == "POST" else None
    form = GenerateForm(request.POST if wanted else None, at=request.at, initial=_initial(request))
    preview = None
    if wanted and form.is_valid():
        result = _run(form, dry_run=wanted != "make")
        if result is not None and wanted == "make":
            return _made(model_admin, request, form, result)
        if result is not None:
            preview = _preview(form, result)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Make timeslots",
        "opts": model_admin.opts,
        "form": form,
        "preview": preview,
        "back": reverse("admin:bookings_timeslot_changelist"),
    }
    return TemplateResponse(request, "admin/bookings/timeslot/generate.html", context)


def _initial(request: Request) -> dict[str, Any]:
    """Four weeks from today by the clock of the room that one came from, if any."""
    chosen = request.GET.get("room", "")
    room = Room.objects.filter(pk=int(chosen)).first() if chosen.isdecimal() else None
    at = request.at.astimezone(clock.zone(room.timezone)) if room else request.at
    return {"room": room.pk if room else None, **first_month(at.date())}


def _run(form: GenerateForm, *, dry_run: bool) -> GenerateResult | None:
    """None when it was refused; the form then says why."""
    given = form.cleaned_data
    try:
        return generate_slots(
            room_id=given["room"].pk,
            plan=form.plan(),
            price=given["price"],
            max_bookings=given["places"],
            dry_run=dry_run,
        )
    except DomainError as refusal:
        form.add_error(form.fields_by_attr.get(refusal.attr or ""), refusal.message)
        return None


def _preview(form: GenerateForm, result: GenerateResult) -> dict[str, Any]:
    room: Room = form.cleaned_data["room"]
    days = by_day(result.timeslots, room.timezone)
    return {
        "room": room,
        "created": result.created,
        "skipped": result.skipped,
        "days": days[:DAYS_SHOWN],
        "more_days": max(len(days) - DAYS_SHOWN, 0),
        # Exactly what was previewed is what the button makes.
        "fields": [
            (name, value)
            for name in form.fields
            for value in cast(QueryDict, form.data).getlist(name)
        ],
    }


def _made(
    model_admin: Any, request: Request, form: GenerateForm, result: GenerateResult
) -> HttpResponse:
    room: Room = form.cleaned_data["room"]
    said = f"{room}: {result.created} timeslots made"
    if result.skipped:
        said += f", {result.skipped} skipped because they overlap what is there"
    level = messages.SUCCESS if result.created else messages.WARNING
    model_admin.message_user(request, f"{said}.", level)
    times = reverse("admin:bookings_timeslot_changelist")
    return HttpResponseRedirect(f"{times}?room={room.pk}")
