"""Runs the programs of the Procfile together, and ends them together, whatever happens.

Every program leads a process group of its own. A stop asks the leader (SIGTERM), so that it can
finish what it has in hand; what is left of the group after a grace period is killed. Why this and
not a ready-made one: docs/decisions/0010-own-supervisor.md.
"""

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

STOPPED_ON_REQUEST = 0
PROGRAM_DIED = 1

COLOURS = (36, 33, 35, 32, 34)


@dataclass
class Program:
    """One line of the Procfile, and the process that runs it at the moment."""

    name: str
    command: str
    restarts: bool
    process: subprocess.Popen[bytes] | None = None
    unfinished_line: bytes = b""
    deaths: deque[float] = field(default_factory=deque)


def read_procfile(path: Path, *, restarting: set[str]) -> list[Program]:
    """The programs that `path` names; those in `restarting` are started again when they die."""
    programs = []
    for line in path.read_text(encoding="utf-8").splitlines():
        name, colon, command = line.partition(":")
        if colon and not line.startswith("#"):
            programs.append(Program(name.strip(), command.strip(), name.strip() in restarting))
    return programs


class Supervisor:
    """Starts `programs` in `folder` with `env` and watches them until one of these happens.

    A signal (SIGINT, SIGTERM, SIGHUP), the end of the make that started us or of the terminal:
    all are stopped, the answer is 0. A program dies: it is started again if it may be and did
    not die too often lately; else the others are stopped and the answer is 1.
    A second signal while stopping kills at once.
    """

    grace_seconds = 10.0
    same_wish_seconds = 0.5
    max_deaths = 5
    deaths_within_seconds = 60.0

    def __init__(self, programs: list[Program], *, folder: Path, env: Mapping[str, str]) -> None:
        self.programs = programs
        self.folder = folder
        self.env = dict(env)
        self._signals: deque[int] = deque()
        self._selector = selectors.DefaultSelector()
        self._width = max(len(program.name) for program in programs)
        self._parent = os.getppid()
        self._blocked_by_parent = _blocked_signals(self._parent)
        self._output: IO[str] | None = sys.stdout
        self._in_colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def run(self, *, on_tick: Callable[[], bool] = lambda: True) -> int:
        """Run until the end. `on_tick` is called about five times a second until it says True."""
        previous = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        for signum, handler in previous.items():
            # What nohup ignores stays ignored.
            if signum != signal.SIGHUP or handler is not signal.SIG_IGN:
                signal.signal(signum, lambda number, frame: self._signals.append(number))
        try:
            for program in self.programs:
                self._start(program)
            return self._watch(on_tick)
        finally:
            # Also after a bug of ours: nothing may be left behind.
            self._stop_all()
            for signum, handler in previous.items():
                signal.signal(signum, handler)

    def say(self, text: str) -> None:
        """Print a line of our own between those of the programs."""
        self._print(text)

    def _watch(self, on_tick: Callable[[], bool]) -> int:
        is_done = False
        while True:
            self._relay_output(timeout=0.2)
            if self._signals or self._is_abandoned():
                self.say("Stopping ...")
                return STOPPED_ON_REQUEST
            for program in self.programs:
                if self._has_died(program) and not self._bury(program):
                    return PROGRAM_DIED
            is_done = is_done or on_tick()

    def _is_abandoned(self) -> bool:
        """Whether nobody is left to run for: make was ended, or the output is closed."""
        if self._output is None:
            return True
        if "MAKELEVEL" not in self.env:
            return False
        return os.getppid() != self._parent or bool(
            _blocked_signals(self._parent) - self._blocked_by_parent
        )

    # --- One program ------------------------------------------------------------------------

    def _start(self, program: Program) -> None:
        command = ["/bin/sh", "-c", f"exec {program.command}"]
        program.process = subprocess.Popen(
            [*_dies_with_us(), *command],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert program.process.stdout is not None
        os.set_blocking(program.process.stdout.fileno(), False)
        self._selector.register(program.process.stdout, selectors.EVENT_READ, program)

    def _has_died(self, program: Program) -> bool:
        assert program.process is not None
        # WNOWAIT leaves it a zombie: its number can't be given to another process group meanwhile.
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, program.process.pid, options) is not None

    def _bury(self, program: Program) -> bool:
        """Clear away a program that ended by itself; True if it was started again."""
        assert program.process is not None
        self._end_group(program)
        code = program.process.returncode
        manner = f"ended by itself with exit code {code}"
        if code < 0:
            manner = f"was killed by {signal.Signals(-code).name}"
        now = time.monotonic()
        program.deaths.append(now)
        while program.deaths[0] < now - self.deaths_within_seconds:
            program.deaths.popleft()

        if not program.restarts:
            self.say(f"{program.name} {manner}; stopping the others.")
            return False
        if len(program.deaths) >= self.max_deaths:
            times = f"{len(program.deaths)} times in {self.deaths_within_seconds:.0f} s"
            self.say(f"{program.name} {manner}, {times}; stopping the others.")
            return False
        self.say(f"{program.name} {manner}; starting it again.")
        self._start(program)
        return True

    def _end_group(self, program: Program) -> None:
        """Kill what is left of a program's group, take its last output and its exit code."""
        assert program.process is not None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(program.process.pid, signal.SIGKILL)
        program.process.wait()
        pipe = program.process.stdout
        assert pipe is not None
        while self._relay(program, pipe):
            pass
        self._print_lines(program, program.unfinished_line)
        program.unfinished_line = b""
        with contextlib.suppress(KeyError):
            self._selector.unregister(pipe)
        pipe.close()

    # --- All of them ------------------------------------------------------------------------

    def _stop_all(self) -> None:
        running = [p for p in self.programs if p.process and p.process.returncode is None]
        for program in running:
            assert program.process is not None
            with contextlib.suppress(ProcessLookupError):
                program.process.terminate()
        asked_at = time.monotonic()
        while running and time.monotonic() < asked_at + self.grace_seconds:
            self._relay_output(timeout=0.05)
            # One wish may come twice, by the terminal's group and handed on by make.
            if time.monotonic() < asked_at + self.same_wish_seconds:
                self._signals.clear()
            elif self._signals:
                break
            for program in [p for p in running if self._has_died(p)]:
                self._end_group(program)
                running.remove(program)
        for program in running:
            self.say(f"{program.name} did not stop in time; killing it.")
            self._end_group(program)

    # --- Output -----------------------------------------------------------------------------

    def _relay_output(self, *, timeout: float) -> None:
        if not self._selector.get_map():
            time.sleep(timeout)
            return
        for key, _ in self._selector.select(timeout):
            program: Program = key.data
            assert program.process is not None
            assert program.process.stdout is not None
            # Nothing to read although it was announced: the program has closed its output.
            if not self._relay(program, program.process.stdout):
                self._selector.unregister(key.fileobj)

    def _relay(self, program: Program, pipe: IO[bytes]) -> bool:
        """Print the whole lines among what has come; False if there was nothing."""
        try:
            chunk = os.read(pipe.fileno(), 65536)
        except BlockingIOError:
            return False
        *lines, program.unfinished_line = (program.unfinished_line + chunk).split(b"\n")
        self._print_lines(program, *lines)
        return bool(chunk)

    def _print_lines(self, program: Program, *lines: bytes) -> None:
        label = f"{program.name:<{self._width}} |"
        if self._in_colour:
            colour = COLOURS[self.programs.index(program) % len(COLOURS)]
            label = f"\033[{colour}m{label}\033[0m"
        for line in lines:
            if line.strip():
                self._print(f"{label} {line.decode(errors='replace').rstrip()}")

    def _print(self, text: str) -> None:
        if self._output is None:
            return
        try:
            print(text, file=self._output, flush=True)
        except OSError:
            # The reader or the terminal is gone: from here on there is nobody to tell.
            self._output = None
            sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115


def _dies_with_us() -> list[str]:
    """A prefix that has the kernel end a program should we be killed outright, where it can."""
    setpriv = shutil.which("setpriv")
    if not setpriv or not sys.platform.startswith("linux"):
        return []
    prefix = [setpriv, "--pdeathsig", "TERM"]
    works = subprocess.run([*prefix, "true"], capture_output=True).returncode == 0
    return prefix if works else []


def _blocked_signals(pid: int) -> set[signal.Signals]:
    """Which of the signals that ask for an end `pid` blocks; none where the kernel doesn't tell.

    A make that alone was sent SIGINT or SIGHUP doesn't hand it on: it blocks the signal and waits
    for us. Without this both would wait for ever.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return set()
    mask = int(status.partition("SigBlk:")[2].split()[0], 16)
    asking = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
    return {signum for signum in asking if mask & (1 << (signum - 1))}
