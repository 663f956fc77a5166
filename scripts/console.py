"""How the scripts speak: one line a step, one sentence an error, and no child left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
LOGS = VAR / "log"


class Failure(Exception):
    """Something a person can put right: shown as it is, without a stack trace."""


class Stopped(BaseException):
    """Asked to end by a signal; not an Exception, so that nothing swallows it on the way out."""

    def __init__(self, signum: int) -> None:
        self.signum = signum


class Step:
    """One line of progress, finished with the seconds it took and, if set, a note."""

    note = ""


@contextlib.contextmanager
def step(title: str) -> Iterator[Step]:
    """Print `title`, then how long the block took. Re-raises whatever the block raises."""
    progress = Step()
    print(f"  {title} ".ljust(48, "."), end=" ", flush=True)
    started = time.monotonic()
    try:
        yield progress
    except BaseException:
        print("failed", flush=True)
        raise
    note = f"  ({progress.note})" if progress.note else ""
    print(f"{time.monotonic() - started:5.1f} s{note}", flush=True)


def run_quietly(
    command: list[str], *, log: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `command`, its output kept in var/log/<log>.log and returned.

    It gets a process group of its own, and that group is killed should we be interrupted.
    """
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{log}.log").open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(command)}\n{output}\n")
    return subprocess.CompletedProcess(command, process.returncode, output, "")


def last_line(text: str) -> str:
    """The last line that says something, which in most programs names the error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _stop(signum: int, frame: FrameType | None) -> None:
    raise Stopped(signum)


def main(work: Callable[[list[str]], int]) -> None:
    """Run `work` with the command line's arguments and exit with its answer.

    A Failure is one sentence and exit code 1; an interrupt ends quietly with 130.
    """
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # What nohup ignores stays ignored.
        if signum != signal.SIGHUP or signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, _stop)
    try:
        code = work(sys.argv[1:])
    except Failure as failure:
        print(f"\n{failure}", file=sys.stderr, flush=True)
        code = 1
    except Stopped:
        with contextlib.suppress(OSError):
            print("\nStopped.", flush=True)
        code = 130
    sys.exit(code)
