"""Staff who give back the same money at once: never more than came in; controls with guards off."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any

import pytest

from accounts.models import User
from bookings.models import Booking
from bookings.services import cancel_booking
from common.errors import InvalidInput, InvalidTransition
from payments.differences import Moment
from payments.errors import RefundChanged
from payments.models import Payment, Refund
from payments.services import note_refund_failed, refund_by_staff, retry_refund
from payments.services.refund import _open_row
from payments.states import RefundState
from payments.verify import look_again
from tests.infrastructure.api import Api, error_of
from tests.infrastructure.races import HELD_SECONDS, ROUNDS, Crowd
from tests.infrastructure.world import NOW, START, MakeRoom, MakeSlot, MakeUser, book_slot, pay

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

MakeCrowd = Callable[[int], Crowd]
CLIENTS = 6
PRICE = Decimal("80.00")


@pytest.fixture(autouse=True)
def no_limits(settings: Any) -> None:
    # One person buys in every round.
    settings.MAX_OPEN_HOLDS = settings.MAX_HOLDS_PER_HOUR = 10**6


@pytest.fixture
def managers(transactional_db: None, make_user: MakeUser) -> list[User]:
    return [make_user(f"boss{n}@example.com", is_superuser=True) for n in range(CLIENTS)]


@pytest.fixture
def make_paid(customer: User, make_room: MakeRoom, make_slot: MakeSlot) -> Callable[[], Payment]:
    room = make_room()
    hours = count()

    def make() -> Payment:
        slot = make_slot(room=room, start=START + timedelta(hours=next(hours)), price=PRICE)
        payment: Payment | None = pay(book_slot(slot, customer)).payment
        assert payment is not None
        return payment

    return make


def give(payment: Payment, by: User, amount: str, **more: Any) -> Decimal:
    asked = {"reason": "cold", "amount": Decimal(amount), **more}
    return refund_by_staff(payment_id=payment.pk, by=by, at=NOW, **asked)


def given(payment: Payment) -> Decimal:
    return Payment.objects.get(pk=payment.pk).refunded


def give_at_the_api(
    payment: Payment, by: User, *, idempotency_key: str = "", **body: Any
) -> Callable[[], Any]:
    """The call, by somebody who is signed in already."""
    return partial(
        Api(by).post,
        f"/admin/payments/{payment.pk}/refunds",
        {"reason": "cold"} | body,
        idempotency_key=idempotency_key,
    )


def codes_of(answers: list[Any]) -> list[int | str]:
    """Its status where it was done, else the code of its refusal."""
    return [
        answer.status_code if answer.status_code < 300 else error_of(answer)["code"]
        for answer in answers
    ]


def failed_refund(payment: Payment) -> Refund:
    booking = Booking.objects.get(payment=payment)
    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)
    refund: Refund = payment.refunds.get()
    Refund.objects.filter(pk=refund.pk).update(status=RefundState.SENDING)
    note_refund_failed(refund_id=refund.pk, error="No such card.", at=NOW)
    return refund


def test_many_who_give_a_part_at_once_never_give_more_than_there_is(
    crowd: MakeCrowd, managers: list[User], make_paid: Callable[[], Payment]
) -> None:
    clients = crowd(CLIENTS)
    for _ in range(ROUNDS):
        payment = make_paid()

        results = clients.at_once([partial(give, payment, by, "30") for by in managers])

        assert Counter(map(type, results)) == {Decimal: 2, InvalidInput: CLIENTS - 2}
        assert given(payment) == Decimal(60)
        assert look_again(payment.pk, now=Moment(at=NOW)) == []


def test_of_many_who_saw_the_same_page_one_gives(
    crowd: MakeCrowd, managers: list[User], make_paid: Callable[[], Payment]
) -> None:
    """A double click, or two at two desks: a part, which would fit twice."""
    clients = crowd(CLIENTS)
    for _ in range(ROUNDS):
        payment = make_paid()

        results = clients.at_once(
            [partial(give, payment, by, "30", expected_left=PRICE) for by in managers]
        )

        assert Counter(map(type, results)) == {Decimal: 1, RefundChanged: CLIENTS - 1}
        assert given(payment) == Decimal(30)


def test_many_retries_of_one_failed_refund_make_one(
    crowd: MakeCrowd, managers: list[User], make_paid: Callable[[], Payment]
) -> None:
    clients = crowd(CLIENTS)
    for _ in range(ROUNDS):
        payment = make_paid()
        failed = failed_refund(payment)

        results = clients.at_once(
            [partial(retry_refund, refund_id=failed.pk, by=by, at=NOW) for by in managers]
        )

        assert Counter(map(type, results)) == {Refund: 1, InvalidTransition: CLIENTS - 1}
        assert given(payment) == PRICE
        assert payment.refunds.count() == 2


def test_a_retry_and_a_new_refund_at_once_give_it_once(
    crowd: MakeCrowd, managers: list[User], make_paid: Callable[[], Payment]
) -> None:
    clients = crowd(2)
    for _ in range(ROUNDS):
        payment = make_paid()
        failed = failed_refund(payment)

        results = clients.at_once(
            [
                partial(retry_refund, refund_id=failed.pk, by=managers[0], at=NOW),
                partial(give, payment, managers[1], "80"),
            ]
        )

        assert sum(isinstance(result, Refund | Decimal) for result in results) == 1
        assert given(payment) == PRICE


def test_many_at_the_api_who_give_all_of_it_at_once_give_it_once(
    crowd: MakeCrowd, managers: list[User], make_paid: Callable[[], Payment]
) -> None:
    clients = crowd(CLIENTS)
    for _ in range(ROUNDS):
        payment = make_paid()

        answers = clients.at_once([give_at_the_api(payment, by) for by in managers])

        assert Counter(codes_of(answers)) == {201: 1, "invalid_transition": CLIENTS - 1}
        assert given(payment) == PRICE
        assert look_again(payment.pk, now=Moment(at=NOW)) == []


def test_twins_at_the_api_with_one_key_give_a_part_once(
    crowd: MakeCrowd, managers: list[User], make_paid: Callable[[], Payment]
) -> None:
    clients = crowd(CLIENTS)
    for number in range(ROUNDS):
        payment = make_paid()
        twin = partial(
            give_at_the_api, payment, managers[0], amount=10, idempotency_key=f"{number}"
        )

        answers = clients.at_once([twin() for _ in managers])

        assert codes_of(answers) == [201] * CLIENTS
        assert len({answer.content for answer in answers}) == 1
        assert given(payment) == Decimal(10)


# --- Controls --------------------------------------------------------------------------------


@pytest.mark.mariadb
def test_control_without_locks_a_part_is_given_too_often(
    crowd: MakeCrowd,
    managers: list[User],
    make_paid: Callable[[], Payment],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    payment = make_paid()
    unlock(monkeypatch, CLIENTS)

    results = crowd(CLIENTS).at_once([partial(give, payment, by, "30") for by in managers])

    assert Counter(map(type, results))[Decimal] > 2
    assert given(payment) > PRICE
    monkeypatch.undo()
    # Until they are sent they are under way, and the provider might refuse what is too much.
    at_rest = Moment(at=NOW + timedelta(hours=1))
    found = {difference.kind for difference in look_again(payment.pk, now=at_rest)}
    assert "refunded_too_much" in found


@pytest.mark.mariadb
def test_control_without_locks_the_api_gives_all_of_it_to_everybody(
    crowd: MakeCrowd,
    managers: list[User],
    make_paid: Callable[[], Payment],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    payment = make_paid()
    works = [give_at_the_api(payment, by) for by in managers]
    unlock(monkeypatch, CLIENTS)

    answers = crowd(CLIENTS).at_once(works)

    assert codes_of(answers) == [201] * CLIENTS
    assert given(payment) == CLIENTS * PRICE


@pytest.mark.mariadb
def test_control_without_locks_a_retry_and_a_new_refund_give_it_twice(
    crowd: MakeCrowd,
    managers: list[User],
    make_paid: Callable[[], Payment],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    payment = make_paid()
    failed = failed_refund(payment)
    unlock(monkeypatch, 2)

    crowd(2).at_once(
        [
            partial(retry_refund, refund_id=failed.pk, by=managers[0], at=NOW),
            partial(give, payment, managers[1], "80"),
        ]
    )

    assert given(payment) == 2 * PRICE


def unlock(monkeypatch: pytest.MonkeyPatch, clients: int) -> None:
    """Guard off: nothing is locked, and everybody has reckoned before anybody writes."""
    everybody_has_reckoned = threading.Barrier(clients)

    def open_late(*args: Any, **kwargs: Any) -> Refund:
        everybody_has_reckoned.wait(HELD_SECONDS)
        return _open_row(*args, **kwargs)

    monkeypatch.setattr("django.db.models.QuerySet.select_for_update", lambda self: self)
    monkeypatch.setattr("payments.services.refund._open_row", open_late)
