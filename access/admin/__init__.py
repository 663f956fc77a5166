"""Plans, subscriptions and what they open as staff see them; services alone change a row."""

from access.admin import log, meeting, plan, resource, subscription

__all__ = ["log", "meeting", "plan", "resource", "subscription"]
