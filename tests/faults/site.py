"""The site's three programs, as the Procfile runs them, and a keeper who starts them again."""

import contextlib
import http.client
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from scripts.console import ROOT

BIN = Path(sys.executable).parent
READY_WITHIN_SECONDS = 40.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Site:
    """`with Site(...) as site:` serves on `site.url`; what dies is started again at once."""

    def __init__(
        self,
        *,
        folder: Path,
        port: int,
        env: dict[str, str],
        programs: tuple[str, ...] = ("web", "worker", "beat"),
    ) -> None:
        self.folder = folder
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.env = env
        self.deaths: list[str] = []
        self._commands = {
            "web": f"{BIN}/gunicorn config.wsgi:application --bind 127.0.0.1:{port} --workers 2 "
            "--worker-class gthread --threads 8 --no-control-socket --log-level warning",
            # One process, so that a kill takes the whole worker and not a child that it replaces.
            "worker": f"{BIN}/celery --quiet -A config worker --pool solo --without-gossip "
            "--without-mingle --without-heartbeat",
            "beat": f"{BIN}/celery --quiet -A config beat --pidfile= --max-interval 1",
        }
        self._commands = {name: self._commands[name] for name in programs}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> "Site":
        for name in self._commands:
            self._start(name)
        self._keeper.start()
        if "web" in self._commands:
            self._wait_until_ready()
        return self

    def __exit__(self, *exc: object) -> None:
        self._is_over.set()
        self._keeper.join(5)
        with self._lock:
            for process in self._running.values():
                _end(process)

    def kill(self, name: str) -> None:
        """kill -9 a whole program; the keeper starts it again."""
        with self._lock:
            os.killpg(self._running[name].pid, signal.SIGKILL)

    def _start(self, name: str) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        with log:
            self._running[name] = subprocess.Popen(
                shlex.split(self._commands[name]),
                cwd=ROOT,
                env=self.env | {"FAULTS_ROLE": name},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _keep(self) -> None:
        while not self._is_over.wait(0.05):
            with self._lock:
                for name, process in list(self._running.items()):
                    if process.poll() is not None:
                        self.deaths.append(f"{name} ({process.returncode})")
                        # What a killed leader leaves of its group would hold the port.
                        with contextlib.suppress(ProcessLookupError):
                            os.killpg(process.pid, signal.SIGKILL)
                        self._start(name)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
                with contextlib.closing(connection):
                    connection.request("GET", "/healthz")
                    if connection.getresponse().status == 200:
                        return
            time.sleep(0.1)
        said = (self.folder / "web.log").read_text(errors="replace")[-2000:]
        raise RuntimeError(f"the site did not start:\n{said}")


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
