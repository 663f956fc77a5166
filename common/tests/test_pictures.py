"""The generated picture of a name."""

from xml.etree import ElementTree as ET

import pytest

from common.pictures import HUES, hue_of, pattern_svg


def test_a_name_always_has_the_same_picture() -> None:
    assert pattern_svg("Treatment room 2") == pattern_svg("  treatment ROOM 2 ")


def test_names_have_pictures_of_their_own() -> None:
    names = [f"Room {number}" for number in range(50)]

    assert len({pattern_svg(name) for name in names}) == len(names)
    assert {hue_of(name) for name in names} <= set(range(HUES))


@pytest.mark.parametrize("name", ["", "Ø & <script>alert(1)</script>", "会议室", "a" * 5000])
def test_any_name_gives_sound_markup_without_the_name_in_it(name: str) -> None:
    svg = pattern_svg(name)

    element = ET.fromstring(svg)
    assert element.tag == "svg"
    assert 8 <= len(element) <= 24
    assert "script" not in svg
    assert "style" not in svg
