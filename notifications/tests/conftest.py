"""A kind of mail of our own, rows of it, and a mail server that really listens."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Protocol

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from notifications import registry
from notifications.models import OutgoingMail
from notifications.outbox import queue_mail
from notifications.registry import Message, register

# Past, so that a mail of a test that runs by the real clock is due.
NOW = datetime(2025, 7, 8, 9, 0, tzinfo=UTC)


class MakeMail(Protocol):
    def __call__(self, **facts: Any) -> OutgoingMail: ...


def build_news(mail: OutgoingMail) -> Message:
    text = mail.context["text"]
    return Message(subject="News from the desk", text=text, html=f"<p>{text}</p>")


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is forgotten after it."""
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))


@pytest.fixture
def news() -> str:
    """A kind of mail that is just its text."""
    register("news", build_news, title="News")
    return "news"


@pytest.fixture
def make_mail(news: str) -> MakeMail:
    """Queue a mail; everything that the test doesn't care about is filled in."""

    def make(**facts: Any) -> OutgoingMail:
        number = OutgoingMail.objects.count() + 1
        return queue_mail(
            **{
                "kind": news,
                "to": "ann@example.com",
                "key": f"news:{number}",
                "context": {"text": f"Number {number}"},
                "at": NOW,
                **facts,
            }
        )

    return make


@dataclass
class MailServer:
    """An SMTP server over real TCP. What it does wrong is set before; else it takes everything.

    Of `replies` one is used up per mail: a line to answer after DATA, "drop" (the connection goes
    after DATA, without a word) or "hang". `refused` answers to addresses, always.
    """

    port: int
    replies: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    taken: list[EmailMessage] = field(default_factory=list)
    connections: int = 0

    async def handle_EHLO(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        reply = self.replies.pop(0) if self.replies else "250 OK"
        if reply == "hang":
            await asyncio.sleep(1)
        if reply == "drop" and server.transport is not None:
            server.transport.close()
        if reply.startswith("250"):
            assert isinstance(envelope.content, bytes)
            taken = message_from_bytes(envelope.content, policy=policy.SMTP)
            self.taken.append(taken)
        return reply

    @property
    def taken_ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.taken]


@pytest.fixture
def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def mail_server(free_port: int, use_smtp: Callable[[int], None]) -> Iterator[MailServer]:
    """A running mail server, and the settings that lead to it."""
    server = MailServer(port=free_port)
    controller = Controller(server, hostname="127.0.0.1", port=free_port)
    controller.start()
    use_smtp(free_port)
    yield server
    controller.stop()


@pytest.fixture
def use_smtp(settings: Any) -> Callable[[int], None]:
    def use(port: int) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST = "127.0.0.1"
        settings.EMAIL_PORT = port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_TIMEOUT = 0.5

    return use
