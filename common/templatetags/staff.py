"""How staff pages say things that no customer page says."""

from datetime import datetime

from django import template

from common.staff.words import said_stamp

register = template.Library()


@register.filter
def stamp(at: datetime | None) -> str:
    """'Thu 8 Jul 2027, 09:00 (Berlin)' by the site's own clock; '' for None."""
    return said_stamp(at)
