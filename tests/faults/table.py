"""All cases: which story meets what that goes wrong."""

import functools
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults import cases, late, plans, staff
from tests.faults.endings import Flow, Story, told
from tests.faults.storm import storm
from tests.faults.world import World

KINDS = ("booking", "tickets")
SOLD = (*KINDS, "subscription")
PLAN = ("subscription",)
TICKETS = ("tickets",)
BOOKING = ("booking",)


@dataclass(frozen=True)
class Case:
    group: str
    name: str
    run: Callable[[World], None]
    # Chosen for the one pass of `make test`.
    is_quick: bool = False


# Killed at every point from their beginning on.
FLOWS: dict[str, tuple[Flow, tuple[str, ...]]] = {
    "pays and comes back": (cases.pays, SOLD),
    "pays and closes the tab": (cases.closes_the_tab, SOLD),
    "pays and cancels": (cases.cancels, KINDS),
    "pays and cancels for half": (cases.cancels_for_half, BOOKING),
    "leaves the payment page": (cases.lapses, SOLD),
    "gives up": (cases.gives_up, ("booking", "subscription")),
}

# Killed at every point that comes after the way to them. Name, story, kinds.
LATE: dict[str, tuple[Story, tuple[str, ...]]] = {
    "pays late": (late.pays_late, SOLD),
    "pays too late": (late.pays_too_late, KINDS),
    "pays after giving up": (late.pays_after_giving_up, SOLD),
    "gives up what is just paid": (late.gives_up_what_is_just_paid, SOLD),
    "gives up while paying": (late.gives_up_while_paying, SOLD),
    "the hold lapses while paying": (late.lapses_while_paying, SOLD),
    "pays for a cancelled event": (late.pays_for_a_cancelled_event, TICKETS),
    "pays for what is included by then": (plans.pays_for_what_is_included, PLAN),
}
PLANS: dict[str, tuple[Story, tuple[str, ...]]] = {
    "renews": (plans.renews, PLAN),
    "renewal fails and recovers": (plans.recovers, PLAN),
    "renewal fails and is paid by hand": (plans.pays_the_bill_by_hand, PLAN),
    "renewal fails for good": (plans.never_recovers, PLAN),
    "its bill is paid after the end": (plans.pays_after_the_end, PLAN),
    "cancels": (plans.cancels, PLAN),
    "cancels, and nobody hears it": (plans.cancels_unheard, PLAN),
    "cancels and keeps it": (plans.changes_their_mind, PLAN),
    "tries and pays": (plans.tries, PLAN),
    "tries and cancels": (plans.tries_and_cancels, PLAN),
    "upgrades": (plans.upgrades, PLAN),
    "upgrades by a trial": (plans.upgrades_by_trial, PLAN),
    "ended by staff, unused money back": (plans.ended_by_staff("unused"), PLAN),
    "ended by staff, all money back": (plans.ended_by_staff("full"), PLAN),
    "ended in the dashboard": (plans.ended_in_the_dashboard, PLAN),
    "refunded in the dashboard": (plans.refunded_in_the_dashboard, PLAN),
}
STAFF: dict[str, tuple[Story, tuple[str, ...]]] = {
    "staff take it back": (staff.takes_back, KINDS),
    "staff give money back": (staff.gives_money_back, KINDS),
    "the event is cancelled": (staff.cancels_event, TICKETS),
    "the event is moved": (staff.moves_event, TICKETS),
}
STORIES = LATE | PLANS | STAFF
# They break the provider themselves, for everybody; a refund over there of which no webhook comes
# waits for the night's check.
NOT_IN_A_STORM = {
    "refunded in the dashboard",
    "pays late",
    "pays too late",
    "pays after giving up",
    "pays for a cancelled event",
    "pays for what is included by then",
    "its bill is paid after the end",
    "cancels, and nobody hears it",
}

# What is killed in the one pass: before and after the effect of each, on the first of its kinds.
QUICK_POINTS = {
    ("pays and comes back", "after stripe create_session", 1),
    ("pays and comes back", "before commit payments.services.settle.apply_session", 1),
    ("pays and cancels", "before stripe refund", 1),
    ("pays and cancels", "after stripe refund", 1),
    ("leaves the payment page", "after stripe expire_session", 1),
    ("renews", "after stripe fetch_agreement", 1),
    ("cancels", "after stripe set_agreement", 1),
    ("the event is cancelled", "after commit tickets.services.cancel.wind_up_order", 1),
}
WHATS = ("slow", "error_before", "error_after", "away", "cut_before", "cut_after", "too_many")


def fixed_cases() -> list[Case]:
    """Everything but the kills at points, which are found by watching a story."""
    return [*_purchases(), *_plans(), *_storms()]


def killing_case(name: str, kind: str, point: str, nth: int) -> Case:
    _, kinds = FLOWS[name] if name in FLOWS else STORIES[name]

    def run(world: World) -> None:
        if name in FLOWS:
            world.arm(point, nth)
            FLOWS[name][0](world, kind)
        else:
            arm = cases.in_trouble(lambda here: here.arm(point, nth), told(STORIES[name][0]))
            arm(world, kind)

    return Case(
        f"kill -9, {name}",
        f"{kind}: {point}" + (f", the {nth}nd time" if nth == 2 else ""),
        run,
        is_quick=kind == kinds[0] and (name, point, nth) in QUICK_POINTS,
    )


def watched(name: str) -> Flow:
    """The flow as it is watched for the points that it comes by."""
    if name in FLOWS:
        return FLOWS[name][0]
    return cases.in_trouble(lambda world: None, told(STORIES[name][0]))


def _named(
    group: str, name: str, flow: Flow, kinds: tuple[str, ...] = KINDS, quick: int = 0
) -> list[Case]:
    return [
        Case(group, f"{kind}: {name}", functools.partial(_run, flow, kind), number < quick)
        for number, kind in enumerate(kinds)
    ]


def _run(flow: Flow, kind: str, world: World) -> None:
    flow(world, kind)


def _purchases() -> list[Case]:
    made: list[Case] = []

    def add(*args: object, **options: object) -> None:
        made.extend(_named(*args, **options))  # type: ignore[arg-type]

    for name, (flow, kinds) in FLOWS.items():
        add("nothing goes wrong", name, flow, kinds)
    for name, (story, kinds) in STORIES.items():
        add("nothing goes wrong", name, told(story), kinds)

    hooks = "webhook of the payment"
    closes, pays = cases.closes_the_tab, cases.pays
    with_events = cases.with_events
    add(hooks, "never comes, tab closed", with_events("lose", closes), SOLD, quick=1)
    add(hooks, "never comes, comes back", with_events("lose", pays), SOLD)
    add(hooks, "comes twice", with_events("repeat", closes), SOLD)
    add(hooks, "ten at once", with_events("at_once", closes, copies=10), SOLD, quick=2)
    add(hooks, "ten at once while coming back", with_events("at_once", pays, copies=10), SOLD)
    add(hooks, "comes when all is over, ten at once", functools.partial(cases.resent, copies=10))
    add(hooks, "comes an hour late", functools.partial(cases.resent, copies=1, backdate=3600))
    add(hooks, "comes 3 s late, tab closed", with_events("delay", closes, seconds=3), SOLD)
    add(hooks, "comes last, the refund's first", cases.reordered, quick=1)
    add(hooks, "signed by somebody else", cases.forged("bad_signature"), quick=1)
    add(hooks, "signed an hour ago", cases.forged("stale_signature"))
    add(hooks, "not signed", cases.forged("no_signature"))

    calls: dict[str, tuple[Flow, tuple[str, ...]]] = {
        "session.create": (pays, SOLD),
        "session.retrieve": (pays, SOLD),
        "session.expire": (cases.lapses, SOLD),
        "refund.create": (cases.cancels, KINDS),
    }
    quick = {("session.create", "cut_after"), ("refund.create", "cut_after"),
             ("refund.create", "error_before"), ("session.expire", "away")}  # fmt: skip
    for (call, (flow, kinds)), what in itertools.product(calls.items(), WHATS):
        faulty = cases.with_fault(what, call, flow)
        add(f"Stripe, {call}", _said(what), faulty, kinds, quick=int((call, what) in quick))
    for what in ("away", "error_before", "error_after", "cut_after"):
        name = f"{what.replace('_', ' ')}, three times, then it works"
        flow = cases.with_fault(what, "refund.create", cases.cancels, times=3)
        add("refunds", name, flow, quick=int(what == "away"))
        half = cases.without_events(cases.cancels_for_half)
        half = cases.with_fault(what, "refund.create", half, times=3)
        name = f"half of it and no webhooks, {name}"
        add("refunds", name, half, BOOKING, quick=int(what == "cut_after"))
    add("refunds", "refused, tried again by staff", cases.refused_refund, BOOKING, quick=1)
    add("refunds", "fails days later, tried again by staff", cases.refund_that_fails_later, BOOKING)
    add("at Stripe", "all of it refunded in the dashboard", cases.refunded_in_the_dashboard)
    add("at Stripe", "a part refunded in the dashboard", cases.partly_refunded_in_the_dashboard)
    add("at Stripe", "disputed, and won", cases.disputed)
    add("at Stripe", "settles later, well", cases.settles_later(succeeded=True))
    add("at Stripe", "settles later, badly", cases.settles_later(succeeded=False))
    add("many at once", "eight tabs", cases.two_tabs, quick=1)
    add("many at once", "declined, then paid", cases.declined_first)
    deeds = {"pays": pays, "closes the tab": closes, "cancels": cases.cancels}
    for program, (name, flow) in itertools.product(("web", "worker", "beat"), deeds.items()):
        title = f"{program} is killed while somebody {name}"
        add("programs", title, cases.program_dies(program, flow), BOOKING)
    return made


