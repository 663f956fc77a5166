"""Whether there is anything to subscribe to or to open, so that no menu leads to an empty page.

Every page's header asks, so the answer is kept for half a minute in each process: plans and
resources come and go by hand.
"""

import time
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest

from access.models import Plan, Resource

KEPT_FOR: Final = 30.0  # seconds


@dataclass(frozen=True)
class Navigation:
    has_plans: bool
    has_resources: bool


class _Memory:
    found: Navigation | None = None
    found_at = 0.0


_memory = _Memory()


def navigation(request: HttpRequest) -> dict[str, Navigation]:
    """Context processor: `nav`."""
    found = _memory.found
    if found is None or time.monotonic() - _memory.found_at >= KEPT_FOR:
        found = Navigation(
            has_plans=Plan.objects.on_sale().exists(),
            has_resources=Resource.objects.offered().openable().exists(),
        )
        keep(found)
    return {"nav": found}


def keep(found: Navigation | None) -> None:
    """Say what is true now; None: look again."""
    _memory.found, _memory.found_at = found, time.monotonic()
