"""Bookings on staff pages: found, looked at, decided about; never written by hand."""

from typing import Any, Final

from django.conf import settings
from django.contrib import admin
from django.http import HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import display

from bookings.admin.at_the_desk import DeskMixin
from bookings.admin.deciding import BUTTONS, DecidingAdmin
from bookings.admin.filters import BookingWhenFilter, PaymentFilter, RoomFilter, StatusFilter
from bookings.emails import mails_about
from bookings.models import Booking
from bookings.querysets import BookingQuerySet
from bookings.states import BookingStatus
from common import clock
from common.http import Request
from common.money import money
from common.staff.rows import quick_views
from common.staff.words import mark, said_stamp

STATUS_COLOURS: Final = {
    BookingStatus.PENDING: "warning",
    BookingStatus.CONFIRMED: "success",
    BookingStatus.CANCELLED: "danger",
    BookingStatus.COMPLETED: "info",
    BookingStatus.NO_SHOW: "default",
}
MONEY_COLOURS: Final = {
    "open": "warning",
    "due": "warning",
    "paid": "success",
    "refunded": "info",
    "none": "default",
}
NEXT_FIRST: Final = {"today", "tomorrow", "week", "coming"}


@admin.register(Booking)
class BookingAdmin(DeskMixin, DecidingAdmin):
    """Found, looked at, decided about."""

    list_display = (
        "show_customer",
        "show_when",
        "show_status",
        "show_money",
        "show_price",
        "show_number",
    )
    list_filter = (StatusFilter, BookingWhenFilter, RoomFilter, PaymentFilter)
    list_select_related = ("user", "room", "timeslot", "payment")
    list_before_template = "admin/staff/quick_views.html"
    list_per_page = 50
    search_fields = ("=pk", "user__email", "user__name")
    search_help_text = "Number, name or e-mail"
    actions_detail = ("take_money", "give_back", "move", "note", *BUTTONS)
    change_form_outer_before_template = "admin/staff/actions.html"
    change_form_outer_after_template = "admin/bookings/booking/sections.html"

    # --- List --------------------------------------------------------------------------------

    def changelist_view(
        self, request: Request, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        views = [
            ("All", ""),
            ("Today", "when=today"),
            ("Tomorrow", "when=tomorrow"),
            ("Next 7 days", "when=week"),
            ("Held, not paid", "status=pending"),
            ("Due at the desk", "payment=due"),
        ]
        context = {"quick_views": quick_views(request, views), **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    def get_ordering(self, request: Request) -> tuple[str, ...]:
        """What comes next first, where only that is asked for; else the latest made first."""
        if request.GET.get("when") in NEXT_FIRST:
            return ("timeslot__start_time", "pk")
        return ("-pk",)

    def get_search_results(
        self, request: Request, queryset: BookingQuerySet, search_term: str
    ) -> tuple[BookingQuerySet, bool]:
        """'12', '#12' and 'Booking 12' are one number."""
        term = search_term.strip()
        number = term.lower().removeprefix("booking").strip().removeprefix("#").strip()
        if number.isdecimal():
            return queryset.filter(pk=int(number)) if len(number) < 10 else queryset.none(), False
        found: tuple[BookingQuerySet, bool] = super().get_search_results(request, queryset, term)
        return found

    @display(description="customer", header=True, ordering="user__email")
    def show_customer(self, booking: Booking) -> list[str]:
        person = booking.user
        return [person.name, person.email] if person.name else [person.email, ""]

    @display(description="when and where", header=True, ordering="timeslot__start_time")
    def show_when(self, booking: Booking) -> list[str]:
        slot, zone = booking.timeslot, booking.room.timezone
        hours = f"{clock.say_time(slot.start_time, zone)}–{clock.say_time(slot.end_time, zone)}"
        day = clock.say_date(slot.start_time, zone)
        return [f"{day}, {hours}", f"{booking.room.name} ({clock.place_of(zone)})"]

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def show_status(self, booking: Booking) -> tuple[str, str]:
        return booking.status, booking.get_status_display()

    @display(description="payment", label=MONEY_COLOURS)
    def show_money(self, booking: Booking) -> tuple[str, str]:
        return _said_money(booking)

    @display(description="price", ordering="price")
    def show_price(self, booking: Booking) -> str:
        return money(booking.price, booking.currency) if booking.price else "free"

    @display(description="no.")
    def show_number(self, booking: Booking) -> str:
        return str(booking.pk)

    def offered(self, booking: Booking, request: Request) -> set[str]:
        return super().offered(booking, request) | self.desk_offers(booking)

    # --- Detail ------------------------------------------------------------------------------

    def get_fieldsets(self, request: Request, obj: Booking | None = None) -> Any:
        facts = ["show_person", "show_full_when", "show_room_link", "show_full_status"]
        paid = ["show_full_money", "show_price", "show_policy"]
        if obj is not None and obj.expires_at:
            facts.append("show_held_until")
            if obj.is_payable(request.at):
                facts.append("show_pay_address")
        if obj is not None and obj.is_cancelled:
            paid = ["show_full_money", "show_price", "show_given_back"]
        more = ["booking_type"] if obj is not None and obj.booking_type else []
        return [
            (None, {"fields": facts}),
            ("Money", {"fields": paid}),
            ("Notes", {"fields": ["show_notes", "show_staff_notes", *more, "show_made"]}),
        ]

    def get_readonly_fields(self, request: Request, obj: Booking | None = None) -> list[str]:
        return [
            name for _title, part in self.get_fieldsets(request, obj) for name in part["fields"]
        ]

    @display(description="status")
    def show_full_status(self, booking: Booking) -> str:
        return mark(booking.get_status_display(), STATUS_COLOURS[BookingStatus(booking.status)])

    @display(description="payment")
    def show_full_money(self, booking: Booking) -> str:
        state, said = _said_money(booking)
        return mark(said, MONEY_COLOURS[state])

    @display(description="customer")
    def show_person(self, booking: Booking) -> str:
        person = booking.user
        return format_html(
            '<a class="staff-link" href="{}">{}</a> {}',
            reverse("admin:accounts_user_change", args=[person.pk]),
            person.get_full_name(),
            person.email if person.name else "",
        )

    @display(description="when")
    def show_full_when(self, booking: Booking) -> str:
        slot = booking.timeslot
        return format_html(
            '<a class="staff-link" href="{}">{}</a>',
            reverse("admin:bookings_timeslot_change", args=[slot.pk]),
            clock.say_span(slot.start_time, slot.end_time, booking.room.timezone),
        )

    @display(description="room")
    def show_room_link(self, booking: Booking) -> str:
        return format_html(
            '<a class="staff-link" href="{}">{}</a>',
            reverse("admin:bookings_room_change", args=[booking.room_id]),
            booking.room.name,
        )

    @display(description="held until")
    def show_held_until(self, booking: Booking) -> str:
        until = booking.expires_at
        return clock.say_moment(until, booking.room.timezone) if until else ""

    @display(description="to pay at")
    def show_pay_address(self, booking: Booking) -> str:
        """For staff to pass on; whoever has it may pay."""
        if booking.payment is None:
            return ""
        address = settings.SITE_URL + reverse("payments:pay", args=[booking.payment.token])
        return format_html('<span class="staff-text">{}</span>', address)

    @display(description="refund policy")
    def show_policy(self, booking: Booking) -> str:
        zone = booking.room.timezone
        return format_html_join(
            "",
            "<div>{}</div>",
            (
                (
                    f"until {clock.say_moment(step.until, zone)}: "
                    f"{money(step.amount, booking.currency)} ({step.percent} %)"
                    if step.until
                    else "then nothing",
                )
                for step in (booking.refund_schedule if booking.price else ())
            ),
        )

    @display(description="given back")
    def show_given_back(self, booking: Booking) -> str:
        if not booking.refunded:
            return "nothing"
        return f"{money(booking.refunded, booking.currency)} ({booking.refund_percent or 0} %)"

    @display(description="from the customer")
    def show_notes(self, booking: Booking) -> str:
        return format_html('<span class="staff-text">{}</span>', booking.notes or "–")

    @display(description="of the staff")
    def show_staff_notes(self, booking: Booking) -> str:
        return format_html('<span class="staff-text">{}</span>', booking.staff_notes or "–")

    @display(description="made")
    def show_made(self, booking: Booking) -> str:
        return said_stamp(booking.created_at, booking.room.timezone)

    def render_change_form(
        self, request: Request, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        booking: Booking = kwargs["obj"]
        payment = booking.payment
        context |= {
            "history": _said_history(booking),
            "payment": payment,
            "attempts": payment.attempts.select_related("taken_by").order_by("pk")
            if payment
            else (),
            "refunds": payment.refunds.select_related(
                "attempt", "retry", "requested_by", "done_by"
            ).order_by("pk")
            if payment
            else (),
            "mails": mails_about(booking),
            "zone": booking.room.timezone,
        }
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer


def _said_money(booking: Booking) -> tuple[str, str]:
    if not booking.price:
        return "none", "Free"
    if booking.is_payment_due:
        return "due", "Due at the desk"
    if booking.payment_status == "pending":
        return ("none", "Never paid") if booking.is_cancelled else ("open", "Not paid")
    return booking.payment_status, booking.get_payment_status_display()


def _said_history(booking: Booking) -> list[dict[str, str]]:
    """Each line of the history in words, by the room's clock."""
    zone = booking.room.timezone
    labels = dict(BookingStatus.choices)
    lines = []
    for change in booking.history.select_related("by").order_by("pk"):
        what = labels.get(change.to_status, change.to_status)
        if change.from_status and change.from_status != change.to_status:
            what = f"{labels.get(change.from_status, change.from_status)} → {what}"
        lines.append(
            {
                "when": f"{clock.say_date(change.at, zone)}, {clock.say_time(change.at, zone)}",
                "what": what,
                "who": str(change.by) if change.by else "by itself",
                "why": change.reason,
            }
        )
    return lines
