"""No provider is asked with a transaction open, whatever is asked and whichever it is."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from payments.gateways import STAYS_HERE, TransactionOpen, gateway
from payments.gateways.base import Gateway
from tests.infrastructure.world import NOW

CALLS = sorted(
    name for name in vars(Gateway) if not name.startswith("_") and name not in STAYS_HERE | {"name"}
)
LISTS = ["charges", "disputes", "refunds", "sessions"]


class Recorder:
    """Answers everything, and notes that it was asked."""

    name = "recorder"
    asked: list[str] = []

    def __getattr__(self, call: str) -> Any:
        def answer(*args: Any, **kwargs: Any) -> Any:
            self.asked.append(call)
            return iter([1, 2, 3]) if call in LISTS else call

        answer.__name__ = call
        return answer


@pytest.fixture
def recorder(settings: Any) -> Iterator[list[str]]:
    settings.PAYMENT_GATEWAYS = {"recorder": "tests.money.test_door.Recorder"}
    settings.PAYMENT_PROVIDER = "recorder"
    gateway.cache_clear()
    Recorder.asked = []
    yield Recorder.asked
    gateway.cache_clear()


def test_the_protocol_is_what_is_guarded() -> None:
    assert set(CALLS) >= {"create_session", "fetch_session", "expire_session", "refund", *LISTS}


@pytest.mark.parametrize("call", CALLS)
def test_nothing_is_asked_with_a_transaction_open(db: None, recorder: list[str], call: str) -> None:
    with transaction.atomic(), pytest.raises(TransactionOpen):
        getattr(gateway(), call)()
    assert recorder == []

    getattr(gateway(), call)()
    assert recorder == [call]


@pytest.mark.parametrize("call", LISTS)
def test_no_page_of_a_list_is_fetched_with_a_transaction_open(
    db: None, recorder: list[str], call: str
) -> None:
    rows = getattr(gateway(), call)(since=NOW)
    assert next(rows) == 1

    with transaction.atomic(), pytest.raises(TransactionOpen):
        next(rows)


def test_what_the_provider_has_sent_may_be_read_anywhere(db: None, recorder: list[str]) -> None:
    with transaction.atomic():
        gateway().read_event(b"", "")

    assert (recorder, gateway().name) == (["read_event"], "recorder")
