import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from common.wake import quietly
from portal.demo.houses import ROOMS, ensure_calendar, ensure_rooms
from portal.demo.people import ensure_accounts, ensure_crowd
from portal.demo.shelf import fill_shelf
from portal.demo.stage import play_events
from portal.demo.story import Cast, close_some, fill, play_scenes


class Command(BaseCommand):
    help = (
        "Make the demo's people, rooms, times, bookings, events, plans and what they open. Run "
        "again, it adds what is missing: the calendar always reaches four weeks ahead."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.epilog = "Refuses to run anywhere but in the demo (DJANGO_ENV=demo)."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.DJANGO_ENV != "demo":
            raise CommandError(
                f"Demo data belongs to the demo alone, and DJANGO_ENV is '{settings.DJANGO_ENV}'."
            )
        at = timezone.now()
        with quietly():
            people, crowd, rooms = ensure_accounts(), ensure_crowd(), ensure_rooms(at)
            times = sum(ensure_calendar(demo, rooms[demo.key], at) for demo in ROOMS)
            cast = Cast(people=people, crowd=crowd, rooms=rooms, at=at)
            bookings = play_scenes(cast) + fill(cast)
            closed = close_some(cast)
            events = play_events(cast)
            shelf = fill_shelf(cast)
        if options["verbosity"]:
            self.stdout.write(
                f"{times} times, {bookings} bookings and {events} events made, "
                f"{closed} times closed, {shelf} plans, resources and subscriptions made."
            )
