"""Sites behind gunicorn, as the Procfile runs them, and clients that ask them over real sockets.

Whatever is compared takes turns in short slices, so that whatever else the machine does hits all
of them alike.
"""

import contextlib
import itertools
import os
import shlex
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from scripts.console import Failure

CLIENTS = 8
SECONDS_A_SLICE = 0.8
# The kernel deals connections out to the two workers as it likes; fresh ones even that out.
REQUESTS_A_CONNECTION = 20
READY_WITHIN_SECONDS = 60.0

# The bytes of the next request, for the client of that number.
Ask = Callable[[int], bytes]


class Site(NamedTuple):
    """A running gunicorn."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """What its workers have spent so far."""
        ticks = 0
        for worker in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            fields = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


class Slice(NamedTuple):
    """What one site answered in one turn."""

    per_second: float
    cpu_ms: float


class Contender(NamedTuple):
    """What is measured: a kind of request to one site, and the status that is its success."""

    title: str
    site: Site
    ask: Ask
    status: int = 200


@contextlib.contextmanager
def serving(application: str, environment: Mapping[str, str]) -> Iterator[Site]:
    """Run gunicorn with `application` as the Procfile does, on a free port."""
    root = Path(__file__).resolve().parent.parent
    [web] = [
        line.partition(":")[2]
        for line in (root / "Procfile").read_text().splitlines()
        if line.startswith("web:")
    ]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = (
        web.replace("config.wsgi:application", shlex.quote(application))
        .replace("${WEB_HOST:-127.0.0.1}", "127.0.0.1")
        .replace("${PORT:-8000}", str(port))
    )
    server = subprocess.Popen(
        [sys.executable, "-m", *shlex.split(command)], cwd=root, env={**os.environ, **environment}
    )
    try:
        _wait_for(server, port)
        yield Site(port, server.pid)
    finally:
        server.terminate()
        server.wait(30)


def take_turns(contenders: Sequence[Contender], *, rounds: int) -> list[list[Slice]]:
    """The slices of each contender; the first round warms up and isn't counted."""
    slices: list[list[Slice]] = [[] for _ in contenders]
    order = list(range(len(contenders)))
    for number in range(rounds + 1):
        order.append(order.pop(0))
        for place in order:
            measured = _slice(contenders[place])
            if number:
                slices[place].append(measured)
    return slices


def compare(contenders: Sequence[Contender], *, rounds: int) -> None:
    """Print each one's answers a second, and how fast the first one is beside it."""
    slices = take_turns(contenders, rounds=rounds)
    for one, own in zip(contenders, slices, strict=True):
        low, middle, high = ratio(slices[0], own)
        first_by_it = f"{middle:>12.2f} ({low:.2f} to {high:.2f})" if own is not slices[0] else ""
        print(f"  {one.title:<44}{rate(own):>8.0f}{cpu(own):>9.1f}{first_by_it}", flush=True)


def rate(slices: Sequence[Slice]) -> float:
    """Requests a second, the median of the slices."""
    return statistics.median(one.per_second for one in slices)


def cpu(slices: Sequence[Slice]) -> float:
    """Milliseconds of the web processes a request, the median of the slices."""
    return statistics.median(one.cpu_ms for one in slices)


def ratio(ours: Sequence[Slice], theirs: Sequence[Slice]) -> tuple[float, float, float]:
    """Ours by theirs, round by round: lower quarter, median, upper quarter."""
    ratios = [one.per_second / other.per_second for one, other in zip(ours, theirs, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    return low, middle, high


def request(
    method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> bytes:
    """An HTTP request as it goes over the wire."""
    lines = {"Host": "127.0.0.1", **(headers or {})}
    if body:
        lines |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def _slice(contender: Contender) -> Slice:
    start = threading.Barrier(CLIENTS + 1)
    with ThreadPoolExecutor(max_workers=CLIENTS) as pool:
        clients = [pool.submit(_client, contender, n, start) for n in range(CLIENTS)]
        spent = contender.site.cpu_seconds()
        start.wait()
        began = time.monotonic()
        answers = sum(client.result() for client in clients)
        seconds = time.monotonic() - began
    spent = contender.site.cpu_seconds() - spent
    return Slice(per_second=answers / seconds, cpu_ms=spent / answers * 1000)


def _client(contender: Contender, number: int, start: threading.Barrier) -> int:
    """Ask one thing after another until the time is over; how many were answered."""
    start.wait()
    end = time.monotonic() + SECONDS_A_SLICE
    answered = 0
    while time.monotonic() < end:
        with socket.create_connection(("127.0.0.1", contender.site.port), 30) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(REQUESTS_A_CONNECTION):
                connection.sendall(contender.ask(number))
                status, answer = _read(connection)
                if status != contender.status:
                    raise Failure(f"{contender.title}: {status} {answer[:500]!r}")
                answered += 1
                if time.monotonic() >= end:
                    break
    return answered


def _read(connection: socket.socket) -> tuple[int, bytes]:
    """Status and the whole answer, no more than is needed to know where it ends."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _more(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    while (len(body) < int(length)) if length else not body.endswith(b"0\r\n\r\n"):
        body += _more(connection)
    return int(head.split(b" ", 2)[1]), body


def _more(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise Failure("The server hung up in the middle of an answer.")
    return received


def _wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    for _ in itertools.count():
        if server.poll() is not None:
            raise Failure(f"gunicorn ended with {server.returncode}.")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 60) as one:
            one.sendall(request("GET", "/purchase"))
            _read(one)
            return
        if time.monotonic() > deadline:
            raise Failure("gunicorn wasn't ready in time.")
        time.sleep(0.05)
