"""Asking about subscriptions and telling what is wanted: crashes, silence, answers out of order."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import User
from payments import courier
from payments.courier import agreements as module
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.gateways import demo
from payments.gateways.base import AgreementStatus, ProviderAgreement
from payments.gateways.demo.clock import clock_at
from payments.models import (
    ZERO,
    BillingAgreement,
    DemoAgreement,
    DemoSession,
    Payment,
    PaymentAttempt,
    Refund,
)
from payments.policies import period_end
from payments.states import AgreementState, AttemptState, PaymentState, Wanted
from payments.tasks import (
    ask_agreements,
    ask_open_attempts,
    lapse_holds,
    send_refunds,
    tell_agreements,
)
from tests.infrastructure.world import NOW, MakeUser
from tests.money.billing import bill, hear
from tests.money.magazine import PRICE, Magazine, subscribe
from tests.money.moody import MoodyGateway

# Real transactions: the gateway refuses to be called while one is open.
pytestmark = pytest.mark.django_db(transaction=True)

Moody = type[MoodyGateway]
RENEWS = period_end(NOW, "month")


@pytest.fixture(autouse=True)
def now() -> Iterator[Callable[[datetime], None]]:
    """It is NOW for us and for the provider; the test moves both on."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller.move_to


@pytest.fixture
def customer(transactional_db: None, make_user: MakeUser) -> User:
    return make_user("ada@example.com")


def sign_up(customer: User, **fields: Any) -> BillingAgreement:
    """Through the provider's own page, and asked about by its session; nothing else yet."""
    payment = subscribe(customer.pk, **fields)
    courier.open_session(payment.pk, at=NOW)
    attempt = PaymentAttempt.objects.latest("pk")
    assert attempt.session_id is not None
    assert demo.pay(attempt.session_id, at=NOW)
    courier.ask(attempt.pk, at=NOW)
    return BillingAgreement.objects.get(payments=payment)


@pytest.fixture
def agreement(moody: Moody, magazine: Magazine, customer: User) -> BillingAgreement:
    found = sign_up(customer)
    courier.ask_agreement(found.pk, at=NOW)
    found.refresh_from_db()
    moody.calls.clear()
    return found


def bills() -> list[str]:
    """The states of all payments, one for each bill."""
    return list(Payment.objects.order_by("pk").values_list("status", flat=True))


# --- The page -------------------------------------------------------------------------------


def test_the_page_is_opened_with_all_that_is_agreed(
    moody: Moody, magazine: Magazine, customer: User
) -> None:
    payment = subscribe(customer.pk, trial_days=7)

    courier.open_session(payment.pk, at=NOW)

    session = DemoSession.objects.get()
    assert (session.amount, session.price, session.interval) == (ZERO, PRICE, "month")
    assert (session.trial_days, session.for_agreement) == (7, payment.agreement_id)


def test_a_sign_up_whose_answer_was_lost_is_found_by_the_beat(
    moody: Moody, magazine: Magazine, customer: User
) -> None:
    """Killed between the provider's answer and our note: they signed all the same."""
    payment = subscribe(customer.pk)
    moody.moods = ["cut"]
    with pytest.raises(GatewayUnavailable):
        courier.open_session(payment.pk, at=NOW)
    assert demo.pay(DemoSession.objects.get().session_id, at=NOW)

    ask_open_attempts()

    assert BillingAgreement.objects.get().status == AgreementState.ACTIVE
    assert bills() == [PaymentState.PAID]


# --- Asking ---------------------------------------------------------------------------------


def test_asking_before_it_has_begun_asks_about_its_sign_up(
    moody: Moody, magazine: Magazine, customer: User
) -> None:
    payment = subscribe(customer.pk)
    courier.open_session(payment.pk, at=NOW)
    assert demo.pay(DemoSession.objects.get().session_id, at=NOW)
    known = BillingAgreement.objects.get()

    assert courier.ask_agreement(known.pk, at=NOW).status == AgreementState.ACTIVE

    assert bills() == [PaymentState.PAID]


def test_a_renewal_is_found_by_the_beat_alone(
    agreement: BillingAgreement, now: Callable[[datetime], None]
) -> None:
    """No webhook ever comes."""
    assert ask_agreements() == 0

    now(RENEWS + timedelta(minutes=1))
    assert ask_agreements() == 1

    agreement.refresh_from_db()
    assert agreement.paid_until == period_end(RENEWS, "month")
    assert bills() == [PaymentState.PAID] * 2
    assert ask_agreements() == 0


