"""What the mails about money look like, with made-up facts."""

from decimal import Decimal
from functools import partial
from typing import Any

from common.money import money
from notifications.samples import register_sample
from payments import emails


def register_samples() -> None:
    register_sample(
        emails.MONEY_RETURNED,
        partial(_facts, reason="the money came after your hold had ended and the time was gone"),
    )
    register_sample(emails.REFUND_MADE_GOOD, _facts)
    register_sample(
        emails.REFUND_GIVEN,
        partial(
            _facts,
            paid=money(Decimal("90.00"), "EUR"),
            is_all=False,
            is_by_hand=False,
            message="Sorry that you had to wait.",
            label="See your booking",
            url="https://booking.example.com/bookings/7",
        ),
    )
    register_sample(
        emails.PAYMENT_FAILED, partial(_facts, url="https://booking.example.com/bookings/new")
    )
    register_sample(emails.STAFF_MONEY, _to_staff)
    register_sample(emails.MONEY_DIFFERS, _differs)


def _facts(**more: Any) -> dict[str, Any]:
    return {
        "name": "Ada",
        "description": "Dr Weber, Thu 8 July, 09:00–09:30 (Berlin)",
        "amount": money(Decimal("45.00"), "EUR"),
    } | more


def _to_staff() -> dict[str, Any]:
    facts = {"For": _facts()["description"], "Who": "Ada Lovelace", "E-mail": "ada@example.com"}
    return _facts(
        title="A payment is disputed",
        text=(
            "The cardholder's bank wants 45.00 EUR back: fraudulent. Answer in the provider's own "
            "pages before its time is over."
        ),
        customer=facts["Who"],
        email=facts["E-mail"],
        facts=[{"label": label, "text": text} for label, text in facts.items()],
        url="https://booking.example.com/admin/payments/payment/1/change/",
    )


def _differs() -> dict[str, Any]:
    return {
        "found": 23,
        "is_broken": False,
        "summary": "23 differences were found.",
        "lines": [
            "booking 7 is cancelled, 45.00 EUR were paid, and 45.00 EUR of it should go back and "
            "doesn't (payment 12).",
            "payment 13 (2 × Summer concert), attempt 15 reads 'open' here, and 40.00 EUR were "
            "paid there.",
        ],
        "more": 21,
        "url": "https://booking.example.com/admin/payments/moneycheck/4/change/",
    }
