"""The frame of the staff pages: menu, environment mark, start page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from bookings.models import Booking
from bookings.queries import beginning_on
from bookings.states import BookingStatus
from common import clock
from common.http import Request
from common.money import money
from notifications.models import OutgoingMail
from notifications.states import MailState
from payments.models import Payment, WebhookEvent
from payments.states import EventState, PaymentState
from tickets.door_choice import events_at_doors, offered
from tickets.models import Event
from tickets.states import EventStatus

SHOWN: Final = 50
TROUBLES_SHOWN: Final = 10
EVENTS_SHOWN: Final = 6
LATELY: Final = timedelta(days=14)


@dataclass(frozen=True)
class Entry:
    """A line of the menu, for whoever has the permission ('' = superusers alone).

    `address` names a model of the admin, or with its own colon a view outside of it.
    """

    title: str
    icon: str
    address: str
    permission: str
    page: str = "changelist"

    @property
    def link(self) -> str:
        is_view = ":" in self.address
        return reverse(self.address if is_view else f"admin:{self.address}_{self.page}")


MENU: Final[dict[str, tuple[Entry, ...]]] = {
    "Desk": (
        Entry("Bookings", "event_available", "bookings_booking", "bookings.view_booking"),
        Entry("Timeslots", "calendar_month", "bookings_timeslot", "bookings.view_timeslot"),
        Entry("Rooms", "meeting_room", "bookings_room", "bookings.view_room"),
        Entry("Figures", "bar_chart", "bookings_booking", "bookings.view_reports", page="stats"),
    ),
    "Events": (
        Entry("Scanner", "qr_code_scanner", "tickets:scanner", "tickets.scan_ticket"),
        Entry("Events", "festival", "tickets_event", "tickets.view_event"),
        Entry("Tickets", "confirmation_number", "tickets_ticket", "tickets.view_ticket"),
        Entry("Orders", "receipt_long", "tickets_ticketorder", "tickets.view_ticketorder"),
    ),
    "Access": (
        Entry("Plans", "loyalty", "access_plan", "access.view_plan"),
        Entry("Subscriptions", "autorenew", "access_subscription", "access.view_subscription"),
        Entry("Resources", "lock_open", "access_resource", "access.view_resource"),
        Entry("Access log", "history", "access_accesslog", "access.view_accesslog"),
    ),
    "Money": (
        Entry("Payments", "payments", "payments_payment", "payments.view_payment"),
        Entry("Refunds", "undo", "payments_refund", "payments.view_refund"),
        Entry(
            "Tries to pay", "credit_card", "payments_paymentattempt", "payments.view_paymentattempt"
        ),
        Entry(
            "Told by the provider",
            "webhook",
            "payments_webhookevent",
            "payments.view_webhookevent",
        ),
        Entry(
            "Billing agreements",
            "event_repeat",
            "payments_billingagreement",
            "payments.view_billingagreement",
        ),
        Entry("Money check", "fact_check", "payments_moneycheck", "payments.view_moneycheck"),
    ),
    "People": (
        Entry("People", "group", "accounts_user", "accounts.view_user"),
        Entry("Groups", "shield_person", "auth_group", ""),
        Entry(
            "Mails",
            "mail",
            "notifications_outgoingmail",
            "notifications.view_outgoingmail",
        ),
    ),
    "System": (Entry("By the clock", "schedule", "common_taskrun", "common.view_taskrun"),),
}


def environment(request: HttpRequest) -> list[str] | None:
    """The mark in the corner: nobody shall take the demo for the real thing."""
    if settings.IS_TEST_MONEY:
        return ["Test payments", "warning"]
    return ["Demo", "info"] if settings.IS_DEMO else None


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu: what this person may open, and nothing else."""
    start = {"title": "Today", "icon": "today", "link": reverse("admin:index")}
    groups: list[dict[str, Any]] = [{"items": [start]}]
    for title, entries in MENU.items():
        items = [
            {
                "title": entry.title,
                "icon": entry.icon,
                "link": entry.link,
            }
            for entry in entries
            if _may_open(request, entry)
        ]
        if items:
            groups.append({"title": title, "separator": True, "items": items})
    _mark_where_we_are(request, [item for group in groups for item in group["items"]])
    return groups