@pytest.mark.parametrize("mood", ["down", "cut", "no"])
def test_what_is_not_answered_is_noted_and_asked_again_later(
    agreement: BillingAgreement, moody: Moody, now: Callable[[datetime], None], mood: str
) -> None:
    now(RENEWS + timedelta(minutes=1))
    moody.moods = [mood]

    ask_agreements()

    agreement.refresh_from_db()
    assert (agreement.tries, agreement.paid_until) == (1, RENEWS)
    assert agreement.last_error
    assert agreement.next_ask_at == RENEWS + timedelta(minutes=1, seconds=30)
    now(RENEWS + timedelta(minutes=2))
    assert ask_agreements() == 1
    agreement.refresh_from_db()
    assert (agreement.tries, agreement.last_error) == (0, "")
    assert bills() == [PaymentState.PAID] * 2


def test_an_answer_that_was_overtaken_is_asked_for_anew(
    agreement: BillingAgreement, moody: Moody, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the provider was being asked, somebody wrote what it said a moment later."""
    real = MoodyGateway.fetch_agreement
    asked: list[str] = []

    def slow(self: MoodyGateway, number: str) -> ProviderAgreement:
        answer = real(self, number)
        if not asked:
            asked.append(number)
            hear(agreement, bill("in_later", covers_from=RENEWS), at=NOW)
        return answer

    monkeypatch.setattr(MoodyGateway, "fetch_agreement", slow)

    courier.ask_agreement(agreement.pk, at=NOW)

    agreement.refresh_from_db()
    assert moody.calls == ["look", "look"]
    assert agreement.answers == 3
    # As the provider's books really are.
    assert agreement.paid_until == RENEWS


def test_who_is_always_overtaken_gives_up_and_the_beat_comes_back(
    agreement: BillingAgreement, moody: Moody, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = MoodyGateway.fetch_agreement

    def slow(self: MoodyGateway, number: str) -> ProviderAgreement:
        answer = real(self, number)
        hear(agreement, at=NOW)
        return answer

    monkeypatch.setattr(MoodyGateway, "fetch_agreement", slow)

    courier.ask_agreement(agreement.pk, at=NOW)

    assert moody.calls == ["look"] * module.TRIES
    agreement.refresh_from_db()
    assert agreement.next_ask_at == NOW


# --- Telling --------------------------------------------------------------------------------


def want(agreement: BillingAgreement, wanted: Wanted) -> None:
    agreement.refresh_from_db()
    agreement.want(wanted, at=NOW)


@pytest.mark.parametrize("wanted", [Wanted.END_LATER, Wanted.END_NOW])
def test_the_provider_is_told_once(
    agreement: BillingAgreement, moody: Moody, wanted: Wanted
) -> None:
    want(agreement, wanted)

    assert tell_agreements() == 1
    assert tell_agreements() == 0

    agreement.refresh_from_db()
    assert moody.calls == [wanted]
    assert (agreement.confirmed, agreement.claimed_at) == (wanted, None)
    assert agreement.is_over == (wanted == Wanted.END_NOW)


@pytest.mark.parametrize("mood", ["down", "cut"])
def test_told_again_when_the_answer_was_lost(
    agreement: BillingAgreement, moody: Moody, now: Callable[[datetime], None], mood: str
) -> None:
    want(agreement, Wanted.END_NOW)
    moody.moods = [mood]

    tell_agreements()
    agreement.refresh_from_db()
    assert agreement.wants_change()
    assert agreement.next_ask_at == NOW + timedelta(seconds=30)
    now(NOW + timedelta(seconds=30))
    tell_agreements()

    agreement.refresh_from_db()
    assert moody.calls == [Wanted.END_NOW] * 2
    assert not agreement.wants_change()
    assert (agreement.status, agreement.ended_at) == (AgreementState.ENDED, NOW) or mood == "down"
    assert DemoAgreement.objects.exclude(ended_at=None).count() == 1


@pytest.mark.parametrize("mood", ["down", "no"])
def test_who_can_not_be_told_is_listened_to_once_an_hour(
    agreement: BillingAgreement, moody: Moody, now: Callable[[datetime], None], mood: str
) -> None:
    """A month is collected though the end was wanted, and no webhook comes of it."""
    want(agreement, Wanted.END_NOW)

    for minute in (1, 30, 59, 61):
        now(RENEWS + timedelta(minutes=minute))
        moody.moods = [mood]
        tell_agreements()

    agreement.refresh_from_db()
    heard = [Wanted.END_NOW, "look"]
    assert moody.calls == [*heard, Wanted.END_NOW, Wanted.END_NOW, *heard]
    assert bills() == [PaymentState.PAID] * 2
    assert Refund.objects.get().amount == PRICE
    assert agreement.wants_change()
    assert agreement.last_error


def test_who_answers_nothing_is_not_listened_to_for_ever(
    agreement: BillingAgreement, moody: Moody, now: Callable[[datetime], None]
) -> None:
    want(agreement, Wanted.END_NOW)
    now(RENEWS + timedelta(minutes=1))
    moody.moods = ["down", "down"]

    tell_agreements()

    agreement.refresh_from_db()
    assert (agreement.tries, agreement.paid_until) == (1, RENEWS)
    assert bills() == [PaymentState.PAID]


def test_whose_teller_was_killed_is_told_by_the_next(
    agreement: BillingAgreement, moody: Moody, now: Callable[[datetime], None]
) -> None:
    want(agreement, Wanted.END_LATER)
    BillingAgreement.objects.update(claimed_at=NOW)

    now(NOW + timedelta(seconds=119))
    tell_agreements()
    assert moody.calls == []
    now(NOW + timedelta(minutes=2))
    tell_agreements()

    agreement.refresh_from_db()
    assert moody.calls == [Wanted.END_LATER]
    assert agreement.confirmed == Wanted.END_LATER


def test_wanted_otherwise_while_it_is_told_the_last_wish_stands(
    agreement: BillingAgreement, moody: Moody, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled, and kept after all while the provider is being told."""
    want(agreement, Wanted.END_LATER)
    real = MoodyGateway.set_agreement

    def slow(self: MoodyGateway, number: str, wanted: str) -> ProviderAgreement:
        answer = real(self, number, wanted)
        if wanted == Wanted.END_LATER:
            with time_machine.travel(NOW + timedelta(seconds=1), tick=False):
                agreement.refresh_from_db()
                agreement.want(Wanted.RUN, at=NOW + timedelta(seconds=1))
                # Nobody overtakes whom is being told.
                assert not courier.tell_agreement(agreement.pk, at=NOW + timedelta(seconds=1))
        return answer

    monkeypatch.setattr(MoodyGateway, "set_agreement", slow)

    courier.tell_agreement(agreement.pk, at=NOW)
    agreement.refresh_from_db()
    assert (agreement.wanted, agreement.confirmed) == (Wanted.RUN, Wanted.END_LATER)
    assert agreement.next_ask_at == NOW + timedelta(seconds=1)
    courier.tell_agreement(agreement.pk, at=NOW + timedelta(seconds=2))

    agreement.refresh_from_db()
    assert moody.calls == [Wanted.END_LATER, Wanted.RUN]
    assert not agreement.wants_change()
    assert not DemoAgreement.objects.get().ends_at_period_end


def test_kept_after_a_cancel_of_which_nobody_knows_whether_it_was_heard(
    agreement: BillingAgreement, moody: Moody, now: Callable[[datetime], None]
) -> None:
    """Told, the answer lost, and by then they want to keep it: it must be told that too."""
    want(agreement, Wanted.END_LATER)
    moody.moods = ["cut"]
    tell_agreements()
    assert DemoAgreement.objects.get().ends_at_period_end

    want(agreement, Wanted.RUN)
    assert agreement.wants_change()
    tell_agreements()

    agreement.refresh_from_db()
    assert moody.calls == [Wanted.END_LATER, Wanted.RUN]
    assert not DemoAgreement.objects.get().ends_at_period_end
    assert (agreement.wanted, agreement.telling) == (Wanted.RUN, "")
    assert not agreement.wants_change()


def test_what_has_ended_by_itself_is_not_told(agreement: BillingAgreement, moody: Moody) -> None:
    want(agreement, Wanted.END_LATER)
    hear(agreement, status=AgreementStatus.ENDED, ended_at=NOW)

    assert tell_agreements() == 0
    assert not courier.tell_agreement(agreement.pk, at=NOW)
    assert moody.calls == []


def test_a_second_sign_up_is_ended_and_its_money_goes_back(
    moody: Moody, magazine: Magazine, customer: User
) -> None:
    """Two pages of one purchase, both completed: all the way through, by the beats alone."""
    payment = subscribe(customer.pk)
    courier.open_session(payment.pk, at=NOW)
    PaymentAttempt.objects.update(status=AttemptState.EXPIRED)
    courier.open_session(payment.pk, at=NOW)
    for session in DemoSession.objects.all():
        assert demo.pay(session.session_id, at=NOW)
    for attempt in PaymentAttempt.objects.order_by("pk"):
        courier.ask(attempt.pk, at=NOW)

    ask_agreements()
    tell_agreements()
    send_refunds()

    stray, kept = BillingAgreement.objects.all()
    assert (kept.status, stray.status) == (AgreementState.ACTIVE, AgreementState.ENDED)
    ended = DemoAgreement.objects.get(number=stray.provider_id)
    assert ended.ended_at == NOW
    assert ended.bills.get().refunds.get().amount == PRICE
    assert DemoAgreement.objects.get(number=kept.provider_id).ended_at is None


@pytest.mark.parametrize("trial_days", [0, 14])
def test_what_cannot_be_given_is_ended_there(
    moody: Moody, magazine: Magazine, customer: User, trial_days: int
) -> None:
    magazine.refusal = "it isn't printed any more"
    agreement = sign_up(customer, trial_days=trial_days)

    tell_agreements()
    send_refunds()

    agreement.refresh_from_db()
    assert agreement.status == AgreementState.ENDED
    assert DemoAgreement.objects.get().ended_at == NOW
    back = DemoAgreement.objects.get().bills.get().refunds.values_list("amount", flat=True)
    assert list(back) == ([] if trial_days else [PRICE])


# --- Silence --------------------------------------------------------------------------------


def test_a_silent_provider_is_asked_three_times_in_a_row_and_no_more(
    moody: Moody, magazine: Magazine, customer: User, now: Callable[[datetime], None]
) -> None:
    with clock_at(NOW):
        for _ in range(6):
            sign_up(customer)
    moody.calls.clear()
    moody.moods = ["down", "ok", "down", "down", "down"]

    assert ask_agreements() == 5
    assert moody.calls == ["look"] * 5
    # The others first, next time: who was asked waits for its turn.
    assert ask_agreements() == 1


def test_a_silent_provider_does_not_keep_holds_with_no_page_open(
    moody: Moody, magazine: Magazine, customer: User, now: Callable[[datetime], None]
) -> None:
    for _ in range(5):
        courier.open_session(subscribe(customer.pk).pk, at=NOW)
    without_page = subscribe(customer.pk)
    moody.calls.clear()
    moody.moods = ["down"] * 10
    now(NOW + timedelta(minutes=16))

    assert lapse_holds() == 1

    assert moody.calls == ["fetch"] * 3
    without_page.refresh_from_db()
    assert without_page.status == PaymentState.CLOSED


def test_a_silent_provider_does_not_cost_each_refund_its_time_out(
    moody: Moody, magazine: Magazine, customer: User
) -> None:
    magazine.refusal = "it isn't printed any more"
    for _ in range(5):
        sign_up(customer)
    moody.calls.clear()
    moody.moods = ["down"] * 5

    assert send_refunds() == 0
    assert moody.calls == ["refund"] * 3
    moody.moods.clear()
    assert send_refunds() == 2


def test_one_whose_seller_breaks_does_not_keep_the_others(
    moody: Moody, magazine: Magazine, customer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = sign_up(customer), sign_up(customer)
    real = Magazine.on_agreement_changed

    def breaks(self: Magazine, agreement: BillingAgreement, *, at: datetime) -> None:
        if agreement.pk == broken.pk:
            raise RuntimeError("the press is jammed")
        real(self, agreement, at=at)

    monkeypatch.setattr(Magazine, "on_agreement_changed", breaks)

    ask_agreements()

    broken.refresh_from_db()
    fine.refresh_from_db()
    assert (broken.answers, fine.answers) == (0, 1)
    assert (broken.last_error, broken.tries) == ("the press is jammed", 1)
    assert broken.next_ask_at == NOW + timedelta(seconds=30)


def test_a_no_is_passed_on(agreement: BillingAgreement, moody: Moody) -> None:
    moody.moods = ["no"]

    with pytest.raises(GatewayRefused):
        courier.ask_agreement(agreement.pk, at=NOW)
