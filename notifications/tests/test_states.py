from itertools import product

import pytest
from django.db import IntegrityError, transaction

from notifications.models import OutgoingMail
from notifications.states import MOVES, MailState
from notifications.tests.conftest import NOW, MakeMail

ALLOWED = {
    ("queued", "sending"),
    ("sending", "sent"),
    ("sending", "retrying"),
    ("sending", "failed"),
    ("retrying", "sending"),
    ("retrying", "sent"),
    ("failed", "sent"),
    ("sending", "dropped"),
    ("dropped", "sent"),
}


def test_every_state_has_its_row_in_the_table() -> None:
    assert set(MOVES) == set(MailState)


@pytest.mark.django_db
@pytest.mark.parametrize(("source", "target"), list(product(MailState, MailState)))
def test_moves_cell_by_cell(make_mail: MakeMail, source: MailState, target: MailState) -> None:
    mail = make_mail()
    sent_at = {MailState.SENT: NOW}
    OutgoingMail.objects.filter(pk=mail.pk).update(state=source, sent_at=sent_at.get(source))

    moved = OutgoingMail.objects.filter(pk=mail.pk).move_to(target, sent_at=sent_at.get(target))

    mail.refresh_from_db()
    if (source.value, target.value) in ALLOWED:
        assert (moved, mail.state) == (1, target)
    else:
        assert (moved, mail.state) == (0, source)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"state": "lost"}, id="unknown-state"),
        pytest.param({"state": "sent", "sent_at": None}, id="sent-without-when"),
        pytest.param({"state": "queued", "sent_at": NOW}, id="when-without-sent"),
    ],
)
def test_the_database_refuses_rows_that_make_no_sense(
    make_mail: MakeMail, wrong: dict[str, object]
) -> None:
    mail = make_mail()

    with pytest.raises(IntegrityError), transaction.atomic():
        OutgoingMail.objects.filter(pk=mail.pk).update(**wrong)

    mail.refresh_from_db()
    assert (mail.state, mail.sent_at) == (MailState.QUEUED, None)
