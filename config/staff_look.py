"""How the staff pages (django-unfold) look: the site's name, its accent, our own style sheet."""

from typing import Any, Final

from django.templatetags.static import static
from django.urls import reverse_lazy

from common.colours import deepened

# How much of the accent is left: mixed with white above, with black below the middle.
SHADES: Final = {
    "50": ("white", 6),
    "100": ("white", 12),
    "200": ("white", 25),
    "300": ("white", 42),
    "400": ("white", 62),
    "500": ("white", 82),
    "600": ("black", 100),
    "700": ("black", 85),
    "800": ("black", 70),
    "900": ("black", 55),
    "950": ("black", 38),
}


def staff_look(*, name: str, accent: str) -> dict[str, Any]:
    """The setting UNFOLD."""
    return {
        "SITE_TITLE": name,
        "SITE_HEADER": name,
        "SITE_URL": "/",
        "SITE_SYMBOL": "event_available",
        "SITE_FAVICONS": [
            {
                "rel": "icon",
                "type": "image/svg+xml",
                "href": lambda request: static("img/favicon.svg"),
            }
        ],
        "STYLES": [lambda request: static("css/staff.css")],
        "SHOW_HISTORY": True,
        "SHOW_VIEW_ON_SITE": False,
        "SHOW_BACK_BUTTON": True,
        "ENVIRONMENT": "portal.dashboard.environment",
        "DASHBOARD_CALLBACK": "portal.dashboard.dashboard",
        "COLORS": {"primary": _shades(deepened(accent))},
        "ACCOUNT": {
            "navigation": [
                {"title": "My account", "link": reverse_lazy("portal:account")},
                {"title": "Change password", "link": reverse_lazy("account_change_password")},
            ],
        },
        "SIDEBAR": {
            # A menu of nine lines needs no search of its own.
            "show_search": False,
            "show_all_applications": False,
            "navigation": "portal.dashboard.navigation",
        },
    }


def _shades(accent: str) -> dict[str, str]:
    """One colour in eleven strengths; 600 fills buttons with white text on them."""
    return {
        strength: f"color-mix(in oklab, {accent} {share}%, {mixed})"
        for strength, (mixed, share) in SHADES.items()
    }
