"""Which tests a run is about, by the database that it runs on.

SQLite is the full run. MariaDB repeats what touches the database and leaves out what doesn't.
"""

import pytest
from django.db import connection

DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server"}
ONLY_ON = {"mariadb": "mysql", "sqlite": "sqlite"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept = [item for item in items if _belongs(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept
    for item in kept:
        if item.get_closest_marker("race"):
            # Never two races at once: each wants the machine, and the database, to itself.
            item.add_marker(pytest.mark.xdist_group("races"))


def _belongs(item: pytest.Item) -> bool:
    for marker, vendor in ONLY_ON.items():
        if item.get_closest_marker(marker) and connection.vendor != vendor:
            return False
    return connection.vendor == "sqlite" or _uses_database(item)


def _uses_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(fixtures & DATABASE_FIXTURES)
