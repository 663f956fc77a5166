"""`make bench`: how many bookings a second, beside raw SQL that writes the same rows.

Runs on the MariaDB that the tests use too (TEST_MYSQL_URL, 127.0.0.1:3306, or a private one), in a
database of its own that is dropped afterwards.
"""

import os

from scripts import servers
from scripts.console import main


def bench(arguments: list[str]) -> int:
    name = f"bench_{os.getpid()}"
    with servers.mariadb() as address:
        servers.mariadb_execute(address, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DJANGO_ENV": "test",
            "DATABASE_URL": f"{address}/{name}",
            "CELERY_BROKER_URL": "memory://",
            "LOG_LEVEL": "ERROR",
        }
        try:
            # Only now: it reads the settings, and with them the database's name.
            from bench import booking

            booking.measure()
        finally:
            servers.drop_databases(address, beginning=name)
    return 0


if __name__ == "__main__":
    main(bench)
