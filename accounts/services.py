"""What is done with people here; their addresses, passwords and codes are allauth's."""

import secrets
from datetime import datetime
from typing import Final

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from accounts.models import User
from common.errors import InvalidInput
from common.service import service

LONGEST_ADDRESS: Final = 254
LONGEST_NAME: Final = 150


@service
def rename(*, user_id: int, name: str) -> User:
    """Call somebody by another name; '' is none."""
    user = User.objects.lock(user_id)[user_id]
    user.name = name.strip()
    user.save(update_fields=["name"])
    return user


@service
def choose_reminders(*, user_id: int, wanted: bool) -> User:
    """Whether somebody is reminded by e-mail of what they booked; what is planned follows."""
    user = User.objects.lock(user_id)[user_id]
    user.wants_reminders = wanted
    user.save(update_fields=["wants_reminders"])
    return user


@service
def open_calendar(*, user_id: int) -> User:
    """Give the personal calendar a new secret address; an older one ends at once."""
    user = User.objects.lock(user_id)[user_id]
    user.calendar_token = secrets.token_urlsafe(32)
    user.save(update_fields=["calendar_token"])
    return user


@service
def close_calendar(*, user_id: int) -> User:
    """End the personal calendar's address."""
    user = User.objects.lock(user_id)[user_id]
    user.calendar_token = None
    user.save(update_fields=["calendar_token"])
    return user


@service
def find_or_make_customer(*, email: str, name: str, at: datetime) -> User:
    """The person with this address; else a new one, who signs in by an e-mailed code.

    A new one has no password, and the address counts as unproved until the first code came back.
    What somebody known is called stays their own affair. Raises InvalidInput for what is no
    e-mail address.
    """
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise InvalidInput("This isn't an e-mail address.", attr="email") from None
    if len(address) > LONGEST_ADDRESS:
        raise InvalidInput("This e-mail address is too long.", attr="email")
    known = User.objects.filter(email=address).first()
    if known is not None:
        return known
    try:
        # Two at the desk may meet the same person at once: the second finds whom the first made.
        with transaction.atomic():
            person = User.objects.create_user(
                address, name=name.strip()[:LONGEST_NAME], date_joined=at
            )
    except IntegrityError:
        return User.objects.get(email=address)
    EmailAddress.objects.get_or_create(
        email=address, user=person, defaults={"primary": True, "verified": False}
    )
    return person
