"""Pictures of rooms: read by content, written anew, served with care, removed when replaced."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import User
from bookings import pictures
from bookings.models import Room
from bookings.services import delete_room, save_room, save_room_picture
from common.errors import InvalidInput, NotFound
from tests.infrastructure.pages import MakeVisitor, Page
from tests.infrastructure.world import NOW

CAMERA = 0x0110
ORIENTATION = 0x0112


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path / "rooms"


def photo(
    kind: str = "JPEG", size: tuple[int, int] = (1600, 800), mode: str = "RGB", **fields: Any
) -> SimpleUploadedFile:
    written = BytesIO()
    Image.new(mode, size, "teal").save(written, kind, **fields)
    return SimpleUploadedFile("room.jpg", written.getvalue(), "image/jpeg")


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*")) if folder.exists() else []


def upload(visit: MakeVisitor, who: User, room: Room, file: Any = None, **fields: object) -> Page:
    """Save the room's form as it stands, with this file."""
    visitor = visit(who)
    address = f"/admin/bookings/room/{room.pk}/change/"
    visitor.get(address)
    sent: dict[str, object] = {
        "csrfmiddlewaretoken": visitor.client.cookies["csrftoken"].value,
        "name": room.name,
        "room_type": room.room_type,
        "description": room.description,
        "capacity": room.capacity,
        "is_active": "on",
        "hourly_rate": "90",
        "timezone": room.timezone,
        "min_notice_minutes": "60",
        "max_advance_days": "90",
        "notify_staff": "on",
        "refund_policy_hours_0": "",
        "refund_policy_percent_0": "",
        **fields,
    }
    if file is not None:
        sent["picture"] = file
    return visitor.follow(Page(visitor.client.post(address, sent)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_upload_is_written_anew_in_two_widths(
    visit: MakeVisitor, room: Room, manager: User, folder: Path, kind: str
) -> None:
    done = upload(visit, manager, room, photo(kind))

    assert "was changed successfully" in done.text
    room.refresh_from_db()
    assert pictures.is_ours(room.image_url)
    large, little = (folder / Path(name).name for name in (room.image_url, small_of(room)))
    with Image.open(large) as one, Image.open(little) as two:
        assert (one.format, one.size, two.size) == ("WEBP", (1280, 640), (640, 320))
    assert "room" not in large.name


def small_of(room: Room) -> str:
    return pictures.small(room.image_url)


def test_nothing_of_the_camera_is_kept_and_it_stands_upright(
    visit: MakeVisitor, room: Room, manager: User, folder: Path
) -> None:
    exif = Image.Exif()
    exif[CAMERA] = "Spy Cam"
    exif[ORIENTATION] = 6

    upload(visit, manager, room, photo(size=(800, 400), exif=exif))

    for name in files(folder):
        content = (folder / name).read_bytes()
        assert b"Spy Cam" not in content
        assert b"EXIF" not in content
    room.refresh_from_db()
    with Image.open(folder / Path(room.image_url).name) as upright:
        assert upright.size == (400, 800)


def test_what_is_transparent_becomes_white(folder: Path) -> None:
    clear = photo("PNG", mode="RGBA", size=(300, 300))
    with Image.open(clear) as picture:
        picture.putalpha(0)
        written = BytesIO()
        picture.save(written, "PNG")

    encoded = pictures.encode(SimpleUploadedFile("a.png", written.getvalue()))

    with Image.open(BytesIO(encoded[""])) as read:
        assert read.convert("RGB").getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        pytest.param(
            SimpleUploadedFile("a.jpg", b"<svg onload=alert(1)>", "image/jpeg"),
            "isn't a JPEG, PNG or WebP picture",
            id="svg",
        ),
        pytest.param(photo("GIF"), "isn't a JPEG, PNG or WebP picture", id="gif"),
        pytest.param(
            SimpleUploadedFile("a.jpg", photo().read()[:900], "image/jpeg"),
            "damaged",
            id="cut-short",
        ),
        pytest.param(photo(size=(40, 40)), "too small", id="small"),
        pytest.param(
            SimpleUploadedFile("a.jpg", b"\xff" * (8 * 1024 * 1024 + 1)), "at most 8 MB", id="big"
        ),
        pytest.param(photo("PNG", size=(8000, 5001), mode="1"), "40 megapixels", id="bomb"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(
    visit: MakeVisitor, room: Room, manager: User, folder: Path, file: Any, words: str
) -> None:
    file.seek(0)

    page = upload(visit, manager, room, file, name="Another name")

    assert words in page.text
    room.refresh_from_db()
    assert (room.name, room.image_url, files(folder)) == ("Dr Weber", "", [])


def test_the_former_files_go(
    visit: MakeVisitor,
    room: Room,
    manager: User,
    folder: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    upload(visit, manager, room, photo())
    former = files(folder)

    with django_capture_on_commit_callbacks(execute=True):
        upload(visit, manager, room, photo(size=(900, 900)))

    assert len(former) == len(files(folder)) == 2
    assert not set(former) & set(files(folder))
    with django_capture_on_commit_callbacks(execute=True):
        upload(visit, manager, room, remove_picture="on")
    room.refresh_from_db()
    assert (room.image_url, files(folder)) == ("", [])


@pytest.mark.parametrize("way", ["address", "delete"])
def test_the_files_go_with_the_address_and_with_the_room(
    room: Room,
    folder: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    way: str,
) -> None:
    save_room_picture(room_id=room.pk, picture=pictures.encode(photo()))
    assert len(files(folder)) == 2

    with django_capture_on_commit_callbacks(execute=True):
        if way == "delete":
            delete_room(room_id=room.pk)
        else:
            save_room(room_id=room.pk, changes={"image_url": "/static/door.jpg"}, at=NOW)

    assert files(folder) == []


def test_other_addresses_are_left_alone(folder: Path) -> None:
    outside = folder.parent / "secret.webp"
    outside.write_bytes(b"mine")
    for address in (
        "",
        "/static/door.jpg",
        "/media/rooms/../secret.webp",
        "/media/rooms/" + "a" * 22 + ".webp",
        "https://example.com/media/rooms/a.webp",
    ):
        pictures.discard(address)

    assert outside.exists()
    assert pictures.small("/static/door.jpg") == "/static/door.jpg"


def test_a_picture_is_served_with_care(room: Room) -> None:
    saved = save_room_picture(room_id=room.pk, picture=pictures.encode(photo()))

    answer = Client().get(saved.image_url)

    assert answer.status_code == 200
    assert {name: answer[name] for name in ("Content-Type", "Cache-Control")} == {
        "Content-Type": "image/webp",
        "Cache-Control": "public, max-age=31536000, immutable",
    }
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert b"".join(answer.streaming_content)[:4] == b"RIFF"  # type: ignore[attr-defined]
    assert Client().post(saved.image_url).status_code == 405


@pytest.mark.parametrize(
    "name",
    ["a.webp", "a" * 22 + ".webp", "a" * 22 + ".png", "..%2f..%2fdb.sqlite3", "%2e%2e"],
)
def test_nothing_else_is_served(db: None, name: str) -> None:
    assert Client().get(f"/media/rooms/{name}").status_code == 404


def test_customers_see_the_picture_else_the_pattern(
    visit: MakeVisitor, room: Room, manager: User
) -> None:
    visitor = visit()
    assert visitor.get("/bookings/new").tags("img", "src") == []

    saved = save_room_picture(room_id=room.pk, picture=pictures.encode(photo()))

    assert [
        (tag["src"], saved.image_url in tag["srcset"])
        for tag in visitor.get("/bookings/new").tags("img", "src")
    ] == [(pictures.small(saved.image_url), True)]


@pytest.mark.parametrize("who", ["front_desk", "scanner", "customer"])
def test_only_managers_change_pictures(
    request: pytest.FixtureRequest, visit: MakeVisitor, room: Room, folder: Path, who: str
) -> None:
    visitor = visit(request.getfixturevalue(who))
    address = f"/admin/bookings/room/{room.pk}/change/"
    page = visitor.get(address)
    token = visitor.client.cookies.get("csrftoken")

    answered = visitor.client.post(
        address, {"csrfmiddlewaretoken": token.value if token else "", "picture": photo()}
    )

    assert answered.status_code in {302, 403}
    assert page.tags("input", "accept") == []
    assert files(folder) == []


def test_refusals_of_the_service(db: None, folder: Path) -> None:
    with pytest.raises(NotFound):
        save_room_picture(room_id=10**6, picture=pictures.encode(photo()))
    with pytest.raises(InvalidInput):
        pictures.encode(SimpleUploadedFile("a.jpg", b""))
    assert files(folder) == []
