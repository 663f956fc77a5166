from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from celery import current_app
from django.db import IntegrityError, transaction

from notifications.errors import UnknownKind
from notifications.models import OutgoingMail
from notifications.outbox import queue_account_mail, queue_mail
from notifications.states import MailState
from notifications.tests.conftest import NOW, MakeMail

pytestmark = pytest.mark.django_db


def test_a_queued_mail_freezes_the_facts(news: str) -> None:
    mail = queue_mail(
        kind=news,
        to="ann@example.com",
        key="booking:7:confirmed",
        context={
            "price": Decimal("45.10"),
            "starts_at": datetime(2027, 7, 8, 7, 0, tzinfo=UTC),
            "day": date(2027, 7, 8),
            "name": "Ännchen 🎟",
        },
        at=NOW,
        priority=3,
    )

    frozen = {
        "price": "45.10",
        "starts_at": "2027-07-08T07:00:00Z",
        "day": "2027-07-08",
        "name": "Ännchen 🎟",
    }
    assert mail.context == frozen
    stored = OutgoingMail.objects.get()
    assert stored.context == frozen
    assert (stored.kind, stored.to, stored.key, stored.priority) == (
        "news",
        "ann@example.com",
        "booking:7:confirmed",
        3,
    )
    assert (stored.state, stored.tries, stored.is_secret) == (MailState.QUEUED, 0, False)
    assert (stored.created_at, stored.next_try_at) == (NOW, NOW)


def test_a_known_key_writes_nothing_and_gives_the_first_mail_back(make_mail: MakeMail) -> None:
    first = make_mail(key="once", context={"text": "first"})

    second = make_mail(key="once", context={"text": "second"}, to="other@example.com")

    assert second == first
    assert list(OutgoingMail.objects.values_list("to", "context")) == [
        ("ann@example.com", {"text": "first"})
    ]


def test_a_key_that_was_said_to_be_new_and_is_not_is_an_error(
    news: str, make_mail: MakeMail
) -> None:
    first = make_mail(key="once")

    with pytest.raises(IntegrityError), transaction.atomic():
        queue_mail(kind=news, to="ann@example.com", key="once", context={}, at=NOW, is_first=True)

    assert list(OutgoingMail.objects.all()) == [first]


def test_the_mail_goes_when_what_it_tells_of_goes(make_mail: MakeMail) -> None:
    class Undone(Exception):
        pass

    def book_and_stumble() -> None:
        with transaction.atomic():
            make_mail()
            raise Undone

    with pytest.raises(Undone):
        book_and_stumble()

    assert list(OutgoingMail.objects.all()) == []


def test_keys_that_differ_by_case_never_lose_a_mail_silently(make_mail: MakeMail) -> None:
    first = make_mail(key="token:abc")

    try:
        second = make_mail(key="token:ABC")
    except ValueError:
        assert list(OutgoingMail.objects.all()) == [first]
    else:
        assert set(OutgoingMail.objects.all()) == {first, second}


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_a_key_that_no_row_could_hold_is_refused(make_mail: MakeMail, key: str) -> None:
    with pytest.raises(ValueError, match="1 to 200 characters"):
        make_mail(key=key)

    assert list(OutgoingMail.objects.all()) == []


def test_an_unknown_kind_is_refused_at_once() -> None:
    with pytest.raises(UnknownKind, match="'gossip'"):
        queue_mail(kind="gossip", to="ann@example.com", key="g:1", context={}, at=NOW)

    assert list(OutgoingMail.objects.all()) == []


def test_every_row_has_a_message_id_of_its_own(make_mail: MakeMail, settings: Any) -> None:
    settings.SITE_URL = "https://praxis-müller.example:8443/app"

    first, second = make_mail(), make_mail()

    assert first.message_id != second.message_id
    assert first.message_id.startswith("<")
    assert first.message_id.endswith("@xn--praxis-mller-klb.example>")
    assert OutgoingMail.objects.get(pk=first.pk).message_id == first.message_id


def test_an_account_mail_is_secret_and_goes_first(make_mail: MakeMail) -> None:
    make_mail()

    account = queue_account_mail(
        to="ann@example.com", key="account:1", subject="Your code", text="123456", html="", at=NOW
    )

    assert account.is_secret
    assert OutgoingMail.objects.due(NOW).first() == account


def test_a_worker_is_woken_once_the_mail_is_committed(
    make_mail: MakeMail, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with current_app.connection_for_write() as broker:
        queue = broker.SimpleQueue("celery")
        queue.clear()

        with django_capture_on_commit_callbacks(execute=True):
            mail = make_mail()
            make_mail(key=mail.key)
            assert queue.qsize() == 0

        waiting = [queue.get_nowait() for _ in range(queue.qsize())]
        for message in waiting:
            message.ack()
        queue.close()
    assert [(one.headers["task"], one.payload[0]) for one in waiting] == [
        ("notifications.deliver", [mail.pk])
    ]
