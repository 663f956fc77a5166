"""The demo provider as payments see it; see payments.gateways.base for what is promised."""

import secrets
from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.urls import reverse

from payments.errors import BadSignature, GatewayRefused
from payments.gateways.base import (
    AgreementStatus,
    InvoiceStatus,
    ProviderAgreement,
    ProviderCharge,
    ProviderDispute,
    ProviderEvent,
    ProviderInvoice,
    ProviderRefund,
    RefundRequest,
    RefundStatus,
    Session,
    SessionRequest,
    SessionStatus,
    Subject,
)
from payments.gateways.demo import life
from payments.models import ZERO, DemoAgreement, DemoBill, DemoRefund, DemoSession

INVOICE_STATUS = {
    "open": InvoiceStatus.OPEN,
    "paid": InvoiceStatus.PAID,
    "dead": InvoiceStatus.DEAD,
}


class DemoGateway:
    """Implements payments.gateways.base.Gateway."""

    name = "demo"
    # No call of it leaves our own database.
    lives_here = True

    def create_session(self, request: SessionRequest) -> Session:
        fields = {
            "session_id": f"demo_{secrets.token_urlsafe(24)}",
            "amount": request.amount,
            "currency": request.currency,
            "description": request.description,
            "return_url": request.return_url,
            "expires_at": request.expires_at,
            "payment_id": request.payment_id,
        }
        if request.recurring is not None:
            fields |= {
                "amount": ZERO if request.recurring.trial_days else request.amount,
                "price": request.amount,
                "for_agreement": request.recurring.agreement_id,
                "interval": request.recurring.interval,
                "trial_days": request.recurring.trial_days,
            }
        row, _ = DemoSession.objects.get_or_create(
            idempotency_key=request.idempotency_key, defaults=fields
        )
        return _session(row)

    def fetch_session(self, session_id: str) -> Session:
        return _session(_find(session_id))

    def expire_session(self, session_id: str, *, at: datetime) -> Session:
        DemoSession.objects.filter(session_id=session_id, status="open").update(status="expired")
        return _session(_find(session_id))

    def refund(self, request: RefundRequest) -> ProviderRefund:
        with transaction.atomic():
            source = _money_to_give_back(request)
            known = source.refunds.filter(idempotency_key=request.idempotency_key).first()
            if known is not None:
                return _refund(known)
            given = source.refunds.aggregate(total=Sum("amount"))["total"] or ZERO
            if source.status != "paid" or given + request.amount > source.amount:
                raise GatewayRefused("More than was paid can't be paid back.")
            return _refund(
                DemoRefund.objects.create(
                    session=source if isinstance(source, DemoSession) else None,
                    bill=source if isinstance(source, DemoBill) else None,
                    idempotency_key=request.idempotency_key,
                    refund_id=f"demo_re_{secrets.token_hex(12)}",
                    amount=request.amount,
                    for_refund=request.refund_id,
                )
            )

    def find_refund(self, request: RefundRequest) -> ProviderRefund | None:
        refunds = DemoRefund.objects.select_related("session", "bill__agreement__session")
        found = refunds.filter(for_refund=request.refund_id).first()
        return _refund(found) if found else None

    def refunds_of(self, provider_payment_id: str) -> Iterator[ProviderRefund]:
        found = DemoRefund.objects.select_related("session", "bill__agreement__session")
        bill = _number_after("demo_pay_bill_", provider_payment_id)
        session = _number_after("demo_pay_", provider_payment_id)
        if bill is not None:
            yield from map(_refund, found.filter(bill_id=bill))
        elif session is not None:
            yield from map(_refund, found.filter(session_id=session))

    def sessions(self, *, since: datetime) -> Iterator[Session]:
        found = DemoSession.objects.filter(created_at__gte=since).order_by("pk")
        return map(_session, found.iterator())

    def charges(self, *, since: datetime) -> Iterator[ProviderCharge]:
        sessions = DemoSession.objects.filter(created_at__gte=since, status="paid", interval="")
        bills = DemoBill.objects.filter(paid_at__gte=since, status="paid", amount__gt=0)
        given = Sum("refunds__amount")
        return chain(
            map(_charge, sessions.order_by("pk").annotate(given_back=given).iterator()),
            map(
                _charge_of_bill,
                bills.select_related("agreement__session")
                .order_by("pk")
                .annotate(given_back=given)
                .iterator(),
            ),
        )

    def refunds(self, *, since: datetime) -> Iterator[ProviderRefund]:
        found = DemoRefund.objects.filter(created_at__gte=since).order_by("pk")
        return map(_refund, found.select_related("session", "bill__agreement__session").iterator())

    def disputes(self, *, since: datetime) -> Iterator[ProviderDispute]:
        return iter(())

    def fetch_agreement(self, number: str) -> ProviderAgreement:
        return _agreement(life.look(number))

    def set_agreement(self, number: str, wanted: str) -> ProviderAgreement:
        return _agreement(life.bring_to(number, wanted))

    def agreements(self, *, since: datetime) -> Iterator[ProviderAgreement]:
        made = DemoAgreement.objects.filter(created_at__gte=since).order_by("pk")
        for number in made.values_list("number", flat=True):
            yield _agreement(life.look(number))

    def read_event(self, body: bytes, signature: str) -> ProviderEvent:
        raise BadSignature("The demo provider sends no webhooks.")

    def subject_of(self, event: ProviderEvent) -> Subject | None:
        return None


