"""Signing up: what is refused, and what happens to a button that was pressed twice."""

from typing import Any

import pytest
from allauth.account.adapter import DefaultAccountAdapter
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from notifications.models import OutgoingMail

pytestmark = pytest.mark.django_db

PAGE, APP = "/accounts/signup/", "/_allauth/app/v1/auth/signup"
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


def on_the_page(client: Client, email: str) -> Any:
    return client.post(PAGE, {"email": email, "password1": PASSWORD, "name": "Ada"})


def over_the_api(client: Client, email: str) -> Any:
    body = {"email": email, "password": PASSWORD}
    return client.post(APP, body, content_type="application/json")


@pytest.mark.parametrize(("sign_up", "status"), [(on_the_page, 200), (over_the_api, 400)])
def test_an_address_that_is_too_long_is_refused_not_cut(
    client: Client, sign_up: Any, status: int
) -> None:
    answer = sign_up(client, f"{'x' * 300}@example.com")

    assert answer.status_code == status
    assert "at most 254 characters" in answer.content.decode()
    assert not User.objects.exists()
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize(("sign_up", "status"), [(on_the_page, 200), (over_the_api, 400)])
@pytest.mark.parametrize("invisible", ["\u200b", "\u00ad", "\u202e"])
def test_an_address_that_only_looks_like_another_is_refused(
    client: Client, sign_up: Any, status: int, invisible: str
) -> None:
    answer = sign_up(client, f"ada@exam{invisible}ple.com")

    assert answer.status_code == status
    assert not User.objects.exists()


@pytest.mark.parametrize("sign_up", [on_the_page, over_the_api])
def test_the_later_of_two_presses_is_answered_not_broken(
    client: Client, sign_up: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin's row comes between this request's look and its write."""
    save = DefaultAccountAdapter.save_user

    def save_after_the_twin(self: Any, *args: Any, **kwargs: Any) -> Any:
        User.objects.create_user("ada@example.com", PASSWORD)
        return save(self, *args, **kwargs)

    monkeypatch.setattr(DefaultAccountAdapter, "save_user", save_after_the_twin)
    # The twin is written in the savepoint too; what counts is the answer.
    answer = sign_up(client, "ada@example.com")

    assert answer.status_code == 429
    assert not OutgoingMail.objects.exists()


def test_the_page_for_who_comes_too_often_says_what_to_do(client: Client) -> None:
    on_the_page(client, "ada@example.com")

    answer = on_the_page(Client(), "ada@example.com")

    assert answer.status_code == 429
    assert "it is on its way" in " ".join(answer.content.decode().split())


@pytest.mark.parametrize("path", ["/accounts/login/", PAGE])
def test_errors_call_the_address_what_its_field_is_called(client: Client, path: str) -> None:
    answer = client.post(path, {"email": "nonsense", "login": "nonsense", "password": "short"})

    words = answer.content.decode()
    assert "E-mail: " in words
    assert "Email: " not in words
