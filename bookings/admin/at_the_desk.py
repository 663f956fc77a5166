"""The desk's buttons: book for somebody, move, take the money, write a note, see the figures."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from unfold.admin import ModelAdmin
from unfold.decorators import action

from bookings.admin.book_page import book_page
from bookings.admin.desk_forms import NotesForm
from bookings.admin.move_page import move_page
from bookings.admin.stats_page import stats_page
from bookings.models import Booking
from bookings.services import save_staff_notes
from common.errors import NotFound
from common.http import Request
from common.staff.asking import Question, ask, is_answered
from payments.models import ZERO


class DeskMixin(ModelAdmin):
    """Beside `DecidingAdmin`, whose `booking` finds the row."""

    actions_list = ("book", "stats")

    def desk_offers(self, booking: Booking) -> set[str]:
        """The names of these buttons that would not be refused now."""
        offered = {"note"}
        if booking.is_confirmed:
            offered.add("move")
        if booking.payment is not None and booking.payment.takes_desk_money:
            offered.add("take_money")
        if booking.payment is not None and booking.payment.refundable > ZERO:
            offered.add("give_back")
        return offered

    @action(description="Book for a customer", permissions=["desk"], icon="person_add")
    def book(self, request: Request) -> HttpResponse:
        return book_page(self, request)

    def has_reports_permission(self, request: Request) -> bool:
        return bool(request.user.has_perm("bookings.view_reports"))

    @action(description="Figures", permissions=["reports"], icon="bar_chart")
    def stats(self, request: Request) -> HttpResponse:
        return stats_page(self, request)

    @action(description="Move", permissions=["desk"], icon="event_repeat")
    def move(self, request: Request, object_id: str) -> HttpResponse:
        booking: Booking = self.booking(request, object_id)
        return move_page(self, request, booking)

    @action(description="Take payment", permissions=["desk"], icon="point_of_sale")
    def take_money(self, request: Request, object_id: str) -> HttpResponse:
        """Asked on the payment's own page, which leads back here."""
        booking: Booking = self.booking(request, object_id)
        page = reverse("admin:bookings_booking_change", args=[booking.pk])
        if booking.payment is None:
            self.message_user(request, "This booking costs nothing.", messages.WARNING)
            return HttpResponseRedirect(page)
        taking = reverse("admin:payments_payment_take_money", args=[booking.payment.pk])
        return HttpResponseRedirect(f"{taking}?{urlencode({'next': page})}")

    def has_discretion_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm("bookings.refund_at_discretion"))

    @action(description="Give money back", permissions=["discretion"], icon="undo")
    def give_back(self, request: Request, object_id: str) -> HttpResponse:
        """Without a cancel; asked on the payment's own page, which leads back here."""
        booking: Booking = self.booking(request, object_id)
        page = reverse("admin:bookings_booking_change", args=[booking.pk])
        if booking.payment is None:
            self.message_user(request, "This booking costs nothing.", messages.WARNING)
            return HttpResponseRedirect(page)
        giving = reverse("admin:payments_payment_give_back", args=[booking.payment.pk])
        return HttpResponseRedirect(f"{giving}?{urlencode({'next': page})}")

    @action(description="Staff notes", permissions=["desk"], icon="edit_note")
    def note(self, request: Request, object_id: str) -> HttpResponse:
        booking: Booking = self.booking(request, object_id)
        page = reverse("admin:bookings_booking_change", args=[booking.pk])
        data = request.POST if is_answered(request) else None
        form = NotesForm(data, initial={"notes": booking.staff_notes})
        if not form.is_valid():
            question = Question(
                title="Notes of the staff",
                lead=f"About {booking} of {booking.user.get_full_name()}. Staff alone read them.",
                button="Save notes",
                form=form,
            )
            return ask(self, request, question, back=page)
        try:
            save_staff_notes(booking_id=booking.pk, notes=form.cleaned_data["notes"])
        except NotFound as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
            return HttpResponseRedirect(reverse("admin:bookings_booking_changelist"))
        self.log_change(request, booking, "Staff notes changed.")
        self.message_user(request, "The notes are saved.", messages.SUCCESS)
        return HttpResponseRedirect(page)
