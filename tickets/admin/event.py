"""Events on staff pages: made and changed by services alone."""

from collections.abc import Sequence
from typing import Any, Final, cast

from django import forms
from django.contrib import admin
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelect2Widget

from accounts.models import User
from common import clock
from common.http import Request
from common.staff.asking import Question
from common.staff.deleting import DeletingAdmin
from common.staff.rows import ServiceAdmin, quick_views
from common.staff.words import mark
from payments.admin.policy_field import said_policy
from tickets.admin.at_the_door import said_scans
from tickets.admin.event_deeds import EventDeedsAdmin
from tickets.admin.event_doors import EventDoorsAdmin
from tickets.admin.event_form import OFFER, EventForm
from tickets.admin.event_questions import about_deleting, said_offer, said_when
from tickets.admin.event_sections import (
    said_campaigns,
    said_history,
    said_statistics,
    said_tiers,
)
from tickets.admin.filters import (
    EventStatusFilter,
    EventTypeFilter,
    EventWhenFilter,
    OnlineFilter,
)
from tickets.door import attendance_of, recent_scans
from tickets.models import Event
from tickets.services import delete_event, save_event
from tickets.states import EventStatus, TicketType

STATUS_COLOURS: Final = {
    EventStatus.DRAFT: "warning",
    EventStatus.PUBLISHED: "success",
    EventStatus.CANCELLED: "danger",
    EventStatus.COMPLETED: "info",
}
FACTS: Final = ("show_full_status", "show_full_when", "show_place", "show_full_places")

SCANS_SHOWN: Final = 10


