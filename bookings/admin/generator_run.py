"""A long run of the generator: how far it is, kept in the session between its steps."""

from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final

from django.http import QueryDict

from bookings.admin.generator_form import GenerateForm
from bookings.models import Room
from bookings.services import generate_slots
from common.http import Request

A_WEEK: Final = timedelta(days=7)
# What one step makes, about: short enough that a browser waits gladly.
SLOTS_A_STEP: Final = 600


@dataclass
class Run:
    """The form as it was sent, and the day in the room from which the next step goes on."""

    KEY: ClassVar = "generator_run"

    fields: list[list[str]]
    room_ids: list[int]
    names: str
    first_day: str
    last_day: str
    weeks_a_step: int
    room_number: int = 0
    next_day: str = ""
    created: int = 0
    skipped: int = 0

    @property
    def is_done(self) -> bool:
        return self.room_number >= len(self.room_ids)

    @property
    def percent(self) -> int:
        """How much of it is done, for the bar."""
        first, last = date.fromisoformat(self.first_day), date.fromisoformat(self.last_day)
        days = (last - first).days + 1
        done = self.room_number * days
        if self.next_day and not self.is_done:
            done += (date.fromisoformat(self.next_day) - first).days
        return done * 100 // (days * len(self.room_ids))

    def form(self, at: datetime) -> GenerateForm:
        data = QueryDict(mutable=True)
        for name, value in self.fields:
            data.appendlist(name, value)
        return GenerateForm(data, at=at)

    def keep(self, request: Request) -> None:
        request.session[self.KEY] = asdict(self)

    def forget(self, request: Request) -> None:
        request.session.pop(self.KEY, None)


def begin(fields: list[tuple[str, str]], form: GenerateForm) -> Run:
    """A run of a valid form, at its beginning."""
    rooms: list[Room] = list(form.cleaned_data["rooms"])
    plan = form.plan()
    minutes = sum(
        (window.end.hour - window.start.hour) % 24 * 60 or 24 * 60
        for windows in plan.hours.values()
        for window in windows
    )
    a_week = max(int(minutes * 60 / plan.slot_length.total_seconds()), 1)
    return Run(
        fields=[[name, value] for name, value in fields],
        room_ids=[room.pk for room in rooms],
        names=", ".join(room.name for room in rooms),
        first_day=plan.first_day.isoformat(),
        last_day=plan.last_day.isoformat(),
        weeks_a_step=max(SLOTS_A_STEP // a_week, 1),
        next_day=plan.first_day.isoformat(),
    )


def kept_run(request: Request) -> Run | None:
    """The run that this person has begun and not ended, if any."""
    state: dict[str, Any] | None = request.session.get(Run.KEY)
    return Run(**state) if state else None


def go_on(run: Run, form: GenerateForm, *, weeks: int | None) -> None:
    """Make the next weeks of one room; with None all that is left, of all rooms.

    Raises DomainError; the run then stands where it stood.
    """
    plan, given = form.plan(), form.cleaned_data
    while not run.is_done:
        first = date.fromisoformat(run.next_day)
        last = plan.last_day
        if weeks is not None:
            last = min(last, first + weeks * A_WEEK - timedelta(days=1))
        result = generate_slots(
            room_id=run.room_ids[run.room_number],
            plan=replace(plan, first_day=first, last_day=last),
            price=given["price"],
            max_bookings=given["places"],
        )
        run.created += result.created
        run.skipped += result.skipped
        run.next_day = (last + timedelta(days=1)).isoformat()
        if last >= plan.last_day:
            run.room_number += 1
            run.next_day = run.first_day
        if weeks is not None:
            return
