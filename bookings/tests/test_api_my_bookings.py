"""One's own bookings by the API: list, look, cancel. Somebody else's aren't there."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.models import User
from bookings.models import Booking
from bookings.services import cancel_booking, set_status
from bookings.states import BookingStatus
from notifications.models import OutgoingMail
from payments import courier
from payments.models import Refund
from tests.infrastructure.api import Api, MakeApi, nothing_changes, refused
from tests.infrastructure.world import (
    NOW,
    START,
    MakeBooking,
    MakeSlot,
    book_slot,
    pay,
    pay_at_provider,
)


def test_the_list_has_one_s_own_alone_the_newest_first(
    api: MakeApi, customer: User, stranger: User, make_booking: MakeBooking
) -> None:
    first = make_booking(starts_at=START)
    second = make_booking(starts_at=START - timedelta(days=1))
    make_booking(user=stranger)

    answer = api(customer).get("/bookings").json()

    assert (answer["count"], answer["next"], answer["previous"]) == (2, None, None)
    assert [found["id"] for found in answer["results"]] == [second.pk, first.pk]
    assert answer["results"][1] == api(customer).get(f"/bookings/{first.pk}").json()


@pytest.mark.parametrize("status", BookingStatus.values)
def test_the_list_by_status(
    api: MakeApi, customer: User, make_booking: MakeBooking, status: str
) -> None:
    made = {
        name: make_booking(starts_at=START + timedelta(hours=number), price=0)
        for number, name in enumerate(BookingStatus.values)
    }
    for name, booking in made.items():
        Booking.objects.filter(pk=booking.pk).update(status=name)

    results = api(customer).get("/bookings", status=status).json()["results"]

    assert [found["id"] for found in results] == [made[status].pk]


@pytest.mark.parametrize("query", [{"status": "lost"}, {"status": " "}, {"page": "x"}])
def test_bad_parameters_are_400(api: MakeApi, customer: User, query: dict[str, str]) -> None:
    answer = api(customer).get("/bookings", **query)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == next(iter(query))


def test_a_paid_booking_needs_no_checkout(
    api: MakeApi, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)

    found = api(customer).get(f"/bookings/{booking.pk}").json()

    assert (found["status"], found["paymentStatus"]) == ("confirmed", "paid")
    assert (found["checkoutUrl"], found["expiresAt"]) == (None, None)
    assert (found["refundAmount"], found["refundPercent"]) == (0, None)
    assert "history" not in found
    assert "isBlocked" not in found["timeslot"]
    assert "staffEmail" not in found["room"]


def test_a_held_booking_keeps_its_checkout(
    api: MakeApi, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking()
    client = api(customer)

    first = client.get(f"/bookings/{booking.pk}").json()
    assert booking.payment is not None
    assert client.client.get(first["checkoutUrl"]).status_code == 303
    again = client.get(f"/bookings/{booking.pk}").json()

    assert again["checkoutUrl"] == first["checkoutUrl"]
    assert again["expiresAt"] == "2026-07-02T08:15:00Z"


def test_the_schedule_is_that_of_the_day_it_was_booked(
    api: MakeApi, customer: User, make_slot: MakeSlot
) -> None:
    slot = make_slot(price=Decimal("33.33"))
    slot.room.refund_policy = [{"hoursBefore": 1.5, "percent": 50}]
    slot.room.save()
    booking = book_slot(slot, customer)
    slot.room.refund_policy = []
    slot.room.save()

    found = api(customer).get(f"/bookings/{booking.pk}").json()

    assert found["refundSchedule"] == [
        {"until": "2026-07-09T07:30:00Z", "percent": 50, "amount": 16.67},
        {"until": None, "percent": 0, "amount": 0},
    ]
    assert found["room"]["refundPolicy"] == []


def test_somebody_else_s_booking_is_not_there(
    api: MakeApi, stranger: User, manager: User, make_booking: MakeBooking
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)

    with nothing_changes():
        for other in (stranger, manager):
            refused(api(other).get(f"/bookings/{booking.pk}"), 404, "not_found")
            # Not even a malformed body tells that it is there.
            bodies: list[Any] = [{}, {"reason": 5}, []]
            for body in bodies:
                answer = api(other).put(f"/bookings/{booking.pk}/cancel", body)
                refused(answer, 404, "not_found")
        refused(api().get(f"/bookings/{booking.pk}"), 401, "not_authenticated")
        refused(api().put(f"/bookings/{booking.pk}/cancel"), 401, "not_authenticated")


# --- cancel -------------------------------------------------------------------------------------


def cancel(client: Api, booking: Booking, body: Any = None) -> Any:
    return client.put(f"/bookings/{booking.pk}/cancel", body)


@pytest.mark.parametrize(
    ("notice", "percent", "amount"),
    [
        pytest.param(timedelta(hours=24), 100, 45.01, id="24h"),
        pytest.param(timedelta(hours=24, seconds=-1), 50, 22.51, id="below-24h"),
        pytest.param(timedelta(hours=6), 50, 22.51, id="6h"),
        pytest.param(timedelta(hours=6, seconds=-1), 0, 0, id="below-6h"),
    ],
)
def test_cancelling_says_what_comes_back(
    api: MakeApi,
    customer: User,
    make_booking: MakeBooking,
    notice: timedelta,
    percent: int,
    amount: float,
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED, price="45.01")
    client = api(customer)

    with time_machine.travel(START - notice, tick=False):
        client.client.force_login(customer, "django.contrib.auth.backends.ModelBackend")
        answer = cancel(client, booking, {"reason": "I am ill"})
        later = client.get(f"/bookings/{booking.pk}")

    assert answer.status_code == 200
    found = answer.json()
    assert (found["status"], found["refundPercent"], found["refundAmount"]) == (
        "cancelled",
        percent,
        amount,
    )
    assert found["paymentStatus"] == ("refunded" if amount else "paid")
    assert found["cancelledAt"] == (START - notice).isoformat().replace("+00:00", "Z")
    assert found["timeslot"]["placesLeft"] == 1
    assert later.json() == found
    assert [float(refund.amount) for refund in Refund.objects.all()] == ([amount] if amount else [])
    assert booking.history.latest("pk").reason == "I am ill"


def test_giving_up_a_hold_refunds_nothing(
    api: MakeApi, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking()

    found = cancel(api(customer), booking).json()

    assert (found["status"], found["paymentStatus"]) == ("cancelled", "pending")
    assert (found["refundPercent"], found["refundAmount"]) == (0, 0)
    assert (found["checkoutUrl"], found["expiresAt"]) == (None, None)
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("body", [None, {}, {"reason": ""}, {"reason": None}, {"more": 1}])
def test_a_reason_is_not_needed(
    api: MakeApi, customer: User, make_booking: MakeBooking, body: Any
) -> None:
    assert cancel(api(customer), make_booking(), body).status_code == 200


@pytest.mark.parametrize("body", [{"reason": {}}, {"reason": "x" * 251}, {"reason": "\0"}, [], 3])
def test_a_malformed_reason_is_400(
    api: MakeApi, customer: User, make_booking: MakeBooking, body: Any
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)

    with nothing_changes():
        assert cancel(api(customer), booking, body).status_code == 400


def test_what_is_over_stays_as_it_is(
    api: MakeApi, customer: User, manager: User, make_booking: MakeBooking
) -> None:
    cancelled = make_booking(status=BookingStatus.CONFIRMED, starts_at=START)
    cancel_booking(booking_id=cancelled.pk, by=customer, at=NOW)
    begun = make_booking(status=BookingStatus.CONFIRMED, starts_at=NOW, at=NOW - timedelta(days=1))
    over = {}
    for number, status in enumerate((BookingStatus.COMPLETED, BookingStatus.NO_SHOW)):
        booking = make_booking(
            status=BookingStatus.CONFIRMED,
            starts_at=NOW - timedelta(hours=number + 1),
            at=NOW - timedelta(days=1),
        )
        over[status] = set_status(booking_id=booking.pk, status=status, by=manager, at=NOW)

    with nothing_changes():
        for booking in (cancelled, begun, *over.values()):
            refused(cancel(api(customer), booking), 409, "invalid_transition")


@pytest.mark.parametrize("number", [0, 10**6, 2**31, 2**63, 10**30])
def test_unknown_numbers_are_404(api: MakeApi, customer: User, number: int) -> None:
    refused(api(customer).get(f"/bookings/{number}"), 404, "not_found")
    refused(api(customer).put(f"/bookings/{number}/cancel"), 404, "not_found")


# --- money that came late -----------------------------------------------------------------------


def test_money_that_comes_too_late_is_shown_as_given_back(
    api: MakeApi, customer: User, stranger: User, make_slot: MakeSlot
) -> None:
    slot = make_slot(price=Decimal("80.00"))
    booking = book_slot(slot, customer, at=NOW - timedelta(hours=1))
    attempt = pay_at_provider(booking, at=NOW - timedelta(hours=1))
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW - timedelta(minutes=50))
    book_slot(slot, stranger)
    courier.ask(attempt.pk, at=NOW)

    found = api(customer).get(f"/bookings/{booking.pk}").json()

    assert (found["status"], found["paymentStatus"]) == ("cancelled", "refunded")
    assert found["refundAmount"] == 80


def test_a_lapsed_hold_gave_nothing_back(
    api: MakeApi, customer: User, stranger: User, make_slot: MakeSlot
) -> None:
    slot = make_slot(price=Decimal("80.00"))
    booking = book_slot(slot, customer, at=NOW - timedelta(hours=1))
    book_slot(slot, stranger)

    found = api(customer).get(f"/bookings/{booking.pk}").json()

    assert (found["status"], found["paymentStatus"]) == ("cancelled", "pending")
    assert (found["refundAmount"], found["refundPercent"]) == (0, 0)


def test_a_booking_of_an_inactive_room_is_still_shown(
    api: MakeApi, customer: User, make_booking: MakeBooking
) -> None:
    booking = pay(make_booking())
    booking.room.is_active = False
    booking.room.save()

    found = api(customer).get(f"/bookings/{booking.pk}").json()

    assert (found["room"]["isActive"], found["status"]) == (False, "confirmed")


def test_a_hold_whose_time_is_over_is_released_by_looking_at_it(
    api: MakeApi, customer: User, make_slot: MakeSlot
) -> None:
    slot = make_slot(price=Decimal("80.00"))
    booking = book_slot(slot, customer, at=NOW - timedelta(minutes=15))

    found = api(customer).get(f"/bookings/{booking.pk}").json()

    assert (found["status"], found["checkoutUrl"], found["expiresAt"]) == ("cancelled", None, None)
    assert found["timeslot"]["placesLeft"] == 1


def test_nothing_of_it_is_kept_by_a_cache(
    api: MakeApi, customer: User, make_booking: MakeBooking
) -> None:
    make_booking()

    for path in ("/bookings", "/bookings/rooms"):
        assert api(customer).get(path)["Cache-Control"] == "no-store"
