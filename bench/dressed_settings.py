"""Settings of the dressed floor: the floor's views behind all that our own requests go through."""

from config.settings import *  # noqa: F403
from config.settings import MIDDLEWARE

FLOOR_MIDDLEWARE = MIDDLEWARE
ROOT_URLCONF = "bench.floor"
