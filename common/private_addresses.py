"""Keeps out of the log what lets its reader in: addresses that are a secret themselves."""

import logging
import re
from typing import Final

# Whoever knows one of these needs no sign-in: to pay or give up, to read a calendar, to end
# reminders, to choose a new password.
SECRET: Final = re.compile(
    r"/(pay|calendar|reminders/off|accounts/password/reset/key|accounts/confirm-email)/[^/\s?\"']+"
)


class HidePrivateAddresses(logging.Filter):
    """Django names the path of each request that it answers with 4xx or 5xx."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        hidden = SECRET.sub(r"/\1/…", said)
        if hidden != said:
            record.msg, record.args = hidden, ()
        return True