def pay(session_id: str, *, at: datetime) -> bool:
    """The Pay button of the demo page. False when the session is over (never paid twice)."""
    open_ones = DemoSession.objects.filter(session_id=session_id, status="open", expires_at__gt=at)
    with transaction.atomic():
        if not open_ones.update(status="paid"):
            return False
        session = DemoSession.objects.get(session_id=session_id)
        if session.is_recurring:
            life.begin(session, at=at)
    return True


def _find(session_id: str) -> DemoSession:
    try:
        return DemoSession.objects.get(session_id=session_id)
    except DemoSession.DoesNotExist as error:
        raise GatewayRefused("There is no such session.") from error


def _money_to_give_back(request: RefundRequest) -> DemoSession | DemoBill:
    """The session or bill that took it, locked."""
    number = request.provider_payment_id
    if not number:
        number = _session(_find(request.session_id)).provider_payment_id
    bill = _number_after("demo_pay_bill_", number)
    session = _number_after("demo_pay_", number)
    found: DemoSession | DemoBill | None = None
    if bill is not None:
        found = DemoBill.objects.select_for_update().filter(pk=bill).first()
    elif session is not None:
        found = DemoSession.objects.select_for_update().filter(pk=session).first()
    if found is None:
        raise GatewayRefused("There is no such money.")
    return found


def _number_after(prefix: str, number: str) -> int | None:
    rest = number.removeprefix(prefix)
    return int(rest) if number.startswith(prefix) and rest.isdecimal() else None


def _session(row: DemoSession) -> Session:
    first = None
    if row.is_recurring and row.status == "paid":
        first = DemoBill.objects.filter(agreement__session=row).order_by("pk").first()
    return Session(
        id=row.session_id,
        # A path: this provider lives on our own site, under whatever name it was reached by.
        url=reverse("payments:demo_checkout", args=[row.session_id]),
        status=SessionStatus(row.status),
        amount=row.amount,
        currency=row.currency,
        provider_payment_id=_money_of_bill(first) if first else _money_of(row),
        payment_id=row.payment_id,
        reference=row.idempotency_key,
        created_at=row.created_at,
        agreement_number=first.agreement.number if first else "",
        invoice_id=first.number if first else "",
    )


def _money_of(row: DemoSession) -> str:
    """What a real provider would number the money by."""
    return f"demo_pay_{row.pk}" if row.status == "paid" else ""


def _money_of_bill(bill: DemoBill) -> str:
    return f"demo_pay_bill_{bill.pk}" if bill.status == "paid" and bill.amount else ""


def _charge(row: DemoSession) -> ProviderCharge:
    return ProviderCharge(
        id=f"demo_ch_{row.pk}",
        provider_payment_id=_money_of(row),
        amount=row.amount,
        # Annotated by `charges`.
        refunded=getattr(row, "given_back", None) or ZERO,
        currency=row.currency,
        payment_id=row.payment_id,
        created_at=row.created_at,
    )


def _charge_of_bill(bill: DemoBill) -> ProviderCharge:
    return ProviderCharge(
        id=f"demo_ch_bill_{bill.pk}",
        provider_payment_id=_money_of_bill(bill),
        amount=bill.amount,
        refunded=getattr(bill, "given_back", None) or ZERO,
        currency=bill.agreement.session.currency,
        created_at=bill.paid_at,
    )


def _refund(row: DemoRefund) -> ProviderRefund:
    if row.bill is not None:
        currency, money = row.bill.agreement.session.currency, _money_of_bill(row.bill)
    else:
        assert row.session is not None
        currency, money = row.session.currency, _money_of(row.session)
    return ProviderRefund(
        id=row.refund_id,
        status=RefundStatus.SUCCEEDED,
        amount=row.amount,
        currency=currency,
        provider_payment_id=money,
        refund_id=row.for_refund,
        created_at=row.created_at,
    )


def _agreement(row: DemoAgreement) -> ProviderAgreement:
    bills = list(row.bills.all())
    return ProviderAgreement(
        id=row.number,
        status=_agreement_status(row, bills),
        agreement_id=row.session.for_agreement,
        trial_ends_at=row.trial_ends_at,
        period_end=row.period_end,
        ends_at_period_end=row.ends_at_period_end,
        ended_at=row.ended_at,
        invoices=tuple(_invoice(bill, row) for bill in bills),
        created_at=row.created_at,
    )


def _agreement_status(row: DemoAgreement, bills: list[DemoBill]) -> AgreementStatus:
    if row.ended_at is not None:
        return AgreementStatus.ENDED
    if any(bill.status == "open" for bill in bills):
        return AgreementStatus.PAST_DUE
    return AgreementStatus.TRIALING if row.is_in_trial else AgreementStatus.ACTIVE


def _invoice(bill: DemoBill, agreement: DemoAgreement) -> ProviderInvoice:
    is_open = bill.status == "open"
    # It goes into mails: a whole address, unlike a session's.
    page = settings.SITE_URL + reverse("payments:demo_agreement", args=[agreement.number])
    return ProviderInvoice(
        id=bill.number,
        status=INVOICE_STATUS[bill.status],
        amount=bill.amount,
        paid=bill.amount if bill.status == "paid" else ZERO,
        currency=agreement.session.currency,
        provider_payment_id=_money_of_bill(bill),
        covers_from=bill.covers_from,
        covers_until=bill.covers_until,
        paid_at=bill.paid_at,
        pay_url=page if is_open else "",
        created_at=bill.created_at,
    )
