from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from bookings.verify import repair_counter as repair_slot
from bookings.verify import wrong_counters as wrong_slots
from tickets.verify import repair_counter, wrong_counters


class Command(BaseCommand):
    help = (
        "Compare the places counted on slots, events and tiers with bookings, orders and tickets; "
        "exit 1 on a difference."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="set the counters right")

    def handle(self, *args: Any, **options: Any) -> None:
        wrong: list[tuple[str, Callable[[], object]]] = [
            (str(slot), lambda slot=slot: repair_slot(slot.slot_id))  # type: ignore[misc]
            for slot in wrong_slots()
        ]
        wrong += [
            (str(counter), lambda counter=counter: repair_counter(counter))  # type: ignore[misc]
            for counter in wrong_counters()
        ]
        for said, _repair in wrong:
            self.stdout.write(said)
        if not wrong:
            self.stdout.write("Every counter agrees with its bookings, orders and tickets.")
            return
        if not options["repair"]:
            raise SystemExit(1)
        for _said, repair in wrong:
            repair()
        self.stdout.write(f"Repaired {len(wrong)}.")
