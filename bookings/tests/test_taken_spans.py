"""Which spans of time are free: told by bisection what comparing each with each would tell."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bookings.planning import TakenSpans

Span = tuple[datetime, datetime]

MIDNIGHT = datetime(2026, 7, 9, tzinfo=UTC)


def span(first: int, length: int) -> Span:
    start = MIDNIGHT + timedelta(minutes=first)
    return start, start + timedelta(minutes=length)


spans = st.lists(st.builds(span, st.integers(0, 40), st.integers(1, 12)), max_size=12)


def overlaps(one: Span, other: Span) -> bool:
    return one[0] < other[1] and one[1] > other[0]


def test_spans_that_touch_are_free_and_those_that_overlap_are_not() -> None:
    taken = TakenSpans([span(10, 10)])

    assert not taken.take(*span(9, 2))
    assert not taken.take(*span(12, 2))
    assert not taken.take(*span(5, 20))
    assert taken.take(*span(20, 5))
    assert taken.take(*span(5, 5))
    assert not taken.take(*span(22, 1))


@given(existing=spans, wanted=spans)
def test_it_tells_what_comparing_with_each_would_tell(
    existing: list[Span], wanted: list[Span]
) -> None:
    taken = TakenSpans(existing)
    compared = list(existing)

    for one in wanted:
        is_free = not any(overlaps(one, other) for other in compared)
        if is_free:
            compared.append(one)
        assert taken.take(*one) == is_free
