"""The real settings of a site that is to be disturbed: same code, shorter waits, points to die at.

FAULTS_DIR is the folder of this run: the queue, the beat's timetable, the plan of what to kill.
"""

import os
from pathlib import Path

from config.settings import *
from config.settings import CELERY_BEAT_SCHEDULE, CELERY_BROKER_URL, INSTALLED_APPS

FAULTS_DIR = Path(os.environ["FAULTS_DIR"])

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.apps.FaultsConfig"]

# A test makes many people and checks none of their passwords' strength.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

EMAIL_TIMEOUT = 2

if CELERY_BROKER_URL.startswith("filesystem"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(FAULTS_DIR / "queue"),
        "data_folder_out": str(FAULTS_DIR / "queue"),
        "control_folder": str(FAULTS_DIR / "control"),
        "processed_folder": str(FAULTS_DIR / "processed"),
        "polling_interval": 0.05,
    }
    for _folder in ("queue", "control", "processed"):
        (FAULTS_DIR / _folder).mkdir(exist_ok=True)
CELERY_BEAT_SCHEDULE_FILENAME = str(FAULTS_DIR / "celerybeat-schedule")

# Every few seconds instead of every quarter of a minute, and never more than a busy machine gets
# done; what happens by the clock of the wall (nightly) is left out. FAULTS_WITHOUT names tasks that
# are taken away, for the control runs.
_without = set(os.environ.get("FAULTS_WITHOUT", "").split(","))


def _sooner(seconds: float) -> float:
    if seconds <= 15:
        return 1.0
    return 2.0 if seconds <= 60 else 10.0


CELERY_BEAT_SCHEDULE = {
    name: entry | {"schedule": _sooner(entry["schedule"]), "options": {"expires": 5}}
    for name, entry in CELERY_BEAT_SCHEDULE.items()
    if isinstance(entry["schedule"], float) and name not in _without
}
