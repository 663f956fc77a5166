from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from bookings.verify import repair_counter, wrong_counters


class Command(BaseCommand):
    help = "Compare the places counted on each slot with its bookings; exit 1 on a difference."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="set the counters right")

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = list(wrong_counters())
        for fault in wrong:
            self.stdout.write(str(fault))
        if not wrong:
            self.stdout.write("Every slot's counter agrees with its bookings.")
            return
        if not options["repair"]:
            raise SystemExit(1)
        repaired = [fault for fault in wrong if repair_counter(fault.slot_id)]
        self.stdout.write(f"Repaired {len(repaired)} of {len(wrong)}.")
