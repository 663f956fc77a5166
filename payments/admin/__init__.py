"""Money on staff pages."""

from payments.admin import agreement, attempt, check, event, payment, refund

__all__ = ["agreement", "attempt", "check", "event", "payment", "refund"]
