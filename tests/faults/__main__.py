"""`make faults`: the whole matrix on MariaDB, against the double of Stripe.

    python -m tests.faults [--quick] [--only TEXT]... [--guard-off NAME] [--without BEAT] [--write]
                           [--patience SECONDS] [--keep]

`--quick` is the one pass of `make test`. `--guard-off` takes a guard away: the check must find
something then, else it proves nothing. `--write` puts the table into docs/reliability.md.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

from scripts import servers
from scripts.console import ROOT, main
from tests.faults.mails import mails
from tests.faults.results import Result, write


def faults(arguments: list[str]) -> int:
    if arguments[:1] == ["mails"]:
        return mails(arguments[1:])
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--guard-off", default="")
    parser.add_argument("--without", default="")
    parser.add_argument("--patience", default="45", help="seconds until rest is given up on")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--keep", action="store_true", help="leave database and logs behind")
    given = parser.parse_args(arguments)
    name = f"faults_{uuid.uuid4().hex[:8]}"
    with contextlib.ExitStack() as stack:
        address = stack.enter_context(servers.mariadb())
        if given.keep:
            folder = Path(tempfile.mkdtemp(prefix="faults-"))
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
            stack.callback(servers.drop_databases, address, beginning=name)
        servers.mariadb_execute(address, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        print(f"Database {name}, logs in {folder}", flush=True)
        return _run(given, database=f"{address}/{name}", folder=folder)


def _run(given: argparse.Namespace, *, database: str, folder: Path) -> int:
    # Only now: these read the settings, and with them the database's name.
    from tests.faults.site import Site, free_port
    from tests.stripe_double import StripeDouble

    port = free_port()
    site_url = f"http://127.0.0.1:{port}"
    double = StripeDouble(webhook_url=f"{site_url}/api/v1/webhooks/stripe")
    env = _environment(given, database=database, folder=folder, port=port, double=double)
    os.environ.update(env)

    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, skip_checks=True)
    with double, Site(folder=folder, port=port, env={**os.environ}) as site:
        from tests.faults.world import World

        world = World(site=site, double=double, folder=folder)
        matrix = Matrix(world, folder)
        matrix.run(quick=given.quick, only=given.only)
    matrix.report()
    if given.write:
        write(matrix.results)
    if given.keep:
        (folder / "books.json").write_text(json.dumps(double.books.everything(), indent=1))
        (folder / "requests.json").write_text(json.dumps(double.requests, indent=1))
    return 1 if matrix.failed else 0


def _environment(
    given: argparse.Namespace, *, database: str, folder: Path, port: int, double: Any
) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        # `test` keeps a person's own .env away; what it changes besides is set again here.
        "DJANGO_ENV": "test",
        "DATABASE_URL": database,
        "CELERY_BROKER_URL": "filesystem://",
        "REDIS_URL": "",
        "EMAIL_URL": "",
        "PORT": str(port),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "ALLOWED_HOSTS": "127.0.0.1",
        "PAYMENT_PROVIDER": "stripe",
        "STRIPE_SECRET_KEY": double.api_key,
        "STRIPE_WEBHOOK_SECRET": double.webhook_secret,
        "STRIPE_API_BASE": double.url,
        "FAULTS_DIR": str(folder),
        "FAULTS_GUARD_OFF": given.guard_off,
        "FAULTS_WITHOUT": given.without,
        "FAULTS_PATIENCE": given.patience,
        "LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
    }


class Matrix:
    def __init__(self, world: Any, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.results: list[Result] = []
        # Told once: what one case left wrong would be found after each later one too.
        self.known: set[str] = set()

    @property
    def failed(self) -> list[Result]:
        return [result for result in self.results if result.faults]

    def run(self, *, quick: bool, only: list[str]) -> None:
        from tests.faults import table

        chosen = [
            case
            for case in table.fixed_cases()
            if (case.is_quick or not quick) and _is_meant(case, only)
        ]
        for case in chosen:
            self._one(case)
        done: set[tuple[str, str, int]] = set()
        for name, (_, kinds) in {**table.FLOWS, **table.STORIES}.items():
            for kind in kinds:
                points = table.QUICK_POINTS if quick else self._points(name, kind, only)
                for of_flow, point, nth in sorted(points):
                    case = table.killing_case(name, kind, point, nth)
                    wanted = of_flow == name and (case.is_quick or not quick)
                    # Ways that begin alike are killed at once there, and then where they part; a
                    # story is killed from its own point on.
                    key = (kind if name in table.FLOWS else f"{kind}, {name}", point, nth)
                    if wanted and key not in done and _is_meant(case, only):
                        done.add(key)
                        self._one(case)

    def _points(self, name: str, kind: str, only: list[str]) -> set[tuple[str, str, int]]:
        """Watch the flow once, undisturbed: what it comes by is what is killed at."""
        from tests.faults import table

        head = f"kill -9, {name}, {kind}:"
        if only and not any(text in head or text.startswith(head) for text in only):
            return set()
        self._prepare()
        table.watched(name)(self.world, kind)
        seen = Counter(
            line.split(" ", 1)[1] for line in (self.folder / "crossings").read_text().splitlines()
        )
        most = 2 if name in table.FLOWS else 1
        return {
            (name, point, nth)
            for point, times in seen.items()
            for nth in range(1, min(times, most) + 1)
        }

    def _prepare(self) -> None:
        (self.folder / "armed").unlink(missing_ok=True)
        (self.folder / "crossings").write_text("")
        self.world.double.faults.clear()
        self.world.double.postman.clear()
        self.world.trouble = None
        self.world.begin()

    def _one(self, case: Any) -> None:
        from tests.faults.check import differences
        from tests.faults.world import NotAtRest

        self._prepare()
        started = time.monotonic()
        result = Result(case.group, case.name, 0)
        try:
            case.run(self.world)
        except NotAtRest as error:
            result.faults.append(f"not at rest: {error}")
        except Exception as error:
            result.faults.append(f"{type(error).__name__}: {error}")
        armed = self.folder / "armed"
        if armed.exists():
            result.is_missed = json.loads(armed.read_text())["left"] > 0
            armed.unlink()
        self.world.double.faults.clear()
        found = differences(self.world.double) + self._open_transactions()
        result.faults += [each for each in found if each not in self.known]
        self.known.update(found)
        result.seconds = time.monotonic() - started
        self.results.append(result)
        print(
            f"  {result.seconds:5.1f} s  {result.word:<11}  {case.group}, {case.name}", flush=True
        )
        for fault in result.faults:
            print(f"                 {fault}", flush=True)

    def _open_transactions(self) -> list[str]:
        file = self.folder / "open-transactions"
        return sorted(set(file.read_text().splitlines())) if file.exists() else []

    def report(self) -> None:
        reached = [result for result in self.results if not result.is_missed]
        total = sum(result.seconds for result in self.results)
        print(
            f"\n{len(reached)} cases, {len(self.failed)} failed, "
            f"{len(self.results) - len(reached)} points not reached, {total:.0f} s; "
            f"{len(self.world.site.deaths)} deaths of whole programs"
        )


def _is_meant(case: Any, only: list[str]) -> bool:
    return not only or any(text in f"{case.group}, {case.name}" for text in only)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(faults)
