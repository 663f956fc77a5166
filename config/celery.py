"""The Celery application; `celery -A config worker` and `celery -A config beat` start from here."""

import os

from celery import Celery
from celery.signals import setup_logging

from config import filesystem_queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

filesystem_queue.install()
app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def leave_logging_to_django(**kwargs: object) -> None:
    """Keep Celery from replacing the logging that settings.LOGGING describes."""
