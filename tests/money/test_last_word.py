"""The last word before a subscription ends is the provider's; while it is silent nothing ends."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import time_machine

from access.models import Plan, Subscription
from access.services import cancel_subscription
from access.states import SubscriptionStatus
from access.tasks import expire_over
from accounts.models import User
from notifications.models import OutgoingMail
from payments.models import BillingAgreement, DemoBill, Payment, Refund
from payments.policies import ask_ended_again_at
from payments.tasks import ask_agreements, tell_agreements
from tests.infrastructure.plans import begin, card, hear, take
from tests.infrastructure.world import NOW, MakeUser
from tests.money.moody import MoodyGateway

# Real transactions: the gateway refuses to be called while one is open.
pytestmark = pytest.mark.django_db(transaction=True)

Moody = type[MoodyGateway]
MoveTo = Callable[[datetime], None]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
# Signed up for on 2 July at 8:00.
AUGUST, SEPTEMBER = NOW.replace(month=8), NOW.replace(month=9)
ENDS = AUGUST + 7 * DAY
ENDS_IN_SILENCE = ENDS + 3 * DAY
SILENCE = ["down"] * 100
S = SubscriptionStatus


@pytest.fixture(autouse=True)
def now() -> Iterator[MoveTo]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller.move_to


@pytest.fixture
def customer(transactional_db: None, make_user: MakeUser) -> User:
    return make_user("ada@example.com")


@pytest.fixture
def held(moody: Moody, plan: Plan, customer: User) -> Subscription:
    found = begin(take(plan, customer))
    moody.calls.clear()
    return found


def stands(held: Subscription) -> tuple[str, datetime | None]:
    held.refresh_from_db()
    return held.status, held.access_until


def mails_to(address: str) -> list[str]:
    mails = OutgoingMail.objects.filter(to=address).order_by("pk")
    return [mail.kind for mail in mails]


def test_who_paid_in_the_silence_stays_in(held: Subscription, moody: Moody, now: MoveTo) -> None:
    """No webhook, no answer through the whole grace time; the last question is answered."""
    moody.moods = list(SILENCE)
    for hours in range(1, 7 * 24, 12):
        now(AUGUST + timedelta(hours=hours))
        ask_agreements()
    assert stands(held) == (S.ACTIVE, ENDS)
    moody.moods.clear()

    now(ENDS - 5 * MINUTE)
    assert expire_over() == 0
    now(ENDS + MINUTE)
    assert expire_over() == 0

    assert stands(held) == (S.ACTIVE, SEPTEMBER + 7 * DAY)
    assert Payment.objects.count() == 2


def test_an_answer_that_it_is_not_paid_ends_it_in_time(
    held: Subscription, moody: Moody, now: MoveTo
) -> None:
    card(held, works=False, at=NOW)
    now(ENDS - 5 * MINUTE)

    assert expire_over() == 0
    assert stands(held) == (S.PAST_DUE, ENDS)
    now(ENDS)
    assert expire_over() == 1

    assert stands(held) == (S.EXPIRED, ENDS)
    # Once before the end, once at it: a fresh word isn't asked for again.
    assert moody.calls == ["look", "look"]


def test_a_fresh_word_is_not_asked_for_again(held: Subscription, moody: Moody, now: MoveTo) -> None:
    card(held, works=False, at=NOW)
    now(ENDS - MINUTE)
    hear(held, at=ENDS - MINUTE)
    moody.calls.clear()
    now(ENDS)

    assert expire_over() == 1
    assert moody.calls == []


def test_what_nobody_knows_of_stays_open_and_staff_are_told_once(
    held: Subscription,
    moody: Moody,
    now: MoveTo,
    plan: Plan,
    make_user: MakeUser,
    manager: User,
) -> None:
    other = begin(take(plan, make_user("bob@example.com")))
    moody.moods = list(SILENCE)
    for minutes in range(20):
        now(ENDS - 15 * MINUTE + minutes * MINUTE)
        assert expire_over() == 0
        # Not for a minute is it closed.
        assert Subscription.objects.opening(ENDS - 15 * MINUTE + minutes * MINUTE).count() == 2

    assert stands(held) == stands(other) == (S.ACTIVE, ENDS_IN_SILENCE)
    assert mails_to(manager.email) == ["staff_money"]
    mail = OutgoingMail.objects.get(to=manager.email)
    assert "stays open until Wed 12 Aug 2026, 08:00 (UTC) at the latest" in mail.context["text"]
    assert mails_to("ada@example.com") == ["subscription_started"]
    line = held.history.latest("pk")
    assert (line.from_status, line.to_status) == (S.ACTIVE, S.ACTIVE)

    moody.moods.clear()
    now(ENDS + DAY)
    ask_agreements()

    assert stands(held) == (S.ACTIVE, SEPTEMBER + 7 * DAY)


def test_a_failure_that_is_heard_of_that_late_leaves_time_to_pay(
    held: Subscription, moody: Moody, now: MoveTo
) -> None:
    card(held, works=False, at=NOW)
    moody.moods = list(SILENCE)
    now(ENDS - MINUTE)
    expire_over()
    moody.moods.clear()

    now(ENDS + DAY)
    ask_agreements()
    expire_over()

    assert stands(held) == (S.PAST_DUE, ENDS_IN_SILENCE)
    mail = OutgoingMail.objects.get(kind="subscription_payment_failed")
    assert (mail.context["is_open"], mail.context["open_until"]) == (
        True,
        "Wed 12 Aug 2026, 08:00 (UTC)",
    )
    now(ENDS_IN_SILENCE)
    assert expire_over() == 1


def test_silence_is_not_borne_for_ever(held: Subscription, moody: Moody, now: MoveTo) -> None:
    moody.moods = list(SILENCE)
    now(ENDS - MINUTE)
    expire_over()
    now(ENDS_IN_SILENCE - MINUTE)
    assert expire_over() == 0
    now(ENDS_IN_SILENCE)

    assert expire_over() == 1
    assert stands(held) == (S.EXPIRED, ENDS_IN_SILENCE)


def test_after_a_beat_that_stood_still_it_is_kept_open_all_the_same(
    held: Subscription, moody: Moody, now: MoveTo
) -> None:
    moody.moods = list(SILENCE)
    now(ENDS + DAY)

    assert expire_over() == 0
    assert stands(held) == (S.ACTIVE, ENDS_IN_SILENCE)


def test_what_was_cancelled_ends_without_a_question(
    held: Subscription, moody: Moody, now: MoveTo, customer: User
) -> None:
    cancel_subscription(subscription_id=held.pk, by=customer, at=NOW)
    hear(held, at=NOW)
    moody.calls.clear()
    moody.moods = list(SILENCE)
    now(AUGUST)

    assert expire_over() == 1
    assert moody.calls == []


# --- After the end ------------------------------------------------------------------------------


@pytest.fixture
def ended(held: Subscription, moody: Moody, now: MoveTo) -> Subscription:
    """Its renewal wasn't paid, and the provider has ended it when we wanted that."""
    card(held, works=False, at=NOW)
    now(ENDS)
    expire_over()
    tell_agreements()
    held.refresh_from_db()
    moody.calls.clear()
    return held


