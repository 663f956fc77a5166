"""Everything that happens by the clock, in one table.

Each task is idempotent, works in bounded batches and may run twice at once: a row's state is the
truth, the task only looks at what is due.
"""

from typing import Any

from celery.schedules import crontab

EVERY_15_SECONDS = 15.0

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "lapse-holds": {"task": "payments.lapse_holds", "schedule": EVERY_15_SECONDS},
    "expire-attempts": {"task": "payments.expire_attempts", "schedule": EVERY_15_SECONDS},
    "ask-about-open-attempts": {"task": "payments.ask_open_attempts", "schedule": 60.0},
    "ask-about-agreements": {"task": "payments.ask_agreements", "schedule": 60.0},
    "tell-about-agreements": {"task": "payments.tell_agreements", "schedule": EVERY_15_SECONDS},
    "send-refunds": {"task": "payments.send_refunds", "schedule": EVERY_15_SECONDS},
    "apply-events": {"task": "payments.apply_events", "schedule": EVERY_15_SECONDS},
    "empty-events": {"task": "payments.empty_events", "schedule": crontab(hour=4, minute=10)},
    "send-mails": {"task": "notifications.sweep", "schedule": EVERY_15_SECONDS},
    "empty-old-mails": {
        "task": "notifications.empty_old_mails",
        "schedule": crontab(minute=50),
    },
    "remind": {"task": "notifications.remind", "schedule": EVERY_15_SECONDS},
    "run-money-checks": {"task": "payments.run_money_checks", "schedule": 60.0},
    "verify-money": {"task": "payments.verify_money", "schedule": crontab(hour=4, minute=10)},
    "complete-bookings": {"task": "bookings.complete_past", "schedule": 60.0},
    "verify-places": {"task": "bookings.verify_places", "schedule": crontab(hour=3, minute=20)},
    "expire-tickets": {"task": "tickets.expire", "schedule": 60.0},
    "complete-events": {"task": "tickets.complete_past", "schedule": 300.0},
    "run-campaigns": {"task": "tickets.run_campaigns", "schedule": EVERY_15_SECONDS},
    "verify-ticket-places": {
        "task": "tickets.verify_places",
        "schedule": crontab(hour=3, minute=30),
    },
    "end-subscriptions": {"task": "access.expire", "schedule": 60.0},
    "end-unpaid-subscriptions": {"task": "access.end_unpaid", "schedule": 300.0},
    "tell-trials": {"task": "access.tell_trial_ends", "schedule": 600.0},
    "forget-access-log": {"task": "access.forget_log", "schedule": crontab(minute=55)},
    "forget-idempotency-keys": {
        "task": "common.forget_idempotency_keys",
        "schedule": crontab(minute=40),
    },
    "forget-counts": {"task": "common.forget_counts", "schedule": 300.0},
}

# A wake-up that nobody picked up is worthless by the next beat: it must not pile up.
for _entry in BEAT_SCHEDULE.values():
    _entry["options"] = {"expires": 60}
