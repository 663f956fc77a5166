"""The way in: a mail is a row, written in the same transaction as what it tells of."""

import json
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction

from common.wake import wake
from notifications.models import OutgoingMail
from notifications.registry import find_kind

ACCOUNT = "account"
# Somebody waits in front of the page that asks for the code.
ACCOUNT_PRIORITY = 1
KEY_LENGTH = 200


def queue_mail(
    *,
    kind: str,
    to: str,
    key: str,
    context: dict[str, Any],
    at: datetime,
    priority: int = 5,
    copy_of: OutgoingMail | None = None,
    is_first: bool = False,
) -> OutgoingMail:
    """Put a mail into the outbox; a worker builds and sends it after the commit, not before `at`.

    `key` names the occasion ("booking:17:confirmed"): for a key that is known nothing is written
    and the first mail comes back. `context` holds the facts as they are now, in what JSON knows;
    decimals become strings and instants ISO 8601. `priority` 1 goes before 5. `is_first`: the key
    can't be known, since the running transaction has made what it names; it isn't looked for.

    Raises UnknownKind, and ValueError for a key that is empty or longer than 200 characters.
    """
    if not 0 < len(key) <= KEY_LENGTH:
        raise ValueError(f"A mail's key has 1 to {KEY_LENGTH} characters, not {len(key)}.")
    is_secret = find_kind(kind).is_secret
    if not is_first and (earlier := _find(key)) is not None:
        return earlier
    mail = OutgoingMail(
        kind=kind,
        to=to,
        key=key,
        context=frozen(context),
        priority=priority,
        is_secret=is_secret,
        created_at=at,
        next_try_at=at,
        copy_of=copy_of,
    )
    if is_first:
        mail.save(force_insert=True)
    elif (earlier := _insert(mail)) is not None:
        return earlier
    wake("notifications.deliver", mail.pk)
    return mail


def queue_account_mail(
    *, to: str, key: str, subject: str, text: str, html: str, at: datetime
) -> OutgoingMail:
    """Queue a finished mail about somebody's account: a code, a link to reset, a warning.

    Its words are for the receiver alone: staff never see them and they are emptied once sent.
    Without `html` the text is set in the site's own layout.
    """
    return queue_mail(
        kind=ACCOUNT,
        to=to,
        key=key,
        context={"subject": subject, "text": text, "html": html},
        at=at,
        priority=ACCOUNT_PRIORITY,
    )


def _insert(mail: OutgoingMail) -> OutgoingMail | None:
    """Write it, unless somebody was faster with its key: then that mail."""
    try:
        # A savepoint: losing the race for the key must not spoil the caller's transaction.
        with transaction.atomic():
            mail.save(force_insert=True)
    except IntegrityError:
        if (earlier := _find(mail.key)) is not None:
            return earlier
        raise
    return None


def _find(key: str) -> OutgoingMail | None:
    mail = OutgoingMail.objects.filter(key=key).first()
    # MariaDB takes 'A' and 'a' for one key, SQLite doesn't. A mail must not be lost over that.
    if mail is not None and mail.key != key:
        raise ValueError(f"The keys {mail.key!r} and {key!r} differ by case or blanks only.")
    return mail


def frozen(context: dict[str, Any]) -> Any:
    """The facts of a mail as it will be read back, so that the caller's row is the stored row."""
    return json.loads(json.dumps(context, cls=DjangoJSONEncoder, allow_nan=False))
