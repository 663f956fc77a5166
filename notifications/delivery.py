"""The courier of mails: claim in one transaction, send with none open, record in another.

The only code of this app that talks to the outside. Whatever happens to the worker, the row says
what is left to do: a claim is a lease, and a mail whose worker didn't come back is tried again.
One window can't be closed: a worker that dies after the server took the mail and before the row
says so. The mail then goes out twice, under one Message-ID.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from common.errors import Busy, Throttled
from common.service import in_one_statement, in_one_transaction
from common.throttle import count_one
from notifications import alarm, claiming
from notifications.ahead import Ahead
from notifications.backends import keeps_secret_bodies
from notifications.channels import Channel, EmailChannel
from notifications.diagnosis import (
    Diagnosis,
    Remedy,
    diagnose_address,
    diagnose_build,
    diagnose_send,
)
from notifications.errors import NoLongerTrue
from notifications.models import MailAttachment, OutgoingMail
from notifications.policies import SWEEP_LIMIT, SWEEP_TIME, is_given_up, retry_delay
from notifications.registry import Message, find_kind
from notifications.rendering import one_line
from notifications.states import MailState

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]

LOST_WORKER: Final = Diagnosis(
    Remedy.TRY_LATER,
    "The worker stopped while sending this mail. Should it have gone out already, it comes twice.",
)


ENDS: Final = {Remedy.GIVE_UP: MailState.FAILED, Remedy.DROP: MailState.DROPPED}


@dataclass
class Sweep:
    """What a sweep did: mails sent, put off, given up, and taken back from lost workers."""

    sent: int = 0
    put_off: int = 0
    given_up: int = 0
    dropped: int = 0
    taken_back: int = 0

    def count(self, trouble: Diagnosis | None) -> None:
        if trouble is None:
            self.sent += 1
        elif trouble.remedy is Remedy.GIVE_UP:
            self.given_up += 1
        elif trouble.remedy is Remedy.DROP:
            self.dropped += 1
        else:
            self.put_off += 1


def deliver(mail_id: int, *, now: Clock = timezone.now) -> bool:
    """Send this mail if it is due and nobody else is at it. True when it was sent."""
    # Throttled, it stays queued; the sweep takes the most pressing first.
    return _send_all(Ahead([mail_id]), now).sent == 1


def sweep(*, limit: int = SWEEP_LIMIT, now: Clock = timezone.now) -> Sweep:
    """Send what is due over one connection, after taking back what lost workers hold.

    Ends after `limit` mails, after SWEEP_TIME, or when the server can't be reached: then nothing
    more is claimed, so a dead server doesn't use up the tries of every mail. Safe to run twice at
    the same time.
    """
    started = now()
    taken_back = _take_back(started, limit)
    ahead = Ahead(OutgoingMail.objects.most_pressing(started, limit=limit))
    report = _send_all(ahead, now, until=started + SWEEP_TIME)
    report.taken_back = taken_back
    return report


def _send_all(ahead: Ahead, now: Clock, *, until: datetime | None = None) -> Sweep:
    """Claim, send and record one after the other; none is claimed that isn't sent at once."""
    report = Sweep()
    channel: Channel = EmailChannel()
    try:
        mail = _claim_next(ahead, now)
        while mail is not None:
            is_fresh = channel.sent == 0
            outcome = _send_claimed(mail, ahead, channel, now)
            report.count(outcome if isinstance(outcome, Diagnosis) else None)
            if until is not None and now() >= until:
                ahead.stop()
            if isinstance(outcome, Message):
                mail = _record_and_claim_next(mail, outcome, ahead, now)
                continue
            if outcome.is_about_the_server:
                # Some servers hang up after so many mails; a new connection may do.
                channel.hang_up()
                if is_fresh:
                    break
            mail = _claim_next(ahead, now)
    finally:
        channel.hang_up()
    return report


def _claim_next(ahead: Ahead, now: Clock) -> OutgoingMail | None:
    """The first of those ahead that nobody else has taken."""
    while (mail := ahead.next()) is not None:
        if _is_claimed(mail, ahead, now(), before=None):
            return mail
    return None


def _record_and_claim_next(
    mail: OutgoingMail, message: Message, ahead: Ahead, now: Clock
) -> OutgoingMail | None:
    """Note that it was sent and claim the next, in one transaction.

    So the note is never later than the next mail, and a mail costs one commit instead of two.
    """
    at = now()
    following = ahead.next()
    if following is None:
        in_one_transaction(lambda: _record_sent(mail, message, at))
        return None
    try:
        if not message.attachments and not settings.MAILS_PER_MINUTE:
            if _is_claimed_at_once(mail, message, following, at):
                return following
        elif _is_claimed(following, ahead, at, before=lambda: _record_sent(mail, message, at)):
            return following
    except Busy:
        # Whoever holds the next one must not cost us the note that this one went out.
        in_one_transaction(lambda: _record_sent(mail, message, at))
    return _claim_next(ahead, now)


