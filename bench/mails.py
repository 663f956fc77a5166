"""Reminders made and mails sent a second, beside loops that do less.

Made: 100,000 due reminders become mails of the outbox; the memory of the process is watched.
Sent: the same mails to the same local server (a process of its own that takes everything), by
turns: the outbox's sweep; Django's backend with the mails ready built; bare smtplib with their
bytes. All over one connection a turn.
"""

import multiprocessing
import resource
import smtplib
import socket
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core import mail as django_mail  # noqa: E402
from django.core.mail import EmailMultiAlternatives  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from bookings.models import Booking, Room, Timeslot  # noqa: E402
from bookings.states import BookingStatus, PaymentStatus, RoomType  # noqa: E402
from notifications import delivery  # noqa: E402
from notifications.models import OutgoingMail, Reminder  # noqa: E402
from notifications.registry import find_kind  # noqa: E402
from notifications.reminders import remind  # noqa: E402

REMINDERS = 100_000
ROUNDS = 5
MAILS = 200  # of each kind of sender in each round
PEOPLE = 1_000


def measure() -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Queue()
    server = context.Process(target=_serve, args=(ready,), daemon=True)
    server.start()
    port = ready.get(timeout=90)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 10
    settings.MAILS_PER_MINUTE = 0
    try:
        _fill()
        _measure_making()
        _measure_sending(port)
    finally:
        server.terminate()
        server.join()


def _serve(ready: Any) -> None:
    """A server that takes every mail and keeps none."""
    from aiosmtpd.controller import Controller

    class Taker:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            return "250 OK"

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    Controller(Taker(), hostname="127.0.0.1", port=port, ready_timeout=60).start()
    ready.put(port)
    time.sleep(3600)


def _fill() -> None:
    """So many confirmed bookings tomorrow, each with a reminder that is due."""
    at = timezone.now()
    start = (at + timedelta(hours=23)).replace(minute=0, second=0, microsecond=0)
    User.objects.bulk_create(
        [
            User(email=f"guest{number}@example.com", name=f"Guest {number}")
            for number in range(PEOPLE)
        ]
    )
    people = list(User.objects.order_by("pk").values_list("pk", flat=True))[:PEOPLE]
    rooms = [
        Room.objects.create(name=f"Room {number}", room_type=RoomType.MEETING)
        for number in range(100)
    ]
    slots = Timeslot.objects.bulk_create(
        [
            Timeslot(
                room=room,
                start_time=start,
                end_time=start + timedelta(hours=1),
                max_bookings=REMINDERS // len(rooms),
                taken=REMINDERS // len(rooms),
            )
            for room in rooms
        ]
    )
    slots = list(Timeslot.objects.order_by("pk"))
    for first in range(0, REMINDERS, 5_000):
        Booking.objects.bulk_create(
            [
                Booking(
                    user_id=people[number % PEOPLE],
                    room_id=slots[number % len(slots)].room_id,
                    timeslot=slots[number % len(slots)],
                    status=BookingStatus.CONFIRMED,
                    payment_status=PaymentStatus.PAID,
                    price=0,
                    currency="USD",
                )
                for number in range(first, first + 5_000)
            ]
        )
    for first in range(0, REMINDERS, 5_000):
        chosen = Booking.objects.order_by("pk").values_list("pk", "user_id")[first : first + 5_000]
        Reminder.objects.bulk_create(
            [
                Reminder(
                    kind="booking_reminder",
                    subject_id=pk,
                    version=0,
                    user_id=user_id,
                    minutes_before=1440,
                    due_at=at,
                )
                for pk, user_id in chosen
            ]
        )


def _measure_making() -> None:
    at = timezone.now()
    before = _megabytes()
    rows, began, peaks = 0, time.perf_counter(), []
    while made := remind(at=at):
        rows += made
        peaks.append(_megabytes())
    seconds = time.perf_counter() - began
    assert rows == REMINDERS, rows
    assert OutgoingMail.objects.count() == REMINDERS
    print("| reminders made | rows/s | memory before | after a tenth | after all |")
    print("| --- | --- | --- | --- | --- |")
    print(
        f"| {rows:,} | {rows / seconds:,.0f} | {before:.0f} MB | {peaks[0]:.0f} MB "
        f"| {peaks[-1]:.0f} MB |\n"
    )


def _measure_sending(port: int) -> None:
    senders: dict[str, Callable[[list[OutgoingMail]], None]] = {
        "outbox": _by_outbox,
        "Django's backend": _by_django,
        "smtplib": lambda mails: _by_smtplib(mails, port),
    }
    rates: dict[str, list[float]] = {name: [] for name in senders}
    waiting = OutgoingMail.objects.order_by("pk")
    last = 0
    for _ in range(ROUNDS):
        for name, send in senders.items():
            # Each round has mails of its own; only the outbox changes their rows.
            mails = list(waiting.filter(pk__gt=last)[:MAILS])
            OutgoingMail.objects.filter(pk__lte=last).exclude(state="sent").delete()
            last = mails[-1].pk
            rates[name].append(_rate(send, mails))
    print("| sender | mails/s | outbox beside it (lowest to highest round) |")
    print("| --- | --- | --- |")
    for name, found in rates.items():
        shares = [own / other for own, other in zip(rates["outbox"], found, strict=True)]
        print(
            f"| {name} | {statistics.median(found):.0f} | {statistics.median(shares):.2f} "
            f"({min(shares):.2f} to {max(shares):.2f}) |"
        )


def _rate(send: Callable[[list[OutgoingMail]], None], mails: list[OutgoingMail]) -> float:
    prepared = _prepared(mails) if send is not _by_outbox else mails
    began = time.perf_counter()
    send(prepared)
    return len(mails) / (time.perf_counter() - began)


def _prepared(mails: list[OutgoingMail]) -> Any:
    """Ready rendered, as Django's own messages; with their bytes for who needs no more."""
    built = []
    for mail in mails:
        words = find_kind(mail.kind).builder(mail)
        message = EmailMultiAlternatives(
            words.subject,
            words.text,
            to=[mail.to],
            headers={
                "Message-ID": mail.message_id,
                "Auto-Submitted": "auto-generated",
                **words.headers,
            },
            alternatives=[(words.html, "text/html")],
        )
        whole: Any = message.message()
        message.raw = whole.as_bytes(linesep="\r\n")  # type: ignore[attr-defined]
        built.append(message)
    return built


def _by_outbox(mails: list[OutgoingMail]) -> None:
    report = delivery.sweep(limit=len(mails))
    assert report.sent == len(mails), report


def _by_django(mails: Any) -> None:
    assert django_mail.get_connection().send_messages(mails) == len(mails)


def _by_smtplib(mails: Any, port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as connection:
        for mail in mails:
            connection.sendmail("desk@example.com", mail.to, mail.raw)


def _megabytes() -> float:
    """The most that this process has ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
