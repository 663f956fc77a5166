"""Money that comes late, or at the very moment at which the purchase is let go of."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.faults.endings import MONEY_RETURNED, SOLD, Ending
from tests.faults.world import TICKETS, Purchase, World

COMPLETED = "checkout.session.completed"


def pays_late(world: World, kind: str) -> list[Ending]:
    """Pays after the hold was released, and the place is still free: it is taken again."""
    bought = _lapsed_with_an_open_page(world, kind)
    world.now_it_counts()
    world.pay(bought)
    return [Ending(bought, {"paid": (SOLD[kind],)})]


def pays_too_late(world: World, kind: str) -> list[Ending]:
    """Pays after somebody else has taken the place: all of it goes back."""
    last = _last_place(world, kind)
    bought = _lapsed_with_an_open_page(world, kind, **last)
    faster = world.buy(kind, **last)
    world.now_it_counts()
    world.pay(bought)
    world.until_paid(bought)
    world.double.faults.clear()
    world.open(faster)
    world.pay(faster)
    world.come_back(faster)
    return [
        Ending(faster, {"paid": (SOLD[kind],)}),
        Ending(bought, {"given back": (MONEY_RETURNED,)}),
    ]


def pays_after_giving_up(world: World, kind: str) -> list[Ending]:
    """Gives up in one tab and pays in the other: all of it goes back."""
    bought = _opened(world, kind)
    world.now_it_counts()
    world.double.fail("away", kind="session.expire", times=1000)
    world.give_up(bought)
    world.until_closed(bought)
    world.pay(bought)
    world.until_paid(bought)
    return [Ending(bought, {"given back": (MONEY_RETURNED,)})]


def gives_up_what_is_just_paid(world: World, kind: str) -> list[Ending]:
    """The provider has the money, we haven't heard of it, and it is given up."""
    bought = _opened(world, kind)
    world.now_it_counts()
    world.double.disturb("lose", types=[COMPLETED])
    world.pay(bought)
    world.give_up(bought)
    # Who was killed over it answers later: then we may have heard of the money by ourselves.
    return [Ending(bought, {"given back": (MONEY_RETURNED,), "paid": (SOLD[kind],)})]


def gives_up_while_paying(world: World, kind: str) -> list[Ending]:
    """Both at the same moment: whichever was first, goods or all the money, and one mail."""
    bought = _opened(world, kind)
    world.now_it_counts()
    _both(lambda: world.double.books.pay(bought.session_id), lambda: world.give_up(bought))
    return [_any_of(bought)]


def lapses_while_paying(world: World, kind: str) -> list[Ending]:
    """The hold is over at the moment at which the card is charged."""
    bought = _opened(world, kind)
    world.now_it_counts()
    world.let_lapse(bought)
    world.breathe(0.7)
    world.double.books.pay(bought.session_id)
    return [_any_of(bought)]


def pays_for_a_cancelled_event(world: World, kind: str) -> list[Ending]:
    """The hold is released, the event is cancelled, and the open page takes the money."""
    event = world.new_event()
    bought = _lapsed_with_an_open_page(world, kind, event=event)
    world.now_it_counts()
    world.staff.delete(f"/admin/events/{event.pk}")
    world.pay(bought)
    world.until_paid(bought)
    return [Ending(bought, {"given back": (MONEY_RETURNED,)})]


# --- Inside -----------------------------------------------------------------------------------


def _opened(world: World, kind: str) -> Purchase:
    bought = world.buy(kind)
    world.open(bought)
    return bought


def _lapsed_with_an_open_page(world: World, kind: str, **what: Any) -> Purchase:
    """The hold is released while the provider is silent: its page still takes money."""
    bought = world.buy(kind, **what)
    world.open(bought)
    world.double.fail("away", kind="session.expire", times=1000)
    world.let_lapse(bought)
    world.until_closed(bought)
    return bought


def _last_place(world: World, kind: str) -> dict[str, Any]:
    if kind == "booking":
        return {"slot": world.slot()}
    return {"event": world.new_event(places=TICKETS)}


def _any_of(bought: Purchase) -> Ending:
    return Ending(
        bought,
        {"paid": (SOLD[bought.kind],), "given back": (MONEY_RETURNED,), "unpaid": ()},
    )


def _both(*deeds: Callable[[], object]) -> None:
    barrier = threading.Barrier(len(deeds))

    def one(deed: Callable[[], object]) -> None:
        barrier.wait(10)
        deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        for done in [pool.submit(one, deed) for deed in deeds]:
            done.result()
