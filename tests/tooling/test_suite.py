"""What `make test` gives to the processes that it starts, and makes of their answers."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import suite
from scripts.console import VAR
from scripts.suite import with_bytecode


def test_compiled_modules_are_kept_where_python_keeps_none() -> None:
    env = with_bytecode({"PYTHONDONTWRITEBYTECODE": "1", "HOME": "/"})

    assert env == {"PYTHONPYCACHEPREFIX": str(VAR / "bytecode"), "HOME": "/"}


def test_where_python_keeps_them_anyway_nothing_is_changed() -> None:
    assert with_bytecode({"HOME": "/"}) == {"HOME": "/"}


def test_a_module_is_compiled_once_and_not_beside_its_source(tmp_path: Path) -> None:
    (tmp_path / "told.py").touch()
    env = with_bytecode({"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": f"{tmp_path}/kept"})

    subprocess.run([sys.executable, "-c", "import told"], cwd=tmp_path, env=env, check=True)

    assert [path.name for path in tmp_path.iterdir() if path.name == "__pycache__"] == []
    assert list(tmp_path.glob("kept/**/told.*.pyc"))


# --- Run again -----------------------------------------------------------------------------------


@pytest.fixture
def two_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """What `make test` answers for a suite of this one file, whose run may be tried again."""
    monkeypatch.setattr(suite, "ROOT", tmp_path)
    (tmp_path / "pytest.ini").touch()

    def run(test: str, *, may_try_again: bool = False) -> int:
        (tmp_path / "test_it.py").write_text(test)
        runs = suite._Runs(dict(os.environ), ["-p", "no:randomly", "-p", "no:django"])
        try:
            runs.pytest("Browser", may_try_again=may_try_again)
            return runs.report()
        finally:
            runs.gaps.unlink()

    return run


ONCE = """
from pathlib import Path
seen = Path(__file__).with_name("seen")

def test_first(): assert True
def test_second():
    was_seen = seen.exists()
    seen.touch()
    assert was_seen
"""


def test_what_failed_once_is_named_and_passes(
    two_runs: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    assert two_runs(ONCE, may_try_again=True) == 0

    told = capfd.readouterr().out
    assert "1 failed, 1 passed" in told
    assert "rerun previous 1 failure" in told
    assert "failed once" in told


def test_what_fails_twice_has_failed(two_runs: Callable[..., int]) -> None:
    assert two_runs("def test_it(): assert False", may_try_again=True) == 1


def test_only_what_may_is_run_again(two_runs: Callable[..., int]) -> None:
    assert two_runs(ONCE) == 1


def test_what_can_not_even_be_read_is_not_run_again(two_runs: Callable[..., int]) -> None:
    assert two_runs("import nothing_of_this_name", may_try_again=True) == 1
