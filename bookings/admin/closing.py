"""Closing times for booking and opening them again: one, some of the list, or many by days."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from bookings.admin.range_page import range_page
from bookings.models import Timeslot
from bookings.services import block_slot, unblock_slot
from common.http import Request
from common.staff.asking import Line, Question, ask, do_each, is_answered, too_many

Way = Callable[[Request, Sequence[Timeslot], str, Sequence[int]], HttpResponse | None]


class BlockForm(forms.Form):
    reason = forms.CharField(
        label="Why",
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text="Staff alone see it: 'team meeting', 'the heating is being repaired'.",
    )


class ClosingMixin(ModelAdmin):
    """Beside the admin of timeslots, whose `slot` finds the row."""

    def has_block_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm("bookings.block_timeslot"))

    @action(description="Close or open many", permissions=["block"], icon="event_busy")
    def many(self, request: Request) -> HttpResponse:
        return range_page(self, request)

    @action(description="Close for booking", permissions=["block"], icon="block")
    def block(self, request: Request, object_id: str) -> HttpResponse:
        return self._one(request, object_id, self._block)

    @action(description="Open again", permissions=["block"], icon="lock_open")
    def unblock(self, request: Request, object_id: str) -> HttpResponse:
        return self._one(request, object_id, self._unblock)

    @admin.action(description="Close for booking …", permissions=["block"])
    def block_selected(self, request: Request, queryset: QuerySet[Timeslot]) -> HttpResponse | None:
        return self._many(request, queryset, self._block)

    @admin.action(description="Open again", permissions=["block"])
    def unblock_selected(
        self, request: Request, queryset: QuerySet[Timeslot]
    ) -> HttpResponse | None:
        return self._many(request, queryset, self._unblock)

    def _one(self, request: Request, object_id: str, way: "Way") -> HttpResponse:
        slot = self.slot(request, object_id)
        page = reverse("admin:bookings_timeslot_change", args=[slot.pk])
        return way(request, [slot], page, []) or HttpResponseRedirect(page)

    def _many(
        self, request: Request, queryset: QuerySet[Timeslot], way: "Way"
    ) -> HttpResponse | None:
        if too_many(self, request, queryset.count()):
            return None
        slots = list(queryset.select_related("room").order_by("start_time", "pk"))
        return way(request, slots, request.get_full_path(), [slot.pk for slot in slots])

    def _block(
        self, request: Request, slots: Sequence[Timeslot], back: str, pks: Sequence[int]
    ) -> HttpResponse | None:
        form = BlockForm(request.POST if is_answered(request) else None)
        if not form.is_valid():
            question = Question(
                title="Close this time" if len(slots) == 1 else f"Close {len(slots)} times",
                lead="Nobody can book them any more until they are opened again. "
                "Those who have a place keep it.",
                button="Close",
                lines=[_line(slot) for slot in slots],
                form=form,
            )
            return ask(self, request, question, back=back, pks=pks)
        reason = form.cleaned_data["reason"]

        def close(slot: Timeslot) -> str:
            block_slot(slot_id=slot.pk, reason=reason)
            self.log_change(request, slot, f"Closed: {reason}")
            return f"{slot} is closed."

        do_each(self, request, slots, close)
        return None

    def _unblock(
        self, request: Request, slots: Sequence[Timeslot], back: str, pks: Sequence[int]
    ) -> HttpResponse | None:
        if not is_answered(request):
            question = Question(
                title="Open this time again"
                if len(slots) == 1
                else f"Open {len(slots)} times again",
                lead="Where a place is free it can be booked again at once.",
                button="Open again",
                lines=[_line(slot) for slot in slots],
            )
            return ask(self, request, question, back=back, pks=pks)

        def reopen(slot: Timeslot) -> str:
            unblock_slot(slot_id=slot.pk)
            self.log_change(request, slot, "Opened again.")
            return f"{slot} is open again."

        do_each(self, request, slots, reopen)
        return None


def _line(slot: Timeslot) -> Line:
    taken = f"{slot.taken} of {slot.max_bookings} places taken" if slot.taken else "nobody booked"
    return Line(title=str(slot), text=slot.room.name, outcome=f"{taken}.")
