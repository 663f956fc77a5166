"""A picture for what has none: a pattern drawn from its name, always the same, in its own hue."""

from collections.abc import Iterator
from hashlib import blake2b

HUES = 12
TILE = 20
COLUMNS, ROWS = 6, 4
WIDTH, HEIGHT = COLUMNS * TILE, ROWS * TILE

# Each tile holds one of these, drawn in a square of 20 by 20 (a quarter, a half, a disc, a leaf).
SHAPES = (
    "M0 0h20a20 20 0 0 1-20 20Z",
    "M20 0v20A20 20 0 0 1 0 0Z",
    "M20 20H0A20 20 0 0 1 20 0Z",
    "M0 20V0a20 20 0 0 1 20 20Z",
    "M0 0h20a10 10 0 0 1-20 0Z",
    "M0 20h20a10 10 0 0 0-20 0Z",
    "M10 4a6 6 0 0 1 0 12a6 6 0 0 1 0-12Z",
    "M0 0a20 20 0 0 1 20 20A20 20 0 0 1 0 0Z",
    "M20 0A20 20 0 0 1 0 20A20 20 0 0 1 20 0Z",
)
# How many of 16 tiles stay empty: a pattern needs air.
EMPTY_OF_16 = 4


def hue_of(name: str) -> int:
    """Which of the twelve hues (classes `hue-0` to `hue-11`) a name has."""
    return _bytes_of(name)[0] % HUES


def pattern_svg(name: str) -> str:
    """An SVG element, 3:2, that takes its colours from the style sheet by class; safe as markup."""
    tiles = "".join(_tiles(_bytes_of(name)))
    return (
        f'<svg class="pattern hue-{hue_of(name)}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'preserveAspectRatio="xMidYMid slice" aria-hidden="true">{tiles}</svg>'
    )


def _tiles(seed: bytes) -> Iterator[str]:
    for place in range(COLUMNS * ROWS):
        byte = seed[place + 1]
        if byte % 16 < EMPTY_OF_16:
            continue
        row, column = divmod(place, COLUMNS)
        strength = "high" if byte & 0b100_0000 else "low"
        shape = SHAPES[byte % len(SHAPES)]
        yield (
            f'<path class="pattern-{strength}" '
            f'transform="translate({column * TILE} {row * TILE})" d="{shape}"/>'
        )


def _bytes_of(name: str) -> bytes:
    return blake2b(name.strip().lower().encode(), digest_size=32).digest()
