"""What can go wrong before anything starts, and the one sentence that each of it earns."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.console import ROOT

Programs = Callable[..., Path]
NO_OUTPUT_BUT_ONE_LINE = re.compile(r"\A[^\n]+\n\Z")


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    """A folder that is the whole PATH: the shell, and programs by name and script."""

    def make(**scripts: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "sh").symlink_to(str(shutil.which("sh")))
        for name, text in scripts.items():
            program = folder / name.replace("_", ".")
            program.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
            program.chmod(0o755)
        return folder

    return make


def python(*, setting_up: str = "") -> str:
    """A Python that does `setting_up` first, as another version or a poorer packaging would."""
    return f'shift; exec {sys.executable} -c "{setting_up}\n$@"'


OLD = python(
    setting_up="import platform, sys; sys.version_info = (3, 9, 18); "
    "platform.python_version = lambda: '3.9.18'"
)
WITHOUT_VENV = python(setting_up="import sys; sys.modules['ensurepip'] = None")
GOOD = f'exec {sys.executable} "$@"'
BROKEN = "echo 'no such version is installed' >&2; exit 127"


def find_python(path: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(ROOT / "scripts" / "find-python.sh")],
        env={"PATH": str(path)} | env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["python3"], id="python3"),
        pytest.param(["python3_12"], id="python3.12"),
        pytest.param(["python3_11", "python3"], id="python3.11-and-python3"),
    ],
)
def test_a_good_python_is_found(programs: Programs, names: list[str]) -> None:
    found = find_python(programs(**dict.fromkeys(names, GOOD)))

    assert (found.returncode, found.stdout.strip(), found.stderr) == (0, sys.executable, "")


def test_a_name_that_only_fails_is_passed_over(programs: Programs) -> None:
    found = find_python(programs(python3_11=BROKEN, python3=GOOD))

    assert (found.returncode, found.stdout.strip()) == (0, sys.executable)


def test_a_poor_python_is_passed_over(programs: Programs) -> None:
    found = find_python(programs(python3_11=WITHOUT_VENV, python3=GOOD))

    assert (found.returncode, found.stdout.strip()) == (0, sys.executable)


@pytest.mark.parametrize(
    ("scripts", "says"),
    [
        pytest.param({}, "Python 3.11 or newer is needed and none was found", id="none"),
        pytest.param({"python3": OLD}, "and python3 is 3.9.18: install a newer one", id="old"),
        pytest.param({"python3": BROKEN}, "none was found", id="broken"),
        pytest.param(
            {"python3": WITHOUT_VENV}, "venv module is missing for python3", id="without-venv"
        ),
    ],
)
def test_no_usable_python_is_one_sentence(
    programs: Programs, scripts: dict[str, str], says: str
) -> None:
    found = find_python(programs(**scripts))

    assert found.returncode == 1
    assert found.stdout == ""
    assert says in found.stderr
    assert NO_OUTPUT_BUT_ONE_LINE.match(found.stderr)


def test_a_named_python_that_does_not_run_is_named(programs: Programs) -> None:
    found = find_python(programs(python3=GOOD), PYTHON="/nowhere/python")

    assert found.returncode == 1
    assert found.stderr.startswith("PYTHON=/nowhere/python does not run")


def start(**env: str) -> subprocess.CompletedProcess[str]:
    """`make run` up to where it refuses; a test that gets past that would hang, so it is cut."""
    return subprocess.run(
        [sys.executable, "-m", "scripts.run"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | env,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_a_taken_port_is_one_sentence_with_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        refused = start(PORT=str(port))

    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith(f"\nPort {port} is taken by another program")
    assert re.search(r"for example PORT=\d+ make run\.\n\Z", refused.stderr)


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "80 80"])
def test_a_port_that_is_none_is_one_sentence(port: str) -> None:
    refused = start(PORT=port)

    expected = f"\nPORT must be a number from 1 to 65535, and '{port}' isn't.\n"
    assert (refused.returncode, refused.stderr) == (1, expected)


def test_an_address_of_another_machine_is_one_sentence() -> None:
    refused = start(WEB_HOST="192.0.2.1", PORT="8109")

    assert refused.returncode == 1
    assert refused.stderr.startswith("\nWEB_HOST=192.0.2.1 is not an address of this machine")


def test_every_variable_that_the_settings_read_is_documented() -> None:
    settings = (ROOT / "config" / "settings.py").read_text(encoding="utf-8")
    example = (ROOT / ".env.example").read_text(encoding="utf-8")

    read = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", settings))
    documented = set(re.findall(r"^#([A-Z_]+)=", example, flags=re.MULTILINE))
    of_a_later_version = {
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
        "STRIPE_API_BASE",
        "STRIPE_ALLOW_TEST_KEYS",
    }
    assert documented == read | {"WEB_HOST"} | of_a_later_version
