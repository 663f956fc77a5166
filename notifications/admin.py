"""Mails for staff: to look at and to send again, never to write, change or delete."""

import json
from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import action, display

from common.http import Request
from common.staff.asking import Line, Question, ask, do_each, is_answered, too_many
from common.staff.rows import ReadOnlyAdmin
from common.staff.words import said_stamp
from notifications.models import MailAttachment, OutgoingMail
from notifications.preview import SANDBOX, download, preview, preview_sample
from notifications.registry import find_kind, kinds
from notifications.samples import has_sample, sample, sampled_kinds
from notifications.services.resend import PERMISSION, resend_mail
from notifications.states import MailState

STATE_COLOURS = {
    MailState.QUEUED: "info",
    MailState.SENDING: "info",
    MailState.SENT: "success",
    MailState.RETRYING: "warning",
    MailState.FAILED: "danger",
    MailState.DROPPED: "info",
}
RECEIVER_ONLY = "For its receiver alone: it holds a code or a secret link."
NOT_BUILT = "A mail is built when it is sent; there is nothing to show yet."
NOT_KEPT = "The words of this mail were not kept."
# What is heavy and not in the list.
HEAVY = ("context", "text", "html")


class KindFilter(admin.SimpleListFilter):
    """By the kinds that the apps registered, in their words."""

    title = "kind"
    parameter_name = "kind"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [(kind.name, kind.title) for kind in kinds()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[OutgoingMail]
    ) -> QuerySet[OutgoingMail]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin):
    """Read-only; 'Send again' goes through the same service as the API."""

    list_display = ("show_to", "show_kind", "subject", "show_state", "tries", "show_created")
    list_filter = ("state", KindFilter, "created_at")
    search_fields = ("to", "subject", "key")
    search_help_text = "Address, subject or key"
    ordering = ("-created_at", "-pk")
    list_per_page = 50
    actions = ("send_again_selected",)
    actions_detail = ("send_again",)
    actions_list = ("see_gallery",)
    fieldsets = (
        (None, {"fields": ("state", "show_to", "show_kind", "subject", "last_error")}),
        ("The mail", {"fields": ("show_preview", "show_text", "show_attachments")}),
        (
            "On its way",
            {
                "fields": (
                    "show_created",
                    "show_next_try",
                    "show_last_try",
                    "tries",
                    "show_sent",
                    "priority",
                    "show_copy_of",
                    "message_id",
                    "key",
                )
            },
        ),
        ("Facts", {"fields": ("show_facts",)}),
    )
    readonly_fields = tuple(name for _title, options in fieldsets for name in options["fields"])

    # --- May ---------------------------------------------------------------------------------

    def has_resend_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return bool(request.user.has_perm(PERMISSION))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """No button that would only be refused."""
        mail = self.get_object(request, object_id)
        if mail is None or not mail.is_resendable:
            return []
        actions: list[Any] = super().get_actions_detail(request, object_id)
        return actions

    # --- List and detail ---------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutgoingMail]:
        mails: QuerySet[OutgoingMail] = super().get_queryset(request)
        return mails.defer(*HEAVY)

    @display(description="to", ordering="to")
    def show_to(self, mail: OutgoingMail) -> str:
        return mail.to

    @display(description="kind", ordering="kind")
    def show_kind(self, mail: OutgoingMail) -> str:
        return mail.kind_title

    @display(description="state", ordering="state", label=STATE_COLOURS)
    def show_state(self, mail: OutgoingMail) -> tuple[str, str]:
        return mail.state, MailState(mail.state).label

    @display(description="queued", ordering="created_at")
    def show_created(self, mail: OutgoingMail) -> str:
        return said_stamp(mail.created_at)

    @display(description="next try")
    def show_next_try(self, mail: OutgoingMail) -> str:
        return said_stamp(mail.next_try_at) if mail.is_on_its_way else ""

    @display(description="last try")
    def show_last_try(self, mail: OutgoingMail) -> str:
        return said_stamp(mail.claimed_at)

    @display(description="sent")
    def show_sent(self, mail: OutgoingMail) -> str:
        return said_stamp(mail.sent_at)

    @display(description="as sent")
    def show_preview(self, mail: OutgoingMail) -> str:
        if mail.is_secret:
            return RECEIVER_ONLY
        if not mail.has_body:
            return NOT_KEPT if mail.is_sent else NOT_BUILT
        return format_html(
            '<iframe src="{}" sandbox="{}" title="The mail as sent" width="640" height="720">'
            "</iframe>",
            reverse("admin:notifications_outgoingmail_preview", args=[mail.pk]),
            SANDBOX,
        )

    @display(description="as text")
    def show_text(self, mail: OutgoingMail) -> str:
        if mail.is_secret:
            return RECEIVER_ONLY
        return format_html('<pre class="whitespace-pre-wrap">{}</pre>', mail.text)

    @display(description="files")
    def show_attachments(self, mail: OutgoingMail) -> str:
        if mail.is_secret:
            return RECEIVER_ONLY
        return format_html_join(
            " ",
            '<a class="text-link" href="{}">{}</a>',
            (
                (
                    reverse(
                        "admin:notifications_outgoingmail_attachment",
                        args=[mail.pk, attachment.pk],
                    ),
                    attachment.filename,
                )
                for attachment in mail.attachments.listed()
            ),
        )

    @display(description="copy of")
    def show_copy_of(self, mail: OutgoingMail) -> str:
        if mail.copy_of_id is None:
            return ""
        return format_html(
            '<a class="text-link" href="{}">Mail {}</a>',
            reverse("admin:notifications_outgoingmail_change", args=[mail.copy_of_id]),
            mail.copy_of_id,
        )

    @display(description="facts")
    def show_facts(self, mail: OutgoingMail) -> str:
        if mail.is_secret:
            return RECEIVER_ONLY
        facts = json.dumps(mail.context, indent=2, ensure_ascii=False)
        return format_html('<pre class="whitespace-pre-wrap">{}</pre>', facts)

    # --- Pages of its own --------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path(
                "<int:mail_id>/preview/",
                wrap(self.preview_view),
                name="notifications_outgoingmail_preview",
            ),
            path(
                "<int:mail_id>/attachments/<int:attachment_id>/",
                wrap(self.attachment_view),
                name="notifications_outgoingmail_attachment",
            ),
            path("gallery/", wrap(self.gallery_view), name="notifications_outgoingmail_gallery"),
            path(
                "gallery/<str:kind>/",
                wrap(self.sample_view),
                name="notifications_outgoingmail_sample",
            ),
            *super().get_urls(),
        ]

    def gallery_view(self, request: Request) -> HttpResponse:
        """Every mail that people may get, with sample facts, wide and narrow, light or dark."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        shown = sampled_kinds()
        chosen = request.GET.get("kind", "")
        kind = next((kind for kind in shown if kind.name == chosen), shown[0])
        return TemplateResponse(
            request,
            "admin/notifications/outgoingmail/gallery.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": "What people get",
                "kinds": shown,
                "kind": kind,
                "look": request.GET.get("look", "light"),
                "message": sample(kind),
                "sandbox": SANDBOX,
            },
        )

    def sample_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not has_sample(kind):
            raise Http404
        return preview_sample(sample(find_kind(kind)), look=request.GET.get("look", ""))

    def preview_view(self, request: HttpRequest, mail_id: int) -> HttpResponse:
        return preview(self._readable(request, mail_id))

    def attachment_view(
        self, request: HttpRequest, mail_id: int, attachment_id: int
    ) -> HttpResponse:
        mail = self._readable(request, mail_id)
        return download(get_object_or_404(MailAttachment, pk=attachment_id, mail=mail))

    def _readable(self, request: HttpRequest, mail_id: int) -> OutgoingMail:
        """The mail, if this person may read it. Raises PermissionDenied, Http404."""
        mail = get_object_or_404(OutgoingMail, pk=mail_id)
        if mail.is_secret or not self.has_view_permission(request, mail):
            raise PermissionDenied
        return mail

    @action(description="What people get", icon="gallery_thumbnail")
    def see_gallery(self, request: Request) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:notifications_outgoingmail_gallery"))

    # --- Send again --------------------------------------------------------------------------

    @action(description="Send again", permissions=["resend"], icon="forward_to_inbox")
    def send_again(self, request: Request, object_id: str) -> HttpResponse:
        """Asks first: what is sent can't be taken back."""
        mail = self.get_object(request, object_id)
        if mail is None:
            raise Http404
        back = reverse("admin:notifications_outgoingmail_change", args=[mail.pk])
        if not is_answered(request):
            return ask(self, request, question_about([mail]), back=back)
        self._send_again(request, [mail])
        return HttpResponseRedirect(back)

    @admin.action(description="Send again", permissions=["resend"])
    def send_again_selected(
        self, request: Request, queryset: QuerySet[OutgoingMail]
    ) -> HttpResponse | None:
        mails = list(queryset)
        if too_many(self, request, len(mails)):
            return None
        if not is_answered(request):
            back = reverse("admin:notifications_outgoingmail_changelist")
            pks = [mail.pk for mail in mails]
            return ask(self, request, question_about(mails), back=back, pks=pks)
        self._send_again(request, mails)
        return None

    def _send_again(self, request: Request, mails: Sequence[OutgoingMail]) -> None:
        def resend(mail: OutgoingMail) -> str:
            copy = resend_mail(mail_id=mail.pk, by=request.user, at=request.at)
            self.log_change(request, mail, f"Sent again as mail {copy.pk}.")
            return f"{mail}: it is being sent again."

        do_each(self, request, mails, resend)


def question_about(mails: Sequence[OutgoingMail]) -> Question:
    """Whether these mails shall really go out once more."""
    many = "" if len(mails) == 1 else f" ({len(mails)} mails)"
    return Question(
        title=f"Send again{many}",
        lead="The same facts go to the same address once more, in a mail that is built afresh.",
        button="Send again",
        lines=[
            Line(
                title=str(mail),
                text=f"{mail.subject or 'Not built yet'} · queued {said_stamp(mail.created_at)}",
                outcome=mail.why_not_resendable,
                is_possible=mail.is_resendable,
            )
            for mail in mails
        ],
    )
