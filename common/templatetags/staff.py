"""How staff pages say things that no customer page says."""

from datetime import datetime

from django import template

from common.staff.words import said_stamp

register = template.Library()


@register.filter
def stamp(at: datetime | None, zone: str = "") -> str:
    """'Thu 8 Jul 2027, 09:00 (Berlin)' by the clock of `zone`, '' for the site's; '' for None."""
    return said_stamp(at, zone)
