"""The supervisor with real processes: however it ends, it leaves none behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.console import ROOT
from scripts.supervisor import Program, read_procfile

# Who runs the tests under nohup has hang-ups ignored, which goes down to every process.
DRIVER = """
import os, signal, sys
from pathlib import Path

signal.signal(signal.SIGHUP, signal.SIG_DFL)
from scripts.supervisor import Supervisor, read_procfile

Supervisor.grace_seconds = 2.0
programs = read_procfile(Path("Procfile"), restarting={"worker"})
sys.exit(Supervisor(programs, folder=Path.cwd(), env=os.environ).run())
"""
# Prints its process id under its name, and starts a child that would outlive a careless stop.
POLITE = "echo $$ > {name}.pid; sleep 300 & echo $! > {name}-child.pid; echo {name} is up; wait"
STUBBORN = f"trap '' TERM INT HUP; {POLITE}; while :; do sleep 1; done"

Start = Callable[..., subprocess.Popen[str]]


def script(text: str, name: str) -> str:
    return f'{name}: sh -c "{text.format(name=name)}"'.replace("$", r"\$")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a supervisor over programs (name=script) and wait until all of them are up."""
    started: list[subprocess.Popen[str]] = []

    def start_supervisor(**programs: str) -> subprocess.Popen[str]:
        lines = [script(text, name) for name, text in programs.items()]
        (tmp_path / "Procfile").write_text("\n".join(lines), encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-c", DRIVER],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        for name in programs:
            wait_until((tmp_path / f"{name}-child.pid").exists, f"{name} to be up")
        return process

    yield start_supervisor
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


def process_id(folder: Path, name: str) -> int:
    return int((folder / f"{name}.pid").read_text(encoding="utf-8"))


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def assert_nothing_left(folder: Path) -> None:
    pids = [int(path.read_text(encoding="utf-8")) for path in folder.glob("*.pid")]
    assert pids
    wait_until(lambda: not any(is_alive(pid) for pid in pids), "every process to be gone", 3)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything(start: Start, tmp_path: Path, signum: signal.Signals) -> None:
    process = start(web=POLITE, worker=POLITE, beat=POLITE)

    process.send_signal(signum)

    assert process.wait(timeout=5) == 0
    assert_nothing_left(tmp_path)


def test_a_program_that_ignores_the_wish_is_killed_after_the_grace(
    start: Start, tmp_path: Path
) -> None:
    process = start(web=POLITE, worker=STUBBORN)

    process.terminate()

    assert process.wait(timeout=8) == 0
    assert_nothing_left(tmp_path)
    assert process.stdout is not None
    assert "worker did not stop in time; killing it." in process.stdout.read()


def test_a_second_signal_kills_at_once(start: Start, tmp_path: Path) -> None:
    process = start(web=STUBBORN, worker=STUBBORN)
    process.send_signal(signal.SIGINT)
    time.sleep(0.8)
    second_at = time.monotonic()

    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=5) == 0
    assert time.monotonic() - second_at < 1
    assert_nothing_left(tmp_path)


def test_one_wish_that_comes_twice_still_leaves_time_to_finish(
    start: Start, tmp_path: Path
) -> None:
    slow = f"trap 'sleep 1; touch finished; exit' TERM; {POLITE}"
    process = start(web=slow)

    process.terminate()
    process.terminate()

    assert process.wait(timeout=5) == 0
    assert (tmp_path / "finished").exists()


def test_a_dead_web_stops_the_others_and_is_named(start: Start, tmp_path: Path) -> None:
    process = start(web=POLITE, worker=POLITE)

    os.kill(process_id(tmp_path, "web"), signal.SIGKILL)

    assert process.wait(timeout=5) == 1
    assert_nothing_left(tmp_path)
    assert process.stdout is not None
    output = process.stdout.read()
    assert "web was killed by SIGKILL; stopping the others." in output


def test_a_dead_worker_is_started_again(start: Start, tmp_path: Path) -> None:
    process = start(web=POLITE, worker=POLITE)
    first = process_id(tmp_path, "worker")
    first_child = process_id(tmp_path, "worker-child")

    os.kill(first, signal.SIGKILL)

    wait_until(lambda: process_id(tmp_path, "worker") != first, "a new worker")
    assert not is_alive(first_child)
    process.terminate()
    assert process.wait(timeout=5) == 0
    assert_nothing_left(tmp_path)


def test_a_worker_that_keeps_dying_is_given_up_on(start: Start, tmp_path: Path) -> None:
    short_lived = "echo $$ > {name}.pid; touch {name}-child.pid; echo no luck; exit 3"
    process = start(web=POLITE, worker=short_lived)

    output, _ = process.communicate(timeout=10)

    assert process.returncode == 1
    assert output.count("no luck") == 5
    assert (
        "worker ended by itself with exit code 3, 5 times in 60 s; stopping the others." in output
    )
    (tmp_path / "worker-child.pid").unlink()
    assert_nothing_left(tmp_path)


def test_a_closed_output_stops_everything(start: Start, tmp_path: Path) -> None:
    chatty = f"{POLITE} & while :; do echo still here; sleep 0.1; done"
    process = start(web=chatty)
    assert process.stdout is not None

    process.stdout.close()

    assert process.wait(timeout=5) == 0
    wait_until(lambda: not is_alive(process_id(tmp_path, "web-child")), "the child to be gone")


def test_every_line_is_labelled(start: Start, tmp_path: Path) -> None:
    process = start(web=POLITE, worker=POLITE)

    process.terminate()

    output, _ = process.communicate(timeout=5)
    lines = [line for line in output.splitlines() if "is up" in line]
    assert sorted(lines) == ["web    | web is up", "worker | worker is up"]


def test_the_procfile_names_three_programs() -> None:
    programs = read_procfile(ROOT / "Procfile", restarting={"worker", "beat"})

    assert [(program.name, program.restarts) for program in programs] == [
        ("web", False),
        ("worker", True),
        ("beat", True),
    ]
    assert all(isinstance(program, Program) for program in programs)
    assert "$PORT" in programs[0].command.replace("${PORT:-8000}", "$PORT")
