"""An event's doors: its figures, and the links by which borrowed phones may scan there."""

from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import uuid4

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.models import User
from common import clock
from common.errors import DomainError, InvalidInput
from common.http import Request
from common.staff.asking import Line, Question, ask, is_answered
from common.staff.times import MomentField, instant, wall_clock
from tickets import artwork
from tickets.admin.event_form import GAP
from tickets.admin.event_questions import said_when
from tickets.door_choice import gates_known
from tickets.door_words import said_time
from tickets.errors import LinkAlreadyMade
from tickets.models import Event, ScannerLink
from tickets.services import make_scanner_link, revoke_scanner_link

# A link works until the last people have left.
AFTER_THE_END: Final = timedelta(hours=2)


class LinkForm(forms.Form):
    """For which gate, until when."""

    fields_by_attr: Final = {"gate": "gate", "expiresAt": "until"}

    gate = forms.CharField(
        max_length=100,
        widget=UnfoldAdminTextInputWidget(attrs={"list": "gates", "autocomplete": "off"}),
        help_text="What it is called at the door; scans are counted by it.",
    )
    until = MomentField(label="Works until")
    # A page that is sent again (F5 on its answer) makes no second link.
    form_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any, *, event: Event, at: datetime) -> None:
        default = max(event.end_date, at) + AFTER_THE_END
        until = wall_clock(default, event.timezone)
        super().__init__(data, initial={"until": until, "form_key": uuid4()})
        self.event = event
        self.fields["until"].help_text = f"By the clock in {clock.place_of(event.timezone)}."

    def clean_until(self) -> datetime:
        moment: datetime | None = self.cleaned_data["until"]
        if moment is None:
            raise forms.ValidationError("Please enter a day and an hour.")
        found = instant(moment.date(), moment.time(), self.event.timezone)
        if found is None:
            raise forms.ValidationError(GAP)
        return found


class EventDoorsAdmin(ModelAdmin):
    """Mixed into the admin of events, which has `event(request, id)`."""

    def has_door_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm("tickets.door_event"))

    def has_links_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm("tickets.manage_scannerlink"))

    def get_urls(self) -> list[URLPattern]:
        revoke = self.admin_site.admin_view(self.revoke_view)
        address = "<int:event_id>/scanner_links/<int:link_id>/revoke/"
        return [path(address, revoke, name="tickets_link_revoke"), *super().get_urls()]

    @action(description="Door", permissions=["door"], icon="door_open")
    def door(self, request: Request, object_id: str) -> HttpResponse:
        event = self.event(request, object_id)
        return HttpResponseRedirect(reverse("tickets:door", args=[event.pk]))

    @action(description="Scanner links", permissions=["links"], icon="qr_code_scanner")
    def scanner_links(self, request: Request, object_id: str) -> HttpResponse:
        """All links of an event, and the form that makes one.

        A link that was just made is shown in the answer to the form itself: its token is kept
        nowhere, so a redirect would have nothing to show.
        """
        event = self.event(request, object_id)
        form = LinkForm(request.POST or None, event=event, at=request.at)
        # Why a page that came without a key, or with a used one, made nothing.
        stale: DomainError | None = None
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            try:
                link, token = make_scanner_link(
                    event_id=event.pk,
                    gate=given["gate"],
                    expires_at=given["until"],
                    by=cast(User, request.user),
                    at=request.at,
                    form_key=given["form_key"],
                )
            except LinkAlreadyMade as refusal:
                stale = refusal
            except DomainError as refusal:
                form.add_error(LinkForm.fields_by_attr.get(refusal.attr or ""), refusal.message)
            else:
                return self._shown_once(request, event, link, token)
        elif form.has_error("form_key"):
            stale = InvalidInput("This page was too old. Please look at it once more.")
        if stale is not None:
            form = LinkForm(None, event=event, at=request.at)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Scanner links of {event.name}",
            "opts": self.opts,
            "event": event,
            "when": said_when(event),
            "form": form,
            "stale": stale.message if stale else "",
            "links": [_said_link(link, event, request.at) for link in _links_of(event)],
            "gates": gates_known([event.pk]),
            "is_secure": _gives_camera(),
        }
        return TemplateResponse(
            request,
            "admin/tickets/event/scanner_links.html",
            context,
            status=stale.status if stale else 200,
        )

    def revoke_view(self, request: Request, event_id: int, link_id: int) -> HttpResponse:
        if not self.has_links_permission(request):
            raise PermissionDenied
        event = self.event(request, event_id)
        link = event.scanner_links.filter(pk=link_id).select_related("created_by").first()
        if link is None:
            raise Http404("There is no such link.")
        back = reverse("admin:tickets_event_scanner_links", args=[event.pk])
        if not is_answered(request):
            return ask(self, request, _about_revoking(link, event, request.at), back=back)
        revoke_scanner_link(link_id=link.pk, by=cast(User, request.user), at=request.at)
        self.message_user(request, f"The link for {link.gate} is switched off.", messages.SUCCESS)
        return HttpResponseRedirect(back)

    def _shown_once(
        self, request: Request, event: Event, link: ScannerLink, token: str
    ) -> HttpResponse:
        # Behind the #: browsers send that part to nobody, so no log and no referrer has the token.
        address = f"{settings.SITE_URL}{reverse('tickets:scan_link')}#{token}"
        qr = b64encode(artwork.qr_svg(address)).decode()
        context = {
            **self.admin_site.each_context(request),
            "title": f"Scanner link for {link.gate}",
            "opts": self.opts,
            "event": event,
            "link": link,
            "until": _stamp(link.expires_at, event),
            "address": address,
            "qr": f"data:image/svg+xml;base64,{qr}",
            "is_secure": _gives_camera(),
        }
        return TemplateResponse(request, "admin/tickets/event/scanner_link_made.html", context)


def _links_of(event: Event) -> Any:
    return event.scanner_links.select_related("created_by")


def _said_link(link: ScannerLink, event: Event, at: datetime) -> dict[str, Any]:
    if link.is_revoked:
        state, tone = "switched off", "danger"
    elif link.has_expired(at):
        state, tone = "its time is over", "default"
    else:
        state, tone = "works", "success"
    return {
        "id": link.pk,
        "gate": link.gate,
        "state": state,
        "tone": tone,
        "is_usable": link.is_usable(at),
        "until": _stamp(link.expires_at, event),
        "last_used": (
            said_time(link.last_used_at, event.timezone, now=at) if link.last_used_at else ""
        ),
        "made": f"{_stamp(link.created_at, event)} by {link.created_by.get_full_name()}",
    }


def _about_revoking(link: ScannerLink, event: Event, at: datetime) -> Question:
    told = _said_link(link, event, at)
    used = f"last used {told['last_used']}" if told["last_used"] else "never used"
    return Question(
        title="Switch this link off",
        lead="The phone that scans with it is refused from its next scan on, and told so. What it "
        "has scanned stays. A link can't be switched on again; make a new one instead.",
        button="Switch off",
        lines=[
            Line(
                title=link.gate,
                text=f"{event.name} · {used}",
                outcome=f"It would work until {told['until']}."
                if told["is_usable"]
                else f"Nothing changes: {told['state']}.",
            )
        ],
        is_danger=True,
    )


def _gives_camera() -> bool:
    """Browsers give the camera to secure addresses alone, and to the machine itself."""
    address: str = settings.SITE_URL
    return address.startswith(("https://", "http://localhost", "http://127.0.0.1"))


def _stamp(moment: datetime, event: Event) -> str:
    zone = event.timezone
    return f"{clock.say_date(moment, zone)}, {clock.say_time(moment, zone)}"
