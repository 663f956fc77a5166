"""Pages as a person without a script meets them: words, links, forms to fill in and send."""

from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from tests.infrastructure.world import NOW

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

BLOCKS = {"p", "li", "dt", "dd", "h1", "h2", "h3", "div", "a", "button", "label", "td", "time"}
UNSEEN = {"script", "style", "title", "svg"}
EMPTY = {"br", "hr", "img", "input", "link", "meta"}


class Form:
    """A form of a page and what it would send as it stands."""

    def __init__(self, attributes: dict[str, str], page: str) -> None:
        self.action = urljoin(page, attributes.get("action", ""))
        self.method = attributes.get("method", "get")
        self.fields: dict[str, str] = {}
        self.buttons: list[str] = []


class Page(HTMLParser):
    """An answer, read."""

    def __init__(self, response: "Response") -> None:
        super().__init__()
        self.response = response
        self.status = response.status_code
        self.path: str = response.request["PATH_INFO"]
        self.title = self.h1 = ""
        self.links: list[tuple[str, str]] = []
        self.forms: list[Form] = []
        self.all: list[tuple[str, dict[str, str]]] = []
        self._open: list[str] = []
        self._words: list[str] = []
        self._link: tuple[str, list[str]] | None = None
        self._button: list[str] | None = None
        self.feed(response.content.decode())

    @property
    def text(self) -> str:
        """All that is to be read, in one line."""
        return _joined(self._words)

    @property
    def location(self) -> str:
        """Where a redirect leads."""
        assert self.status in {301, 302, 303}, (self.status, self.text)
        return self.response["Location"]

    def href(self, words: str) -> str:
        """Where the only link that reads so leads."""
        [found] = {href for text, href in self.links if text == words}
        return found

    def has_link(self, words: str) -> bool:
        return any(text == words for text, _ in self.links)

    def tags(self, tag: str, attribute: str) -> list[dict[str, str]]:
        """The attributes of every such element that has this one."""
        return [found for name, found in self.all if name == tag and attribute in found]

    def form(self, button: str) -> Form:
        """The only form with that button."""
        [found] = self.forms_with(button)
        return found

    def forms_with(self, button: str) -> list[Form]:
        return [form for form in self.forms if button in form.buttons]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.all.append((tag, attributes))
        if tag not in EMPTY:
            self._open.append(tag)
        if tag in BLOCKS:
            self._words.append(" ")
        match tag:
            case "a":
                self._link = (attributes.get("href", ""), [])
            case "form":
                self.forms.append(Form(attributes, self.path))
            case "button":
                self._button = []
            case "input" | "textarea" if self.forms and "name" in attributes:
                self.forms[-1].fields[attributes["name"]] = attributes.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self._words.append(" ")
        if tag in self._open:
            while self._open.pop() != tag:
                pass
        if tag == "a" and self._link is not None:
            self.links.append((_joined(self._link[1]), self._link[0]))
            self._link = None
        if tag == "button" and self._button is not None:
            if self.forms:
                self.forms[-1].buttons.append(_joined(self._button))
            self._button = None

    def handle_data(self, data: str) -> None:
        if "title" in self._open and "svg" not in self._open:
            self.title = _joined([self.title, " ", data])
        if UNSEEN & set(self._open):
            return
        if "h1" in self._open:
            self.h1 = _joined([self.h1, " ", data])
        if "textarea" in self._open and self.forms:
            name = list(self.forms[-1].fields)[-1]
            self.forms[-1].fields[name] += data.removeprefix("\n")
        for words in (self._link[1] if self._link else None, self._button):
            if words is not None:
                words.append(data)
        self._words.append(data)


def _joined(words: list[str]) -> str:
    return " ".join("".join(words).split())


class Visitor:
    """Somebody with a browser that runs no scripts; forms are checked against forgery."""

    def __init__(self, user: User | None = None) -> None:
        self.client = Client(enforce_csrf_checks=True)
        if user is not None:
            self.client.force_login(user, "django.contrib.auth.backends.ModelBackend")

    def get(self, path: str, **query: Any) -> Page:
        return Page(self.client.get(path, query or None))

    def send(self, page: Page, button: str, /, **fields: str) -> Page:
        """Press a button of a page, with these fields filled in."""
        form = page.form(button)
        return self.post(form.action, **form.fields | fields)

    def post(self, path: str, **fields: str) -> Page:
        token = self.client.cookies.get("csrftoken")
        sent = {"csrfmiddlewaretoken": token.value} if token else {}
        return Page(self.client.post(path, sent | fields))

    def follow(self, page: Page) -> Page:
        """Where a redirect leads, however many times it does."""
        while page.status in {301, 302, 303}:
            page = self.get_address(page.location)
        return page

    def get_address(self, address: str) -> Page:
        return Page(self.client.get(address))


MakeVisitor = Callable[..., Visitor]


@pytest.fixture
def visit(db: None) -> Iterator[MakeVisitor]:
    """`visit(customer)` is the customer's browser, `visit()` an anonymous one; it is NOW."""
    with time_machine.travel(NOW, tick=False):
        yield Visitor
