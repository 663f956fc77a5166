"""The courier of mails: claim in one transaction, send with none open, record in another.

The only code of this app that talks to the outside. Whatever happens to the worker, the row says
what is left to do: a claim is a lease, and a mail whose worker didn't come back is tried again.
One window can't be closed: a worker that dies after the server took the mail and before the row
says so. The mail then goes out twice, under one Message-ID.
"""

import logging
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.core import mail as django_mail
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from common.service import in_one_transaction
from notifications.backends import keeps_secret_bodies
from notifications.diagnosis import (
    Diagnosis,
    Remedy,
    diagnose_address,
    diagnose_build,
    diagnose_send,
)
from notifications.mime import email_message
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


@dataclass
class Sweep:
    """What a sweep did: mails sent, put off, given up, and taken back from lost workers."""

    sent: int = 0
    put_off: int = 0
    given_up: int = 0
    taken_back: int = 0

    def count(self, trouble: Diagnosis | None) -> None:
        if trouble is None:
            self.sent += 1
        elif trouble.remedy is Remedy.GIVE_UP:
            self.given_up += 1
        else:
            self.put_off += 1


@dataclass
class Line:
    """A connection to the mail server, opened when first needed and kept for the next mail."""

    backend: BaseEmailBackend = field(default_factory=django_mail.get_connection)
    sent: int = 0

    def send(self, mail: OutgoingMail, message: Message) -> None:
        """Returns when the server has taken the mail; raises whatever went wrong."""
        prepared = email_message(mail, message, self.backend)
        self.backend.open()
        if self.backend.send_messages([prepared]) != 1:
            raise OSError("the mail backend did not send it")
        self.sent += 1

    def hang_up(self) -> None:
        """Close; the next mail gets a new connection."""
        self.sent = 0
        # The mails are where they are; a server that is rude at the end changes nothing.
        with suppress(OSError):
            self.backend.close()


def deliver(mail_id: int, *, now: Clock = timezone.now) -> bool:
    """Send this mail if it is due and nobody else is at it. True when it was sent."""
    mail = _claim(mail_id, now())
    if mail is None:
        return False
    line = Line()
    try:
        return _send_claimed(mail, line, now) is None
    finally:
        line.hang_up()


def sweep(*, limit: int = SWEEP_LIMIT, now: Clock = timezone.now) -> Sweep:
    """Send what is due over one connection, after taking back what lost workers hold.

    Ends after `limit` mails, after SWEEP_TIME, or when the server can't be reached: then nothing
    more is claimed, so a dead server doesn't use up the tries of every mail. Safe to run twice at
    the same time.
    """
    started = now()
    report = Sweep(taken_back=_take_back(started, limit))
    line = Line()
    try:
        for mail_id in list(OutgoingMail.objects.due(started).values_list("pk", flat=True)[:limit]):
            if now() - started >= SWEEP_TIME:
                break
            mail = _claim(mail_id, now())
            if mail is None:
                continue
            is_fresh_line = line.sent == 0
            trouble = _send_claimed(mail, line, now)
            report.count(trouble)
            if trouble is not None and trouble.is_about_the_server:
                # Some servers hang up after so many mails; a new connection may do.
                line.hang_up()
                if is_fresh_line:
                    break
    finally:
        line.hang_up()
    return report


def _claim(mail_id: int, at: datetime) -> OutgoingMail | None:
    return in_one_transaction(lambda: OutgoingMail.objects.claim(mail_id, at=at))


def _send_claimed(mail: OutgoingMail, line: Line, now: Clock) -> Diagnosis | None:
    """Build, send, record. None when it was sent, else what went wrong and was decided."""
    if (trouble := diagnose_address(mail.to)) is not None:
        return _put_down(mail, trouble, now())
    try:
        message = find_kind(mail.kind).builder(mail)
    # A builder is any app's code: whatever it raises, the mail's row must say so.
    except Exception as error:
        logger.exception("mail %s (%s) can't be built", mail.pk, mail.kind)
        return _put_down(mail, diagnose_build(error), now())
    try:
        line.send(mail, message)
    # Likewise: mail backends are exchangeable and raise what they like.
    except Exception as error:  # noqa: BLE001
        trouble = _put_down(mail, diagnose_send(error), now())
        logger.warning("mail %s (%s) was not sent: %s", mail.pk, mail.kind, trouble.words)
        return trouble
    in_one_transaction(lambda: _record_sent(mail, message, now()))
    return None


def _record_sent(mail: OutgoingMail, message: Message, at: datetime) -> None:
    is_kept = not mail.is_secret or keeps_secret_bodies()
    # Whoever holds the claim now: that the server has the mail is a fact.
    recorded = OutgoingMail.objects.filter(pk=mail.pk).move_to(
        MailState.SENT,
        sent_at=at,
        claim="",
        last_error="",
        subject=one_line(message.subject),
        text=message.text if is_kept else "",
        html=message.html if is_kept else "",
        context={} if mail.is_secret else mail.context,
    )
    if not recorded:
        logger.warning("mail %s (%s) went out twice", mail.pk, mail.kind)
    elif is_kept:
        MailAttachment.objects.bulk_create(MailAttachment.as_sent(mail, message))


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
    if trouble.remedy is Remedy.GIVE_UP:
        context = {} if mail.is_secret else mail.context
        in_one_transaction(
            lambda: ours.move_to(
                MailState.FAILED, claim="", last_error=trouble.words, context=context
            )
        )
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
