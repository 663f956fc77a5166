"""What is wrong with the settings of Stripe, said so that each mistake names its variable."""

from collections.abc import Iterator
from urllib.parse import urlsplit

TEST = ("sk_test_", "rk_test_")
LIVE = ("sk_live_", "rk_live_")


def is_test_key(key: str) -> bool:
    return key.startswith(TEST)


def is_live_key(key: str) -> bool:
    return key.startswith(LIVE)


def stripe_mistakes(
    *,
    is_chosen: bool,
    kind: str,
    key: str,
    webhook_secret: str,
    api_base: str,
    checkout_origin: str,
    allow_test_keys: bool,
) -> list[str]:
    """`is_chosen`: new payments go through Stripe. `kind` is demo, production or test."""
    return [
        *_key_mistakes(is_chosen=is_chosen, kind=kind, key=key, allow_test_keys=allow_test_keys),
        *_webhook_mistakes(is_chosen=is_chosen, secret=webhook_secret),
        *_address_mistakes("STRIPE_API_BASE", api_base, kind=kind),
        *_address_mistakes("STRIPE_CHECKOUT_ORIGIN", checkout_origin, kind=kind),
    ]


def _key_mistakes(*, is_chosen: bool, kind: str, key: str, allow_test_keys: bool) -> Iterator[str]:
    if not key:
        if is_chosen:
            yield "STRIPE_SECRET_KEY is not set, and PAYMENT_PROVIDER is 'stripe'"
    elif not key.startswith(TEST + LIVE):
        # Never the key itself: this sentence ends up in logs.
        yield "STRIPE_SECRET_KEY must begin with sk_test_, rk_test_, sk_live_ or rk_live_"
    elif is_live_key(key) and kind != "production":
        yield f"STRIPE_SECRET_KEY is a live key, and DJANGO_ENV is '{kind}': use a test key"
    elif is_test_key(key) and kind == "production" and is_chosen and not allow_test_keys:
        yield (
            "STRIPE_SECRET_KEY is a test key, which takes no real money; use a live one, or set "
            "STRIPE_ALLOW_TEST_KEYS=1 to go on under a banner"
        )


def _webhook_mistakes(*, is_chosen: bool, secret: str) -> Iterator[str]:
    if not secret:
        if is_chosen:
            yield "STRIPE_WEBHOOK_SECRET is not set, and PAYMENT_PROVIDER is 'stripe'"
    elif not secret.startswith("whsec_"):
        yield "STRIPE_WEBHOOK_SECRET must begin with whsec_"


def _address_mistakes(variable: str, address: str, *, kind: str) -> Iterator[str]:
    if not address:
        return
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
        yield f"{variable} is '{address}'; it must be like https://api.example.com, with no path"
    elif parts.scheme != "https" and kind == "production":
        yield f"{variable} does not begin with https://"
