"""Settings that are wrong are refused in one sentence that names the variable."""

from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import Environment


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setattr(Environment, "ENVIRON", {})
    return Environment()


def test_set_to_nothing_is_not_set(env: Environment) -> None:
    env.ENVIRON |= {"A": "", "B": "", "C": "", "D": ""}

    assert env.str("A", default="x") == "x"
    assert env.count("B", default=3) == 3
    assert env.minutes("C", default="15") == 15
    assert env.db_url("D", default="sqlite:///x")["NAME"] == "x"


def test_what_is_right_is_taken(env: Environment) -> None:
    env.ENVIRON |= {"HOLD": "0.1", "MONEY": "eur", "N": "7", "ZONE": "Europe/Berlin"}

    assert env.minutes("HOLD", default="15") == Decimal("0.1")
    assert env.currency("MONEY", default="USD") == "EUR"
    assert env.count("N", default=1) == 7
    assert env.zone("ZONE", default="UTC") == "Europe/Berlin"


@pytest.mark.parametrize("text", ["-1", "0", "NaN", "Infinity", "soon", "1441"])
def test_a_hold_that_makes_no_sense_is_refused(env: Environment, text: str) -> None:
    env.ENVIRON["HOLD"] = text

    with pytest.raises(ImproperlyConfigured, match=r"^HOLD is "):
        env.minutes("HOLD", default="15")


@pytest.mark.parametrize("text", ["dollars", "U", "U$D", "12A"])
def test_a_currency_has_three_letters(env: Environment, text: str) -> None:
    env.ENVIRON["MONEY"] = text

    with pytest.raises(ImproperlyConfigured, match=r"^MONEY is "):
        env.currency("MONEY", default="USD")


@pytest.mark.parametrize("text", ["0", "-3", "many", "1.5"])
def test_a_count_is_whole_and_above_nothing(env: Environment, text: str) -> None:
    env.ENVIRON["N"] = text

    with pytest.raises(ImproperlyConfigured, match=r"^N is "):
        env.count("N", default=3)


def test_a_zone_has_to_exist(env: Environment) -> None:
    env.ENVIRON["ZONE"] = "Mars/X"

    with pytest.raises(ImproperlyConfigured, match=r"^ZONE is "):
        env.zone("ZONE", default="UTC")
