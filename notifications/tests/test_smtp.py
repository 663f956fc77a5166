"""Against a mail server that really listens, refuses, hangs and hangs up."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from notifications.delivery import Sweep, deliver, sweep
from notifications.models import OutgoingMail
from notifications.states import MailState
from notifications.tests.conftest import MailServer, MakeMail

# Connections that can be seen from outside: nothing may be sent while a transaction is open.
pytestmark = pytest.mark.django_db(transaction=True)


def make_due() -> None:
    """Let the next sweep find what was put off, without waiting for it."""
    for mail in OutgoingMail.objects.filter(state=MailState.RETRYING):
        mail.next_try_at -= timedelta(hours=1)
        mail.save(update_fields=["next_try_at"])


def states() -> list[tuple[str, str]]:
    return list(OutgoingMail.objects.order_by("pk").values_list("to", "state"))


def test_a_mail_arrives_as_it_was_built(make_mail: MakeMail, mail_server: MailServer) -> None:
    mail = make_mail(context={"text": "Grüße aus Zürich"})

    assert deliver(mail.pk)

    [taken] = mail_server.taken
    assert (taken["To"], taken["Subject"]) == ("ann@example.com", "News from the desk")
    assert (taken["Message-ID"], taken["Auto-Submitted"]) == (mail.message_id, "auto-generated")
    text, html = taken.get_body(("plain",)), taken.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().strip() == "Grüße aus Zürich"
    assert html.get_content().strip() == "<p>Grüße aus Zürich</p>"


def test_a_sweep_uses_one_connection(make_mail: MakeMail, mail_server: MailServer) -> None:
    mails = [make_mail() for _ in range(20)]

    assert sweep() == Sweep(sent=20)

    assert mail_server.taken_ids == [mail.message_id for mail in mails]
    assert mail_server.connections == 1


def test_a_temporary_refusal_is_tried_again(make_mail: MakeMail, mail_server: MailServer) -> None:
    mail_server.replies = ["451 Come back later"]
    first, second = make_mail(), make_mail()

    assert sweep() == Sweep(sent=1, put_off=1)

    first.refresh_from_db()
    assert first.state == MailState.RETRYING
    assert first.last_error == "The server refused the mail: 451 Come back later"
    assert mail_server.taken_ids == [second.message_id]
    make_due()
    assert sweep() == Sweep(sent=1)
    assert mail_server.taken_ids == [second.message_id, first.message_id]


def test_a_final_refusal_fails_at_once_and_holds_up_nobody(
    make_mail: MakeMail, mail_server: MailServer
) -> None:
    mail_server.refused = {"gone@example.com": "550 No such user"}
    gone = make_mail(to="gone@example.com")
    make_mail(to="bob@example.com")

    assert sweep() == Sweep(sent=1, given_up=1)

    gone.refresh_from_db()
    assert gone.last_error == "The server refused the address: 550 No such user"
    assert states() == [("gone@example.com", "failed"), ("bob@example.com", "sent")]


def test_a_full_mailbox_is_tried_again(make_mail: MakeMail, mail_server: MailServer) -> None:
    mail_server.refused = {"ann@example.com": "452 Mailbox full"}
    make_mail()

    assert sweep() == Sweep(put_off=1)

    assert states() == [("ann@example.com", "retrying")]


def test_a_connection_that_drops_after_data_is_tried_again_under_the_same_id(
    make_mail: MakeMail, mail_server: MailServer
) -> None:
    mail_server.replies = ["drop"]
    mail = make_mail()

    assert sweep() == Sweep(put_off=1)

    mail.refresh_from_db()
    assert mail.state == MailState.RETRYING
    assert mail.last_error.startswith("No mail server: SMTPServerDisconnected")
    make_due()
    assert sweep() == Sweep(sent=1)
    assert mail_server.taken_ids == [mail.message_id]


def test_a_server_that_hangs_up_between_mails_is_called_again(
    make_mail: MakeMail, mail_server: MailServer
) -> None:
    mail_server.replies = ["250 OK", "drop"]
    mails = [make_mail() for _ in range(4)]

    assert sweep() == Sweep(sent=3, put_off=1)

    mails[1].refresh_from_db()
    assert mails[1].state == MailState.RETRYING
    assert mail_server.taken_ids == [mails[n].message_id for n in (0, 2, 3)]
    assert mail_server.connections == 2


def test_a_server_that_hangs_costs_one_time_out(
    make_mail: MakeMail, mail_server: MailServer
) -> None:
    mail_server.replies = ["hang"]
    hanging, waiting = make_mail(), make_mail()

    assert sweep() == Sweep(put_off=1)

    hanging.refresh_from_db()
    waiting.refresh_from_db()
    assert (hanging.state, waiting.state) == (MailState.RETRYING, MailState.QUEUED)
    assert hanging.last_error.endswith("timed out")


def test_no_server_at_all_uses_up_the_try_of_one_mail_only(
    make_mail: MakeMail, free_port: int, use_smtp: Callable[[int], None]
) -> None:
    use_smtp(free_port)
    first = make_mail()
    for _ in range(5):
        make_mail()

    assert sweep() == Sweep(put_off=1)

    first.refresh_from_db()
    assert "Connection refused" in first.last_error
    assert list(OutgoingMail.objects.order_by("pk").values_list("state", "tries")) == [
        ("retrying", 1),
        *[("queued", 0)] * 5,
    ]


def test_a_server_that_closes_for_service_ends_the_sweep(
    make_mail: MakeMail, mail_server: MailServer
) -> None:
    mail_server.replies = ["421 Too busy"]
    make_mail(to="first@example.com")
    make_mail(to="second@example.com")

    assert sweep() == Sweep(put_off=1)

    assert states() == [("first@example.com", "retrying"), ("second@example.com", "queued")]
