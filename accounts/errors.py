"""Refusals that have to do with who somebody is."""

from common.errors import PermissionRefused


class EmailUnverified(PermissionRefused):
    code = "email_unverified"
    message = "Please confirm your e-mail address first; then a place can be held for you."
