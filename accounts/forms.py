"""What is asked at sign-up besides the address and the password."""

from django import forms
from django.http import HttpRequest

from accounts.models import User


class SignupForm(forms.Form):
    """allauth builds its sign-up form on this one, for the page and for the headless API."""

    name = forms.CharField(
        label="Your name",
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text="As we should greet you at the desk.",
    )

    def signup(self, request: HttpRequest, user: User) -> None:
        user.name = self.cleaned_data.get("name", "").strip()
        user.save(update_fields=["name"])


class NameForm(forms.Form):
    """How somebody wants to be called."""

    name = forms.CharField(
        label="Your name",
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text="As we should greet you at the desk and in mails.",
    )


class RemindersForm(forms.Form):
    """Reminders by e-mail, on or off."""

    wants_reminders = forms.BooleanField(label="Remind me by e-mail", required=False)
