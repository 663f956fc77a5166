"""A sweep: many read and asked about at once, one claimed, one commit a mail."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail as django_mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications.ahead import BELIEVED_FOR
from notifications.claiming import claim_mail
from notifications.delivery import Sweep, sweep
from notifications.models import OutgoingMail
from notifications.registry import Message, register
from notifications.states import MailState
from notifications.tests.conftest import NOW, MakeMail, build_news

pytestmark = pytest.mark.django_db

Asked = list[tuple[list[int], datetime]]


def at(moment: datetime) -> Any:
    return lambda: moment


def ticking(step: timedelta) -> Any:
    """A clock that goes on with each look."""
    moments = (NOW + number * step for number in range(10_000))
    return lambda: next(moments)


def states() -> list[tuple[str, int]]:
    return list(OutgoingMail.objects.order_by("pk").values_list("state", "tries"))


def register_doubtful(untrue: Iterable[int] = (), *, stumbles_over: int = 0) -> Asked:
    """A kind of mail that is asked about; returns the list of questions."""
    asked: Asked = []

    def check(mails: Sequence[OutgoingMail], moment: datetime) -> Mapping[int, str]:
        asked.append(([mail.pk for mail in mails], moment))
        if stumbles_over in asked[-1][0]:
            raise ZeroDivisionError("no answer")
        return {mail.pk: "cancelled" for mail in mails if mail.pk in untrue}

    register("doubtful", build_news, title="Doubtful", check=check)
    return asked


def test_a_mail_costs_one_statement(make_mail: MakeMail) -> None:
    register_doubtful()

    def statements(count: int) -> int:
        for _ in range(count):
            make_mail(kind="doubtful")
        with CaptureQueriesContext(connection) as captured:
            assert sweep(now=at(NOW)) == Sweep(sent=count)
        return len(captured)

    assert statements(30) - statements(10) == 20


def test_all_of_a_kind_are_asked_about_at_once(make_mail: MakeMail) -> None:
    asked = register_doubtful()
    first, other, second = (make_mail(kind=kind) for kind in ("doubtful", "news", "doubtful"))

    assert sweep(now=at(NOW)) == Sweep(sent=3)

    assert asked == [([first.pk, second.pk], NOW)]
    assert other.pk not in asked[0][0]


def test_what_is_no_longer_true_is_dropped_and_the_others_go(make_mail: MakeMail) -> None:
    mails = [make_mail(to=f"{name}@example.com") for name in ("ann", "bob", "cy")]
    OutgoingMail.objects.update(kind="doubtful")
    register_doubtful(untrue=[mails[1].pk])

    assert sweep(now=at(NOW)) == Sweep(sent=2, dropped=1)

    assert [mail.to for mail in django_mail.outbox] == [["ann@example.com"], ["cy@example.com"]]
    assert [state for state, _tries in states()] == ["sent", "dropped", "sent"]
    mails[1].refresh_from_db()
    assert mails[1].last_error == "No longer true: cancelled"


def test_an_answer_is_not_believed_for_long(make_mail: MakeMail) -> None:
    asked = register_doubtful()
    mails = [make_mail(kind="doubtful").pk for _ in range(3)]

    # Each look at the clock finds it so much later, as with a mail server that takes its time.
    sweep(now=ticking(BELIEVED_FOR))

    assert [pks for pks, _moment in asked] == [mails, mails[1:], mails[2:]]


def test_a_question_that_fails_holds_up_its_own_mail_alone(make_mail: MakeMail) -> None:
    mails = [make_mail().pk for _ in range(3)]
    OutgoingMail.objects.update(kind="doubtful")
    register_doubtful(stumbles_over=mails[1])

    assert sweep(now=at(NOW)) == Sweep(sent=2, put_off=1)

    assert [state for state, _tries in states()] == ["sent", "retrying", "sent"]


def test_what_went_out_stays_noted_when_no_more_may_go(make_mail: MakeMail, settings: Any) -> None:
    settings.MAILS_PER_MINUTE = 2
    for _ in range(4):
        make_mail()

    assert sweep(now=at(NOW)) == Sweep(sent=2)

    assert states() == [("sent", 1), ("sent", 1), ("queued", 0), ("queued", 0)]
    assert sweep(now=at(NOW + timedelta(seconds=61))) == Sweep(sent=2)
    assert len(django_mail.outbox) == 4


def test_a_mail_that_somebody_had_meanwhile_is_left_alone(make_mail: MakeMail) -> None:
    """Read by this sweep, then tried and put off by another worker: what was read is no more."""
    second = make_mail(at=NOW + timedelta(seconds=1)).pk

    def build(mail: OutgoingMail) -> Message:
        assert claim_mail(second, at=NOW) is not None
        OutgoingMail.objects.filter(pk=second).move_to(MailState.RETRYING, next_try_at=NOW)
        return build_news(mail)

    OutgoingMail.objects.filter(pk=second).update(next_try_at=NOW)
    register("meddling", build, title="Meddling")
    make_mail(kind="meddling", at=NOW - timedelta(seconds=1))

    assert sweep(now=at(NOW)) == Sweep(sent=1)

    assert states() == [("retrying", 1), ("sent", 1)]


@pytest.mark.parametrize("limit", [1, 3, 10])
def test_the_most_pressing_are_found_as_by_one_question(make_mail: MakeMail, limit: int) -> None:
    """State by state and put together: the order of `due`."""
    for number, (state, priority, minutes) in enumerate(
        [
            ("queued", 5, 3),
            ("retrying", 5, 4),
            ("queued", 5, 4),
            ("retrying", 1, 1),
            ("queued", 8, 9),
            ("retrying", 5, -1),
            ("failed", 1, 1),
        ]
    ):
        mail = make_mail(key=f"pressing:{number}", priority=priority)
        due = NOW - timedelta(minutes=minutes)
        OutgoingMail.objects.filter(pk=mail.pk).update(state=state, next_try_at=due)

    found = OutgoingMail.objects.most_pressing(NOW, limit=limit)

    assert found == list(OutgoingMail.objects.due(NOW).values_list("pk", flat=True)[:limit])
    assert len(found) == min(limit, 5)
