"""Requests and answers as our views know them."""

from datetime import datetime

from django.http import HttpRequest, HttpResponseRedirect


class Request(HttpRequest):
    """A request that has passed common.middleware.ClockMiddleware."""

    at: datetime


class HttpResponseSeeOther(HttpResponseRedirect):
    """303: whatever was asked for, GET the other address."""

    status_code = 303
