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
    "send-refunds": {"task": "payments.send_refunds", "schedule": EVERY_15_SECONDS},
    "send-mails": {"task": "notifications.sweep", "schedule": EVERY_15_SECONDS},
    "complete-bookings": {"task": "bookings.complete_past", "schedule": 300.0},
    "verify-places": {"task": "bookings.verify_places", "schedule": crontab(hour=3, minute=20)},
    "expire-tickets": {"task": "tickets.expire", "schedule": 60.0},
    "complete-events": {"task": "tickets.complete_past", "schedule": 300.0},
    "run-campaigns": {"task": "tickets.run_campaigns", "schedule": EVERY_15_SECONDS},
    "verify-ticket-places": {
        "task": "tickets.verify_places",
        "schedule": crontab(hour=3, minute=30),
    },
    "forget-idempotency-keys": {
        "task": "common.forget_idempotency_keys",
        "schedule": crontab(minute=40),
    },
    "forget-counts": {"task": "common.forget_counts", "schedule": 300.0},
}

# A wake-up that nobody picked up is worthless by the next beat: it must not pile up.
for _entry in BEAT_SCHEDULE.values():
    _entry["options"] = {"expires": 60}
