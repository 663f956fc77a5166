"""What can go wrong between a row in the outbox and a mail."""


class CannotBuild(Exception):
    """Raised by a builder when its mail can never be built; the text is shown to staff.

    Any other exception of a builder counts as passing: the mail is tried again later.
    """


class NoLongerTrue(Exception):
    """Raised by a builder when what its mail says isn't so any more: it is quietly not sent.

    The text tells staff why.
    """


class UnknownKind(LookupError):
    """Nobody registered a builder for this kind of mail."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"No builder is registered for mails of the kind '{kind}'.")
