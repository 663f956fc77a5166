"""The real settings, with nothing of this machine's own in them.

DATABASE_URL alone is taken over: it decides which database a run of pytest is about.
"""

import os
import re
import tempfile
from pathlib import Path

_example = Path(__file__).resolve().parent.parent / ".env.example"
_documented = re.findall(r"^#?([A-Z][A-Z_]+)=", _example.read_text(encoding="utf-8"), re.MULTILINE)
for _name in set(_documented) - {"DATABASE_URL"}:
    os.environ.pop(_name, None)
os.environ["DJANGO_ENV"] = "test"
os.environ["CELERY_BROKER_URL"] = "memory://"

from config.settings import *  # noqa: E402
from config.settings import DATABASES, TEMPLATES  # noqa: E402
from tests.infrastructure.undefined import Undefined  # noqa: E402

# A file, not memory: races need several connections to one database.
_test_database = DATABASES["default"].setdefault("TEST", {})
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    _test_database["NAME"] = f"{tempfile.gettempdir()}/test-{os.getpid()}.sqlite3"

# Each client of a test has middleware of its own, and whitenoise would read every static file anew.
WHITENOISE_AUTOREFRESH = True

# A test makes many people and checks none of their passwords' strength.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = Undefined()
