"""Webhooks about subscriptions are hints: lost, late, double or strange ones do no harm."""

import itertools
import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import stripe
import time_machine
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from common.people import lock_people
from common.service import in_one_transaction
from payments import courier
from payments.errors import GatewayUnavailable
from payments.gateways import gateway
from payments.gateways.base import AgreementStatus, InvoiceStatus, Session, SessionStatus
from payments.models import (
    BillingAgreement,
    Payment,
    PaymentAttempt,
    Refund,
    WebhookEvent,
)
from payments.policies import period_end
from payments.services import bills
from payments.states import AgreementState, EventState, Wanted
from payments.tasks import apply_events, ask_agreements
from tests.infrastructure.races import ROUNDS, Crowd
from tests.infrastructure.world import NOW, MakeUser
from tests.money.billing import AN_HOUR, bill, told
from tests.money.magazine import PRICE, Magazine, completed, opened, subscribe
from tests.money.oracle import OracleGateway

SECRET = "whsec_of_the_tests"
RENEWS = period_end(NOW, "month")
FIRST = bill("in_1")
SECOND = bill("in_2", covers_from=RENEWS, paid_at=RENEWS + AN_HOUR)
NUMBER = "sub_1"

pytestmark = pytest.mark.django_db(transaction=True)

MakeCrowd = Callable[[int], Crowd]
Oracle = type[OracleGateway]


@pytest.fixture
def oracle(settings: Settings) -> Iterator[Oracle]:
    settings.PAYMENT_GATEWAYS = {"stripe": "tests.money.oracle.OracleGateway"}
    settings.PAYMENT_PROVIDER = "stripe"
    settings.STRIPE_WEBHOOK_SECRET = SECRET
    OracleGateway.says, OracleGateway.asked = {}, []
    gateway.cache_clear()
    with time_machine.travel(RENEWS + 2 * AN_HOUR, tick=False):
        yield OracleGateway
    gateway.cache_clear()


@pytest.fixture
def customer(transactional_db: None, make_user: MakeUser) -> User:
    return make_user("ada@example.com")


def sign_up(customer: User, number: str = NUMBER) -> BillingAgreement:
    payment = subscribe(customer.pk)
    completed(opened(payment, name=f"cs_{number}", provider="stripe"), number=number)
    return BillingAgreement.objects.get(payments=payment)


@pytest.fixture
def agreement(oracle: Oracle, magazine: Magazine, customer: User) -> BillingAgreement:
    return sign_up(customer)


_numbers = itertools.count(1)


def event(kind: str, number: str = NUMBER) -> str:
    """As Stripe would tell it; what it says besides the number is out of date on purpose."""
    if kind.startswith("invoice."):
        details = {"subscription_details": {"subscription": number}}
        thing: dict[str, Any] = {"id": "in_x", "status": "open", "parent": details}
    else:
        thing = {"id": number, "status": "incomplete"}
    return json.dumps(
        {
            "id": f"evt_{next(_numbers)}",
            "type": kind,
            "created": int(time.time()),
            "data": {"object": thing},
        }
    )


def deliver(body: str) -> int:
    signature = stripe.WebhookSignature.generate_signature_header(body, SECRET, int(time.time()))
    answer = Client().post(
        "/api/v1/webhooks/stripe",
        body,
        content_type="application/json",
        headers={"Stripe-Signature": signature},
    )
    status: int = answer.status_code
    return status


def states() -> list[str]:
    return list(WebhookEvent.objects.order_by("pk").values_list("state", flat=True))


def invoices() -> list[str | None]:
    return list(PaymentAttempt.objects.order_by("pk").values_list("invoice_id", flat=True))


def test_a_hint_is_asked_about_and_the_answer_booked(
    agreement: BillingAgreement, oracle: Oracle
) -> None:
    oracle.says[NUMBER] = told(agreement, FIRST, SECOND)

    assert deliver(event("invoice.paid")) == 200

    agreement.refresh_from_db()
    assert (agreement.status, agreement.paid_until) == ("active", SECOND.covers_until)
    assert invoices() == ["in_1", "in_2"]
    assert (states(), oracle.asked) == ([EventState.DONE], [NUMBER])


