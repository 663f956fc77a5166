"""Refusals of the ticket half, worded for the person who reads them."""

from common.errors import DomainError


class NotOnSale(DomainError):
    code = "not_on_sale"
    message = "Tickets for this event can't be bought (any more)."


class PriceChanged(DomainError):
    """The tickets were wanted for another sum than they cost by now; nothing was bought."""

    code = "price_changed"
    message = "The price has just changed. Please look at the sum once more."


class SoldOut(DomainError):
    """Carries `placesLeft`."""

    code = "sold_out"
    message = "There aren't enough places left."


class GroupMinimum(DomainError):
    code = "group_minimum"
    message = "A group ticket can't be given back alone: the group would be too small."


class ScanIdReused(DomainError):
    code = "scan_id_reused"
    message = "This scan id was used for another code, type or event."


class LinkAlreadyMade(DomainError):
    """The same form came twice: its link was shown then, and is kept nowhere."""

    code = "link_already_made"
