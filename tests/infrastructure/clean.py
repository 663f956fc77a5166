"""What one test leaves in the process must not reach the next."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """Rate limits count in the cache: without this, tests in one order sign in too often."""
    yield
    cache.clear()
