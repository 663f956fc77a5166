"""How a story has to end: what became of the goods, and the mails that told of it, one by one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from access.emails import FAILED
from notifications.models import OutgoingMail
from tests.faults.world import Purchase, World

MONEY_RETURNED = "money_returned"
SOLD = {
    "booking": "booking_confirmed",
    "tickets": "tickets_purchased",
    "subscription": "subscription_started",
}
# Rows of mails that wait for their day.
PLANNED = ("booking_reminder", "event_reminder")


@dataclass(frozen=True)
class Ending:
    """What may have become of a purchase, each with all mails that its customer may have got.

    None for the mails: another purchase of the same person names them.
    """

    bought: Purchase
    outcomes: dict[str, tuple[str, ...] | None]


Story = Callable[[World, str], list[Ending]]
Flow = Callable[[World, str], None]


def told(story: Story) -> Flow:
    """The story by itself: at rest afterwards, and ended as it should."""

    def run(world: World, kind: str) -> None:
        endings = story(world, kind)
        world.double.faults.clear()
        world.rest()
        assert world.trouble is None, "the story never came to its point"
        wrong = list(differing(world, endings))
        assert not wrong, "; ".join(wrong)

    return run


def differing(world: World, endings: Iterable[Ending]) -> Iterable[str]:
    for ending in endings:
        bought, named = ending.bought, f"{ending.bought.kind} {ending.bought.id}"
        standing = world.standing(bought)
        if standing not in ending.outcomes:
            yield f"{named} ended {standing}, and should have ended {' or '.join(ending.outcomes)}"
            continue
        due = ending.outcomes[standing]
        came = mails_to(bought)
        if due is not None and came != sorted(due):
            yield f"{named} ended {standing} and was told of by {came}, not by {sorted(due)}"


def mails_to(bought: Purchase) -> list[str]:
    mails = OutgoingMail.objects.filter(to=bought.customer.user.email).exclude(kind__in=PLANNED)
    kinds = sorted(mails.values_list("kind", flat=True))
    # Each try to collect that failed is told; of how many one hears is a matter of chance.
    return [kind for n, kind in enumerate(kinds) if kind != FAILED or FAILED not in kinds[:n]]
