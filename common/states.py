"""State machines as data: a table of allowed moves, checked in one place."""

from collections.abc import Collection, Mapping

from common.errors import InvalidTransition

Moves = Mapping[str, Collection[str]]


def require_move(moves: Moves, source: str, target: str, *, thing: str) -> None:
    """Raise InvalidTransition unless `moves` allows `source` -> `target`."""
    if target not in moves.get(source, ()):
        raise InvalidTransition(
            f"This {thing} is {source.replace('_', ' ')}; "
            f"it can't become {target.replace('_', ' ')}."
        )
