from pathlib import Path
from typing import Any

import pytest
from django.template import TemplateDoesNotExist

from notifications.paragraphs import Paragraph, code_in, paragraphs
from notifications.rendering import render_mail


@pytest.fixture
def templates(tmp_path: Path, settings: Any) -> Path:
    """A folder for the templates of the kind 'greeting'."""
    settings.TEMPLATES = [
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [tmp_path]}
    ]
    folder = tmp_path / "emails" / "greeting"
    folder.mkdir(parents=True)
    (folder / "subject.txt").write_text("Hello\n{{ name }}\n\n")
    (folder / "body.txt").write_text("Hello {{ name }}\n\n\n\n\nfrom {{ site_name }}  \n")
    (folder / "body.html").write_text("<title>{{ subject }}</title><p>{{ name }}</p>\n")
    return folder


def test_only_html_is_escaped_and_the_subject_is_one_line(templates: Path, settings: Any) -> None:
    settings.SITE_NAME = "Tom & Jerry's"

    subject, text, html = render_mail("greeting", {"name": "Ann <b> & \r\nBcc: Bob"})

    assert subject == "Hello Ann <b> & Bcc: Bob"
    assert text == "Hello Ann <b> &\nBcc: Bob\n\nfrom Tom & Jerry's\n"
    assert html == (
        "<title>Hello Ann &lt;b&gt; &amp; Bcc: Bob</title><p>Ann &lt;b&gt; &amp;\nBcc: Bob</p>"
    )


def test_what_every_mail_knows_about_the_site(templates: Path, settings: Any) -> None:
    settings.SITE_NAME = "Practice"
    settings.SITE_URL = "https://example.com/"
    settings.BRAND_ACCENT = "#123456"
    settings.CURRENCY = "EUR"
    settings.DJANGO_ENV = "demo"
    (templates / "body.txt").write_text(
        "{{ site_name }} {{ site_url }}/x {{ brand_accent }} {{ currency }} {{ is_demo }}"
    )

    _subject, text, _html = render_mail("greeting", {"name": "Ann"})

    assert text == "Practice https://example.com/x #123456 EUR True\n"


def test_the_caller_s_facts_win(templates: Path) -> None:
    (templates / "body.txt").write_text("{{ site_name }}")

    _subject, text, _html = render_mail("greeting", {"name": "Ann", "site_name": "Ours"})

    assert text == "Ours\n"


def test_a_subject_stays_short_and_printable(templates: Path) -> None:
    subject, _text, _html = render_mail("greeting", {"name": "a\x00b\x7f" + "c" * 300})

    assert subject == "Hello ab" + "c" * 192


def test_a_kind_without_templates_says_which_is_missing() -> None:
    with pytest.raises(TemplateDoesNotExist, match=r"emails/nothing/subject\.txt"):
        render_mail("nothing", {})


CODE_MAIL = """Hello from the desk!

Your code is below.
Please type it in.

482913

https://example.com/confirm?a=1

Bye
"""


def test_a_text_taken_apart() -> None:
    assert paragraphs(CODE_MAIL) == [
        Paragraph("Hello from the desk!"),
        Paragraph("Your code is below.\nPlease type it in."),
        Paragraph("482913", is_code=True),
        Paragraph("https://example.com/confirm?a=1", is_link=True),
        Paragraph("Bye"),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (CODE_MAIL, "482913"),
        ("Code:\r\n\r\nABCD-EFGH\r\n\r\nBye", "ABCD-EFGH"),
        ("Your code is 482913.", ""),
        ("Hello\n\nBye", ""),
        ("", ""),
    ],
)
def test_the_code_in_a_text(text: str, code: str) -> None:
    assert code_in(text) == code