def _mark_where_we_are(request: HttpRequest, items: list[dict[str, Any]]) -> None:
    """One of them: the figures of the bookings lie below the bookings' own address."""
    start = reverse("admin:index")
    above = [
        item["link"]
        for item in items
        if request.path == item["link"]
        or (item["link"] != start and request.path.startswith(item["link"]))
    ]
    nearest = max(above, key=len, default="")
    for item in items:
        item["active"] = item["link"] == nearest


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The start page: today, what is held, what needs a look, ways on; each by permission."""
    user, at = cast(User, request.user), cast(Request, request).at
    sees_bookings = user.has_perm("bookings.view_booking")
    return {
        **context,
        "sees_bookings": sees_bookings,
        "cards": list(_cards(user, at)),
        "bookings": _today(at) if sees_bookings else [],
        "events": _coming_events(at) if user.has_perm("tickets.view_event") else [],
        "doors": [] if user.has_perm("tickets.view_event") else list(_doors(user, at)),
        "troubles": list(_troubles(user, at)),
        "sees_troubles": user.has_perm("payments.view_payment"),
        "ways": list(_ways(user)),
        "has_nothing": not any(
            _may_open(request, entry) for entries in MENU.values() for entry in entries
        ),
    }


def _may_open(request: HttpRequest, entry: Entry) -> bool:
    user = cast(User, request.user)
    return user.has_perm(entry.permission) if entry.permission else user.is_superuser


def _cards(user: User, at: datetime) -> Iterable[dict[str, Any]]:
    """The day in numbers; each leads to the list behind it."""
    if user.has_perm("bookings.view_booking"):
        bookings = reverse("admin:bookings_booking_changelist")
        today = Booking.objects.filter(beginning_on(0, 0, at, slot="timeslot__"))
        yield {
            "number": today.exclude(status=BookingStatus.CANCELLED).count(),
            "label": "today",
            "icon": "today",
            "url": f"{bookings}?when=today",
        }
        yield {
            "number": Booking.objects.filter(status=BookingStatus.PENDING).count(),
            "label": "held, not paid yet",
            "icon": "hourglass_top",
            "url": f"{bookings}?status=pending",
        }
        yield {
            "number": Booking.objects.filter(payment__status=PaymentState.DUE).count(),
            "label": "due at the desk",
            "icon": "point_of_sale",
            "url": f"{bookings}?payment=due",
        }
    if user.has_perm("payments.view_payment"):
        troubles = _count_troubles(user, at)
        yield {
            "number": troubles,
            "label": "need a look",
            "icon": "error" if troubles else "check_circle",
            "url": "#look",
            "is_bad": troubles > 0,
        }


def _today(at: datetime) -> list[dict[str, Any]]:
    """Who comes today, in order, by each room's own clock."""
    bookings = (
        Booking.objects.filter(beginning_on(0, 0, at, slot="timeslot__"))
        .exclude(status=BookingStatus.CANCELLED)
        .select_related("user", "room", "timeslot", "payment")
        .order_by("timeslot__start_time", "pk")[:SHOWN]
    )
    return [
        {
            "booking": booking,
            "from": clock.say_time(booking.timeslot.start_time, booking.room.timezone),
            "to": clock.say_time(booking.timeslot.end_time, booking.room.timezone),
            "place": booking.room.place,
            "is_now": booking.timeslot.start_time <= at < booking.timeslot.end_time,
            "is_over": booking.timeslot.end_time <= at,
            "tone": TONES[BookingStatus(booking.status)],
            "due": money(booking.price, booking.currency) if booking.is_payment_due else "",
        }
        for booking in bookings
    ]


def _coming_events(at: datetime) -> list[dict[str, Any]]:
    """What is on sale, the next first, with how it sells; drafts that should soon be decided."""
    events = (
        Event.objects.filter(status__in=[EventStatus.DRAFT, EventStatus.PUBLISHED])
        .filter(end_date__gt=at)
        .order_by("start_date", "pk")[:EVENTS_SHOWN]
    )
    return [
        {
            "event": event,
            "when": clock.say_soon(event.start_date, event.timezone, now=at),
            "place": clock.place_of(event.timezone),
            "left": "no limit" if event.places_left is None else event.places_left,
        }
        for event in events
    ]


