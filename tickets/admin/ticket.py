"""Tickets on staff pages: found by code, name or e-mail; exported; taken back."""

from typing import Any, Final, cast

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from common import clock
from common.http import Request
from common.money import money
from common.staff.asking import too_many
from common.staff.rows import quick_views
from common.staff.words import mark
from tickets.admin.at_the_door import AtTheDoorAdmin, deeds_for, said_scans, scans_of
from tickets.admin.export import FORMATS, exported
from tickets.admin.filters import (
    EventFilter,
    InsideFilter,
    TicketStatusFilter,
    TicketTypeFilter,
    chosen_event,
)
from tickets.admin.goods import TICKET_COLOURS
from tickets.admin.taking_back import can_be_taken_back
from tickets.codes import LENGTH, normalize
from tickets.emails import mails_about
from tickets.history import history_of
from tickets.models import Ticket
from tickets.querysets import TicketQuerySet
from tickets.states import TicketStatus

NUMBER_LENGTH: Final = 10


@admin.register(Ticket)
class TicketAdmin(AtTheDoorAdmin):
    list_display = (
        "show_customer",
        "show_door",
        "show_code",
        "show_event",
        "show_status",
        "show_came_in",
        "show_price",
    )
    list_filter = (TicketStatusFilter, TicketTypeFilter, InsideFilter, EventFilter)
    list_select_related = ("user", "event", "order__tier")
    ordering = ("-pk",)
    list_before_template = "admin/tickets/ticket/above_list.html"
    search_fields = ("user__email", "user__name")
    search_help_text = "Code, name, e-mail or number"
    actions = ("take_back_selected",)
    actions_detail = ("take_one_back", "give_back")
    change_form_outer_after_template = "admin/tickets/ticket/sections.html"

    # --- List --------------------------------------------------------------------------------

    def changelist_view(
        self, request: Request, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        event = chosen_event(request)
        of_event = f"event={event.pk}" if event else ""
        views = [
            (label, "&".join(part for part in (of_event, query) if part))
            for label, query in (
                ("All", ""),
                ("Valid", "status=active"),
                ("Inside now", "door=inside"),
                ("Has come in", "door=in"),
                ("Expired", "status=expired"),
                ("Cancelled", "status=cancelled"),
                ("Refunded", "status=refunded"),
            )
        ]
        context = {
            "quick_views": quick_views(request, views),
            "chosen": event,
            "exports": [
                (file_format.upper(), f"{self._export_address(file_format)}?{_query(request)}")
                for file_format in FORMATS
            ],
            **({"title": f"Tickets for {event.name}"} if event else {}),
            **(extra_context or {}),
        }
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Without the event where there is only one; only there people are let in by name."""
        one = chosen_event(request) is not None
        hidden = "show_event" if one else "show_door"
        return tuple(name for name in self.list_display if name != hidden)

    def get_search_results(
        self, request: Request, queryset: TicketQuerySet, search_term: str
    ) -> tuple[TicketQuerySet, bool]:
        """A code in any grouping; '12', '#12' and 'Ticket 12' are one number."""
        term = search_term.strip()
        number = term.lower().removeprefix("ticket").strip().removeprefix("#").strip()
        if number.isdecimal() and len(number) < NUMBER_LENGTH:
            return queryset.filter(pk=int(number)), False
        code = normalize(term)
        if len(code) == LENGTH and "@" not in term:
            by_code = queryset.filter(ticket_code=code)
            if by_code.exists():
                return by_code, False
        found: tuple[TicketQuerySet, bool] = super().get_search_results(request, queryset, term)
        return found

    @display(description="ticket", header=True, ordering="ticket_type")
    def show_code(self, ticket: Ticket) -> list[str]:
        return [ticket.order.label, ticket.code_in_groups]

    @display(description="status", ordering="status", label=TICKET_COLOURS)
    def show_status(self, ticket: Ticket) -> tuple[str, str]:
        return _reads_now(ticket)

    @display(description="came in", ordering="check_in_time")
    def show_came_in(self, ticket: Ticket) -> str:
        at, zone = ticket.check_in_time, ticket.event.timezone
        return f"{clock.say_date(at, zone)}, {clock.say_time(at, zone)}" if at else ""

    @display(description="price", ordering="price_paid")
    def show_price(self, ticket: Ticket) -> str:
        return money(ticket.price_paid, ticket.order.currency) if ticket.price_paid else "free"

    def get_changelist_instance(self, request: Request) -> ChangeList:
        changes: ChangeList = super().get_changelist_instance(request)
        may_scan, back = self.may_scan(request), request.get_full_path()
        for ticket in changes.result_list:
            ticket.reads_as = ticket.status_at(request.at)
            ticket.deeds = deeds_for(ticket, at=request.at, back=back) if may_scan else []
        return changes

    def get_object(self, request: Request, object_id: str, from_field: str | None = None) -> Any:
        ticket = super().get_object(request, object_id, from_field)
        if ticket is not None:
            ticket.reads_as = ticket.status_at(request.at)
        return ticket

    # --- Export --------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        own = path("export/<slug:file_format>/", view, name="tickets_ticket_export")
        return [own, *super().get_urls()]

    def export_view(self, request: Request, file_format: str) -> HttpResponseBase:
        """The rows of the list as it is searched and filtered, all of its pages."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if file_format not in FORMATS:
            raise Http404("There is no such format.")
        try:
            changes = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            raise Http404("There is no such list.") from None
        tickets = cast(TicketQuerySet, changes.queryset).with_everything()
        name = f"tickets-{chosen.pk}" if (chosen := chosen_event(request)) else "tickets"
        return exported(tickets, file_format, name=name, at=request.at)

    def _export_address(self, file_format: str) -> str:
        return reverse("admin:tickets_ticket_export", args=[file_format])

    # --- Detail ------------------------------------------------------------------------------

    def get_fieldsets(self, request: Request, obj: Ticket | None = None) -> Any:
        paid = ["show_price", "show_order_link"]
        if obj is not None and obj.cancelled_at is not None:
            paid.append("show_given_back")
        return [
            (
                None,
                {
                    "fields": [
                        "show_person",
                        "show_event_link",
                        "show_kind",
                        "show_full_code",
                        "show_full_status",
                        "show_valid",
                        "show_came_in",
                    ]
                },
            ),
            ("Money", {"fields": [*paid, "show_made"]}),
        ]

    @display(description="kind")
    def show_kind(self, ticket: Ticket) -> str:
        return ticket.order.label

    @display(description="code")
    def show_full_code(self, ticket: Ticket) -> str:
        return format_html('<code class="staff-code">{}</code>', ticket.code_in_groups)

    @display(description="status")
    def show_full_status(self, ticket: Ticket) -> str:
        status, said = _reads_now(ticket)
        return mark(said, TICKET_COLOURS[TicketStatus(status)])

    @display(description="lets in")
    def show_valid(self, ticket: Ticket) -> str:
        return clock.say_span(ticket.valid_from, ticket.valid_until, ticket.event.timezone)

    @display(description="order")
    def show_order_link(self, ticket: Ticket) -> str:
        return format_html(
            '<a class="staff-link" href="{}">{}</a>',
            reverse("admin:tickets_ticketorder_change", args=[ticket.order_id]),
            str(ticket.order),
        )

    @display(description="given back")
    def show_given_back(self, ticket: Ticket) -> str:
        if not ticket.refund_amount:
            return "nothing"
        currency = ticket.order.currency
        return f"{money(ticket.refund_amount, currency)} ({ticket.refund_percent or 0} %)"

    def render_change_form(
        self, request: Request, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        ticket: Ticket = kwargs["obj"]
        may_scan, back = self.may_scan(request), request.get_full_path()
        context |= {
            "attention": ticket.order.payment.attention if ticket.order.payment else "",
            "history": _said_history(ticket),
            "deeds": deeds_for(ticket, at=request.at, back=back) if may_scan else [],
            "scans": said_scans(
                scans_of(ticket=ticket),
                zone=ticket.event.timezone,
                at=request.at,
                back=back,
                may_undo=may_scan,
            ),
            "mails": mails_about(ticket.order),
            "zone": ticket.event.timezone,
        }
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    # --- Taking back ---------------------------------------------------------------------------

    def get_actions_detail(self, request: Request, object_id: int) -> list[UnfoldAction]:
        ticket: Ticket = self.thing(request, object_id)
        possible = {"take_one_back": can_be_taken_back(ticket, request.at)}
        return self.offered(request, object_id, ticket, possible)

    @action(
        description="Take back",
        permissions=["desk"],
        icon="event_busy",
        variant=ActionVariant.DANGER,
    )
    def take_one_back(self, request: Request, object_id: str) -> HttpResponse:
        ticket: Ticket = self.thing(request, object_id)
        return self.take_back_one(request, ticket, [ticket])

    @admin.action(description="Take back …", permissions=["desk"])
    def take_back_selected(
        self, request: Request, queryset: QuerySet[Ticket]
    ) -> HttpResponse | None:
        if too_many(self, request, queryset.count()):
            return None
        tickets = list(
            cast(TicketQuerySet, queryset)
            .with_everything()
            .prefetch_related("order__payment__attempts", "order__payment__refunds")
        )
        pks = [ticket.pk for ticket in tickets]
        return self.take_back(request, tickets, back=request.get_full_path(), pks=pks)


def _reads_now(ticket: Ticket) -> tuple[str, str]:
    """Past its time it is expired, whether or not the beat has said so."""
    status = TicketStatus(ticket.reads_as)  # type: ignore[attr-defined]
    return status.value, str(status.label)


def _said_history(ticket: Ticket) -> list[dict[str, str]]:
    """Each line in words, by the event's clock."""
    zone = ticket.event.timezone
    labels = dict(TicketStatus.choices)
    return [
        {
            "when": f"{clock.say_date(line.at, zone)}, {clock.say_time(line.at, zone)}",
            "what": " → ".join(
                str(labels[TicketStatus(status)])
                for status in (line.from_status, line.to_status)
                if status
            ),
            "who": str(line.by) if line.by else "by itself",
            "why": line.reason,
        }
        for line in history_of(ticket)
    ]


def _query(request: HttpRequest) -> str:
    """Search and filters as they stand, without the page."""
    query = request.GET.copy()
    query.pop("p", None)
    return query.urlencode()
