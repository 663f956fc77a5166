"""A mail's words: `templates/emails/<kind>/{subject.txt,body.txt,body.html}`."""

import re
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.template import Context, Template
from django.template.loader import get_template

PARTS: Final = ("subject.txt", "body.txt", "body.html")
LONGEST_SUBJECT: Final = 200


def render_mail(kind: str, context: Mapping[str, Any]) -> tuple[str, str, str]:
    """Subject, text and HTML of a mail of this kind.

    Every template also knows `site_name`, `site_url` (without a slash at its end), `brand_accent`,
    `currency` and `is_demo`; body.html knows `subject` as well. Only HTML is escaped. The subject
    comes out as one line.

    Raises TemplateDoesNotExist.
    """
    facts = site_facts() | dict(context)
    subject = one_line(_render(kind, "subject.txt", facts))
    text = _tidy(_render(kind, "body.txt", facts))
    html = _squeezed(_render(kind, "body.html", facts | {"subject": subject}, autoescape=True))
    return subject, text, html


def site_facts() -> dict[str, Any]:
    """What every mail knows about the site."""
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL.rstrip("/"),
        "brand_accent": settings.BRAND_ACCENT,
        "currency": settings.CURRENCY,
        "is_demo": settings.DJANGO_ENV == "demo",
    }


def one_line(text: str) -> str:
    """Text fit for a header: blanks and line ends become one blank, controls go."""
    words = " ".join(text.split())
    return "".join(char for char in words if char.isprintable())[:LONGEST_SUBJECT]


def template_name(kind: str, part: str) -> str:
    return f"emails/{kind}/{part}"


def _render(kind: str, part: str, facts: Mapping[str, Any], *, autoescape: bool = False) -> str:
    # The inner template: only there escaping can be switched off, which no author of a plain-text
    # template should have to remember.
    template: Template = get_template(template_name(kind, part)).template  # type: ignore[attr-defined]
    return template.render(Context(dict(facts), autoescape=autoescape))


def _squeezed(html: str) -> str:
    """Without the templates' indentation: a third of the bytes, and no reader shows it."""
    return "\n".join(filter(None, map(str.strip, html.split("\n"))))


def _tidy(text: str) -> str:
    """At most one empty line in a row (template tags leave more), no blanks at line ends."""
    stripped = re.sub(r"[ \t]+$", "", text.replace("\r\n", "\n"), flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", stripped).strip() + "\n"
