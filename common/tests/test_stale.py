"""A form without its token, or with an old one: nothing is done, and there is a way back."""

import pytest

from accounts.models import User
from tests.infrastructure.pages import MakeVisitor, Page

SIGN_IN = "/accounts/login/"
PASSWORD = "correct horse 9"


@pytest.fixture
def known(customer: User) -> User:
    customer.set_password(PASSWORD)
    customer.save()
    return customer


def test_a_sign_in_sent_twice_is_told_so_and_leads_on(visit: MakeVisitor, known: User) -> None:
    visitor = visit()
    asked = visitor.get(SIGN_IN, next="/bookings?tab=past")
    [form] = [form for form in asked.forms if "password" in form.fields]
    fields = form.fields | {"login": known.email, "password": PASSWORD}
    first = visitor.client.post(form.action, fields)
    assert first.status_code in {302, 303}

    # The token changed with signing in; the second click still brings the old one.
    second = Page(
        visitor.client.post(
            form.action, fields, headers={"referer": f"http://testserver{SIGN_IN}?next=%2Fbookings"}
        )
    )

    assert second.status == 403
    assert second.h1 == "You are signed in, but that page was from before"
    back = second.href("Load the page again")
    assert back == f"{SIGN_IN}?next=%2Fbookings"
    assert visitor.get_address(back).location == "/bookings"


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        pytest.param(None, "/accounts/login/?next=/tickets", id="none"),
        pytest.param("https://evil.example/x", "/accounts/login/?next=/tickets", id="elsewhere"),
        pytest.param("javascript:alert(1)", "/accounts/login/?next=/tickets", id="no-page"),
        pytest.param("http://testserver/events?type=other", "/events?type=other", id="ours"),
    ],
)
def test_the_way_back_stays_with_us(visit: MakeVisitor, referer: str | None, back: str) -> None:
    headers = {"referer": referer} if referer else {}
    visitor = visit()

    answer = Page(visitor.client.post("/accounts/login/?next=/tickets", {}, headers=headers))

    assert (answer.status, answer.h1) == (403, "That page was open too long")
    assert answer.href("Load the page again") == back
