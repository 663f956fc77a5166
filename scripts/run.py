"""`make run`: from a fresh clone to a page in the browser, in one command.

Setup, database, demo data, then the Procfile's three programs until Ctrl-C. The caller's
environment is passed on, so the same command runs against MariaDB, Redis and SMTP.
"""

import errno
import http.client
import os
import re
import socket
import subprocess
import time
from pathlib import Path

from scripts import setup
from scripts.console import ROOT, Failure, main
from scripts.supervisor import Supervisor, read_procfile

READY_WITHIN_SECONDS = 60.0
# A restart loses nothing, for their truth is in the database; the web server is what people see.
RESTARTED = {"worker", "beat"}
EVERY_ADDRESS = {"", "0.0.0.0", "::"}  # noqa: S104


def run(arguments: list[str]) -> int:
    started = time.monotonic()
    env = _environment()
    host, port = env["WEB_HOST"], _port(env["PORT"])
    _check_port(host, port)

    setup.ensure()
    _check_driver(env)
    sign_ins = _prepare(env)

    supervisor = Supervisor(
        read_procfile(ROOT / "Procfile", restarting=RESTARTED), folder=ROOT, env=env
    )
    greeting = _Greeting(supervisor, host=host, port=port, sign_ins=sign_ins, started=started)
    return supervisor.run(on_tick=greeting.say_when_ready)


def _environment() -> dict[str, str]:
    """The caller's environment, with what our programs need to find each other."""
    path = f"{setup.VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    from_file = _dotenv(ROOT / ".env")
    defaults = {"DJANGO_ENV": "demo", "PORT": "8000", "WEB_HOST": "127.0.0.1"}
    chosen = {name: from_file.get(name) or value for name, value in defaults.items()}
    given = {name: value for name, value in os.environ.items() if value or name not in defaults}
    env = chosen | given | {"PATH": path, "PYTHONUNBUFFERED": "1"}
    if env["DJANGO_ENV"] == "demo":
        # In a container everybody is root, and a queue of JSON is no danger to root.
        env["PYTHONWARNINGS"] = ",".join(
            filter(None, [env.get("PYTHONWARNINGS"), "ignore::UserWarning:celery.platforms"])
        )
    return env


def _dotenv(path: Path) -> dict[str, str]:
    """Plain NAME=value lines of `path`; the settings read the file again, and in full."""
    if not path.exists():
        return {}
    lines = re.findall(
        r"^(?:export )?(\w+)=(.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    return {name: value.strip().strip("'\"") for name, value in lines}


def _port(text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise Failure(f"PORT must be a number from 1 to 65535, and '{text}' isn't.")


def _check_port(host: str, port: int) -> None:
    """Raise Failure if `port` can't be had, before anything slow is begun."""
    try:
        with socket.create_server((host, port)):
            return
    except OSError as error:
        reason = error.errno
    if reason == errno.EADDRINUSE:
        raise Failure(
            f"Port {port} is taken by another program: stop that one, or choose another port, "
            f"for example PORT={_free_port(host, after=port)} make run."
        )
    if reason == errno.EACCES:
        raise Failure(f"Port {port} needs administrator rights: choose one from 1024 up.")
    raise Failure(f"WEB_HOST={host} is not an address of this machine: {os.strerror(reason or 0)}.")


def _free_port(host: str, *, after: int) -> int:
    for port in range(after + 1, min(after + 100, 65536)):
        try:
            with socket.create_server((host, port)):
                return port
        except OSError:
            continue
    return 8000


def _check_driver(env: dict[str, str]) -> None:
    url = env.get("DATABASE_URL", "") or _dotenv(ROOT / ".env").get("DATABASE_URL", "")
    if url.startswith("mysql") and not setup.has_mysql_driver():
        raise Failure(
            "DATABASE_URL names a MariaDB, whose driver isn't installed: it is compiled on the "
            "spot and needs a compiler, pkg-config and the headers (on Debian and Ubuntu: "
            "apt-get install gcc pkg-config default-libmysqlclient-dev python3-dev), "
            "then run make again."
        )


def _prepare(env: dict[str, str]) -> str:
    """Migrate and make the demo data. Returns the demo's sign-ins as text."""
    process = subprocess.Popen(
        [setup.PYTHON, "-m", "scripts.prepare"],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate()
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode != 0:
        raise Failure(output.strip() or "The database could not be prepared.")
    return output.strip()


class _Greeting:
    """Says where the page is as soon as there is one."""

    def __init__(
        self, supervisor: Supervisor, *, host: str, port: int, sign_ins: str, started: float
    ) -> None:
        self.supervisor = supervisor
        # A server that listens everywhere is reached by the loopback address too.
        self.host = "127.0.0.1" if host in EVERY_ADDRESS else host
        self.port = port
        self.sign_ins = sign_ins
        self.started = started
        self.give_up_at = time.monotonic() + READY_WITHIN_SECONDS

    def say_when_ready(self) -> bool:
        """True when there is nothing more to wait for."""
        if self._answers():
            seconds = time.monotonic() - self.started
            self.supervisor.say(self._text(seconds))
            return True
        if time.monotonic() > self.give_up_at:
            self.supervisor.say(
                f"No answer from /healthz after {READY_WITHIN_SECONDS:.0f} s; still trying to run. "
                "The lines above may say why."
            )
            return True
        return False

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=1)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _text(self, seconds: float) -> str:
        lines = [
            "",
            f"  Ready after {seconds:.0f} s: http://{self.host}:{self.port}",
            "",
            *(f"  {line}" for line in self.sign_ins.splitlines()),
            "",
            "  Ctrl-C stops everything.",
            "",
        ]
        return "\n".join(lines)


if __name__ == "__main__":
    main(run)
