"""The kinds of people, what an address answers to them, and a row of the matrix."""

from dataclasses import dataclass, field
from typing import Any

# A person with `is_staff` alone belongs to the staff and has no role there.
PEOPLE = (
    "anonymous",
    "owner",
    "stranger",
    "bare_staff",
    "scanner",
    "front_desk",
    "manager",
    "superuser",
)
V1 = "api/v1/"

Statuses = tuple[int, ...]


def everybody(status: int) -> Statuses:
    return (status,) * len(PEOPLE)


def signed_in(status: int, *, anonymous: int = 401) -> Statuses:
    return (anonymous, *((status,) * 7))


def page(status: int) -> Statuses:
    """Who isn't signed in is led to the sign-in."""
    return signed_in(status, anonymous=302)


def owner(status: int, *, anonymous: int = 401) -> Statuses:
    """Nobody else finds it, whatever their role."""
    return (anonymous, status, *((404,) * 6))


def desk(status: int) -> Statuses:
    """Front desk and manager; superusers may everything."""
    return (401, 403, 403, 403, 403, status, status, status)


def door(status: int) -> Statuses:
    """Who scans may look as well."""
    return (401, 403, 403, 403, status, status, status, status)


def paper(status: int) -> Statuses:
    """What staff hand out too."""
    return (302, status, 404, 404, 404, status, status, status)


def manager(status: int) -> Statuses:
    return (401, 403, 403, 403, 403, 403, status, status)


def keys(status: int, *, anonymous: int = 401, refused: int = 403) -> Statuses:
    """The owner has what opens it; a manager may open whatever they may change."""
    return (anonymous, status, *((refused,) * 4), status, status)


@dataclass(frozen=True)
class Row:
    method: str
    route: str
    statuses: Statuses
    body: dict[str, Any] | None = field(default=None, hash=False)
    # Which row of the world is named in the address; the first booking's unless said.
    of: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.route}"
