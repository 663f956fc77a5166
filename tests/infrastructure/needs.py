"""What a marked test needs of the machine, and what happens where it is missing.

On a developer's machine such a test is skipped and named at the end, loudly. With CI or
REQUIRE_ALL set it fails: a green run there means that everything was run.
"""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.servers import everything_is_required
from tests.infrastructure.browser import chromium_path

MARK = "NOT TESTED: "


def _no_browser() -> str:
    return "" if chromium_path() else "no Chromium (set CHROMIUM to its path, or install chromium)"


def _no_redis() -> str:
    return "" if os.environ.get("TEST_REDIS_URL") else "no Redis (set TEST_REDIS_URL, or make test)"


MISSING: dict[str, Callable[[], str]] = {"browser": _no_browser, "redis": _no_redis}


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, missing in MISSING.items():
        if item.get_closest_marker(marker) and (what := missing()):
            if everything_is_required():
                pytest.fail(f"{what}; CI or REQUIRE_ALL asks for every test", pytrace=False)
            pytest.skip(MARK + what)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    gaps: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        if MARK in reason:
            gaps[reason.partition(MARK)[2]] += 1
    if not gaps:
        return
    lines = [f"{count} tests: {what}" for what, count in sorted(gaps.items())]
    terminalreporter.section("NOT TESTED", sep="!", red=True)
    for line in lines:
        terminalreporter.line(line)
    # `make test` repeats them after its last run.
    if file := os.environ.get("TEST_GAPS_FILE"):
        with Path(file).open("a", encoding="utf-8") as gaps_file:
            gaps_file.writelines(f"{line}\n" for line in lines)
