"""Is the process alive, and is what it needs there?"""

import uuid
from datetime import datetime

from celery import current_app
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from common import clockwork
from common.http import Request


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the web process answers."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: Request) -> JsonResponse:
    """200 when database, cache and broker answer, else 503; each is named with its state.

    A silent worker or beat is named too, but it is no reason to send nobody here any more: pages
    sell and show without them, and what is due is done when they are back.
    """
    checks = {"database": _ask_database, "cache": _ask_cache, "broker": _ask_broker}
    found: dict[str, str] = {}
    for name, ask in checks.items():
        try:
            ask()
            found[name] = "ok"
        except Exception as error:  # noqa: BLE001
            # Whatever it is, the answer is "not ready". Its kind is enough to go by: the text could
            # hold an address or a password.
            found[name] = f"no answer ({type(error).__name__})"
    ready = set(found.values()) == {"ok"}
    if found["database"] == "ok":
        found |= _ask_clockwork(request.at)
    return JsonResponse({"ready": ready, **found}, status=200 if ready else 503)


def _ask_clockwork(at: datetime) -> dict[str, str]:
    silent = clockwork.silence(at=at)
    said = {
        who: f"silent since {since:%Y-%m-%d %H:%M:%S} UTC" if since else "not heard of yet"
        for who, since in silent.items()
    }
    return {who: said.get(who, "ok") for who in ("worker", "beat")}


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def _ask_cache() -> None:
    key = f"readyz:{uuid.uuid4()}"
    cache.set(key, "1", 10)
    if cache.get(key) != "1":
        raise RuntimeError("the cache forgets")
    cache.delete(key)


def _ask_broker() -> None:
    with current_app.connection_for_write(connect_timeout=2) as broker:
        broker.ensure_connection(max_retries=1, timeout=2)
