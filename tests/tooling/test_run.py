"""`make run` from beginning to end: it answers, says so, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.console import ROOT, VAR
from scripts.run import _dotenv
from tests.tooling.test_supervisor import is_alive, wait_until

READY_WITHIN_SECONDS = 90


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        number = int(probe.getsockname()[1])
    yield number
    for schedule in VAR.glob(f"celerybeat-{number}*"):
        schedule.unlink()


def descendants(pid: int) -> set[int]:
    """The process and all that it has started, by what the kernel says."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text(encoding="utf-8").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(status.parent.name)] = int(fields[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def answers(address: str) -> bool:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return bool(answer.status == 200)


@pytest.mark.skipif(not Path("/proc").exists(), reason="counts processes through /proc")
def test_a_run_answers_and_leaves_nothing_behind(tmp_path: Path, port: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.run"],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_ENV": "demo",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": f"sqlite:///{tmp_path / 'demo.sqlite3'}",
            "CELERY_BROKER_URL": "filesystem://",
            "PORT": str(port),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    lines: list[str] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lines.extend, args=[process.stdout], daemon=True)
    reader.start()
    try:
        wait_until(
            lambda: any("Ctrl-C stops everything" in line for line in lines),
            "the page to be ready",
            READY_WITHIN_SECONDS,
        )
        address = f"http://127.0.0.1:{port}"
        assert any(line.strip().endswith(address) for line in lines)
        assert answers(f"{address}/healthz")
        assert answers(f"{address}/readyz")
        assert answers(f"{address}/")
        family = descendants(process.pid)
        # gunicorn and its two, the worker and its two, beat, and the supervisor itself.
        assert len(family) >= 8

        process.send_signal(signal.SIGINT)

        assert process.wait(timeout=20) == 0
        wait_until(lambda: not any(is_alive(pid) for pid in family), "all to be gone", 3)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=20)
        reader.join(timeout=5)
        process.stdout.close()
        print("".join(lines))


def test_a_dotenv_file_is_read_as_people_write_it(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("#PORT=1\nPORT=8001\nexport WEB_HOST='0.0.0.0'\nEMPTY=\n", encoding="utf-8")

    assert _dotenv(path) == {"PORT": "8001", "WEB_HOST": "0.0.0.0", "EMPTY": ""}


def test_no_dotenv_file_is_none(tmp_path: Path) -> None:
    assert _dotenv(tmp_path / ".env") == {}
