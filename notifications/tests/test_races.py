"""Two workers at one mail, two transactions at one key: real connections, held at a barrier."""

from collections.abc import Callable
from functools import partial
from threading import Barrier, Event

import pytest
from django.core import mail as django_mail
from django.db import connection, transaction

from notifications.delivery import deliver, sweep
from notifications.models import OutgoingMail
from notifications.states import MailState
from notifications.tests.conftest import NOW, MakeMail, build_news
from tests.infrastructure.races import HELD_SECONDS, ROUNDS, Crowd

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

Crowds = Callable[[int], Crowd]


def test_of_two_workers_exactly_one_sends(make_mail: MakeMail, crowd: Crowds) -> None:
    workers = crowd(2)
    for _ in range(ROUNDS):
        mail = make_mail()
        django_mail.outbox.clear()

        sent = workers.at_once([partial(deliver, mail.pk)] * 2)

        assert sorted(sent) == [False, True]
        assert len(django_mail.outbox) == 1
        mail.refresh_from_db()
        assert (mail.state, mail.tries) == (MailState.SENT, 1)


def test_of_two_sweeps_each_mail_is_sent_by_one(make_mail: MakeMail, crowd: Crowds) -> None:
    workers = crowd(2)
    for _ in range(ROUNDS):
        mails = [make_mail(to=f"guest{number}@example.com") for number in range(20)]
        django_mail.outbox.clear()

        reports = workers.at_once([sweep] * 2)

        assert sum(report.sent for report in reports) == len(mails)
        assert sorted(mail.to[0] for mail in django_mail.outbox) == sorted(
            mail.to for mail in mails
        )
        rows = OutgoingMail.objects.filter(pk__in=[mail.pk for mail in mails])
        assert set(rows.values_list("state", "tries")) == {(MailState.SENT, 1)}


# SQLite locks no single rows.
@pytest.mark.mariadb
def test_what_went_out_is_noted_although_the_next_mail_is_locked(
    make_mail: MakeMail, crowd: Crowds
) -> None:
    """Recorded and claimed in one transaction: the claim that fails must not undo the record."""
    make_mail(to="ann@example.com")
    locked = make_mail(to="bob@example.com")
    make_mail(to="cy@example.com")
    swept = Event()

    def hold() -> None:
        with transaction.atomic():
            OutgoingMail.objects.select_for_update().get(pk=locked.pk)
            held.wait()
            swept.wait(HELD_SECONDS)

    def sweep_meanwhile() -> int:
        held.wait()
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET SESSION innodb_lock_wait_timeout = 1")
            return sweep().sent
        finally:
            swept.set()
            # The next test gets a connection with the usual patience.
            connection.close()

    held = Barrier(2, timeout=HELD_SECONDS)

    assert crowd(2).at_once([hold, sweep_meanwhile]) == [None, 2]

    states = OutgoingMail.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [MailState.SENT, MailState.QUEUED, MailState.SENT]


def test_control_without_the_guard_both_send(make_mail: MakeMail, crowd: Crowds) -> None:
    """The same race against a claim that looks first and writes then: it must fail."""
    mail = make_mail()
    looked = Barrier(2, timeout=HELD_SECONDS)

    def deliver_unguarded() -> bool:
        is_due = OutgoingMail.objects.due(NOW).filter(pk=mail.pk).exists()
        looked.wait()
        if is_due:
            OutgoingMail.objects.filter(pk=mail.pk).update(state=MailState.SENDING)
            message = build_news(mail)
            django_mail.send_mail(message.subject, message.text, None, [mail.to])
        return is_due

    assert crowd(2).at_once([deliver_unguarded] * 2) == [True, True]
    assert len(django_mail.outbox) == 2


def test_one_key_is_one_mail_and_no_transaction_is_spoilt(
    make_mail: MakeMail, crowd: Crowds
) -> None:
    """Both transactions write something else too: it must stay, whoever wins the key."""
    clients = crowd(2)

    def book(key: str, client: str) -> tuple[int, int]:
        with transaction.atomic():
            mail = make_mail(key=key)
            other = make_mail(key=f"{key}:{client}")
        return mail.pk, other.pk

    for number in range(ROUNDS):
        key = f"booking:{number}"

        (first, other), (second, another) = clients.at_once(
            [partial(book, key, "left"), partial(book, key, "right")]
        )

        assert first == second
        assert dict(OutgoingMail.objects.filter(key__startswith=key).values_list("key", "pk")) == {
            key: first,
            f"{key}:left": other,
            f"{key}:right": another,
        }
        OutgoingMail.objects.all().delete()
