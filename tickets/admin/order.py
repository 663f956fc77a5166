"""Purchases of tickets on staff pages."""

from typing import Any, Final, cast

from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpResponse
from django.utils.html import format_html_join
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from accounts.models import User
from common import clock
from common.http import HttpResponseSeeOther, Request
from common.money import money
from common.staff.asking import ask, do_each, is_answered
from common.staff.rows import quick_views
from common.staff.words import mark, said_stamp
from payments.admin.refund_question import ReasonForm
from tickets.admin.at_the_door import said_scans, scans_of
from tickets.admin.ending_holds import about_ending, said_places
from tickets.admin.filters import EventFilter, OrderStatusFilter, TicketTypeFilter
from tickets.admin.goods import ORDER_COLOURS, TICKET_COLOURS, GoodsAdmin
from tickets.admin.taking_back import can_be_taken_back
from tickets.emails import mails_about
from tickets.models import Ticket, TicketOrder
from tickets.querysets import OrderQuerySet
from tickets.services import end_hold_by_staff
from tickets.states import OrderStatus, TicketStatus

NUMBER_LENGTH: Final = 10


@admin.register(TicketOrder)
class TicketOrderAdmin(GoodsAdmin):
    list_display = (
        "show_customer",
        "show_event",
        "show_what",
        "show_status",
        "show_amount",
        "show_number",
    )
    list_filter = (OrderStatusFilter, TicketTypeFilter, EventFilter)
    list_select_related = ("user", "event", "tier")
    ordering = ("-pk",)
    search_fields = ("user__email", "user__name", "event__name")
    search_help_text = "Number, name, e-mail or event"
    actions_detail = ("end_hold", "take_all_back", "give_back")
    change_form_outer_after_template = "admin/tickets/ticketorder/sections.html"

    # --- List --------------------------------------------------------------------------------

    def changelist_view(
        self, request: Request, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        views = [
            ("All", ""),
            ("Held, not paid", "status=pending"),
            ("Paid", "status=paid"),
            ("Refunded", "status=refunded"),
            ("Not paid in time", "status=expired"),
        ]
        context = {"quick_views": quick_views(request, views), **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    def get_search_results(
        self, request: Request, queryset: OrderQuerySet, search_term: str
    ) -> tuple[OrderQuerySet, bool]:
        """'12', '#12' and 'Order 12' are one number."""
        term = search_term.strip()
        number = term.lower().removeprefix("order").strip().removeprefix("#").strip()
        if number.isdecimal():
            is_one = len(number) < NUMBER_LENGTH
            return queryset.filter(pk=int(number)) if is_one else queryset.none(), False
        found: tuple[OrderQuerySet, bool] = super().get_search_results(request, queryset, term)
        return found

    @display(description="tickets")
    def show_what(self, order: TicketOrder) -> str:
        return f"{order.quantity} × {order.label}"

    @display(description="status", ordering="status", label=ORDER_COLOURS)
    def show_status(self, order: TicketOrder) -> tuple[str, str]:
        return order.status, order.get_status_display()

    @display(description="amount", ordering="amount")
    def show_amount(self, order: TicketOrder) -> str:
        return money(order.amount, order.currency) if order.amount else "free"

    @display(description="no.", ordering="pk")
    def show_number(self, order: TicketOrder) -> str:
        return str(order.pk)

    # --- Detail ------------------------------------------------------------------------------

    def get_fieldsets(self, request: Request, obj: TicketOrder | None = None) -> Any:
        facts = ["show_person", "show_event_link", "show_what", "show_full_status"]
        if obj is not None and obj.expires_at:
            facts.append("show_held_until")
        paid = ["show_amount", "show_each"]
        if obj is not None and obj.is_paid and obj.amount:
            paid.append("show_policy")
        return [(None, {"fields": [*facts, "show_made"]}), ("Money", {"fields": paid})]

    @display(description="status")
    def show_full_status(self, order: TicketOrder) -> str:
        return mark(order.get_status_display(), ORDER_COLOURS[OrderStatus(order.status)])

    @display(description="held until")
    def show_held_until(self, order: TicketOrder) -> str:
        until = order.expires_at
        return clock.say_moment(until, order.event.timezone) if until else ""

    @display(description="each")
    def show_each(self, order: TicketOrder) -> str:
        return money(order.unit_price, order.currency) if order.unit_price else "free"

    @display(description="refund policy, for one ticket")
    def show_policy(self, order: TicketOrder) -> str:
        zone = order.event.timezone
        return format_html_join(
            "",
            "<div>{}</div>",
            (
                (
                    f"until {clock.say_moment(step.until, zone)}: "
                    f"{money(step.amount, order.currency)} ({step.percent} %)"
                    if step.until
                    else "then nothing",
                )
                for step in order.refund_schedule
            ),
        )

    def render_change_form(
        self, request: Request, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        order: TicketOrder = kwargs["obj"]
        payment = order.payment
        context |= {
            "tickets": [_row(ticket, request) for ticket in order.tickets.all()],
            "sees_tickets": request.user.has_perm("tickets.view_ticket"),
            "scans": said_scans(
                scans_of(ticket__order=order),
                zone=order.event.timezone,
                at=request.at,
                back=request.get_full_path(),
                may_undo=request.user.has_perm("tickets.scan_ticket"),
            ),
            "history": _said_history(order),
            "payment": payment,
            "attempts": payment.attempts.order_by("pk") if payment else (),
            "refunds": payment.refunds.order_by("pk") if payment else (),
            "mails": mails_about(order),
            "zone": order.event.timezone,
        }
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    # --- Taking back ---------------------------------------------------------------------------

    def get_actions_detail(self, request: Request, object_id: int) -> list[UnfoldAction]:
        order: TicketOrder = self.thing(request, object_id)
        possible = {"end_hold": order.is_pending, "take_all_back": bool(_live(order, request))}
        return self.offered(request, object_id, order, possible)

    @action(
        description="End hold",
        permissions=["desk"],
        icon="timer_off",
        variant=ActionVariant.DANGER,
    )
    def end_hold(self, request: Request, object_id: str) -> HttpResponse:
        """Asked first; what was paid meanwhile stays as it is."""
        order: TicketOrder = self.thing(request, object_id)
        form = ReasonForm(request.POST if is_answered(request) else None)
        page = self.page_of(order)
        if order.is_pending and not form.is_valid():
            return ask(self, request, about_ending(order, form), back=page)

        def end(order: TicketOrder) -> str:
            reason = form.cleaned_data["reason"] if form.is_valid() else ""
            by = cast(User, request.user)
            end_hold_by_staff(order_id=order.pk, by=by, at=request.at, reason=reason)
            self.log_change(request, order, f"Hold ended. {reason}".strip())
            return f"The hold is ended; {said_places(order)} on sale again."

        do_each(self, request, [order], end)
        return HttpResponseSeeOther(page)

    @action(
        description="Take tickets back",
        permissions=["desk"],
        icon="event_busy",
        variant=ActionVariant.DANGER,
    )
    def take_all_back(self, request: Request, object_id: str) -> HttpResponse:
        """All that are still valid; used ones are taken back one by one, on their own pages."""
        order: TicketOrder = self.thing(request, object_id)
        live = _live(order, request)
        if not live:
            self.message_user(request, "No ticket of this order is valid any more.", messages.ERROR)
            return HttpResponseSeeOther(self.page_of(order))
        return self.take_back_one(request, order, live)


def _live(order: TicketOrder, request: Request) -> list[Ticket]:
    found = []
    for ticket in order.tickets.all():
        ticket.order, ticket.event = order, order.event
        is_valid = ticket.status == TicketStatus.ACTIVE
        if is_valid and can_be_taken_back(ticket, request.at):
            found.append(ticket)
    return found


def _row(ticket: Ticket, request: Request) -> dict[str, Any]:
    status = TicketStatus(ticket.status_at(request.at))
    return {
        "ticket": ticket,
        "label": status.label,
        "tone": TICKET_COLOURS[status],
        "came_in": said_stamp(ticket.check_in_time),
        "given_back": (
            money(ticket.refund_amount, ticket.order.currency) if ticket.refund_amount else ""
        ),
    }


def _said_history(order: TicketOrder) -> list[dict[str, str]]:
    """What became of the order, and what staff did with it, oldest first."""
    lines = [(order.created_at, f"{order.quantity} × {order.label} ordered", str(order.user), "")]
    payment = order.payment
    if payment is not None and payment.paid_at is not None:
        lines.append((payment.paid_at, "Paid", str(order.user), ""))
    if order.closed_at is not None:
        lines.append((order.closed_at, order.get_status_display(), "", order.close_reason))
    of_order = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(TicketOrder), object_id=str(order.pk)
    ).select_related("user")
    lines += [
        (entry.action_time, entry.get_change_message(), str(entry.user), "") for entry in of_order
    ]
    zone = order.event.timezone
    return [
        {
            "when": f"{clock.say_date(at, zone)}, {clock.say_time(at, zone)}",
            "what": what,
            "who": who or "by itself",
            "why": why,
        }
        for at, what, who, why in sorted(lines, key=lambda line: line[0])
    ]
