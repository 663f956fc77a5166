"""Our rows against the double's books, by somebody who shares no code with `verify_money`.

Says each difference in one sentence. None: nobody paid and is empty-handed, nobody has goods
unpaid, no refund is lost or was made twice, and no place is lost.
"""

import io
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.core.management import call_command
from django.db.models import Sum

from bookings.models import Booking
from bookings.states import BookingStatus
from notifications.models import OutgoingMail
from payments.models import ZERO, Payment, PaymentAttempt, Refund
from payments.states import PaymentState, RefundState
from tests.faults.check_plans import plan_differences
from tests.faults.staff import GOODWILL
from tests.stripe_double import StripeDouble
from tickets.models import TicketOrder
from tickets.states import OrderStatus, TicketStatus

Thing = dict[str, Any]

HAS_THE_PLACE = {BookingStatus.CONFIRMED, BookingStatus.COMPLETED, BookingStatus.NO_SHOW}
# Told once each, however often the worker died over it.
TOLD_ONCE = ("booking_confirmed", "booking_cancelled", "tickets_purchased")


def differences(double: StripeDouble) -> list[str]:
    books = double.books.everything()
    return [
        *_money(books),
        *_refunds(books),
        *_goods(books),
        *plan_differences(books),
        *_mails(),
        *_command("verify_places"),
        # Everything is at rest: nothing may be excused as being on its way.
        *_command("verify_money", "--grace=0"),
    ]


def _owners(books: Thing) -> dict[str, int]:
    """Which payment of ours each charge is for; 0 for a subscription's bill that isn't booked."""
    bills = {
        each["payment"]["payment_intent"]: each["invoice"] for each in books["invoice_payments"]
    }
    booked = dict(
        PaymentAttempt.objects.exclude(invoice_id=None).values_list("invoice_id", "payment_id")
    )
    return {
        charge["id"]: int(
            charge["metadata"].get("payment_id")
            or booked.get(bills.get(charge["payment_intent"]), 0)
        )
        for charge in books["charges"]
    }


def _taken(books: Thing) -> dict[int, Decimal]:
    """What was collected for each of our payments."""
    owners, taken = _owners(books), defaultdict[int, Decimal](lambda: ZERO)
    for charge in books["charges"]:
        if charge["status"] == "succeeded":
            taken[owners[charge["id"]]] += _amount(charge["amount"])
    return taken


def _given_back(books: Thing) -> dict[int, Decimal]:
    owners, given = _owners(books), defaultdict[int, Decimal](lambda: ZERO)
    for refund in books["refunds"]:
        if refund["status"] not in {"failed", "canceled"}:
            given[owners[refund["charge"]]] += _amount(refund["amount"])
    return given


def _money(books: Thing) -> Iterator[str]:
    taken = _taken(books)
    if taken[0]:
        yield f"{taken[0]} were collected for bills that aren't booked"
    for payment in Payment.objects.prefetch_related("attempts"):
        if taken[payment.pk] != payment.captured:
            yield (
                f"payment {payment.pk}: {taken[payment.pk]} were collected and "
                f"{payment.captured} are booked"
            )
        # The sign-up of a trial costs nothing, and is paid all the same.
        is_due = payment.amount > 0 or payment.captured > 0
        if is_due and (payment.captured > 0) != (payment.status == PaymentState.PAID):
            yield f"payment {payment.pk} is {payment.status} with {payment.captured} captured"


def _refunds(books: Thing) -> Iterator[str]:
    given = _given_back(books)
    for payment in Payment.objects.prefetch_related("refunds"):
        booked = sum((refund.amount for refund in payment.refunds.all() if refund.is_live), ZERO)
        if booked != given[payment.pk]:
            yield (
                f"payment {payment.pk}: {given[payment.pk]} went back and {booked} are booked as "
                "going back"
            )
    made: dict[int, int] = defaultdict(int)
    for refund in books["refunds"]:
        number = refund["metadata"].get("refund_id")
        if number and refund["status"] not in {"failed", "canceled"}:
            made[int(number)] += 1
    for number, times in made.items():
        if times > 1:
            yield f"refund {number} was made {times} times"
    for refund in Refund.objects.filter(status=RefundState.SUCCEEDED):
        if not refund.provider_refund_id:
            yield f"refund {refund.pk} is said to be paid back, and has no number at the provider"


def _goods(books: Thing) -> Iterator[str]:
    taken, given = _taken(books), _given_back(books)
    for booking in Booking.objects.select_related("payment"):
        if booking.payment is not None and not booking.payment.attention:
            kept = taken[booking.payment.pk] - given[booking.payment.pk]
            owed = _owed_for_booking(booking) - _goodwill(booking.payment)
            if kept != owed:
                yield f"booking {booking.pk} is {booking.status}: {kept} kept where {owed} are due"
    for order in TicketOrder.objects.select_related("payment"):
        if order.payment is not None and not order.payment.attention:
            kept = taken[order.payment.pk] - given[order.payment.pk]
            owed = _owed_for_order(order) - _goodwill(order.payment)
            if kept != owed:
                yield f"order {order.pk} is {order.status}: {kept} kept where {owed} are due"
        tickets = order.tickets.count()
        due = order.quantity if order.status in {OrderStatus.PAID, OrderStatus.REFUNDED} else 0
        if tickets != due:
            yield f"order {order.pk} is {order.status} and has {tickets} tickets, not {due}"


def _owed_for_booking(booking: Booking) -> Decimal:
    """What this booking has cost its holder in the end, by its own row alone."""
    if booking.status in HAS_THE_PLACE:
        return Decimal(booking.price)
    if booking.status == BookingStatus.CANCELLED and booking.refund_percent is not None:
        return Decimal(booking.price * (100 - booking.refund_percent) / 100)
    return ZERO


def _owed_for_order(order: TicketOrder) -> Decimal:
    dead = {TicketStatus.REFUNDED, TicketStatus.CANCELLED}
    live = order.tickets.exclude(status__in=dead).aggregate(total=Sum("price_paid"))["total"]
    rest = sum(
        (
            ticket.price_paid - (ticket.refund_amount or ZERO)
            for ticket in order.tickets.filter(status__in=dead)
        ),
        ZERO,
    )
    return (live or ZERO) + rest


def _goodwill(payment: Payment) -> Decimal:
    """What staff gave back without a cancel; the goods don't know of it."""
    given = payment.refunds.filter(reason=GOODWILL).exclude(status=RefundState.FAILED)
    return given.aggregate(total=Sum("amount"))["total"] or ZERO


def _mails() -> Iterator[str]:
    told: dict[tuple[str, str], int] = defaultdict(int)
    for mail in OutgoingMail.objects.filter(kind__in=TOLD_ONCE):
        told[mail.kind, mail.to] += 1
    for booking in Booking.objects.select_related("user").filter(status__in=HAS_THE_PLACE):
        times = told["booking_confirmed", booking.user.email]
        if times != 1:
            yield f"booking {booking.pk} was confirmed by {times} mails"
    for order in TicketOrder.objects.select_related("user").filter(status=OrderStatus.PAID):
        times = told["tickets_purchased", order.user.email]
        if times != 1:
            yield f"the tickets of order {order.pk} were told of by {times} mails"


def _command(name: str, *arguments: str) -> Iterator[str]:
    said = io.StringIO()
    try:
        call_command(name, *arguments, stdout=said, stderr=said)
    except SystemExit as end:
        if end.code:
            yield from (f"{name}: {line}" for line in said.getvalue().splitlines() if line.strip())


def _amount(units: int) -> Decimal:
    return Decimal(units) / 100
