"""Stripe's settings: what does not fit is refused at start, by a sentence naming the variable."""

import os
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from config.stripe_keys import stripe_mistakes
from scripts.console import ROOT

RIGHT: dict[str, Any] = {
    "is_chosen": True,
    "kind": "production",
    "key": "sk_live_1",
    "webhook_secret": "whsec_1",
    "api_base": "",
    "checkout_origin": "https://checkout.stripe.com",
    "allow_test_keys": False,
}
DEMO = {"kind": "demo", "key": "sk_test_1"}


def mistakes(**changes: Any) -> list[str]:
    return stripe_mistakes(**RIGHT | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"key": "rk_live_1"},
        {"key": "sk_test_1", "allow_test_keys": True},
        DEMO,
        DEMO | {"api_base": "http://127.0.0.1:8161", "checkout_origin": "http://127.0.0.1:8161"},
        {"is_chosen": False, "kind": "demo", "key": "", "webhook_secret": ""},
    ],
)
def test_what_fits_is_taken(changes: dict[str, Any]) -> None:
    assert mistakes(**changes) == []


@pytest.mark.parametrize(
    ("changes", "begins"),
    [
        ({"key": ""}, "STRIPE_SECRET_KEY is not set"),
        ({"key": "pk_live_1"}, "STRIPE_SECRET_KEY must begin with"),
        ({"key": "sk_test_1"}, "STRIPE_SECRET_KEY is a test key"),
        ({"kind": "demo"}, "STRIPE_SECRET_KEY is a live key"),
        ({"kind": "demo", "is_chosen": False}, "STRIPE_SECRET_KEY is a live key"),
        ({"kind": "test", "key": "rk_live_1"}, "STRIPE_SECRET_KEY is a live key"),
        ({"webhook_secret": ""}, "STRIPE_WEBHOOK_SECRET is not set"),
        ({"webhook_secret": "secret"}, "STRIPE_WEBHOOK_SECRET must begin with whsec_"),
        ({"api_base": "api.stripe.com"}, "STRIPE_API_BASE is 'api.stripe.com'"),
        ({"api_base": "https://proxy.example.com/v1"}, "STRIPE_API_BASE is 'https://proxy"),
        ({"api_base": "http://proxy.example.com"}, "STRIPE_API_BASE does not begin with https://"),
        ({"checkout_origin": "*"}, "STRIPE_CHECKOUT_ORIGIN is '*'"),
    ],
)
def test_what_does_not_fit_is_one_sentence(changes: dict[str, Any], begins: str) -> None:
    found = mistakes(**changes)

    assert [each[: len(begins)] for each in found] == [begins]
    # A sentence that ends up in logs says nothing of the secrets.
    assert not any(secret in found[0] for secret in ("sk_live_1", "sk_test_1", "pk_live_1"))


def start(**changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import config.settings as s; print(s.CONTENT_SECURITY_POLICY)"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DJANGO_ENV": "test"} | changes,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_process_does_not_start_without_a_key() -> None:
    refused = start(PAYMENT_PROVIDER="stripe", STRIPE_WEBHOOK_SECRET="whsec_1")

    assert refused.returncode != 0
    assert refused.stderr.strip().splitlines()[-1] == (
        "django.core.exceptions.ImproperlyConfigured: Stripe can't be used so: "
        "STRIPE_SECRET_KEY is not set, and PAYMENT_PROVIDER is 'stripe'."
    )


def test_forms_may_lead_to_the_page_to_pay_on_and_nowhere_else() -> None:
    stripe = {
        "PAYMENT_PROVIDER": "stripe",
        "STRIPE_SECRET_KEY": "sk_test_1",
        "STRIPE_WEBHOOK_SECRET": "whsec_1",
    }

    assert "'form-action': [\"'self'\", 'https://checkout.stripe.com']" in start(**stripe).stdout
    elsewhere = start(**stripe, STRIPE_API_BASE="http://127.0.0.1:9")
    assert "'form-action': [\"'self'\", 'http://127.0.0.1:9']" in elsewhere.stdout
    assert "'form-action': [\"'self'\"]" in start().stdout


@pytest.mark.django_db
def test_test_money_in_production_is_said_on_every_page(client: Client, settings: Settings) -> None:
    said = b"Payments are being tested here"
    assert said not in client.get("/events").content

    settings.IS_TEST_MONEY = True

    assert said in client.get("/events").content
    assert said in client.get("/accounts/login/").content
