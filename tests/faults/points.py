"""Where a process may be told to die: before and after each call to Stripe and each commit.

A crossing is written down in `crossings`; when it is the one that `armed` names, the process
kills itself with SIGKILL, as an out-of-memory killer or a power cut would.
"""

import fcntl
import functools
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from payments.gateways.stripe import StripeGateway

CALLS = (
    "create_session",
    "fetch_session",
    "expire_session",
    "refund",
    "find_refund",
    "fetch_agreement",
    "set_agreement",
    # Inside the one before: ended, and its open bills can still be paid.
    "_void_open_bills",
)
ROOT = str(Path(__file__).resolve().parent.parent.parent)
SERVICE_RUNNER = f"{ROOT}/common/service.py"
# Whose frames say nothing about which transaction this is.
PLUMBING = {SERVICE_RUNNER, __file__}
# What commits besides the flows of goods and money.
UNINTERESTING = (
    "accounts.",
    "notifications.",
    "common.middleware",
    "common.tasks",
    "common.clockwork",
    "tickets.services.events.expire_tickets",
    "tickets.services.events.complete_past",
    "tickets.services.events._complete",
)


def install() -> None:
    for name in CALLS:
        setattr(StripeGateway, name, _around(getattr(StripeGateway, name), f"stripe {name}"))
    original = BaseDatabaseWrapper.commit

    def commit(self: BaseDatabaseWrapper) -> None:
        name = _name_of_transaction(sys._getframe(1))
        if name:
            cross(f"before commit {name}")
        original(self)
        if name:
            cross(f"after commit {name}")

    BaseDatabaseWrapper.commit = commit  # type: ignore[method-assign]


def cross(point: str) -> None:
    """Die here, if this is the place and the time."""
    folder = Path(os.environ["FAULTS_DIR"])
    with (folder / "crossings").open("a", encoding="utf-8") as log:
        log.write(f"{os.environ['FAULTS_ROLE']} {point}\n")
    armed = folder / "armed"
    try:
        with armed.open("r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            plan = json.load(file)
            if plan["point"] != point or plan["left"] <= 0:
                return
            plan["left"] -= 1
            file.seek(0)
            json.dump(plan, file)
            file.truncate()
            file.flush()
            if plan["left"] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    except FileNotFoundError:
        return


def _around(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        if connection.in_atomic_block:
            # No lock is held while somebody else's server takes its time.
            folder = Path(os.environ["FAULTS_DIR"])
            with (folder / "open-transactions").open("a", encoding="utf-8") as log:
                log.write(f"a transaction is open during {name}\n")
        cross(f"before {name}")
        try:
            return method(*args, **kwargs)
        finally:
            cross(f"after {name}")

    return call


def _name_of_transaction(frame: FrameType | None) -> str:
    """Which function's transaction this is: a service's name, else our nearest function's."""
    while frame is not None:
        file, function = frame.f_code.co_filename, frame.f_code.co_name
        if file == SERVICE_RUNNER and function == "run":
            service = frame.f_locals["function"]
            return _worth(f"{service.__module__}.{service.__qualname__}")
        if file.startswith(ROOT) and "site-packages" not in file and file not in PLUMBING:
            module = frame.f_globals.get("__name__", "")
            return _worth(f"{module}.{frame.f_code.co_qualname}")
        frame = frame.f_back
    return ""


def _worth(name: str) -> str:
    return "" if name.startswith(UNINTERESTING) or "migrations" in name else name
