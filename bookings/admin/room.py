"""Rooms on staff pages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from bookings.models import Booking, Room
from bookings.pictures import Encoded, encode, small
from bookings.queries import next_free_times
from bookings.services import delete_room, save_room, save_room_picture
from common import clock
from common.errors import InvalidInput
from common.http import Request
from common.money import money
from common.staff.asking import Line, Question
from common.staff.deleting import DeletingAdmin
from common.staff.rows import RefusingForm, ServiceAdmin
from notifications.forms import HoursField
from payments.admin.policy_field import PolicyField, said_policy

EDITED: Final = (
    "name",
    "room_type",
    "description",
    "capacity",
    "is_active",
    "hourly_rate",
    "refund_policy",
    "timezone",
    "min_notice_minutes",
    "max_advance_days",
    "allow_repeat_booking",
    "reminder_hours",
    "staff_email",
    "notify_staff",
)


class RoomForm(RefusingForm, forms.ModelForm[Room]):
    """The room in plain words."""

    fields_by_attr: ClassVar = {"hourlyRate": "hourly_rate"}

    refund_policy = PolicyField(label="Own refund policy", required=False)
    reminder_hours = HoursField(
        label="Own reminders",
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Hours before the start, by comma, as in 24, 2. Empty: the site's own. "
        "none: no reminders.",
    )
    picture = forms.FileField(
        label="New picture",
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        help_text="JPEG, PNG or WebP, at most 8 MB; wide ones look best. "
        "Without one, customers see a pattern drawn from the name.",
    )
    remove_picture = forms.BooleanField(
        label="Remove the picture", required=False, widget=UnfoldBooleanWidget
    )

    class Meta:
        model = Room
        fields = EDITED
        widgets: ClassVar = {"description": UnfoldAdminTextareaWidget(attrs={"rows": 4})}
        labels: ClassVar = {
            "capacity": "Seats",
            "hourly_rate": "Price per hour",
            "min_notice_minutes": "Shortest notice, in minutes",
            "max_advance_days": "How far ahead, in days",
            "allow_repeat_booking": "One person may take several places of one time",
            "is_active": "Can be booked",
        }
        help_texts: ClassVar = {
            "name": "As customers read it.",
            "description": "What awaits them: shown on the booking page and in mails.",
            "capacity": "How many people fit in.",
            "is_active": "Off: nobody can book it any more. Bookings that exist stay.",
            "hourly_rate": "A time costs this much for its length, unless it has a price of its "
            "own. Empty: free.",
            "timezone": "Opening hours and days are meant there, as in Europe/Berlin.",
            "min_notice_minutes": "Later than this many minutes before the start nobody can book.",
            "max_advance_days": "Further ahead than this many days nobody can book yet.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "refund_policy" in self.fields:
            self.fields["refund_policy"].help_text = (
                "How much of the price comes back to who cancels until then. "
                f"Leave it empty for the site's own: {said_policy(settings.REFUND_POLICY)}. "
                "For no refund at all, write 0 hours, 0 %. "
                "Bookings that exist keep the policy they were made under."
            )

    def clean_picture(self) -> Encoded | None:
        """What is kept of the file; what it is, its content tells and not its name."""
        file = self.cleaned_data["picture"]
        if not file:
            return None
        try:
            return encode(file)
        except InvalidInput as refusal:
            raise forms.ValidationError(refusal.message) from None

    def clean(self) -> None:
        super().clean()
        self.refuse()


@admin.register(Room)
class RoomAdmin(DeletingAdmin, ServiceAdmin):
    form = RoomForm
    list_display = (
        "name",
        "room_type",
        "show_zone",
        "show_price",
        "show_bookable",
        "show_next_free",
    )
    list_filter = ("is_active", "room_type")
    search_fields = ("name", "description")
    search_help_text = "Name or description"
    list_per_page = 50
    actions = ("delete_chosen",)
    change_form_outer_before_template = "admin/staff/actions.html"
    actions_detail = ("times", "bookings", "generate")
    fieldsets = (
        (None, {"fields": ("name", "room_type", "description", "capacity", "is_active")}),
        ("Picture", {"fields": ("show_picture", "picture", "remove_picture")}),
        ("Price and refunds", {"fields": ("hourly_rate", "refund_policy")}),
        (
            "When it can be booked",
            {
                "fields": (
                    "timezone",
                    "min_notice_minutes",
                    "max_advance_days",
                    "allow_repeat_booking",
                )
            },
        ),
        ("Reminding customers", {"fields": ("reminder_hours",)}),
        ("Telling the staff", {"fields": ("staff_email", "notify_staff")}),
    )

    def get_fieldsets(self, request: Request, obj: Room | None = None) -> Any:
        """Who may only look sees the refund policy as a sentence."""
        if self.has_change_permission(request, obj):
            if obj is not None and obj.image_url:
                return self.fieldsets
            return [
                (title, {"fields": ("picture",)} if title == "Picture" else part)
                for title, part in self.fieldsets
            ]
        return [
            (
                title,
                {
                    "fields": [
                        "show_policy" if name == "refund_policy" else name
                        for name in part["fields"]
                        if name not in {"picture", "remove_picture"}
                    ]
                },
            )
            for title, part in self.fieldsets
        ]

    def get_readonly_fields(self, request: Request, obj: Room | None = None) -> Sequence[str]:
        if self.has_change_permission(request, obj):
            return ("show_picture",)
        return ("show_policy", "show_picture")

    def formfield_for_dbfield(self, db_field: Any, request: Request, **kwargs: Any) -> Any:
        if db_field.name == "timezone":
            names = [(name, name) for name in sorted(clock.zone_names())]
            return forms.ChoiceField(
                label="Time zone",
                choices=names,
                initial=db_field.get_default(),
                widget=UnfoldAdminSelect2Widget,
                help_text=RoomForm.Meta.help_texts["timezone"],
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: Request, obj: Room, form: RoomForm, change: bool) -> None:
        """By the service alone, and only what was changed. May raise DomainError."""
        names = [name for name in EDITED if not change or name in form.changed_data]
        saved = save_room(
            changes={name: form.cleaned_data[name] for name in names},
            at=request.at,
            room_id=obj.pk if change else None,
        )
        obj.pk = saved.pk
        picture: Encoded | None = form.cleaned_data.get("picture")
        if picture or form.cleaned_data.get("remove_picture"):
            obj.image_url = save_room_picture(room_id=saved.pk, picture=picture).image_url

    @display(description="picture now")
    def show_picture(self, room: Room) -> str:
        if not room.image_url:
            return "None: customers see a pattern drawn from the name."
        return format_html('<img class="staff-picture" src="{}" alt="">', small(room.image_url))

    # --- List --------------------------------------------------------------------------------

    def get_changelist_instance(self, request: Request) -> ChangeList:
        changes: ChangeList = super().get_changelist_instance(request)
        free = next_free_times([room for room in changes.result_list if room.is_active], request.at)
        for room in changes.result_list:
            room.next_free_at = free.get(room.pk)
        return changes

    @display(description="time zone", ordering="timezone")
    def show_zone(self, room: Room) -> str:
        return room.place

    @display(description="price per hour", ordering="hourly_rate")
    def show_price(self, room: Room) -> str:
        return money(room.hourly_rate, settings.CURRENCY) if room.hourly_rate else "free"

    @display(
        description="state",
        ordering="is_active",
        label={"open": "success", "closed": "default"},
    )
    def show_bookable(self, room: Room) -> tuple[str, str]:
        return ("open", "Can be booked") if room.is_active else ("closed", "Switched off")

    @display(description="next free", empty_value="nothing free")
    def show_next_free(self, room: Room) -> str | None:
        at: datetime | None = getattr(room, "next_free_at", None)
        return clock.say_moment(at, room.timezone) if at else None

    @display(description="refund policy")
    def show_policy(self, room: Room) -> str:
        return said_policy(room.policy)

    # --- Ways on -----------------------------------------------------------------------------

    def has_generate_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm("bookings.add_timeslot"))

    def has_bookings_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm("bookings.view_booking"))

    @action(description="Its timeslots", permissions=["view"], icon="calendar_month")
    def times(self, request: Request, object_id: str) -> HttpResponse:
        return _to("admin:bookings_timeslot_changelist", object_id)

    @action(description="Its bookings", permissions=["bookings"], icon="event_available")
    def bookings(self, request: Request, object_id: str) -> HttpResponse:
        return _to("admin:bookings_booking_changelist", object_id)

    @action(description="Make timeslots", permissions=["generate"], icon="calendar_add_on")
    def generate(self, request: Request, object_id: str) -> HttpResponse:
        return _to("admin:bookings_timeslot_generate", object_id)

    # --- Delete ------------------------------------------------------------------------------

    def delete_question(self, request: Request, things: Sequence[Room]) -> Question:
        counts = _booked(things)
        lines = [
            Line(
                title=room.name,
                outcome=(
                    "It was booked before, so it stays for the records: it is only switched off."
                    if counts.get(room.pk)
                    else "Nobody ever booked it: it is removed, and its times with it."
                ),
            )
            for room in things
        ]
        several = len(things) > 1
        button = "Delete or switch off"
        if not several:
            button = "Switch off" if counts else "Delete"
        return Question(
            title="Delete rooms" if several else "Delete this room",
            lead="What was never booked is removed for good; what was booked is switched off.",
            button=button,
            lines=lines,
            is_danger=True,
        )

    def delete_one(self, request: Request, thing: Room) -> str:
        if delete_room(room_id=thing.pk) is None:
            return f"{thing} is removed, and its times with it."
        return (
            f"{thing} was booked before, so it stays for the records; "
            "it is switched off and can't be booked any more."
        )


def _booked(rooms: Sequence[Room]) -> dict[int, int]:
    """How many bookings each of these rooms ever had; rooms without any are missing."""
    rows: QuerySet[Any, Any] = (
        Booking.objects.filter(room__in=rooms)
        .order_by()
        .values_list("room_id")
        .annotate(count=Count("pk"))
    )
    return dict(rows)


def _to(address: str, room_id: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse(address)}?room={room_id}")
