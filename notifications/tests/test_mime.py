from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart

import pytest
from django.core.mail import get_connection

from notifications.calendar import invite_parts
from notifications.mime import email_message
from notifications.models import OutgoingMail
from notifications.registry import Attachment, Message, find_kind
from notifications.samples import sample, sampled_kinds

PNG = b"\x89PNG\r\n\x1a\n"
ICS = "BEGIN:VCALENDAR\r\nSUMMARY:Zahnarzt für Ännchen\r\nEND:VCALENDAR\r\n".encode()


def sent(message: Message) -> EmailMessage:
    """The mail as a mail program reads it off the wire."""
    mail = OutgoingMail(to="ann@example.com", message_id="<1@example.com>")
    prepared = email_message(mail, message, get_connection())
    return message_from_bytes(prepared.message().as_bytes(linesep="\r\n"), policy=policy.default)


def params_on_the_wire(part: EmailMessage) -> list[str]:
    """The Content-Type word for word; the modern parser would drop what stands twice."""
    [header] = [value for name, value in part.raw_items() if name == "Content-Type"]
    return [word.strip() for word in str(header).split(";")]


def shape(part: MIMEPart) -> str:
    """The tree of MIME types: 'mixed(plain, pdf)'."""
    subtype = part.get_content_subtype()
    if not part.is_multipart():
        return subtype
    return f"{subtype}({', '.join(shape(child) for child in part.iter_parts())})"


@pytest.mark.parametrize(
    ("html", "attachments", "expected"),
    [
        pytest.param("", (), "plain", id="text-only"),
        pytest.param("<p>Hi", (), "alternative(plain, html)", id="text-and-html"),
        pytest.param(
            "<p>Hi",
            invite_parts(ICS, "REQUEST"),
            "mixed(alternative(plain, html, calendar), calendar)",
            id="invite",
        ),
        pytest.param(
            "<img src='cid:qr'>",
            (
                Attachment("qr.png", PNG, "image/png", inline_cid="qr"),
                Attachment("tickets.pdf", b"%PDF", "application/pdf"),
                *invite_parts(ICS, "REQUEST"),
            ),
            "mixed(alternative(plain, related(html, png), calendar), pdf, calendar)",
            id="tickets",
        ),
        pytest.param(
            "<img src='cid:qr'>",
            (Attachment("qr.png", PNG, "image/png", inline_cid="qr"),),
            "alternative(plain, related(html, png))",
            id="picture-only",
        ),
    ],
)
def test_the_parts_are_where_mail_programs_look_for_them(
    html: str, attachments: tuple[Attachment, ...], expected: str
) -> None:
    assert shape(sent(Message("Hi", "Hi", html, attachments))) == expected


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_both_invites_name_their_method_and_survive_the_way(method: str) -> None:
    mail = sent(Message("Hi", "Hi", "<p>Hi", invite_parts(ICS, method)))  # type: ignore[arg-type]

    alternative, attachment = (
        part for part in mail.walk() if part.get_content_type() == "text/calendar"
    )
    for part in (alternative, attachment):
        assert params_on_the_wire(part) == [
            "text/calendar",
            f'method="{method}"',
            'charset="utf-8"',
        ]
        assert part.get_payload(decode=True) == ICS
    assert (alternative.get_content_disposition(), alternative.get_filename()) == (None, None)
    assert (attachment.get_content_disposition(), attachment.get_filename()) == (
        "attachment",
        "invite.ics",
    )


def test_a_picture_is_found_by_its_name_in_the_html() -> None:
    mail = sent(
        Message("Hi", "Hi", "<p>Hi", (Attachment("qr.png", PNG, "image/png", inline_cid="qr-7"),))
    )

    picture = next(part for part in mail.walk() if part.get_content_type() == "image/png")
    assert picture["Content-ID"] == "<qr-7>"
    assert picture.get_content_disposition() == "inline"
    assert picture.get_content() == PNG


def test_texts_arrive_letter_by_letter() -> None:
    text = "Grüße: 45,00 €\n.\nFrom here\n" + "lang " * 400 + "\n"

    mail = sent(Message("Grüße aus Zürich – 🎟", text, ""))

    assert mail["Subject"] == "Grüße aus Zürich – 🎟"
    assert mail.get_content().replace("\r\n", "\n") == text


@pytest.mark.parametrize(
    "wrong",
    [
        {"filename": "a.pdf\nX-Evil: 1"},
        {"mimetype": "application/pdf\r\n"},
        {"mimetype": "pdf"},
        {"params": {"method": "REQUEST\n"}},
        {"inline_cid": "qr\n"},
        {"filename": "a" * 256},
    ],
)
def test_what_can_not_stand_in_a_header_is_refused(wrong: dict[str, object]) -> None:
    facts = {"filename": "a.pdf", "content": b"", "mimetype": "application/pdf", **wrong}

    with pytest.raises(ValueError, match=r"header|MIME"):
        Attachment(**facts)  # type: ignore[arg-type]


def test_files_that_no_server_takes_are_refused_before_sending() -> None:
    half = Attachment("a.pdf", b"x" * 5 * 1024 * 1024, "application/pdf")
    drop = Attachment("b.txt", b"x", "text/plain")

    assert Message("Hi", "Hi", "", (half, half)).attachments == (half, half)
    with pytest.raises(ValueError, match="10 MB together"):
        Message("Hi", "Hi", "", (half, half, drop))


@pytest.mark.django_db
@pytest.mark.parametrize("name", [kind.name for kind in sampled_kinds()])
@pytest.mark.parametrize("to", ["ann@example.com", f"{'long' * 15}@{'sub.' * 20}example.com"])
def test_headers_are_written_as_python_writes_them(name: str, to: str) -> None:
    mail = OutgoingMail(to=to, message_id="<1@example.com>")
    prepared = email_message(mail, sample(find_kind(name)), get_connection()).message()
    # Else each rendering draws boundaries of its own.
    for part in prepared.walk():
        if part.is_multipart():
            part.set_boundary(f"=={id(part)}==")

    ours = prepared.as_bytes(linesep="\r\n")
    prepared.policy = policy.compat32

    assert ours == prepared.as_bytes(linesep="\r\n")
