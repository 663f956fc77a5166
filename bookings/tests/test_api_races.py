"""The same request from everywhere at once; with real connections, at a barrier.

The control runs send no key: then the same crowd does get more than one booking.
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from bookings.models import Booking, Room, Timeslot
from bookings.verify import wrong_counters
from common.models import IdempotencyKey
from payments.models import Payment
from tests.infrastructure.api import Api, error_of, refused
from tests.infrastructure.races import ROUNDS, Crowd
from tests.infrastructure.world import MakeRoom, MakeSlot, MakeUser

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

CLIENTS = 8
MakeCrowd = Callable[[int], Crowd]


@pytest.fixture(autouse=True)
def no_limits(settings: Settings) -> None:
    settings.MAX_OPEN_HOLDS = settings.MAX_HOLDS_PER_HOUR = 10**6


@pytest.fixture
def soon() -> Any:
    """The first start that a race may book; the clock is the real one here."""
    return timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=2)


def book(client: Api, slot: Timeslot, key: str) -> tuple[int, bytes]:
    answer = client.post(
        "/bookings", {"timeslotId": slot.pk, "roomId": slot.room_id}, idempotency_key=key
    )
    if answer.status_code == 409:
        assert error_of(answer)["code"] in {"idempotency_in_progress", "already_booked"}
    return answer.status_code, answer.content


@pytest.mark.parametrize("places", [1, 5])
def test_one_key_from_eight_clients_is_one_booking(
    crowd: MakeCrowd,
    customer: User,
    make_room: MakeRoom,
    make_slot: MakeSlot,
    soon: Any,
    places: int,
) -> None:
    clients, room = crowd(CLIENTS), make_room(allow_repeat_booking=True)
    browsers = [Api(customer) for _ in range(CLIENTS)]
    for number in range(ROUNDS):
        slot = make_slot(
            room=room,
            start=soon + timedelta(hours=number),
            max_bookings=places,
            price=Decimal("80.00"),
        )

        answers = clients.at_once(
            [partial(book, browser, slot, f"round {number}") for browser in browsers]
        )

        assert [answer for answer in answers if isinstance(answer, Exception)] == []
        bodies = {body for status, body in answers if status == 201}
        others = {status for status, _ in answers} - {201}
        assert (len(bodies), others <= {409}) == (1, True), answers
        assert Booking.objects.filter(timeslot=slot).count() == 1
        assert Timeslot.objects.get(pk=slot.pk).taken == 1
        # Whoever was told to come again gets the very same answer now.
        assert book(browsers[0], slot, f"round {number}") == (201, bodies.pop())
    assert Payment.objects.count() == IdempotencyKey.objects.count() == ROUNDS
    assert list(wrong_counters()) == []


def test_control_without_a_key_they_are_several(
    crowd: MakeCrowd, customer: User, make_room: MakeRoom, make_slot: MakeSlot, soon: Any
) -> None:
    clients = crowd(CLIENTS)
    slot = make_slot(
        room=make_room(allow_repeat_booking=True),
        start=soon,
        max_bookings=5,
        price=Decimal("80.00"),
    )
    browsers = [Api(customer) for _ in range(CLIENTS)]

    answers = clients.at_once([partial(book_freely, browser, slot) for browser in browsers])

    assert Counter(answers) == {201: 5, 409: 3}
    assert Booking.objects.count() == 5


def book_freely(client: Api, slot: Timeslot) -> int:
    return client.post("/bookings", {"timeslotId": slot.pk, "roomId": slot.room_id}).status_code


def test_the_last_place_goes_to_one_by_the_api_too(
    crowd: MakeCrowd, make_user: MakeUser, make_room: MakeRoom, make_slot: MakeSlot, soon: Any
) -> None:
    clients, room = crowd(CLIENTS), make_room()
    browsers = [Api(make_user(f"client{number}@example.com")) for number in range(CLIENTS)]
    for number in range(ROUNDS):
        slot = make_slot(room=room, start=soon + timedelta(hours=number), price=Decimal(80))

        answers = clients.at_once([partial(book_or_code, browser, slot) for browser in browsers])

        assert Counter(answers) == {"201": 1, "slot_taken": CLIENTS - 1}
        assert Timeslot.objects.get(pk=slot.pk).taken == 1


def book_or_code(client: Api, slot: Timeslot) -> str:
    answer = client.post(
        "/bookings",
        {"timeslotId": slot.pk, "roomId": slot.room_id},
        idempotency_key=f"for slot {slot.pk}",
    )
    return "201" if answer.status_code == 201 else str(error_of(answer)["code"])


# --- waiting has an end -------------------------------------------------------------------------


@pytest.mark.mariadb
def test_a_twin_that_waits_too_long_is_told_that_it_is_in_progress(
    crowd: MakeCrowd, customer: User, make_slot: MakeSlot, soon: Any
) -> None:
    slot, clients, client = make_slot(start=soon), crowd(1), Api(customer)

    with transaction.atomic():
        # As the first of the two does, all the while that it works.
        User.objects.lock(customer.pk)
        [answer] = clients.at_once([partial(impatient_booking, client, slot)])

    refused(answer, 409, "idempotency_in_progress")
    assert Booking.objects.count() == 0


@pytest.mark.mariadb
def test_a_slot_that_stays_locked_is_busy_not_in_progress(
    crowd: MakeCrowd, customer: User, make_slot: MakeSlot, soon: Any
) -> None:
    slot, clients, client = make_slot(start=soon), crowd(1), Api(customer)

    with transaction.atomic():
        Timeslot.objects.select_for_update().get(pk=slot.pk)
        [answer] = clients.at_once([partial(impatient_booking, client, slot)])

    refused(answer, 503, "busy")
    assert answer["Retry-After"] == "2"
    assert Booking.objects.count() == IdempotencyKey.objects.count() == 0


def impatient_booking(client: Api, slot: Timeslot) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION innodb_lock_wait_timeout=1")
    return client.post(
        "/bookings", {"timeslotId": slot.pk, "roomId": slot.room_id}, idempotency_key="one"
    )


def test_two_runs_of_the_generator_make_each_slot_once(
    crowd: MakeCrowd, make_user: MakeUser, room: Room, soon: Any
) -> None:
    boss = make_user("root@example.com", is_superuser=True)
    clients = crowd(4)
    body = {
        "roomId": room.pk,
        "startDate": f"{soon:%Y-%m-%d}",
        "endDate": f"{soon + timedelta(days=13):%Y-%m-%d}",
        "slotDuration": 30,
        "workingHours": {"start": "09:00", "end": "12:00"},
    }
    browsers = [Api(boss) for _ in range(4)]

    answers = clients.at_once(
        [partial(browser.post, "/admin/timeslots/generate", body) for browser in browsers]
    )

    assert [answer.status_code for answer in answers] == [201] * 4
    created = sum(answer.json()["created"] for answer in answers)
    skipped = sum(answer.json()["skipped"] for answer in answers)
    assert (created, skipped, Timeslot.objects.count()) == (60, 180, 60)
