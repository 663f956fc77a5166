"""Colours where a style sheet can't derive them: in mails, whose readers know nothing newer."""

from functools import lru_cache
from typing import Final

# What WCAG asks of normal text.
READABLE: Final = 4.5
STEP: Final = 0.95
FALLBACK: Final = "#0f6b6b"


@lru_cache(maxsize=16)
def deepened(colour: str) -> str:
    """This colour ('#rgb' or '#rrggbb'), darkened until white text on it is readable.

    What is no such colour becomes the default accent: a mail must not fail over its paint.
    """
    channels = _channels(colour)
    if channels is None:
        return FALLBACK
    while _contrast_with_white(channels) < READABLE:
        channels = [channel * STEP for channel in channels]
    return "#" + "".join(f"{int(channel):02x}" for channel in channels)


def _channels(colour: str) -> list[float] | None:
    digits = colour.strip().removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    if len(digits) != 6:
        return None
    try:
        return [float(byte) for byte in bytes.fromhex(digits)]
    except ValueError:
        return None


def _contrast_with_white(channels: list[float]) -> float:
    red, green, blue = (_linear(int(channel) / 255) for channel in channels)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
