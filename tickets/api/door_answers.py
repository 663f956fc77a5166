"""What a scanner is answered, written by hand.

A queue waits for this answer, and a serializer of fifty fields that is made anew for each request
takes as long as the scan itself. The tests hold it to what the serializers would write.
"""

from datetime import datetime
from typing import Any, Final

from rest_framework.status import HTTP_200_OK, HTTP_404_NOT_FOUND, HTTP_409_CONFLICT

from common.api.errors import refusal_body
from common.api.serializers import MoneyField, written_instant
from common.errors import DomainError
from tickets.models import Event, Ticket, TicketScan
from tickets.rules import UNKNOWN

Written = dict[str, Any]

PRICE: Final = MoneyField()


def status_of(scan: TicketScan) -> int:
    if scan.accepted:
        return HTTP_200_OK
    return HTTP_404_NOT_FOUND if scan.code == UNKNOWN.code else HTTP_409_CONFLICT


def accepted_body(scan: TicketScan, *, ticket: Written, with_address: bool) -> Written:
    return {
        "accepted": True,
        "ticket": ticket,
        "scan": written_scan(scan),
        "attendee": written_attendee(scan.ticket, with_address=with_address),
    }


def refused_body(
    scan: TicketScan,
    *,
    ticket: Written | None,
    first: TicketScan | None,
    attendee: Written | None,
    at: datetime,
) -> Written:
    refusal = DomainError(scan.reason, code=scan.code, status=status_of(scan))
    body = {
        "accepted": False,
        "reason": scan.reason,
        "code": scan.code,
        "ticket": ticket,
        "scan": written_scan(scan),
        "attendee": attendee,
    }
    if first is not None:
        body["firstScan"] = written_scan(first)
    return body | refusal_body(refusal, at=at)


def reused_body(error: DomainError, *, at: datetime) -> Written:
    """For an attempt that wasn't judged at all."""
    return {
        "accepted": False,
        "reason": error.message,
        "code": error.code,
        "ticket": None,
        "scan": None,
        "attendee": None,
    } | refusal_body(error, at=at)


def written_attendee(ticket: Ticket | None, *, with_address: bool) -> Written | None:
    if ticket is None:
        return None
    return {"name": ticket.attendee_name, "email": ticket.user.email if with_address else None}


def written_scan(scan: TicketScan) -> Written:
    """As a ScanSerializer does."""
    return {
        "id": scan.pk,
        "ticketId": scan.ticket_id,
        "scanType": str(scan.scan_type),
        "scannedAt": written_instant(scan.scanned_at),
        "scanLocation": scan.scan_location,
        "scannerUserId": scan.scanner_user_id,
        "scannerLinkId": scan.scanner_link_id,
        "eventId": scan.event_id,
        "scanId": None if scan.scan_id is None else str(scan.scan_id),
        "accepted": scan.accepted,
        "code": scan.code,
        "reason": scan.reason,
        "undoneAt": _instant(scan.undone_at),
    }


def written_ticket(ticket: Ticket, *, at: datetime) -> Written:
    """As a DoorTicketSerializer does: no prices."""
    return {
        "id": ticket.pk,
        "ticketCode": ticket.ticket_code,
        "userId": ticket.user_id,
        "eventId": ticket.event_id,
        "event": _event(ticket.event, at),
        "orderId": ticket.order_id,
        "ticketType": ticket.ticket_type,
        "status": str(ticket.status_at(at)),
        "pricePaid": None,
        "currency": ticket.order.currency,
        "validFrom": written_instant(ticket.valid_from),
        "validUntil": written_instant(ticket.valid_until),
        "paymentId": None,
        "checkInTime": _instant(ticket.check_in_time),
        "qrCodeUrl": None,
        "pdfUrl": None,
        "metadata": ticket.metadata,
        "refundAmount": None,
        "refundPercent": None,
        "refundSchedule": [],
        "createdAt": written_instant(ticket.created_at),
        "updatedAt": written_instant(ticket.updated_at),
        "cancelledAt": _instant(ticket.cancelled_at),
        "isInside": ticket.is_inside,
        "ticketLabel": ticket.order.label,
    }


def _event(event: Event, at: datetime) -> Written:
    """As a HeldEventSerializer does for who may not know its online address."""
    return {
        "id": event.pk,
        "name": event.name,
        "description": event.description,
        "eventType": event.event_type,
        "startDate": written_instant(event.start_date),
        "endDate": written_instant(event.end_date),
        "location": event.location,
        "isOnline": event.is_online,
        "maxParticipants": event.max_participants,
        "currentParticipants": event.current_participants,
        "ticketPrice": PRICE.to_representation(event.price),
        "status": str(event.status_at(at)),
        "imageUrl": event.image_url,
        "metadata": event.metadata,
        "timezone": event.timezone,
        "entryMode": event.entry_mode,
        "doorsOpenMinutes": event.doors_open_minutes,
        "refundPolicy": event.refund_policy,
        "onlineUrl": None,
        "placesLeft": event.places_left,
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else written_instant(at)
