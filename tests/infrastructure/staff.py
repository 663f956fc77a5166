"""Staff at their pages: forms filled in, rows ticked, questions answered."""

from collections.abc import Mapping, Sequence

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.infrastructure.pages import Page, Visitor


def post(visitor: Visitor, path: str, fields: Mapping[str, object]) -> Page:
    """Send these fields to that page; the page that it leads to."""
    visitor.get(path)
    token = visitor.client.cookies["csrftoken"].value
    sent = {"csrfmiddlewaretoken": token, **fields}
    return visitor.follow(Page(visitor.client.post(path, sent)))


def tick(visitor: Visitor, path: str, action: str, pks: Sequence[int], **fields: object) -> Page:
    """Tick these rows of a list and run an action: its question, or what it leads to."""
    return post(
        visitor, path, {"action": action, "index": "0", "_selected_action": list(pks), **fields}
    )


def answer(visitor: Visitor, question: Page, button: str, **fields: str) -> Page:
    """Press the question's button; what was ticked is sent along."""
    form = question.form(button)
    ticked = [
        tag["value"] for tag in question.tags("input", "name") if tag["name"] == "_selected_action"
    ]
    sent: dict[str, object] = {**form.fields, **fields}
    if ticked:
        sent["_selected_action"] = ticked
    done = Page(visitor.client.post(form.action, sent))
    return visitor.follow(done)


def cost(visitor: Visitor, path: str) -> int:
    """How many queries a page takes."""
    with CaptureQueriesContext(connection) as queries:
        assert visitor.get(path).status == 200
    return len(queries)
