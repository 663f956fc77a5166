"""The buttons by which staff decide about bookings, for one and for many."""

from collections.abc import Sequence
from typing import Any, Final, cast

from django.contrib import admin
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.enums import ActionVariant

from accounts.models import User
from bookings.admin.decisions import DECISIONS, deed, form_for, question_about
from bookings.models import Booking
from bookings.querysets import BookingQuerySet
from bookings.services import staff_moves
from bookings.states import BookingStatus
from common.http import Request
from common.staff.asking import ask, do_each, is_answered, too_many
from common.staff.rows import ReadOnlyAdmin

BUTTONS: Final = {
    "confirm": BookingStatus.CONFIRMED,
    "completed": BookingStatus.COMPLETED,
    "no_show": BookingStatus.NO_SHOW,
    "cancel": BookingStatus.CANCELLED,
}


class DecidingAdmin(ReadOnlyAdmin):
    """What a button does is one service call for each booking, the same as the API's."""

    actions = ("confirm_selected", "completed_selected", "no_show_selected", "cancel_selected")
    actions_detail = tuple(BUTTONS)

    # --- May ---------------------------------------------------------------------------------

    def has_desk_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm("bookings.desk_booking"))

    def get_actions_detail(self, request: Request, object_id: int) -> list[UnfoldAction]:
        """Only the buttons that would not be refused now."""
        offered = self.offered(self.booking(request, object_id), request)
        prefix = f"{self.opts.app_label}_{self.opts.model_name}_"
        return [
            button
            for button in super().get_actions_detail(request, object_id)
            if button.action_name.removeprefix(prefix) in offered
        ]

    def offered(self, booking: Booking, request: Request) -> set[str]:
        """The buttons that this booking has now, by name."""
        moves = staff_moves(booking, request.at)
        return {name for name, status in BUTTONS.items() if status in moves}

    # --- Buttons ---------------------------------------------------------------------------

    @action(description="Confirm, pay at the desk", permissions=["desk"], icon="check")
    def confirm(self, request: Request, object_id: str) -> HttpResponse:
        return self._decide_one(request, object_id, BookingStatus.CONFIRMED)

    @action(description="Completed", permissions=["desk"], icon="done_all")
    def completed(self, request: Request, object_id: str) -> HttpResponse:
        return self._decide_one(request, object_id, BookingStatus.COMPLETED)

    @action(description="Not attended", permissions=["desk"], icon="person_off")
    def no_show(self, request: Request, object_id: str) -> HttpResponse:
        return self._decide_one(request, object_id, BookingStatus.NO_SHOW)

    @action(
        description="Cancel booking",
        permissions=["desk"],
        icon="event_busy",
        variant=ActionVariant.DANGER,
    )
    def cancel(self, request: Request, object_id: str) -> HttpResponse:
        return self._decide_one(request, object_id, BookingStatus.CANCELLED)

    @admin.action(description="Confirm, to be paid at the desk", permissions=["desk"])
    def confirm_selected(self, request: Request, queryset: BookingQuerySet) -> HttpResponse | None:
        return self._decide_many(request, queryset, BookingStatus.CONFIRMED)

    @admin.action(description="Mark as completed", permissions=["desk"])
    def completed_selected(
        self, request: Request, queryset: BookingQuerySet
    ) -> HttpResponse | None:
        return self._decide_many(request, queryset, BookingStatus.COMPLETED)

    @admin.action(description="Mark as not attended", permissions=["desk"])
    def no_show_selected(self, request: Request, queryset: BookingQuerySet) -> HttpResponse | None:
        return self._decide_many(request, queryset, BookingStatus.NO_SHOW)

    @admin.action(description="Cancel …", permissions=["desk"])
    def cancel_selected(self, request: Request, queryset: BookingQuerySet) -> HttpResponse | None:
        return self._decide_many(request, queryset, BookingStatus.CANCELLED)

    def _decide_one(self, request: Request, object_id: str, status: BookingStatus) -> HttpResponse:
        booking = self.booking(request, object_id)
        page = reverse("admin:bookings_booking_change", args=[booking.pk])
        question = self._decide(request, [booking], status, back=page, is_list=False)
        return question or HttpResponseRedirect(page)

    def _decide_many(
        self, request: Request, queryset: BookingQuerySet, status: BookingStatus
    ) -> HttpResponse | None:
        if too_many(self, request, queryset.count()):
            return None
        bookings = list(queryset.with_everything().order_by("timeslot__start_time", "pk"))
        back = request.get_full_path()
        return self._decide(request, bookings, status, back=back, is_list=True)

    def _decide(
        self,
        request: Request,
        bookings: Sequence[Booking],
        status: BookingStatus,
        *,
        back: str,
        is_list: bool,
    ) -> HttpResponse | None:
        """The question, as long as it is not answered; None once it was done, and said."""
        decision = DECISIONS[status]
        by, at = cast(User, request.user), request.at
        data = request.POST if is_answered(request) else None
        form = form_for(decision, bookings, data, by=by, at=at)
        if not form.is_valid():
            question = question_about(decision, bookings, form, by=by, at=at)
            pks = [booking.pk for booking in bookings] if is_list else []
            return ask(self, request, question, back=back, pks=pks)
        do_each(self, request, bookings, deed(decision, form.cleaned_data, by=by, at=at))
        return None

    def get_object(
        self, request: Request, object_id: str, from_field: str | None = None
    ) -> Booking | None:
        number = str(object_id)
        if not number.isdecimal() or len(number) >= 10:
            return None
        found: Booking | None = (
            self.get_queryset(request).with_everything().filter(pk=int(number)).first()
        )
        return found

    def booking(self, request: Request, object_id: object) -> Booking:
        """Raises Http404."""
        found = self.get_object(request, str(object_id))
        if found is None:
            raise Http404("There is no such booking.")
        return found
