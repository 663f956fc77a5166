"""Many people at once, each with a story of their own, while anything goes wrong at any moment."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import connection

from tests.faults.endings import Ending, Story, differing
from tests.faults.world import NotAtRest, World

PROGRAMS = ("worker", "worker", "web", "beat")
FAULTS = ("slow", "error_before", "error_after", "away", "cut_before", "cut_after", "too_many")
HOWS = ("lose", "repeat", "at_once", "delay", "hold")
# People wait longer for a site that is killed all the time.
PATIENCE_SECONDS = 150.0
# A program that is killed before it has begun does nothing that could go wrong.
LIVES_FOR_SECONDS = 12.0
BETWEEN_BLOWS = (0.2, 1.5)


@dataclass
class Told:
    """A story that somebody has lived through."""

    name: str
    endings: list[Ending] = field(default_factory=list)
    error: str = ""


def storm(
    world: World, stories: list[tuple[str, Story, str]], *, seconds: float, seed: int
) -> None:
    """Let all of these (name, story, kind) happen at once, in bad weather for `seconds`.

    The weather is a matter of `seed`; what it meets isn't.
    """
    former, world.patience = world.patience, PATIENCE_SECONDS
    chance = random.Random(seed)
    lived = [Told(f"{name}, {kind}") for name, _, kind in stories]
    people = [
        threading.Thread(target=_live, args=[world, story, kind, told])
        for (_, story, kind), told in zip(stories, lived, strict=True)
    ]
    for person in people:
        person.start()
    _weather(world, chance, seconds, lambda: any(person.is_alive() for person in people))
    for person in people:
        person.join()
    wrong = [f"{told.name}: {told.error}" for told in lived if told.error]
    try:
        world.rest()
    except NotAtRest as error:
        wrong.append(f"not at rest: {error}")
    world.patience = former
    for told in lived:
        wrong += [f"{told.name}: {said}" for said in differing(world, told.endings)]
    assert not wrong, f"seed {seed}: " + "; ".join(wrong)


def _live(world: World, story: Story, kind: str, told: Told) -> None:
    try:
        told.endings = story(world, kind)
    except Exception as error:  # noqa: BLE001
        told.error = f"{type(error).__name__}: {error}"
    finally:
        connection.close()


def _weather(
    world: World, chance: random.Random, seconds: float, goes_on: Callable[[], bool]
) -> None:
    over = time.monotonic() + seconds
    killed_at = dict.fromkeys(PROGRAMS, 0.0)
    while time.monotonic() < over and goes_on():
        time.sleep(chance.uniform(*BETWEEN_BLOWS))
        blow, program = chance.random(), chance.choice(PROGRAMS)
        if blow < 0.5 and time.monotonic() - killed_at[program] > LIVES_FOR_SECONDS:
            world.site.kill(program)
            killed_at[program] = time.monotonic()
        elif blow < 0.75:
            world.double.fail(chance.choice(FAULTS), times=chance.randint(1, 3), seconds=4)
        else:
            world.double.disturb(
                chance.choice(HOWS), times=chance.randint(1, 5), seconds=chance.uniform(0.5, 4)
            )
            # What was held until now comes in the wrong order.
            world.double.postman.release(is_reversed=True)
    world.double.faults.clear()
    world.double.postman.let_go()
