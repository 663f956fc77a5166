"""The rows against each other: payments, attempts, refunds, and what was bought with them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, QuerySet

from common.money import money
from common.pages import pages
from common.service import in_one_transaction
from payments.courier.refunds import SEND_AGAIN_AFTER
from payments.differences import Difference, Moment, Remedy
from payments.models import ZERO, Payment, PaymentAttempt, Refund, WebhookEvent
from payments.owed import empty_handed
from payments.policies import GIVE_UP_ON_PROVIDER_AFTER
from payments.purposes import handlers
from payments.states import (
    DESK,
    HOLDING,
    UNAPPLIED,
    AttemptState,
    PaymentState,
    RefundState,
)
from payments.verify.tally import Tally

PAGE = 300


def ledger_differences(
    *, since: datetime | None, now: Moment, tally: Tally
) -> Iterator[Difference]:
    """Every payment made or moved since then (None: ever), and goods without any payment.

    A payment at which something is found is looked at again under its lock, where nobody can be
    half-way through a change of it.
    """
    for page in pages(_payments(since), size=PAGE):
        tally.payments += len(page)
        suspects = {found.payment_id for found in differences_of(page, now=now)}
        for payment_id in sorted(pk for pk in suspects if pk is not None):
            yield from look_again(payment_id, now=now)
    for handler in handlers().values():
        yield from handler.unpaid_goods(since=since, now=now)
    yield from _events(since, now)


def _events(since: datetime | None, now: Moment) -> Iterator[Difference]:
    """What the provider told us and we have not applied, though it was due."""
    events = WebhookEvent.objects.filter(state__in=UNAPPLIED, next_try_at__lt=now.at - now.grace)
    if since is not None:
        events = events.filter(received_at__gte=since)
    for page in pages(events):
        for event in page:
            why = f" ({event.last_error})" if event.last_error else ""
            yield Difference(
                kind="event_not_applied",
                subject=event.pk,
                text=f"event {event.pk} ({event}) of {_said(event.received_at)} isn't applied "
                f"after {event.attempts} tries{why}.",
                remedy=Remedy.APPLY_EVENT,
            )


def look_again(payment_id: int, *, now: Moment) -> list[Difference]:
    """What is wrong with one payment, seen while nobody can change it."""

    def look() -> list[Difference]:
        Payment.objects.locked(payment_id)
        return look_at(payment_id, now=now)

    return in_one_transaction(look)


def look_at(payment_id: int, *, now: Moment) -> list[Difference]:
    """What is wrong with one payment; the caller holds its lock."""
    return list(differences_of(list(_loaded().filter(pk=payment_id)), now=now))


def differences_of(payments: Sequence[Payment], *, now: Moment) -> Iterator[Difference]:
    """What is wrong with these payments; their attempts and refunds are loaded."""
    by_purpose: dict[str, list[Payment]] = {}
    for payment in payments:
        if payment.agreement is not None and payment.agreement.stray_of_id is not None:
            # A second sign-up's: nothing was ever given for it, so its seller knows nothing of it.
            yield from _of_stray(payment)
        else:
            by_purpose.setdefault(payment.purpose, []).append(payment)
        yield from _of_payment(payment, now)
        for attempt in payment.attempts.all():
            yield from _of_attempt(payment, attempt, now)
        for refund in payment.refunds.all():
            yield from _of_refund(payment, refund, now)
    known = handlers()
    for purpose, theirs in by_purpose.items():
        if purpose in known:
            yield from known[purpose].differences(theirs, now=now)
            continue
        for payment in theirs:
            yield Difference(
                kind="unknown_purpose",
                payment_id=payment.pk,
                text=f"{_named(payment)} is for '{purpose}', which nobody here sells.",
            )


def _payments(since: datetime | None) -> QuerySet[Payment]:
    if since is None:
        return _loaded()
    moved = [
        rows.objects.filter(created_at__gte=since).values("payment_id")
        for rows in (PaymentAttempt, Refund)
    ]
    return _loaded().filter(Q(created_at__gte=since) | Q(pk__in=moved[0]) | Q(pk__in=moved[1]))


def _loaded() -> QuerySet[Payment]:
    rows = Payment.objects.select_related("agreement")
    return rows.prefetch_related("attempts__disputes", "refunds__retry")


def _named(payment: Payment) -> str:
    return f"payment {payment.pk} ({payment.description})"


def _of_payment(payment: Payment, now: Moment) -> Iterator[Difference]:
    said = str(payment.get_status_display())
    whole = money(payment.amount, payment.currency)
    captured, refunded = payment.captured, payment.refunded
    taken = money(captured, payment.currency)
    # Nothing is due when a subscription begins with days for trial.
    if payment.is_paid and captured == ZERO < payment.amount:
        yield Difference(
            kind="paid_without_money",
            payment_id=payment.pk,
            text=f"{_named(payment)} of {whole} reads '{said}', and nothing was taken in.",
        )
    if not payment.is_paid and captured > ZERO:
        yield Difference(
            kind="money_not_booked",
            payment_id=payment.pk,
            text=f"{_named(payment)} reads '{said}', and {taken} were taken in.",
        )
    if payment.is_paid and ZERO < captured < payment.amount:
        yield Difference(
            kind="too_little",
            payment_id=payment.pk,
            text=f"{_named(payment)} reads '{said}', and only {taken} of {whole} were taken in.",
        )
    if captured - refunded - payment.disputed > payment.amount:
        kept = money(captured - refunded - payment.disputed, payment.currency)
        yield Difference(
            kind="kept_too_much",
            payment_id=payment.pk,
            text=f"{_named(payment)} of {whole}: {taken} were taken in and {kept} are kept.",
            advice="Give the rest back from the payment's page.",
        )
    if (sure := _at_rest(payment.refunds.all(), payment, now)) > captured:
        given = money(sure, payment.currency)
        yield Difference(
            kind="refunded_too_much",
            payment_id=payment.pk,
            text=f"{_named(payment)}: {given} went or go back, and only {taken} were taken in.",
            advice="Stop what is on its way at the provider, and look who asked for it.",
        )
    if payment.status == PaymentState.OPEN:
        yield from _of_hold(payment, now)


def _of_stray(payment: Payment) -> Iterator[Difference]:
    missing = payment.refundable - payment.failed_refunds
    if not payment.is_paid or missing <= ZERO:
        return
    yield empty_handed(
        payment,
        missing,
        f"{_named(payment)} was collected by a second sign-up, which nobody wanted; "
        f"{money(missing, payment.currency)} of it should go back and doesn't.",
    )


def _of_hold(payment: Payment, now: Moment) -> Iterator[Difference]:
    whole = money(payment.amount, payment.currency)
    if payment.expires_at is None:
        yield Difference(
            kind="hold_without_end",
            payment_id=payment.pk,
            text=f"{_named(payment)} of {whole} waits for money without an end.",
        )
    elif not now.is_fresh(payment.expires_at + GIVE_UP_ON_PROVIDER_AFTER):
        yield Difference(
            kind="hold_outlived",
            payment_id=payment.pk,
            subject=payment.pk,
            text=f"{_named(payment)} of {whole} was held until {_said(payment.expires_at)}, "
            "and is held still.",
            remedy=Remedy.RELEASE,
        )


def _of_attempt(payment: Payment, attempt: PaymentAttempt, now: Moment) -> Iterator[Difference]:
    named = f"{_named(payment)}: attempt {attempt.pk}"
    taken = money(attempt.captured, attempt.currency)
    if attempt.currency != payment.currency:
        yield Difference(
            kind="currency_differs",
            payment_id=payment.pk,
            text=f"{named} is in {attempt.currency}, the payment in {payment.currency}.",
        )
    is_paid = attempt.status == AttemptState.PAID
    if is_paid and attempt.captured != attempt.amount:
        asked = money(attempt.amount, attempt.currency)
        yield Difference(
            kind="captured_differs",
            payment_id=payment.pk,
            text=f"{named} is paid with {taken}, and {asked} were asked for.",
        )
    if not is_paid and attempt.captured > ZERO:
        said = attempt.get_status_display()
        yield Difference(
            kind="captured_unpaid",
            payment_id=payment.pk,
            text=f"{named} reads '{said}', and {taken} were taken in there.",
        )
    if attempt.disputed != attempt.taken_by_banks:
        ours = money(attempt.disputed, attempt.currency)
        theirs = money(attempt.taken_by_banks, attempt.currency)
        yield Difference(
            kind="disputed_differs",
            payment_id=payment.pk,
            text=f"{named} says that banks have taken {ours} of it, and its disputes say {theirs}.",
            advice="Apply the latest event about its dispute again, under 'Told by the provider'.",
        )
    if attempt.is_live and payment.status not in HOLDING:
        over_since = payment.closed_at or payment.paid_at or attempt.created_at
        if not now.is_fresh(max(over_since, attempt.created_at)):
            yield Difference(
                kind="session_left_open",
                payment_id=payment.pk,
                subject=attempt.pk,
                text=f"{named} is still open, and the payment is over since {_said(over_since)}.",
                remedy=Remedy.CLOSE_SESSION,
            )
    its = [refund for refund in payment.refunds.all() if refund.attempt_id == attempt.pk]
    if (given := _at_rest(its, payment, now)) > attempt.captured:
        yield Difference(
            kind="refunded_too_much",
            payment_id=payment.pk,
            text=f"{named}: {money(given, attempt.currency)} of it went or go back, "
            f"and only {taken} were taken in there.",
            advice="Stop what is on its way at the provider, and look who asked for it.",
        )


def _at_rest(refunds: Iterable[Refund], payment: Payment, now: Moment) -> Decimal:
    """What of these went back or will, as far as it is sure.

    One that is just being sent isn't: when the same money was given back at the provider, of which
    we heard only afterwards, the provider refuses ours.
    """
    desk = {attempt.pk for attempt in payment.attempts.all() if attempt.provider == DESK}
    return sum(
        (
            refund.amount
            for refund in refunds
            if refund.is_live and (refund.attempt_id in desk or not _is_under_way(refund, now))
        ),
        ZERO,
    )


def _stuck_since(refund: Refund) -> datetime | None:
    return {
        RefundState.REQUESTED: refund.next_try_at,
        RefundState.SENDING: (refund.claimed_at or refund.created_at) + SEND_AGAIN_AFTER,
    }.get(RefundState(refund.status))


def _is_under_way(refund: Refund, now: Moment) -> bool:
    return now.is_fresh(_stuck_since(refund))


def _of_refund(payment: Payment, refund: Refund, now: Moment) -> Iterator[Difference]:
    amount = money(refund.amount, refund.currency)
    named = f"{_named(payment)}: refund {refund.pk} of {amount}"
    attempts = {attempt.pk: attempt for attempt in payment.attempts.all()}
    if refund.currency != payment.currency:
        yield Difference(
            kind="currency_differs",
            payment_id=payment.pk,
            text=f"{named} is in {refund.currency}, the payment in {payment.currency}.",
        )
    if refund.attempt_id not in attempts:
        yield Difference(
            kind="refund_of_another",
            payment_id=payment.pk,
            text=f"{named} gives back money of attempt {refund.attempt_id}, which is another's.",
        )
        return
    if attempts[refund.attempt_id].provider == DESK:
        return
    stuck_since = _stuck_since(refund)
    if stuck_since is not None and not now.is_fresh(stuck_since):
        yield Difference(
            kind="refund_stuck",
            payment_id=payment.pk,
            subject=refund.pk,
            text=f"{named} was to be sent at {_said(stuck_since)} and wasn't "
            f"({refund.tries} tries so far).",
            remedy=Remedy.SEND_REFUND,
        )
    attempt = attempts[refund.attempt_id]
    # Given back by another way since, or taken by a bank, nothing is owed any more.
    is_owed = _live(payment, attempt) + attempt.disputed < attempt.captured
    if payment.tells_of(refund) and refund.is_retryable and is_owed:
        yield Difference(
            kind="refund_failed",
            payment_id=payment.pk,
            subject=refund.pk,
            text=f"{named} failed ({refund.last_error or 'no reason given'}), "
            "and nobody has tried it again.",
            advice="Try it again from the refund's page; settled otherwise, press 'Seen' on the "
            "payment.",
        )


def _live(payment: Payment, attempt: PaymentAttempt) -> Decimal:
    return sum(
        (
            refund.amount
            for refund in payment.refunds.all()
            if refund.is_live and refund.attempt_id == attempt.pk
        ),
        ZERO,
    )


def _said(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
