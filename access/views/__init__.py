"""The customer's pages about plans, subscriptions and what they open."""

from access.views.files import file, open_link
from access.views.plans import plans, subscribe
from access.views.resources import resource, resources
from access.views.subscriptions import cancel, resume, subscription

__all__ = [
    "cancel",
    "file",
    "open_link",
    "plans",
    "resource",
    "resources",
    "resume",
    "subscribe",
    "subscription",
]
