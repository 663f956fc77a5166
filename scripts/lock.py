"""`make lock`: resolve requirements*.in into requirements*.txt, exact versions for Python 3.11.

All of them agree on every version: the development file is resolved within the one that runs.
"""

import sys
from pathlib import Path

from scripts.console import ROOT, Failure, last_line, main, run_quietly, step

UV = Path(sys.executable).parent / "uv"
OLDEST_PYTHON = "3.11"
COMPILE = [str(UV), "pip", "compile", "--python-version", OLDEST_PYTHON]
PLAIN = ["--quiet", "--no-annotate", "--no-header", "--upgrade"]


def lock(arguments: list[str]) -> int:
    _compile("requirements")
    _compile("requirements-dev", within="requirements.txt")
    _lock_mysql_driver()
    return 0


def _compile(name: str, *, within: str = "") -> None:
    with step(f"{name}.txt"):
        limits = ["--constraint", within] if within else []
        command = [*COMPILE, *PLAIN, *limits, f"{name}.in", "--output-file", f"{name}.txt"]
        done = run_quietly(command, log="lock")
        if done.returncode != 0:
            raise Failure(f"{name}.in could not be resolved: {last_line(done.stdout)}")


def _lock_mysql_driver() -> None:
    """mysqlclient's own line is all that its file has beside the rest."""
    target = ROOT / "requirements-mysql.txt"
    _compile("requirements-mysql", within="requirements.txt")
    pinned = target.read_text(encoding="utf-8").splitlines()
    driver = [line for line in pinned if line.startswith("mysqlclient==")]
    target.write_text("\n".join(["-r requirements.txt", *driver, ""]), encoding="utf-8")


if __name__ == "__main__":
    main(lock)