def pay_last_bill(at: datetime) -> None:
    """By hand, at the bill's own page; nobody tells us."""
    assert DemoBill.objects.filter(status="dead").update(status="paid", paid_at=at) == 1


def test_a_bill_that_is_paid_after_the_end_goes_back_though_its_webhook_is_lost(
    ended: Subscription, now: MoveTo, customer: User
) -> None:
    assert ended.status == S.EXPIRED
    pay_last_bill(ENDS + MINUTE)

    now(ENDS + 5 * MINUTE)
    assert [ask_agreements(), ask_agreements()] == [1, 0]

    [refund] = Refund.objects.all()
    assert refund.amount == ended.price
    assert mails_to(customer.email)[-1] == "money_returned"
    assert stands(ended)[0] == S.EXPIRED
    now(ENDS + 10 * MINUTE)
    ask_agreements()
    assert Refund.objects.count() == 1


def test_what_has_ended_is_asked_about_for_a_week(
    ended: Subscription, moody: Moody, now: MoveTo
) -> None:
    for minutes in range(0, 9 * 24 * 60, 5):
        now(ENDS + minutes * MINUTE)
        ask_agreements()

    assert 30 <= len(moody.calls) <= 40
    assert BillingAgreement.objects.get().next_ask_at is None


def test_what_has_ended_at_a_silent_provider_is_not_asked_about_for_ever(
    ended: Subscription, moody: Moody, now: MoveTo
) -> None:
    moody.moods = list(SILENCE)
    now(ENDS + 6 * DAY)
    assert ask_agreements() == 1
    now(ENDS + 7 * DAY)
    assert ask_agreements() == 0


@pytest.mark.parametrize(
    ("late", "after"),
    [
        (timedelta(0), 5 * MINUTE),
        (5 * MINUTE, 10 * MINUTE),
        (DAY, DAY + timedelta(hours=6)),
        (7 * DAY - timedelta(hours=6), 7 * DAY),
        (7 * DAY - timedelta(hours=5), None),
    ],
)
def test_ever_less_often(late: timedelta, after: timedelta | None) -> None:
    again = ask_ended_again_at(ended_at=ENDS, at=ENDS + late)

    assert again == (None if after is None else ENDS + after)
