"""Who may come in: plans, subscriptions, resources, and the keys that open them.

    from access import check_user_access

asks whether somebody may open a resource; see docs/access.md.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from access.queries import check_user_access as check_user_access
    from access.queries import decide_all as decide_all

__all__ = ["check_user_access", "decide_all"]


def __getattr__(name: str) -> Any:
    # Only when it is asked for: Django imports this package before there are models.
    if name in __all__:
        from access import queries

        return getattr(queries, name)
    raise AttributeError(f"module 'access' has no attribute '{name}'")
