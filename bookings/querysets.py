"""The questions and the guarded updates of the booking tables."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import connection, models
from django.db.models import Exists, F, OuterRef, Q

from bookings.states import BookingStatus

if TYPE_CHECKING:
    from bookings.models import Booking, Room, Timeslot  # noqa: F401


IS_PENDING = Q(status=BookingStatus.PENDING)


def is_upcoming(at: datetime) -> Q:
    return Q(status=BookingStatus.CONFIRMED, timeslot__end_time__gt=at)


def is_past(at: datetime) -> Q:
    over = [BookingStatus.CANCELLED, BookingStatus.COMPLETED, BookingStatus.NO_SHOW]
    return Q(status__in=over) | Q(status=BookingStatus.CONFIRMED, timeslot__end_time__lte=at)


class RoomQuerySet(models.QuerySet["Room"]):
    def active(self) -> "RoomQuerySet":
        return self.filter(is_active=True)


class TimeslotQuerySet(models.QuerySet["Timeslot"]):
    def open(self) -> "TimeslotQuerySet":
        """Not closed by staff and with a place free."""
        return self.filter(is_available=True)

    def overlapping(self, room_id: int, start: datetime, end: datetime) -> "TimeslotQuerySet":
        return self.filter(room_id=room_id, start_time__lt=end, end_time__gt=start)

    def lasting(self, minutes: int) -> "TimeslotQuerySet":
        """At least so many minutes long."""
        return self.filter(end_time__gte=F("start_time") + timedelta(minutes=minutes))

    def insert_like(self, sample: "Timeslot", spans: Iterable[tuple[datetime, datetime]]) -> None:
        """Write a timeslot for each (start, end), in all else like `sample`, which isn't saved.

        What `bulk_create` of copies would write in three times as long: it asks every field of
        every row, and only two of them differ.
        """
        row = {
            field.column: field.get_db_prep_save(field.pre_save(sample, add=True), connection)
            for field in self.model._meta.concrete_fields
            if field.column and not field.primary_key and not field.generated
        }
        columns = ", ".join(connection.ops.quote_name(column) for column in row)
        instant = connection.ops.adapt_datetimefield_value
        with connection.cursor() as cursor:
            cursor.executemany(
                # Column names of our own model; every value is a parameter.
                f"INSERT INTO {connection.ops.quote_name(self.model._meta.db_table)} "  # noqa: S608
                f"({columns}) VALUES ({', '.join(['%s'] * len(row))})",
                [
                    list((row | {"start_time": instant(start), "end_time": instant(end)}).values())
                    for start, end in spans
                ],
            )

    def claim_place(self, slot_id: int, *, at: datetime, price: Decimal | None) -> bool:
        """Take one place if there is one; the row count is the answer.

        Every condition that somebody could change between reading and claiming stands in the
        WHERE, so the decision is the database's.
        """
        rooms = apps.get_model("bookings", "Room").objects
        same_price = Q(price__isnull=True) if price is None else Q(price=price)
        return bool(
            self.filter(
                same_price,
                # EXISTS, not a join: Django would turn a join into two statements on MariaDB.
                Exists(rooms.filter(pk=OuterRef("room_id"), is_active=True)),
                pk=slot_id,
                is_blocked=False,
                taken__lt=F("max_bookings"),
                start_time__gt=at,
            ).update(taken=F("taken") + 1)
        )

    def release_place(self, slot_id: int) -> None:
        """Give one place back; never reopens what staff closed."""
        freed = self.filter(pk=slot_id, taken__gt=0).update(taken=F("taken") - 1)
        if not freed:
            raise AssertionError(f"slot {slot_id} has no place to give back")


class BookingQuerySet(models.QuerySet["Booking"]):
    def with_everything(self) -> "BookingQuerySet":
        """What a page or an API answer shows, without a query a row."""
        return self.select_related("room", "timeslot__room", "payment", "user").prefetch_related(
            "payment__attempts", "payment__refunds"
        )

    def of(self, user_id: int) -> "BookingQuerySet":
        return self.filter(user_id=user_id)

    def upcoming(self, at: datetime) -> "BookingQuerySet":
        return self.filter(is_upcoming(at))

    def pending(self) -> "BookingQuerySet":
        return self.filter(IS_PENDING)

    def past(self, at: datetime) -> "BookingQuerySet":
        return self.filter(is_past(at))

    def locked(self, pk: int) -> "Booking":
        """The row, locked; the caller holds the locks of its user and payment already.

        Nothing is joined: FOR UPDATE would lock the joined rows too.
        """
        return self.select_for_update().get(pk=pk)
