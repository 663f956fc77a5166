"""A variable that a template of ours uses and nobody gave it fails the test.

Django would print nothing in its place, and a misspelt name would never be noticed. Left alone are
third-party templates, `{% if %}`, and inputs that a template itself calls optional by `|default`.
"""

import sys
from pathlib import Path
from types import FrameType

from django.template.base import FilterExpression, Node
from django.template.defaultfilters import default, default_if_none

OUR_TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates"
OPTIONAL = {default, default_if_none}


class UndefinedVariable(Exception):
    """A template of ours used a name that isn't in its context."""


class Undefined(str):
    """For Django's `string_if_invalid`: empty, but it raises where it is about to be printed.

    Django asks it three things, in this order: whether it is true, whether it contains '%s', and
    what it is with the variable's name put in.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        frame = sys._getframe(1)
        if frame.f_code is not FilterExpression.resolve.__code__:
            return False
        expression: FilterExpression = frame.f_locals["self"]
        is_optional = any(function in OPTIONAL for function, _ in expression.filters)
        return not is_optional and _template(frame).is_relative_to(OUR_TEMPLATES)

    def __contains__(self, part: object) -> bool:
        return part == "%s"

    def __mod__(self, variable: object) -> str:
        name = _template(sys._getframe(1)).relative_to(OUR_TEMPLATES)
        raise UndefinedVariable(f"{{{{ {variable} }}}} in {name} is not defined")


def _template(frame: FrameType | None) -> Path:
    """The file of the innermost tag or variable that is being rendered."""
    while frame is not None:
        node = frame.f_locals.get("self")
        if isinstance(node, Node) and getattr(node, "origin", None) is not None:
            return Path(node.origin.name)
        frame = frame.f_back
    return Path()
