"""What `make run` does to the database before it starts: migrate, demo data, static files.

Runs inside .venv as one process, because starting Django costs more than the work itself. Progress
goes to stderr; stdout carries the demo's sign-ins, or the one sentence that says what went wrong.
"""

import contextlib
import io
import os
import sys
import traceback

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from scripts.console import Failure, last_line, main, step

UNKNOWN_DATABASE = 1049


def prepare(arguments: list[str]) -> int:
    answer = sys.stdout
    try:
        with contextlib.redirect_stdout(sys.stderr):
            sign_ins = _prepare(must_seed="--seed" in arguments)
    except Failure as failure:
        print(failure, file=answer)
        return 1
    print(sign_ins, file=answer)
    return 0


def _prepare(*, must_seed: bool) -> str:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        is_demo = _read_settings() == "demo"
        django.setup()
        if must_seed and not is_demo:
            raise Failure(
                f"Demo data belongs to the demo alone, and DJANGO_ENV is '{settings.DJANGO_ENV}'."
            )
        _check_database()
        with step(f"Database ({_database_name()})"):
            call_command("migrate", interactive=False, verbosity=0)
        if settings.DJANGO_ENV == "production":
            with step("Static files"):
                call_command("collectstatic", interactive=False, verbosity=0)
        if not is_demo:
            return ""
        with step("Demo data") as progress:
            progress.note = last_line(_output_of("seed_demo"))
        return _output_of("demo_accounts")
    except ImproperlyConfigured as error:
        raise Failure(str(error)) from error
    except CommandError as error:
        raise Failure(f"The command failed: {error}") from error
    except DatabaseError as error:
        raise Failure(f"The database ({_database_name()}) refused: {error}") from error


def _read_settings() -> str:
    """Read the settings, and nothing else yet. Returns which environment they are for."""
    try:
        return str(settings.DJANGO_ENV)
    except (ValueError, ArithmeticError, LookupError) as error:
        where = traceback.extract_tb(error.__traceback__)
        line = next((e.line for e in reversed(where) if e.filename.endswith("settings.py")), "")
        raise Failure(
            f"A setting can't be read: {line or error}. .env.example says what each may be."
        ) from error


def _output_of(command: str) -> str:
    output = io.StringIO()
    call_command(command, stdout=output)
    return output.getvalue().strip()


def _check_database() -> None:
    """Raise Failure with the way out if the server is there and only the database isn't."""
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        if error.args[:1] != (UNKNOWN_DATABASE,):
            raise
        name = connection.settings_dict["NAME"]
        raise Failure(
            f"The database server has no database named '{name}': "
            f"create it with CREATE DATABASE {name} CHARACTER SET utf8mb4, then run make again."
        ) from error


def _database_name() -> str:
    """Which database this is, without its password."""
    chosen = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"SQLite, {os.path.relpath(chosen['NAME'])}"
    port = f":{chosen['PORT']}" if chosen["PORT"] else ""
    return f"MariaDB, {chosen['NAME']} at {chosen['HOST'] or 'localhost'}{port}"


if __name__ == "__main__":
    main(prepare)
