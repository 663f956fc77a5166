"""Our site and the floors beside it, each before a small shop and before a large one."""

import contextlib
import time
from collections.abc import Iterator
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from bench.sold import Shop, make_shops
from bench.web import CLIENTS, Site, serving

FLOOR = "bench.floor:application"


class Sites(NamedTuple):
    """One shop, and what stands before it."""

    shop: Shop
    ours: Site
    floor: Site
    # The floor's views behind our middleware and our authentication.
    dressed: Site


@contextlib.contextmanager
def running_sites() -> Iterator[list[Sites]]:
    """The small shop and the large one, with all servers running."""
    began = time.monotonic()
    shops = make_shops(timezone.now())
    with contextlib.ExitStack() as running:

        def serve(shop: Shop, application: str, settings: str) -> Site:
            environment = {"DATABASE_URL": _url(shop), "DJANGO_SETTINGS_MODULE": settings}
            return running.enter_context(serving(application, environment))

        sites = [
            Sites(
                shop,
                ours=serve(shop, "config.wsgi:application", "config.settings"),
                floor=serve(shop, FLOOR, "bench.floor_settings"),
                dressed=serve(shop, FLOOR, "bench.dressed_settings"),
            )
            for shop in shops
        ]
        print(
            f"{CLIENTS} clients; gunicorn as in the Procfile; slices by turns, medians; "
            f"made in {time.monotonic() - began:.0f} s"
        )
        yield sites


def _url(shop: Shop) -> str:
    settings = connection.settings_dict
    address = f"mysql://{settings['USER']}:{settings['PASSWORD']}@{settings['HOST']}"
    return f"{address}:{settings['PORT']}/{shop.database}"
