"""What goes wrong on order: each fault is for the next calls of a kind."""

import threading
from dataclasses import dataclass
from typing import Literal, get_args

What = Literal[
    # Answers late: before anything is done, and while it is being done.
    "slow",
    "slow_inside",
    # 500 before and after the effect; Stripe remembers both under the key.
    "error_before",
    "error_after",
    # 503 from in front of Stripe's code: nothing was begun, nothing is remembered.
    "away",
    # The connection ends before and after the effect.
    "cut_before",
    "cut_after",
    # A definite no, remembered under the key.
    "refuse",
    # 429.
    "too_many",
]
WHATS: tuple[str, ...] = get_args(What)


@dataclass
class Fault:
    what: What
    # 'session.create', 'refund.create', ...; '*' is every call.
    kind: str = "*"
    times: int = 1
    seconds: float = 0.0
    # What a refusal says.
    code: str = "charge_disputed"


class Faults:
    """The plan, used up call by call, in its order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plan: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._plan.append(fault)

    def next_for(self, kind: str) -> Fault | None:
        with self._lock:
            for fault in self._plan:
                if fault.kind in {"*", kind} and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def clear(self) -> None:
        with self._lock:
            self._plan.clear()
