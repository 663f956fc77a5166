"""Times on staff pages: made, changed, closed and removed by services alone."""

from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.contrib import admin
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display

from bookings.admin.closing import ClosingMixin
from bookings.admin.filters import PlacesFilter, RoomFilter, SlotWhenFilter
from bookings.admin.forms import TIME_FIELDS, TimeslotForm
from bookings.admin.generator import generate_page
from bookings.models import Booking, Timeslot
from bookings.services import add_slot, delete_slot, edit_slot
from common import clock
from common.http import Request
from common.money import money
from common.staff.asking import Line, Question
from common.staff.deleting import DeletingAdmin
from common.staff.rows import ServiceAdmin, quick_views
from common.staff.words import mark

STATE_COLOURS: Final = {
    "free": "success",
    "full": "warning",
    "closed": "danger",
}


@admin.register(Timeslot)
class TimeslotAdmin(ClosingMixin, DeletingAdmin, ServiceAdmin):
    form = TimeslotForm
    list_display = ("show_when", "show_room", "show_state", "show_places", "show_price")
    list_filter = (SlotWhenFilter, PlacesFilter, RoomFilter)
    list_select_related = ("room",)
    list_before_template = "admin/staff/quick_views.html"
    list_per_page = 100
    search_fields = ("room__name", "blocked_reason")
    search_help_text = "Room, or why it is closed"
    actions = ("block_selected", "unblock_selected", "delete_chosen")
    actions_list = ("generate", "many")
    actions_detail = ("book", "block", "unblock")
    change_form_outer_before_template = "admin/staff/actions.html"
    change_form_outer_after_template = "admin/bookings/timeslot/sections.html"

    # --- May ---------------------------------------------------------------------------------

    def get_actions_detail(self, request: Request, object_id: int) -> list[UnfoldAction]:
        """Close what is open, open what is closed, give away what is free."""
        slot = self.slot(request, object_id)
        hidden = {"block" if slot.is_blocked else "unblock"}
        if not (slot.is_available and slot.start_time > request.at):
            hidden.add("book")
        return [
            button
            for button in super().get_actions_detail(request, object_id)
            if button.action_name.removeprefix("bookings_timeslot_") not in hidden
        ]

    # --- List --------------------------------------------------------------------------------

    def changelist_view(
        self, request: Request, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        views = [
            ("To come", ""),
            ("Today", "when=today"),
            ("Tomorrow", "when=tomorrow"),
            ("Somebody booked", "places=taken"),
            ("Closed by staff", "places=closed"),
            ("Over", "when=past"),
        ]
        context = {"quick_views": quick_views(request, views), **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    def get_ordering(self, request: Request) -> tuple[str, ...]:
        over = request.GET.get("when") in {"past", "all"}
        return ("-start_time", "pk") if over else ("start_time", "pk")

    @display(description="when", header=True, ordering="start_time")
    def show_when(self, slot: Timeslot) -> list[str]:
        zone = slot.room.timezone
        hours = f"{clock.say_time(slot.start_time, zone)}–{clock.say_time(slot.end_time, zone)}"
        return [clock.say_date(slot.start_time, zone), f"{hours} ({clock.place_of(zone)})"]

    @display(description="room", ordering="room__name")
    def show_room(self, slot: Timeslot) -> str:
        return slot.room.name

    @display(description="state", label=STATE_COLOURS)
    def show_state(self, slot: Timeslot) -> tuple[str, str]:
        if slot.is_blocked:
            return "closed", "Closed"
        return ("full", "Full") if slot.places_left == 0 else ("free", "Free")

    @display(description="taken", ordering="taken")
    def show_places(self, slot: Timeslot) -> str:
        return f"{slot.taken} of {slot.max_bookings}"

    @display(description="price")
    def show_price(self, slot: Timeslot) -> str:
        price = slot.effective_price
        return money(price, settings.CURRENCY) if price else "free"

    # --- Form --------------------------------------------------------------------------------

    def get_fieldsets(self, request: Request, obj: Timeslot | None = None) -> Any:
        if obj is None:
            fields = ["room", "day", "starts", "minutes", "price", "max_bookings"]
            return [(None, {"fields": fields})]
        facts = ["show_room_link", "show_full_when", "show_full_state", "show_places"]
        if not self.has_change_permission(request, obj):
            return [(None, {"fields": [*facts, "show_price"]})]
        times = () if _was_booked(obj) else TIME_FIELDS
        return [
            (None, {"fields": facts}),
            ("Change it", {"fields": [*times, "price", "max_bookings"]}),
        ]

    def get_readonly_fields(self, request: Request, obj: Timeslot | None = None) -> list[str]:
        fields = [name for _, part in self.get_fieldsets(request, obj) for name in part["fields"]]
        return [name for name in fields if name.startswith("show_")]

    def get_exclude(self, request: Request, obj: Timeslot | None = None) -> list[str]:
        return ["room"] if obj is not None else []

    def get_form(
        self, request: Request, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        # Django would ask for fields by the names in the fieldsets; some are the form's own.
        names = ("price", "max_bookings") if obj is not None else TimeslotForm.Meta.fields
        form = super().get_form(request, obj, change, **{**kwargs, "fields": names})
        is_fixed = obj is not None and _was_booked(obj)
        return type(form.__name__, (form,), {"is_time_fixed": is_fixed})

    def get_changeform_initial_data(self, request: Request) -> dict[str, Any]:
        return {
            "day": request.at.date(),
            "minutes": 30,
            **super().get_changeform_initial_data(request),
        }

    def formfield_for_foreignkey(self, db_field: Any, request: Request, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        field.empty_label = "Choose a room"
        return field

    def formfield_for_dbfield(self, db_field: Any, request: Request, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "room":
            # Without the buttons that would add or change a room in a window of its own.
            field.widget = field.widget.widget
        return field

    @display(description="room")
    def show_room_link(self, slot: Timeslot) -> str:
        return format_html(
            '<a class="staff-link" href="{}">{}</a>',
            reverse("admin:bookings_room_change", args=[slot.room_id]),
            slot.room.name,
        )

    @display(description="when")
    def show_full_when(self, slot: Timeslot) -> str:
        return str(slot)

    @display(description="state")
    def show_full_state(self, slot: Timeslot) -> str:
        state, said = self.show_state(slot)
        return format_html("{} {}", mark(said, STATE_COLOURS[state]), slot.blocked_reason)

    def save_model(self, request: Request, obj: Timeslot, form: TimeslotForm, change: bool) -> None:
        """By the services, never the row itself: they lock, check and leave the counter alone."""
        given = form.cleaned_data
        if change:
            if changes := form.changes():
                edit_slot(slot_id=obj.pk, changes=changes)
            return
        slot = add_slot(
            room_id=given["room"].pk,
            start=given["start_time"],
            end=given["end_time"],
            price=given["price"],
            max_bookings=given["max_bookings"],
        )
        obj.pk, obj.start_time, obj.end_time = slot.pk, slot.start_time, slot.end_time

    def render_change_form(
        self, request: Request, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        slot = kwargs.get("obj")
        if slot is not None and request.user.has_perm("bookings.view_booking"):
            bookings = Booking.objects.filter(timeslot=slot).select_related("user")
            context["bookings"] = bookings.order_by("pk")
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    def has_desk_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm("bookings.desk_booking"))

    @action(description="Book for a customer", permissions=["desk"], icon="person_add")
    def book(self, request: Request, object_id: str) -> HttpResponse:
        slot = self.slot(request, object_id)
        page = reverse("admin:bookings_booking_book")
        return HttpResponseRedirect(f"{page}?timeslot={slot.pk}")

    # --- Making ------------------------------------------------------------------------------

    @action(description="Make many timeslots", permissions=["add"], icon="calendar_add_on")
    def generate(self, request: Request) -> HttpResponse:
        return generate_page(self, request)

    # --- Delete ------------------------------------------------------------------------------

    def delete_question(self, request: Request, things: Sequence[Timeslot]) -> Question:
        booked = set(
            Booking.objects.filter(timeslot__in=things).values_list("timeslot_id", flat=True)
        )
        lines = [
            Line(
                title=str(slot),
                text=slot.room.name,
                outcome=(
                    "It was booked before, so it stays for the records. Close it instead."
                    if slot.pk in booked
                    else ""
                ),
                is_possible=slot.pk not in booked,
            )
            for slot in things
        ]
        return Question(
            title="Delete this time" if len(things) == 1 else f"Delete {len(things)} times",
            lead="Only times that nobody ever booked can be removed.",
            button="Delete",
            lines=lines,
            is_danger=True,
        )

    def delete_one(self, request: Request, thing: Timeslot) -> str:
        delete_slot(slot_id=thing.pk)
        return f"{thing} is removed."

    def slot(self, request: Request, object_id: object) -> Timeslot:
        """Raises Http404."""
        slot: Timeslot | None = self.get_object(request, str(object_id))
        if slot is None:
            raise Http404("There is no such time.")
        return slot


def _was_booked(slot: Timeslot) -> bool:
    return Booking.objects.filter(timeslot=slot).exists()
