"""allauth's forms that ask for an address, in the words of the other pages."""

from typing import Any, Final

from allauth.account import forms as theirs
from django import forms

LABEL: Final = "E-mail"


class _AsksForAnAddress(forms.Form):
    """The summary of errors takes its words from the form, not from the page's template."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("login", "email"):
            if name in self.fields:
                self.fields[name].label = LABEL


class LoginForm(_AsksForAnAddress, theirs.LoginForm):
    """Address and password."""


class SignupForm(_AsksForAnAddress, theirs.SignupForm):
    """A new account."""


class RequestLoginCodeForm(_AsksForAnAddress, theirs.RequestLoginCodeForm):
    """A code instead of the password."""


class ResetPasswordForm(_AsksForAnAddress, theirs.ResetPasswordForm):
    """A code to set another password with."""


class AddEmailForm(_AsksForAnAddress, theirs.AddEmailForm):
    """Another address."""
