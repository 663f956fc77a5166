"""Databases that differ in one thing: how many timeslots lie in the table.

All have the same rooms, and the same times in what is measured: one room's next month, one room
that is booked out for as long as it takes bookings, and the next free time of every other room.
The larger ones have years of past and future around that.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection

SIZES = (1_000, 100_000, 1_000_000)
ROOMS = 48
SLOTS_A_DAY = 8
OPENS = 8  # o'clock, UTC; every slot lasts an hour
DAYS_AHEAD = 100  # the rooms take bookings for 90
MEASURED, BOOKED_OUT = 1, ROOMS
BOOKED_OUT_DAYS = 62

# `room`, `day` and `place` come from the SELECT, `day` counted from @first; every third time is
# taken.
COLUMNS = (
    "room_id, start_time, end_time, max_bookings, taken, is_blocked, blocked_reason, created_at"
)
ROW = f"""
    room,
    @first + INTERVAL day DAY + INTERVAL {OPENS} + place HOUR,
    @first + INTERVAL day DAY + INTERVAL {OPENS + 1} + place HOUR,
    1,
    room = {BOOKED_OUT} OR (TO_DAYS(@first) + day + place) % 3 = 0,
    0,
    '',
    @first
"""


@dataclass(frozen=True)
class Size:
    """A database with so many timeslots."""

    wanted: int
    database: str

    @property
    def label(self) -> str:
        return f"{self.wanted:,}"


def make_sizes(months_first: date, today: date) -> list[Size]:
    """A database for each size; `months_first` is the first of the month that is measured."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DATABASE()")
        origin = cursor.fetchone()[0]
        sizes = [Size(wanted, f"{origin}_{wanted}") for wanted in SIZES]
        for size in sizes:
            copy_database(cursor, origin, size.database)
        for size in sizes:
            cursor.execute(f"USE {size.database}")
            _fill_rooms(cursor)
            if size.wanted == SIZES[0]:
                _fill_least(cursor, months_first, today)
            else:
                _fill_years(cursor, size.wanted, today)
            cursor.execute("ANALYZE TABLE timeslots")
            cursor.fetchall()
        cursor.execute(f"USE {origin}")
    return sizes


def copy_database(cursor: Any, origin: str, copy: str) -> None:
    """Tables, keys and rows: many times as fast as another migrate."""
    cursor.execute(f"SHOW TABLES FROM {origin}")
    tables = [row[0] for row in cursor.fetchall()]
    cursor.execute(f"CREATE DATABASE {copy} CHARACTER SET utf8mb4")
    cursor.execute(f"USE {copy}")
    cursor.execute("SET foreign_key_checks = 0")
    for table in tables:
        cursor.execute(f"SHOW CREATE TABLE {origin}.{table}")
        cursor.execute(cursor.fetchone()[1].replace("%", "%%"))
    for table in ("auth_group", "django_content_type", "auth_permission", "auth_group_permissions"):
        cursor.execute(f"INSERT INTO {table} SELECT * FROM {origin}.{table}")
    cursor.execute("SET foreign_key_checks = 1")
    cursor.execute(f"USE {origin}")


def _fill_rooms(cursor: Any) -> None:
    cursor.execute(
        f"""
        INSERT INTO rooms (
            id, name, description, capacity, room_type, hourly_rate, is_active, metadata,
            created_at, updated_at, timezone, min_notice_minutes, max_advance_days,
            allow_repeat_booking, staff_email, notify_staff, image_url
        )
        SELECT
            seq, CONCAT('Room ', LPAD(seq, 2, '0')), '', 4, 'meeting', 80, 1, '{{}}',
            NOW(), NOW(), 'Europe/Berlin', 60, IF(seq = {BOOKED_OUT}, {BOOKED_OUT_DAYS}, 90),
            0, '', 1, ''
        FROM seq_1_to_{ROOMS}
        """
    )


def _fill_least(cursor: Any, months_first: date, today: date) -> None:
    """What is measured and nothing else."""
    _count_from(cursor, today)
    days_until = (months_first - today).days
    days_long = ((months_first + timedelta(days=32)).replace(day=1) - months_first).days
    month = (
        f"SELECT {MEASURED} room, {days_until} + seq DIV {SLOTS_A_DAY} day, "
        f"seq % {SLOTS_A_DAY} place FROM seq_0_to_{days_long * SLOTS_A_DAY - 1}"
    )
    booked_out = (
        f"SELECT {BOOKED_OUT} room, 1 + seq DIV {SLOTS_A_DAY} day, "
        f"seq % {SLOTS_A_DAY} place FROM seq_0_to_{BOOKED_OUT_DAYS * SLOTS_A_DAY - 1}"
    )
    # What is left of a thousand: the first times of tomorrow, in every room.
    each = max((SIZES[0] - (days_long + BOOKED_OUT_DAYS) * SLOTS_A_DAY) // (ROOMS - 1), 3)
    others = (
        f"SELECT {MEASURED} + seq DIV {each} room, 1 day, seq % {each} place "
        f"FROM seq_0_to_{(ROOMS - 1) * each - 1}"
    )
    for rows in (month, booked_out, others):
        # IGNORE: on a month's last day tomorrow is in the month that is measured.
        cursor.execute(f"INSERT IGNORE INTO timeslots ({COLUMNS}) SELECT {ROW} FROM ({rows}) made")


def _fill_years(cursor: Any, wanted: int, today: date) -> None:
    """Every room open every day but today, from long ago to where bookings end.

    Written day by day, as the years would have: a room's rows lie scattered over the table.
    """
    a_day = ROOMS * SLOTS_A_DAY
    days = wanted // a_day
    days_back = days - DAYS_AHEAD
    _count_from(cursor, today - timedelta(days=days_back))
    made = (
        f"SELECT 1 + seq % {ROOMS} room, seq DIV {a_day} day, "
        f"seq DIV {ROOMS} % {SLOTS_A_DAY} place FROM seq_0_to_{days * a_day - 1}"
    )
    cursor.execute(
        f"INSERT INTO timeslots ({COLUMNS}) SELECT {ROW} FROM ({made}) made "
        f"WHERE day <> {days_back}"
    )


def _count_from(cursor: Any, day: date) -> None:
    cursor.execute("SET @first = CAST(%s AS DATETIME)", [day])
