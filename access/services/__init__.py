"""What can be done with plans and subscriptions; one verb a file."""

from access.services.cancel import cancel_subscription
from access.services.end_by_staff import end_by_staff, refund_of
from access.services.expire import end_unpaid, expire, wait_for_word
from access.services.plans import delete_plan, is_used, require_sellable, save_plan
from access.services.resume import resume_subscription
from access.services.subscribe import subscribe, trial_days_for
from access.services.tell import tell_trial_ends
from access.services.upgrade import Quote, ends_for, meanwhile, quote

__all__ = [
    "Quote",
    "cancel_subscription",
    "delete_plan",
    "end_by_staff",
    "end_unpaid",
    "ends_for",
    "expire",
    "is_used",
    "meanwhile",
    "quote",
    "refund_of",
    "require_sellable",
    "resume_subscription",
    "save_plan",
    "subscribe",
    "tell_trial_ends",
    "trial_days_for",
    "wait_for_word",
]
