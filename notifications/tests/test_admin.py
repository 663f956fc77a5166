"""Staff look at mails and send them again; nobody writes, changes or deletes one."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from common.errors import PermissionRefused
from notifications.delivery import deliver
from notifications.models import OutgoingMail
from notifications.outbox import queue_account_mail
from notifications.registry import Attachment, Message, register
from notifications.services.resend import resend_mail
from notifications.states import MailState
from notifications.tests.conftest import NOW, MakeMail

pytestmark = pytest.mark.django_db

LIST = "/admin/notifications/outgoingmail/"
PNG = b"\x89PNG\r\n\x1a\n"


def page_of(mail: OutgoingMail, page: str = "change") -> str:
    return reverse(f"admin:notifications_outgoingmail_{page}", args=[mail.pk])


@pytest.fixture
def sent_mail(make_mail: MakeMail) -> OutgoingMail:
    """A mail with a picture and a file, as sent."""
    register(
        "ticket",
        lambda mail: Message(
            "Your <ticket>",
            "Text of the ticket",
            '<html><head></head><body><img src="cid:qr"><script>alert(1)</script></body></html>',
            (
                Attachment("qr.png", PNG, "image/png", inline_cid="qr"),
                Attachment("tickets.pdf", b"%PDF-1.7", "application/pdf"),
            ),
        ),
        title="Tickets purchased",
    )
    mail = make_mail(kind="ticket", context={"seat": "Reihe 7 <b>"})
    assert deliver(mail.pk)
    mail.refresh_from_db()
    return mail


@pytest.fixture
def secret_mail(db: None, settings: Any) -> OutgoingMail:
    """An account mail whose body was kept, as in the demo: even then it isn't for staff."""
    settings.DJANGO_ENV = "demo"
    settings.EMAIL_BACKEND = "notifications.backends.DatabaseOnlyBackend"
    mail = queue_account_mail(
        to="ann@example.com",
        key="account:1",
        subject="Your code",
        text="Your code:\n\n482913",
        html="",
        at=NOW,
    )
    assert deliver(mail.pk)
    mail.refresh_from_db()
    assert mail.code == "482913"
    return mail


# --- Who may see ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actor", "status"), [("manager", 200), ("front_desk", 200), ("scanner", 403)]
)
@pytest.mark.parametrize("page", ["list", "change", "preview", "attachment"])
def test_who_may_see_mails(
    request: pytest.FixtureRequest,
    client: Client,
    sent_mail: OutgoingMail,
    actor: str,
    status: int,
    page: str,
) -> None:
    client.force_login(request.getfixturevalue(actor))
    attachment = sent_mail.attachments.get(filename="tickets.pdf")
    addresses = {
        "list": LIST,
        "change": page_of(sent_mail),
        "preview": page_of(sent_mail, "preview"),
        "attachment": f"{LIST}{sent_mail.pk}/attachments/{attachment.pk}/",
    }

    assert client.get(addresses[page]).status_code == status


@pytest.mark.parametrize("page", ["change", "preview"])
def test_a_customer_is_sent_to_the_staff_s_sign_in(
    client: Client, customer: Any, sent_mail: OutgoingMail, page: str
) -> None:
    client.force_login(customer)

    response = client.get(page_of(sent_mail, page))

    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


def test_nobody_adds_changes_or_deletes(
    client: Client, admin_user: Any, sent_mail: OutgoingMail
) -> None:
    client.force_login(admin_user)

    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(page_of(sent_mail), {"to": "eve@example.com"}).status_code == 403
    assert client.post(page_of(sent_mail, "delete"), {"post": "yes"}).status_code == 403
    assert list(OutgoingMail.objects.values_list("pk", "to")) == [(sent_mail.pk, "ann@example.com")]


# --- What they see ----------------------------------------------------------------------------


def test_the_list_finds_by_address_state_and_kind(
    client: Client, manager: Any, make_mail: MakeMail, sent_mail: OutgoingMail
) -> None:
    client.force_login(manager)
    make_mail(to="bob@example.com")

    def found(query: str) -> set[str]:
        rows = client.get(f"{LIST}?{query}").context["cl"].result_list
        return {mail.to for mail in rows}

    assert found("") == {"ann@example.com", "bob@example.com"}
    assert found("q=bob") == {"bob@example.com"}
    assert found("state__exact=sent") == {"ann@example.com"}
    assert found("kind=news") == {"bob@example.com"}


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_costs_the_same_for_one_mail_and_for_thirty(
    client: Client,
    manager: Any,
    make_mail: MakeMail,
    rows: int,
    django_assert_max_num_queries: Any,
) -> None:
    client.force_login(manager)
    for _ in range(rows):
        make_mail()

    with django_assert_max_num_queries(12):
        assert client.get(LIST).status_code == 200


def test_the_page_of_a_mail_shows_facts_and_frames_the_mail(
    client: Client, manager: Any, sent_mail: OutgoingMail
) -> None:
    client.force_login(manager)

    html = client.get(page_of(sent_mail)).content.decode()

    assert "Your &lt;ticket&gt;" in html
    assert "Text of the ticket" in html
    assert "Reihe 7 &lt;b&gt;" in html
    assert f'<iframe src="{page_of(sent_mail, "preview")}" sandbox="allow-popups' in html
    assert "tickets.pdf" in html
    assert "qr.png" not in html
    assert "allow-scripts" not in html
    assert "allow-same-origin" not in html


