"""Close or open many times at once: rooms, days, hours; counted before the click."""

from collections import Counter
from datetime import datetime
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextInputWidget,
)

from bookings.admin.desk_forms import DayField
from bookings.models import Room
from bookings.services.block_range import Range, set_blocked_range, slots_in
from common.errors import DomainError, InvalidInput
from common.http import Request
from common.staff.times import HourInput

CLOSE, OPEN = "close", "open"


class RangeForm(forms.Form):
    what = forms.ChoiceField(
        label="What to do",
        choices=[(CLOSE, "Close for booking"), (OPEN, "Open again")],
        initial=CLOSE,
        widget=UnfoldAdminRadioSelectWidget,
    )
    rooms = forms.ModelMultipleChoiceField(
        Room.objects.none(),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        error_messages={"required": "Choose at least one room."},
    )
    first_day = DayField(label="From")
    last_day = DayField(label="Up to and including")
    opens = forms.TimeField(label="From, every day", required=False, widget=HourInput)
    closes = forms.TimeField(
        label="Until, every day",
        required=False,
        widget=HourInput,
        help_text="Empty: the whole day. What only reaches into these hours counts as well.",
    )
    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text="Staff alone see it: 'holidays', 'the heating is being repaired'.",
    )

    fields_by_attr: ClassVar = {"endDate": "last_day", "endTime": "closes"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rooms"].queryset = Room.objects.order_by("name", "pk")  # type: ignore[attr-defined]

    def clean(self) -> None:
        super().clean()
        given = self.cleaned_data
        if given.get("what") == CLOSE and not given.get("reason"):
            self.add_error("reason", "Say why, for whoever wonders later.")
        if given.get("first_day") and given.get("last_day"):
            try:
                self.range().require_sensible()
            except InvalidInput as refusal:
                self.add_error(self.fields_by_attr[refusal.attr or ""], refusal.message)

    def range(self) -> Range:
        given = self.cleaned_data
        return Range(
            first_day=given["first_day"],
            last_day=given["last_day"],
            opens=given.get("opens"),
            closes=given.get("closes"),
        )


def range_page(model_admin: Any, request: Request) -> HttpResponse:
    """The form; with `do=preview` the counts; with `do=set` it is done."""
    wanted = request.POST.get("do") if request.method == "POST" else None
    today = request.at.date()
    form = RangeForm(
        request.POST if wanted else None, initial={"first_day": today, "last_day": today}
    )
    previews: list[dict[str, Any]] = []
    if wanted and form.is_valid():
        if wanted == "set":
            return _set(model_admin, request, form)
        previews = [_preview(room, form, request.at) for room in form.cleaned_data["rooms"]]
    is_closing = not form.is_bound or form.data.get("what") != OPEN
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Close or open many timeslots",
        "opts": model_admin.opts,
        "form": form,
        "previews": previews,
        "changed": sum(preview["changed"] for preview in previews),
        "verb": "Close" if is_closing else "Open",
        "is_closing": is_closing,
        # Exactly what was previewed is what the button does.
        "fields": [
            (name, value)
            for name in form.fields
            for value in cast(QueryDict, form.data).getlist(name)
        ]
        if previews
        else [],
        "back": reverse("admin:bookings_timeslot_changelist"),
    }
    return TemplateResponse(request, "admin/bookings/timeslot/range.html", context)


def _preview(room: Room, form: RangeForm, at: datetime) -> dict[str, Any]:
    """How many would be changed, how many of those somebody has booked, and why some are closed."""
    wanted, closes = form.range(), form.cleaned_data["what"] == CLOSE
    slots = [slot for days in wanted.weeks() for slot in slots_in(room, days, wanted, at)]
    changed = [slot for slot in slots if slot.is_blocked != closes]
    reasons = Counter(slot.blocked_reason for slot in slots if slot.is_blocked)
    return {
        "room": room,
        "changed": len(changed),
        "same": len(slots) - len(changed),
        "booked": sum(1 for slot in changed if slot.taken),
        "reasons": [f"{count} because of '{reason}'" for reason, count in reasons.most_common(5)],
    }


def _set(model_admin: Any, request: Request, form: RangeForm) -> HttpResponse:
    given = form.cleaned_data
    closes = given["what"] == CLOSE
    rooms: list[Room] = list(given["rooms"])
    try:
        count = set_blocked_range(
            room_ids=[room.pk for room in rooms],
            wanted=form.range(),
            blocked=closes,
            at=request.at,
            reason=given["reason"],
        )
    except DomainError as refusal:
        model_admin.message_user(request, refusal.message, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())
    names = ", ".join(room.name for room in rooms)
    said = f"{names}: {count} timeslots {'closed' if closes else 'opened again'}."
    for room in rooms:
        days = f"{given['first_day']} to {given['last_day']}"
        note = f"Times of {days} {'closed' if closes else 'opened'}. {given['reason']}"
        model_admin.log_change(request, room, note.strip())
    model_admin.message_user(request, said, messages.SUCCESS if count else messages.WARNING)
    return HttpResponseRedirect(reverse("admin:bookings_timeslot_changelist"))
