"""The tick at events and rooms that makes a resource of their link.

Those apps know nothing of resources, so their staff pages are put on again here with it.
"""

from typing import Any

from django import forms
from django.contrib import admin
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from access.models import Resource
from access.services.meeting_links import (
    link_of,
    offer_event_link,
    offer_room_link,
    withdraw_link,
)
from bookings.admin.room import RoomAdmin, RoomForm
from bookings.models import Room
from common.http import Request
from tickets.admin.event import EventAdmin
from tickets.admin.event_form import EventForm
from tickets.models import Event

PERMISSION = "access.change_resource"
# What the forms have beside the columns.
FIELDS = ("meeting_url", "offers_link")


class EventWithLinkForm(EventForm):
    offers_link = forms.BooleanField(
        label="Its link is a resource for ticket holders",
        required=False,
        widget=UnfoldBooleanWidget,
        help_text="It opens by itself while their tickets are valid, and is noted in the access "
        "log. Without it the address stands on their tickets' page.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "offers_link" in self.fields:
            self.fields["offers_link"].initial = link_of(self.instance) is not None

    def clean(self) -> None:
        super().clean()
        wants, is_online = (self.cleaned_data.get(name) for name in ("offers_link", "is_online"))
        if wants and not is_online:
            self.add_error("offers_link", "Only an event that takes place online has a link.")


class RoomWithLinkForm(RoomForm):
    meeting_url = forms.URLField(
        label="Meeting link",
        required=False,
        max_length=1000,
        assume_scheme="https",
        widget=UnfoldAdminTextInputWidget,
        help_text="Where those join who meet here from afar. Kept only with the tick below.",
    )
    offers_link = forms.BooleanField(
        label="Its link is a resource for whoever has booked now",
        required=False,
        widget=UnfoldBooleanWidget,
        help_text="It opens by itself while their time lasts, and is noted in the access log.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found: Resource | None = link_of(self.instance)
        if "offers_link" in self.fields and found is not None:
            self.fields["offers_link"].initial = True
            self.fields["meeting_url"].initial = found.url

    def clean(self) -> None:
        super().clean()
        wants, url = (self.cleaned_data.get(name) for name in ("offers_link", "meeting_url"))
        if wants and not url and "meeting_url" not in self.errors:
            self.add_error("meeting_url", "Write where the link leads, or take away the tick.")


admin.site.unregister(Event)
admin.site.unregister(Room)


@admin.register(Event)
class EventWithLinkAdmin(EventAdmin):
    form = EventWithLinkForm

    def get_fieldsets(self, request: Request, obj: Event | None = None) -> Any:
        sets = super().get_fieldsets(request, obj)
        if not self._writes_link(request, obj):
            return sets
        return [
            (title, {**part, "fields": (*part["fields"], "offers_link")})
            if title == "When and where"
            else (title, part)
            for title, part in sets
        ]

    def save_model(self, request: Request, obj: Event, form: EventForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not self._writes_link(request, obj):
            return
        if form.cleaned_data["offers_link"]:
            offer_event_link(event=Event.objects.get(pk=obj.pk), at=request.at)
        else:
            withdraw_link(of=obj)

    def _writes_link(self, request: Request, event: Event | None) -> bool:
        return self.has_change_permission(request, event) and request.user.has_perm(PERMISSION)


@admin.register(Room)
class RoomWithLinkAdmin(RoomAdmin):
    form = RoomWithLinkForm

    def get_fieldsets(self, request: Request, obj: Room | None = None) -> Any:
        sets = super().get_fieldsets(request, obj)
        return (
            [*sets, ("Meeting online", {"fields": FIELDS})] if self._writes_link(request) else sets
        )

    def save_model(self, request: Request, obj: Room, form: RoomForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not self._writes_link(request):
            return
        if form.cleaned_data["offers_link"]:
            room = Room.objects.get(pk=obj.pk)
            offer_room_link(room=room, url=form.cleaned_data["meeting_url"], at=request.at)
        else:
            withdraw_link(of=obj)

    def delete_one(self, request: Request, thing: Room) -> str:
        pk = thing.pk
        said = super().delete_one(request, thing)
        if not Room.objects.filter(pk=pk).exists():
            # A link to nothing: nobody could open it any more.
            withdraw_link(of=Room(pk=pk))
        return said

    def _writes_link(self, request: Request) -> bool:
        return self.has_change_permission(request) and request.user.has_perm(PERMISSION)