def test_a_duplicate_is_done_already_and_asks_nobody(
    agreement: BillingAgreement, oracle: Oracle
) -> None:
    oracle.says[NUMBER] = told(agreement, FIRST, SECOND)
    body = event("invoice.paid")

    assert [deliver(body), deliver(body)] == [200, 200]

    assert oracle.asked == [NUMBER]
    assert invoices() == ["in_1", "in_2"]


def test_every_order_of_hints_comes_to_the_same_end(
    agreement: BillingAgreement, oracle: Oracle
) -> None:
    """What an event says doesn't count: each asks how it stands now."""
    ended = told(agreement, FIRST, SECOND, status=AgreementStatus.ENDED, ended_at=RENEWS + AN_HOUR)
    oracle.says[NUMBER] = ended
    kinds = ["created", "updated", "deleted"]
    hints = [event(f"customer.subscription.{kind}") for kind in kinds]
    hints += [event("invoice.paid"), event("invoice.payment_failed")]
    random.shuffle(hints)

    for hint in hints:
        assert deliver(hint) == 200
        agreement.refresh_from_db()
        assert agreement.status == AgreementState.ENDED
    assert invoices() == ["in_1", "in_2"]


def test_a_silent_provider_is_5xx_and_the_event_comes_again(
    agreement: BillingAgreement, oracle: Oracle
) -> None:
    oracle.says[NUMBER] = GatewayUnavailable("connection refused")
    body = event("invoice.paid")

    assert deliver(body) == 500
    row = WebhookEvent.objects.get()
    assert (row.state, row.attempts) == (EventState.FAILED, 1)
    assert row.last_error == "GatewayUnavailable: connection refused"
    agreement.refresh_from_db()
    assert agreement.answers == 0

    oracle.says[NUMBER] = told(agreement, FIRST, SECOND)
    WebhookEvent.objects.update(next_try_at=NOW)
    assert apply_events() == 1
    assert (states(), invoices()) == ([EventState.DONE], ["in_1", "in_2"])


def test_hints_of_a_silent_provider_do_not_keep_other_events(
    agreement: BillingAgreement, oracle: Oracle, customer: User
) -> None:
    oracle.says[NUMBER] = GatewayUnavailable("connection refused")
    for _ in range(5):
        deliver(event("invoice.paid"))
    later = opened(subscribe(customer.pk), name="cs_later", provider="stripe")
    body = json.loads(event("checkout.session.expired"))
    body["data"]["object"] = {
        "id": "cs_later", "mode": "subscription", "status": "expired", "payment_status": "unpaid",
        "amount_total": 1200, "currency": "usd", "created": int(time.time()),
        "client_reference_id": later.idempotency_key,
    }  # fmt: skip
    deliver(json.dumps(body))
    WebhookEvent.objects.update(state=EventState.RECEIVED, next_try_at=NOW, attempts=0)
    oracle.asked.clear()

    apply_events()

    assert oracle.asked == [NUMBER] * 3
    assert states() == [EventState.FAILED] * 3 + [EventState.RECEIVED] * 2 + [EventState.DONE]


@pytest.mark.parametrize("known", [True, False], ids=["known-there", "unknown-there"])
def test_the_subscriptions_of_another_site_are_ignored(
    agreement: BillingAgreement, oracle: Oracle, known: bool
) -> None:
    """Though the number that it calls ours may be ours by chance."""
    if known:
        theirs = BillingAgreement(pk=agreement.pk, provider_id="sub_theirs")
        oracle.says["sub_theirs"] = told(theirs, bill("in_theirs"))

    assert deliver(event("invoice.paid", "sub_theirs")) == 200

    assert states() == [EventState.IGNORED]
    assert (invoices(), Payment.objects.count()) == ([None], 1)
    agreement.refresh_from_db()
    assert agreement.provider_id == NUMBER


def test_a_bill_that_is_no_subscriptions_is_ignored(oracle: Oracle) -> None:
    body = json.loads(event("invoice.paid"))
    body["data"]["object"]["parent"] = None

    assert deliver(json.dumps(body)) == 200

    assert (states(), oracle.asked) == ([EventState.IGNORED], [])