def _doors(user: User, at: datetime) -> Iterable[dict[str, Any]]:
    """For who sees nothing of events but their doors: which there are, the open ones first."""
    if not user.has_perms(["tickets.scan_ticket", "tickets.door_event"]):
        return
    doors = [offered(event, at=at) for event in events_at_doors(at)]
    for door in sorted(doors, key=lambda door: not door["is_now"]):
        yield {
            **door,
            "scan_url": f"{reverse('tickets:scanner')}?event={door['id']}",
            "url": reverse("tickets:door", args=[door["id"]]),
        }


TONES: Final = {
    BookingStatus.PENDING: "warning",
    BookingStatus.CONFIRMED: "success",
    BookingStatus.COMPLETED: "info",
    BookingStatus.NO_SHOW: "default",
    BookingStatus.CANCELLED: "danger",
}


def _flagged() -> QuerySet[Payment]:
    return Payment.objects.exclude(attention="").order_by("-pk")


def _failed_events() -> QuerySet[WebhookEvent]:
    return WebhookEvent.objects.filter(state=EventState.FAILED).defer("payload").order_by("-pk")


def _failed_mails(at: datetime) -> QuerySet[OutgoingMail]:
    """Given up lately, and not sent again since."""
    return OutgoingMail.objects.filter(
        state=MailState.FAILED, created_at__gte=at - LATELY, copies__isnull=True
    ).order_by("-pk")


def _troubles(user: User, at: datetime) -> Iterable[dict[str, str]]:
    """Money and mails that don't go right by themselves, the latest of each."""
    if user.has_perm("payments.view_payment"):
        for payment in _flagged()[:TROUBLES_SHOWN]:
            yield {
                "icon": "payments",
                "title": payment.description,
                "text": payment.attention,
                "url": reverse("admin:payments_payment_change", args=[payment.pk]),
            }
    if user.has_perm("payments.view_webhookevent"):
        for event in _failed_events()[:TROUBLES_SHOWN]:
            yield {
                "icon": "webhook",
                "title": f"Told by the provider, and not applied: {event.kind}",
                "text": event.last_error,
                "url": reverse("admin:payments_webhookevent_change", args=[event.pk]),
            }
    if user.has_perm("notifications.view_outgoingmail"):
        for mail in _failed_mails(at).only("pk", "kind", "to", "last_error")[:TROUBLES_SHOWN]:
            yield {
                "icon": "mail",
                "title": f"{mail.kind_title} to {mail.to}",
                "text": mail.last_error,
                "url": reverse("admin:notifications_outgoingmail_change", args=[mail.pk]),
            }


def _count_troubles(user: User, at: datetime) -> int:
    count = _flagged().count() if user.has_perm("payments.view_payment") else 0
    if user.has_perm("payments.view_webhookevent"):
        count += _failed_events().count()
    if user.has_perm("notifications.view_outgoingmail"):
        count += _failed_mails(at).count()
    return count


def _ways(user: User) -> Iterable[dict[str, str]]:
    """What people come here for."""
    ways = (
        ("Book for a customer", "person_add", "bookings_booking_book", "bookings.desk_booking"),
        ("Find a booking", "search", "bookings_booking_changelist", "bookings.view_booking"),
        (
            "Make timeslots",
            "calendar_add_on",
            "bookings_timeslot_generate",
            "bookings.add_timeslot",
        ),
        ("Close timeslots", "block", "bookings_timeslot_many", "bookings.block_timeslot"),
        ("Add a room", "add_home", "bookings_room_add", "bookings.add_room"),
        ("Plan an event", "festival", "tickets_event_add", "tickets.add_event"),
        (
            "Find a ticket",
            "confirmation_number",
            "tickets_ticket_changelist",
            "tickets.view_ticket",
        ),
        ("Scan tickets", "qr_code_scanner", "tickets:scanner", "tickets.scan_ticket"),
        ("Find a person", "person_search", "accounts_user_changelist", "accounts.view_user"),
    )
    for label, icon, address, permission in ways:
        if user.has_perm(permission):
            url = reverse(address if ":" in address else f"admin:{address}")
            yield {"label": label, "icon": icon, "url": url}
