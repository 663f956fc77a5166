"""The check of undefined variables, on templates of ours and on one of a third party."""

from pathlib import Path

import pytest
from django.template.base import Origin, Template
from django.template.context import Context
from django.template.engine import Engine
from django.template.loader import render_to_string

from tests.infrastructure.undefined import OUR_TEMPLATES, UndefinedVariable

OURS = OUR_TEMPLATES / "bookings" / "example.html"


def render(text: str, path: Path = OURS, **context: object) -> str:
    template = Template(text, origin=Origin(str(path)), engine=Engine.get_default())
    return template.render(Context(context))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{{ missing }}", id="name"),
        pytest.param("{{ room.missing }}", id="attribute"),
        pytest.param("{{ missing|upper }}", id="filtered"),
        pytest.param("{% if 1 %}{% for n in 'a' %}{{ missing }}{% endfor %}{% endif %}", id="deep"),
        pytest.param("{% with x=missing %}{% endwith %}", id="handed-on"),
    ],
)
def test_an_undefined_variable_of_ours_fails(text: str) -> None:
    with pytest.raises(UndefinedVariable, match=r"missing }} in bookings/example.html"):
        render(text, room={"name": "Blue"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{{ name }}", "Blue", id="defined"),
        pytest.param("{{ empty }}{{ nothing }}{{ zero }}", "None0", id="defined-but-empty"),
        pytest.param("{% if missing %}a{% else %}b{% endif %}", "b", id="if"),
        pytest.param("{{ missing|default:'x' }}", "x", id="default"),
        pytest.param("{{ missing|default:'' }}", "", id="empty-default"),
    ],
)
def test_what_is_defined_or_optional_is_rendered(text: str, expected: str) -> None:
    assert render(text, name="Blue", empty="", nothing=None, zero=0) == expected


def test_a_template_of_a_third_party_is_spared() -> None:
    elsewhere = Path("/usr/lib/somebody/templates/page.html")

    assert render("[{{ missing }}]", elsewhere) == "[]"


def test_the_admins_own_templates_are_spared() -> None:
    assert "missing" not in render_to_string("admin/login.html", {"form": {"errors": []}})
