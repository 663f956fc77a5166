"""{% pattern room.name %}: the generated picture, inline, so that it follows light and dark."""

from django import template
from django.utils.safestring import SafeString, mark_safe

from common.pictures import pattern_svg

register = template.Library()


@register.simple_tag
def pattern(name: str) -> SafeString:
    """The pattern of a name as an SVG element."""
    # Nothing of the name itself is in the markup, only numbers drawn from its hash.
    return mark_safe(pattern_svg(name))  # noqa: S308
