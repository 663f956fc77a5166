"""What the lists of orders and of tickets share: looked at, taken back, never written by hand."""

from collections.abc import Sequence
from typing import Any, Final, cast

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display

from accounts.models import User
from common import clock
from common.http import Request
from common.staff.asking import ask, do_each, is_answered
from common.staff.rows import ReadOnlyAdmin
from common.staff.words import said_stamp
from payments.models import ZERO
from tickets.admin.event_questions import said_when
from tickets.admin.taking_back import Lot, deed, form_for, lots_of, question_about
from tickets.models import Ticket, TicketOrder
from tickets.states import OrderStatus, TicketStatus

ORDER_COLOURS: Final = {
    OrderStatus.PENDING: "warning",
    OrderStatus.PAID: "success",
    OrderStatus.CANCELLED: "danger",
    OrderStatus.EXPIRED: "default",
    OrderStatus.REFUNDED: "info",
}
TICKET_COLOURS: Final = {
    TicketStatus.ACTIVE: "success",
    TicketStatus.USED: "info",
    TicketStatus.EXPIRED: "default",
    TicketStatus.CANCELLED: "danger",
    TicketStatus.REFUNDED: "warning",
}


class GoodsAdmin(ReadOnlyAdmin):
    list_before_template = "admin/staff/quick_views.html"
    list_per_page = 50
    change_form_outer_before_template = "admin/staff/actions.html"

    def has_desk_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm("tickets.desk_ticketorder"))

    def get_readonly_fields(self, request: Request, obj: Any = None) -> list[str]:
        return [
            name for _title, part in self.get_fieldsets(request, obj) for name in part["fields"]
        ]

    def get_object(self, request: Request, object_id: str, from_field: str | None = None) -> Any:
        number = str(object_id)
        if not number.isdecimal() or len(number) >= 10:
            return None
        return self.get_queryset(request).with_everything().filter(pk=int(number)).first()

    def thing(self, request: Request, object_id: object) -> Any:
        """Raises Http404."""
        found = self.get_object(request, str(object_id))
        if found is None:
            raise Http404(f"There is no such {self.opts.verbose_name}.")
        return found

    def take_back(
        self, request: Request, tickets: Sequence[Ticket], *, back: str, pks: Sequence[int] = ()
    ) -> HttpResponse | None:
        """The question, as long as it is not answered; None once it was done, and said."""
        by, at, lots = cast(User, request.user), request.at, lots_of(tickets)
        form = form_for(lots, request.POST if is_answered(request) else None, by=by, at=at)
        if not form.is_valid():
            question = question_about(lots, form, by=by, at=at)
            return ask(self, request, question, back=back, pks=pks)
        do = deed(form.cleaned_data, by=by, at=at)

        def take(lot: Lot) -> str:
            said = do(lot)
            # Orders have no lines of who and why of their own; the log of the staff has.
            reason = form.cleaned_data["reason"]
            self.log_change(request, lot.order, f"{said} {reason}".strip())
            return said

        do_each(self, request, lots, take)
        return None

    def page_of(self, thing: Any) -> str:
        return reverse(f"admin:tickets_{self.opts.model_name}_change", args=[thing.pk])

    def take_back_one(
        self, request: Request, thing: Any, tickets: Sequence[Ticket]
    ) -> HttpResponse:
        """For a button of a page."""
        page = self.page_of(thing)
        return self.take_back(request, tickets, back=page) or HttpResponseRedirect(page)

    # --- Money back without taking back --------------------------------------------------------

    def has_discretion_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm("bookings.refund_at_discretion"))

    @action(description="Give money back", permissions=["discretion"], icon="undo")
    def give_back(self, request: Request, object_id: str) -> HttpResponse:
        """Asked on the payment's own page, which leads back here."""
        thing = self.thing(request, object_id)
        page, payment = self.page_of(thing), _order_of(thing).payment
        if payment is None:
            self.message_user(request, "This costs nothing.", messages.WARNING)
            return HttpResponseRedirect(page)
        giving = reverse("admin:payments_payment_give_back", args=[payment.pk])
        return HttpResponseRedirect(f"{giving}?{urlencode({'next': page})}")

    def offered(
        self, request: Request, object_id: int, thing: Any, possible: dict[str, bool]
    ) -> list[UnfoldAction]:
        """The buttons of a page; none that would be refused. `possible` tells of each by name."""
        payment = _order_of(thing).payment
        has_money = payment is not None and payment.refundable > ZERO
        possible = {**possible, "give_back": has_money}
        prefix = f"{self.opts.app_label}_{self.opts.model_name}_"
        return [
            button
            for button in super().get_actions_detail(request, object_id)
            if possible[button.action_name.removeprefix(prefix)]
        ]

    # --- Columns and lines ---------------------------------------------------------------------

    @display(description="customer", header=True, ordering="user__email")
    def show_customer(self, row: TicketOrder | Ticket) -> list[str]:
        person = row.user
        return [person.name, person.email] if person.name else [person.email, ""]

    @display(description="event", header=True, ordering="event__start_date")
    def show_event(self, row: TicketOrder | Ticket) -> list[str]:
        event = row.event
        when = clock.say_date(event.start_date, event.timezone)
        return [event.name, f"{when}, {clock.say_time(event.start_date, event.timezone)}"]

    @display(description="customer")
    def show_person(self, row: TicketOrder | Ticket) -> str:
        person = row.user
        return format_html(
            '<a class="staff-link" href="{}">{}</a> {}',
            reverse("admin:accounts_user_change", args=[person.pk]),
            person.get_full_name(),
            person.email if person.name else "",
        )

    @display(description="event")
    def show_event_link(self, row: TicketOrder | Ticket) -> str:
        return format_html(
            '<a class="staff-link" href="{}">{}</a><br>{}',
            reverse("admin:tickets_event_change", args=[row.event_id]),
            row.event.name,
            said_when(row.event),
        )

    @display(description="made")
    def show_made(self, row: TicketOrder | Ticket) -> str:
        return said_stamp(row.created_at, row.event.timezone)


def _order_of(thing: TicketOrder | Ticket) -> TicketOrder:
    return thing.order if isinstance(thing, Ticket) else thing
