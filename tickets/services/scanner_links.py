"""Links by which a borrowed phone may scan, and nothing else."""

import secrets
from datetime import datetime
from typing import Final
from uuid import UUID

from accounts.models import User
from common.errors import InvalidInput, NotFound
from common.people import lock_people
from common.service import service
from tickets.errors import LinkAlreadyMade
from tickets.models import Event, ScannerLink

# 256 bits.
TOKEN_BYTES: Final = 32
LONGEST_GATE: Final = 100


@service
def make_scanner_link(
    *,
    event_id: int,
    gate: str,
    expires_at: datetime,
    by: User,
    at: datetime,
    form_key: UUID | None = None,
) -> tuple[ScannerLink, str]:
    """A link for one gate of one event until a time, and its token, which isn't kept.

    `form_key` makes one link at most, however often the form with it is sent.

    Raises NotFound, InvalidInput (no name for the gate, a time that has passed), LinkAlreadyMade.
    """
    gate = " ".join(gate.split())
    if not gate:
        raise InvalidInput("Give the gate a name.", attr="gate")
    if len(gate) > LONGEST_GATE:
        raise InvalidInput(f"A gate's name has at most {LONGEST_GATE} characters.", attr="gate")
    if expires_at <= at:
        raise InvalidInput("A link works until a time that is still to come.", attr="expiresAt")
    lock_people(by.pk)
    if not Event.objects.filter(pk=event_id).exists():
        raise NotFound("There is no such event.")
    if form_key is not None:
        _refuse_a_repeat(form_key)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    link = ScannerLink.objects.create(
        event_id=event_id,
        gate=gate,
        token_hash=ScannerLink.hash_of(token),
        expires_at=expires_at,
        created_by=by,
        created_at=at,
        form_key=form_key,
    )
    return link, token


def _refuse_a_repeat(form_key: UUID) -> None:
    """The caller holds the row of the person who was given this form, so its twin waits."""
    made = ScannerLink.objects.filter(form_key=form_key).first()
    if made is None:
        return
    if made.is_revoked:
        raise LinkAlreadyMade(
            f"The link for {made.gate} was made and is switched off by now. Nothing new was made."
        )
    raise LinkAlreadyMade(
        f"The link for {made.gate} is made already, and it is shown only once. Nothing new was "
        "made. If no phone has it, switch it off in the list and make another."
    )


@service
def revoke_scanner_link(*, link_id: int, by: User, at: datetime) -> ScannerLink:
    """Switch a link off, at once and for good; twice is no error. Raises NotFound."""
    lock_people(by.pk)
    link = ScannerLink.objects.select_for_update().filter(pk=link_id).first()
    if link is None:
        raise NotFound("There is no such link.")
    if not link.is_revoked:
        link.revoked_at, link.revoked_by = at, by
        link.save(update_fields=["revoked_at", "revoked_by"])
    return link
