"""Three houses in two time zones: a dental practice, a coaching studio, meeting rooms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from bookings.models import Room, Timeslot
from bookings.planning import Plan, Window
from bookings.services import generate_slots, save_room
from bookings.states import RoomType
from common import clock

BERLIN: Final = "Europe/Berlin"
NEW_YORK: Final = "America/New_York"
WEEKDAYS: Final = (1, 2, 3, 4, 5)
DAYS_AHEAD: Final = 28
DAYS_BACK: Final = 7
# Where a room keeps which of these it is, so that staff may rename it.
MARK: Final = "demo"


@dataclass(frozen=True, kw_only=True)
class DemoRoom:
    """A room, its opening hours, and how busy it is on a near day."""

    key: str
    minutes: int
    hours: Mapping[int, Sequence[Window]]
    breaks: Sequence[Window] = ()
    places: int = 1
    busy: int = 2
    facts: Mapping[str, Any] = field(default_factory=dict)


def _daily(start: int, end: int, days: Sequence[int] = WEEKDAYS) -> dict[int, list[Window]]:
    return {day: [Window(time(start), time(end % 24))] for day in days}


LUNCH: Final = (Window(time(12, 30), time(13, 30)),)
SATURDAY_TOO: Final = (*WEEKDAYS, 6)
EVERY_DAY: Final = (*SATURDAY_TOO, 7)

ROOMS: Final = (
    DemoRoom(
        key="dentist-weber",
        minutes=30,
        hours={
            **_daily(8, 17, (1, 2, 4)),
            3: [Window(time(8), time(13))],
            5: [Window(time(8), time(14))],
        },
        breaks=LUNCH,
        busy=5,
        facts={
            "name": "Dr Weber, Harbour Dental",
            "room_type": RoomType.TREATMENT,
            "description": "Dentist: check-ups, fillings and advice with Dr Anna Weber in "
            "treatment room 1, Harbour Street 4. Please come five minutes early; if it is your "
            "first visit, bring your insurance card.",
            "timezone": BERLIN,
            "hourly_rate": Decimal("90.00"),
            "capacity": 2,
        },
    ),
    DemoRoom(
        key="dentist-hygiene",
        minutes=60,
        hours=_daily(9, 18, (1, 2, 3, 4)),
        breaks=LUNCH,
        busy=3,
        facts={
            "name": "Dental hygiene, Harbour Dental",
            "room_type": RoomType.TREATMENT,
            "description": "A full hour of professional cleaning with Jonas Keller, dental "
            "hygienist, in treatment room 2. Good for everybody once or twice a year.",
            "timezone": BERLIN,
            "hourly_rate": Decimal("80.00"),
            "capacity": 2,
            "refund_policy": [
                {"hoursBefore": 48, "percent": 100},
                {"hoursBefore": 12, "percent": 50},
            ],
        },
    ),
    DemoRoom(
        key="coaching",
        minutes=60,
        hours=_daily(10, 18),
        busy=2,
        facts={
            "name": "Maya Brooks, Brooks Coaching",
            "room_type": RoomType.CONSULTATION,
            "description": "One hour of career coaching with Maya Brooks, in the quiet back room "
            "at 212 Warren Street, New York. Bring the one question that keeps you awake.",
            "timezone": NEW_YORK,
            "hourly_rate": Decimal("120.00"),
            "capacity": 2,
        },
    ),
    DemoRoom(
        key="coaching-first",
        minutes=30,
        hours={2: [Window(time(9), time(12))], 4: [Window(time(14), time(18))]},
        busy=1,
        facts={
            "name": "Free first consultation, Brooks Coaching",
            "room_type": RoomType.CONSULTATION,
            "description": "Half an hour to get to know each other, free of charge and without any "
            "obligation. In New York or by telephone, as you like.",
            "timezone": NEW_YORK,
            "hourly_rate": None,
            "capacity": 2,
        },
    ),
    DemoRoom(
        key="meeting-atlas",
        minutes=60,
        hours=_daily(8, 20),
        busy=3,
        facts={
            "name": "Atlas, Quarter House",
            "room_type": RoomType.MEETING,
            "description": "The big meeting room under the roof: twelve seats, a screen for video "
            "calls, a whiteboard wall, and a terrace for the break.",
            "timezone": BERLIN,
            "hourly_rate": Decimal("40.00"),
            "capacity": 12,
            "min_notice_minutes": 120,
        },
    ),
    DemoRoom(
        key="meeting-linden",
        minutes=60,
        hours=_daily(8, 20),
        busy=2,
        facts={
            "name": "Linden, Quarter House",
            "room_type": RoomType.MEETING,
            "description": "A quiet room for six with a view of the linden trees. Coffee and water "
            "are on the house.",
            "timezone": BERLIN,
            "hourly_rate": Decimal("25.00"),
            "capacity": 6,
        },
    ),
    DemoRoom(
        key="studio-shared",
        minutes=120,
        hours=_daily(8, 22, EVERY_DAY),
        places=5,
        busy=6,
        facts={
            "name": "Shared studio, Quarter House",
            "room_type": RoomType.OFFICE,
            "description": "Five desks by the north window, for two hours at a time. Bring your "
            "laptop, share the quiet; every place is booked by itself.",
            "timezone": BERLIN,
            "hourly_rate": Decimal("6.00"),
            "capacity": 5,
            "min_notice_minutes": 15,
            "refund_policy": [{"hoursBefore": 2, "percent": 100}],
        },
    ),
)


def ensure_rooms(at: datetime) -> dict[str, Room]:
    """The rooms by their key; one that is there stays as staff have left it."""
    marks = {room.metadata.get(MARK): room for room in Room.objects.exclude(metadata={})}
    known: dict[str, Room] = {}
    for demo in ROOMS:
        known[demo.key] = marks.get(demo.key) or save_room(
            changes={
                **demo.facts,
                "staff_email": "desk@example.com",
                "metadata": {MARK: demo.key},
            },
            at=at,
        )
    return known


def ensure_calendar(demo: DemoRoom, room: Room, at: datetime) -> int:
    """Times from today (at first from a week ago) for four weeks on; says how many are new."""
    today = at.astimezone(clock.zone(room.timezone)).date()
    first, last = today - timedelta(days=DAYS_BACK), today + timedelta(days=DAYS_AHEAD - 1)
    latest = Timeslot.objects.filter(room=room).order_by("-start_time").first()
    if latest is not None:
        latest_day = latest.start_time.astimezone(clock.zone(room.timezone)).date()
        first = max(latest_day + timedelta(days=1), today)
    if first > last:
        return 0
    plan = Plan(
        first_day=first,
        last_day=last,
        slot_length=timedelta(minutes=demo.minutes),
        hours=demo.hours,
        breaks=demo.breaks,
    )
    return generate_slots(room_id=room.pk, plan=plan, max_bookings=demo.places).created


def wanted_on(demo: DemoRoom, day: date, today: date) -> int:
    """How many places shall be taken on that day: many soon, few later."""
    ahead = (day - today).days
    if ahead > 14:
        return demo.busy // 5
    return demo.busy if ahead <= 5 else (demo.busy + 1) // 2
