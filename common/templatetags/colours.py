"""{{ brand_accent|deepened }}: the brand's colour as a ground for white text, for mails."""

from django import template

from common import colours

register = template.Library()


@register.filter
def deepened(colour: str) -> str:
    """See common.colours.deepened."""
    return colours.deepened(colour)
