"""What the provider told us by webhook: asked for where it only hints, then applied."""

import logging
from datetime import datetime

from payments.courier.agreements import TRIES, ask_sign_up
from payments.courier.patience import Patience
from payments.errors import AnswerOvertaken, GatewayRefused, GatewayUnavailable, UnreadableEvent
from payments.gateways import gateway
from payments.gateways.base import AgreementHint
from payments.models import BillingAgreement, WebhookEvent
from payments.services import (
    OVERTAKEN,
    Answer,
    agreement_of,
    apply_event,
    note_event_failed,
    put_off_event,
    read_stored,
)
from payments.states import UNAPPLIED

logger = logging.getLogger(__name__)


def take_event(event_id: int, *, at: datetime, patience: Patience | None = None) -> bool:
    """Apply a stored event; on an error note it, so that it comes again. True when it is settled.

    An event that waits for another one is settled for the provider: the beat comes back to it. So
    is one that others overtook each time it was asked about. One that only hints at a subscription
    is settled once the provider has said how that stands; while `patience` with it is over, that
    isn't asked, and the event stays as it is.
    """
    patience = patience or Patience()
    try:
        _apply(event_id, patience, at)
    except NotAsked:
        return False
    except AnswerOvertaken:
        # Nothing is wrong: many ask about one subscription at once.
        logger.info("event %s was overtaken, and is applied in the next round", event_id)
        put_off_event(event_id=event_id, why=OVERTAKEN, at=at)
        return True
    except Exception as error:
        logger.exception("event %s could not be applied", event_id)
        note_event_failed(event_id=event_id, error=f"{type(error).__name__}: {error}", at=at)
        return False
    return True


class NotAsked(Exception):
    """The provider was silent too often just now."""


def _apply(event_id: int, patience: Patience, at: datetime) -> None:
    for left in reversed(range(TRIES)):
        answer = _asked(event_id, patience, at)
        try:
            apply_event(event_id=event_id, at=at, answer=answer)
        except AnswerOvertaken:
            if not left:
                raise
        else:
            return


def _asked(event_id: int, patience: Patience, at: datetime) -> Answer | None:
    """What the provider says of the subscription that this event hints at; None for other events,
    and for the subscriptions of others.
    """
    row = WebhookEvent.objects.get(pk=event_id)
    if row.state not in UNAPPLIED:
        return None
    try:
        subject = read_stored(row)
    except UnreadableEvent:
        # Applying it says so.
        return None
    if not isinstance(subject, AgreementHint):
        return None
    if patience.is_over:
        raise NotAsked
    try:
        answer = _ask(subject.agreement_number, row.provider, at)
    except GatewayUnavailable:
        patience.note(answered=False)
        raise
    patience.note(answered=True)
    return answer


def _ask(number: str, provider: str, at: datetime) -> Answer | None:
    found = agreement_of(number, provider=provider) or _just_begun(number, provider, at)
    if found is None:
        return None
    told = gateway(provider).fetch_agreement(number)
    return Answer(agreement_id=found.pk, seen=found.answers, told=told)


def _just_begun(number: str, provider: str, at: datetime) -> BillingAgreement | None:
    """The agreement of a number that we don't know: its sign-up may not have been heard of yet.

    The number of ours that the provider names is a hint too, which another site on the same account
    may use as well: only the session of our own sign-up ties a subscription to an agreement.
    """
    try:
        told = gateway(provider).fetch_agreement(number)
    except GatewayRefused:
        return None
    named = BillingAgreement.objects.filter(pk=told.agreement_id or 0).first()
    if named is None:
        return None
    ask_sign_up(named, at=at)
    return agreement_of(number, provider=provider)
