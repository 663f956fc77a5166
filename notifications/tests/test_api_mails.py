"""The outbox by the API: staff see what became of a mail and send it again."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from notifications.delivery import deliver
from notifications.models import OutgoingMail
from notifications.outbox import queue_account_mail
from tests.infrastructure.api import MakeApi, nothing_changes, refused
from tests.infrastructure.world import NOW, MakeBooking


@pytest.fixture
def mail(make_booking: MakeBooking) -> OutgoingMail:
    """A confirmation, waiting for the worker."""
    make_booking(price=0)
    return OutgoingMail.objects.get()


@pytest.fixture
def secret(db: None) -> OutgoingMail:
    return queue_account_mail(
        to="ada@example.com", key="code", subject="Your code", text="123456", html="", at=NOW
    )


def test_a_mail_is_listed_without_what_it_says(
    api: MakeApi, front_desk: User, mail: OutgoingMail
) -> None:
    deliver(mail.pk, now=lambda: NOW)
    mail.refresh_from_db()

    answer = api(front_desk).get("/admin/mails").json()

    assert answer["results"] == [
        {
            "id": mail.pk,
            "kind": "booking_confirmed",
            "title": mail.kind_title,
            "to": "ada@example.com",
            "subject": mail.subject,
            "status": "sent",
            "tries": 1,
            "lastError": "",
            "isSecret": False,
            "copyOf": None,
            "createdAt": "2026-07-02T08:00:00Z",
            "sentAt": "2026-07-02T08:00:00Z",
        }
    ]


def test_a_code_is_nowhere(api: MakeApi, manager: User, secret: OutgoingMail) -> None:
    answer = api(manager).get("/admin/mails")

    assert answer.json()["results"][0]["isSecret"] is True
    assert "123456" not in answer.content.decode()


def test_the_list_by_status(
    api: MakeApi, front_desk: User, mail: OutgoingMail, secret: OutgoingMail
) -> None:
    deliver(mail.pk, now=lambda: NOW)
    client = api(front_desk)

    def found(status: str) -> list[int]:
        results = client.get("/admin/mails", status=status).json()["results"]
        return [row["id"] for row in results]

    assert (found("sent"), found("queued"), found("failed")) == ([mail.pk], [secret.pk], [])
    assert client.get("/admin/mails", status="lost").status_code == 400


def test_a_sent_mail_is_sent_again_once_a_key(
    api: MakeApi, front_desk: User, mail: OutgoingMail
) -> None:
    deliver(mail.pk, now=lambda: NOW)
    client = api(front_desk)

    first, again = (
        client.post(f"/admin/mails/{mail.pk}/resend", idempotency_key="one") for _ in range(2)
    )

    assert first.status_code == 201
    assert again.content == first.content
    assert (first.json()["copyOf"], first.json()["status"]) == (mail.pk, "queued")
    assert OutgoingMail.objects.count() == 2


def test_what_is_on_its_way_or_secret_is_not_sent_again(
    api: MakeApi, manager: User, mail: OutgoingMail, secret: OutgoingMail
) -> None:
    deliver(secret.pk, now=lambda: NOW)
    client = api(manager)

    with nothing_changes():
        for each in (mail, secret):
            refused(client.post(f"/admin/mails/{each.pk}/resend"), 409, "invalid_transition")
        refused(client.post(f"/admin/mails/{10**30}/resend"), 404, "not_found")


def test_thirty_cost_as_much_as_one(api: MakeApi, front_desk: User, mail: OutgoingMail) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            api(front_desk).get("/admin/mails", pageSize=100)
        return len(queries)

    one = cost()
    OutgoingMail.objects.bulk_create(
        OutgoingMail(
            kind=mail.kind, to=mail.to, key=f"more {number}", created_at=NOW, next_try_at=NOW
        )
        for number in range(29)
    )

    assert OutgoingMail.objects.count() == 30
    assert cost() == one
