"""What `make test` gives to the processes that it starts."""

import subprocess
import sys
from pathlib import Path

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
