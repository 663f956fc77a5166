"""The states of events, orders and tickets, as data."""

from typing import Final

from django.db import models

from common.states import Moves


class EventType(models.TextChoices):
    CONFERENCE = "conference", "Conference"
    WORKSHOP = "workshop", "Workshop"
    WEBINAR = "webinar", "Webinar"
    SERIES = "series", "Series"
    OTHER = "other", "Event"


class EventStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    CANCELLED = "cancelled", "Cancelled"
    COMPLETED = "completed", "Over"


class EntryMode(models.TextChoices):
    SINGLE = "single", "Each ticket lets in once"
    MULTI = "multi", "In and out while the event lasts"


class TicketType(models.TextChoices):
    STANDARD = "standard", "Standard"
    VIP = "vip", "VIP"
    EARLY_BIRD = "early_bird", "Early bird"
    GROUP = "group", "Group"


class OrderStatus(models.TextChoices):
    PENDING = "pending", "Held"
    PAID = "paid", "Paid"
    CANCELLED = "cancelled", "Cancelled"
    EXPIRED = "expired", "Not paid in time"
    REFUNDED = "refunded", "Refunded"


class TicketStatus(models.TextChoices):
    ACTIVE = "active", "Valid"
    USED = "used", "Used"
    EXPIRED = "expired", "Expired"
    CANCELLED = "cancelled", "Cancelled"
    REFUNDED = "refunded", "Refunded"


class ScanType(models.TextChoices):
    CHECK_IN = "check_in", "in"
    CHECK_OUT = "check_out", "out"
    ACCESS = "access", "passage"


EVENT_MOVES: Final[Moves] = {
    EventStatus.DRAFT: {EventStatus.PUBLISHED, EventStatus.CANCELLED},
    EventStatus.PUBLISHED: {EventStatus.CANCELLED, EventStatus.COMPLETED},
    EventStatus.CANCELLED: set(),
    EventStatus.COMPLETED: set(),
}

ORDER_MOVES: Final[Moves] = {
    OrderStatus.PENDING: {OrderStatus.PAID, OrderStatus.CANCELLED, OrderStatus.EXPIRED},
    # Only late money takes this way, and only when there is room: services.deliver.
    OrderStatus.EXPIRED: {OrderStatus.PAID},
    OrderStatus.PAID: {OrderStatus.REFUNDED, OrderStatus.CANCELLED},
    # Given back without money, which staff have given by now.
    OrderStatus.CANCELLED: {OrderStatus.REFUNDED},
    OrderStatus.REFUNDED: set(),
}

TICKET_MOVES: Final[Moves] = {
    TicketStatus.ACTIVE: {
        TicketStatus.USED,
        TicketStatus.EXPIRED,
        TicketStatus.CANCELLED,
        TicketStatus.REFUNDED,
    },
    TicketStatus.USED: {TicketStatus.ACTIVE, TicketStatus.REFUNDED},
    TicketStatus.CANCELLED: {TicketStatus.REFUNDED},
    TicketStatus.EXPIRED: set(),
    TicketStatus.REFUNDED: set(),
}

# A dead ticket shows no QR.
SHOWS_QR: Final = (TicketStatus.ACTIVE, TicketStatus.USED)