def test_a_hint_that_comes_before_the_sign_up_is_heard_of_asks_about_that_first(
    oracle: Oracle, magazine: Magazine, customer: User
) -> None:
    payment = subscribe(customer.pk)
    attempt = opened(payment, provider="stripe")
    known = BillingAgreement.objects.get()
    oracle.says[NUMBER] = told(BillingAgreement(pk=known.pk, provider_id=NUMBER), FIRST)
    oracle.says["cs_1"] = Session(
        id="cs_1",
        url="",
        status=SessionStatus.PAID,
        amount=PRICE,
        currency="USD",
        reference=attempt.idempotency_key,
        agreement_number=NUMBER,
        invoice_id="in_1",
    )

    assert deliver(event("customer.subscription.created")) == 200

    known.refresh_from_db()
    assert (known.provider_id, known.answers) == (NUMBER, 1)
    assert (invoices(), Payment.objects.get().status) == (["in_1"], "paid")
    assert magazine.told == [("paid", payment.pk), ("changed", known.pk)]
    assert states() == [EventState.DONE]


def test_a_hint_at_what_is_still_being_signed_waits_for_its_session(
    oracle: Oracle, magazine: Magazine, customer: User
) -> None:
    """The session's own event, or the beat, asks about all of it once it is completed."""
    opened(subscribe(customer.pk), provider="stripe")
    known = BillingAgreement.objects.get()
    oracle.says[NUMBER] = told(BillingAgreement(pk=known.pk, provider_id=NUMBER))
    oracle.says["cs_1"] = Session(
        id="cs_1", url="", status=SessionStatus.OPEN, amount=PRICE, currency="USD"
    )

    assert deliver(event("customer.subscription.created")) == 200

    assert states() == [EventState.IGNORED]
    known.refresh_from_db()
    assert (known.provider_id, magazine.told) == (None, [])


def test_a_refund_of_a_renewal_that_comes_before_its_bill_waits_for_it(
    agreement: BillingAgreement, oracle: Oracle
) -> None:
    body = json.loads(event("refund.created"))
    body["data"]["object"] = {
        "id": "re_1", "amount": 500, "currency": "usd", "status": "succeeded",
        "payment_intent": "pi_in_2", "metadata": {}, "created": int(time.time()),
    }  # fmt: skip
    deliver(json.dumps(body))
    assert (states(), Refund.objects.count()) == ([EventState.RECEIVED], 0)

    oracle.says[NUMBER] = told(agreement, FIRST, SECOND)
    deliver(event("invoice.paid"))
    WebhookEvent.objects.update(next_try_at=NOW)
    apply_events()

    assert states() == [EventState.DONE] * 2
    assert Refund.objects.get().payment.attempts.get().invoice_id == "in_2"


# --- Several at once ------------------------------------------------------------------------


@pytest.mark.race
@pytest.mark.mariadb
@pytest.mark.parametrize("is_locked", [True, False], ids=["locked", "control-without-locks"])
def test_hints_at_once_book_one_bill(
    oracle: Oracle,
    magazine: Magazine,
    customer: User,
    crowd: MakeCrowd,
    monkeypatch: pytest.MonkeyPatch,
    is_locked: bool,
) -> None:
    """With webhooks, the beat and the way back all at it; the control books it more than once,
    where even the bill's number isn't unique any more.
    """
    people = crowd(8)
    booked: list[str] = []
    real = bills._book

    def counted(agreement: Any, answer: Any, bill: Any, at: Any) -> None:
        booked.append(bill.id)
        real(agreement, answer, bill, at)

    monkeypatch.setattr(bills, "_book", counted)
    if not is_locked:
        monkeypatch.setattr(QuerySet, "select_for_update", lambda self, *a, **kw: self)
    worst = 0
    for number in range(ROUNDS):
        found = sign_up(customer, number=f"sub_{number}")
        first, second = bill(f"in_{number}_1"), bill(f"in_{number}_2", covers_from=RENEWS)
        oracle.says[f"sub_{number}"] = told(found, first, second)
        hints = [partial(deliver, event("invoice.paid", f"sub_{number}")) for _ in range(4)]
        asks = [partial(courier.ask_agreement, found.pk, at=timezone.now())] * 4
        booked.clear()

        answers = people.at_once([*hints, *asks])

        worst = max(worst, len(booked))
        if is_locked:
            assert booked == [f"in_{number}_2"]
            assert {each for each in answers if isinstance(each, int)} <= {200, 500, 503}
            assert not [each for each in answers if isinstance(each, Exception)]
        renewals = Payment.objects.filter(agreement=found)
        assert renewals.count() == 2
    assert (worst == 1) == is_locked


