import argparse
from datetime import date, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from bookings.models import Room
from bookings.planning import MONDAY_TO_FRIDAY, Plan, Window, parse_windows
from bookings.services import GenerateResult, generate_slots
from common import clock
from common.errors import DomainError

FOUR_WEEKS = timedelta(days=27)
DAYS_SHOWN = 7
SKIPPED_SHOWN = 7


class Command(BaseCommand):
    help = (
        "Fill the calendar of one room or several from opening hours. What overlaps a time that is "
        "there is skipped, so running it again does no harm."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("rooms", type=int, nargs="+", help="the rooms' numbers")
        parser.add_argument(
            "--from", dest="first_day", type=_day, help="first day, as 2027-07-01 (today)"
        )
        parser.add_argument(
            "--to", dest="last_day", type=_day, help="last day, included (four weeks in all)"
        )
        parser.add_argument(
            "--weekdays",
            type=_weekdays,
            default=MONDAY_TO_FRIDAY,
            help="as 1-5 or 1,3,5; Monday is 1 (1-5)",
        )
        parser.add_argument(
            "--hours",
            type=_windows,
            default=[Window(time(9), time(17))],
            help="by the room's own clock, as 09:00-12:00,13:00-17:00; 00:00 ends at midnight",
        )
        parser.add_argument(
            "--on",
            action="append",
            type=_hours_of_a_day,
            default=[],
            metavar="DAY=HOURS",
            help="other hours on a weekday, as 6=10:00-14:00, or none, as 3=; may be repeated",
        )
        parser.add_argument(
            "--breaks", type=_windows, default=[], help="every day, as 12:30-13:00 (none)"
        )
        parser.add_argument(
            "--buffer", type=int, default=0, help="minutes of pause after each time (0)"
        )
        parser.add_argument(
            "--exclude", type=_days, default=frozenset(), help="closed on, as 2027-12-24,2027-12-25"
        )
        parser.add_argument("--minutes", type=int, default=30, help="length of each time (30)")
        parser.add_argument("--price", type=_price, help="of each time (the room's hourly rate)")
        parser.add_argument("--places", type=int, default=1, help="of each time (1)")
        parser.add_argument("--dry-run", action="store_true", help="say it, don't do it")

    def handle(self, *args: Any, **options: Any) -> None:
        numbers: list[int] = list(dict.fromkeys(options["rooms"]))
        rooms = Room.objects.in_bulk(numbers)
        if unknown := [str(number) for number in numbers if number not in rooms]:
            raise CommandError(f"There is no room {', '.join(unknown)}. {_rooms()}")
        for number in numbers:
            self._fill(rooms[number], options)

    def _fill(self, room: Room, options: dict[str, Any]) -> None:
        first = options["first_day"] or timezone.now().astimezone(clock.zone(room.timezone)).date()
        hours = dict.fromkeys(options["weekdays"], options["hours"]) | dict(options["on"])
        plan = Plan(
            first_day=first,
            last_day=options["last_day"] or first + FOUR_WEEKS,
            slot_length=timedelta(minutes=options["minutes"]),
            hours=hours,
            breaks=options["breaks"],
            buffer=timedelta(minutes=options["buffer"]),
            excluded=options["exclude"],
        )
        try:
            result = generate_slots(
                room_id=room.pk,
                plan=plan,
                price=options["price"],
                max_bookings=options["places"],
                dry_run=options["dry_run"],
            )
        except DomainError as error:
            raise CommandError(f"{room}: {error.message}") from error
        self._say(room, result)

    def _say(self, room: Room, result: GenerateResult) -> None:
        deed = "would be made" if result.dry_run else "made"
        self.stdout.write(f"{room}: {result.created} timeslots {deed}, {result.skipped} skipped.")
        if not result.dry_run:
            return
        days: dict[str, list[str]] = {}
        for slot in result.timeslots:
            day = clock.say_date(slot.start_time, room.timezone)
            days.setdefault(day, []).append(clock.say_time(slot.start_time, room.timezone))
        for day, times in list(days.items())[:DAYS_SHOWN]:
            self.stdout.write(f"  {day}: {' '.join(times)}")
        if len(days) > DAYS_SHOWN:
            self.stdout.write(f"  … and {len(days) - DAYS_SHOWN} more days.")
        for span in result.skipped_spans[:SKIPPED_SHOWN]:
            day = clock.say_date(span.start, room.timezone)
            hours = clock.say_hours(span.start, span.end, room.timezone)
            other = clock.say_hours(*span.other, room.timezone)
            self.stdout.write(f"  skipped {day}, {hours}: overlaps {other}")


def _rooms() -> str:
    rooms = Room.objects.order_by("pk").values_list("pk", "name")
    return "There are: " + ", ".join(f"{pk} ({name})" for pk, name in rooms) if rooms else ""


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' isn't a day such as 2027-07-01") from None


def _days(text: str) -> frozenset[date]:
    return frozenset(_day(part.strip()) for part in text.split(",") if part.strip())


def _windows(text: str) -> list[Window]:
    try:
        return parse_windows(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _hours_of_a_day(text: str) -> tuple[int, list[Window]]:
    day, sign, hours = text.partition("=")
    if not sign or day not in {"1", "2", "3", "4", "5", "6", "7"}:
        raise argparse.ArgumentTypeError(f"'{text}' isn't like 6=10:00-14:00 (Monday is 1)")
    return int(day), _windows(hours)


def _weekdays(text: str) -> tuple[int, ...]:
    days: set[int] = set()
    try:
        for part in text.split(","):
            first, _, last = part.partition("-")
            days.update(range(int(first), int(last or first) + 1))
    except ValueError:
        days = {0}
    if not days or not days <= set(range(1, 8)):
        raise argparse.ArgumentTypeError(f"'{text}' isn't like 1-5 or 1,3,5 (Monday is 1)")
    return tuple(sorted(days))


def _price(text: str) -> Decimal:
    try:
        price = Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"'{text}' isn't an amount such as 45.00") from None
    if not price.is_finite() or price < 0:
        raise argparse.ArgumentTypeError(f"'{text}' isn't an amount such as 45.00")
    return price
