"""One pass of the fault matrix; `make faults` runs all of it."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from scripts.console import ROOT

# The processes have a database of their own; the mark says that this is about MariaDB.
pytestmark = [pytest.mark.django_db, pytest.mark.mariadb, pytest.mark.xdist_group("faults")]


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    server = urlsplit(os.environ["DATABASE_URL"])._replace(path="").geturl()
    env = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    return subprocess.run(
        [sys.executable, "-m", "tests.faults", *arguments],
        cwd=ROOT,
        env=env | {"TEST_MYSQL_URL": server},
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )


def test_whatever_goes_wrong_comes_right() -> None:
    done = _run("--quick")

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "case", "finds"),
    [
        pytest.param(
            ("--without", "ask-about-open-attempts"),
            "booking: never comes, tab closed",
            "were collected and 0.00 are booked",
            id="nobody-asks-about-lost-webhooks",
        ),
        pytest.param(
            ("--guard-off", "refund-key"),
            "refunds, booking: half of it and no webhooks, cut after, three times",
            "went back and",
            id="refunds-without-a-key",
        ),
    ],
)
def test_with_a_guard_off_the_check_finds_it(
    arguments: tuple[str, ...], case: str, finds: str
) -> None:
    done = _run("--only", case, "--patience", "10", *arguments)

    assert done.returncode == 1, done.stdout + done.stderr
    assert finds in done.stdout
