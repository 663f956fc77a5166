"""Many times at once: opening hours, a preview by day, then the click.

A few are made at once. Many are made a few weeks at a time: each step is a POST of its own that
notes in the session how far it got, so a run that was cut short goes on where it stopped; a step
that is repeated makes nothing twice, because what is there is skipped.
"""

from datetime import date
from typing import Any, Final, cast

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse

from bookings.admin.generator_form import GenerateForm, first_month
from bookings.admin.generator_run import Run, begin, go_on, kept_run
from bookings.models import Room
from bookings.services import GenerateResult, generate_slots
from common import clock
from common.errors import DomainError
from common.forms import LARGEST_ID
from common.http import Request

DAYS_SHOWN: Final = 10
SKIPPED_SHOWN: Final = 5
# As many are made within one answer; more go step by step.
AT_ONCE: Final = 2000


def generate_page(model_admin: Any, request: Request) -> HttpResponse:
    """The form; `do=preview` shows what would be made, `do=make` makes it, `do=step` goes on."""
    wanted = request.POST.get("do") if request.method == "POST" else None
    if wanted == "step":
        return _step(model_admin, request)
    if wanted == "stop":
        request.session.pop(Run.KEY, None)
        model_admin.message_user(request, "Stopped. What was made so far stays.", messages.WARNING)
        return HttpResponseRedirect(reverse("admin:bookings_timeslot_generate"))
    if not wanted and "progress" in request.GET and (run := kept_run(request)):
        return _progress(model_admin, request, run)
    form = GenerateForm(request.POST if wanted else None, at=request.at, initial=_initial(request))
    previews: list[dict[str, Any]] = []
    if wanted and form.is_valid():
        found = _dry_run(form)
        if found and wanted == "make":
            return _make(model_admin, request, form, sum(result.created for _, result in found))
        previews = [_preview(room, result) for room, result in found]
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Make timeslots",
        "opts": model_admin.opts,
        "form": form,
        "previews": previews,
        "created": sum(preview["created"] for preview in previews),
        # Exactly what was previewed is what the button makes.
        "fields": _fields(form) if previews else [],
        "unfinished": kept_run(request),
        "back": reverse("admin:bookings_timeslot_changelist"),
    }
    return TemplateResponse(request, "admin/bookings/timeslot/generate.html", context)


def _initial(request: Request) -> dict[str, Any]:
    """Four weeks from today by the clock of the room that one came from, if any."""
    chosen = request.GET.get("room", "")
    is_number = chosen.isdecimal() and int(chosen) <= LARGEST_ID
    room = Room.objects.filter(pk=int(chosen)).first() if is_number else None
    at = request.at.astimezone(clock.zone(room.timezone)) if room else request.at
    return {"rooms": [room.pk] if room else [], **first_month(at.date())}


def _dry_run(form: GenerateForm) -> list[tuple[Room, GenerateResult]]:
    """What would be made in each room; nothing when it was refused, the form then says why."""
    given = form.cleaned_data
    try:
        return [
            (
                room,
                generate_slots(
                    room_id=room.pk,
                    plan=form.plan(),
                    price=given["price"],
                    max_bookings=given["places"],
                    dry_run=True,
                ),
            )
            for room in given["rooms"]
        ]
    except DomainError as refusal:
        form.add_error(form.fields_by_attr.get(refusal.attr or ""), refusal.message)
        return []


def _fields(form: GenerateForm) -> list[tuple[str, str]]:
    return [
        (name, value) for name in form.fields for value in cast(QueryDict, form.data).getlist(name)
    ]


# --- The preview ----------------------------------------------------------------------------


def _preview(room: Room, result: GenerateResult) -> dict[str, Any]:
    """A room's days with their times, and what is left out because of what."""
    zone = room.timezone
    days: dict[date, dict[str, Any]] = {}
    for slot in result.timeslots:
        local = slot.start_time.astimezone(clock.zone(zone)).date()
        found = days.setdefault(local, {"day": clock.say_date(slot.start_time, zone), "times": []})
        found["times"].append(clock.say_time(slot.start_time, zone))
    skipped = [
        f"{clock.say_date(span.start, zone)}, {clock.say_hours(span.start, span.end, zone)}: "
        f"overlaps {clock.say_hours(*span.other, zone)}"
        for span in result.skipped_spans[:SKIPPED_SHOWN]
    ]
    shown = list(days.values())
    return {
        "room": room,
        "created": result.created,
        "skipped": result.skipped,
        "skipped_lines": skipped,
        "more_skipped": max(result.skipped - len(skipped), 0),
        "days": shown[:DAYS_SHOWN],
        "more_days": max(len(shown) - DAYS_SHOWN, 0),
    }


# --- The making -----------------------------------------------------------------------------


def _make(model_admin: Any, request: Request, form: GenerateForm, expected: int) -> HttpResponse:
    run = begin(_fields(form), form)
    if expected > AT_ONCE:
        run.keep(request)
        return HttpResponseRedirect(_progress_address())
    try:
        go_on(run, form, weeks=None)
    except DomainError as refusal:
        model_admin.message_user(request, refusal.message, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:bookings_timeslot_generate"))
    return _made(model_admin, request, run)


def _step(model_admin: Any, request: Request) -> HttpResponse:
    """Some weeks more; without a run that was begun there is nothing to go on with."""
    run = kept_run(request)
    if run is None:
        model_admin.message_user(request, "There is nothing left to make.", messages.WARNING)
        return HttpResponseRedirect(reverse("admin:bookings_timeslot_generate"))
    form = run.form(request.at)
    if not form.is_valid():
        # A room was switched off meanwhile, or midnight has passed.
        run.forget(request)
        said = " ".join(str(error) for errors in form.errors.values() for error in errors)
        model_admin.message_user(request, f"Stopped: {said}", messages.ERROR)
        return HttpResponseRedirect(reverse("admin:bookings_timeslot_generate"))
    try:
        go_on(run, form, weeks=run.weeks_a_step)
    except DomainError as refusal:
        # Nothing is lost: the same step can be tried again.
        model_admin.message_user(request, refusal.message, messages.ERROR)
        return HttpResponseRedirect(f"{_progress_address()}&paused=1")
    if run.is_done:
        run.forget(request)
        return _made(model_admin, request, run)
    run.keep(request)
    return HttpResponseRedirect(_progress_address())


def _progress(model_admin: Any, request: Request, run: Run) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Making timeslots",
        "opts": model_admin.opts,
        "run": run,
        "is_paused": "paused" in request.GET,
    }
    return TemplateResponse(request, "admin/bookings/timeslot/progress.html", context)


def _progress_address() -> str:
    return f"{reverse('admin:bookings_timeslot_generate')}?progress=1"


def _made(model_admin: Any, request: Request, run: Run) -> HttpResponse:
    said = f"{run.names}: {run.created} timeslots made"
    if run.skipped:
        said += f", {run.skipped} skipped because they overlap what is there"
    level = messages.SUCCESS if run.created else messages.WARNING
    model_admin.message_user(request, f"{said}.", level)
    times = reverse("admin:bookings_timeslot_changelist")
    return HttpResponseRedirect(
        f"{times}?room={run.room_ids[0]}" if len(run.room_ids) == 1 else times
    )
