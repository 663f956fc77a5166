"""A row found by typing into a search, on staff pages."""

from typing import Any, Final

from django.contrib.admin.widgets import AutocompleteSelect

# What every database takes for a row's number.
LONGEST_NUMBER: Final = 18


class SearchedChoice(AutocompleteSelect):
    """Django's own, which asks the database for whatever was sent, and fails where that is no
    number: here the form comes back with its error instead."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        """The row that is chosen, if it can be one."""
        return super().optgroups(name, [each for each in value if _is_number(each)], attr)


def _is_number(value: object) -> bool:
    text = str(value)
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER
