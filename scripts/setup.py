"""`make setup`: a .venv with everything the project needs; instant when nothing has changed."""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from scripts.console import ROOT, VAR, Failure, last_line, main, run_quietly, step

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".setup.json"
# Present from the making of the folder to the end of the first installation into it.
UNFINISHED = VENV / ".unfinished"
UV = "uv==0.13.9"

NO_NETWORK = re.compile(
    r"connection broken|failed to establish|name resolution|name or service not known"
    r"|network is unreachable|connection refused|no route to host|connect(ion)? ?time(d ?)?out"
    r"|proxyerror|dns error|error sending request|max retries|tunnel",
    re.IGNORECASE,
)


def ensure(*, dev: bool = False) -> None:
    """Bring .venv up to what the requirements files say, and do nothing if it is there already.

    `dev` adds what tests and linters need. Raises Failure, in one sentence, if it can't be done.
    """
    VAR.mkdir(exist_ok=True)
    with _one_at_a_time(), step("Python packages") as progress:
        wanted = _wanted(dev=dev)
        installed = _installed()
        missing = [part for part, mark in wanted.items() if installed.get(part) != mark]
        if not missing:
            progress.note = "nothing to do"
            return

        _make_venv()
        if "packages" in missing:
            _install("requirements.txt")
        if "development" in missing:
            _install("requirements-dev.txt")
        if "mysql" in missing and not _install_mysql_driver():
            progress.note = "without the MariaDB driver: var/log/setup.log says why"
        elif "mysql" not in wanted:
            progress.note = "without the MariaDB driver: no compiler or no headers for it"

        STAMP.write_text(json.dumps(installed | wanted, indent=2), encoding="utf-8")
        UNFINISHED.unlink(missing_ok=True)


def has_mysql_driver() -> bool:
    """Whether .venv can talk to MariaDB."""
    return subprocess.run([PYTHON, "-c", "import MySQLdb"], capture_output=True).returncode == 0


def _wanted(*, dev: bool) -> dict[str, str]:
    """A mark for each part; a part is installed again when its mark has changed.

    The folder is in it because a virtual environment doesn't survive being moved.
    """

    def mark(*names: str) -> str:
        digest = hashlib.sha256(str(ROOT).encode())
        for name in names:
            digest.update((ROOT / name).read_bytes())
        return digest.hexdigest()[:16]

    parts = {"packages": mark("requirements.txt")}
    if dev:
        parts["development"] = mark("requirements-dev.txt")
    if _can_build_mysql_driver():
        parts["mysql"] = mark("requirements-mysql.txt")
    return parts


def _installed() -> dict[str, str]:
    # A .venv whose Python was removed or upgraded away is a dangling link: start anew.
    if not PYTHON.exists() or UNFINISHED.exists():
        return {}
    try:
        return dict(json.loads(STAMP.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _make_venv() -> None:
    usable = PYTHON.exists() and not UNFINISHED.exists() and _made_here()
    if usable:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir()
    UNFINISHED.touch()
    made = run_quietly([sys.executable, "-m", "venv", str(VENV)], log="setup")
    if made.returncode != 0:
        raise Failure(
            f"The virtual environment .venv could not be made: {last_line(made.stdout)} "
            "(on Debian and Ubuntu: apt-get install python3-venv)."
        )


def _made_here() -> bool:
    """Whether .venv was made in this folder: its programs name their own path."""
    with contextlib.suppress(OSError):
        return str(VENV) in (VENV / "bin" / "activate").read_text(encoding="utf-8")
    return False


def _install(requirements: str) -> None:
    """Install by uv, which takes seconds; by pip, which takes minutes, where uv can't be had."""
    if _has_uv():
        done = _uv_install(requirements)
        if done.returncode == 0:
            return
    done = _pip("install", "--requirement", requirements)
    if done.returncode != 0:
        _refuse(done.stdout)


def _install_mysql_driver() -> bool:
    """Install mysqlclient, which is compiled here. False, not an error, if that fails."""
    requirements = "requirements-mysql.txt"
    if _has_uv() and _uv_install(requirements).returncode == 0:
        return True
    return _pip("install", "--requirement", requirements).returncode == 0


def _has_uv() -> bool:
    if (VENV / "bin" / "uv").exists():
        return True
    done = _pip("install", "--retries", "1", UV)
    if done.returncode != 0 and NO_NETWORK.search(done.stdout):
        _refuse(done.stdout)
    return done.returncode == 0


def _uv_install(requirements: str) -> subprocess.CompletedProcess[str]:
    # Compiled now, or the first start would compile a thousand files while somebody waits.
    options = ["--python", str(PYTHON), "--compile-bytecode", "--requirement", requirements]
    return run_quietly([str(VENV / "bin" / "uv"), "pip", "install", *options], log="setup")


def _pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", *arguments]
    # A user-wide habit such as PIP_USER=1 would aim past the virtual environment.
    return run_quietly(command, log="setup", env=os.environ | {"PIP_USER": "0"})


def _refuse(output: str) -> None:
    if NO_NETWORK.search(output):
        raise Failure(
            "The Python packages could not be downloaded because the package index can't be "
            "reached: check the network or the proxy, then run make again."
        )
    raise Failure(
        f"The Python packages could not be installed: {last_line(output)} "
        "(all of it is in var/log/setup.log)."
    )


def _can_build_mysql_driver() -> bool:
    """Whether a compiler, pkg-config, Python's and MariaDB's headers are all there."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    headers = Path(sysconfig.get_path("include"), "Python.h").exists()
    pkg_config = shutil.which("pkg-config")
    if not (compiler and headers and pkg_config):
        return False
    return any(
        subprocess.run([pkg_config, "--exists", name], capture_output=True).returncode == 0
        for name in ("mysqlclient", "mariadb", "libmariadb", "perconaserverclient")
    )


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two makes started together must not install into one folder at once."""
    with (VAR / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _setup(arguments: list[str]) -> int:
    ensure(dev="--dev" in arguments)
    return 0


if __name__ == "__main__":
    main(_setup)
