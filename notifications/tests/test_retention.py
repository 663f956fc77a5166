"""What mails said is emptied in time, staff hear of what failed, and providers aren't flooded."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from common.errors import InvalidTransition
from notifications import delivery
from notifications.models import MailAttachment, OutgoingMail
from notifications.services.empty import empty_old_mails
from notifications.services.resend import resend_mail
from notifications.states import MailState
from notifications.tests.conftest import NOW, MakeMail

pytestmark = pytest.mark.django_db

DAYS = timedelta(days=1)


def send(mail: OutgoingMail) -> None:
    assert delivery.deliver(mail.pk, now=lambda: NOW)


def test_old_mails_lose_their_words_and_keep_that_they_went_out(
    make_mail: MakeMail, settings: Any
) -> None:
    settings.MAILS_KEPT_DAYS = 30
    old, waiting = make_mail(), make_mail()
    young = make_mail(at=NOW + DAYS)
    send(old)
    MailAttachment.objects.create(
        mail=old, position=0, filename="a.txt", content_type="text/plain", content=b"a"
    )

    assert empty_old_mails(at=NOW + 30 * DAYS) == 0
    assert empty_old_mails(at=NOW + 30 * DAYS + timedelta(seconds=1)) == 1
    assert empty_old_mails(at=NOW + 30 * DAYS + timedelta(seconds=2)) == 0

    found = {mail.pk: mail for mail in OutgoingMail.objects.all()}
    assert (found[old.pk].text, found[old.pk].html, found[old.pk].context) == ("", "", {})
    assert (found[old.pk].state, found[old.pk].subject) == (MailState.SENT, "News from the desk")
    assert not MailAttachment.objects.exists()
    for kept in (waiting, young):
        assert found[kept.pk].context == kept.context


def test_an_emptied_mail_cannot_be_sent_again(make_mail: MakeMail) -> None:
    boss = get_user_model()._default_manager.create_superuser("boss@example.com")
    mail = make_mail()
    send(mail)
    empty_old_mails(at=NOW + 400 * DAYS)

    with pytest.raises(InvalidTransition, match="emptied"):
        resend_mail(mail_id=mail.pk, by=boss, at=NOW + 400 * DAYS)
    assert OutgoingMail.objects.count() == 1


def test_staff_hear_once_an_hour_of_what_was_given_up(make_mail: MakeMail) -> None:
    users = get_user_model()._default_manager
    users.create_superuser("boss@example.com")
    users.create_user("desk@example.com", is_staff=True)
    for address in ("nowhere", "no one"):
        delivery.deliver(make_mail(to=address).pk, now=lambda: NOW)

    told = OutgoingMail.objects.filter(kind="staff_mail_failed")
    assert [(mail.to, mail.context["to"]) for mail in told] == [("boss@example.com", "nowhere")]

    later = NOW + timedelta(hours=1)
    delivery.deliver(make_mail(to="nobody", at=later).pk, now=lambda: later)
    assert told.all().count() == 2


def test_a_notice_that_fails_brings_no_notice(make_mail: MakeMail) -> None:
    get_user_model()._default_manager.create_superuser("boss@nowhere")
    delivery.deliver(make_mail(to="nowhere").pk, now=lambda: NOW)

    delivery.sweep(now=lambda: NOW)

    states = OutgoingMail.objects.order_by("pk").values_list("kind", "state")
    assert list(states) == [("news", "failed"), ("staff_mail_failed", "failed")]


def test_no_more_a_minute_than_the_provider_takes(make_mail: MakeMail, settings: Any) -> None:
    settings.MAILS_PER_MINUTE = 3
    for _ in range(5):
        make_mail(priority=5)
    urgent = make_mail(priority=1)

    first = delivery.sweep(now=lambda: NOW)
    again = delivery.sweep(now=lambda: NOW + timedelta(seconds=59))
    assert not delivery.deliver(make_mail().pk, now=lambda: NOW + timedelta(seconds=59))
    assert (first.sent, again.sent) == (3, 0)
    urgent.refresh_from_db()
    assert urgent.state == MailState.SENT
    # Put off isn't tried: nothing counts against them.
    assert set(OutgoingMail.objects.exclude(state="sent").values_list("state", "tries")) == {
        ("queued", 0)
    }

    assert delivery.sweep(now=lambda: NOW + timedelta(seconds=60)).sent == 3
