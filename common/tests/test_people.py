"""Who was locked once in a transaction isn't locked again in it, and is in the next."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from common.people import lock_people
from common.service import in_one_transaction
from tests.infrastructure.world import MakeUser


def locks(captured: CaptureQueriesContext) -> int:
    return sum('FROM "users"' in q["sql"].replace("`", '"') for q in captured)


@pytest.mark.django_db
def test_a_lock_is_asked_for_once_a_transaction(customer: User, make_user: MakeUser) -> None:
    other = make_user("other@example.com")

    def twice() -> list[int]:
        return [*lock_people(customer.pk), *lock_people(customer.pk)]

    with CaptureQueriesContext(connection) as captured:
        assert in_one_transaction(twice) == [customer.pk] * 2
    assert locks(captured) == 1
    with CaptureQueriesContext(connection) as captured:
        in_one_transaction(twice)
        lock_people(customer.pk)
    assert locks(captured) == 2
    with CaptureQueriesContext(connection) as captured:
        in_one_transaction(lambda: (lock_people(customer.pk), lock_people(other.pk, customer.pk)))
    assert locks(captured) == 2
