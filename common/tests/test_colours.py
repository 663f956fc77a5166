"""White text on the brand's colour is readable, whatever colour that is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.colours import FALLBACK, READABLE, _channels, _contrast_with_white, deepened


def contrast(colour: str) -> float:
    channels = _channels(colour)
    assert channels is not None
    return _contrast_with_white(channels)


@given(st.integers(0, 0xFFFFFF))
def test_white_text_is_readable_on_every_deepened_colour(number: int) -> None:
    assert contrast(deepened(f"#{number:06x}")) >= READABLE


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        pytest.param("#0f6b6b", "#0f6b6b", id="dark-enough-stays"),
        pytest.param("#000", "#000000", id="short-form"),
        pytest.param("teal", FALLBACK, id="a-name"),
        pytest.param("#12345", FALLBACK, id="wrong-length"),
        pytest.param("#zzzzzz", FALLBACK, id="no-digits"),
        pytest.param("", FALLBACK, id="nothing"),
    ],
)
def test_what_becomes_of_a_colour(colour: str, expected: str) -> None:
    assert deepened(colour) == expected


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast("#000000") == pytest.approx(21)
    assert contrast("#ffffff") == pytest.approx(1)
    assert contrast("#767676") == pytest.approx(4.54, abs=0.01)
