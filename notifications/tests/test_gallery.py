"""Staff see every mail as people get it, with sample facts and nothing stored."""

import re

import pytest
from django.test import Client

from accounts.models import User
from notifications.models import OutgoingMail
from notifications.preview import DARK_SCREEN
from notifications.registry import kinds
from notifications.samples import has_sample, sample

pytestmark = pytest.mark.django_db
GALLERY = "/admin/notifications/outgoingmail/gallery/"


def test_every_kind_has_a_sample() -> None:
    assert [kind.name for kind in kinds() if not has_sample(kind.name)] == []


@pytest.mark.parametrize("name", [kind.name for kind in kinds()])
def test_a_sample_is_a_whole_mail(name: str) -> None:
    kind = next(kind for kind in kinds() if kind.name == name)

    message = sample(kind)

    assert message.subject
    assert message.text.strip()
    assert "<table" in message.html
    assert not OutgoingMail.objects.exists()


def test_the_gallery_shows_it_wide_and_narrow(client: Client, manager: User) -> None:
    client.force_login(manager)

    page = client.get(GALLERY, {"kind": "tickets_purchased"}).content.decode()
    body = client.get(f"{GALLERY}tickets_purchased/")

    assert page.count(f'src="{GALLERY}tickets_purchased/?look=light"') == 2
    assert "invite.ics" in page
    assert "data:image/png;base64" in body.content.decode()
    assert "sandbox" in body["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("look", "asked_under"),
    [("light", "@media not all {"), ("dark", "@media all {"), ("", DARK_SCREEN)],
)
def test_light_and_dark_can_be_chosen(
    client: Client, manager: User, look: str, asked_under: str
) -> None:
    """Whatever the screen of the one who looks is set to."""
    client.force_login(manager)

    page = client.get(GALLERY, {"kind": "booking_confirmed", "look": "dark"}).content.decode()
    body = client.get(f"{GALLERY}booking_confirmed/", {"look": look}).content.decode()

    assert page.count(f'src="{GALLERY}booking_confirmed/?look=dark"') == 2
    found = ("@media not all {", "@media all {", DARK_SCREEN)
    assert [asked for asked in found if asked in body] == [asked_under]


@pytest.mark.parametrize("name", [kind.name for kind in kinds()])
def test_a_mail_is_made_of_what_outlook_knows(name: str) -> None:
    """Word draws Outlook's mails: tables with their widths and colours as attributes."""
    html = sample(next(kind for kind in kinds() if kind.name == name)).html

    for unknown in ("flex", "grid", "float:", "position:", "calc(", "var(", "<link", "<script"):
        assert unknown not in html, unknown
    assert "<!--[if mso]>" in html
    assert "mso-hide: all" in html
    assert 'width="600"' in html
    for table in re.findall(r"<table[^>]*>", html):
        for needed in ('role="presentation"', 'cellpadding="', 'cellspacing="0"', 'border="0"'):
            assert needed in table, table
    for picture in re.findall(r"<img[^>]*>", html):
        assert re.search(r'src="cid:[^"]+" alt="[^"]+" width="\d+" height="\d+"', picture), picture
    for link in re.findall(r"<td[^>]*>\s*<a[^>]*inline-block", html):
        # Else a button there is as narrow as its words, or has no colour.
        assert "bgcolor=" in link, link
        assert "mso-padding-alt" in link, link
    # Nothing that a server could see being fetched.
    assert re.findall(r"url\(|src=\"http", html) == []


def test_it_is_for_who_may_see_mails(client: Client, scanner: User) -> None:
    client.force_login(scanner)

    assert client.get(GALLERY).status_code == 403
    assert client.get(f"{GALLERY}tickets_purchased/").status_code == 403
    client.logout()
    assert client.get(GALLERY).status_code == 302
