"""Databases that differ in one thing: how many tickets have been sold.

All have the same events and people; the larger one has a hundred times the orders, tickets, scans
and mails, most of them of the very events that are bought for and scanned at.
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection

from accounts.models import User
from bench.sizes import copy_database
from bench.web import CLIENTS
from tickets.models import Event, Tier
from tickets.states import EntryMode, EventStatus, EventType, ScanType, TicketType

SIZES: Final = (1_000, 100_000)
EVENTS: Final = 60  # to come; the first half are free, and sold in the bench
PEOPLE: Final = 500
PLACES: Final = 1_000_000
DOOR: Final = "The event that is on"


@dataclass(frozen=True)
class Shop:
    """A database with so many tickets sold."""

    sold: int
    database: str
    # One for each client: our session token, and the floor's.
    tokens: list[str] = field(default_factory=list)
    floor_tokens: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        return f"{self.sold:,}"

    @property
    def door(self) -> Event:
        """The event that is on."""
        found: Event = Event.objects.get(name=DOOR)
        return found

    def enter(self) -> None:
        connection.ensure_connection()
        connection.connection.select_db(self.database)


def make_shops(at: datetime) -> list[Shop]:
    """A database for each size, with clients who are signed in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DATABASE()")
        origin = cursor.fetchone()[0]
        shops = [Shop(sold, f"{origin}_sold_{sold}") for sold in SIZES]
        for shop in shops:
            copy_database(cursor, origin, shop.database)
            shop.enter()
            _fill(cursor, shop, at)
        cursor.execute(f"USE {origin}")
    return shops


def _fill(cursor: Any, shop: Shop, at: datetime) -> None:
    for number in range(CLIENTS):
        user = User.objects.create_user(f"client{number}@example.com")
        user.mark_verified()
        shop.tokens.append(_session_of(user))
        shop.floor_tokens.append(uuid.uuid4().hex)
    cursor.execute(
        """
        CREATE TABLE authtoken_token (
            `key` varchar(40) PRIMARY KEY, created datetime(6) NOT NULL,
            user_id int NOT NULL UNIQUE REFERENCES users (id)
        )
        """
    )
    people = User.objects.order_by("pk").values_list("pk", flat=True)
    cursor.executemany(
        "INSERT INTO authtoken_token VALUES (%s, NOW(), %s)",
        list(zip(shop.floor_tokens, people, strict=True)),
    )
    guests = [User(email=f"guest{n}@example.com", password="!") for n in range(1, PEOPLE + 1)]
    User.objects.bulk_create(guests)
    _make_events(at)
    _sell(cursor, shop.sold)


def _session_of(user: User) -> str:
    """The key of a session in which somebody is signed in: the API's bearer token."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def _make_events(at: datetime) -> None:
    _make_event(DOOR, at - timedelta(hours=1), hours=48, entry_mode=EntryMode.MULTI)
    for number in range(EVENTS):
        event = _make_event(f"Event {number}", at + timedelta(days=10 + number), hours=3)
        if number >= EVENTS // 2:
            for ticket_type, price in ((TicketType.STANDARD, 20), (TicketType.VIP, 60)):
                Tier.objects.create(event=event, ticket_type=ticket_type, price=price)


def _make_event(
    name: str, start: datetime, *, hours: int, entry_mode: EntryMode = EntryMode.SINGLE
) -> Event:
    made: Event = Event.objects.create(
        name=name,
        description="An evening with friends. " * 20,
        event_type=EventType.OTHER,
        entry_mode=entry_mode,
        start_date=start,
        end_date=start + timedelta(hours=hours),
        timezone="Europe/Berlin",
        location="Old Mill, Berlin",
        status=EventStatus.PUBLISHED,
        max_participants=PLACES,
    )
    return made


def free_events() -> list[int]:
    """Those that are bought for; the first is the one that most tickets were sold for."""
    numbers = Event.objects.exclude(name=DOOR).order_by("pk").values_list("pk", flat=True)
    return list(numbers[: EVENTS // 2])


def _sell(cursor: Any, tickets: int) -> None:
    """An order a ticket: half for one event, a quarter for the one that is on, the rest spread."""
    [first, *_] = events = free_events()
    door = Event.objects.get(name=DOOR).pk
    first_guest = User.objects.get(email="guest1@example.com").pk
    event = f"IF(seq % 2, {first}, IF(seq % 4, {door}, {first} + seq % {len(events)}))"
    person = f"{first_guest} + seq % {PEOPLE}"
    past = f"UTC_TIMESTAMP() - INTERVAL {tickets} + 60 - seq SECOND"
    cursor.execute(
        f"""
        INSERT INTO ticket_orders (
            id, user_id, event_id, ticket_type, quantity, unit_price, amount, currency, status,
            refund_policy, min_per_order, created_at, updated_at, close_reason
        )
        SELECT seq, {person}, {event}, 'standard', 1, 0, 0, 'USD', 'paid', '[]', 1, {past}, {past},
               ''
        FROM seq_1_to_{tickets}
        """
    )
    cursor.execute(
        f"""
        INSERT INTO tickets (
            ticket_code, user_id, event_id, order_id, ticket_type, status, price_paid, valid_from,
            valid_until, metadata, created_at, updated_at, is_inside
        )
        SELECT UPPER(LEFT(SHA2(seq, 256), 24)), {person}, {event}, seq, 'standard', 'active', 0,
               UTC_TIMESTAMP() - INTERVAL 1 HOUR, UTC_TIMESTAMP() + INTERVAL 1 DAY, '{{}}', {past},
               {past}, 0
        FROM seq_1_to_{tickets}
        """
    )
    cursor.execute(
        f"""
        INSERT INTO outgoing_mails (
            kind, `to`, `key`, context, priority, is_secret, state, tries, created_at, next_try_at,
            claim, sent_at, last_error, message_id, subject, text, html
        )
        SELECT 'tickets_purchased', CONCAT('guest', seq % {PEOPLE} + 1, '@example.com'),
               CONCAT('tickets_purchased:', seq), '{{}}', 5, 0, 'sent', 1, {past}, {past}, '',
               {past}, '', CONCAT('<', seq, '@example.com>'), 'Your tickets', '', ''
        FROM seq_1_to_{tickets}
        """
    )
    # Everybody has been in and out once.
    for number, kind in enumerate((ScanType.CHECK_IN, ScanType.CHECK_OUT)):
        cursor.execute(
            f"""
            INSERT INTO ticket_scans (
                ticket_id, event_id, scanned_at, scan_location, scan_type, metadata, code_hash,
                accepted, code, reason, status_before, inside_before
            )
            SELECT id, event_id, UTC_TIMESTAMP() - INTERVAL {50 - number} MINUTE, 'West gate',
                   '{kind}', '{{}}', SHA2(ticket_code, 256), 1, '', '', 'active', {number}
            FROM tickets WHERE event_id = {door} ORDER BY id
            """
        )
    cursor.execute(
        """
        UPDATE events SET current_participants =
            (SELECT COUNT(*) FROM tickets WHERE tickets.event_id = events.id)
        """
    )
    cursor.execute("ANALYZE TABLE ticket_orders, tickets, ticket_scans, events, outgoing_mails")
    cursor.fetchall()
