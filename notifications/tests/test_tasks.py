from typing import Any

import pytest

from notifications.models import OutgoingMail
from notifications.states import MailState
from notifications.tasks import deliver, sweep
from notifications.tests.conftest import MakeMail

pytestmark = pytest.mark.django_db


def test_the_names_that_others_call_by() -> None:
    assert (deliver.name, sweep.name) == ("notifications.deliver", "notifications.sweep")


def test_the_beat_sweeps_at_least_every_fifteen_seconds(settings: Any) -> None:
    schedule = settings.CELERY_BEAT_SCHEDULE.values()

    assert [one["schedule"] for one in schedule if one["task"] == sweep.name] == [15.0]


def test_delivering_one(make_mail: MakeMail) -> None:
    mail, waiting = make_mail(), make_mail()

    assert deliver(mail.pk)
    assert not deliver(mail.pk)
    assert not deliver(999_999)

    assert list(OutgoingMail.objects.order_by("pk").values_list("pk", "state")) == [
        (mail.pk, MailState.SENT),
        (waiting.pk, MailState.QUEUED),
    ]


def test_a_sweep_says_what_it_did(make_mail: MakeMail) -> None:
    make_mail()
    make_mail(to="nowhere")

    assert sweep() == {"sent": 1, "put_off": 0, "given_up": 1, "dropped": 0, "taken_back": 0}
    assert sweep() == {"sent": 0, "put_off": 0, "given_up": 0, "dropped": 0, "taken_back": 0}
