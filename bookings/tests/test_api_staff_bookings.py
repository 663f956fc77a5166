"""Everybody's bookings, seen and moved by staff."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from bookings.models import Booking
from bookings.services import cancel_booking
from bookings.states import BookingStatus
from notifications.models import OutgoingMail
from payments.models import Refund
from payments.states import PaymentState
from tests.infrastructure.api import Api, MakeApi, nothing_changes, refused
from tests.infrastructure.world import (
    NOW,
    START,
    MakeBooking,
    MakeRoom,
    MakeSlot,
    book_slot,
    pay,
)


def set_status(client: Api, booking: Booking, **body: Any) -> Any:
    return client.put(f"/admin/bookings/{booking.pk}/status", body)


def test_staff_see_whose_it_is_and_what_happened(
    api: MakeApi, front_desk: User, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW, reason="I am ill")

    found = api(front_desk).get(f"/admin/bookings/{booking.pk}").json()

    own = api(customer).get(f"/bookings/{booking.pk}").json()
    timeslot = own.pop("timeslot") | {"isBlocked": False, "blockedReason": ""}
    moment = "2026-07-02T08:00:00Z"
    assert found == own | {
        "timeslot": timeslot,
        "staffNotes": "",
        "user": {"id": customer.pk, "name": "Ada Lovelace", "email": "ada@example.com"},
        "history": [
            {
                "from": None,
                "to": "pending",
                "at": moment,
                "by": customer.pk,
                "byName": "Ada Lovelace",
                "reason": "",
            },
            {
                "from": "pending",
                "to": "confirmed",
                "at": moment,
                "by": None,
                "byName": "",
                "reason": "paid",
            },
            {
                "from": "confirmed",
                "to": "cancelled",
                "at": moment,
                "by": customer.pk,
                "byName": "Ada Lovelace",
                "reason": "I am ill",
            },
        ],
    }


def test_the_list_and_its_filters(
    api: MakeApi,
    front_desk: User,
    customer: User,
    stranger: User,
    make_room: MakeRoom,
    make_slot: MakeSlot,
) -> None:
    berlin = make_room(name="Berlin")
    york = make_room(name="York", timezone="America/New_York")
    first = book_slot(make_slot(room=berlin, start=START), customer, notes="Wisdom tooth")
    # 9 July, 23:00 in New York; 10 July, 05:00 in Berlin.
    night = START + timedelta(hours=18)
    second = book_slot(make_slot(room=york, start=night), stranger)
    third = pay(book_slot(make_slot(room=berlin, start=night, price=Decimal(9)), stranger))
    client = api(front_desk)

    def found(**query: Any) -> list[int]:
        results = client.get("/admin/bookings", **query).json()["results"]
        return [booking["id"] for booking in results]

    assert found() == [third.pk, second.pk, first.pk]
    assert found(status="confirmed") == [third.pk]
    assert found(roomId=york.pk) == [second.pk]
    assert found(userId=stranger.pk) == [third.pk, second.pk]
    assert found(userId=10**30) == []
    assert found(fromDate="2026-07-10") == [third.pk]
    assert found(toDate="2026-07-09") == [second.pk, first.pk]
    assert found(fromDate="2026-07-09", toDate="2026-07-09") == [second.pk, first.pk]
    assert found(search="LOVELACE") == [first.pk]
    assert found(search="eve@") == [third.pk, second.pk]
    assert found(search="york") == [second.pk]
    assert found(search="wisdom") == [first.pk]
    assert found(search=str(second.pk)) == [second.pk]
    assert found(search="9" * 60) == []
    assert found(search="nobody") == []
    assert found(search="", status="pending", userId=customer.pk) == [first.pk]


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({"status": "lost"}, "status"),
        ({"roomId": "x"}, "roomId"),
        ({"userId": "1.5"}, "userId"),
        ({"fromDate": "x"}, "fromDate"),
        ({"fromDate": "2026-07-09", "toDate": "2026-07-08"}, "toDate"),
        ({"search": "x" * 101}, "search"),
        ({"search": "\0"}, "search"),
    ],
)
def test_bad_filters_are_400(
    api: MakeApi, front_desk: User, query: dict[str, str], attr: str
) -> None:
    answer = api(front_desk).get("/admin/bookings", **query)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == attr


@pytest.mark.parametrize("method", ["put", "patch"])
def test_notes_of_the_staff_are_theirs_alone(
    api: MakeApi, front_desk: User, customer: User, make_booking: MakeBooking, method: str
) -> None:
    booking = make_booking()
    client, path = api(front_desk), f"/admin/bookings/{booking.pk}"

    answer = client.send(method, path, {"staffNotes": " Allergic.\n", "status": "completed"})
    unchanged = client.send(method, path, {})

    assert (answer.status_code, answer.json()["staffNotes"]) == (200, "Allergic.")
    assert answer.json()["status"] == "pending"
    assert unchanged.json()["staffNotes"] == "Allergic."
    assert "staffNotes" not in api(customer).get(f"/bookings/{booking.pk}").json()
    assert client.send(method, path, {"staffNotes": ""}).json()["staffNotes"] == ""
    with nothing_changes():
        for notes in ("x" * 5001, "\0", None, ["x"]):
            refused_answer = client.send(method, path, {"staffNotes": notes})
            assert refused_answer.status_code == 400
            assert refused_answer.json()["errors"][0]["attr"] == "staffNotes"
        refused(client.send(method, "/admin/bookings/999999", {}), 404, "not_found")


# --- status -------------------------------------------------------------------------------------


def test_confirmed_with_payment_due(
    api: MakeApi, front_desk: User, make_booking: MakeBooking
) -> None:
    booking = make_booking()

    found = set_status(api(front_desk), booking, status="confirmed").json()

    assert (found["status"], found["paymentStatus"]) == ("confirmed", "pending")
    assert (found["checkoutUrl"], found["expiresAt"]) == (None, None)
    assert found["history"][-1]["by"] == front_desk.pk
    booking.refresh_from_db()
    assert booking.payment is not None
    assert booking.payment.status == PaymentState.DUE
    assert [mail.kind for mail in OutgoingMail.objects.all()] == ["booking_confirmed"]


@pytest.mark.parametrize("status", ["completed", "no_show"])
def test_attendance_after_the_start(
    api: MakeApi, front_desk: User, make_booking: MakeBooking, status: str
) -> None:
    booking = make_booking(
        status=BookingStatus.CONFIRMED, starts_at=NOW, at=NOW - timedelta(days=1)
    )
    other = {"completed": "no_show", "no_show": "completed"}[status]

    first = set_status(api(front_desk), booking, status=status, reason="seen").json()
    corrected = set_status(api(front_desk), booking, status=other).json()

    assert (first["status"], corrected["status"]) == (status, other)
    assert [line["to"] for line in corrected["history"]][-2:] == [status, other]


@pytest.mark.parametrize(
    ("role", "refund", "notice", "amount", "percent"),
    [
        pytest.param("manager", None, timedelta(hours=1), 80, 100, id="manager-full"),
        pytest.param("manager", "policy", timedelta(hours=7), 40, 50, id="manager-policy"),
        pytest.param("manager", "none", timedelta(days=3), 0, 0, id="manager-none"),
        pytest.param("front_desk", None, timedelta(hours=7), 40, 50, id="desk-policy"),
        pytest.param("front_desk", "policy", timedelta(days=3), 80, 100, id="desk-says-policy"),
        pytest.param("front_desk", None, timedelta(hours=1), 0, 0, id="desk-nothing-left"),
    ],
)
def test_cancelled_with_the_refund_of_choice(
    api: MakeApi,
    request: pytest.FixtureRequest,
    make_booking: MakeBooking,
    role: str,
    refund: str | None,
    notice: timedelta,
    amount: int,
    percent: int,
) -> None:
    staff = request.getfixturevalue(role)
    booking = make_booking(
        status=BookingStatus.CONFIRMED, starts_at=NOW + notice, at=NOW - timedelta(days=30)
    )

    found = set_status(api(staff), booking, status="cancelled", refund=refund, reason="ill").json()

    assert (found["status"], found["refundAmount"], found["refundPercent"]) == (
        "cancelled",
        amount,
        percent,
    )
    assert found["paymentStatus"] == ("refunded" if amount else "paid")
    assert found["timeslot"]["placesLeft"] == 1
    assert sum(refund.amount for refund in Refund.objects.all()) == amount


@pytest.mark.parametrize("refund", ["full", "none"])
def test_the_desk_refunds_by_policy_alone(
    api: MakeApi, front_desk: User, make_booking: MakeBooking, refund: str
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)

    with nothing_changes():
        answer = set_status(api(front_desk), booking, status="cancelled", refund=refund)

    refused(answer, 403, "permission_denied")


@pytest.mark.parametrize(
    ("former", "wanted"),
    [
        ("pending", "pending"),
        ("pending", "completed"),
        ("pending", "no_show"),
        ("confirmed", "pending"),
        ("confirmed", "confirmed"),
        ("cancelled", "pending"),
        ("cancelled", "confirmed"),
        ("cancelled", "cancelled"),
        ("cancelled", "completed"),
        ("cancelled", "no_show"),
        ("completed", "pending"),
        ("completed", "confirmed"),
        ("completed", "cancelled"),
        ("completed", "completed"),
        ("no_show", "pending"),
        ("no_show", "confirmed"),
        ("no_show", "cancelled"),
        ("no_show", "no_show"),
    ],
)
def test_other_moves_are_refused(
    api: MakeApi, manager: User, make_booking: MakeBooking, former: str, wanted: str
) -> None:
    booking = make_booking(
        status=BookingStatus.PENDING if former == "pending" else BookingStatus.CONFIRMED,
        starts_at=NOW - timedelta(minutes=1),
        at=NOW - timedelta(hours=2),
    )
    client = api(manager)
    if former not in {"pending", "confirmed"}:
        assert set_status(client, booking, status=former).status_code == 200

    with nothing_changes():
        refused(set_status(client, booking, status=wanted), 409, "invalid_transition")


@pytest.mark.parametrize("status", ["completed", "no_show"])
def test_nobody_has_missed_what_has_not_begun(
    api: MakeApi, manager: User, make_booking: MakeBooking, status: str
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)

    with nothing_changes():
        refused(set_status(api(manager), booking, status=status), 409, "invalid_transition")


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "status"),
        ({"status": "lost"}, "status"),
        ({"status": None}, "status"),
        ({"status": ["cancelled"]}, "status"),
        ({"status": "cancelled", "refund": "half"}, "refund"),
        ({"status": "cancelled", "refund": 50}, "refund"),
        ({"status": "cancelled", "reason": "x" * 251}, "reason"),
        ({"status": "cancelled", "reason": "\0"}, "reason"),
    ],
)
def test_malformed_bodies_are_400(
    api: MakeApi, manager: User, make_booking: MakeBooking, body: dict[str, Any], attr: str
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)

    with nothing_changes():
        answer = set_status(api(manager), booking, **body)

    assert answer.status_code == 400
    assert [error["attr"] for error in answer.json()["errors"]] == [attr]


@pytest.mark.parametrize("number", [0, 10**6, 2**31, 2**63, 10**30])
def test_unknown_numbers_are_404(api: MakeApi, manager: User, number: int) -> None:
    refused(api(manager).get(f"/admin/bookings/{number}"), 404, "not_found")
    refused(api(manager).put(f"/admin/bookings/{number}/status", {}), 404, "not_found")
