"""What staff narrow their lists down by. Days are those of each room's own clock."""

from typing import Any, ClassVar, Final, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from bookings.models import Room
from bookings.queries import beginning_on
from bookings.states import BookingStatus, PaymentStatus
from common.http import Request
from payments.states import PaymentState

# The first and the last day, counted from today.
DAYS: Final[dict[str, tuple[str, int, int]]] = {
    "today": ("Today", 0, 0),
    "tomorrow": ("Tomorrow", 1, 1),
    "week": ("Next 7 days", 0, 6),
}


class WhenFilter(admin.SimpleListFilter):
    """By the start: today, tomorrow, the next days, what is to come, what is over.

    `slot` leads from the listed row to its timeslot.
    """

    title = "when"
    parameter_name = "when"
    slot: ClassVar[str] = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            *((name, label) for name, (label, _first, _last) in DAYS.items()),
            ("coming", "To come"),
            ("past", "Over"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        if wanted in DAYS:
            _label, first, last = DAYS[wanted]
            return queryset.filter(
                beginning_on(first, last, cast(Request, request).at, slot=self.slot)
            )
        if wanted == "coming":
            return queryset.filter(**{f"{self.slot}end_time__gt": cast(Request, request).at})
        if wanted == "past":
            return queryset.filter(**{f"{self.slot}end_time__lte": cast(Request, request).at})
        return queryset


class BookingWhenFilter(WhenFilter):
    slot = "timeslot__"


class SlotWhenFilter(WhenFilter):
    """Times that are over are of no use in the list unless somebody asks for them."""

    def value(self) -> str:
        return super().value() or "coming"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*super().lookups(request, model_admin), ("all", "All")]

    def choices(self, changelist: ChangeList) -> Any:
        # Without Django's own "All", which would stand for the value that is chosen by default.
        return list(super().choices(changelist))[1:]


class RoomFilter(DropdownFilter):
    """One room, chosen by its name."""

    title = "room"
    parameter_name = "room"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rooms = Room.objects.order_by("name", "pk").values_list("pk", "name")
        return [(str(pk), name) for pk, name in rooms]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value() or ""
        known = {pk for pk, _name in self.lookup_choices}
        return queryset.filter(room_id=int(chosen)) if chosen in known else queryset


class PlacesFilter(admin.SimpleListFilter):
    """Whether somebody could still book: fullness and closing are two things."""

    title = "places"
    parameter_name = "places"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("free", "Free places"),
            ("full", "Full"),
            ("taken", "Somebody booked"),
            ("closed", "Closed by staff"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = {
            "free": Q(is_available=True),
            "full": Q(taken__gte=F("max_bookings")),
            "taken": Q(taken__gt=0),
            "closed": Q(is_blocked=True),
        }
        found = wanted.get(self.value() or "")
        return queryset if found is None else queryset.filter(found)


class PaymentFilter(admin.SimpleListFilter):
    """By the money: as the booking says it, and what is to be paid at the desk."""

    title = "payment"
    parameter_name = "payment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("due", "Due at the desk"),
            *((state.value, state.label) for state in PaymentStatus),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "due":
            return queryset.filter(payment__status=PaymentState.DUE)
        if self.value() in PaymentStatus.values:
            return queryset.filter(payment_status=self.value())
        return queryset


class StatusFilter(admin.SimpleListFilter):
    """By status, in an address short enough to remember: `?status=pending`."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(status.value, status.label) for status in BookingStatus]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(status=self.value()) if self.value() else queryset
