"""Money on staff pages."""

from payments.admin import attempt, payment, refund

__all__ = ["attempt", "payment", "refund"]
