"""The mails that this app builds itself: account mails, whose words come from allauth."""

from notifications.models import OutgoingMail
from notifications.paragraphs import Paragraph, paragraphs
from notifications.registry import Message
from notifications.rendering import one_line, render_mail, site_facts


def build_account_mail(mail: OutgoingMail) -> Message:
    """Builder: allauth's words, in the site's layout unless they come with HTML of their own."""
    facts = mail.context
    subject, text, html = render_mail(
        mail.kind,
        {
            "title": one_line(facts["subject"]),
            "text": facts["text"],
            "paragraphs": [part for part in paragraphs(facts["text"]) if not _is_signature(part)],
        },
    )
    return Message(subject, text, facts["html"] or html)


def _is_signature(part: Paragraph) -> bool:
    """The text ends with our name and address; the layout has them already."""
    site = site_facts()
    return part.text == f"{site['site_name']}\n{site['site_url']}"
