"""What the providers told us, what became of it, and the button that applies it again."""

import json
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from unfold.decorators import action, display

from common.errors import InvalidTransition
from common.http import Request
from common.staff.asking import Line, Question
from common.staff.words import mark, said_day_and_time, said_stamp
from payments.admin.deeds import MoneyDeeds
from payments.courier import take_event
from payments.models import WebhookEvent
from payments.services import reopen_event
from payments.states import UNAPPLIED, EventState

REPLAY: Final = "payments.replay_webhookevent"

EVENT_COLOURS: Final[dict[str, str]] = {
    EventState.RECEIVED: "info",
    EventState.DONE: "success",
    EventState.FAILED: "danger",
    EventState.IGNORED: "default",
}


@admin.register(WebhookEvent)
class WebhookEventAdmin(MoneyDeeds):
    colours = EVENT_COLOURS
    actions_detail = ("replay",)
    list_display = (
        "show_event",
        "show_state",
        "attempts",
        "show_error",
        "show_received",
    )
    list_filter = ("state", "kind")
    search_fields = ("event_id", "about", "kind")
    search_help_text = "The provider's number of the event or of the money, or the kind"
    views = (
        ("All", ""),
        ("Failed", "state__exact=failed"),
        ("Not applied yet", "state__exact=received"),
        ("Nothing to do", "state__exact=ignored"),
    )
    fieldsets = (
        (
            None,
            {"fields": ("show_full_state", "kind", "event_id", "about", "attempts", "last_error")},
        ),
        ("When", {"fields": ("show_happened", "show_full_received", "show_next", "show_done")}),
        ("What was told", {"fields": ("show_payload",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEvent]:
        events: QuerySet[WebhookEvent] = super().get_queryset(request)
        # Heavy, and not in the list.
        return events.defer("payload")

    def has_replay_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm(REPLAY))

    @action(description="Apply again", permissions=["replay"], icon="replay")
    def replay(self, request: Request, object_id: str) -> HttpResponse:
        event: WebhookEvent = self.row(request, object_id)
        line = Line(
            title=event.kind,
            text=f"{event.event_id}, {event.get_state_display()}",
            outcome="" if event.payload else "Its content was emptied: it is too old.",
            is_possible=bool(event.payload),
        )
        question = Question(
            title="Apply again",
            lead="What this event tells is compared with what we know once more. What was applied "
            "before is never applied twice.",
            button="Apply it",
            lines=[line],
        )

        def apply(_given: dict[str, Any]) -> str:
            reopen_event(event_id=event.pk)
            if not take_event(event.pk, at=request.at):
                event.refresh_from_db()
                raise InvalidTransition(f"It failed: {event.last_error}")
            event.refresh_from_db()
            return f"{event.kind}: {event.get_state_display()}."

        return self.ask_and_do(request, event, question, apply)

    @display(description="event", header=True, ordering="kind")
    def show_event(self, event: WebhookEvent) -> list[str]:
        return [event.kind, event.event_id]

    @display(description="state", ordering="state", label=EVENT_COLOURS)
    def show_state(self, event: WebhookEvent) -> tuple[str, str]:
        return event.state, event.get_state_display()

    @display(description="state")
    def show_full_state(self, event: WebhookEvent) -> str:
        return mark(event.get_state_display(), EVENT_COLOURS[event.state])

    @display(description="error")
    def show_error(self, event: WebhookEvent) -> str:
        return event.last_error[:120]

    @display(description="received", header=True, ordering="received_at")
    def show_received(self, event: WebhookEvent) -> list[str]:
        return said_day_and_time(event.received_at)

    @display(description="received")
    def show_full_received(self, event: WebhookEvent) -> str:
        return said_stamp(event.received_at)

    @display(description="happened there")
    def show_happened(self, event: WebhookEvent) -> str:
        return said_stamp(event.created_at)

    @display(description="next try")
    def show_next(self, event: WebhookEvent) -> str:
        return said_stamp(event.next_try_at) if event.state in UNAPPLIED else ""

    @display(description="applied")
    def show_done(self, event: WebhookEvent) -> str:
        return said_stamp(event.done_at) if event.done_at else ""

    @display(description="content")
    def show_payload(self, event: WebhookEvent) -> str:
        if not event.payload:
            return "Emptied after 30 days."
        said = json.dumps(event.payload, indent=2, ensure_ascii=False)
        return format_html('<pre class="whitespace-pre-wrap">{}</pre>', said)
