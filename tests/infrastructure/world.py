"""People, rooms, slots and bookings for tests; made by the real services where there is one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group

from accounts.models import User
from accounts.roles import FRONT_DESK, MANAGER, SCANNER, write_roles
from bookings.models import Booking, Room, Timeslot
from bookings.services import book
from bookings.states import BookingStatus, RoomType
from payments import courier
from payments.gateways import demo
from payments.models import PaymentAttempt

# A Thursday morning, well before any slot that a test makes.
NOW = datetime(2026, 7, 2, 8, 0, tzinfo=UTC)
START = datetime(2026, 7, 9, 9, 0, tzinfo=UTC)

MakeUser = Callable[..., User]
MakeRoom = Callable[..., Room]
MakeSlot = Callable[..., Timeslot]
MakeBooking = Callable[..., Booking]


def _user(email: str, *, group: str = "", verified: bool = True, **fields: Any) -> User:
    user = User.objects.create_user(email, "correct horse battery", **fields)
    if verified:
        user.mark_verified()
    if group:
        # A test with real transactions empties every table behind it, the migrated groups too.
        if not Group.objects.filter(name=group).exists():
            write_roles(apps)
        user.groups.add(Group.objects.get(name=group))
    return user


@pytest.fixture
def make_user(db: None) -> MakeUser:
    return _user


@pytest.fixture
def customer(db: None) -> User:
    return _user("ada@example.com", name="Ada Lovelace")


@pytest.fixture
def stranger(db: None) -> User:
    return _user("eve@example.com", name="Eve Stranger")


@pytest.fixture
def scanner(db: None) -> User:
    return _user("scan@example.com", group=SCANNER, is_staff=True, name="Sam Scanner")


@pytest.fixture
def front_desk(db: None) -> User:
    return _user("desk@example.com", group=FRONT_DESK, is_staff=True, name="Dora Desk")


@pytest.fixture
def manager(db: None) -> User:
    return _user("boss@example.com", group=MANAGER, is_staff=True, name="Max Manager")


@pytest.fixture
def make_room(db: None) -> MakeRoom:
    def make(**fields: Any) -> Room:
        fields = {
            "name": "Dr Weber",
            "room_type": RoomType.TREATMENT,
            "timezone": "Europe/Berlin",
            "hourly_rate": Decimal("90.00"),
        } | fields
        return Room.objects.create(**fields)

    return make


@pytest.fixture
def room(make_room: MakeRoom) -> Room:
    return make_room()


@pytest.fixture
def make_slot(make_room: MakeRoom) -> MakeSlot:
    def make(
        *, room: Room | None = None, start: datetime = START, minutes: int = 30, **fields: Any
    ) -> Timeslot:
        return Timeslot.objects.create(
            room=room or make_room(),
            start_time=start,
            end_time=start + timedelta(minutes=minutes),
            **fields,
        )

    return make


@pytest.fixture
def slot(make_slot: MakeSlot) -> Timeslot:
    return make_slot(price=Decimal("80.00"))


def book_slot(slot: Timeslot, user: User, *, at: datetime = NOW, **fields: Any) -> Booking:
    """Hold a place, as the page does."""
    return book(user_id=user.pk, timeslot_id=slot.pk, room_id=slot.room_id, at=at, **fields)


def pay_at_provider(booking: Booking, *, at: datetime = NOW) -> PaymentAttempt:
    """Open the provider's page and press Pay there; our side hasn't heard of it yet."""
    assert booking.payment is not None
    courier.open_session(booking.payment.pk, at=at)
    attempt = booking.payment.attempts.latest("pk")
    assert attempt.session_id is not None
    assert demo.pay(attempt.session_id, at=at)
    return attempt


def pay(booking: Booking, *, at: datetime = NOW) -> Booking:
    """Pay and come back: the provider is asked and its answer booked."""
    courier.ask(pay_at_provider(booking, at=at).pk, at=at)
    booking.refresh_from_db()
    return booking


@pytest.fixture
def make_booking(make_slot: MakeSlot, customer: User) -> MakeBooking:
    """A booking brought to `status` by the services, in a slot of its own unless one is given."""

    def make(
        *,
        status: BookingStatus = BookingStatus.PENDING,
        price: Decimal | int | str = Decimal("80.00"),
        starts_at: datetime = START,
        user: User | None = None,
        slot: Timeslot | None = None,
        at: datetime = NOW,
        **fields: Any,
    ) -> Booking:
        slot = slot or make_slot(start=starts_at, price=Decimal(price))
        booking = book_slot(slot, user or customer, at=at, **fields)
        if status == BookingStatus.CONFIRMED and booking.is_pending:
            pay(booking, at=at)
        return booking

    return make
