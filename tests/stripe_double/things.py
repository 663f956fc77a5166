"""What all of the double's files build on."""

import calendar
import secrets
import string
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.stripe_double.errors import InvalidParameters, no_such

Thing = dict[str, Any]
Tell = Callable[[Thing], None]

LETTERS = string.ascii_letters + string.digits
DAY = 24 * 60 * 60
# The least that can be collected, in minor units. Source: Stripe's table of minimum amounts.
MINIMUM = {
    "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250,
    "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200,
    "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
}  # fmt: skip


def new_id(prefix: str, length: int = 24) -> str:
    return prefix + "".join(secrets.choice(LETTERS) for _ in range(length))


def found(shelf: dict[str, Thing], wanted: str, kind: str, *, param: str = "id") -> Thing:
    if wanted not in shelf:
        raise no_such(kind, wanted, param=param)
    return shelf[wanted]


def page_of(path: str, things: list[Thing], *, has_more: bool = False) -> Thing:
    return {"object": "list", "data": things, "has_more": has_more, "url": path}


def is_within(created: int, wanted: Thing | int) -> bool:
    if isinstance(wanted, int):
        return created == wanted
    return (
        created >= wanted.get("gte", created)
        and created <= wanted.get("lte", created)
        and ("gt" not in wanted or created > wanted["gt"])
        and ("lt" not in wanted or created < wanted["lt"])
    )


def check_metadata(metadata: Thing | str, path: str) -> None:
    if not isinstance(metadata, dict):
        return
    if len(metadata) > 50:
        raise InvalidParameters("Metadata can have at most 50 keys.", param=path)
    for key, value in metadata.items():
        if len(key) > 40 or len(value) > 500:
            raise InvalidParameters(
                "Metadata keys can be up to 40, values up to 500 characters long.",
                param=f"{path}[{key}]",
            )


def mark(intent: Thing, charge: Thing, *, succeeded: bool) -> None:
    """The end of a payment, on both of its records."""
    if succeeded:
        intent |= {"status": "succeeded", "amount_received": intent["amount"]}
        charge |= {
            "status": "succeeded",
            "paid": True,
            "captured": True,
            "amount_captured": charge["amount"],
        }
        return
    said = "Your card was declined."
    intent |= {
        "status": "requires_payment_method",
        "last_payment_error": {"code": "card_declined", "message": said, "type": "card_error"},
    }
    charge |= {"status": "failed", "failure_code": "card_declined", "failure_message": said}


def intervals_after(stamp: int, unit: str, count: int) -> int:
    """That many days, weeks, months or years later; a month's last day where there is no such."""
    if unit in {"day", "week"}:
        return stamp + count * DAY * (7 if unit == "week" else 1)
    start = datetime.fromtimestamp(stamp, UTC)
    months = start.year * 12 + start.month - 1 + count * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return int(start.replace(year=year, month=month + 1, day=min(start.day, last)).timestamp())
