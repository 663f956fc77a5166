"""The door: a page that scans, for staff, and one for a phone that opened a scanner link."""

import uuid
from typing import Any, Final

from csp.constants import SELF, WASM_UNSAFE_EVAL
from csp.decorators import csp_update
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from common.http import Request
from tickets import door_choice
from tickets.door import attendance_of, first_scan_of
from tickets.door_words import told
from tickets.errors import ScanIdReused
from tickets.models import Event
from tickets.services import scan_ticket
from tickets.states import EventStatus, ScanType
from tickets.views.own import person

# WebAssembly for reading codes; still no eval, no inline script and no inline style.
SCANNER_POLICY: Final = {"script-src": [SELF, WASM_UNSAFE_EVAL]}


@csp_update(SCANNER_POLICY)  # type: ignore[arg-type]  # it knows plain requests alone
@require_http_methods(["GET", "HEAD", "POST"])
def scanner(request: Request) -> HttpResponse:
    """Which door, then the door; without a script a form that checks typed codes."""
    if not request.user.has_perm("tickets.scan_ticket"):
        raise PermissionDenied
    event = _event(_said(request, "event"))
    if event is None or "change" in request.GET:
        return _choice(request, event)
    verdict = _scan(request, event) if request.method == "POST" else None
    return render(request, "tickets/scanner.html", _desk(request, event, verdict))


@csp_update(SCANNER_POLICY)  # type: ignore[arg-type]  # it knows plain requests alone
@never_cache
@require_safe
def scan_link(request: Request) -> HttpResponse:
    """The same for everybody: what the link is for is asked by its script, with its token."""
    return render(
        request,
        "tickets/scan.html",
        {"scan_type": ScanType.CHECK_IN, "directions": door_choice.DIRECTIONS},
    )


def _choice(request: Request, chosen: Event | None) -> HttpResponse:
    offered = [
        door_choice.offered(row, at=request.at) for row in door_choice.events_at_doors(request.at)
    ]
    # The sort is stable: within both groups what begins first stands first.
    offered.sort(key=lambda door: not door["is_now"])
    only = offered[0]["id"] if len(offered) == 1 else None
    context = {
        "event": None,
        "doors": offered,
        "gates": door_choice.gates_known(door["id"] for door in offered),
        "gate": _gate(request),
        "chosen": chosen.pk if chosen else only,
        "scan_type": _type(request),
        "directions": door_choice.DIRECTIONS,
        "is_change": "change" in request.GET,
    }
    return render(request, "tickets/scanner.html", context)


def _scan(request: Request, event: Event) -> dict[str, Any]:
    """One typed code, for browsers without a script. The form's scan id makes a reload harmless."""
    try:
        scan_id = uuid.UUID(request.POST.get("scan_id", ""))
    except ValueError:
        scan_id = uuid.uuid4()
    try:
        scan = scan_ticket(
            code=request.POST.get("code", ""),
            scan_type=ScanType(_type(request)),
            location=_gate(request),
            event_id=event.pk,
            scan_id=scan_id,
            by=person(request),
            at=request.at,
        )
    except ScanIdReused:
        # Back in the browser, another code, the old form: nothing was decided.
        return {
            "tone": "no",
            "word": "AGAIN",
            "why": "Not checked: please enter the code again",
            "name": "",
            "kind": "",
        }
    return told(scan, first_scan_of(scan), event=event, at=request.at)


def _desk(request: Request, event: Event, verdict: dict[str, Any] | None) -> dict[str, Any]:
    attendance = attendance_of(event)
    can_see = request.user.has_perm("tickets.door_event")
    return {
        "event": door_choice.at_the_desk(event),
        "gate": _gate(request),
        "scan_type": _type(request),
        "directions": door_choice.DIRECTIONS,
        "counts": {"inside": attendance.inside, "expected": attendance.expected},
        "told": verdict,
        "scan_id": uuid.uuid4(),
        "door_url": reverse("tickets:door", args=[event.pk]) if can_see else "",
    }


def _event(text: str) -> Event | None:
    """None when none was named. Raises Http404 for one that isn't there; a draft has no door."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Http404
    event: Event | None = (
        Event.objects.exclude(status=EventStatus.DRAFT).filter(pk=int(text)).first()
    )
    if event is None:
        raise Http404
    return event


def _gate(request: Request) -> str:
    return _said(request, "gate").strip()[:100]


def _type(request: Request) -> str:
    wanted = _said(request, "type")
    return wanted if wanted in ScanType.values else ScanType.CHECK_IN


def _said(request: Request, name: str) -> str:
    """The form says it again, and may say it anew; the address is where it comes from."""
    return str(request.POST.get(name, request.GET.get(name, "")))
