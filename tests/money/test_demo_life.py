"""The demo provider's subscriptions: its calendar, what it catches up on, and many at once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from payments.gateways import demo
from payments.gateways.base import AgreementStatus, Recurring, SessionRequest
from payments.gateways.demo import DemoGateway, clock_at
from payments.models import DemoAgreement, DemoBill
from payments.states import Wanted
from tests.infrastructure.races import ROUNDS, Crowd

MORNING = datetime(2027, 1, 31, 9, tzinfo=UTC)
DAY = timedelta(days=1)
CLIENTS = 12


def begun(at: datetime, *, interval: str = "month", trial_days: int = 0, key: str = "k") -> str:
    """The number of a subscription that began then."""
    gateway = DemoGateway()
    session = gateway.create_session(
        SessionRequest(
            idempotency_key=key,
            amount=Decimal("9.00"),
            currency="USD",
            description="House",
            customer_email="ada@example.com",
            return_url="https://shop.example/back",
            expires_at=at + timedelta(hours=1),
            payment_id=7,
            attempt_id=9,
            recurring=Recurring(agreement_id=11, interval=interval, trial_days=trial_days),
        )
    )
    assert demo.pay(session.id, at=at)
    return gateway.fetch_session(session.id).agreement_number


def ends(number: str) -> list[str]:
    """Of each bill's time, the oldest first."""
    agreement = DemoAgreement.objects.get(number=number)
    bills = agreement.bills.order_by("pk").values_list("covers_until", flat=True)
    return [f"{end:%d %b %Y}" for end in bills]


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ((2027, 1, 31), 1, (2027, 2, 28)),
        ((2028, 1, 31), 1, (2028, 2, 29)),
        ((2027, 1, 31), 2, (2027, 3, 31)),
        ((2027, 11, 30), 3, (2028, 2, 29)),
        ((2028, 2, 29), 12, (2029, 2, 28)),
        ((2027, 12, 1), 1, (2028, 1, 1)),
        ((2027, 12, 31), 0, (2027, 12, 31)),
    ],
)
def test_a_month_ends_on_its_last_day(
    start: tuple[int, int, int], months: int, end: tuple[int, int, int]
) -> None:
    found = demo.months_after(datetime(*start, 9, 30, tzinfo=UTC), months)

    assert found == datetime(*end, 9, 30, tzinfo=UTC)


def test_the_31st_comes_back_after_february(db: None) -> None:
    number = begun(MORNING)

    with clock_at(MORNING + 100 * DAY):
        demo.look(number)

    assert ends(number) == ["28 Feb 2027", "31 Mar 2027", "30 Apr 2027", "31 May 2027"]


@pytest.mark.parametrize(
    ("interval", "trial_days", "due"),
    [
        ("quarter", 0, ["30 Apr 2027", "31 Jul 2027"]),
        ("year", 0, ["31 Jan 2028"]),
        ("quarter", 14, ["14 Feb 2027", "14 May 2027"]),
    ],
)
def test_a_bill_covers_its_interval(
    db: None, interval: str, trial_days: int, due: list[str]
) -> None:
    number = begun(MORNING, interval=interval, trial_days=trial_days)

    with clock_at(MORNING + 100 * DAY):
        demo.look(number)

    assert ends(number) == due


def test_what_nobody_asked_about_for_years_is_caught_up_with(db: None) -> None:
    number = begun(MORNING)

    with clock_at(MORNING + 5 * 366 * DAY):
        found = DemoGateway().fetch_agreement(number)

    assert found.status == AgreementStatus.ACTIVE
    assert DemoBill.objects.filter(status="paid").count() == 61
    assert len(found.invoices) == 61
    assert all(bill.paid_at == bill.covers_from for bill in found.invoices)


def test_looking_twice_is_looking_once(db: None) -> None:
    number = begun(MORNING)

    with clock_at(MORNING + 40 * DAY):
        first = DemoGateway().fetch_agreement(number)
        assert DemoGateway().fetch_agreement(number) == first


@pytest.mark.parametrize(
    ("trial_days", "before"), [pytest.param(0, 1, id="paid"), pytest.param(14, 1, id="trial")]
)
def test_a_jump_makes_the_dates_earlier(db: None, trial_days: int, before: int) -> None:
    """Its turn is now: what is open to people, by everybody's clock, changes at once."""
    number = begun(MORNING, trial_days=trial_days)
    with clock_at(MORNING + 3 * DAY):
        assert DemoAgreement.objects.get().bills.count() == before
        demo.jump(number)
        newest, first = DemoGateway().fetch_agreement(number).invoices

    assert first.covers_until == newest.covers_from == MORNING + 3 * DAY
    assert newest.paid_at == MORNING + 3 * DAY
    assert first.created_at == MORNING


def test_a_jump_to_the_end_is_the_end(db: None) -> None:
    number = begun(MORNING)
    with clock_at(MORNING + 3 * DAY):
        DemoGateway().set_agreement(number, Wanted.END_LATER)
        demo.jump(number)
        ended = DemoGateway().fetch_agreement(number)
        demo.jump(number)

        assert DemoGateway().fetch_agreement(number) == ended
    assert (ended.status, ended.ended_at) == (AgreementStatus.ENDED, MORNING + 3 * DAY)
    assert ended.ended_at == ended.period_end


MakeCrowd = Callable[[int], Crowd]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_renewal_that_many_ask_about_is_collected_once(crowd: MakeCrowd) -> None:
    many = crowd(CLIENTS)
    for number in range(ROUNDS):
        # By everybody's clock: one renewal is due, the next is not.
        agreement = begun(timezone.now() - 32 * DAY, key=f"k{number}")
        asks: list[Callable[[], Any]] = [
            partial(DemoGateway().fetch_agreement, agreement)
        ] * CLIENTS

        answers = many.at_once(asks)

        assert {len(answer.invoices) for answer in answers} == {2}
        assert len({answer.invoices[0].provider_payment_id for answer in answers}) == 1
        assert DemoBill.objects.filter(agreement__number=agreement).count() == 2


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_session_that_is_paid_by_many_clicks_begins_once(crowd: MakeCrowd) -> None:
    many = crowd(CLIENTS)
    gateway = DemoGateway()
    for number in range(ROUNDS):
        session = gateway.create_session(
            SessionRequest(
                idempotency_key=f"s{number}",
                amount=Decimal("9.00"),
                currency="USD",
                description="House",
                customer_email="ada@example.com",
                return_url="https://shop.example/back",
                expires_at=timezone.now() + timedelta(hours=1),
                payment_id=7,
                attempt_id=9,
                recurring=Recurring(agreement_id=number, interval="month"),
            )
        )
        clicks: list[Callable[[], Any]] = [
            partial(demo.pay, session.id, at=timezone.now())
        ] * CLIENTS

        answers = many.at_once(clicks)

        assert sorted(answers) == [False] * (CLIENTS - 1) + [True]
        assert DemoBill.objects.filter(agreement__session__for_agreement=number).count() == 1
