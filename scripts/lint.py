"""`make lint`: everything that can be checked without running the code; `--fix` mends what it can.

All checks are run, so that one round shows all there is to mend.
"""

import os
import sys
from pathlib import Path

from scripts.console import last_line, main, run_quietly, step

BIN = Path(sys.executable).parent
MANAGE = [sys.executable, "manage.py"]

CHECKS: dict[str, list[str]] = {
    "Style (ruff)": [str(BIN / "ruff"), "check"],
    "Format (ruff)": [str(BIN / "ruff"), "format", "--check", "--diff"],
    "Types (mypy)": [str(BIN / "mypy")],
    "Layers (import-linter)": [str(BIN / "lint-imports"), "--no-cache"],
    "Templates (djlint)": [str(BIN / "djlint"), "templates", "--lint", "--quiet"],
    "Migrations": [*MANAGE, "makemigrations", "--check", "--dry-run"],
    "System checks": [*MANAGE, "check", "--fail-level", "WARNING"],
}
FIXES: dict[str, list[str]] = {
    "Style (ruff)": [str(BIN / "ruff"), "check", "--fix-only", "--exit-zero"],
    "Format (ruff)": [str(BIN / "ruff"), "format"],
}


def lint(arguments: list[str]) -> int:
    # Nothing here may depend on, or touch, what a developer's own .env and database hold.
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    failed: dict[str, str] = {}
    for title, command in (FIXES if "--fix" in arguments else CHECKS).items():
        with step(title) as progress:
            done = run_quietly(command, log="lint", env=env)
            if done.returncode:
                progress.note = "FAILED"
            elif done.stdout.strip():
                progress.note = last_line(done.stdout)
        if done.returncode:
            failed[title] = done.stdout

    for title, output in failed.items():
        print(f"\n--- {title} ---\n{output.strip()}")
    if failed:
        print(f"\n{len(failed)} of {len(CHECKS)} checks failed: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    main(lint)
