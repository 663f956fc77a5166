"""Whether money is true: the rows against each other, and against the provider's books."""

from payments.verify.checks import (
    ask_for_check,
    due_checks,
    look,
    nightly_check,
    run_check,
    start_check,
)
from payments.verify.ledger import differences_of, ledger_differences, look_again
from payments.verify.provider import provider_differences
from payments.verify.repairs import repair
from payments.verify.run import Finding, check_money
from payments.verify.tally import Tally

__all__ = [
    "Finding",
    "Tally",
    "ask_for_check",
    "check_money",
    "differences_of",
    "due_checks",
    "ledger_differences",
    "look",
    "look_again",
    "nightly_check",
    "provider_differences",
    "repair",
    "run_check",
    "start_check",
]
