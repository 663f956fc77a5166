"""The design system's own rules, so that the pages stay one language."""

import re
from pathlib import Path

import pytest
from django.conf import settings

TEMPLATES = settings.BASE_DIR / "templates"
STATIC = settings.BASE_DIR / "static"
COMPONENTS = sorted((TEMPLATES / "components").glob("*.html"))
PAGES = sorted(
    path
    for path in TEMPLATES.rglob("*.html")
    if not path.is_relative_to(TEMPLATES / "emails")
    and not path.is_relative_to(TEMPLATES / "admin")
)
# The staff pages live inside the admin and take their colours from its theme.
SHEETS = sorted(set((STATIC / "css").glob("*.css")) - {STATIC / "css" / "staff.css"})
RAW_COLOUR = re.compile(r"#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?)\(|\boklch\(\s*[\d.]", re.IGNORECASE)


def name_of(path: Path) -> str:
    return path.relative_to(settings.BASE_DIR).as_posix()


def symbols(sprite: str) -> set[str]:
    return set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "img" / sprite).read_text("utf-8")))


def uses(part: str, text: str) -> set[str]:
    """The names that a text hands to components/<part>.html as words."""
    return set(re.findall(rf'"components/{part}\.html" with name="([^"]+)"', text))


@pytest.mark.parametrize("path", COMPONENTS, ids=name_of)
def test_a_component_begins_by_naming_its_inputs(path: Path) -> None:
    assert path.read_text("utf-8").startswith("{# Inputs: ")


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_components_are_given_their_inputs_and_nothing_else(path: Path) -> None:
    tags = re.findall(r'{% include "components/[^%]*%}', path.read_text("utf-8"))

    assert [tag for tag in tags if not tag.endswith(" only %}")] == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_no_page_has_inline_style_or_script(path: Path) -> None:
    text = path.read_text("utf-8")

    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", text) == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_icon_and_drawing_exists(path: Path) -> None:
    text = path.read_text("utf-8")

    assert uses("icon", text) <= symbols("icons.svg")
    assert uses("drawing", text) <= symbols("drawings.svg")
    assert set(re.findall(r' icon="([^"]+)"', text)) <= symbols("icons.svg")
    assert set(re.findall(r' drawing="([^"]+)"', text)) <= symbols("drawings.svg")


@pytest.mark.parametrize("path", SHEETS, ids=name_of)
def test_raw_colours_stand_in_the_tokens_alone(path: Path) -> None:
    found = RAW_COLOUR.findall(path.read_text("utf-8"))

    assert (found == []) is (path.name != "tokens.css")


@pytest.mark.parametrize("path", [*SHEETS, STATIC / "css" / "staff.css"], ids=name_of)
def test_every_rule_of_a_sheet_is_closed(path: Path) -> None:
    """One brace that is missing takes all that comes after it away, without a word."""
    rules = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)

    assert rules.count("{") == rules.count("}")


def test_every_token_that_is_used_exists() -> None:
    text = "".join(path.read_text("utf-8") for path in SHEETS)
    given = set(re.findall(r"(--[a-z0-9-]+)\s*:", text))
    set_by_script = {"--part-left"}

    assert set(re.findall(r"var\((--[a-z0-9-]+)", text)) <= given | set_by_script
