"""What a provider tells by webhook: stored first, then applied, each in a transaction of its own.

Nothing here talks to the outside, and the order in which events arrive doesn't matter: each says
how something stands, and what is known already, or newer, is left alone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Sum

from common.errors import InvalidTransition, NotFound
from common.service import service
from common.wake import wake
from payments.errors import AnswerOvertaken, UnreadableEvent
from payments.gateways import gateway
from payments.gateways.base import (
    AgreementHint,
    ProviderAgreement,
    ProviderCharge,
    ProviderDispute,
    ProviderEvent,
    ProviderRefund,
    Session,
    Subject,
)
from payments.models import ZERO, PaymentAttempt, WebhookEvent
from payments.services.agreement import apply_agreement
from payments.services.dispute import apply_dispute
from payments.services.known import agreement_of, attempt_of
from payments.services.refund_elsewhere import apply_refund
from payments.services.settle import apply_session
from payments.states import UNAPPLIED, AttemptState, EventState

# The delivery itself applies it; the beat comes after that.
FIRST_TRY_BY_BEAT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
# Refunds and disputes of money that nobody told us of: as long as the provider itself would try.
STRANGE_AFTER = timedelta(days=3)
WAITS = "waits until what it is about is known"
OVERTAKEN = "others wrote newer answers meanwhile: asked anew"


@service
def store_event(event: ProviderEvent, *, provider: str, at: datetime) -> int:
    """Transaction 1: keep what was told, once. Returns the row's number."""
    try:
        subject = gateway(provider).subject_of(event)
    except UnreadableEvent:
        # Kept all the same: applying it says what is wrong, where staff see it.
        subject = None
    row, _ = WebhookEvent.objects.get_or_create(
        event_id=event.id,
        defaults={
            "provider": provider,
            "kind": event.kind[:100],
            "payload": dict(event.payload),
            "about": subject.provider_payment_id if subject else "",
            "created_at": event.created_at,
            "received_at": at,
            "next_try_at": at + FIRST_TRY_BY_BEAT,
        },
    )
    return row.pk


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the provider said of a subscription when it was asked because of an event.

    `seen` is how many answers had been written before it was asked.
    """

    agreement_id: int
    seen: int
    told: ProviderAgreement


def read_stored(row: WebhookEvent) -> Subject | None:
    """What a stored event tells about. Raises UnreadableEvent."""
    event = ProviderEvent(
        id=row.event_id, kind=row.kind, created_at=row.created_at, payload=row.payload
    )
    return gateway(row.provider).subject_of(event)


@service
def apply_event(*, event_id: int, at: datetime, answer: Answer | None = None) -> EventState:
    """Transaction 2: lock it, apply it once, mark it.

    `answer` is what a hint at a subscription was asked for; without one it waits to be asked.
    Raises AnswerOvertaken when another answer was written meanwhile: ask anew.
    """
    # Events are locked before people and money, by everybody.
    row = WebhookEvent.objects.select_for_update().get(pk=event_id)
    if row.state not in UNAPPLIED:
        return EventState(row.state)
    row.attempts += 1
    subject = read_stored(row)
    is_ours = subject is not None and _is_ours(subject, row.provider)
    if not is_ours or subject is None:
        row.state = EventState.IGNORED
    elif _apply(subject, row, answer, at):
        row.state, row.done_at, row.last_error = EventState.DONE, at, ""
    elif row.received_at <= at - STRANGE_AFTER:
        row.state = EventState.IGNORED
    else:
        row.state, row.last_error = EventState.RECEIVED, WAITS
        row.next_try_at = at + _wait(row.attempts)
    row.save()
    return EventState(row.state)


@service
def note_event_failed(*, event_id: int, error: str, at: datetime) -> None:
    """Transaction 3: the try and its error, unless somebody else has applied it meanwhile."""
    tries = WebhookEvent.objects.values_list("attempts", flat=True).get(pk=event_id)
    WebhookEvent.objects.filter(pk=event_id, state__in=UNAPPLIED).update(
        state=EventState.FAILED,
        attempts=F("attempts") + 1,
        last_error=error,
        next_try_at=at + _wait(tries + 1),
    )


@service
def put_off_event(*, event_id: int, why: str, at: datetime) -> None:
    """Leave it to the beat's next round: nothing is wrong with it."""
    WebhookEvent.objects.filter(pk=event_id, state__in=UNAPPLIED).update(
        state=EventState.RECEIVED, last_error=why, next_try_at=at
    )


@service
def reopen_event(*, event_id: int) -> None:
    """Let a stored event be applied once more, whatever became of it.

    Raises NotFound, InvalidTransition when its content was emptied.
    """
    row = WebhookEvent.objects.select_for_update().filter(pk=event_id).first()
    if row is None:
        raise NotFound("There is no such event.")
    if not row.payload:
        raise InvalidTransition("This event is too old: its content was emptied.")
    row.state = EventState.RECEIVED
    row.save(update_fields=["state"])


@service
def empty_events(*, before: datetime, batch: int = 5_000) -> int:
    """Forget the content of settled events: it names people, and nobody needs it any more.

    Of a bounded batch; returns how many.
    """
    old = WebhookEvent.objects.filter(received_at__lt=before).exclude(state__in=UNAPPLIED)
    full = old.exclude(payload={}).order_by("received_at")
    ids = list(full.values_list("pk", flat=True)[:batch])
    return WebhookEvent.objects.filter(pk__in=ids).update(payload={})


def _is_ours(subject: Subject, provider: str) -> bool:
    """False for what another site has on the same account; of refunds and disputes who knows."""
    if isinstance(subject, Session):
        return attempt_of(subject, provider=provider) is not None
    if isinstance(subject, AgreementHint):
        return agreement_of(subject.agreement_number, provider=provider) is not None
    return True


def _apply(subject: Subject, row: WebhookEvent, answer: Answer | None, at: datetime) -> bool:
    """False when it has to wait for what was not told yet."""
    if isinstance(subject, Session):
        attempt = attempt_of(subject, provider=row.provider)
        assert attempt is not None
        apply_session(attempt_id=attempt.pk, session=subject, at=at)
        return True
    if isinstance(subject, ProviderRefund):
        return apply_refund(subject, at=at)
    if isinstance(subject, ProviderDispute):
        return apply_dispute(subject, told_at=row.created_at, at=at)
    if isinstance(subject, AgreementHint):
        return answer is not None and _apply_answer(answer, at)
    return _compare(subject)


def _apply_answer(answer: Answer, at: datetime) -> bool:
    if not apply_agreement(
        agreement_id=answer.agreement_id, told=answer.told, seen=answer.seen, at=at
    ):
        raise AnswerOvertaken
    return True


def _compare(charge: ProviderCharge) -> bool:
    """True when we know each refund that the charge has counted.

    The charge says how much went back, and not by which refunds: a courier asks for these.
    """
    attempt = PaymentAttempt.objects.filter(
        provider_payment_id=charge.provider_payment_id or None
    ).first()
    if attempt is None:
        return False
    if attempt.status == AttemptState.MISMATCH:
        return True
    told = attempt.refunds.exclude(provider_refund_id="").aggregate(total=Sum("amount"))
    if attempt.captured and (told["total"] or ZERO) >= charge.refunded:
        return True
    wake("payments.ask_refunds", attempt.pk)
    return False


def _wait(tries: int) -> timedelta:
    return min(timedelta(seconds=30 * 2 ** min(tries, 10)), LONGEST_WAIT)
