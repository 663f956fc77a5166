"""Mails through bad weather: every one must arrive, and none twice but by the one open window.

    python -m tests.faults.mails [--count 2000] [--on mariadb-redis | sqlite-files] [--write]

Real worker and beat. The worker is killed (-9) in the middle of sending, again and again; the mail
server is away, refuses for now (451), hangs, and hangs up after it has taken a mail; the broker is
stopped and started.

What can't be told apart from here is what the server took and we never heard of: the worker died,
or the line went dead, between the server's word and our note. Such a mail goes out again, under
the same Message-ID. The run counts these, and fails when there are more than such moments.
"""

import argparse
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from scripts import servers
from scripts.console import ROOT, Failure, main
from tests.faults.site import Site, free_port

STORES = ("mariadb-redis", "sqlite-files")
REPORT = ROOT / "docs" / "reliability.md"
ARRIVES_WITHIN_SECONDS = 600.0
HANGS_SECONDS = 3.0


@dataclass
class Weather:
    """A mail server that takes mails and has moods; `taken` counts Message-IDs that it accepted."""

    luck: random.Random
    taken: Counter[str] = field(default_factory=Counter)
    # How often it accepted a mail and hung up before it could say so.
    unheard: int = 0
    moods: Counter[str] = field(default_factory=Counter)
    is_calm: bool = False

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        message_id = str(message_from_bytes(envelope.content)["Message-ID"])
        mood = "good" if self.is_calm else self._mood()
        self.moods[mood] += 1
        if mood == "later":
            return "451 Not now, please"
        if mood == "hang up":
            self._hang_up(server)
            return "451 too late to say"
        self.taken[message_id] += 1
        if mood == "take and hang up":
            self.unheard += 1
            self._hang_up(server)
        if mood == "take and hang":
            self.unheard += 1
            time.sleep(HANGS_SECONDS)
        return "250 OK"

    def _mood(self) -> str:
        throw = self.luck.random()
        if throw < 0.05:
            return "later"
        if throw < 0.07:
            return "hang up"
        if throw < 0.075:
            return "take and hang up"
        if throw < 0.077:
            return "take and hang"
        return "good"

    def _hang_up(self, server: SMTP) -> None:
        if server.transport is not None:
            server.transport.close()