def test_the_preview_is_locked_in(client: Client, manager: Any, sent_mail: OutgoingMail) -> None:
    client.force_login(manager)

    response = client.get(page_of(sent_mail, "preview"))

    assert response.content.decode() == (
        '<html><head><base target="_blank"></head><body>'
        '<img src="data:image/png;base64,iVBORw0KGgo=">'
        "<script>alert(1)</script></body></html>"
    )
    policy = response["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox;")
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_a_file_is_saved_and_never_shown(
    client: Client, manager: Any, sent_mail: OutgoingMail, make_mail: MakeMail
) -> None:
    client.force_login(manager)
    attachment = sent_mail.attachments.get(filename="tickets.pdf")

    response = client.get(f"{LIST}{sent_mail.pk}/attachments/{attachment.pk}/")
    assert response.content == b"%PDF-1.7"
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="tickets.pdf"'
    assert response["X-Content-Type-Options"] == "nosniff"
    other = make_mail()
    assert client.get(f"{LIST}{other.pk}/attachments/{attachment.pk}/").status_code == 404


def test_a_secret_mail_shows_nothing_of_its_words(
    client: Client, admin_user: Any, secret_mail: OutgoingMail
) -> None:
    client.force_login(admin_user)

    page = client.get(page_of(secret_mail))

    assert page.status_code == 200
    assert "482913" not in page.content.decode()
    assert "iframe" not in page.content.decode()
    assert client.get(page_of(secret_mail, "preview")).status_code == 403
    assert "482913" not in client.get(LIST).content.decode()


# --- Send again -------------------------------------------------------------------------------


def send_again(client: Client, mail: OutgoingMail) -> list[str]:
    """Press the button; what the person is told."""
    response = client.post(page_of(mail, "send_again"), {"answer": "yes"}, follow=True)
    return [str(message) for message in response.context["messages"]]


def test_a_manager_sends_a_mail_again(
    client: Client, manager: Any, sent_mail: OutgoingMail
) -> None:
    client.force_login(manager)
    asked = client.get(page_of(sent_mail, "send_again"))
    assert "Tickets purchased to ann@example.com" in asked.content.decode()
    assert OutgoingMail.objects.count() == 1

    assert send_again(client, sent_mail) == [
        "Tickets purchased to ann@example.com: it is being sent again."
    ]

    copy = OutgoingMail.objects.get(copy_of=sent_mail)
    assert (copy.state, copy.kind, copy.to) == (MailState.QUEUED, "ticket", "ann@example.com")
    assert copy.context == sent_mail.context
    assert copy.key == f"resend:{sent_mail.pk}:1"
    assert copy.message_id != sent_mail.message_id
    assert list(LogEntry.objects.values_list("user", "object_id", "change_message")) == [
        (manager.pk, str(sent_mail.pk), f"Sent again as mail {copy.pk}.")
    ]


def test_again_and_again_but_one_at_a_time(
    client: Client, manager: Any, sent_mail: OutgoingMail
) -> None:
    client.force_login(manager)

    send_again(client, sent_mail)
    told = send_again(client, sent_mail)

    assert told == ["Tickets purchased to ann@example.com: This mail is being sent again already."]
    copy = OutgoingMail.objects.get(copy_of=sent_mail)
    assert deliver(copy.pk)
    send_again(client, sent_mail)
    assert list(sent_mail.copies.order_by("pk").values_list("key", flat=True)) == [
        f"resend:{sent_mail.pk}:1",
        f"resend:{sent_mail.pk}:2",
    ]


def test_who_only_may_look_can_not_send_again(
    client: Client, make_user: Any, sent_mail: OutgoingMail
) -> None:
    reader = make_user("reader@example.com", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_outgoingmail"))
    client.force_login(reader)

    assert "Send again" not in client.get(page_of(sent_mail)).content.decode()
    assert client.get(page_of(sent_mail, "send_again")).status_code == 403
    assert client.post(page_of(sent_mail, "send_again"), {"answer": "yes"}).status_code == 403
    client.post(
        LIST,
        {"action": "send_again_selected", "_selected_action": [sent_mail.pk], "answer": "yes"},
    )
    with pytest.raises(PermissionRefused):
        resend_mail(mail_id=sent_mail.pk, by=reader, at=NOW)

    assert list(OutgoingMail.objects.all()) == [sent_mail]
    assert list(LogEntry.objects.all()) == []


@pytest.mark.parametrize("which", ["secret_mail", "waiting"])
def test_what_can_not_be_sent_again(
    request: pytest.FixtureRequest,
    client: Client,
    admin_user: Any,
    make_mail: MakeMail,
    which: str,
) -> None:
    mail = make_mail() if which == "waiting" else request.getfixturevalue(which)
    client.force_login(admin_user)

    assert "send_again/" not in client.get(page_of(mail)).content.decode()
    [told] = send_again(client, mail)

    assert told.endswith(
        "This mail is still on its way."
        if which == "waiting"
        else "A mail with a code or a secret link can't be sent again."
    )
    assert list(OutgoingMail.objects.all()) == [mail]


def test_several_are_sent_again_from_the_list(
    client: Client, manager: Any, make_mail: MakeMail, sent_mail: OutgoingMail
) -> None:
    client.force_login(manager)
    waiting = make_mail()

    choice = {"action": "send_again_selected", "_selected_action": [sent_mail.pk, waiting.pk]}

    asked = client.post(LIST, choice).content.decode()
    assert "Send again (2 mails)" in asked
    assert "This mail is still on its way." in asked
    assert OutgoingMail.objects.exclude(copy_of=None).count() == 0

    response = client.post(LIST, choice | {"answer": "yes"}, follow=True)

    assert {str(message) for message in response.context["messages"]} == {
        "Done for 1.",
        "News to ann@example.com: This mail is still on its way.",
    }
    assert list(OutgoingMail.objects.exclude(copy_of=None).values_list("copy_of", flat=True)) == [
        sent_mail.pk
    ]
