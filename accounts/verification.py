"""Asking somebody who is signed in for the code that proves their address."""

from allauth.account.internal.flows.email_verification import send_verification_email_for_user
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from common.http import Request


def lead_to_verification(request: Request, *, next_url: str) -> HttpResponse:
    """Mail a code and ask for it; then the person goes on at `next_url`."""
    send_verification_email_for_user(request, request.user)
    query = urlencode({"next": next_url})
    return redirect(f"{reverse('account_email_verification_sent')}?{query}")
