"""The rules in plain Python: refunds, prices, holds."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bookings.policies import effective_price, hold_ends
from common.money import from_minor_units, minor_units, money, percent_of, quantize
from payments.refund_terms import (
    RefundStep,
    Tier,
    check_policy,
    refund_amount,
    refund_percent,
    refund_steps,
)

SITE: list[Tier] = [{"hoursBefore": 24, "percent": 100}, {"hoursBefore": 6, "percent": 50}]
START = datetime(2026, 7, 9, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "percent"),
    [
        (timedelta(days=30), 100),
        (timedelta(hours=24), 100),
        (timedelta(hours=23, minutes=59, seconds=59, microseconds=999_999), 50),
        (timedelta(hours=6), 50),
        (timedelta(hours=5, minutes=59, seconds=59, microseconds=999_999), 0),
        (timedelta(0), 0),
        (timedelta(hours=-1), 0),
    ],
)
def test_notice_earns_by_exact_duration(before: timedelta, percent: int) -> None:
    assert refund_percent(SITE, starts_at=START, at=START - before) == percent


def test_a_day_of_23_hours_is_not_a_day_of_notice() -> None:
    """The night of the spring switch in Berlin: noon to noon is 23 hours."""
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 3, 29, 12, 0, tzinfo=berlin).astimezone(UTC)
    day_before = datetime(2026, 3, 28, 12, 0, tzinfo=berlin).astimezone(UTC)

    assert refund_percent(SITE, starts_at=start, at=day_before) == 50
    assert refund_percent(SITE, starts_at=start, at=day_before - timedelta(hours=1)) == 100


def test_the_order_of_tiers_does_not_matter() -> None:
    assert refund_percent(SITE[::-1], starts_at=START, at=START - timedelta(hours=7)) == 50


def test_no_tiers_no_refund() -> None:
    assert refund_percent([], starts_at=START, at=START - timedelta(days=300)) == 0
    assert refund_steps([], starts_at=START, price=Decimal(80), currency="USD") == [
        RefundStep(until=None, percent=0, amount=Decimal(0))
    ]


def test_the_time_line_names_bounds_and_amounts() -> None:
    assert refund_steps(SITE, starts_at=START, price=Decimal("80.01"), currency="USD") == [
        RefundStep(until=START - timedelta(hours=24), percent=100, amount=Decimal("80.01")),
        RefundStep(until=START - timedelta(hours=6), percent=50, amount=Decimal("40.01")),
        RefundStep(until=None, percent=0, amount=Decimal(0)),
    ]


@pytest.mark.parametrize(
    ("price", "percent", "refundable", "currency", "amount"),
    [
        ("80.00", 50, "80.00", "USD", "40.00"),
        ("80.01", 50, "80.01", "USD", "40.01"),
        ("80.00", 100, "30.00", "USD", "30.00"),
        ("80.00", 100, "0.00", "USD", "0"),
        ("801", 50, "801", "JPY", "401"),
    ],
)
def test_a_refund_is_the_smaller_of_share_and_rest(
    price: str, percent: int, refundable: str, currency: str, amount: str
) -> None:
    assert refund_amount(
        price=Decimal(price), percent=percent, refundable=Decimal(refundable), currency=currency
    ) == Decimal(amount)


@pytest.mark.parametrize(
    ("slot", "rate", "minutes", "currency", "price"),
    [
        ("80.00", "90.00", 30, "USD", "80.00"),
        ("0.00", "90.00", 30, "USD", "0.00"),
        (None, "90.00", 30, "USD", "45.00"),
        (None, "100.00", 20, "USD", "33.33"),
        (None, "99.99", 50, "USD", "83.33"),
        (None, "5000", 30, "JPY", "2500"),
        (None, None, 30, "USD", "0"),
    ],
)
def test_slot_price_before_hourly_rate_before_nothing(
    slot: str | None, rate: str | None, minutes: int, currency: str, price: str
) -> None:
    assert effective_price(
        slot_price=Decimal(slot) if slot else None,
        hourly_rate=Decimal(rate) if rate else None,
        length=timedelta(minutes=minutes),
        currency=currency,
    ) == Decimal(price)


def test_a_hold_ends_at_the_latest_when_the_slot_starts() -> None:
    assert hold_ends(at=START - timedelta(hours=1), minutes=Decimal(15), starts_at=START) == (
        START - timedelta(minutes=45)
    )
    assert hold_ends(at=START - timedelta(minutes=5), minutes=Decimal(15), starts_at=START) == START
    assert hold_ends(at=START - timedelta(hours=1), minutes=Decimal("0.1"), starts_at=START) == (
        START - timedelta(hours=1) + timedelta(seconds=6)
    )


@pytest.mark.parametrize(
    ("policy", "fault"),
    [
        ([], None),
        (SITE, None),
        ([{"hoursBefore": 0, "percent": 0}], None),
        ({"hoursBefore": 24}, "A policy is a list"),
        ("100%", "A policy is a list"),
        ([{"hoursBefore": 24}], "Each tier has exactly"),
        ([{"hoursBefore": 24, "percent": 100, "fee": 1}], "Each tier has exactly"),
        ([{"hoursBefore": -1, "percent": 100}], "hoursBefore is"),
        ([{"hoursBefore": True, "percent": 100}], "hoursBefore is"),
        ([{"hoursBefore": "24", "percent": 100}], "hoursBefore is"),
        ([{"hoursBefore": 24, "percent": 101}], "percent is"),
        ([{"hoursBefore": 24, "percent": 50.5}], "percent is"),
        ([{"hoursBefore": 6, "percent": 50}] * 2, "Two tiers"),
        (
            [{"hoursBefore": 24, "percent": 50}, {"hoursBefore": 6, "percent": 100}],
            "More notice can't earn less",
        ),
    ],
)
def test_a_policy_is_checked_in_words(policy: object, fault: str | None) -> None:
    found = check_policy(policy)

    assert found is None if fault is None else (found or "").startswith(fault)


def test_money_is_rounded_half_up_and_said_with_its_currency() -> None:
    assert quantize(Decimal("0.005"), "USD") == Decimal("0.01")
    assert quantize(Decimal("0.5"), "JPY") == Decimal(1)
    assert percent_of(Decimal("0.01"), 50, "USD") == Decimal("0.01")
    assert minor_units(Decimal("45.10"), "USD") == 4510
    assert minor_units(Decimal(4510), "JPY") == 4510
    assert from_minor_units(4510, "USD") == Decimal("45.10")
    assert from_minor_units(4510, "JPY") == Decimal(4510)
    assert money(Decimal(1045), "USD") == "1,045.00 USD"
    assert money(Decimal(1045), "JPY") == "1,045 JPY"
