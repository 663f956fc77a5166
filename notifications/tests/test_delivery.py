"""Claim, send, record, with Django's in-memory mail backend."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail as django_mail
from django.core.mail import EmailMultiAlternatives

from notifications.claiming import claim_mail
from notifications.delivery import Sweep, deliver, sweep
from notifications.errors import CannotBuild
from notifications.models import MailAttachment, OutgoingMail
from notifications.outbox import queue_account_mail
from notifications.policies import GIVE_UP_AFTER, LEASE
from notifications.registry import Attachment, Message, register
from notifications.states import MailState
from notifications.tests.conftest import NOW, MakeMail

pytestmark = pytest.mark.django_db


def at(moment: datetime) -> Any:
    """A clock that stands still."""
    return lambda: moment


def sent_to() -> list[str]:
    return [mail.to[0] for mail in django_mail.outbox]


def test_a_due_mail_is_built_sent_and_kept_as_sent(make_mail: MakeMail) -> None:
    mail = make_mail(context={"text": "Your hour is free."})

    assert deliver(mail.pk, now=at(NOW))

    mail.refresh_from_db()
    assert (mail.state, mail.tries, mail.sent_at) == (MailState.SENT, 1, NOW)
    assert (mail.subject, mail.text, mail.html) == (
        "News from the desk",
        "Your hour is free.",
        "<p>Your hour is free.</p>",
    )
    [sent] = django_mail.outbox
    assert sent.extra_headers["Message-ID"] == mail.message_id
    assert (sent.to, sent.subject, sent.body) == (
        ["ann@example.com"],
        "News from the desk",
        "Your hour is free.",
    )


def test_a_mail_is_not_sent_twice(make_mail: MakeMail) -> None:
    mail = make_mail()

    assert [deliver(mail.pk, now=at(NOW)) for _ in range(2)] == [True, False]

    assert sent_to() == ["ann@example.com"]


def test_a_mail_waits_for_its_time(make_mail: MakeMail) -> None:
    mail = make_mail(at=NOW)

    assert not deliver(mail.pk, now=at(NOW - timedelta(seconds=1)))

    mail.refresh_from_db()
    assert (mail.state, mail.tries) == (MailState.QUEUED, 0)
    assert sent_to() == []


def test_a_sweep_sends_the_most_pressing_first_and_no_more_than_its_limit(
    make_mail: MakeMail,
) -> None:
    make_mail(to="later@example.com", at=NOW + timedelta(seconds=1))
    make_mail(to="reminder@example.com", priority=9, at=NOW - timedelta(hours=1))
    make_mail(to="ticket@example.com", priority=2)
    make_mail(to="booking@example.com", priority=5)

    assert sweep(limit=2, now=at(NOW)) == Sweep(sent=2)
    assert sent_to() == ["ticket@example.com", "booking@example.com"]

    assert sweep(limit=2, now=at(NOW)) == Sweep(sent=1)
    assert sent_to()[2:] == ["reminder@example.com"]


def test_files_are_kept_as_sent(make_mail: MakeMail) -> None:
    register(
        "files",
        lambda mail: Message(
            "Files",
            "Two files",
            "",
            (
                Attachment("ticket.pdf", b"%PDF-1.7", "application/pdf"),
                Attachment("invite.ics", b"BEGIN", "text/calendar", {"method": "REQUEST"}),
            ),
        ),
        title="Files",
    )
    mail = make_mail(kind="files")

    deliver(mail.pk, now=at(NOW))

    kept = [(row.filename, row.content_type, bytes(row.content)) for row in mail.attachments.all()]
    assert kept == [
        ("ticket.pdf", "application/pdf", b"%PDF-1.7"),
        ("invite.ics", 'text/calendar; method="REQUEST"', b"BEGIN"),
    ]


# --- Builders that fail -----------------------------------------------------------------------


def test_a_builder_that_raises_is_tried_again_and_says_why(make_mail: MakeMail) -> None:
    answers: list[Exception | None] = [ZeroDivisionError("no places to divide by"), None]

    def build(mail: OutgoingMail) -> Message:
        if (error := answers.pop(0)) is not None:
            raise error
        return Message("Better now", "Text", "")

    register("flaky", build, title="Flaky")
    mail = make_mail(kind="flaky")

    assert not deliver(mail.pk, now=at(NOW))

    mail.refresh_from_db()
    assert mail.state == MailState.RETRYING
    assert mail.last_error == "Building failed: ZeroDivisionError: no places to divide by"
    assert NOW < mail.next_try_at < NOW + timedelta(seconds=10)
    assert sweep(now=at(NOW)) == Sweep()
    assert sweep(now=at(NOW + timedelta(seconds=10))) == Sweep(sent=1)
    mail.refresh_from_db()
    assert (mail.state, mail.tries, mail.last_error) == (MailState.SENT, 2, "")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(
            OutgoingMail.DoesNotExist("Booking matching query does not exist."),
            "What this mail tells of is gone: Booking matching query does not exist.",
            id="gone",
        ),
        pytest.param(
            CannotBuild("the order has no tickets"),
            "This mail can't be built: the order has no tickets",
            id="refused-by-the-builder",
        ),
    ],
)
def test_a_mail_that_can_never_be_built_fails_at_once(
    make_mail: MakeMail, error: Exception, words: str
) -> None:
    def build(mail: OutgoingMail) -> Message:
        raise error

    register("gone", build, title="Gone")
    mail = make_mail(kind="gone")

    assert sweep(now=at(NOW)) == Sweep(given_up=1)

    mail.refresh_from_db()
    assert (mail.state, mail.last_error) == (MailState.FAILED, words)
    assert sweep(now=at(NOW + timedelta(days=1))) == Sweep()


def test_a_kind_that_this_worker_does_not_know_waits_for_one_that_does(
    make_mail: MakeMail,
) -> None:
    mail = make_mail()
    OutgoingMail.objects.filter(pk=mail.pk).update(kind="tomorrow")

    assert sweep(now=at(NOW)) == Sweep(put_off=1)

    mail.refresh_from_db()
    assert mail.state == MailState.RETRYING
    assert "No builder is registered for mails of the kind 'tomorrow'." in mail.last_error


@pytest.mark.parametrize(
    "to",
    [
        "ann@example.com\nBcc: all@example.com",
        "ann@example.com, bob@example.com",
        "Ann <ann@example.com>",
        "ann",
        "",
    ],
)
def test_an_address_that_is_not_one_address_reaches_no_header(make_mail: MakeMail, to: str) -> None:
    def build(mail: OutgoingMail) -> Message:
        raise AssertionError("not even built")

    register("calling", build, title="Calling")
    mail = make_mail(kind="calling", to=to)

    assert sweep(now=at(NOW)) == Sweep(given_up=1)

    mail.refresh_from_db()
    assert mail.last_error == "The address isn't a valid e-mail address."
    assert django_mail.outbox == []


def test_a_subject_can_not_smuggle_in_a_header(make_mail: MakeMail) -> None:
    register(
        "smuggler", lambda mail: Message("Hi\nBcc: all@example.com", "Text", ""), title="Smuggler"
    )
    mail = make_mail(kind="smuggler")

    assert sweep(now=at(NOW)) == Sweep(given_up=1)

    mail.refresh_from_db()
    assert mail.last_error.startswith("The mail has an unusable header")
    assert django_mail.outbox == []


# --- Workers that stop ------------------------------------------------------------------------


def test_a_mail_whose_worker_was_killed_is_taken_back_after_its_lease(
    make_mail: MakeMail,
) -> None:
    mail = make_mail()
    claim_mail(mail.pk, at=NOW)

    assert sweep(now=at(NOW + LEASE - timedelta(seconds=1))) == Sweep()
    assert sweep(now=at(NOW + LEASE)) == Sweep(sent=1, taken_back=1)

    mail.refresh_from_db()
    assert (mail.state, mail.tries) == (MailState.SENT, 2)
    assert sent_to() == ["ann@example.com"]


def test_a_worker_thought_dead_may_still_say_that_its_mail_went_out(make_mail: MakeMail) -> None:
    late = NOW + LEASE

    def build(mail: OutgoingMail) -> Message:
        # While this worker is slow, the sweep takes its mail back and puts it off again.
        taken = OutgoingMail.objects.filter(pk=mail.pk).move_to(
            MailState.RETRYING, claim="", next_try_at=late + timedelta(minutes=1)
        )
        assert taken == 1
        return Message("Slow", "Text", "")

    register("slow", build, title="Slow")
    mail = make_mail(kind="slow")

    assert deliver(mail.pk, now=at(NOW))

    mail.refresh_from_db()
    assert mail.state == MailState.SENT
    assert sweep(now=at(late + timedelta(hours=1))) == Sweep()
    assert sent_to() == ["ann@example.com"]


def test_a_worker_thought_dead_can_not_put_off_what_another_is_sending(
    make_mail: MakeMail,
) -> None:
    def build(mail: OutgoingMail) -> Message:
        rows = OutgoingMail.objects.filter(pk=mail.pk)
        rows.move_to(MailState.RETRYING, claim="", next_try_at=NOW)
        assert claim_mail(mail.pk, at=NOW) is not None
        raise RuntimeError("too late")

    register("slow", build, title="Slow")
    mail = make_mail(kind="slow")

    assert not deliver(mail.pk, now=at(NOW))

    mail.refresh_from_db()
    assert (mail.state, mail.tries, mail.last_error) == (MailState.SENDING, 2, "")


def test_a_mail_is_given_up_in_the_end(make_mail: MakeMail) -> None:
    def build(mail: OutgoingMail) -> Message:
        raise RuntimeError("never works")

    register("broken", build, title="Broken")
    mail = make_mail(kind="broken")
    sweep(now=at(NOW))
    OutgoingMail.objects.update(next_try_at=NOW)

    assert sweep(now=at(NOW + GIVE_UP_AFTER)) == Sweep(given_up=1)

    mail.refresh_from_db()
    assert mail.state == MailState.FAILED
    assert mail.last_error == ("Given up after 2 tries. Building failed: RuntimeError: never works")


# --- Secrets ----------------------------------------------------------------------------------


def queue_code() -> OutgoingMail:
    return queue_account_mail(
        to="ann@example.com",
        key="account:1",
        subject="Your code",
        text="Hello\n\nThis is your code:\n\n482913\n",
        html="",
        at=NOW,
    )


def test_an_account_mail_is_emptied_once_sent() -> None:
    mail = queue_code()

    assert deliver(mail.pk, now=at(NOW))

    mail.refresh_from_db()
    assert (mail.state, mail.subject) == (MailState.SENT, "Your code")
    assert (mail.context, mail.text, mail.html, mail.code) == ({}, "", "", "")
    assert list(MailAttachment.objects.all()) == []
    [sent] = django_mail.outbox
    assert isinstance(sent, EmailMultiAlternatives)
    assert "482913" in sent.body
    html, _mimetype = sent.alternatives[0]
    assert "482913" in str(html)


def test_an_account_mail_is_emptied_once_given_up() -> None:
    mail = queue_code()
    OutgoingMail.objects.update(to="nowhere")

    assert not deliver(mail.pk, now=at(NOW))

    mail.refresh_from_db()
    assert (mail.state, mail.context, mail.text) == (MailState.FAILED, {}, "")


@pytest.mark.parametrize(
    ("environment", "backend", "code"),
    [
        ("demo", "notifications.backends.DatabaseOnlyBackend", "482913"),
        ("production", "notifications.backends.DatabaseOnlyBackend", ""),
        ("demo", "django.core.mail.backends.locmem.EmailBackend", ""),
    ],
)
def test_only_a_demo_without_a_mail_server_keeps_codes(
    settings: Any, environment: str, backend: str, code: str
) -> None:
    settings.DJANGO_ENV = environment
    settings.EMAIL_BACKEND = backend
    mail = queue_code()

    assert deliver(mail.pk, now=at(NOW))

    mail.refresh_from_db()
    assert (mail.state, mail.context, mail.code) == (MailState.SENT, {}, code)
