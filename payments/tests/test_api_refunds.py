"""Refunds by the API: seen, tried again, and handed over by staff."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from bookings.models import Booking
from bookings.services import cancel_booking
from bookings.states import BookingStatus
from notifications.models import OutgoingMail
from payments.models import Payment, Refund
from payments.services import take_desk_payment
from payments.states import DeskMethod, RefundState
from tests.infrastructure.api import Api, MakeApi, error_of, nothing_changes, refused
from tests.infrastructure.world import NOW, START, MakeBooking


@pytest.fixture
def refund(make_booking: MakeBooking, customer: User) -> Refund:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW, reason="I am ill")
    return Refund.objects.get()


def test_a_refund_says_whose_it_is_and_why(
    api: MakeApi, front_desk: User, customer: User, refund: Refund
) -> None:
    booking = Booking.objects.get()

    answer = api(front_desk).get("/admin/refunds").json()

    assert answer["results"] == [
        {
            "id": refund.pk,
            "paymentId": str(booking.payment_id),
            "userId": customer.pk,
            "description": "Dr Weber, Thu 9 July, 11:00–11:30 (Berlin)",
            "amount": 80,
            "currency": "USD",
            "status": "requested",
            "reason": "I am ill",
            "requestedBy": customer.pk,
            "isByHand": False,
            "retryOf": None,
            "tries": 0,
            "lastError": "",
            "createdAt": "2026-07-02T08:00:00Z",
            "doneAt": None,
        }
    ]


def test_the_list_by_status(api: MakeApi, front_desk: User, refund: Refund) -> None:
    client = api(front_desk)
    Refund.objects.update(status=RefundState.FAILED, last_error="card gone")

    assert client.get("/admin/refunds", status="requested").json()["count"] == 0
    [failed] = client.get("/admin/refunds", status="failed").json()["results"]
    assert (failed["status"], failed["lastError"]) == ("failed", "card gone")
    assert client.get("/admin/refunds", status="lost").status_code == 400


def test_thirty_cost_as_much_as_one(
    api: MakeApi,
    front_desk: User,
    customer: User,
    refund: Refund,
    make_booking: MakeBooking,
    settings: Settings,
) -> None:
    settings.MAX_HOLDS_PER_HOUR = 100

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            api(front_desk).get("/admin/refunds", pageSize=100)
        return len(queries)

    one = cost()
    for number in range(29):
        booking = make_booking(
            status=BookingStatus.CONFIRMED, starts_at=START + timedelta(hours=number + 1)
        )
        cancel_booking(booking_id=booking.pk, by=customer, at=NOW)

    assert Refund.objects.count() == 30
    assert cost() == one


# --- tried again --------------------------------------------------------------------------------


@pytest.fixture
def failed(refund: Refund) -> Refund:
    Refund.objects.update(status=RefundState.FAILED, last_error="card gone")
    Booking.objects.update(payment_status="paid")
    refund.refresh_from_db()
    return refund


def retry(client: Api, refund: Refund, body: Any = None, key: str = "") -> Any:
    return client.post(f"/admin/refunds/{refund.pk}/retry", body, idempotency_key=key)


def test_a_failed_refund_is_asked_for_anew(api: MakeApi, front_desk: User, failed: Refund) -> None:
    client = api(front_desk)

    answer = retry(client, failed)

    fresh = Refund.objects.latest("pk")
    found = answer.json()
    assert answer.status_code == 201
    assert found == client.get("/admin/refunds").json()["results"][0]
    assert (found["id"], found["retryOf"], found["amount"]) == (fresh.pk, failed.pk, 80)
    assert (found["status"], found["requestedBy"]) == ("requested", front_desk.pk)
    failed.refresh_from_db()
    assert (failed.status, failed.last_error) == ("failed", "card gone")
    assert Booking.objects.get().payment_status == "refunded"


def test_a_repeated_retry_opens_no_second_refund(
    api: MakeApi, front_desk: User, failed: Refund
) -> None:
    client = api(front_desk)
    first = retry(client, failed, key="one")

    with nothing_changes():
        again = retry(client, failed, key="one")
        refused(retry(client, failed, key="two"), 409, "invalid_transition")

    assert (again.status_code, again.content) == (201, first.content)
    assert again["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("status", ["requested", "sending", "succeeded"])
def test_only_what_failed_is_tried_again(
    api: MakeApi, front_desk: User, refund: Refund, status: str
) -> None:
    Refund.objects.update(status=status)

    with nothing_changes():
        refused(retry(api(front_desk), refund), 409, "invalid_transition")


def test_another_amount_is_a_manager_s_decision(
    api: MakeApi, front_desk: User, manager: User, failed: Refund
) -> None:
    with nothing_changes():
        refused(retry(api(front_desk), failed, {"amount": 79.99}), 403, "permission_denied")

    assert retry(api(manager), failed, {"amount": 20.5}).json()["amount"] == 20.5


def test_never_more_than_was_paid(api: MakeApi, manager: User, failed: Refund) -> None:
    assert retry(api(manager), failed, {"amount": 500}).json()["amount"] == 80
    assert Payment.objects.get().refundable == Decimal(0)


@pytest.mark.parametrize("amount", [0, -1, "much", 10**9, "0.001"])
def test_amounts_that_make_no_sense_are_400(
    api: MakeApi, manager: User, failed: Refund, amount: Any
) -> None:
    with nothing_changes():
        answer = retry(api(manager), failed, {"amount": amount})

    assert (answer.status_code, error_of(answer)["attr"]) == (400, "amount")


def test_a_fraction_of_the_smallest_coin_is_400(
    api: MakeApi, manager: User, failed: Refund
) -> None:
    Payment.objects.update(currency="JPY")
    Refund.objects.update(currency="JPY")

    with nothing_changes():
        answer = retry(api(manager), failed, {"amount": 20.5})

    assert (answer.status_code, error_of(answer)["attr"]) == (400, "amount")


# --- given back without a cancel ---------------------------------------------------------------


@pytest.fixture
def payment(make_booking: MakeBooking) -> Payment:
    """80.00 USD for a booking that stands."""
    paid: Payment | None = make_booking(status=BookingStatus.CONFIRMED).payment
    assert paid is not None
    return paid


def give_back(client: Api, payment: Payment, body: Any, key: str = "") -> Any:
    return client.post(f"/admin/payments/{payment.pk}/refunds", body, idempotency_key=key)


COLD = {"amount": 30, "reason": "The heating was off.", "message": "Sorry that it was so cold!"}


def test_a_part_is_given_back_and_what_was_bought_stands(
    api: MakeApi, manager: User, payment: Payment
) -> None:
    client = api(manager)

    answer = give_back(client, payment, COLD)

    found = answer.json()
    assert answer.status_code == 201
    assert found == client.get("/admin/refunds").json()["results"][0]
    assert (found["paymentId"], found["amount"], found["status"], found["reason"]) == (
        str(payment.pk),
        30,
        "requested",
        "The heating was off.",
    )
    assert found["requestedBy"] == manager.pk
    booking = Booking.objects.get()
    assert (booking.status, booking.payment_status) == ("confirmed", "paid")
    mail = OutgoingMail.objects.get(kind="refund_given")
    assert (mail.to, mail.context["message"]) == (
        payment.user.email,
        "Sorry that it was so cold!",
    )


def test_without_an_amount_all_that_is_left_goes_back(
    api: MakeApi, manager: User, payment: Payment
) -> None:
    client = api(manager)
    give_back(client, payment, COLD)

    answer = give_back(client, payment, {"reason": "Never opened."})

    assert (answer.status_code, answer.json()["amount"]) == (201, 50)
    assert Booking.objects.get().payment_status == "refunded"
    with nothing_changes():
        refused(give_back(client, payment, {"reason": "Again."}), 409, "invalid_transition")


def test_what_is_given_back_twice_under_one_key_goes_back_once(
    api: MakeApi, manager: User, payment: Payment
) -> None:
    client = api(manager)
    first = give_back(client, payment, COLD, key="one")

    with nothing_changes():
        again = give_back(client, payment, COLD, key="one")
        other = give_back(client, payment, COLD | {"amount": 31}, key="one")

    assert (again.status_code, again.content) == (201, first.content)
    assert again["Idempotency-Replayed"] == "true"
    refused(other, 409, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        pytest.param(0, "Say how much goes back: at most 80.00 USD.", id="nothing"),
        pytest.param(-1, "Say how much goes back: at most 80.00 USD.", id="less-than-nothing"),
        pytest.param(80.01, "At most 80.00 USD can go back.", id="a-cent-too-much"),
        pytest.param(10**9, "At most 80.00 USD can go back.", id="far-too-much"),
    ],
)
def test_amounts_that_can_not_go_back_are_400_and_say_what_can(
    api: MakeApi, manager: User, payment: Payment, amount: Any, said: str
) -> None:
    with nothing_changes():
        answer = give_back(api(manager), payment, COLD | {"amount": amount})

    refused(answer, 400, "invalid", "amount")
    assert error_of(answer)["detail"] == said


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        pytest.param(COLD | {"amount": "much"}, "amount", id="no-number"),
        pytest.param(COLD | {"amount": "0.001"}, "amount", id="a-tenth-of-a-cent"),
        pytest.param({"amount": 5}, "reason", id="no-reason"),
        pytest.param(COLD | {"reason": "  "}, "reason", id="a-blank-reason"),
        pytest.param(COLD | {"reason": "x" * 251}, "reason", id="a-long-reason"),
        pytest.param(COLD | {"message": "x" * 1001}, "message", id="a-long-message"),
    ],
)
def test_malformed_wishes_are_400(
    api: MakeApi, manager: User, payment: Payment, body: dict[str, Any], attr: str
) -> None:
    with nothing_changes():
        answer = give_back(api(manager), payment, body)

    assert (answer.status_code, error_of(answer)["attr"]) == (400, attr)


def test_nothing_goes_back_of_what_was_never_paid(
    api: MakeApi, manager: User, make_booking: MakeBooking
) -> None:
    unpaid = make_booking().payment
    assert unpaid is not None

    with nothing_changes():
        refused(give_back(api(manager), unpaid, COLD), 409, "invalid_transition")


def test_without_a_cancel_it_is_a_manager_s_decision(
    api: MakeApi, front_desk: User, customer: User, payment: Payment
) -> None:
    with nothing_changes():
        refused(give_back(api(front_desk), payment, COLD), 403, "permission_denied")
        refused(give_back(api(customer), payment, COLD), 403, "permission_denied")
        assert give_back(api(), payment, COLD).status_code == 401


def test_unknown_payments_are_404(api: MakeApi, manager: User) -> None:
    for number in (0, 10**6, 2**31, 10**30):
        refused(api(manager).post(f"/admin/payments/{number}/refunds", {}), 404, "not_found")


# --- handed over --------------------------------------------------------------------------------


@pytest.fixture
def by_hand(make_booking: MakeBooking, customer: User, front_desk: User) -> Refund:
    """Of a booking that was paid in cash and cancelled."""
    booking = make_booking()
    assert booking.payment_id is not None
    take_desk_payment(payment_id=booking.payment_id, method=DeskMethod.CASH, by=front_desk, at=NOW)
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW)
    return Refund.objects.get()


def hand_over(client: Api, refund: Refund, body: Any = None, key: str = "") -> Any:
    return client.post(f"/admin/refunds/{refund.pk}/paid-back", body, idempotency_key=key)


def test_money_is_handed_over(api: MakeApi, front_desk: User, by_hand: Refund) -> None:
    client = api(front_desk)

    answer = hand_over(client, by_hand, {"receipt": "R-18"})

    found = answer.json()
    assert answer.status_code == 200
    assert found == client.get("/admin/refunds").json()["results"][0]
    assert (found["isByHand"], found["status"], found["doneAt"]) == (
        True,
        "succeeded",
        "2026-07-02T08:00:00Z",
    )
    by_hand.refresh_from_db()
    assert (by_hand.done_by, by_hand.provider_refund_id) == (front_desk, "R-18")


def test_money_is_handed_over_once(api: MakeApi, front_desk: User, by_hand: Refund) -> None:
    client = api(front_desk)
    first = hand_over(client, by_hand, {}, key="one")

    with nothing_changes():
        assert hand_over(client, by_hand, {}, key="one").content == first.content
        refused(hand_over(client, by_hand, key="two"), 409, "invalid_transition")
        refused(hand_over(client, by_hand, {"receipt": "R"}, "one"), 409, "idempotency_key_reused")


def test_what_was_paid_online_goes_back_by_itself(
    api: MakeApi, front_desk: User, refund: Refund
) -> None:
    with nothing_changes():
        refused(hand_over(api(front_desk), refund), 400, "invalid")


@pytest.mark.parametrize("receipt", ["x" * 101, "\0", ["R"]])
def test_receipts_that_make_no_sense_are_400(
    api: MakeApi, front_desk: User, by_hand: Refund, receipt: Any
) -> None:
    with nothing_changes():
        answer = hand_over(api(front_desk), by_hand, {"receipt": receipt})

    assert (answer.status_code, error_of(answer)["attr"]) == (400, "receipt")


def test_unknown_refunds_are_404(api: MakeApi, front_desk: User) -> None:
    for number in (0, 10**6, 2**31, 10**30):
        for deed in ("retry", "paid-back"):
            answer = api(front_desk).post(f"/admin/refunds/{number}/{deed}", {"amount": "x"})
            refused(answer, 404, "not_found")
