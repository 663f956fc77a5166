"""So many in so long a time, whoever counts."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine

from common.errors import Throttled
from common.models import Count
from common.tasks import forget_counts
from common.throttle import count_one
from tests.infrastructure.races import Crowd

NOW = datetime(2026, 7, 2, 8, 0, tzinfo=UTC)


def ask(*, after: float = 0, by: str = "192.0.2.1", what: str = "guess") -> None:
    count_one(what, by=by, most=3, seconds=60, at=NOW + timedelta(seconds=after))


def test_beyond_the_most_it_is_refused_until_the_time_is_over(db: None) -> None:
    for earlier in (0, 10, 20):
        ask(after=earlier)

    for after, wait in ((20.0, 40), (59.5, 1)):
        before = list(Count.objects.values())
        with pytest.raises(Throttled) as refusal:
            ask(after=after)
        assert refusal.value.details == {"retryAfter": wait}
        assert list(Count.objects.values()) == before
    ask(after=60)
    assert Count.objects.get().count == 1


def test_each_is_counted_for_himself_and_no_address_is_kept(db: None) -> None:
    for _ in range(3):
        ask()

    ask(by="192.0.2.2")
    ask(what="look")
    assert sorted(Count.objects.values_list("count", flat=True)) == [1, 1, 3]
    assert not Count.objects.filter(key__contains="192").exists()


def test_old_counts_are_forgotten(db: None) -> None:
    ask(after=-3601)
    ask(by="192.0.2.2")

    with time_machine.travel(NOW, tick=False):
        assert forget_counts() == 1
    assert Count.objects.get().since == NOW


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_counted_exactly(crowd: Any) -> None:
    people: Crowd = crowd(8)

    answers = people.at_once([partial(ask)] * 8)

    assert sum(answer is None for answer in answers) == 3
    assert sum(isinstance(answer, Throttled) for answer in answers) == 5
    assert Count.objects.get().count == 3
