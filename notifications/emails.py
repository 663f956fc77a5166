"""The mails that this app builds itself: account mails, whose words come from allauth."""

from notifications.models import OutgoingMail
from notifications.paragraphs import paragraphs
from notifications.registry import Message
from notifications.rendering import one_line, render_mail


def build_account_mail(mail: OutgoingMail) -> Message:
    """Builder: allauth's words, in the site's layout unless they come with HTML of their own."""
    facts = mail.context
    subject, text, html = render_mail(
        mail.kind,
        {
            "title": one_line(facts["subject"]),
            "text": facts["text"],
            "paragraphs": paragraphs(facts["text"]),
        },
    )
    return Message(subject, text, facts["html"] or html)
