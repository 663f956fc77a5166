"""A Redis that doesn't answer holds up no request."""

import os
import subprocess
import sys

# The first wake-up imports what it needs; the second is what a request pays.
SCRIPT = """
import logging, time
import config.celery, django
django.setup()
logging.disable(logging.CRITICAL)
from common.wake import wake
wake("nobody.listens", 1)
began = time.monotonic()
wake("nobody.listens", 2)
print(time.monotonic() - began)
"""


def test_a_wake_up_gives_up_at_once_when_the_broker_refuses() -> None:
    env = os.environ | {
        "DJANGO_ENV": "test",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        # Port 1 of this machine: nobody is there, and the answer comes at once.
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
    }

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, check=True
    )

    assert float(done.stdout) < 1
