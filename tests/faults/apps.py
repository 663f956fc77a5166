"""Loads the points to die at into each process of the site; the product knows nothing of them."""

import os

from django.apps import AppConfig


class FaultsConfig(AppConfig):
    name = "tests.faults"
    label = "faults"

    def ready(self) -> None:
        from tests.faults import haste, points

        haste.shorten()
        if os.environ.get("FAULTS_ROLE"):
            points.install()
