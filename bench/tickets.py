"""Tickets over HTTP: purchases beside a floor app, event pages, with few and with many sold.

gunicorn as the Procfile runs it, MariaDB, several clients at once with tokens of their own. Ours
does all of a purchase (key, rules, locks, mail); the floor is `bench.floor`.
"""

import contextlib
import itertools
import json
import uuid
from typing import NamedTuple

from django.db import connection
from django.db.models import F, Sum
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.sites import Sites, running_sites
from bench.sold import Shop, free_events
from bench.web import Ask, Contender, compare, cpu, rate, ratio, request, take_turns
from tickets.models import Event, Ticket, TicketOrder
from tickets.states import OrderStatus

ROUNDS = 8


def measure() -> None:
    """Print purchases and pages a second, their ratios and their statements."""
    with running_sites() as sites:
        print("Tickets over HTTP")
        print("goals: 0.3 of the floor, 1.2 times from the small to the large shop")
        _measure_purchases(sites)
        _measure_pages(sites)
    connection.close()


# --- Purchases ------------------------------------------------------------------------------


def _measure_purchases(sites: list[Sites]) -> None:
    small, large = sites
    small.shop.enter()
    events = free_events()
    for title, chosen in (("for one event", events[:1]), (f"for {len(events)} events", events)):
        print(f"\n  {'purchases ' + title:<44}{'/s':>8}{'CPU ms':>9}   ours by it (middle half)")
        compare(
            [
                Contender(
                    f"ours, {small.shop.label} sold", small.ours, _purchase(small.shop, chosen), 201
                ),
                Contender(
                    "floor: the same statements",
                    small.floor,
                    _floor_purchase(small.shop, chosen, "/purchase"),
                    201,
                ),
                Contender(
                    "floor: three statements",
                    small.floor,
                    _floor_purchase(small.shop, chosen, "/bare/purchase"),
                    201,
                ),
                Contender(
                    f"ours, {large.shop.label} sold", large.ours, _purchase(large.shop, chosen), 201
                ),
            ],
            rounds=ROUNDS,
        )
    for site in sites:
        _check(site.shop)


def _purchase(shop: Shop, events: list[int]) -> Ask:
    turn = itertools.cycle(events)

    def ask(client: int) -> bytes:
        headers = {
            "Authorization": f"Bearer {shop.tokens[client]}",
            "Idempotency-Key": str(uuid.uuid4()),
        }
        return request("POST", "/api/v1/tickets/purchase", body=_body(next(turn)), headers=headers)

    return ask


def _floor_purchase(shop: Shop, events: list[int], path: str) -> Ask:
    turn = itertools.cycle(events)

    def ask(client: int) -> bytes:
        headers = {"Authorization": f"Token {shop.floor_tokens[client]}"}
        return request("POST", path, body=_body(next(turn)), headers=headers)

    return ask


def _body(event_id: int) -> bytes:
    return json.dumps({"eventId": event_id, "quantity": 1}).encode()


def _check(shop: Shop) -> None:
    """Nothing was lost or counted twice: tickets, paid places and orders are as many."""
    shop.enter()
    sold = Event.objects.aggregate(sold=Sum(F("current_participants") + F("held")))["sold"]
    paid = TicketOrder.objects.filter(status=OrderStatus.PAID).count()
    assert sold == paid == Ticket.objects.count(), (sold, paid, Ticket.objects.count())


# --- Pages ----------------------------------------------------------------------------------


class Page(NamedTuple):
    title: str
    path: str


def _measure_pages(sites: list[Sites]) -> None:
    small, large = sites
    small.shop.enter()
    free, tiered = free_events()[0], Event.objects.latest("pk").pk
    print(
        f"\n  {'requests a second':<28}{small.shop.label:>9}{large.shop.label:>9}   CPU ms"
        f"   flat (middle half)      SQL"
    )
    for page in (
        Page("page: an event", f"/events/{free}"),
        Page("page: an event with tiers", f"/events/{tiered}"),
        Page("page: events", "/events"),
        Page("API: an event", f"/api/v1/events/{free}"),
        Page("API: an event with tiers", f"/api/v1/events/{tiered}"),
        Page("API: events", "/api/v1/events"),
    ):
        asked = request("GET", page.path)
        contenders = [Contender(page.title, site.ours, _always(asked)) for site in sites]
        slices = take_turns(contenders, rounds=ROUNDS // 2)
        low, middle, high = ratio(slices[0], slices[1])
        print(
            f"  {page.title:<28}{rate(slices[0]):>9.0f}{rate(slices[1]):>9.0f}"
            f"{cpu(slices[0]):>9.1f}   {middle:.2f} ({low:.2f} to {high:.2f})"
            f"{_statements(page, sites):>9}",
            flush=True,
        )


def _always(asked: bytes) -> Ask:
    return lambda _: asked


def _statements(page: Page, sites: list[Sites]) -> int:
    """How many SQL statements it takes: as many with few sold as with many."""
    counts = set()
    client = Client(SERVER_NAME="127.0.0.1")
    for site in sites:
        site.shop.enter()
        with contextlib.ExitStack() as counting:
            client.get(page.path)
            captured = counting.enter_context(CaptureQueriesContext(connection))
            client.get(page.path)
        counts.add(len(captured))
    [count] = counts
    return count