def _is_claimed_at_once(
    mail: OutgoingMail, message: Message, following: OutgoingMail, at: datetime
) -> bool:
    """The usual case: no files to keep, nobody to count for, and so a single statement."""
    claim = claiming.new_claim(following, at=at)
    recorded, taken = in_one_statement(
        lambda: claiming.record_and_take(mail.pk, _as_sent(mail, message, at), following, claim)
    )
    if not recorded:
        logger.warning("mail %s (%s) went out twice", mail.pk, mail.kind)
    if taken:
        claiming.now_claimed(following, claim)
    return taken


def _is_claimed(
    mail: OutgoingMail, ahead: Ahead, at: datetime, *, before: Callable[[], None] | None
) -> bool:
    """Claim this mail, in one transaction with what is to be written before."""
    claim = claiming.new_claim(mail, at=at)

    def work() -> bool:
        if before is not None:
            before()
        try:
            return _take_within_rate(mail, claim)
        except Throttled:
            # The provider has had as many mails as it takes in a minute. The others wait too.
            ahead.stop()
            return False

    taken = in_one_transaction(work)
    if taken:
        claiming.now_claimed(mail, claim)
    return taken


def _take_within_rate(mail: OutgoingMail, claim: claiming.Claim) -> bool:
    """Raises Throttled, and then nothing is claimed."""
    most = settings.MAILS_PER_MINUTE
    if not most:
        return claiming.take(mail, claim)
    # A savepoint: what was written before it stays.
    with transaction.atomic():
        taken = claiming.take(mail, claim)
        if taken:
            # After the claim and undone with it: only what is really sent counts.
            count_one("mail", by="site", most=most, seconds=60, at=claim["claimed_at"])
        return taken


def _send_claimed(
    mail: OutgoingMail, ahead: Ahead, channel: Channel, now: Clock
) -> Message | Diagnosis:
    """Build and send: the message that the server has, else what went wrong and was decided."""
    if (trouble := diagnose_address(mail.to)) is not None:
        return _put_down(mail, trouble, now())
    try:
        ahead.require_truth(mail, at=now())
        message = find_kind(mail.kind).builder(mail)
    except NoLongerTrue as error:
        return _put_down(mail, diagnose_build(error), now())
    # A builder is any app's code: whatever it raises, the mail's row must say so.
    except Exception as error:
        logger.exception("mail %s (%s) can't be built", mail.pk, mail.kind)
        return _put_down(mail, diagnose_build(error), now())
    try:
        channel.send(mail, message)
    # Likewise: mail backends are exchangeable and raise what they like.
    except Exception as error:  # noqa: BLE001
        trouble = _put_down(mail, diagnose_send(error), now())
        logger.warning("mail %s (%s) was not sent: %s", mail.pk, mail.kind, trouble.words)
        return trouble
    return message


def _record_sent(mail: OutgoingMail, message: Message, at: datetime) -> None:
    if not claiming.record_sent(mail.pk, _as_sent(mail, message, at)):
        logger.warning("mail %s (%s) went out twice", mail.pk, mail.kind)
    elif _is_kept(mail):
        MailAttachment.objects.bulk_create(MailAttachment.as_sent(mail, message))


def _as_sent(mail: OutgoingMail, message: Message, at: datetime) -> dict[str, Any]:
    """What the row says from then on."""
    is_kept = _is_kept(mail)
    emptied: dict[str, Any] = {"context": {}} if mail.is_secret else {}
    return {
        "sent_at": at,
        "claim": "",
        "last_error": "",
        "subject": one_line(message.subject),
        "text": message.text if is_kept else "",
        "html": message.html if is_kept else "",
        **emptied,
    }


def _is_kept(mail: OutgoingMail) -> bool:
    return not mail.is_secret or keeps_secret_bodies()


def _put_down(
    mail: OutgoingMail, trouble: Diagnosis, at: datetime, *, delay: timedelta | None = None
) -> Diagnosis:
    """Put the mail off, or give it up for good; returns what was decided.

    `delay` is the policy's unless given.
    """
    trying_for = at - (mail.first_tried_at or at)
    if is_given_up(trying_for=trying_for, is_secret=mail.is_secret):
        trouble = trouble.given_up(mail.tries)
    if delay is None:
        delay = retry_delay(
            tries=mail.tries,
            trying_for=trying_for,
            is_server_down=trouble.is_about_the_server,
            jitter=random.random(),  # noqa: S311
        )
    # Only while the claim is still ours: another worker may have taken the mail over meanwhile.
    ours = OutgoingMail.objects.filter(pk=mail.pk, claim=mail.claim)
    if (end := ENDS.get(trouble.remedy)) is not None:
        context = {} if mail.is_secret else mail.context

        def end_it() -> None:
            moved = ours.move_to(end, claim="", last_error=trouble.words, context=context)
            if moved and end == MailState.FAILED:
                alarm.tell_staff(mail, why=trouble.words, at=at)

        in_one_transaction(end_it)
    else:
        next_try_at = at + delay
        in_one_transaction(
            lambda: ours.move_to(
                MailState.RETRYING, claim="", last_error=trouble.words, next_try_at=next_try_at
            )
        )
    return trouble


def _take_back(at: datetime, limit: int) -> int:
    """Free the mails of workers whose lease ran out; they are due at once."""
    lost = list(OutgoingMail.objects.stale(at)[:limit])
    for mail in lost:
        _put_down(mail, LOST_WORKER, at, delay=timedelta(0))
    return len(lost)
