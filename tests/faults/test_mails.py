"""200 mails through bad weather; `make faults` sends 2,000."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from scripts.console import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("faults")]


def _run(store: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    if store == "mariadb-redis":
        env["TEST_MYSQL_URL"] = urlsplit(os.environ["DATABASE_URL"])._replace(path="").geturl()
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.mails", "--count", "200", "--on", store],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=290,
        check=False,
    )


@pytest.mark.parametrize(
    "store",
    [
        pytest.param("mariadb-redis", marks=[pytest.mark.mariadb, pytest.mark.redis]),
        pytest.param("sqlite-files", marks=pytest.mark.sqlite),
    ],
)
def test_every_mail_arrives_whatever_the_weather(store: str) -> None:
    done = _run(store)

    assert done.returncode == 0, done.stdout + done.stderr
