"""A provider that lives in our own database: a page with Pay and Decline, no real money.

It keeps books of its own (`demo_sessions`, `demo_refunds`), so that our ledger is tried against
somebody else's word, as it will be with a real provider.
"""

import secrets
from datetime import datetime

from django.db import transaction
from django.db.models import Sum
from django.urls import reverse

from payments.errors import GatewayRefused
from payments.gateways.base import RefundRequest, Session, SessionRequest, SessionStatus
from payments.models import ZERO, DemoRefund, DemoSession


class DemoGateway:
    """Implements payments.gateways.base.Gateway."""

    name = "demo"

    def create_session(self, request: SessionRequest) -> Session:
        row, _ = DemoSession.objects.get_or_create(
            idempotency_key=request.idempotency_key,
            defaults={
                "session_id": f"demo_{secrets.token_urlsafe(24)}",
                "amount": request.amount,
                "currency": request.currency,
                "description": request.description,
                "return_url": request.return_url,
                "expires_at": request.expires_at,
            },
        )
        return _session(row)

    def fetch_session(self, session_id: str) -> Session:
        return _session(_find(session_id))

    def expire_session(self, session_id: str, *, at: datetime) -> Session:
        DemoSession.objects.filter(session_id=session_id, status="open").update(status="expired")
        return _session(_find(session_id))

    def refund(self, request: RefundRequest) -> str:
        with transaction.atomic():
            session = DemoSession.objects.select_for_update().get(session_id=request.session_id)
            known = session.refunds.filter(idempotency_key=request.idempotency_key).first()
            if known is not None:
                return known.refund_id
            given = session.refunds.aggregate(total=Sum("amount"))["total"] or ZERO
            if session.status != "paid" or given + request.amount > session.amount:
                raise GatewayRefused("More than was paid can't be paid back.")
            return DemoRefund.objects.create(
                session=session,
                idempotency_key=request.idempotency_key,
                refund_id=f"demo_re_{secrets.token_hex(12)}",
                amount=request.amount,
            ).refund_id


def pay(session_id: str, *, at: datetime) -> bool:
    """The Pay button of the demo page. False when the session is over (never paid twice)."""
    return bool(
        DemoSession.objects.filter(session_id=session_id, status="open", expires_at__gt=at).update(
            status="paid"
        )
    )


def _find(session_id: str) -> DemoSession:
    try:
        return DemoSession.objects.get(session_id=session_id)
    except DemoSession.DoesNotExist as error:
        raise GatewayRefused("There is no such session.") from error


def _session(row: DemoSession) -> Session:
    return Session(
        id=row.session_id,
        # A path: this provider lives on our own site, under whatever name it was reached by.
        url=reverse("payments:demo_checkout", args=[row.session_id]),
        status=SessionStatus(row.status),
        amount=row.amount,
        currency=row.currency,
    )