@admin.register(Event)
class EventAdmin(DeletingAdmin, EventDeedsAdmin, EventDoorsAdmin, ServiceAdmin):
    form = EventForm
    list_display = ("show_event", "show_when", "show_status", "show_sold", "show_left")
    list_filter = (EventStatusFilter, EventWhenFilter, EventTypeFilter, OnlineFilter)
    list_before_template = "admin/staff/quick_views.html"
    list_per_page = 50
    search_fields = ("name", "location", "description")
    search_help_text = "Name, place or description"
    actions = ("delete_chosen",)
    change_form_outer_before_template = "admin/staff/actions.html"
    change_form_outer_after_template = "admin/tickets/event/sections.html"

    # --- List --------------------------------------------------------------------------------

    def changelist_view(
        self, request: Request, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        views = [
            ("All", ""),
            ("To come", "when=coming"),
            ("Drafts", "status=draft"),
            ("On sale", "status=published"),
            ("Over", "when=past"),
            ("Cancelled", "status=cancelled"),
        ]
        context = {"quick_views": quick_views(request, views), **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    def get_ordering(self, request: Request) -> tuple[str, ...]:
        """What comes next first, where only that is asked for; else the latest first."""
        is_coming = request.GET.get("when") == "coming"
        return ("start_date", "pk") if is_coming else ("-start_date", "-pk")

    @display(description="event", header=True, ordering="name")
    def show_event(self, event: Event) -> list[str]:
        online = " · online" if event.is_online else ""
        return [event.name, f"{event.get_event_type_display()}{online}"]

    @display(description="when", header=True, ordering="start_date")
    def show_when(self, event: Event) -> list[str]:
        zone = event.timezone
        first, last = (clock.say_date(at, zone) for at in (event.start_date, event.end_date))
        hours = f"{clock.say_time(event.start_date, zone)}–{clock.say_time(event.end_date, zone)}"
        days = first if first == last else f"{first} – {last}"
        return [days, f"{hours} ({clock.place_of(zone)})"]

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def show_status(self, event: Event) -> tuple[str, str]:
        return event.status, event.get_status_display()

    @display(description="sold", header=True, ordering="current_participants")
    def show_sold(self, event: Event) -> list[str]:
        of = "" if event.max_participants is None else f" of {event.max_participants}"
        held = f"{event.held} held, not paid" if event.held else ""
        return [f"{event.current_participants}{of}", held]

    @display(description="left")
    def show_left(self, event: Event) -> str:
        left = event.places_left
        return "no limit" if left is None else str(left) if left else "sold out"

    # --- Form --------------------------------------------------------------------------------

    def has_change_permission(self, request: Request, obj: Event | None = None) -> bool:
        """What was cancelled or is over stays as it was."""
        return not _is_closed(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: Request, obj: Event | None = None) -> bool:
        return not _is_closed(obj) and super().has_delete_permission(request, obj)

    def get_fieldsets(self, request: Request, obj: Event | None = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return [
                (None, {"fields": FACTS}),
                ("Terms", {"fields": ("show_offer", "show_policy", "show_entry", "show_text")}),
            ]
        when: tuple[str, ...] = ("starts", "ends", "timezone", "location")
        about = ("name", "event_type", "description", "image_url")
        place = ("is_online", "online_url")
        facts = []
        if obj is not None:
            facts = [(None, {"fields": FACTS if obj.is_published else FACTS[:1]})]
            if obj.is_published:
                when = ()
        return [
            *facts,
            ("What it is", {"fields": about}),
            ("When and where", {"fields": (*when, *place)}),
            ("Places, price and refunds", {"fields": _money_fields()}),
            *(_offer_fieldset(kind, obj) for kind in TicketType),
            ("At the door", {"fields": ("entry_mode", "doors_open_minutes")}),
            ("Telling the staff", {"fields": ("staff_email", "notify_staff", "shown")}),
        ]

    def get_readonly_fields(self, request: Request, obj: Event | None = None) -> list[str]:
        sets = self.get_fieldsets(request, obj)
        names = [name for _title, part in sets for name in part["fields"]]
        return [name for name in names if isinstance(name, str) and name.startswith("show_")]

    def get_exclude(self, request: Request, obj: Event | None = None) -> list[str]:
        return ["timezone", "location"] if obj is not None and obj.is_published else []

    def get_form(
        self, request: Request, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        # Django would ask for fields by the names in the fieldsets; some are the form's own.
        closed = obj is not None and not self.has_change_permission(request, obj)
        names = () if closed else EventForm.Meta.fields
        form = super().get_form(request, obj, change, **{**kwargs, "fields": names})
        is_fixed = obj is not None and not obj.is_draft
        return type(form.__name__, (form,), {"is_time_fixed": is_fixed})

    def formfield_for_dbfield(self, db_field: Any, request: Request, **kwargs: Any) -> Any:
        if db_field.name == "timezone":
            return forms.ChoiceField(
                label="Time zone",
                choices=[(name, name) for name in sorted(clock.zone_names())],
                initial=db_field.get_default(),
                widget=UnfoldAdminSelect2Widget,
                help_text=EventForm.Meta.help_texts["timezone"],
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: Request, obj: Event, form: EventForm, change: bool) -> None:
        """By the service alone, and only what was changed. May raise DomainError."""
        saved = save_event(
            event_id=obj.pk if change else None,
            fields=form.event_fields(is_new=not change),
            tiers=form.offers(),
            by=cast(User, request.user),
            at=request.at,
        )
        obj.pk = saved.pk

    @display(description="status")
    def show_full_status(self, event: Event) -> str:
        return mark(event.get_status_display(), STATUS_COLOURS[EventStatus(event.status)])

    @display(description="when")
    def show_full_when(self, event: Event) -> str:
        return said_when(event)

    @display(description="where")
    def show_place(self, event: Event) -> str:
        return _place(event)

    @display(description="sold")
    def show_full_places(self, event: Event) -> str:
        sold, held = self.show_sold(event)
        left = event.places_left
        rest = [held, f"{left} left" if left is not None else ""]
        return " · ".join([sold, *(part for part in rest if part)])

    @display(description="offered")
    def show_offer(self, event: Event) -> str:
        return said_offer(event)

    @display(description="refund policy")
    def show_policy(self, event: Event) -> str:
        return said_policy(event.policy)

    @display(description="at the door")
    def show_entry(self, event: Event) -> str:
        return event.get_entry_mode_display()

    @display(description="description")
    def show_text(self, event: Event) -> str:
        return format_html('<span class="staff-text">{}</span>', event.description or "–")

    def render_change_form(
        self, request: Request, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        event: Event | None = kwargs.get("obj")
        # The history below tells more than Django's log of edits.
        context["show_history"] = False
        if event is not None:
            context |= {
                "event": event,
                "tiers": said_tiers(event),
                "history": said_history(event),
                **self._door(request, event),
                **said_campaigns(event),
                "sees_orders": self.has_orders_permission(request),
            }
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    def _door(self, request: Request, event: Event) -> dict[str, Any]:
        """Who has come, and the last scans; nothing before the first ticket."""
        door = attendance_of(event)
        scans = said_scans(
            recent_scans(event, most=SCANS_SHOWN),
            zone=event.timezone,
            at=request.at,
            back=request.get_full_path(),
            may_undo=request.user.has_perm("tickets.scan_ticket"),
        )
        return {"door": door if door.expected or scans else None, "scans": scans}

    # --- Pages of its own ----------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        progress = self.admin_site.admin_view(self.progress_view)
        own = path("<int:event_id>/progress/", progress, name="tickets_event_progress")
        return [own, *super().get_urls()]

    def progress_view(self, request: Request, event_id: int) -> HttpResponse:
        """How far refunds and mails are: a part of the event's page that fetches itself anew."""
        event = self.event(request, event_id)
        context = {"event": event, **said_campaigns(event)}
        return TemplateResponse(request, "admin/tickets/event/progress.html", context)

    @action(description="Statistics", permissions=["view"], icon="monitoring")
    def statistics(self, request: Request, object_id: str) -> HttpResponse:
        event = self.event(request, object_id)
        sees_money = request.user.has_perm("payments.view_payment")
        context = {
            **self.admin_site.each_context(request),
            "title": f"Statistics of {event.name}",
            "opts": self.opts,
            "event": event,
            "when": said_when(event),
            "sees_money": sees_money,
            **said_statistics(event, request.at),
        }
        return TemplateResponse(request, "admin/tickets/event/statistics.html", context)

    # --- Delete ------------------------------------------------------------------------------

    def delete_question(self, request: Request, things: Sequence[Event]) -> Question:
        return about_deleting(things)

    def delete_one(self, request: Request, thing: Event) -> str:
        kept = delete_event(event_id=thing.pk, by=cast(User, request.user), at=request.at)
        if kept is None:
            return f"{thing} is removed."
        return f"{thing} was sold: it is cancelled. Refunds and mails are on their way."


def _is_closed(event: Event | None) -> bool:
    return event is not None and not (event.is_draft or event.is_published)


def _place(event: Event) -> str:
    return "Online" if event.is_online else event.location or "no place yet"


def _money_fields() -> tuple[str, ...]:
    return ("max_participants", "ticket_price", "refund_policy")


def _offer_fieldset(kind: TicketType, event: Event | None) -> tuple[str, dict[str, Any]]:
    """A block for one kind of ticket, folded while it isn't offered."""
    names = [f"{kind}_{name}" for name in OFFER]
    rows = [names[0], names[1], tuple(names[2:4]), tuple(names[4:6]), tuple(names[6:8])]
    return f"{kind.label} tickets", {"fields": rows}