@pytest.mark.race
@pytest.mark.mariadb
def test_a_hint_of_a_renewal_against_a_cancel_keeps_or_returns_all_of_it(
    oracle: Oracle, magazine: Magazine, customer: User, crowd: MakeCrowd
) -> None:
    """Whoever is first: what was collected after the cancel goes back, once."""
    people = crowd(2)
    for number in range(ROUNDS):
        found = sign_up(customer, number=f"sub_{number}")
        now = timezone.now()
        second = bill(f"in_{number}_2", covers_from=RENEWS, paid_at=now)
        oracle.says[f"sub_{number}"] = told(found, bill(f"in_{number}_1"), second)

        def cancel(pk: int = found.pk) -> None:
            want_now(pk)

        people.at_once([cancel, partial(deliver, event("invoice.paid", f"sub_{number}"))])

        renewal = Payment.objects.get(attempts__invoice_id=f"in_{number}_2")
        found.refresh_from_db()
        assert found.wanted == Wanted.END_LATER
        was_void = renewal.closed_because != ""
        assert renewal.refunded == (PRICE if was_void else 0)
        assert found.paid_until == (RENEWS if was_void else second.covers_until)


def want_now(agreement_id: int) -> None:
    """As a seller's service does: the person first, then the agreement."""

    def work() -> None:
        known = BillingAgreement.objects.get(pk=agreement_id)
        lock_people(known.user_id)
        agreement = BillingAgreement.objects.select_for_update().get(pk=agreement_id)
        agreement.want(Wanted.END_LATER, at=timezone.now())

    in_one_transaction(work)


@pytest.mark.race
@pytest.mark.mariadb
def test_the_beat_against_hints_never_goes_back_to_an_older_answer(
    oracle: Oracle,
    magazine: Magazine,
    customer: User,
    crowd: MakeCrowd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The provider moves on while it is asked from all sides: its last word stands in the end."""
    people = crowd(6)
    real = OracleGateway.fetch_agreement

    for number in range(ROUNDS):
        name = f"sub_{number}"
        found = sign_up(customer, number=name)
        first = bill(f"in_{number}_1")
        failed = bill(f"in_{number}_2", covers_from=RENEWS, status=InvoiceStatus.OPEN)
        paid = bill(f"in_{number}_2", covers_from=RENEWS)
        early = told(found, first, failed, status=AgreementStatus.PAST_DUE)
        late = told(found, first, paid)
        oracle.says[name] = early
        answered = itertools.count(1)

        def moving(
            self: OracleGateway,
            number: str,
            count: Iterator[int] = answered,
            late: Any = late,
        ) -> Any:
            answer = real(self, number)
            # Those who asked first are the last to write.
            if next(count) <= 3:
                oracle.says[number] = late
                time.sleep(0.02)
            return answer

        monkeypatch.setattr(OracleGateway, "fetch_agreement", moving)

        hints = [partial(deliver, event("invoice.paid", name)) for _ in range(3)]
        people.at_once([*hints, *[ask_agreements] * 3])

        found.refresh_from_db()
        assert (found.status, found.paid_until) == (AgreementState.ACTIVE, paid.covers_until)
        assert Payment.objects.filter(agreement=found).count() == 2
        BillingAgreement.objects.update(next_ask_at=timezone.now() + timedelta(days=1))


def test_overtaken_again_and_again_the_event_is_quietly_left_to_the_beat(
    agreement: BillingAgreement,
    oracle: Oracle,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    oracle.says[NUMBER] = told(agreement, FIRST, SECOND)
    body = event("invoice.paid")
    with monkeypatch.context() as patched:
        patched.setattr("payments.services.webhook.apply_agreement", lambda **kwargs: False)

        assert deliver(body) == 200

    row = WebhookEvent.objects.get()
    assert row.state == EventState.RECEIVED
    assert oracle.asked == [NUMBER] * 3
    assert [line for line in caplog.records if line.levelname in {"WARNING", "ERROR"}] == []
    # Delivered again, or by the next round of the beat: it is applied.
    assert apply_events() == 1
    assert (states(), invoices()) == ([EventState.DONE], ["in_1", "in_2"])
    assert deliver(body) == 200
