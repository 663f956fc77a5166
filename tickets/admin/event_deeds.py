"""The buttons of an event: a question each, then one call of a service."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.enums import ActionVariant

from accounts.models import User
from common.errors import DomainError
from common.http import Request
from common.staff.asking import Question, ask, is_answered
from tickets.admin.event_questions import (
    CancelEventForm,
    DuplicateForm,
    MoveForm,
    about_cancelling,
    about_copying,
    about_moving,
    about_publishing,
    said_when,
)
from tickets.models import Event
from tickets.services import cancel_event, duplicate_event, move_event, publish_event

Ask = Callable[[], Question]
Do = Callable[[], str]


class EventDeedsAdmin(ModelAdmin):
    actions_detail = (
        "publish",
        "its_tickets",
        "door",
        "scanner_links",
        "statistics",
        "move",
        "duplicate",
        "cancel",
    )

    # --- May ---------------------------------------------------------------------------------

    def has_publish_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm("tickets.publish_event"))

    def has_duplicate_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm("tickets.add_event"))

    def has_tickets_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm("tickets.view_ticket"))

    def has_orders_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm("tickets.view_ticketorder"))

    def get_actions_detail(self, request: Request, object_id: int) -> list[UnfoldAction]:
        """Only the buttons that would not be refused now."""
        hidden = hidden_deeds(self.event(request, object_id), request.at)
        prefix = f"{self.opts.app_label}_{self.opts.model_name}_"
        return [
            button
            for button in super().get_actions_detail(request, object_id)
            if button.action_name.removeprefix(prefix) not in hidden
        ]

    # --- Ways on -----------------------------------------------------------------------------

    @action(description="Tickets", permissions=["tickets"], icon="confirmation_number")
    def its_tickets(self, request: Request, object_id: str) -> HttpResponse:
        return _to("admin:tickets_ticket_changelist", self.event(request, object_id))

    # --- Deeds -------------------------------------------------------------------------------

    @action(description="Publish", permissions=["publish"], icon="campaign")
    def publish(self, request: Request, object_id: str) -> HttpResponse:
        event = self.event(request, object_id)

        def do() -> str:
            publish_event(event_id=event.pk, by=cast(User, request.user), at=request.at)
            return f"{event.name} is on sale."

        return self._decide(request, event, None, lambda: about_publishing(event), do)

    @action(description="Move", permissions=["publish"], icon="event_repeat")
    def move(self, request: Request, object_id: str) -> HttpResponse:
        event = self.event(request, object_id)
        form = MoveForm(_data(request), event=event)

        def do() -> str:
            given = form.cleaned_data
            moved = move_event(
                event_id=event.pk,
                start=given["starts"],
                end=given["ends"],
                location=given["location"],
                reason=given["reason"],
                by=cast(User, request.user),
                at=request.at,
            )
            return f"{event.name} is moved to {said_when(moved)}."

        return self._decide(
            request, event, form, lambda: about_moving(event, form, at=request.at), do
        )

    @action(description="Duplicate", permissions=["duplicate"], icon="content_copy")
    def duplicate(self, request: Request, object_id: str) -> HttpResponse:
        event = self.event(request, object_id)
        form = DuplicateForm(_data(request), event=event)
        made: list[Event] = []

        def do() -> str:
            copy = duplicate_event(
                event_id=event.pk,
                name=form.cleaned_data["name"],
                start=form.cleaned_data["starts"],
                by=cast(User, request.user),
                at=request.at,
            )
            made.append(copy)
            self.log_addition(request, copy, f"Copied from event {event.pk}.")
            return f"{copy.name} is made as a draft. Have a look, then publish it."

        answer = self._decide(request, event, form, lambda: about_copying(event, form), do)
        return HttpResponseRedirect(_page(made[0])) if made else answer

    @action(
        description="Cancel event",
        permissions=["publish"],
        icon="event_busy",
        variant=ActionVariant.DANGER,
    )
    def cancel(self, request: Request, object_id: str) -> HttpResponse:
        event = self.event(request, object_id)
        form = CancelEventForm(_data(request))

        def do() -> str:
            cancel_event(
                event_id=event.pk,
                reason=form.cleaned_data["reason"],
                by=cast(User, request.user),
                at=request.at,
            )
            return f"{event.name} is cancelled. Refunds and mails are on their way."

        return self._decide(request, event, form, lambda: about_cancelling(event, form), do)

    def _decide(
        self, request: Request, event: Event, form: Form | None, about: Ask, do: Do
    ) -> HttpResponse:
        """The question, as long as it isn't answered well; a refusal stands at its field."""
        page = _page(event)
        if is_answered(request) and (form is None or form.is_valid()):
            try:
                said = do()
            except DomainError as refusal:
                names = getattr(form, "fields_by_attr", {})
                if form is None or (refusal.attr and refusal.attr not in names):
                    self.message_user(request, refusal.message, messages.ERROR)
                    return HttpResponseRedirect(page)
                form.add_error(names.get(refusal.attr), refusal.message)
            else:
                self.message_user(request, said, messages.SUCCESS)
                return HttpResponseRedirect(page)
        return ask(self, request, about(), back=page)

    def event(self, request: Request, object_id: object) -> Event:
        """Raises Http404, and PermissionDenied for who may not see events."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found: Event | None = self.get_object(request, str(object_id))
        if found is None:
            raise Http404("There is no such event.")
        return found


def hidden_deeds(event: Event, at: datetime) -> set[str]:
    """What a service would refuse now."""
    is_coming = event.is_published and not event.is_over(at)
    shown: Final = {
        "publish": event.is_draft and event.end_date > at,
        "door": not event.is_draft,
        "scanner_links": event.is_published,
        "move": is_coming,
        "cancel": event.is_draft or is_coming,
    }
    return {name for name, is_shown in shown.items() if not is_shown}


def _data(request: Request) -> Any:
    return request.POST if is_answered(request) else None


def _page(event: Event) -> str:
    return reverse("admin:tickets_event_change", args=[event.pk])


def _to(address: str, event: Event) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse(address)}?event={event.pk}")
