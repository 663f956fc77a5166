from django.apps import AppConfig


class TicketsConfig(AppConfig):
    """The second half of the product; it has no tables yet (see docs/architecture.md)."""

    name = "tickets"
    verbose_name = "Events and tickets"
