"""Bookings against their payments: what `manage.py verify_money` asks of this app."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from bookings.models import Booking
from bookings.states import TAKES_PLACE, BookingStatus, PaymentStatus
from common.money import money, percent_of
from common.pages import pages
from payments.differences import Difference, Moment, Remedy
from payments.models import ZERO, Payment
from payments.owed import empty_handed
from payments.states import HOLDING, PaymentState

# What takes a place and isn't merely held.
GIVEN = tuple(status for status in TAKES_PLACE if status != BookingStatus.PENDING)


def booking_differences(payments: Sequence[Payment], *, now: Moment) -> Iterator[Difference]:
    """Where a booking and its payment disagree."""
    by_payment: dict[int, list[Booking]] = {}
    for booking in Booking.objects.filter(payment__in=payments).select_related("timeslot"):
        by_payment.setdefault(booking.payment_id or 0, []).append(booking)
    for payment in payments:
        bookings = by_payment.get(payment.pk, [])
        if len(bookings) != 1:
            numbers = ", ".join(str(booking.pk) for booking in bookings) or "none"
            yield Difference(
                kind="not_one_booking",
                payment_id=payment.pk,
                text=f"payment {payment.pk} of {money(payment.amount, payment.currency)} is for "
                f"one booking, and there is: {numbers}.",
            )
            continue
        [booking] = bookings
        booking.payment = payment
        yield from _of_states(booking, payment, now)
        yield from _of_money(booking, payment)


def unpaid_bookings(*, since: datetime | None, now: Moment) -> Iterator[Difference]:
    """Bookings that cost something and have no payment."""
    bookings = Booking.objects.filter(payment=None, price__gt=0)
    if since is not None:
        bookings = bookings.filter(created_at__gte=since)
    for page in pages(bookings):
        for booking in page:
            yield Difference(
                kind="goods_without_payment",
                subject=booking.pk,
                text=f"booking {booking.pk} is {booking.get_status_display().lower()} and costs "
                f"{money(booking.price, booking.currency)}, and there is no payment for it.",
            )


def _of_states(booking: Booking, payment: Payment, now: Moment) -> Iterator[Difference]:
    named = f"booking {booking.pk}"
    is_holding = payment.status in HOLDING
    said = payment.get_status_display()
    amount = money(payment.amount, payment.currency)
    if booking.is_pending and payment.is_paid:
        yield Difference(
            kind="paid_not_delivered",
            payment_id=payment.pk,
            text=f"{named} is only held, and payment {payment.pk} of {amount} is paid.",
            remedy=Remedy.DELIVER,
        )
    elif booking.is_pending and payment.status == PaymentState.CLOSED:
        yield Difference(
            kind="held_without_payment",
            payment_id=payment.pk,
            text=f"{named} is still held, and payment {payment.pk} of {amount} is closed.",
            remedy=Remedy.TAKE_BACK,
        )
    elif booking.is_pending and not is_holding:
        yield Difference(
            kind="held_without_payment",
            payment_id=payment.pk,
            text=f"{named} is only held, and payment {payment.pk} of {amount} reads '{said}'.",
        )
    elif booking.is_pending and payment.is_processing:
        if not now.is_fresh(booking.timeslot.start_time):
            yield Difference(
                kind="processing_too_long",
                payment_id=payment.pk,
                text=f"{named} has begun, and the bank still works on payment {payment.pk} "
                f"of {amount}.",
                advice="Look at the provider's page how the payment stands.",
            )
    elif booking.status in GIVEN and not _is_settled(booking, payment):
        yield Difference(
            kind="delivered_unpaid",
            payment_id=payment.pk,
            text=f"{named} is {booking.get_status_display().lower()}, and payment {payment.pk} "
            f"of {amount} reads '{said}'.",
            advice="Take the money at the desk, or cancel the booking.",
        )
    elif booking.is_cancelled and (is_holding or payment.status == PaymentState.DUE):
        yield Difference(
            kind="open_after_the_end",
            payment_id=payment.pk,
            text=f"{named} is cancelled, and payment {payment.pk} of {amount} reads '{said}'.",
            remedy=Remedy.CLOSE_PAYMENT,
        )


def _is_settled(booking: Booking, payment: Payment) -> bool:
    """Paid, or to be paid at the desk; moved to a time that costs nothing, nothing is due."""
    paid = payment.status in {PaymentState.PAID, PaymentState.DUE}
    return paid or (booking.price == ZERO and payment.status == PaymentState.CLOSED)


def _of_money(booking: Booking, payment: Payment) -> Iterator[Difference]:
    named = f"booking {booking.pk}"
    if booking.currency != payment.currency:
        yield Difference(
            kind="currency_differs",
            payment_id=payment.pk,
            text=f"{named} is in {booking.currency}, payment {payment.pk} in {payment.currency}.",
        )
    if booking.price > payment.amount:
        yield Difference(
            kind="price_differs",
            payment_id=payment.pk,
            text=f"{named} costs {money(booking.price, booking.currency)}, and payment "
            f"{payment.pk} is over {money(payment.amount, payment.currency)}.",
        )
    if booking.is_cancelled and payment.is_paid:
        missing = _owed(booking, payment) - payment.refunded - payment.failed_refunds
        if missing > ZERO:
            yield empty_handed(
                payment,
                missing,
                f"{named} is cancelled, {money(payment.captured, payment.currency)} were "
                f"paid, and {money(missing, payment.currency)} of it should go back and doesn't "
                f"(payment {payment.pk}).",
            )
    words = _words(booking, payment)
    if booking.payment_status not in words:
        is_ours = payment.is_paid and not booking.is_pending
        expected = " or ".join(f"'{word.label}'" for word in words)
        yield Difference(
            kind="word_differs",
            payment_id=payment.pk,
            text=f"{named} reads '{booking.get_payment_status_display()}', and payment "
            f"{payment.pk} with {money(payment.captured, payment.currency)} taken in and "
            f"{money(payment.refunded, payment.currency)} given back says {expected}.",
            remedy=Remedy.UPDATE_GOODS if is_ours else Remedy.PERSON,
        )


def _owed(booking: Booking, payment: Payment) -> Decimal:
    """What goes back at least: all of it for what was never given, else what the cancel earned."""
    # What a bank has taken by a dispute isn't owed a second time.
    ours = payment.captured - payment.disputed
    if payment.closed_because:
        return ours
    earned = percent_of(booking.price, booking.refund_percent or 0, booking.currency)
    return min(earned, ours)


def _words(booking: Booking, payment: Payment) -> list[PaymentStatus]:
    """What `paymentStatus` may say of such rows."""
    if booking.price == ZERO and payment.status == PaymentState.CLOSED:
        # Moved to a time that costs nothing before anything was paid.
        return [PaymentStatus.PAID]
    if not payment.is_paid:
        return [PaymentStatus.PENDING]
    if booking.is_pending:
        return [PaymentStatus.PENDING, PaymentStatus.PAID]
    return [PaymentStatus.REFUNDED if booking.reads_refunded else PaymentStatus.PAID]
