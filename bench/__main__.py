"""`make bench`: how fast this is, measured on the machine at hand, on MariaDB.

    python -m bench [month] [booking] [generator] [mails] [beats] [tickets] [door] [access]

All of them without a name.

Runs on the MariaDB that the tests use too (TEST_MYSQL_URL, 127.0.0.1:3306, or a private one), in
databases of its own that are dropped afterwards.
"""

import os
from importlib import import_module

from bench.machine import describe
from scripts import servers
from scripts.console import Failure, main

PARTS = ("month", "booking", "generator", "mails", "beats", "tickets", "door", "access")


def bench(arguments: list[str]) -> int:
    chosen = [part for part in PARTS if part in arguments or not arguments]
    if unknown := set(arguments) - set(PARTS):
        raise Failure(f"Nothing measures {', '.join(unknown)}; there are: {', '.join(PARTS)}.")
    # With an end: the databases of another run, whose number begins alike, aren't dropped with it.
    name = f"bench_{os.getpid()}_"
    with servers.mariadb() as address:
        servers.mariadb_execute(address, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DJANGO_ENV": "test",
            "DATABASE_URL": f"{address}/{name}",
            "CELERY_BROKER_URL": "memory://",
            "LOG_LEVEL": "CRITICAL",
        }
        try:
            _measure(chosen)
        finally:
            servers.drop_databases(address, beginning=name)
    return 0


def _measure(parts: list[str]) -> None:
    # Only now: these read the settings, and with them the database's name.
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, skip_checks=True)
    print(describe())
    for part in parts:
        print()
        import_module(f"bench.{part}").measure()


if __name__ == "__main__":
    main(bench)
