"""The events of the demo: what is played, when, on which terms, and how well it sells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from decimal import Decimal
from typing import Any, Final

from portal.demo.houses import BERLIN, NEW_YORK
from tickets.states import EntryMode, EventType, TicketType

DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A kind of ticket; its window is told in days before the start."""

    kind: TicketType
    price: str
    name: str = ""
    quota: int | None = None
    from_days: int | None = None
    until_days: int | None = None
    least: int = 1
    most: int = 10


@dataclass(frozen=True, kw_only=True)
class Sale:
    """So many orders of the crowd of at most so many tickets."""

    kind: TicketType = TicketType.STANDARD
    orders: int
    most: int = 1


@dataclass(frozen=True, kw_only=True)
class Act:
    """An event `days` from today. It is made `made` days before today, or stays a draft."""

    key: str
    days: int
    starts: time
    lasts: timedelta
    zone: str = BERLIN
    made: int = 30
    is_draft: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    offers: Sequence[Offer] = ()
    sales: Sequence[Sale] = ()


ACTS: Final = (
    Act(
        key="conference",
        days=24,
        starts=time(9),
        lasts=2 * DAY + 8 * HOUR,
        made=45,
        facts={
            "name": "Open Harbour Days",
            "event_type": EventType.CONFERENCE,
            "description": "Three days about software that people like to use: talks in the "
            "morning, workshops in the afternoon, and a boat trip on the second evening. One "
            "ticket for all of it; come and go as you like.",
            "location": "Harbour Congress Centre, Berlin",
            "max_participants": 300,
            "entry_mode": EntryMode.MULTI,
            "refund_policy": [
                {"hoursBefore": 14 * 24, "percent": 100},
                {"hoursBefore": 7 * 24, "percent": 50},
            ],
        },
        offers=(
            Offer(kind=TicketType.EARLY_BIRD, price="160.00", quota=80, until_days=10),
            Offer(kind=TicketType.STANDARD, price="240.00"),
            Offer(kind=TicketType.VIP, price="420.00", name="With dinner", quota=20),
        ),
        sales=(
            Sale(kind=TicketType.EARLY_BIRD, orders=14, most=3),
            Sale(kind=TicketType.STANDARD, orders=6, most=4),
            Sale(kind=TicketType.VIP, orders=3, most=2),
        ),
    ),
    Act(
        key="workshop",
        days=12,
        starts=time(10),
        lasts=6 * HOUR,
        zone=NEW_YORK,
        facts={
            "name": "Speak so that they listen",
            "event_type": EventType.WORKSHOP,
            "description": "A day of practice with Maya Brooks: breathing, building a talk, and "
            "saying it in front of a small and friendly audience. Lunch is included.",
            "location": "Brooks Coaching, 212 Warren Street, New York",
            "max_participants": 24,
        },
        offers=(
            Offer(
                kind=TicketType.EARLY_BIRD,
                price="70.00",
                quota=8,
                from_days=42,
                until_days=20,
                most=2,
            ),
            Offer(kind=TicketType.GROUP, price="75.00", name="Group of 3 to 6", least=3, most=6),
            Offer(kind=TicketType.STANDARD, price="95.00"),
            Offer(
                kind=TicketType.VIP,
                price="180.00",
                name="With an hour of coaching",
                quota=4,
                most=2,
            ),
        ),
        sales=(
            Sale(kind=TicketType.EARLY_BIRD, orders=4),
            Sale(kind=TicketType.GROUP, orders=1, most=3),
            Sale(kind=TicketType.STANDARD, orders=3),
            Sale(kind=TicketType.VIP, orders=1),
        ),
    ),
    Act(
        key="webinar",
        days=5,
        starts=time(18),
        lasts=timedelta(minutes=90),
        zone=NEW_YORK,
        made=20,
        facts={
            "name": "Your next job, in an hour and a half",
            "event_type": EventType.WEBINAR,
            "description": "An online evening about finding work that suits you, with time for "
            "questions. The address comes with your ticket.",
            "is_online": True,
            "online_url": "https://meet.example.com/next-job",
            "max_participants": None,
            "ticket_price": Decimal("15.00"),
            "doors_open_minutes": 15,
        },
        sales=(Sale(orders=10),),
    ),
    Act(
        key="meetup",
        days=8,
        starts=time(19),
        lasts=2 * HOUR,
        made=14,
        facts={
            "name": "Quarter House meetup",
            "event_type": EventType.OTHER,
            "description": "Neighbours, members and guests: short talks, long conversations, and "
            "soup. It costs nothing; a ticket helps us to cook enough.",
            "location": "Quarter House, Linden Lane 7, Berlin",
            "max_participants": 60,
            "ticket_price": None,
        },
        sales=(Sale(orders=12, most=2),),
    ),
    Act(
        key="concert",
        days=16,
        starts=time(20),
        lasts=3 * HOUR,
        made=28,
        facts={
            "name": "Lantern Quartet in the old mill",
            "event_type": EventType.OTHER,
            "description": "Four strings, a hundred candles, and a programme from Haydn to folk "
            "songs. Thirty places, so come early.",
            "location": "Old Mill, Berlin",
            "max_participants": 30,
            "ticket_price": Decimal("28.00"),
        },
        # More than there are places: the last ones find it sold out.
        sales=(Sale(orders=16, most=3), Sale(orders=16)),
    ),
    Act(
        key="series",
        days=9,
        starts=time(18, 30),
        lasts=35 * DAY + 2 * HOUR,
        made=25,
        facts={
            "name": "Evening drawing, six weeks",
            "event_type": EventType.SERIES,
            "description": "Six evenings with pencil and ink, one a week, for beginners and for "
            "those who stopped at school. Paper and tea are there; one ticket is for all six.",
            "location": "Shared studio, Quarter House, Berlin",
            "max_participants": 12,
            "ticket_price": Decimal("90.00"),
            "entry_mode": EntryMode.MULTI,
        },
        sales=(Sale(orders=7),),
    ),
    Act(
        key="festival",
        days=20,
        starts=time(15),
        lasts=6 * HOUR,
        made=25,
        facts={
            "name": "Courtyard summer party",
            "event_type": EventType.OTHER,
            "description": "Music, cake and a flea market in the courtyard.",
            "location": "Quarter House, Linden Lane 7, Berlin",
            "max_participants": 80,
            "ticket_price": Decimal("12.00"),
        },
        sales=(Sale(orders=5, most=3),),
    ),
    Act(
        key="past-talks",
        days=-9,
        starts=time(18),
        lasts=3 * HOUR,
        made=40,
        facts={
            "name": "An evening of short talks",
            "event_type": EventType.OTHER,
            "description": "Ten people, five minutes each.",
            "location": "Old Mill, Berlin",
            "max_participants": 40,
            "ticket_price": Decimal("18.00"),
        },
        sales=(Sale(orders=10, most=3),),
    ),
    Act(
        key="past-workshop",
        days=-23,
        starts=time(10),
        lasts=5 * HOUR,
        zone=NEW_YORK,
        made=50,
        facts={
            "name": "Write it shorter",
            "event_type": EventType.WORKSHOP,
            "description": "A morning about plain language.",
            "location": "Brooks Coaching, 212 Warren Street, New York",
            "max_participants": 12,
            "ticket_price": Decimal("60.00"),
        },
        sales=(Sale(orders=6),),
    ),
    Act(
        key="draft",
        days=60,
        starts=time(9, 30),
        lasts=8 * HOUR,
        is_draft=True,
        made=1,
        facts={
            "name": "Autumn school",
            "event_type": EventType.WORKSHOP,
            "description": "Still being planned.",
            "location": "Quarter House, Linden Lane 7, Berlin",
            "max_participants": 40,
        },
        offers=(
            Offer(kind=TicketType.STANDARD, price="120.00"),
            Offer(kind=TicketType.GROUP, price="95.00", least=4, most=8),
        ),
    ),
)
