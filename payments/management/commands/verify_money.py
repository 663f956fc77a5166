from argparse import ArgumentTypeError
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from payments.differences import GRACE
from payments.verify import look, start_check


def moment(text: str) -> datetime:
    """A day ('2026-11-22', from midnight UTC) or an instant ('2026-11-22T08:00+01:00')."""
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise ArgumentTypeError(
                f"'{text}' is no day (2026-11-22) and no instant (2026-11-22T08:00+01:00)"
            ) from None
        at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def seconds(text: str) -> timedelta:
    if not text.isdecimal():
        raise ArgumentTypeError(f"'{text}' is no number of seconds")
    return timedelta(seconds=int(text))


class Command(BaseCommand):
    help = (
        "Recompute every booking, order, ticket, payment and refund from the rows and compare "
        "them with the provider's books; a line for each difference, exit 1 when there is one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since",
            type=moment,
            help="only what was made or moved since this day or instant; default: everything",
        )
        parser.add_argument(
            "--repair",
            action="store_true",
            help="do the safe repairs, look once more, and say what is left",
        )
        parser.add_argument(
            "--grace",
            type=seconds,
            default=GRACE,
            help="what is younger than so many seconds is on its way and no difference "
            f"(default: {int(GRACE.total_seconds())})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        check = start_check(
            at=timezone.now(), since=options["since"], with_repair=options["repair"]
        )
        for finding in look(check, grace=options["grace"]):
            self.stdout.write(str(finding))
        check.refresh_from_db()
        if check.repaired:
            self.stdout.write(f"Repaired: {check.repaired}; left: {check.found}.")
        if check.found:
            raise SystemExit(1)
        self.stdout.write(check.summary)
