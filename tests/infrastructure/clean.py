"""What one test leaves in the process must not reach the next."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from access import navigation


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """Rate limits count in the cache: without this, tests in one order sign in too often."""
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def empty_navigation() -> None:
    """Nothing is on sale when a test begins; one that makes plans says `navigation.keep(None)`."""
    navigation.keep(navigation.Navigation(has_plans=False, has_resources=False))
