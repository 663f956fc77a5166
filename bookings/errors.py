"""Refusals of the booking half, worded for the person who reads them."""

from accounts.errors import EmailUnverified
from common.errors import DomainError
from payments.errors import RefundChanged, TooManyHolds

__all__ = [
    "AlreadyBooked",
    "EmailUnverified",
    "InUse",
    "PriceChanged",
    "PriceIncrease",
    "RefundChanged",
    "SlotTaken",
    "TooFar",
    "TooLate",
    "TooManyHolds",
    "TooSoon",
]


class SlotTaken(DomainError):
    """Carries up to three `alternatives`."""

    code = "slot_taken"
    message = "Somebody else was a moment faster: this time is taken."


class AlreadyBooked(DomainError):
    code = "already_booked"
    message = "You already have a place at this time."


class TooSoon(DomainError):
    code = "too_soon"
    message = "This time starts too soon to be booked."


class TooFar(DomainError):
    code = "too_far"
    message = "This time lies too far ahead to be booked yet."


class PriceChanged(DomainError):
    """A time was asked for at one price, and by now it has another; nothing was changed."""

    code = "price_changed"
    message = "The price of this time has changed meanwhile. Look at it once more."


class InUse(DomainError):
    code = "in_use"
    message = "This was booked before, so it stays for the records."


class TooLate(DomainError):
    code = "too_late"
    message = "It is too late for this."


class PriceIncrease(DomainError):
    code = "price_increase"
    message = "This time costs more than the one you have."
