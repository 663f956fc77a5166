"""The database and cache servers that tests need: the ones that run, else private ones of our own.

A private server lives in a temporary folder on a free loopback port and is ended, by its process
id, when the tests are over.
"""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from scripts.console import Failure, last_line

READY_WITHIN_SECONDS = 30.0
SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/opt/homebrew/bin")


def everything_is_required() -> bool:
    """Whether a test that can't run for want of a server or a browser counts as failed."""
    asked = {os.environ.get("CI", ""), os.environ.get("REQUIRE_ALL", "")}
    return bool(asked - {"", "0", "false"})


@contextlib.contextmanager
def mariadb() -> Iterator[str]:
    """The address of a MariaDB where we may create databases. Raises Failure if there is none."""
    given = os.environ.get("TEST_MYSQL_URL", "")
    usual = given or "mysql://root@127.0.0.1:3306"
    refusal = _mariadb_refusal(usual)
    if not refusal:
        yield urlsplit(usual)._replace(path="").geturl()
        return
    if given:
        raise Failure(f"TEST_MYSQL_URL can't be used: {refusal}")
    with _private_mariadb() as address:
        yield address


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """The address of a Redis whose database 15 we may use. Raises Failure if there is none."""
    given = os.environ.get("TEST_REDIS_URL", "")
    usual = given or "redis://127.0.0.1:6379/15"
    refusal = _redis_refusal(usual)
    if not refusal:
        yield usual
        return
    if given:
        raise Failure(f"TEST_REDIS_URL can't be used: {refusal}")
    with _private_redis() as address:
        yield address


def mariadb_execute(address: str, *statements: str) -> list[tuple[str, ...]]:
    """Run `statements` on the server at `address`; the rows of the last one."""
    # Imported here: the driver is an extra that a machine without compiler doesn't have.
    import MySQLdb

    parts = urlsplit(address)
    connection = MySQLdb.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        connect_timeout=3,
    )
    with contextlib.closing(connection), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return list(cursor.fetchall())


def drop_databases(address: str, *, beginning: str) -> None:
    """Drop what an interrupted run left behind."""
    pattern = beginning.replace("_", r"\_")
    for (name,) in mariadb_execute(address, f"SHOW DATABASES LIKE '{pattern}%'"):
        mariadb_execute(address, f"DROP DATABASE `{name}`")


def _mariadb_refusal(address: str) -> str:
    """Why the server at `address` can't be used, else an empty string."""
    try:
        import MySQLdb
    except ImportError:
        return "its driver mysqlclient isn't installed (it needs a compiler and the headers)"
    probe = f"test_probe_{os.getpid()}"
    try:
        mariadb_execute(address, f"CREATE DATABASE {probe}", f"DROP DATABASE {probe}")
    except MySQLdb.Error as error:
        return str(error)
    return ""


def _redis_refusal(address: str) -> str:
    parts = urlsplit(address)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 6379), 3) as connection:
            connection.sendall(b"PING\r\n")
            answer = connection.recv(64)
    except OSError as error:
        return str(error)
    # A server with a password answers too; the tests will find out whether the given one is right.
    return "" if answer.startswith((b"+PONG", b"-NOAUTH")) else f"it answered {answer!r}"


@contextlib.contextmanager
def _private_mariadb() -> Iterator[str]:
    server = _program("mariadbd", "mysqld")
    installer = _program("mariadb-install-db", "mysql_install_db")
    if not server or not installer:
        raise Failure("no MariaDB is running and none is installed")
    if _mariadb_refusal("mysql://root@127.0.0.1:1").startswith("its driver"):
        raise Failure(_mariadb_refusal("mysql://root@127.0.0.1:1"))

    with tempfile.TemporaryDirectory(prefix="mariadb-") as folder:
        # As root the server changes to the user that its package made, and must own its folder.
        user = "mysql" if os.geteuid() == 0 else getpass.getuser()
        if os.geteuid() == 0:
            shutil.chown(folder, user)
        data, port = f"{folder}/data", _free_port()
        common = ["--no-defaults", f"--user={user}", f"--datadir={data}"]
        made = subprocess.run(
            # --force: machines that don't know their own name are no reason to stop.
            [installer, *common, "--auth-root-authentication-method=normal", "--force"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if made.returncode != 0:
            raise Failure(f"a private MariaDB could not be made: {last_line(made.stdout)}")
        command = [
            server,
            *common,
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            f"--port={port}",
            f"--socket={folder}/s",
            f"--pid-file={folder}/pid",
            "--character-set-server=utf8mb4",
            # It is thrown away afterwards: what a power cut would lose may be lost.
            "--innodb-flush-log-at-trx-commit=0",
        ]
        address = f"mysql://root@127.0.0.1:{port}"
        with _running(command, Path(folder), lambda: _mariadb_refusal(address)):
            yield address


@contextlib.contextmanager
def _private_redis() -> Iterator[str]:
    server = _program("redis-server", "valkey-server")
    if not server:
        raise Failure("no Redis is running and none is installed")
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        port = _free_port()
        options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", folder]
        address = f"redis://127.0.0.1:{port}/0"
        with _running([server, *options], Path(folder), lambda: _redis_refusal(address)):
            yield address


@contextlib.contextmanager
def _running(command: list[str], folder: Path, refusal: Callable[[], str]) -> Iterator[None]:
    """Run a server while the block does, from when it no longer refuses."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while refusal():
            if process.poll() is not None or time.monotonic() > deadline:
                said = last_line(log.read_text(errors="replace"))
                raise Failure(f"a private {Path(command[0]).name} did not start: {said}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _program(*names: str) -> str | None:
    """The path of the first of `names` that is installed; servers hide where users don't look."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
