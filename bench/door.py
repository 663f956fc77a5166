"""Scans over HTTP by scanner link, beside two floors, with few and with many tickets.

Everybody goes in and out by turns, each client at a gate of its own: every scan changes a ticket.
"""

import itertools
import json
import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from accounts.models import User
from bench.sites import Sites, running_sites
from bench.sold import Shop
from bench.web import CLIENTS, Ask, Contender, compare, request
from tickets.models import Ticket, TicketScan
from tickets.services import make_scanner_link
from tickets.states import ScanType

ROUNDS = 10
# The tickets are dealt out to those who are measured at one shop.
CONTENDERS = 4


def measure() -> None:
    """Print the scans a second of ours and of both floors, and what a refusal takes."""
    with running_sites() as sites:
        small, large = sites
        print("Scans over HTTP by scanner link")
        print("goals: 0.6 of the floor, 0.85 of the dressed one, 1.2 from small to large\n")
        print(f"  {'scans':<44}{'/s':>8}{'CPU ms':>9}   ours by it (middle half)")
        links = _links(small.shop)
        compare(
            [
                Contender(f"ours, {small.shop.label} tickets", small.ours, _scan(small, links, 0)),
                Contender("floor: three statements", small.floor, _floor_scan(small, 1)),
                Contender(
                    "floor with our middleware and authentication",
                    small.dressed,
                    _dressed_scan(small, links, 2),
                ),
                Contender("ours, refused", small.ours, _refused(small, links, 3), 409),
                Contender(
                    f"ours, {large.shop.label} tickets",
                    large.ours,
                    _scan(large, _links(large.shop), 0),
                ),
            ],
            rounds=ROUNDS,
        )
        for site in sites:
            _check(site.shop)
    connection.close()


def _links(shop: Shop) -> list[str]:
    """A token for each client's gate."""
    shop.enter()
    at, manager = timezone.now(), User.objects.create_user("manager@example.com")
    return [
        make_scanner_link(
            event_id=shop.door.pk,
            gate=f"Gate {number}",
            expires_at=at + timedelta(days=1),
            by=manager,
            at=at,
        )[1]
        for number in range(CLIENTS)
    ]


def _codes(shop: Shop, place: int) -> list[str]:
    shop.enter()
    codes = Ticket.objects.filter(event=shop.door).order_by("pk")
    return list(codes.values_list("ticket_code", flat=True))[place::CONTENDERS]


def _turns(codes: Sequence[str]) -> Iterator[tuple[str, ScanType]]:
    while True:
        for scan_type in (ScanType.CHECK_IN, ScanType.CHECK_OUT):
            for code in codes:
                yield code, scan_type


def _scan(
    sites: Sites, tokens: list[str], place: int, path: str = "/api/v1/admin/tickets/{}/scan"
) -> Ask:
    codes = _codes(sites.shop, place)
    turns = [_turns(codes[client::CLIENTS]) for client in range(CLIENTS)]

    def ask(client: int) -> bytes:
        code, scan_type = next(turns[client])
        return _asked(path.format(code), scan_type, f"Scanner {tokens[client]}")

    return ask


def _dressed_scan(sites: Sites, tokens: list[str], place: int) -> Ask:
    return _scan(sites, tokens, place, "/dressed/scan/{}")


def _floor_scan(sites: Sites, place: int) -> Ask:
    codes = _codes(sites.shop, place)
    turns = [_turns(codes[client::CLIENTS]) for client in range(CLIENTS)]

    def ask(client: int) -> bytes:
        code, scan_type = next(turns[client])
        return _asked(f"/scan/{code}", scan_type, f"Token {sites.shop.floor_tokens[client]}")

    return ask


def _refused(sites: Sites, tokens: list[str], place: int) -> Ask:
    """In, for who is in already: as at a door one ticket after the other, none over and over."""
    codes = _codes(sites.shop, place)
    turns = [itertools.cycle(codes[client::CLIENTS]) for client in range(CLIENTS)]

    def ask(client: int) -> bytes:
        path = f"/api/v1/admin/tickets/{next(turns[client])}/scan"
        return _asked(path, ScanType.CHECK_IN, f"Scanner {tokens[client]}")

    Ticket.objects.filter(ticket_code__in=codes).update(is_inside=True)
    return ask


def _asked(path: str, scan_type: ScanType, authorization: str) -> bytes:
    body = json.dumps({"scanType": scan_type, "scanId": str(uuid.uuid4())}).encode()
    return request("POST", path, body=body, headers={"Authorization": authorization})


def _check(shop: Shop) -> None:
    """Whoever is inside came in once more often than out."""
    shop.enter()
    refused = _codes(shop, CONTENDERS - 1)
    accepted = TicketScan.objects.filter(event=shop.door, accepted=True)
    accepted = accepted.exclude(ticket__ticket_code__in=refused)
    entered = accepted.filter(scan_type=ScanType.CHECK_IN).count()
    left = accepted.filter(scan_type=ScanType.CHECK_OUT).count()
    inside = Ticket.objects.filter(event=shop.door, is_inside=True)
    assert entered - left == inside.exclude(ticket_code__in=refused).count(), (entered, left)
