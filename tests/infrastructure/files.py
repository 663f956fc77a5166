"""Private files of one test alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from access.models import Resource


@pytest.fixture
def private_files(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """The folder they are in; the storage is the settings' own otherwise."""
    own = tmp_path / "private"
    storages = dict(settings.STORAGES)
    storages["private"] = {
        "BACKEND": storages["private"]["BACKEND"],
        "OPTIONS": {**storages["private"]["OPTIONS"], "location": own},
    }
    settings.STORAGES = storages
    settings.MEDIA_ROOT = tmp_path / "media"
    field: Any = Resource._meta.get_field("file")
    before, field.storage = field.storage, field._storage_callable()
    yield own
    field.storage = before
