"""The shapes in which pages tell how something stands and why something is refused."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Standing:
    """A state in words: a mark for lists, a headline and a sentence for its page."""

    mark: str
    tone: str
    icon: str
    headline: str
    text: str = ""


@dataclass(frozen=True)
class Way:
    """A link that leads on."""

    label: str
    href: str


@dataclass(frozen=True)
class Refusal:
    """`may_retry`: the same form can be sent again; otherwise only the ways lead on."""

    title: str
    text: str
    ways_title: str = ""
    ways: list[Way] = field(default_factory=list)
    may_retry: bool = False
    tone: str = "wait"
