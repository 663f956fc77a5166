import argparse
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from bookings.models import Room
from bookings.planning import MONDAY_TO_FRIDAY, Plan, Window, same_hours
from bookings.services import GenerateResult, generate_slots
from common import clock
from common.errors import DomainError

FOUR_WEEKS = timedelta(days=27)
DAYS_SHOWN = 7


class Command(BaseCommand):
    help = (
        "Fill a room's calendar from its opening hours. What overlaps a time that is there is "
        "skipped, so running it again does no harm."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("room", type=int, help="the room's number")
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
            type=_hours,
            default=Window(time(9), time(17)),
            help="by the room's own clock, as 09:00-17:00; 00:00 ends at midnight",
        )
        parser.add_argument("--minutes", type=int, default=30, help="length of each time (30)")
        parser.add_argument("--price", type=_price, help="of each time (the room's hourly rate)")
        parser.add_argument("--places", type=int, default=1, help="of each time (1)")
        parser.add_argument("--dry-run", action="store_true", help="say it, don't do it")

    def handle(self, *args: Any, **options: Any) -> None:
        room = Room.objects.filter(pk=options["room"]).first()
        if room is None:
            raise CommandError(f"There is no room {options['room']}. {_rooms()}")
        first = options["first_day"] or timezone.now().astimezone(clock.zone(room.timezone)).date()
        plan = Plan(
            first_day=first,
            last_day=options["last_day"] or first + FOUR_WEEKS,
            slot_length=timedelta(minutes=options["minutes"]),
            hours=same_hours(options["hours"], options["weekdays"]),
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
            raise CommandError(error.message) from error
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


def _rooms() -> str:
    rooms = Room.objects.order_by("pk").values_list("pk", "name")
    return "There are: " + ", ".join(f"{pk} ({name})" for pk, name in rooms) if rooms else ""


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' isn't a day such as 2027-07-01") from None


def _hours(text: str) -> Window:
    opens, _, closes = text.partition("-")
    try:
        return Window(_clock_time(opens), _clock_time(closes))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' isn't like 09:00-17:00") from None


def _clock_time(text: str) -> time:
    return datetime.strptime(text.strip(), "%H:%M").time()  # noqa: DTZ007


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
