"""An address that lets its reader in doesn't stand in the log."""

import logging

import pytest
from django.conf import settings

from common.private_addresses import HidePrivateAddresses


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("Conflict: /pay/Zx9-_q", "Conflict: /pay/…"),
        ("Service Unavailable: /pay/Zx9-_q/return", "Service Unavailable: /pay/…/return"),
        ("Not Found: /calendar/Zx9-_q.ics", "Not Found: /calendar/…"),
        ("Not Found: /reminders/off/Mq:1uX:zz", "Not Found: /reminders/off/…"),
        (
            "Bad Request: /accounts/password/reset/key/1-set-password/",
            "Bad Request: /accounts/password/reset/key/…/",
        ),
        ("Not Found: /bookings/17", "Not Found: /bookings/17"),
        ("100 % of /pay", "100 % of /pay"),
    ],
)
def test_the_secret_is_left_out(said: str, logged: str) -> None:
    record = logging.LogRecord("django.request", logging.WARNING, "", 1, "%s", (said,), None)

    assert HidePrivateAddresses().filter(record)
    assert record.getMessage() == logged


def test_all_that_is_logged_goes_through_it() -> None:
    logging_of_the_site = settings.LOGGING

    assert logging_of_the_site["root"]["handlers"] == ["console"]
    assert list(logging_of_the_site["handlers"]) == ["console"]
    assert logging_of_the_site["handlers"]["console"]["filters"] == ["private"]
