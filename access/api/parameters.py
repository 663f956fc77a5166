"""Parameters of addresses, as the API's document tells them."""

from typing import Final

from drf_spectacular.utils import OpenApiParameter

# What `<slug:slug>` takes, and no row has a longer one.
SLUG: Final = OpenApiParameter(
    "slug",
    {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$", "maxLength": 80},
    OpenApiParameter.PATH,
    description="The resource's own word in addresses.",
)
