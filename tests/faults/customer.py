"""Somebody in front of the site: patient, and told nothing of what goes on behind it."""

import contextlib
import http.client
import json
import secrets
import time
from http.cookies import SimpleCookie
from importlib import import_module
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from accounts.models import User

Answer = tuple[int, dict[str, str], bytes]

# A worker that was killed is there again within seconds, and later on a busy machine.
TRIES_FOR_SECONDS = 120.0
CSRF = "0" * 32


class Gone(Exception):
    """The site didn't answer for all one's patience."""


class Customer:
    """One person, one browser."""

    def __init__(self, site: str, name: str, *, user: User | None = None) -> None:
        self.site = site
        if user is None:
            user = User.objects.create_user(f"{name}@example.com", name=name.title())
            user.mark_verified()
        self.user = user
        store = import_module(settings.SESSION_ENGINE).SessionStore()
        store[SESSION_KEY] = str(user.pk)
        store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        store[HASH_SESSION_KEY] = user.get_session_auth_hash()
        store.create()
        self.cookies = SimpleCookie({"sessionid": str(store.session_key), "csrftoken": CSRF})

    def get(self, address: str, *, patient: bool = True) -> Answer:
        return self._ask("GET", address, patient=patient)

    def post(self, path: str, body: Any) -> Any:
        """Create something over the API; a repeat after a crash carries the same key."""
        return self._api("POST", path, body, {"Idempotency-Key": secrets.token_hex(8)})

    def delete(self, path: str) -> None:
        self._api("DELETE", path, {}, {})

    def put_until_done(self, path: str, body: Any = None) -> None:
        """A repeat after a crash may find that it was done: that is what was wanted."""
        try:
            self._api("PUT", path, body or {}, {})
        except Refused as refusal:
            if refusal.code != "invalid_transition":
                raise

    def press(self, path: str, answers: dict[str, str] | None = None) -> int:
        """A button of a page: a form that is sent."""
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Referer": self.site + path,
            "Origin": self.site,
        }
        form = urlencode({"csrfmiddlewaretoken": CSRF, **(answers or {})}).encode()
        return self._ask("POST", path, form, headers, patient=True)[0]

    def _api(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        headers |= {
            "Content-Type": "application/json",
            "X-CSRFToken": CSRF,
            "Referer": self.site,
            "Origin": self.site,
        }
        status, _, said = self._ask(
            method, f"/api/v1{path}", json.dumps(body).encode(), headers, patient=True
        )
        answer = json.loads(said or b"null")
        if status >= 400:
            raise Refused(status, answer)
        return answer

    def _ask(
        self,
        method: str,
        address: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        patient: bool,
    ) -> Answer:
        """Again and again while nobody answers, or the site says that it is busy."""
        deadline = time.monotonic() + (TRIES_FOR_SECONDS if patient else 0)
        while True:
            try:
                answer = self._once(method, address, body, headers or {})
                if answer[0] < 500 or time.monotonic() > deadline:
                    return answer
            except (OSError, http.client.HTTPException) as error:
                if time.monotonic() > deadline:
                    raise Gone(str(error)) from error
            time.sleep(0.3)

    def _once(self, method: str, address: str, body: bytes, headers: dict[str, str]) -> Answer:
        parts = urlsplit(address)
        host = parts.netloc or urlsplit(self.site).netloc
        cookie = {"Cookie": self.cookies.output(header="", sep=";").strip()}
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection = http.client.HTTPConnection(host, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers | cookie)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()


class Refused(Exception):
    """A domain refusal over the API."""

    def __init__(self, status: int, answer: Any) -> None:
        super().__init__(f"{status} {answer}")
        self.status = status
        self.code = answer["errors"][0]["code"]
