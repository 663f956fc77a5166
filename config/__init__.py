"""Wiring: settings, addresses, the worker and its timetable."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
