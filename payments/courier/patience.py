"""A provider that doesn't answer costs each question its whole time-out: not all are asked then."""

from typing import Final

SILENT_IN_A_ROW: Final = 3


class Patience:
    """Of one round of questions: over after so many in a row without an answer.

    What isn't asked stays due, and the next round begins anew.
    """

    def __init__(self) -> None:
        self._silent = 0

    def note(self, *, answered: bool) -> None:
        self._silent = 0 if answered else self._silent + 1

    @property
    def is_over(self) -> bool:
        return self._silent >= SILENT_IN_A_ROW
