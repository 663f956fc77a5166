"""/demo/mails: for everybody in the demo, for nobody elsewhere."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from notifications.delivery import deliver
from notifications.models import OutgoingMail
from notifications.outbox import queue_account_mail
from notifications.registry import Attachment, Message, register
from notifications.tests.conftest import NOW, MakeMail

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(settings: Any) -> None:
    settings.DJANGO_ENV = "demo"
    settings.EMAIL_BACKEND = "notifications.backends.DatabaseOnlyBackend"


@pytest.fixture
def code_mail(db: None, demo: None) -> OutgoingMail:
    mail = queue_account_mail(
        to="Ann@example.com",
        key="account:1",
        subject="Your code",
        text="Hello\n\nYour code:\n\n482913\n",
        html="",
        at=NOW,
    )
    assert deliver(mail.pk)
    return mail


@pytest.mark.parametrize("environment", ["production", "test"])
@pytest.mark.parametrize(
    "address", ["/demo/mails", "/demo/mails?format=json", "/demo/mails/{}", "/demo/mails/{}/body"]
)
def test_outside_the_demo_there_is_no_mailbox(
    client: Client, settings: Any, code_mail: OutgoingMail, environment: str, address: str
) -> None:
    assert client.get(address.format(code_mail.pk)).status_code == 200

    settings.DJANGO_ENV = environment

    assert client.get(address.format(code_mail.pk)).status_code == 404


def test_a_code_can_be_read_without_sign_in(client: Client, code_mail: OutgoingMail) -> None:
    for address in ("/demo/mails", f"/demo/mails/{code_mail.pk}"):
        html = client.get(address).content.decode()
        assert '<strong class="code">482913</strong>' in html
    assert "482913" in client.get(f"/demo/mails/{code_mail.pk}/body").content.decode()


def test_newest_first_and_by_part_of_an_address(
    client: Client, demo: None, make_mail: MakeMail
) -> None:
    for to in ("ann@example.com", "bob@example.org", "joann@example.net"):
        make_mail(to=to)

    def shown(query: str) -> list[str]:
        return [mail.to for mail in client.get(f"/demo/mails?{query}").context["page"]]

    assert shown("") == ["joann@example.net", "bob@example.org", "ann@example.com"]
    assert shown("to=ANN%40example") == ["joann@example.net", "ann@example.com"]
    assert shown("to=nobody") == []


@pytest.mark.parametrize("query", ["page=0", "page=99", "page=x", "to=%00", "format=xml"])
def test_odd_queries_are_answered(
    client: Client, demo: None, make_mail: MakeMail, query: str
) -> None:
    make_mail()

    assert client.get(f"/demo/mails?{query}").status_code == 200


def test_pages_of_twenty_five_keep_the_search(
    client: Client, demo: None, make_mail: MakeMail
) -> None:
    for _ in range(26):
        make_mail()

    first = client.get("/demo/mails?to=ann")

    assert len(first.context["page"]) == 25
    assert 'href="?to=ann&amp;page=2"' in first.content.decode()
    assert len(client.get("/demo/mails?to=ann&page=2").context["page"]) == 1


@pytest.mark.parametrize("rows", [1, 25])
def test_the_list_costs_the_same_for_one_mail_and_for_many(
    client: Client, demo: None, make_mail: MakeMail, rows: int, django_assert_num_queries: Any
) -> None:
    for _ in range(rows):
        make_mail()

    with django_assert_num_queries(2):
        client.get("/demo/mails")


def test_the_list_looks_again_by_itself_while_a_mail_is_on_its_way(
    client: Client, demo: None, make_mail: MakeMail
) -> None:
    mail = make_mail()

    assert client.get("/demo/mails").headers.get("Refresh") == "2"
    assert client.get(f"/demo/mails/{mail.pk}").headers.get("Refresh") == "2"
    assert deliver(mail.pk)
    assert "Refresh" not in client.get("/demo/mails").headers
    assert "Refresh" not in client.get(f"/demo/mails/{mail.pk}").headers


def test_a_mail_for_later_is_not_waited_for(
    client: Client, demo: None, make_mail: MakeMail
) -> None:
    mail = make_mail(at=timezone.now() + timedelta(minutes=1))

    assert "Refresh" not in client.get("/demo/mails").headers
    assert "Refresh" not in client.get(f"/demo/mails/{mail.pk}").headers


def test_a_mail_with_its_files(client: Client, demo: None, make_mail: MakeMail) -> None:
    register(
        "invite",
        lambda mail: Message(
            "Booked <b>",
            "Text",
            "<p>Html",
            (
                Attachment("invite.ics", b"ICS", "text/calendar", is_alternative=True),
                Attachment("invite.ics", b"ICS", "text/calendar"),
            ),
        ),
        title="Booked",
    )
    mail = make_mail(kind="invite")
    assert deliver(mail.pk)
    attachment = mail.attachments.get(is_alternative=False)
    download = f"/demo/mails/{mail.pk}/attachments/{attachment.pk}"

    html = client.get(f"/demo/mails/{mail.pk}").content.decode()

    assert "Booked &lt;b&gt;" in html
    assert html.count("invite.ics") == 1
    assert f'href="{download}"' in html
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in html
    response = client.get(download)
    assert (response.content, response["Content-Disposition"]) == (
        b"ICS",
        'attachment; filename="invite.ics"',
    )
    other = make_mail()
    assert client.get(f"/demo/mails/{other.pk}/attachments/{attachment.pk}").status_code == 404
    assert client.get("/demo/mails/999999").status_code == 404


def test_programs_read_the_same_as_json(client: Client, code_mail: OutgoingMail) -> None:
    code_mail.refresh_from_db()
    assert code_mail.sent_at is not None
    expected = {
        "id": code_mail.pk,
        "kind": "account",
        "to": "Ann@example.com",
        "state": "sent",
        "subject": "Your code",
        "text": "Hello\n\nYour code:\n\n482913\n",
        "code": "482913",
        "lastError": "",
        "createdAt": "2025-07-08T09:00:00+00:00",
        "sentAt": code_mail.sent_at.isoformat(),
        "url": f"http://testserver/demo/mails/{code_mail.pk}",
    }

    assert client.get("/demo/mails?to=ann%40example.com&format=json").json() == {
        "count": 1,
        "next": None,
        "previous": None,
        "results": [expected],
    }
    assert client.get(f"/demo/mails/{code_mail.pk}?format=json").json() == expected


def test_json_pages_lead_to_each_other(client: Client, demo: None, make_mail: MakeMail) -> None:
    for _ in range(26):
        make_mail()

    first = client.get("/demo/mails?format=json").json()
    second = client.get(first["next"]).json()

    assert (len(first["results"]), len(second["results"])) == (25, 1)
    assert (first["count"], first["previous"], second["next"]) == (26, None, None)
    assert second["previous"] == "http://testserver/demo/mails?format=json&page=1"


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_mailbox_is_for_reading(client: Client, demo: None, method: str) -> None:
    assert getattr(client, method)("/demo/mails").status_code == 405
