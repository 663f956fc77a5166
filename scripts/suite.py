"""`make test` and `make races`: the tests on every database, then what was left out, loudly.

    python -m scripts.suite [--races] [anything that pytest understands]

RACE_ROUNDS sets how often each race is run. With CI or REQUIRE_ALL set, nothing may be left out
for want of a server or a browser: what can't be tested is a failure.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from scripts import servers
from scripts.console import ROOT, VAR, Failure, Stopped, main

PYTEST = [sys.executable, "-m", "pytest"]
# A thousand rounds take longer than the watchdog of a single test expects.
RACES = ("-m", "race", "-o", "faulthandler_timeout=0")
ALL_BUT_BROWSER = ("-m", "not browser", "-n", "auto", "--dist", "loadgroup")
TESTS_FAILED = 1
NO_TESTS_COLLECTED = 5
LAST_FAILED = ("--last-failed", "--last-failed-no-failures=none")


def suite(arguments: list[str]) -> int:
    races_only = "--races" in arguments
    passed_on = [argument for argument in arguments if argument != "--races"]
    env = os.environ | {"RACE_ROUNDS": os.environ.get("RACE_ROUNDS") or _rounds(races_only)}
    runs = _Runs(with_bytecode(env), passed_on)

    with contextlib.ExitStack() as stack:
        stack.callback(runs.gaps.unlink)
        redis = stack.enter_context(_server(runs, "Redis", servers.redis()))
        mariadb = stack.enter_context(_server(runs, "MariaDB", servers.mariadb()))
        runs.env["TEST_REDIS_URL"] = redis
        chosen = RACES if races_only else ALL_BUT_BROWSER
        runs.pytest("SQLite", *chosen)
        if not races_only:
            # A browser has ten seconds for each step, which a machine may need for something else.
            # What fails twice is broken; what fails once is named.
            runs.pytest("Browser, SQLite", "-m", "browser", may_try_again=not passed_on)
        if mariadb:
            with _databases_dropped(mariadb, f"test_{runs.id}"):
                runs.pytest("MariaDB", *chosen, DATABASE_URL=f"{mariadb}/{runs.id}")
        return runs.report()


def with_bytecode(env: dict[str, str]) -> dict[str, str]:
    """Compiled modules are kept in var/ where Python is told to keep none beside the sources.

    A run starts a hundred Pythons, and each would compile Django and the tests anew.
    """
    kept = {name: value for name, value in env.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if len(kept) < len(env):
        kept.setdefault("PYTHONPYCACHEPREFIX", str(VAR / "bytecode"))
    return kept


def _rounds(races_only: bool) -> str:
    return "1000" if races_only else "25"


@contextlib.contextmanager
def _server(
    runs: "_Runs", name: str, server: contextlib.AbstractContextManager[str]
) -> Iterator[str]:
    """The server's address, or an empty one after noting the gap."""
    with contextlib.ExitStack() as stack:
        try:
            address = stack.enter_context(server)
        except Failure as failure:
            address = ""
            runs.note_gap(f"{name}: {failure}")
        yield address


@contextlib.contextmanager
def _databases_dropped(address: str, beginning: str) -> Iterator[None]:
    try:
        yield
    finally:
        servers.drop_databases(address, beginning=beginning)


def _end(process: subprocess.Popen[bytes], *, has_heard: bool) -> None:
    """Let pytest clear up after itself; the terminal's Ctrl-C has reached it already."""
    if not has_heard:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class _Runs:
    """The pytest runs of one `make test`, their results and what they left out."""

    def __init__(self, env: dict[str, str], arguments: list[str]) -> None:
        self.id = f"run{uuid.uuid4().hex[:8]}"
        handle, path = tempfile.mkstemp(prefix="gaps-")
        os.close(handle)
        self.gaps = Path(path)
        self.env = env | {"TEST_GAPS_FILE": str(self.gaps), "TEST_RUN": self.id}
        self.arguments = arguments
        self.results: list[tuple[str, int, float]] = []
        # Failed, and passed when what had failed was run once more.
        self.shaky: set[str] = set()

    def pytest(
        self, title: str, *options: str, may_try_again: bool = False, **extra_env: str
    ) -> None:
        """One run of pytest; with `may_try_again` what failed is run once more, alone."""
        self._run(title, *options, **extra_env)
        if may_try_again and self.results[-1][1] == TESTS_FAILED:
            self._run(f"{title}, again", *options, *LAST_FAILED, **extra_env)
            if self.results[-1][1] == 0:
                self.shaky.add(title)

    def _run(self, title: str, *options: str, **extra_env: str) -> None:
        print(f"\n=== {title} {'=' * (70 - len(title))}", flush=True)
        started = time.monotonic()
        # Ours come first, so that a person's own -n or -m has the last word.
        command = [*PYTEST, *options, *self.arguments]
        env = {name: value for name, value in self.env.items() if name != "DATABASE_URL"}
        process = subprocess.Popen(command, cwd=ROOT, env=env | extra_env)
        try:
            code = process.wait()
        except Stopped as stopped:
            _end(process, has_heard=stopped.signum == signal.SIGINT)
            raise
        self.results.append((title, code, time.monotonic() - started))

    def note_gap(self, text: str) -> None:
        with self.gaps.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

    def report(self) -> int:
        """Print how it went; the exit code."""
        gaps = sorted(set(self.gaps.read_text(encoding="utf-8").splitlines()))
        print(f"\n=== Summary {'=' * 63}")
        words = {0: "passed", NO_TESTS_COLLECTED: "nothing chosen"}
        for title, code, seconds in self.results:
            word = "failed once" if title in self.shaky else words.get(code, "FAILED")
            print(f"  {title:<22} {word:<16} {seconds:6.0f} s")
        if gaps:
            print(f"\n  {'!' * 20}  NOT TESTED  {'!' * 20}")
            for gap in gaps:
                print(f"  {gap}")
        if self.shaky:
            print(
                "\n  What failed once passed when it was run again. Its name stands above: mend it."
            )
        codes = [code for title, code, _ in self.results if title not in self.shaky]
        if all(code == NO_TESTS_COLLECTED for code in codes):
            print("\n  No test was run.")
            return NO_TESTS_COLLECTED
        failed = any(code not in (0, NO_TESTS_COLLECTED) for code in codes)
        if gaps and servers.everything_is_required():
            print("\n  CI or REQUIRE_ALL is set: what was not tested counts as failed.")
            failed = True
        return 1 if failed else 0


if __name__ == "__main__":
    main(suite)
