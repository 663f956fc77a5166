from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from notifications.registry import find_kind, kinds, register
from notifications.tests.conftest import build_news


def found() -> list[tuple[str | None, str]]:
    return [
        (message.id, str(message.msg))
        for message in run_checks()
        if (message.id or "").startswith("notifications.")
    ]


def test_the_project_itself_is_in_order() -> None:
    assert found() == []


def test_a_kind_without_templates_is_found(settings: Any, tmp_path: Path) -> None:
    settings.TEMPLATES = [
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [tmp_path]}
    ]
    for kind in kinds():
        folder = tmp_path / "emails" / kind.name
        folder.mkdir(parents=True)
        for part in ("subject.txt", "body.txt", "body.html"):
            (folder / part).write_text("Hi")
    (tmp_path / "emails" / "account" / "body.html").write_text("{% if %}")
    (tmp_path / "emails" / "orphan").mkdir()
    (tmp_path / "emails" / "_parts").mkdir()
    register("news", build_news, title="News")

    ids = [(number, text.partition(":")[0]) for number, text in found()]

    assert ids == [
        ("notifications.E001", "The mail 'account' has no usable body.html"),
        ("notifications.E001", "The mail 'news' has no usable subject.txt"),
        ("notifications.E001", "The mail 'news' has no usable body.txt"),
        ("notifications.E001", "The mail 'news' has no usable body.html"),
        (
            "notifications.E002",
            "Nobody builds mails of the kind 'orphan', but templates for it exist.",
        ),
    ]


@pytest.mark.parametrize(
    ("sender", "is_right"),
    [
        ("desk@example.com", True),
        ("Booking & Tickets <desk@example.com>", True),
        ('"Dr. Smith, Dentist" <desk@example.com>', True),
        ("Praxis Müller <desk@example.com>", True),
        ("Dr. Smith, Dentist <desk@example.com>", False),
        ("desk", False),
        ("", False),
        ("a@example.com, b@example.com", False),
        ("desk@example.com\nBcc: x@example.com", False),
    ],
)
def test_a_sender_that_can_not_stand_in_a_header_is_found(
    settings: Any, sender: str, is_right: bool
) -> None:
    settings.DEFAULT_FROM_EMAIL = sender

    assert [number for number, _text in found()] == ([] if is_right else ["notifications.E003"])


@pytest.mark.parametrize(("timeout", "expected"), [(None, ["notifications.E004"]), (10, [])])
def test_a_mail_server_may_not_hold_us_for_ever(
    settings: Any, timeout: int | None, expected: list[str]
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_TIMEOUT = timeout

    assert [number for number, _text in found()] == expected


def test_a_kind_has_one_builder() -> None:
    register("news", build_news, title="News")

    with pytest.raises(ImproperlyConfigured, match="'news' have a builder already"):
        register("news", build_news, title="Other news")

    assert find_kind("news").title == "News"
