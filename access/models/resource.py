"""What is opened, and by which keys."""

import secrets
from typing import ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from access.models.plan import Plan
from access.states import GrantedBy, ResourceKind
from bookings.models import Room
from tickets.models import Event
from tickets.states import EventStatus


def private_storage() -> Storage:
    """Files that no address leads to; they are handed out after the check alone."""
    return storages["private"]


def private_name(resource: "Resource", name: str) -> str:
    """Where a file is kept: under a name of our own, which tells nothing and is never the same.

    So nothing is ever overwritten, and no ending can make a web server do more than read it.
    """
    return f"resources/{secrets.token_urlsafe(24)}"


class ResourceQuerySet(models.QuerySet["Resource"]):
    def offered(self) -> "ResourceQuerySet":
        """What anybody may know of: not what would give away an event before it is announced."""
        is_secret = Q(event__status=EventStatus.DRAFT, plan=None, room=None, is_public=False)
        return self.exclude(is_secret)

    def openable(self) -> "ResourceQuerySet":
        """Without those that nothing opens to anybody."""
        by_key = Q(plan__isnull=False) | Q(room__isnull=False) | Q(event__isnull=False)
        return self.filter(Q(is_public=True) | by_key)


class Resource(models.Model):
    """A page, a file or a link that any of a plan, a room and an event opens.

    An empty field never matches; one without any of them is closed unless it is public.
    """

    slug = models.SlugField("address", max_length=80, unique=True)
    title = models.CharField(max_length=150)
    summary = models.CharField(
        max_length=300, blank=True, help_text="Shown to everybody, also to who can't open it."
    )
    kind = models.CharField(max_length=8, choices=ResourceKind.choices, default=ResourceKind.PAGE)
    body = models.TextField("text", blank=True, help_text="Markdown.")
    url = models.URLField("link", max_length=1000, blank=True)
    file = models.FileField(
        upload_to=private_name, storage=private_storage, blank=True, max_length=255
    )
    # As it was called where it came from, and will be again where it goes.
    file_name = models.CharField(max_length=200, blank=True, editable=False)
    is_public = models.BooleanField("open to everybody", default=False)
    plan = models.ForeignKey(
        Plan, on_delete=models.PROTECT, null=True, blank=True, related_name="resources"
    )
    # Gone with the room or event: the resource loses this key and opens to fewer, never to more.
    room = models.ForeignKey(
        Room, on_delete=models.SET_NULL, null=True, blank=True, related_name="resources"
    )
    event = models.ForeignKey(
        Event, on_delete=models.SET_NULL, null=True, blank=True, related_name="resources"
    )
    # 'room:5' or 'event:7' for the meeting link that a checkbox there has made.
    made_for = models.CharField(max_length=30, null=True, blank=True, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar = ResourceQuerySet.as_manager()

    class Meta:
        db_table = "resources"
        ordering = ["title", "pk"]
        indexes = [models.Index(fields=["is_public", "title"], name="resources_idx_public")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=ResourceKind.values), name="resources_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("access:resource", args=[self.slug])

    @property
    def target(self) -> str:
        """Where a link leads now; '' when there is nothing to lead to.

        That of an event's own meeting is where the event takes place, whenever that changes.
        """
        address = self.url
        if not address and self.kind == ResourceKind.LINK and self.event is not None:
            address = self.event.online_url
        return address if urlsplit(address).scheme in {"http", "https"} else ""

    @property
    def is_offered(self) -> bool:
        """Whether anybody may know of it; what `ResourceQuerySet.offered` asks of rows."""
        if self.is_public or self.plan_id or self.room_id or self.event is None:
            return True
        return bool(self.event.status != EventStatus.DRAFT)

    @property
    def has_rule(self) -> bool:
        return bool(self.plan_id or self.room_id or self.event_id)


class AccessLog(models.Model):
    """Who asked for which file or link, and what the answer was; kept for ACCESS_LOG_DAYS."""

    # None: nobody was signed in.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    resource = models.ForeignKey(Resource, on_delete=models.SET_NULL, null=True, related_name="+")
    slug = models.CharField(max_length=80)
    allowed = models.BooleanField()
    granted_by = models.CharField(max_length=12, choices=GrantedBy.choices, blank=True)
    at = models.DateTimeField(db_index=True)

    objects: ClassVar = models.Manager()

    class Meta:
        db_table = "access_log"
        verbose_name = "line of the access log"
        verbose_name_plural = "access log"
        default_permissions = ("view",)
        ordering = ["-pk"]
        indexes = [models.Index(fields=["resource", "at"], name="access_log_idx_resource")]

    def __str__(self) -> str:
        return f"{self.slug}: {'in' if self.allowed else 'refused'}"
