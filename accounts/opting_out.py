"""The link in a reminder that ends all reminders: no sign-in, no way to guess another's."""

from django.conf import settings
from django.core import signing
from django.urls import reverse

SALT = "accounts.reminders"


def opt_out_url(user_id: int) -> str:
    """The whole address, good for ever: an old mail's link must still work."""
    token = signing.dumps(user_id, salt=SALT)
    site: str = settings.SITE_URL
    return site + reverse("portal:reminders_off", args=[token])


def read_token(token: str) -> int | None:
    """Whose link it is; None when it isn't ours."""
    try:
        user_id: int = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    return user_id


def opt_out_headers(url: str) -> dict[str, str]:
    """RFC 8058: mail programs show a button of their own for this link, and one click is enough."""
    return {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
