"""Questions whose SQL is written once."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from common.prepared import Prepared
from notifications.models import OutgoingMail

JOINED = datetime(2026, 7, 2, 8, 0, tzinfo=UTC)

by_name = Prepared(
    lambda name: User.objects.filter(name=name).annotate(alias=F("email")).order_by("pk"), values=1
)
joined = Prepared(
    lambda after, pk, name: User.objects.filter(date_joined__gte=after, pk__gt=pk).exclude(
        name=name
    ),
    values=3,
)


def person(name: str, *, days: int = 0) -> User:
    address = f"{name.lower()}-{days}@example.com"
    return User.objects.create_user(address, name=name, date_joined=JOINED + timedelta(days=days))


def test_each_asking_has_its_own_values(db: None) -> None:
    ann, ben, second = person("Ann"), person("Ben"), person("Ann", days=1)

    assert list(by_name.ask("Ann")) == [ann, second]
    assert by_name.find("Ben") == ben
    assert by_name.find("Cleo") is None
    assert [user.alias for user in by_name.ask("Ann")] == [ann.email, second.email]


def test_texts_numbers_and_instants_in_any_order(db: None) -> None:
    ann, ben, late = person("Ann"), person("Ben"), person("Ann", days=1)

    assert set(joined.ask(JOINED, 0, "Ben")) == {ann, late}
    assert set(joined.ask(JOINED, 0, "Nobody")) == {ann, ben, late}
    assert set(joined.ask(JOINED + timedelta(days=1), 0, "Nobody")) == {late}
    assert set(joined.ask(JOINED, ben.pk, "Nobody")) == {late}
    assert late.date_joined == next(iter(joined.ask(JOINED, ben.pk, ""))).date_joined


def test_what_a_stranger_types_stays_a_value(db: None) -> None:
    ann = person("Ann")

    for typed in ("' OR ''='", '" OR ""="', "Ann' --", "%s", "\\"):
        assert by_name.find(typed) is None
    assert by_name.find("Ann") == ann


def test_one_statement_each(db: None) -> None:
    person("Ann")
    by_name.find("Ann")

    with CaptureQueriesContext(connection) as asked:
        rows = by_name.ask("Ann")
        assert len(asked) == 0
        assert len(rows) == 1
    assert len(asked) == 1


def test_joined_rows_come_along(db: None) -> None:
    with_copy = Prepared(
        lambda key: OutgoingMail.objects.select_related("copy_of").filter(key=key), values=1
    )
    facts: dict[str, Any] = {
        "kind": "notice",
        "to": "ann@example.com",
        "context": {"name": "Ann"},
        "created_at": JOINED,
        "next_try_at": JOINED,
    }
    first = OutgoingMail.objects.create(key="first", **facts)
    OutgoingMail.objects.create(key="second", copy_of=first, **facts)

    with CaptureQueriesContext(connection) as asked:
        found = with_copy.find("second")
        assert found is not None
        assert found.copy_of == first
        assert found.copy_of.context == {"name": "Ann"}
    assert len(asked) == 1


def test_threads_do_not_mix_their_values(db: None) -> None:
    """Without the database: what each thread would send."""
    at = threading.Barrier(8)
    found: dict[str, set[str]] = {}

    def ask(name: str) -> None:
        at.wait()
        found[name] = {
            by_name.ask(name).query.get_compiler(using="default").as_sql()[1][0] for _ in range(200)
        }

    threads = [threading.Thread(target=ask, args=(f"Person {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {name: {name} for name in found}
    assert len(found) == 8
