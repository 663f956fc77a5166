"""What staff narrow their lists of events, orders and tickets down by."""

from typing import Any, ClassVar, cast

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from common.http import Request
from tickets.models import Event
from tickets.querysets import TicketQuerySet
from tickets.states import EventStatus, EventType, OrderStatus, TicketStatus, TicketType

NUMBER_LENGTH = 10


class ChoiceFilter(admin.SimpleListFilter):
    """By a column of few words, in an address short enough to remember: `?status=paid`."""

    choices_of: ClassVar[list[tuple[str, str]]] = []

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(self.choices_of)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        known = {name for name, _label in self.choices_of}
        return self.narrowed(queryset, value, request) if value in known else queryset

    def narrowed(self, queryset: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return queryset.filter(**{str(self.parameter_name): value})


class EventStatusFilter(ChoiceFilter):
    title = "status"
    parameter_name = "status"
    choices_of = EventStatus.choices


class EventTypeFilter(ChoiceFilter):
    title = "type"
    parameter_name = "event_type"
    choices_of = EventType.choices


class OnlineFilter(ChoiceFilter):
    title = "place"
    parameter_name = "online"
    choices_of = [("yes", "Online"), ("no", "Somewhere")]

    def narrowed(self, queryset: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return queryset.filter(is_online=value == "yes")


class EventWhenFilter(ChoiceFilter):
    title = "when"
    parameter_name = "when"
    choices_of = [("coming", "To come"), ("past", "Over")]

    def narrowed(self, queryset: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        at = cast(Request, request).at
        return queryset.filter(Q(end_date__gt=at) if value == "coming" else Q(end_date__lte=at))


class OrderStatusFilter(ChoiceFilter):
    title = "status"
    parameter_name = "status"
    choices_of = OrderStatus.choices


class TicketTypeFilter(ChoiceFilter):
    title = "type"
    parameter_name = "ticket_type"
    choices_of = TicketType.choices


class TicketStatusFilter(ChoiceFilter):
    """As tickets read now: past its time a valid one is expired, whatever its row says yet."""

    title = "status"
    parameter_name = "status"
    choices_of = TicketStatus.choices

    def narrowed(self, queryset: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return cast(TicketQuerySet, queryset).reading(value, cast(Request, request).at)


class InsideFilter(ChoiceFilter):
    title = "at the door"
    parameter_name = "door"
    choices_of = [("inside", "Is inside"), ("in", "Has come in"), ("not", "Hasn't come in")]

    def narrowed(self, queryset: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        if value == "inside":
            return queryset.filter(is_inside=True)
        return queryset.filter(check_in_time__isnull=value == "not")


class EventFilter(admin.SimpleListFilter):
    """One event, chosen on its own page: a list of all that ever were would be no help."""

    title = "event"
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        event = chosen_event(request)
        return [(request.GET.get("event", ""), event.name if event else "There is no such event")]

    def has_output(self) -> bool:
        return bool(self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        event = chosen_event(request)
        return queryset.filter(event=event) if event else queryset.none()


def chosen_event(request: HttpRequest) -> Event | None:
    """The event that a list is about, if it is about one; looked up once a request."""
    if not hasattr(request, "chosen_event"):
        number = request.GET.get("event", "")
        is_number = number.isdecimal() and len(number) < NUMBER_LENGTH
        found = Event.objects.filter(pk=int(number)).first() if is_number else None
        request.chosen_event = found  # type: ignore[attr-defined]
    return cast(Event | None, request.chosen_event)  # type: ignore[attr-defined]
