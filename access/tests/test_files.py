"""`/resources/{slug}/file` and `/open`: nothing is handed out past the check, and all is noted."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import OperationalError, transaction
from django.test import Client
from pytest_django import Settings

from access.models import AccessLog, Plan, Resource, Subscription
from access.services.meeting_links import offer_event_link, withdraw_link
from access.services.resources import delete_resource, save_resource
from access.tests.conftest import MakeResource, MakeSubscription
from accounts.models import User
from common.errors import Busy, InvalidInput
from tests.infrastructure.events import DOORS, buy, pay_order
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.world import NOW
from tickets.models import Event

SECRET = b"%PDF the handout"
MEETING = "https://meet.example.com/j/8251?pwd=hush"


@pytest.fixture(autouse=True)
def folder(private_files: Path) -> Path:
    return private_files


def put(content: bytes = SECRET, *, name: str = "Übung (1).pdf", **changes: Any) -> Resource:
    fields = {"slug": "handout", "title": "Handout", "kind": "file"} | changes
    return save_resource(changes=fields, at=NOW, file=ContentFile(content, name=name))


@pytest.fixture
def handout(plan: Plan) -> Resource:
    return put(plan=plan)


@pytest.fixture
def meeting(plan: Plan, make_resource: MakeResource) -> Resource:
    return make_resource("meeting", plan=plan, kind="link", url=MEETING, body="")


@pytest.fixture
def subscriber(customer: User, plan: Plan, make_subscription: MakeSubscription) -> User:
    make_subscription(customer, plan, until=NOW + timedelta(days=9))
    return customer


def stored(resource: Resource) -> str:
    """Under which name its file is kept."""
    assert resource.file.name is not None
    return resource.file.name


def files_in(folder: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def log() -> list[tuple[Any, ...]]:
    lines = AccessLog.objects.order_by("pk")
    return list(lines.values_list("user__email", "slug", "allowed", "granted_by", "at"))


# --- Files ----------------------------------------------------------------------------------


def test_who_may_have_a_file_gets_it_under_its_own_name(
    visit: MakeVisitor, handout: Resource, subscriber: User
) -> None:
    response = visit(subscriber).client.get("/resources/handout/file")

    assert response.status_code == 200
    assert response.getvalue() == SECRET
    assert dict(response.headers) | {
        "Content-Type": "application/pdf",
        "Content-Length": str(len(SECRET)),
        "Content-Disposition": "attachment; filename*=utf-8''%C3%9Cbung%20%281%29.pdf",
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    } == dict(response.headers)
    assert log() == [("ada@example.com", "handout", True, "subscription", NOW)]


def test_a_head_tells_the_size_and_sends_nothing(
    visit: MakeVisitor, handout: Resource, subscriber: User, stranger: User
) -> None:
    response = visit(subscriber).client.head("/resources/handout/file")

    assert (response.status_code, response.getvalue()) == (200, b"")
    assert response["Content-Length"] == str(len(SECRET))
    assert visit(stranger).client.head("/resources/handout/file").status_code == 403
    assert visit().client.head("/resources/handout/file").status_code == 302


def test_behind_a_web_server_the_file_is_named_to_it_alone(
    visit: MakeVisitor, handout: Resource, subscriber: User, settings: Settings
) -> None:
    settings.X_ACCEL_PREFIX = "/private/"

    response = visit(subscriber).client.get("/resources/handout/file")

    assert response["X-Accel-Redirect"] == f"/private/{handout.file.name}"
    assert response.content == b""
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"].startswith("attachment; ")
    assert response["Cache-Control"] == "private, no-store"


def test_a_name_is_quoted_for_the_web_server(
    visit: MakeVisitor, handout: Resource, subscriber: User, settings: Settings
) -> None:
    settings.X_ACCEL_PREFIX = "/private"
    Resource.objects.update(file="resources/a b%2e\nX-Evil: 1/ü?.pdf")

    response = visit(subscriber).client.get("/resources/handout/file")

    assert response["X-Accel-Redirect"] == (
        "/private/resources/a%20b%252e%0AX-Evil%3A%201/%C3%BC%3F.pdf"
    )


FILM = bytes(range(256))


@pytest.fixture
def film(plan: Plan) -> Resource:
    return put(FILM, name="talk.mp4", plan=plan)


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        # How Safari begins, and goes on.
        ("bytes=0-1", 0, 1),
        ("bytes=0-255", 0, 255),
        ("bytes=0-", 0, 255),
        ("bytes=100-", 100, 255),
        ("bytes=100-100", 100, 100),
        ("bytes=255-255", 255, 255),
        ("bytes=200-999", 200, 255),
        ("bytes=-1", 255, 255),
        ("bytes=-999", 0, 255),
    ],
)
def test_a_part_of_a_file_is_handed_out_as_asked_for(
    visit: MakeVisitor, film: Resource, subscriber: User, asked: str, first: int, last: int
) -> None:
    client = visit(subscriber).client
    for address in ("/resources/handout/file", "/api/v1/resources/handout/file"):
        response = client.get(address, headers={"Range": asked})

        assert (response.status_code, response.getvalue()) == (206, FILM[first : last + 1])
        assert response["Content-Range"] == f"bytes {first}-{last}/256"
        assert response["Content-Length"] == str(last + 1 - first)
        assert response["Content-Type"] == "video/mp4"
        assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("asked", ["bytes=256-", "bytes=999-1000", "bytes=-0"])
def test_a_part_that_there_is_not_is_refused(
    visit: MakeVisitor, film: Resource, subscriber: User, asked: str
) -> None:
    response = visit(subscriber).client.get("/resources/handout/file", headers={"Range": asked})

    assert (response.status_code, response.content) == (416, b"")
    assert response["Content-Range"] == "bytes */256"


@pytest.mark.parametrize(
    "asked",
    ["bytes=5-3", "bytes=0-1,5-6", "bytes=-", "bytes=a-b", "seconds=0-1", "", "bytes=٣-", "bytes"],
)
def test_what_is_no_single_range_brings_the_whole(
    visit: MakeVisitor, film: Resource, subscriber: User, asked: str
) -> None:
    response = visit(subscriber).client.get("/resources/handout/file", HTTP_RANGE=asked)

    assert (response.status_code, response.getvalue()) == (200, FILM)
    assert response["Accept-Ranges"] == "bytes"


def test_a_download_goes_on_only_with_the_very_same_file(
    visit: MakeVisitor, film: Resource, subscriber: User
) -> None:
    client = visit(subscriber).client
    whole = client.get("/resources/handout/file")
    assert whole.getvalue() == FILM
    mark = whole["ETag"]
    assert stored(film) not in mark

    def go_on() -> Any:
        headers = {"Range": "bytes=250-", "If-Range": mark}
        return client.get("/resources/handout/file", headers=headers)

    assert go_on().getvalue() == FILM[250:]
    new = ContentFile(FILM[::-1], name="talk.mp4")
    save_resource(resource_id=film.pk, changes={}, at=NOW, file=new)
    response = go_on()
    assert (response.status_code, response.getvalue()) == (200, FILM[::-1])


def test_each_part_is_decided_anew_and_a_film_is_one_line_of_the_log(
    visit: MakeVisitor, film: Resource, subscriber: User, stranger: User
) -> None:
    part = {"Range": "bytes=100-199"}
    client = visit(subscriber).client
    for _ in range(3):
        assert client.get("/resources/handout/file", headers=part).getvalue() == FILM[100:200]
    assert visit(stranger).client.get("/resources/handout/file", headers=part).status_code == 403
    Subscription.objects.update(access_until=NOW)
    for _ in range(2):
        assert client.get("/resources/handout/file", headers=part).status_code == 403

    assert [line[0:3] for line in log()] == [
        ("ada@example.com", "handout", True),
        ("eve@example.com", "handout", False),
        ("ada@example.com", "handout", False),
        ("ada@example.com", "handout", False),
    ]


def test_after_an_hour_a_part_is_a_line_again(
    visit: MakeVisitor, film: Resource, subscriber: User
) -> None:
    part = {"Range": "bytes=100-199"}
    client = visit(subscriber).client
    client.get("/resources/handout/file", headers=part).getvalue()
    AccessLog.objects.update(at=NOW - timedelta(hours=1))

    client.get("/resources/handout/file", headers=part).getvalue()

    assert AccessLog.objects.count() == 2


# --- Strangers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/resources/handout/file", 302),
        ("/resources/meeting/open", 302),
        ("/api/v1/resources/handout/file", 401),
        ("/api/v1/resources/meeting", 401),
    ],
)
def test_strangers_ask_thirty_times_a_minute(
    visit: MakeVisitor,
    handout: Resource,
    meeting: Resource,
    subscriber: User,
    address: str,
    status: int,
) -> None:
    client = visit().client
    for _ in range(30):
        assert client.get(address).status_code == status

    refused = client.get(address)

    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert AccessLog.objects.count() == 30
    # From another address, and signed in, it goes on.
    assert client.get(address, REMOTE_ADDR="192.0.2.7").status_code == status
    allowed = visit(subscriber).client.get(address)
    assert allowed.status_code in {200, 302}
    # Read to its end, a file is closed.
    allowed.getvalue()


def test_a_public_film_may_be_sought_in_by_strangers(visit: MakeVisitor, film: Resource) -> None:
    Resource.objects.update(is_public=True)
    client = visit().client
    for number in range(40):
        part = {"Range": f"bytes={number}-"}
        assert client.get("/resources/handout/file", headers=part).getvalue() == FILM[number:]
    assert AccessLog.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "head"])
def test_nobody_else_gets_it_by_a_guessed_or_copied_address(
    visit: MakeVisitor, handout: Resource, stranger: User, front_desk: User, method: str
) -> None:
    for person in (stranger, front_desk):
        response = getattr(visit(person).client, method)("/resources/handout/file")

        assert response.status_code == 403
        assert SECRET not in response.content
    response = getattr(visit().client, method)("/resources/handout/file")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/resources/handout"
    assert log() == [
        ("eve@example.com", "handout", False, "", NOW),
        ("desk@example.com", "handout", False, "", NOW),
        (None, "handout", False, "", NOW),
    ]


@pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
def test_a_file_can_only_be_read(
    visit: MakeVisitor, handout: Resource, subscriber: User, method: str
) -> None:
    response = getattr(visit(subscriber).client, method)("/resources/handout/file")

    assert response.status_code in {403, 405}
    assert SECRET not in response.content


def test_no_address_leads_into_the_folder(
    visit: MakeVisitor, handout: Resource, folder: Path, keeper: User
) -> None:
    kept = stored(handout)
    assert (folder / kept).read_bytes() == SECRET
    client = visit(keeper).client
    for address in [
        f"/media/{kept}",
        f"/media/rooms/{kept}",
        f"/media/rooms/..%2f..%2fprivate/{kept}",
        f"/media/../private/{kept}",
        f"/static/../private/{kept}",
        f"/private/{kept}",
        f"/{kept}",
        f"/resources/{kept}",
        f"/resources/handout/file/{kept}",
        "/resources/../handout/file",
        "/resources/handout/file/..",
        "/resources/%2e%2e%2fhandout/file",
    ]:
        response = client.get(address)

        assert (response.status_code, SECRET in response.content) == (404, False), address


def test_the_private_folder_lies_in_nothing_that_is_served(settings: Settings) -> None:
    from config import settings as real

    private = Path(real.PRIVATE_MEDIA_ROOT).resolve()
    served = [real.MEDIA_ROOT, real.BASE_DIR / "static", *real.STATICFILES_DIRS]
    for root in served:
        assert not private.is_relative_to(Path(root).resolve())
        assert not Path(root).resolve().is_relative_to(private)
    # And it has no address of its own.
    assert real.STORAGES["private"]["OPTIONS"]["base_url"] is None


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "a\r\nX-Evil: 1.txt", "." * 300, ""],
)
def test_a_name_that_comes_along_decides_nothing(
    visit: MakeVisitor, folder: Path, subscriber: User, plan: Plan, name: str
) -> None:
    resource = put(plan=plan, name=name)

    [kept] = [path for path in folder.rglob("*") if path.is_file()]
    assert kept == folder / stored(resource)
    assert kept.parent == folder / "resources"
    assert "/" not in resource.file_name
    assert "\\" not in resource.file_name
    response = visit(subscriber).client.get("/resources/handout/file")
    assert (response.status_code, response.getvalue()) == (200, SECRET)
    assert "X-Evil" not in response.headers


def test_the_same_file_twice_is_two_files_under_names_that_nobody_guesses(plan: Plan) -> None:
    first, second = put(plan=plan), put(plan=plan, slug="again")

    names = [stored(resource).removeprefix("resources/") for resource in (first, second)]
    assert names[0] != names[1]
    assert all(len(name) == 32 and "." not in name for name in names)
    assert (first.file_name, second.file_name) == ("Übung (1).pdf", "Übung (1).pdf")


@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_replaced_or_deleted_is_gone(folder: Path) -> None:
    handout = put()
    other = put(b"other", slug="other")

    replaced = save_resource(
        resource_id=handout.pk, changes={}, at=NOW, file=ContentFile(b"new", name="new.txt")
    )

    assert files_in(folder) == sorted([b"new", b"other"])
    assert replaced.file_name == "new.txt"
    delete_resource(resource_id=handout.pk)
    assert files_in(folder) == [b"other"]
    assert list(Resource.objects.all()) == [other]


@pytest.mark.django_db(transaction=True)
def test_a_refused_change_leaves_the_file(folder: Path) -> None:
    handout = put()

    with pytest.raises(InvalidInput):
        save_resource(
            resource_id=handout.pk,
            changes={"title": ""},
            at=NOW,
            file=ContentFile(b"new", name="new.txt"),
        )

    assert files_in(folder) == [SECRET]


@pytest.mark.django_db(transaction=True)
def test_a_file_that_another_row_names_stays(folder: Path) -> None:
    handout, copy = put(), put(slug="copy")
    Resource.objects.filter(pk=copy.pk).update(file=stored(handout))

    save_resource(
        resource_id=handout.pk, changes={}, at=NOW, file=ContentFile(b"new", name="new.txt")
    )

    assert (folder / stored(handout)).read_bytes() == SECRET
    delete_resource(resource_id=copy.pk)
    assert not (folder / stored(handout)).exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_keeps_its_file(folder: Path) -> None:
    handout = put()

    with transaction.atomic():
        delete_resource(resource_id=handout.pk)
        transaction.set_rollback(True)

    assert files_in(folder) == [SECRET]


@pytest.mark.django_db(transaction=True)
def test_a_withdrawn_link_that_became_a_file_takes_it_along(folder: Path, event: Event) -> None:
    event.is_online = True
    made = offer_event_link(event=event, at=NOW)
    save_resource(
        resource_id=made.pk,
        changes={"kind": "file"},
        at=NOW,
        file=ContentFile(SECRET, name="slides.pdf"),
    )

    assert withdraw_link(of=event)

    assert files_in(folder) == []
    assert not withdraw_link(of=event)


@pytest.mark.django_db(transaction=True)
def test_a_row_that_cannot_be_written_leaves_no_file_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(self: Resource, **fields: Any) -> None:
        raise OperationalError(1213, "Deadlock found when trying to get lock")

    monkeypatch.setattr(Resource, "save", breaks)

    with pytest.raises(Busy):
        put()

    assert files_in(folder) == []


def test_a_file_that_is_missing_is_said_to_be(
    visit: MakeVisitor, handout: Resource, subscriber: User, folder: Path
) -> None:
    (folder / stored(handout)).unlink()

    page = visit(subscriber).get("/resources/handout/file")

    assert page.status == 404
    assert "nothing has been put here" in page.text


def test_a_large_file_is_refused(db: None, settings: Settings, folder: Path) -> None:
    settings.RESOURCE_FILE_MB = 1

    with pytest.raises(InvalidInput, match="A file has at most 1 MB"):
        put(b"x" * (1024 * 1024 + 1))

    assert files_in(folder) == []


# --- Links ----------------------------------------------------------------------------------


def test_a_link_leads_on_without_a_word_about_where_from(
    visit: MakeVisitor, meeting: Resource, subscriber: User
) -> None:
    response = visit(subscriber).client.get("/resources/meeting/open")

    assert (response.status_code, response["Location"]) == (302, MEETING)
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["Cache-Control"] == "private, no-store"
    assert log() == [("ada@example.com", "meeting", True, "subscription", NOW)]


def test_nobody_else_learns_where_a_link_leads(
    visit: MakeVisitor, meeting: Resource, stranger: User
) -> None:
    for client in (visit(stranger).client, visit().client):
        for address in [
            "/resources",
            "/resources/meeting",
            "/resources/meeting/open",
            "/resources/meeting/file",
            "/api/v1/resources",
            "/api/v1/resources/meeting",
            "/api/v1/access/meeting",
            "/api/v1/access?resources=meeting",
        ]:
            response = client.get(address)

            assert b"meet.example.com" not in response.content, address
            assert "meet.example.com" not in str(response.headers), address


def test_not_even_the_page_of_who_may_come_in_shows_the_address(
    visit: MakeVisitor, meeting: Resource, subscriber: User
) -> None:
    page = visit(subscriber).get("/resources/meeting")

    assert page.status == 200
    assert "meet.example.com" not in page.response.content.decode()


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "ftp://example.com/x", "//example.com", "", "/x"],
)
def test_a_link_leads_to_the_web_and_nowhere_else(
    visit: MakeVisitor, meeting: Resource, subscriber: User, address: str
) -> None:
    Resource.objects.update(url=address)

    assert visit(subscriber).get("/resources/meeting/open").status == 404
    with pytest.raises(InvalidInput):
        save_resource(resource_id=meeting.pk, changes={"url": address}, at=NOW)


def test_the_kinds_have_an_address_each(
    visit: MakeVisitor, meeting: Resource, handout: Resource, subscriber: User
) -> None:
    visitor = visit(subscriber)

    assert visitor.get("/resources/meeting/file").status == 404
    assert visitor.get("/resources/handout/open").status == 404
    assert visitor.get("/resources/nowhere/open").status == 404
    assert log() == []


def test_an_events_own_link_is_where_it_takes_place_now(
    customer: User, event: Event, make_resource: MakeResource
) -> None:
    from time_machine import travel

    resource = make_resource("talk", kind="link", event=event, body="")
    pay_order(buy(event, customer))
    client = Client()
    with travel(DOORS, tick=False):
        client.force_login(customer, "django.contrib.auth.backends.ModelBackend")

        assert client.get("/resources/talk/open").status_code == 404
        for address in ("https://meet.example.com/1", "https://meet.example.com/2"):
            Event.objects.update(online_url=address)
            assert client.get("/resources/talk/open")["Location"] == address
    assert AccessLog.objects.filter(resource=resource, granted_by="ticket").count() == 3
