"""Reminders: planned as rows when something is booked, sent when their time comes.

A row is only an appointment to look again. Whether there is still something to be reminded of is
asked of its owner twice: when it is due, and when the mail is built.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection, transaction

from common.service import service
from common.wake import wake
from notifications.models import OutgoingMail, Reminder, ReminderState
from notifications.outbox import frozen

logger = logging.getLogger(__name__)

BATCH: Final = 500
# A ticket, a code or a cancellation goes before any reminder.
PRIORITY: Final = 8


class Source(Protocol):
    """Who knows what a kind of reminders is about."""

    def recall(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, Any]:
        """Of these reminders (by pk) those that are still true, each with its mail's facts.

        The facts hold the address as `email`. In a bounded number of queries, whatever their
        number: it is called with hundreds at once.
        """

    def still_true(self, reminders: Sequence[Reminder], *, at: datetime) -> set[int]:
        """The same question without the facts: by pk those that `recall` would tell of."""


_sources: dict[str, Source] = {}


def register_source(kind: str, source: Source) -> None:
    """Raises ImproperlyConfigured when the kind is taken."""
    if kind in _sources and type(_sources[kind]) is not type(source):
        raise ImproperlyConfigured(f"Reminders of the kind '{kind}' have a source already.")
    _sources[kind] = source


def plan_reminders(
    kind: str,
    subject_id: int,
    *,
    version: int,
    user_id: int,
    starts_at: datetime,
    hours: Sequence[float],
    at: datetime,
) -> None:
    """Remind this person so many hours before `starts_at`; what is past by now is left out.

    `version` is the subject's own count of its changes: with a new one the reminders are planned
    anew, and those of an older one are found untrue when they are due. Again is harmless.
    """
    due = {
        round(before * 60): starts_at - timedelta(hours=before)
        for before in hours
        if starts_at - timedelta(hours=before) > at
    }
    if not due:
        return
    Reminder.objects.bulk_create(
        [
            Reminder(
                kind=kind,
                subject_id=subject_id,
                version=version,
                user_id=user_id,
                minutes_before=minutes,
                due_at=due_at,
            )
            for minutes, due_at in due.items()
        ],
        # The same person's second order for the same event: one reminder.
        ignore_conflicts=True,
    )


def drop_reminders(kind: str, subject_id: int) -> None:
    """What is planned for it won't be sent."""
    Reminder.objects.planned().filter(kind=kind, subject_id=subject_id).update(
        state=ReminderState.DROPPED
    )


def remind(*, at: datetime, limit: int = 20 * BATCH) -> int:
    """Put the mails of up to `limit` due reminders into the outbox; returns how many.

    Safe to run twice at once, and after dying half-way.
    """
    queued = 0
    for _ in range(-(-limit // BATCH)):
        taken, mails = _remind_some(at=at)
        queued += mails
        if taken < BATCH:
            break
    if queued:
        wake("notifications.sweep")
    return queued


def untrue(mails: Sequence[OutgoingMail], at: datetime) -> Mapping[int, str]:
    """Asked before reminders are built: which of these mails remind of nothing any more."""
    wanted = {mail.context.get("reminder_id"): mail.pk for mail in mails}
    reminders = Reminder.objects.filter(pk__in=[pk for pk in wanted if pk is not None])
    of_kind: dict[str, list[Reminder]] = {}
    for reminder in reminders:
        of_kind.setdefault(reminder.kind, []).append(reminder)
    true = {
        wanted[pk]
        for kind, known in of_kind.items()
        for pk in _sources[kind].still_true(known, at=at)
    }
    why = "what it reminds of was cancelled, moved, is over or isn't wanted"
    return {mail.pk: why for mail in mails if mail.pk not in true}


def _recalled(kind: str, reminders: Sequence[Reminder], at: datetime) -> Mapping[int, Any]:
    """What is still true of these; one that can't be told of must not keep the others waiting."""
    try:
        with transaction.atomic():
            return _sources[kind].recall(reminders, at=at)
    except OperationalError:
        # A deadlock is the whole service's affair: it is tried again.
        raise
    # The source is any app's code.
    except Exception:
        if len(reminders) == 1:
            logger.exception("reminder %s can't be told of and is dropped", reminders[0].pk)
            return {}
    facts: dict[int, Any] = {}
    for reminder in reminders:
        facts |= _recalled(kind, [reminder], at)
    return facts


@service
def _remind_some(*, at: datetime) -> tuple[int, int]:
    """One batch: due rows taken, mails queued, in one transaction."""
    # Two workers at once take different rows; on SQLite one waits for the other.
    skips = connection.features.has_select_for_update_skip_locked
    due = list(Reminder.objects.due(at).select_for_update(skip_locked=skips)[:BATCH])
    facts: dict[int, Any] = {}
    for kind in {reminder.kind for reminder in due}:
        of_kind = [reminder for reminder in due if reminder.kind == kind]
        facts |= _recalled(kind, of_kind, at)
    true = [reminder for reminder in due if reminder.pk in facts]
    OutgoingMail.objects.bulk_create(
        [
            OutgoingMail(
                kind=reminder.kind,
                to=facts[reminder.pk]["email"],
                key=f"reminder:{reminder.pk}",
                context=frozen(facts[reminder.pk] | {"reminder_id": reminder.pk}),
                priority=PRIORITY,
                created_at=at,
                next_try_at=at,
            )
            for reminder in true
        ]
    )
    untrue = [reminder.pk for reminder in due if reminder.pk not in facts]
    Reminder.objects.filter(pk__in=[reminder.pk for reminder in true]).update(
        state=ReminderState.QUEUED
    )
    Reminder.objects.filter(pk__in=untrue).update(state=ReminderState.DROPPED)
    return len(due), len(true)
