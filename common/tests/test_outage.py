"""The cache is down: who needs it is told to come back, everybody else notices nothing."""

import pytest
from django.core.cache import caches
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def dead_cache(settings: Settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            # Nobody listens on port 1.
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    assert caches["default"].__class__.__name__ == "RedisCache"


def test_sign_in_says_so_and_when_to_come_back(client: Client) -> None:
    answer = client.post("/accounts/login/", {"login": "ada@example.com", "password": "x"})

    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert b"Please try again in a minute" in answer.content


def test_what_needs_no_cache_goes_on(client: Client) -> None:
    assert client.get("/bookings/new").status_code == 200
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json()["cache"] == "no answer (ConnectionError)"
