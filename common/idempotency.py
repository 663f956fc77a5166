"""A creating request is carried out once, however often it arrives.

The answer is stored in the same transaction as the goods, so either both are there or neither.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.http import HttpResponse

from common.errors import Busy, DomainError, InvalidInput
from common.http import Request
from common.models import IdempotencyKey
from common.people import lock_people
from common.service import in_one_transaction

KEEP_FOR: Final = timedelta(hours=24)
KEPT_HEADERS: Final = ("Content-Type", "Location")
# Only refusals that stay true are kept; a passing one (too many holds) may be tried again.
FINAL_CODES: Final = frozenset(
    {"not_found", "slot_taken", "sold_out", "not_on_sale", "already_booked"}
)

Work = Callable[[], HttpResponse]
Refuse = Callable[[DomainError], HttpResponse]


def once(
    request: Request, *, key: str, body: bytes, work: Work, refuse: Refuse | None = None
) -> HttpResponse:
    """Answer `request` with what `work` returns, or with what it returned the first time.

    `key` is what the client chose ('' = no idempotency wanted), `body` what must be the same in a
    repeat, `refuse` turns a final DomainError into the answer that is kept (None: a refusal is
    never kept, as on pages). `work` must render its answer: bytes are kept.

    Raises DomainError: 409 idempotency_in_progress, idempotency_key_reused; and what `work` raises.
    """
    if not key:
        return work()
    if len(key) > 200:
        raise InvalidInput("An Idempotency-Key has at most 200 characters.", attr="Idempotency-Key")
    user_id = request.user.pk
    assert user_id is not None, "only somebody who is signed in can be answered once"
    digest = hashlib.sha256(body).hexdigest()
    is_our_turn = False

    def attempt() -> HttpResponse:
        nonlocal is_our_turn
        is_our_turn = False
        # The user's row first, as in every service: it is what the twin waits at.
        lock_people(user_id)
        is_our_turn = True
        if (answer := _stored_answer(request, key, digest)) is not None:
            return answer
        try:
            with transaction.atomic():
                response = work()
        except DomainError as error:
            if refuse is None or error.code not in FINAL_CODES:
                raise
            response = refuse(error)
        _store(request, key, digest, response)
        return response

    try:
        return in_one_transaction(attempt)
    except Busy as error:
        if is_our_turn:
            # Not the twin but somebody else had what this request needs.
            raise
        raise DomainError(
            "The same request is still being worked on. Please ask again in a moment.",
            code="idempotency_in_progress",
            details={"retryAfter": 2},
        ) from error


def _row(request: Request, key: str) -> dict[str, object]:
    return {
        "user_id": request.user.pk,
        "method": request.method,
        "path": request.path[:200],
        # MariaDB takes 'a' and 'A' for one key; two clients' keys may differ by case alone.
        "key": hashlib.sha256(key.encode()).hexdigest(),
    }


def _stored_answer(request: Request, key: str, digest: str) -> HttpResponse | None:
    stored = next(iter(IdempotencyKey.objects.filter(**_row(request, key))), None)
    if stored is None:
        return None
    if stored.created_at <= request.at - KEEP_FOR:
        stored.delete()
        return None
    if stored.body_hash != digest:
        raise DomainError(
            "This Idempotency-Key was used for another request. Choose a fresh one.",
            code="idempotency_key_reused",
        )
    response = HttpResponse(bytes(stored.body), status=stored.status)
    for name in KEPT_HEADERS:
        if name in stored.headers:
            response[name] = stored.headers[name]
        else:
            response.headers.pop(name, None)
    response["Idempotency-Replayed"] = "true"
    return response


def _store(request: Request, key: str, digest: str, response: HttpResponse) -> None:
    if response.status_code >= 400 and response.status_code not in {404, 409}:
        return
    IdempotencyKey.objects.create(
        **_row(request, key),
        body_hash=digest,
        status=response.status_code,
        headers={name: response[name] for name in KEPT_HEADERS if name in response},
        body=response.content,
        created_at=request.at,
    )
