"""The door on staff pages: let in by name whose phone is flat, and see what was scanned."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import url_has_allowed_host_and_scheme
from unfold.decorators import display

from accounts.models import User
from common import clock
from common.errors import DomainError
from common.http import HttpResponseSeeOther, Request
from common.staff.words import mark
from tickets.admin.goods import GoodsAdmin
from tickets.door import first_scan_of
from tickets.models import Ticket, TicketScan
from tickets.queries import facts_of
from tickets.rules import judge_scan
from tickets.services import scan_ticket, undo_scan
from tickets.services.scan import UNDO_WITHIN
from tickets.states import ScanType

# Where such a scan was, in the histories and among the gates.
BY_NAME: Final = "Staff list"
LABELS: Final = {ScanType.CHECK_IN: "Check in", ScanType.CHECK_OUT: "Check out"}
DONE: Final = {ScanType.CHECK_IN: "is in", ScanType.CHECK_OUT: "is out"}


@dataclass(frozen=True)
class Deed:
    """A button: what it says, and where it is sent."""

    label: str
    address: str


@dataclass(frozen=True)
class ScanLine:
    """One attempt in words; `undo` is '' where it can't be taken back (any more)."""

    when: str
    what: str
    ticket: Ticket | None
    answer: str
    where: str
    who: str
    undo: str


def said_scans(
    scans: Iterable[TicketScan], *, zone: str, at: datetime, back: str, may_undo: bool
) -> list[ScanLine]:
    """These attempts, the latest first, by the event's clock."""
    lines, seen = [], set()
    for scan in sorted(scans, key=lambda scan: -scan.pk):
        # Only the last that stands can be taken back.
        is_last = scan.counts and scan.ticket_id not in seen
        if scan.counts:
            seen.add(scan.ticket_id)
        can_undo = may_undo and is_last and at - scan.scanned_at <= UNDO_WITHIN
        lines.append(
            ScanLine(
                when=_stamp(scan.scanned_at, zone),
                what=str(scan.get_scan_type_display()),
                ticket=scan.ticket,
                answer=_said_answer(scan, zone),
                where=scan.scan_location,
                who=scan.scanned_by,
                undo=_undo_address(scan, back) if can_undo else "",
            )
        )
    return lines


def deeds_for(ticket: Ticket, *, at: datetime, back: str) -> list[Deed]:
    """What the door could do with this ticket now, by the rules that will decide it."""
    facts = facts_of(ticket)
    # Out only where one may come in again: a single entry is used up.
    types = LABELS if ticket.event.is_multi_entry else [ScanType.CHECK_IN]
    return [
        Deed(LABELS[scan_type], _scan_address(ticket, scan_type, back))
        for scan_type in types
        if judge_scan(facts, scan_type, at=at).valid
    ]


class AtTheDoorAdmin(GoodsAdmin):
    """Mixed into the admin of tickets."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path(
                "<int:ticket_id>/scan/<slug:scan_type>/",
                view(self.scan_view),
                name="tickets_ticket_scan",
            ),
            path("scans/<int:scan_id>/undo/", view(self.undo_view), name="tickets_scan_undo"),
            *super().get_urls(),
        ]

    @display(description="at the door")
    def show_door(self, ticket: Ticket) -> str:
        """Whether its holder is in, and the button that lets them in; needs no script."""
        # A button of the list's own form that is sent elsewhere: forms can't stand in forms.
        return format_html(
            '<span class="staff-door">{}{}</span>',
            mark("inside", "info") if ticket.is_inside else "",
            format_html_join(
                "",
                '<button type="submit" class="staff-button" formaction="{}">{}</button>',
                ((deed.address, deed.label) for deed in ticket.deeds),  # type: ignore[attr-defined]
            ),
        )

    @staticmethod
    def may_scan(request: Request) -> bool:
        return bool(request.user.has_perm("tickets.scan_ticket"))

    def scan_view(self, request: Request, ticket_id: int, scan_type: str) -> HttpResponse:
        """Scan one ticket, found by name; back to where the button stood."""
        if scan_type not in LABELS:
            raise Http404("There is no such scan.")
        ticket: Ticket = self.thing(request, ticket_id)

        def scan(by: User) -> None:
            found = scan_ticket(
                code=ticket.ticket_code,
                scan_type=ScanType(scan_type),
                location=BY_NAME,
                event_id=ticket.event_id,
                # One a button: pressed twice, it is one scan.
                scan_id=_uuid(request.GET.get("scan", "")),
                by=by,
                at=request.at,
            )
            said = _said_outcome(found, ticket)
            self.message_user(request, said, messages.SUCCESS if found.accepted else messages.ERROR)

        return self._at_the_door(request, scan, page=self.page_of(ticket))

    def undo_view(self, request: Request, scan_id: int) -> HttpResponse:
        """Take a scan back; back to where the button stood."""

        def undo(by: User) -> None:
            undone = undo_scan(scan_id=scan_id, by=by, at=request.at)
            self.message_user(request, f"The scan of {undone.ticket} is undone.")

        page = reverse("admin:tickets_ticket_changelist")
        return self._at_the_door(request, undo, page=page)

    def _at_the_door(
        self, request: Request, deed: Callable[[User], None], *, page: str
    ) -> HttpResponse:
        if not (self.may_scan(request) and self.has_view_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            deed(cast(User, request.user))
        except DomainError as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
        back = request.GET.get("back", "")
        is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
        return HttpResponseSeeOther(back if is_ours else page)


def _said_outcome(scan: TicketScan, ticket: Ticket) -> str:
    name = ticket.user.get_full_name()
    if scan.accepted:
        return f"{name} {DONE[ScanType(scan.scan_type)]}."
    said = f"{name} was not let through: {scan.reason}"
    first = first_scan_of(scan)
    if first is not None:
        where = f", {first.scan_location}" if first.scan_location else ""
        said += f" (in since {_stamp(first.scanned_at, ticket.event.timezone)}{where})"
    return f"{said}."


def _said_answer(scan: TicketScan, zone: str) -> str:
    if not scan.accepted:
        return f"refused: {scan.reason}"
    if scan.undone_at is None:
        return "let through"
    by = f" by {scan.undone_by.get_full_name()}" if scan.undone_by else ""
    return f"undone at {clock.say_time(scan.undone_at, zone)}{by}"


def _stamp(at: datetime, zone: str) -> str:
    return f"{clock.say_date(at, zone)}, {clock.say_time(at, zone)}"


def _scan_address(ticket: Ticket, scan_type: ScanType, back: str) -> str:
    address = reverse("admin:tickets_ticket_scan", args=[ticket.pk, scan_type.value])
    return f"{address}?{urlencode({'scan': str(uuid4()), 'back': back})}"


def _undo_address(scan: TicketScan, back: str) -> str:
    address = reverse("admin:tickets_scan_undo", args=[scan.pk])
    return f"{address}?{urlencode({'back': back})}"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def scans_of(**of: Any) -> list[TicketScan]:
    """The attempts with one ticket, or with all of one order."""
    rows = TicketScan.objects.filter(**of).select_related(
        "ticket", "scanner_user", "scanner_link", "undone_by"
    )
    return list(rows.order_by("-pk"))
