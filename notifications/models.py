"""The outbox: what is to be mailed, and what became of it."""

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from notifications.errors import UnknownKind
from notifications.messages import Attachment, Message
from notifications.paragraphs import code_in
from notifications.registry import find_kind
from notifications.states import ON_ITS_WAY, MailState, sources

IMMINENT: Final = timedelta(seconds=10)
TONES: Final[dict[str, str]] = {
    MailState.QUEUED: "wait",
    MailState.SENDING: "wait",
    MailState.SENT: "good",
    MailState.RETRYING: "wait",
    MailState.FAILED: "bad",
    MailState.DROPPED: "past",
}


def new_message_id() -> str:
    """A Message-ID of this site; the row keeps it, so a mail sent twice can be told as one."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return f"<{uuid.uuid4().hex}@{host.encode('idna').decode('ascii')}>"


class OutgoingMailQuerySet(models.QuerySet["OutgoingMail"]):
    """State is written here alone, by UPDATEs that carry the allowed moves in their WHERE."""

    def due(self, at: datetime) -> "OutgoingMailQuerySet":
        """What may be claimed now, the most pressing first."""
        return self.filter(state__in=sources(MailState.SENDING), next_try_at__lte=at).order_by(
            "priority", "next_try_at", "pk"
        )

    def stale(self, at: datetime) -> "OutgoingMailQuerySet":
        """Claimed by a worker that didn't come back within its lease."""
        return self.filter(state=MailState.SENDING, next_try_at__lte=at)

    def to_empty(self, before: datetime) -> "OutgoingMailQuerySet":
        """Older than that, settled, and still with their words."""
        return self.filter(emptied_at__isnull=True, created_at__lt=before).exclude(
            state__in=ON_ITS_WAY
        )

    def on_their_way(self) -> "OutgoingMailQuerySet":
        return self.filter(state__in=ON_ITS_WAY)

    def move_to(self, target: MailState, **changes: Any) -> int:
        """Move those of these rows that may move; says how many did."""
        allowed = self.filter(state__in=sources(target)).order_by()
        return allowed.update(state=target, **changes)

    def most_pressing(self, at: datetime, *, limit: int) -> list[int]:
        """What is due, by pk, in the order of `due`.

        State by state, so that the index gives the order: with 100,000 mails waiting, one
        question would sort them all for the first few.
        """
        first = [
            row
            for state in sources(MailState.SENDING)
            for row in self.due(at)
            .filter(state=state)
            .values_list("priority", "next_try_at", "pk")[:limit]
        ]
        return [pk for _priority, _next_try_at, pk in sorted(first)[:limit]]


class OutgoingMail(models.Model):
    """One mail to one person: the frozen facts, the state and, once built, the mail as sent."""

    kind = models.CharField(max_length=64)
    to = models.CharField(max_length=320)
    key = models.CharField(
        max_length=200, unique=True, help_text="Says what the mail tells of: one key, one mail."
    )
    context = models.JSONField("facts", default=dict, encoder=DjangoJSONEncoder)
    priority = models.PositiveSmallIntegerField(default=5, help_text="1 goes first.")
    is_secret = models.BooleanField(default=False)

    state = models.CharField(max_length=16, choices=MailState.choices, default=MailState.QUEUED)
    tries = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField("queued")
    next_try_at = models.DateTimeField("next try")
    first_tried_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField("last try", null=True)
    claim = models.CharField(max_length=32, blank=True)
    sent_at = models.DateTimeField("sent", null=True)
    last_error = models.TextField(blank=True)

    message_id = models.CharField("Message-ID", max_length=320, default=new_message_id)
    subject = models.CharField(max_length=255, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    # When its words, facts and files were emptied, for privacy's sake.
    emptied_at = models.DateTimeField(null=True, editable=False)
    copy_of = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="copies", editable=False
    )

    objects: ClassVar[models.Manager["OutgoingMail"]] = OutgoingMailQuerySet.as_manager()

    class Meta:
        db_table = "outgoing_mails"
        verbose_name = "mail"
        default_permissions = ("view",)
        permissions = [("resend_mail", "Can send a mail again")]
        indexes = [
            models.Index(
                fields=["state", "priority", "next_try_at"], name="outgoing_mails_pressing"
            ),
            models.Index(fields=["to", "created_at"], name="outgoing_mails_to"),
            models.Index(fields=["created_at"], name="outgoing_mails_created"),
            models.Index(fields=["emptied_at", "created_at"], name="outgoing_mails_emptied"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=MailState.values), name="outgoing_mails_state"
            ),
            models.CheckConstraint(
                condition=(
                    Q(state=MailState.SENT, sent_at__isnull=False)
                    | (~Q(state=MailState.SENT) & Q(sent_at__isnull=True))
                ),
                name="outgoing_mails_sent_at",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind_title} to {self.to}"

    @property
    def kind_title(self) -> str:
        """The kind as staff know it; its bare word when nobody registers it any more."""
        try:
            return find_kind(self.kind).title
        except UnknownKind:
            return self.kind

    @property
    def is_on_its_way(self) -> bool:
        return self.state in ON_ITS_WAY

    def is_imminent(self, at: datetime) -> bool:
        """Whether it is worth waiting for: a worker has it, or may take it any moment."""
        if self.state == MailState.SENDING:
            return True
        return self.is_on_its_way and self.next_try_at <= at + IMMINENT

    @property
    def why_not_resendable(self) -> str:
        """Why staff may not send it again; '' when they may."""
        if self.is_secret:
            return "A mail with a code or a secret link can't be sent again."
        if self.is_on_its_way:
            return "This mail is still on its way."
        if self.emptied_at is not None:
            return "What this mail told was emptied meanwhile; it can't be built any more."
        if self.copies.on_their_way().exists():
            return "This mail is being sent again already."
        return ""

    @property
    def is_resendable(self) -> bool:
        return not self.why_not_resendable

    @property
    def code(self) -> str:
        """The code that an account mail brings, as long as its text is kept; else ''."""
        return code_in(self.text) if self.is_secret else ""

    @property
    def tone(self) -> str:
        """The state as a tone of our pages."""
        return TONES[self.state]

    @property
    def has_body(self) -> bool:
        """Whether there is anything to show: built, sent, and not emptied since."""
        return bool(self.text or self.html)

    @property
    def is_sent(self) -> bool:
        return self.state == MailState.SENT


