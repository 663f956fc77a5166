"""What must be right before the first mail: found at start-up, not by the first customer."""

from email import policy
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.template import TemplateDoesNotExist, TemplateSyntaxError, engines
from django.template.loader import get_template

from notifications.registry import kinds
from notifications.rendering import PARTS, template_name


@register
def check_kinds(**kwargs: Any) -> list[CheckMessage]:
    """Every registered kind has its templates, every folder of templates has its kind."""
    known = {kind.name for kind in kinds()}
    found: list[CheckMessage] = []
    for name in sorted(known):
        for part in PARTS:
            try:
                get_template(template_name(name, part))
            except (TemplateDoesNotExist, TemplateSyntaxError) as error:
                found.append(
                    Error(
                        f"The mail '{name}' has no usable {part}: {error}",
                        hint=f"Write templates/{template_name(name, part)}.",
                        id="notifications.E001",
                    )
                )
    found += [
        Error(
            f"Nobody builds mails of the kind '{folder}', but templates for it exist.",
            hint="Register a builder with notifications.registry.register in the app's ready().",
            id="notifications.E002",
        )
        for folder in sorted(_template_folders() - known)
    ]
    return found


@register
def check_delivery(**kwargs: Any) -> list[CheckMessage]:
    """A sender that can stand in a header, and an end to waiting for a server."""
    found: list[CheckMessage] = []
    if not _is_one_mailbox(settings.DEFAULT_FROM_EMAIL):
        found.append(
            Error(
                f"DEFAULT_FROM_EMAIL can't be a mail's sender: {settings.DEFAULT_FROM_EMAIL!r}.",
                hint='Write it like: "Dr. Smith, Dentist" <desk@example.com>',
                id="notifications.E003",
            )
        )
    is_smtp = settings.EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend"
    if is_smtp and not settings.EMAIL_TIMEOUT:
        found.append(
            Error(
                "EMAIL_TIMEOUT isn't set: a mail server that hangs would stop all mail.",
                hint="Set EMAIL_TIMEOUT to 10 seconds.",
                id="notifications.E004",
            )
        )
    return found


def _is_one_mailbox(sender: str) -> bool:
    if not sender.isprintable():
        return False
    header = policy.default.header_factory("From", sender)
    return (
        not header.defects
        and len(header.addresses) == 1
        and bool(header.addresses[0].username and header.addresses[0].domain)
    )


def _template_folders() -> set[str]:
    """Kinds that have a folder in `emails/` of any of our template directories."""
    folders: set[str] = set()
    for engine in engines.all():
        for directory in engine.dirs:
            root = Path(directory) / "emails"
            if root.is_dir():
                folders |= {path.name for path in root.iterdir() if path.is_dir()}
    return {name for name in folders if not name.startswith("_")}