class Door:
    """The server's port, which can be closed for a while."""

    def __init__(self, weather: Weather) -> None:
        self.weather = weather
        self.port = free_port()
        self.closings = 0
        self._controller: Controller | None = None

    def open(self) -> None:
        self._controller = Controller(self.weather, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def close(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None
            self.closings += 1


class Broker:
    """A Redis of our own that can be stopped and started; nothing at all for the file queue."""

    def __init__(self, folder: Path, *, is_there: bool) -> None:
        self.port = free_port()
        self.stops = 0
        self._folder = folder
        self._is_there = is_there
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self._is_there:
            self._process = subprocess.Popen(
                ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""],
                cwd=self._folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self.stops += 1


def mails(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.mails")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--on", choices=STORES, default="")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.inside:
        return _run(given)
    # Settings are read once a process: each store gets one of its own.
    return max(_run_apart(given, store) for store in ([given.on] if given.on else STORES))


def _run_apart(given: argparse.Namespace, store: str) -> int:
    command = [sys.executable, "-m", "tests.faults.mails", "--inside", "--on", store]
    command += ["--count", str(given.count), "--seed", str(given.seed)]
    command += ["--write"] if given.write else []
    run = subprocess.Popen(command, cwd=ROOT)
    try:
        return run.wait()
    except BaseException:
        # Stopped half-way: let it end its worker, beat and servers.
        run.terminate()
        run.wait(30)
        raise


def _run(given: argparse.Namespace) -> int:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mails-")))
        broker = Broker(folder, is_there=given.on == "mariadb-redis")
        database = stack.enter_context(_database(given.on, folder))
        weather = Weather(random.Random(given.seed))
        door = Door(weather)
        os.environ.update(_environment(database=database, folder=folder, broker=broker, door=door))
        broker.start()
        stack.callback(broker.stop)
        door.open()
        stack.callback(door.close)
        return _measure(given, folder, weather, door, broker)


@contextlib.contextmanager
def _database(store: str, folder: Path) -> Iterator[str]:
    if store == "sqlite-files":
        yield f"sqlite:///{folder / 'db.sqlite3'}"
        return
    name = f"faults_mails_{uuid.uuid4().hex[:8]}"
    with servers.mariadb() as address:
        servers.mariadb_execute(address, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        try:
            yield f"{address}/{name}"
        finally:
            servers.drop_databases(address, beginning=name)


def _environment(*, database: str, folder: Path, broker: Broker, door: Door) -> dict[str, str]:
    is_redis = not database.startswith("sqlite")
    return {
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "DJANGO_ENV": "test",
        "DATABASE_URL": database,
        "CELERY_BROKER_URL": (
            f"redis://127.0.0.1:{broker.port}/0" if is_redis else "filesystem://"
        ),
        "REDIS_URL": "",
        "EMAIL_URL": f"smtp://127.0.0.1:{door.port}",
        "PAYMENT_PROVIDER": "demo",
        "FAULTS_DIR": str(folder),
        "FAULTS_GUARD_OFF": "",
        "FAULTS_WITHOUT": "",
        "LOG_LEVEL": "CRITICAL",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
    }


def _measure(
    given: argparse.Namespace, folder: Path, weather: Weather, door: Door, broker: Broker
) -> int:
    # Only now: these read the settings, and with them the database's name.
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, skip_checks=True)
    from tests.faults.outbox import left, message_ids, queue

    luck = random.Random(given.seed + 1)
    kills = 0
    over = threading.Event()
    site = Site(folder=folder, port=0, env={**os.environ}, programs=("worker", "beat"))
    started = time.monotonic()
    with site:
        weather_man = threading.Thread(target=_make_weather, args=(door, broker, luck, over))
        weather_man.start()
        try:
            queue(given.count)
            until = time.monotonic() + ARRIVES_WITHIN_SECONDS
            while (still := left()) and time.monotonic() < until:
                if still <= given.count // 20:
                    # The last ones go in peace: what is still twice then is a fault of ours.
                    over.set()
                    weather.is_calm = True
                    time.sleep(0.2)
                elif _has_worked(weather, luck.randint(1, min(50, still)), until):
                    # Not always at the moment that we could see.
                    time.sleep(luck.uniform(0, 0.3))
                    site.kill("worker")
                    kills += 1
        finally:
            over.set()
            weather_man.join()
    seconds = time.monotonic() - started
    ids = message_ids()
    missing = [message_id for message_id in ids if not weather.taken[message_id]]
    twice = sum(weather.taken[message_id] - 1 for message_id in ids if weather.taken[message_id])
    windows = kills + weather.unheard
    said = (
        f"{given.on}: {given.count} mails, {len(missing)} missing, {left()} not settled, {twice} "
        f"twice, {kills} kills, {weather.unheard} times taken and not said, "
        f"{weather.moods['later']} times 451, {door.closings} times away, "
        f"{broker.stops} times without broker, {seconds:.0f} s (seed {given.seed})"
    )
    print(said, flush=True)
    if given.write:
        _write(given.on, said)
    return 1 if missing or left() or twice > windows else 0


def _has_worked(weather: Weather, mails: int, until: float) -> bool:
    """Wait till the worker has sent so many: on a busy machine it takes a while to start."""
    enough = weather.taken.total() + mails
    while weather.taken.total() < enough:
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def _make_weather(door: Door, broker: Broker, luck: random.Random, over: threading.Event) -> None:
    while not over.wait(luck.uniform(2, 6)):
        if luck.random() < 0.5:
            door.close()
            over.wait(luck.uniform(0.5, 2))
            door.open()
        else:
            broker.stop()
            over.wait(luck.uniform(0.5, 2))
            broker.start()


def _write(store: str, said: str) -> None:
    """The store's line in docs/reliability.md."""
    text = REPORT.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith(f"- {store}:")]
    if "<!-- mails -->" not in lines:
        raise Failure("docs/reliability.md has no place for the result: <!-- mails -->")
    lines.insert(lines.index("<!-- mails -->") + 1, f"- {said}")
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(mails)