class MailAttachmentQuerySet(models.QuerySet["MailAttachment"]):
    """Reading the files of mails."""

    def listed(self) -> "MailAttachmentQuerySet":
        """What a mail program lists as files: neither pictures of the HTML nor alternatives."""
        return self.filter(is_alternative=False, inline_cid="").defer("content")


class MailAttachment(models.Model):
    """A file as it was sent with a mail."""

    mail = models.ForeignKey(OutgoingMail, on_delete=models.CASCADE, related_name="attachments")
    position = models.PositiveSmallIntegerField()
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=255)
    content = models.BinaryField()
    inline_cid = models.CharField(max_length=255, blank=True)
    is_alternative = models.BooleanField(default=False)

    objects = MailAttachmentQuerySet.as_manager()

    class Meta:
        db_table = "mail_attachments"
        default_permissions = ()
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["mail", "position"], name="mail_attachments_position"),
        ]

    def __str__(self) -> str:
        return self.filename

    @classmethod
    def as_sent(cls, mail: OutgoingMail, message: Message) -> "list[MailAttachment]":
        """Unsaved rows for the files of `message`, in their order."""
        return [
            cls._of(mail, position, attachment)
            for position, attachment in enumerate(message.attachments)
        ]

    @classmethod
    def _of(cls, mail: OutgoingMail, position: int, attachment: Attachment) -> "MailAttachment":
        return cls(
            mail=mail,
            position=position,
            filename=attachment.filename,
            content_type=attachment.content_type,
            content=attachment.content,
            inline_cid=attachment.inline_cid,
            is_alternative=attachment.is_alternative,
        )


class ReminderState(models.TextChoices):
    PLANNED = "planned", "Planned"
    QUEUED = "queued", "In the outbox"
    DROPPED = "dropped", "Not wanted any more"


class ReminderQuerySet(models.QuerySet["Reminder"]):
    def planned(self) -> "ReminderQuerySet":
        return self.filter(state=ReminderState.PLANNED)

    def due(self, at: datetime) -> "ReminderQuerySet":
        return self.planned().filter(due_at__lte=at).order_by("due_at", "pk")


class Reminder(models.Model):
    """An appointment to remind one person of one thing, once for each offset.

    `subject_id` and `version` are the owner's: which booking or event, and its count of changes.
    """

    kind = models.CharField(max_length=64)
    subject_id = models.PositiveIntegerField()
    version = models.PositiveIntegerField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reminders"
    )
    minutes_before = models.PositiveIntegerField()
    due_at = models.DateTimeField()
    state = models.CharField(
        max_length=8, choices=ReminderState.choices, default=ReminderState.PLANNED
    )

    objects: ClassVar = ReminderQuerySet.as_manager()

    class Meta:
        db_table = "reminders"
        default_permissions = ()
        indexes = [models.Index(fields=["state", "due_at"], name="reminders_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_id", "user", "version", "minutes_before"],
                name="reminders_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ReminderState.values), name="reminders_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}, {self.minutes_before} min before"
