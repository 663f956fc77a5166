"""The demo's data: all there, made by the rules, and made once."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db.models import Count
from pytest_django import Settings

from accounts.models import User
from bookings.models import Booking, BookingStatusChange, Room, Timeslot
from bookings.states import BookingStatus, PaymentStatus
from bookings.verify import wrong_counters
from common import clock
from notifications.backends import DATABASE_ONLY
from notifications.models import OutgoingMail
from payments.models import Payment, Refund
from payments.states import RefundState
from portal.demo.houses import ROOMS, ensure_calendar, ensure_rooms
from portal.demo.people import ACCOUNTS, CUSTOMER, DESK, PASSWORD, ensure_accounts, ensure_crowd
from portal.demo.story import SCENES, Cast, play_scenes
from tests.infrastructure.pages import Visitor
from tests.infrastructure.world import NOW

pytestmark = pytest.mark.django_db
MODELS = (User, Room, Timeslot, Booking, BookingStatusChange, Payment, Refund, OutgoingMail)


@pytest.fixture
def demo(settings: Settings) -> Iterator[time_machine.Traveller]:
    """The demo on a Thursday morning."""
    settings.DJANGO_ENV = "demo"
    settings.IS_DEMO = True
    settings.EMAIL_BACKEND = DATABASE_ONLY
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def counts() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in MODELS}


def play_all() -> int:
    """The scenes alone, without the crowd; says how many were made."""
    people, crowd, rooms = ensure_accounts(), ensure_crowd(), ensure_rooms(NOW)
    for house in ROOMS:
        ensure_calendar(house, rooms[house.key], NOW)
    return play_scenes(Cast(people=people, crowd=crowd, rooms=rooms, at=NOW))


def days_ahead(room: Room) -> int:
    last = Timeslot.objects.filter(room=room).latest("start_time")
    zone = clock.zone(room.timezone)
    return (last.start_time.astimezone(zone).date() - NOW.astimezone(zone).date()).days


def test_the_demo_is_complete_and_keeps_its_own_rules(demo: time_machine.Traveller) -> None:
    call_command("seed_demo", verbosity=0)

    assert {room.timezone for room in Room.objects.all()} == {"Europe/Berlin", "America/New_York"}
    assert Room.objects.count() == 7
    assert all(days_ahead(room) >= 24 for room in Room.objects.all())
    assert Timeslot.objects.filter(max_bookings=5, taken__gt=1).exists()
    assert Timeslot.objects.filter(is_blocked=True).count() == 14
    assert not list(wrong_counters())
    states = Booking.objects.order_by().values_list("status", "payment_status").distinct()
    assert set(states) >= {
        (BookingStatus.PENDING, PaymentStatus.PENDING),
        (BookingStatus.CONFIRMED, PaymentStatus.PAID),
        (BookingStatus.CONFIRMED, PaymentStatus.PENDING),
        (BookingStatus.CANCELLED, PaymentStatus.PENDING),
        (BookingStatus.CANCELLED, PaymentStatus.REFUNDED),
        (BookingStatus.COMPLETED, PaymentStatus.PAID),
        (BookingStatus.NO_SHOW, PaymentStatus.PAID),
    }
    assert set(Refund.objects.values_list("status", flat=True)) == {RefundState.SUCCEEDED}
    for booking in Booking.objects.filter(payment__status="paid").with_everything():
        assert booking.payment is not None
        assert booking.payment.captured == booking.price
    # Past ones are over, and nothing that is to come is.
    assert not Booking.objects.filter(
        status=BookingStatus.CONFIRMED, timeslot__end_time__lt=NOW - timedelta(hours=1)
    ).exists()
    assert not Booking.objects.filter(
        status__in=(BookingStatus.COMPLETED, BookingStatus.NO_SHOW), timeslot__start_time__gt=NOW
    ).exists()
    # A few mails about one customer, none about the crowd.
    told = set(OutgoingMail.objects.values_list("to", flat=True))
    assert told == {CUSTOMER.email, DESK.email}
    assert OutgoingMail.objects.count() < 25


def test_again_adds_nothing_and_the_next_day_only_what_is_missing(
    demo: time_machine.Traveller,
) -> None:
    call_command("seed_demo", verbosity=0)
    first = counts()
    Room.objects.filter(name__startswith="Atlas").update(name="Atlantis", hourly_rate=50)
    User.objects.filter(email=CUSTOMER.email).update(name="Somebody else")

    call_command("seed_demo", verbosity=0)
    assert counts() == first
    demo.shift(timedelta(hours=2))
    call_command("seed_demo", verbosity=0)
    assert counts() == first

    demo.shift(timedelta(hours=22))
    call_command("seed_demo", verbosity=0)
    second = counts()
    assert second["Timeslot"] > first["Timeslot"]
    assert (second["User"], second["Room"]) == (first["User"], first["Room"])
    assert Room.objects.filter(name="Atlantis", hourly_rate=50).exists()
    assert User.objects.get(email=CUSTOMER.email).name == "Somebody else"
    assert not list(wrong_counters())
    double = Timeslot.objects.values("room", "start_time").annotate(n=Count("pk")).filter(n__gt=1)
    assert not double.exists()


def test_short_holds_leave_the_demo_as_full(
    demo: time_machine.Traveller, settings: Settings
) -> None:
    settings.HOLD_MINUTES = Decimal("0.05")

    assert play_all() == len(SCENES)


def test_mails_of_the_past_are_not_sent_to_anybody_by_a_real_server(
    demo: time_machine.Traveller, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert play_all() == len(SCENES)

    assert not OutgoingMail.objects.exists()


def test_everybody_can_sign_in(demo: time_machine.Traveller) -> None:
    ensure_accounts()

    for account in ACCOUNTS:
        user = User.objects.get(email=account.email)
        assert user.check_password(PASSWORD), account.email
        assert user.has_verified_email
        assert (user.is_staff, user.is_superuser) == (account.is_staff, account.is_superuser)
        assert [group.name for group in user.groups.all()] == [account.group] * bool(account.group)
        status = Visitor(user).get("/admin/").status
        assert status == (200 if account.is_staff else 302), account.email


def test_the_sign_ins_are_shown(demo: time_machine.Traveller) -> None:
    out = StringIO()

    call_command("demo_accounts", stdout=out)

    shown = out.getvalue()
    for account in ACCOUNTS:
        assert f"{account.role} " in shown
        assert account.email in shown
    assert PASSWORD in shown


@pytest.mark.parametrize("environment", ["production", "test"])
@pytest.mark.parametrize("command", ["seed_demo", "demo_accounts"])
def test_the_demo_is_nowhere_else(settings: Settings, environment: str, command: str) -> None:
    settings.DJANGO_ENV = environment

    with pytest.raises(CommandError, match=f"DJANGO_ENV is '{environment}'"):
        call_command(command)

    assert not User.objects.exists()