def _plans() -> list[Case]:
    """Each story of a subscription with its webhooks and its questions disturbed."""
    made: list[Case] = []

    def add(group: str, name: str, story: Story, trouble: Callable[[World], None]) -> None:
        made.extend(_named(group, name, cases.in_trouble(trouble, told(story)), PLAN))

    hows: dict[str, Callable[[World], None]] = {
        "never come": lambda world: world.double.disturb("lose", times=1000),
        "come twice": lambda world: world.double.disturb("repeat", times=1000),
        "come five at once": lambda world: world.double.disturb("at_once", times=1000, copies=5),
        "come 2 s late": lambda world: world.double.disturb("delay", times=1000, seconds=2),
        "come last and backwards": _backwards,
    }
    for (name, (story, _)), (how, trouble) in itertools.product(PLANS.items(), hows.items()):
        is_unheard = story is plans.refunded_in_the_dashboard and how == "never come"
        told_so = plans.refunded_in_the_dashboard_unheard if is_unheard else story
        add("webhooks of subscriptions", f"{name}, they {how}", told_so, trouble)
    calls: dict[str, tuple[str, ...]] = {
        "subscription.retrieve": ("renews", "renewal fails and recovers", "cancels"),
        "invoice.list": ("renews", "renewal fails for good"),
        "subscription.update": ("cancels", "cancels and keeps it", "tries and cancels"),
        "subscription.cancel": ("upgrades", "renewal fails for good"),
        "invoice.void": ("renewal fails for good",),
        "refund.create": ("upgrades", "ended by staff, unused money back"),
    }
    for (call, names), what in itertools.product(calls.items(), WHATS):
        for name in names:
            trouble = functools.partial(_fail, what, call)
            add(f"Stripe, {call}", f"{name}, {_said(what)}", PLANS[name][0], trouble)
    return made


def _storms() -> list[Case]:
    """Everybody at once, while programs die and the provider is as bad as it can be."""
    calm = [
        (name, story, kind)
        for name, (story, kinds) in STORIES.items()
        if name not in NOT_IN_A_STORM
        for kind in kinds
    ]
    quick = [each for number, each in enumerate(calm) if number % 3 == 0]
    storms = [("small", quick, 12.0, True)]
    storms += [(f"number {number}", calm, 45.0, False) for number in range(1, 6)]
    return [
        Case("storms", name, functools.partial(_brew, people, seconds), is_quick)
        for name, people, seconds, is_quick in storms
    ]


def _brew(people: list[tuple[str, Story, str]], seconds: float, world: World) -> None:
    storm(world, people, seconds=seconds, seed=random.SystemRandom().randrange(1_000_000))


def _backwards(world: World) -> None:
    """Kept until nothing moves without them, then sent from the last to the first."""
    world.double.disturb("hold", times=1000)
    world.double.postman.let_go_after(6.0)


def _fail(what: str, call: str, world: World) -> None:
    world.double.fail(what, kind=call, times=2, seconds=5.0 if what == "slow" else 0.0)


def _said(what: str) -> str:
    return what.replace("_", " ") + " the effect" * ("_" in what and what != "too_many")
