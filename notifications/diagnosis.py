"""What an exception on the way to the mail server means for the mail."""

import smtplib
from dataclasses import dataclass
from enum import Enum

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.mail import BadHeaderError
from django.core.validators import validate_email

from notifications.errors import CannotBuild, NoLongerTrue

LONGEST_WORDS = 1_000
SERVICE_CLOSING = 421


class Remedy(Enum):
    """What can be done."""

    WAIT_FOR_SERVER = "the server can't be reached; this isn't about this mail"
    TRY_LATER = "this mail didn't go now, it may later"
    GIVE_UP = "this mail will never go"
    DROP = "this mail isn't true any more and shall not go"


@dataclass(frozen=True)
class Diagnosis:
    """What to do, and the reason in words for staff."""

    remedy: Remedy
    words: str

    @property
    def is_about_the_server(self) -> bool:
        return self.remedy is Remedy.WAIT_FOR_SERVER

    def given_up(self, tries: int) -> "Diagnosis":
        """The same trouble after the last try."""
        if self.remedy in {Remedy.GIVE_UP, Remedy.DROP}:
            return self
        return Diagnosis(Remedy.GIVE_UP, f"Given up after {tries} tries. {self.words}")


def diagnose_address(address: str) -> Diagnosis | None:
    """None for exactly one usable address: a line end or a comma must not reach a header."""
    try:
        validate_email(address)
    except ValidationError:
        return Diagnosis(Remedy.GIVE_UP, "The address isn't a valid e-mail address.")
    return None


def diagnose_build(error: Exception) -> Diagnosis:
    """The builder raised this."""
    if isinstance(error, NoLongerTrue):
        return Diagnosis(Remedy.DROP, _cut(f"No longer true: {error}"))
    if isinstance(error, CannotBuild):
        return Diagnosis(Remedy.GIVE_UP, _cut(f"This mail can't be built: {error}"))
    if isinstance(error, ObjectDoesNotExist):
        return Diagnosis(Remedy.GIVE_UP, _cut(f"What this mail tells of is gone: {error}"))
    return Diagnosis(Remedy.TRY_LATER, _cut(f"Building failed: {_named(error)}"))


def diagnose_send(error: Exception) -> Diagnosis:
    """Handing the mail to the server raised this."""
    match error:
        case BadHeaderError() | UnicodeError():
            return Diagnosis(Remedy.GIVE_UP, _cut(f"The mail has an unusable header: {error}"))
        case smtplib.SMTPException():
            return _diagnose_smtp(error)
        case OSError():
            return _no_server(error)
    return Diagnosis(Remedy.TRY_LATER, _cut(f"Sending failed: {_named(error)}"))


def _diagnose_smtp(error: smtplib.SMTPException) -> Diagnosis:
    match error:
        case smtplib.SMTPRecipientsRefused():
            # One mail, one recipient; an empty dict never happened but must not crash here.
            code, reply = next(iter(error.recipients.values()), (450, b"recipient refused"))
            return _answer(code, reply, "The server refused the address")
        case smtplib.SMTPDataError():
            return _answer(error.smtp_code, error.smtp_error, "The server refused the mail")
        # What follows is about our settings and hits every mail: they wait until it is mended.
        case smtplib.SMTPAuthenticationError():
            return _ours(error, "The server refused our user name or password")
        case smtplib.SMTPSenderRefused():
            return _ours(error, "The server refused our sender address")
    return _no_server(error)


def _answer(code: int, reply: bytes | str, what: str) -> Diagnosis:
    """By SMTP's own rule: 4xx is passing, 5xx is final, 421 closes the whole connection."""
    if code == SERVICE_CLOSING:
        remedy = Remedy.WAIT_FOR_SERVER
    else:
        remedy = Remedy.GIVE_UP if code >= 500 else Remedy.TRY_LATER
    return Diagnosis(remedy, _cut(f"{what}: {code} {_text(reply)}"))


def _ours(error: smtplib.SMTPResponseException, what: str) -> Diagnosis:
    return Diagnosis(
        Remedy.WAIT_FOR_SERVER, _cut(f"{what}: {error.smtp_code} {_text(error.smtp_error)}")
    )


def _no_server(error: OSError) -> Diagnosis:
    return Diagnosis(Remedy.WAIT_FOR_SERVER, _cut(f"No mail server: {_named(error)}"))


def _text(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _cut(words: str) -> str:
    return words if len(words) <= LONGEST_WORDS else words[: LONGEST_WORDS - 1] + "…"
