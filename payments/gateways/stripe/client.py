"""How Stripe is called, and its errors in our words."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import stripe
from django.conf import settings

from payments.errors import EmailRefused, GatewayRefused, GatewayUnavailable

logger = logging.getLogger(__name__)

# What our code was written against: Stripe answers and sends events in the shape of this version
# whatever the account's own default is.
API_VERSION: Final = "2026-10-28.endive"
TIMEOUT_SECONDS: Final = 10
# At once, under the same key. Rows and the beat try again later; a page must not wait for that.
RETRIES: Final = 1
PAGE: Final = 100
# What our columns hold; Stripe promises the same.
LONGEST_ID: Final = 255

# No usage figures of ours go to Stripe with each call.
stripe.enable_telemetry = False


class KeyOfAnother(GatewayUnavailable):
    """Our idempotency key came before, with other parameters."""


def connect() -> stripe.StripeClient:
    """Raises GatewayUnavailable without a key."""
    if not settings.STRIPE_SECRET_KEY:
        logger.critical("STRIPE_SECRET_KEY is not set, and there is money at Stripe to ask for")
        raise GatewayUnavailable("STRIPE_SECRET_KEY is not set.")
    elsewhere = settings.STRIPE_API_BASE
    return stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        stripe_version=API_VERSION,
        base_addresses={"api": elsewhere} if elsewhere else {},
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        max_network_retries=RETRIES,
    )


@contextmanager
def clear_answers() -> Iterator[None]:
    """Stripe's errors in our two words: refused, or no clear answer."""
    try:
        yield
    except (stripe.InvalidRequestError, stripe.CardError) as error:
        is_email = error.code == "email_invalid" and error.param == "customer_email"
        raise (EmailRefused if is_email else GatewayRefused)(_said(error)) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        # Our key is wrong, lapsed or too narrow. That says nothing of what was asked for: nobody's
        # refund may fail by it, and somebody has to look now.
        logger.critical("Stripe doesn't let us in; look at STRIPE_SECRET_KEY: %s", _said(error))
        raise GatewayUnavailable(_said(error)) from error
    except stripe.IdempotencyError as error:
        logger.exception("an idempotency key came with other parameters than before")
        raise KeyOfAnother(_said(error)) from error
    except stripe.StripeError as error:
        raise GatewayUnavailable(_said(error), is_replay=_is_replay(error)) from error
    except UNREADABLE as error:
        # Something between Stripe and us, or a shape that this version was not promised.
        logger.exception("Stripe's answer can't be read")
        raise GatewayUnavailable("Stripe's answer can't be read.") from error


# What reading a strange shape runs into: no such key, text where a number was promised, a number
# that is no amount or no instant.
UNREADABLE: Final = (
    AttributeError,
    ArithmeticError,
    IndexError,
    KeyError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)


def _said(error: stripe.StripeError) -> str:
    """Stripe's sentence, and its number for those who write to its support."""
    said = error.user_message or f"no answer ({type(error).__name__})"
    return f"{said} [{error.request_id}]" if error.request_id else said


def _is_replay(error: stripe.StripeError) -> bool:
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    return headers.get("idempotent-replayed") == "true"


def id_of(value: Any) -> str:
    """Of what is either an id or, expanded, the thing itself."""
    if value is None:
        return ""
    found = value["id"] if isinstance(value, Mapping) else value
    if not isinstance(found, str) or len(found) > LONGEST_ID:
        raise ValueError(f"{found!r:.80} is no id.")
    # Half a character can be written in JSON and nowhere else; it raises a ValueError too.
    found.encode()
    return found


def own_id(row: Mapping[str, Any]) -> str:
    """The number of the thing itself. Raises ValueError when it has none."""
    found = id_of(row["id"])
    if not found:
        raise ValueError("Something without a number.")
    return found


def number_in(row: Mapping[str, Any], name: str) -> int | None:
    """One of our own numbers from the metadata, where strangers may have written too."""
    said = str((row.get("metadata") or {}).get(name, ""))
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 19 else None


def stamp(instant: datetime) -> int:
    return int(instant.timestamp())


def instant(stamp: int) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)


def instant_or_none(stamp: int | None) -> datetime | None:
    return None if stamp is None else instant(stamp)
