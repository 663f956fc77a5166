"""Asked first: staff see what a deed will do to each thing, and what it costs, before it is done.

One page for a single thing (its own address) and for many (an action of the list).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.forms import Form
from django.template.response import TemplateResponse

from common.errors import DomainError
from common.http import Request

T = TypeVar("T")

# Each is a transaction of its own; more would keep the browser waiting.
MOST_AT_ONCE: Final = 200
REFUSALS_SHOWN: Final = 5


@dataclass(frozen=True, kw_only=True)
class Line:
    """One of the things that a question is about; `outcome` says what will become of it."""

    title: str
    text: str = ""
    outcome: str = ""
    is_possible: bool = True


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked, of what, and the button that says what it does."""

    title: str
    lead: str
    button: str
    lines: Sequence[Line] = field(default_factory=tuple)
    form: Form | None = None
    is_danger: bool = False

    @property
    def is_possible(self) -> bool:
        """False when nothing could be done to any of these things."""
        return not self.lines or any(line.is_possible for line in self.lines)


def is_answered(request: Request) -> bool:
    """True when the question's own button was pressed."""
    return request.method == "POST" and request.POST.get("answer") == "yes"


def ask(
    model_admin: Any,
    request: Request,
    question: Question,
    *,
    back: str,
    pks: Sequence[int] = (),
) -> TemplateResponse:
    """The page with the question; its button posts to the same address. `back` leads away.

    `pks` name what an action of the list was called for.
    """
    context = {
        **model_admin.admin_site.each_context(request),
        "title": question.title,
        "opts": model_admin.opts,
        "question": question,
        "back": back,
        # What makes the list call its action again, this time with the answer.
        "action": request.POST.get("action", "") if pks else "",
        "pks": pks,
        "checkbox_name": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/staff/question.html", context)


def too_many(model_admin: Any, request: Request, count: int) -> bool:
    """True, and said so, when more was chosen than can be done at once."""
    if count <= MOST_AT_ONCE:
        return False
    model_admin.message_user(
        request,
        f"That is {count} at once; please choose at most {MOST_AT_ONCE}.",
        messages.ERROR,
    )
    return True


def do_each(
    model_admin: Any,
    request: Request,
    things: Iterable[T],
    deed: Callable[[T], str],
) -> int:
    """Do it to each, in transactions of their own, and say what came of it.

    `deed` returns what to say of one that worked; a DomainError is said in its own words. Returns
    how many worked.
    """
    done: list[str] = []
    refused: list[str] = []
    for thing in things:
        try:
            done.append(deed(thing))
        except DomainError as error:
            refused.append(f"{thing}: {error.message}")
    if len(done) == 1 and not refused:
        model_admin.message_user(request, done[0], messages.SUCCESS)
    elif done:
        model_admin.message_user(request, f"Done for {len(done)}.", messages.SUCCESS)
    for sentence in refused[:REFUSALS_SHOWN]:
        model_admin.message_user(request, sentence, messages.ERROR)
    if (more := len(refused) - REFUSALS_SHOWN) > 0:
        model_admin.message_user(request, f"{more} more were refused too.", messages.ERROR)
    return len(done)
