"""One form that makes a scanner link, sent several times at once."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError

from accounts.models import User
from tests.infrastructure.door import make_link
from tests.infrastructure.races import HELD_SECONDS, ROUNDS, Crowd
from tickets.errors import LinkAlreadyMade
from tickets.models import Event, ScannerLink
from tickets.services import scanner_links

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

PRESSES = 8
MakeCrowd = Callable[[int], Crowd]


def told_apart(results: list[Any]) -> list[type]:
    return sorted({type(each) for each in results}, key=lambda kind: kind.__name__)


def test_a_form_sent_many_times_at_once_makes_one_link(
    crowd: MakeCrowd, event: Event, manager: User
) -> None:
    hands = crowd(PRESSES)
    for _ in range(ROUNDS):
        ScannerLink.objects.all().delete()
        key = uuid4()

        results = hands.at_once([partial(make_link, event, manager, form_key=key)] * PRESSES)

        assert ScannerLink.objects.count() == 1
        made = [each for each in results if isinstance(each, tuple)]
        assert [link.form_key for link, _token in made] == [key]
        assert told_apart(results) == [LinkAlreadyMade, tuple]


@pytest.mark.mariadb
def test_control_without_the_person_s_lock_nobody_is_told_that_it_is_made(
    monkeypatch: pytest.MonkeyPatch, crowd: MakeCrowd, event: Event, manager: User
) -> None:
    """Guard off, and all have looked before one writes: only the column keeps it at one link, and
    the others break instead of being refused.
    """
    all_have_looked = threading.Barrier(PRESSES)
    really = scanner_links._refuse_a_repeat

    def look_and_wait(*args: Any) -> None:
        really(*args)
        all_have_looked.wait(HELD_SECONDS)

    monkeypatch.setattr(scanner_links, "lock_people", lambda *ids: {})
    monkeypatch.setattr(scanner_links, "_refuse_a_repeat", look_and_wait)

    press = partial(make_link, event, manager, form_key=uuid4())
    results = crowd(PRESSES).at_once([press] * PRESSES)

    assert ScannerLink.objects.count() == 1
    assert told_apart(results) == [IntegrityError, tuple]
