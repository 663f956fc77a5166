"""Events, orders and tickets as staff see them. Whatever changes a row goes through a service."""

from tickets.admin import event, order, ticket

__all__ = ["event", "order", "ticket"]
