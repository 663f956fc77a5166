"""Idempotency-Key: whatever was created once is answered again, byte for byte."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.models import User
from bookings.models import Booking, Room, Timeslot
from bookings.services import cancel_booking
from common.models import IdempotencyKey
from notifications.models import OutgoingMail
from payments.models import Payment
from tests.infrastructure.api import Api, MakeApi, nothing_changes, refused
from tests.infrastructure.world import NOW, START, MakeBooking, MakeSlot, MakeUser, book_slot


def book(client: Api, slot: Timeslot, key: str = "one", **body: Any) -> Any:
    wanted = {"timeslotId": slot.pk, "roomId": slot.room_id} | body
    return client.post("/bookings", wanted, idempotency_key=key)


def test_a_repeat_gets_the_same_bytes_and_books_nothing(
    api: MakeApi, customer: User, slot: Timeslot
) -> None:
    client = api(customer)
    first = book(client, slot)

    with nothing_changes():
        again = book(client, slot)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Content-Type"] == first["Content-Type"]
    assert again["Location"] == first["Location"]
    assert ("Idempotency-Replayed" in first, again["Idempotency-Replayed"]) == (False, "true")
    assert Booking.objects.count() == Payment.objects.count() == 1


def test_the_same_said_otherwise_is_the_same(api: MakeApi, customer: User, slot: Timeslot) -> None:
    client = api(customer).client
    headers = {"Idempotency-Key": "one"}
    bodies = [
        f'{{"timeslotId": {slot.pk}, "roomId": {slot.room_id}}}',
        f'{{"roomId":{slot.room_id},\n"timeslotId":{slot.pk}}}',
    ]

    first, again = (
        client.post("/api/v1/bookings", body, content_type="application/json", headers=headers)
        for body in bodies
    )

    assert (again.status_code, again.content) == (201, first.content)


def test_the_repeat_says_what_was_true_then(api: MakeApi, customer: User, slot: Timeslot) -> None:
    client = api(customer)
    first = book(client, slot)
    cancel_booking(booking_id=first.json()["id"], by=customer, at=NOW)

    again = book(client, slot)

    assert again.json()["status"] == "pending"
    assert Booking.objects.count() == 1


def test_another_body_under_the_same_key_is_409(
    api: MakeApi, customer: User, slot: Timeslot, make_slot: MakeSlot
) -> None:
    client, other = api(customer), make_slot()
    book(client, slot)

    with nothing_changes():
        refused(book(client, other), 409, "idempotency_key_reused")
        refused(book(client, slot, notes="more"), 409, "idempotency_key_reused")
    assert book(client, other, key="two").status_code == 201


def test_keys_that_differ_by_case_are_two(
    api: MakeApi, customer: User, slot: Timeslot, make_slot: MakeSlot
) -> None:
    client = api(customer)

    assert book(client, slot, key="a1").status_code == 201
    assert book(client, make_slot(), key="A1").status_code == 201


def test_keys_belong_to_a_person_and_an_address(
    api: MakeApi, customer: User, manager: User, make_slot: MakeSlot
) -> None:
    slot = make_slot(max_bookings=2)

    answers = [book(api(user), slot).json() for user in (customer, manager)]
    room = api(manager).post(
        "/admin/rooms", {"name": "Loft", "roomType": "office"}, idempotency_key="one"
    )

    assert [answer["userId"] for answer in answers] == [customer.pk, manager.pk]
    assert room.status_code == 201


def test_without_a_key_each_request_counts(api: MakeApi, customer: User, slot: Timeslot) -> None:
    client = api(customer)

    assert book(client, slot, key="").status_code == 201
    with nothing_changes():
        refused(book(client, slot, key=" "), 409, "already_booked")
    assert not IdempotencyKey.objects.exists()


def test_a_key_is_kept_for_24_hours(api: MakeApi, customer: User, make_slot: MakeSlot) -> None:
    slot = make_slot(price=Decimal(0), start=START + timedelta(days=7))
    first = book(api(customer), slot)

    def a_day_later(seconds: int) -> Any:
        with time_machine.travel(NOW + timedelta(hours=24, seconds=seconds), tick=False):
            return book(Api(customer), slot)

    assert a_day_later(-1).content == first.content
    refused(a_day_later(0), 409, "already_booked")


def test_a_key_of_201_characters_is_400(api: MakeApi, customer: User, slot: Timeslot) -> None:
    with nothing_changes():
        refused(book(api(customer), slot, key="x" * 201), 400, "invalid", "Idempotency-Key")

    assert book(api(customer), slot, key="x" * 200).status_code == 201


# --- which refusals are kept --------------------------------------------------------------------


def test_a_lost_slot_stays_lost_under_its_key(
    api: MakeApi, customer: User, stranger: User, slot: Timeslot, make_slot: MakeSlot
) -> None:
    held = book_slot(slot, stranger)
    make_slot(room=slot.room, start=START + timedelta(hours=1))
    client = api(customer)
    first = book(client, slot)
    refused(first, 409, "slot_taken")
    assert len(first.json()["errors"][0]["alternatives"]) == 1
    cancel_booking(booking_id=held.pk, by=stranger, at=NOW)

    with nothing_changes():
        again = book(client, slot)

    assert (again.status_code, again.content) == (409, first.content)
    assert book(client, slot, key="two").status_code == 201


def test_an_unknown_slot_stays_unknown(api: MakeApi, customer: User, slot: Timeslot) -> None:
    client = api(customer)
    first = client.post(
        "/bookings", {"timeslotId": 10**6, "roomId": slot.room_id}, idempotency_key="one"
    )
    slot.pk = 10**6
    slot.start_time += timedelta(days=1)
    slot.end_time += timedelta(days=1)
    slot.save(force_insert=True)

    again = book(client, slot)

    assert (first.status_code, again.status_code) == (404, 404)
    assert again.content == first.content


def test_who_has_a_place_stays_told_so(
    api: MakeApi, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking()
    client = api(customer)
    first = book(client, booking.timeslot)
    refused(first, 409, "already_booked")
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW)

    assert book(client, booking.timeslot).content == first.content


def test_too_many_holds_is_passing(
    api: MakeApi, customer: User, slot: Timeslot, make_booking: MakeBooking
) -> None:
    held = [make_booking(starts_at=START + timedelta(hours=hours)) for hours in (1, 2, 3)]
    client = api(customer)
    refused(book(client, slot), 409, "too_many_holds")
    cancel_booking(booking_id=held[0].pk, by=customer, at=NOW)

    assert book(client, slot).status_code == 201


def test_too_soon_is_passing(api: MakeApi, customer: User, slot: Timeslot) -> None:
    client = api(customer)
    Room.objects.update(min_notice_minutes=60 * 24 * 30)
    refused(book(client, slot), 409, "too_soon")
    Room.objects.update(min_notice_minutes=60)

    assert book(client, slot).status_code == 201


def test_a_400_is_not_kept(api: MakeApi, customer: User, slot: Timeslot) -> None:
    client = api(customer)
    Room.objects.update(is_active=False)
    refused(book(client, slot), 400, "invalid", "roomId")
    Room.objects.update(is_active=True)

    assert book(client, slot).status_code == 201


def test_a_401_and_a_403_are_not_kept(api: MakeApi, make_user: MakeUser, slot: Timeslot) -> None:
    newcomer = make_user("new@example.com", verified=False)
    assert book(api(), slot).status_code == 401
    refused(book(api(newcomer), slot), 403, "email_unverified")
    assert not IdempotencyKey.objects.exists()
    newcomer.mark_verified()

    assert book(api(newcomer), slot).status_code == 201


def test_a_429_is_not_kept(
    api: MakeApi, customer: User, slot: Timeslot, make_slot: MakeSlot, settings: Any
) -> None:
    settings.MAX_HOLDS_PER_HOUR = 1
    client = api(customer)
    held = book(client, make_slot(), key="other").json()
    client.put(f"/bookings/{held['id']}/cancel")
    refused(book(client, slot), 429, "throttled")
    settings.MAX_HOLDS_PER_HOUR = 2

    assert book(client, slot).status_code == 201


def test_a_500_is_not_kept_and_leaves_nothing(
    api: MakeApi, customer: User, slot: Timeslot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the disk is full")

    client = api(customer)
    client.client.raise_request_exception = False
    with monkeypatch.context() as patched:
        # After the booking is made, before its answer is stored.
        patched.setattr("common.idempotency._store", fail)
        with nothing_changes():
            refused(book(client, slot), 500, "error")

    assert book(client, slot).status_code == 201


# --- the other creating requests ----------------------------------------------------------------


def test_a_room_is_made_once(api: MakeApi, manager: User) -> None:
    client, body = api(manager), {"name": "Loft", "roomType": "meeting"}

    first, again = (client.post("/admin/rooms", body, idempotency_key="one") for _ in range(2))

    assert (first.status_code, again.content) == (201, first.content)
    assert Room.objects.count() == 1


@pytest.mark.parametrize("dry_run", [False, True])
def test_timeslots_are_generated_once(
    api: MakeApi, manager: User, room: Room, dry_run: bool
) -> None:
    client = api(manager)
    body = {
        "roomId": room.pk,
        "startDate": "2026-07-09",
        "endDate": "2026-07-10",
        "slotDuration": 60,
        "workingHours": {"start": "09:00", "end": "12:00"},
        "dryRun": dry_run,
    }

    first, again = (
        client.post("/admin/timeslots/generate", body, idempotency_key="one") for _ in range(2)
    )

    assert first.status_code == (200 if dry_run else 201)
    assert (again.content, again.json()["created"]) == (first.content, 6)
    assert Timeslot.objects.count() == (0 if dry_run else 6)


def test_a_free_booking_is_told_once(api: MakeApi, customer: User, make_slot: MakeSlot) -> None:
    slot, client = make_slot(price=Decimal(0)), api(customer)

    answers = {book(client, slot).content for _ in range(3)}

    assert len(answers) == 1
    assert OutgoingMail.objects.count() == 1
