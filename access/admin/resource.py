"""Resources on staff pages: what is handed out, and who may have it."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from access.decisions import either
from access.models import Resource
from access.services.resources import delete_resource, save_resource
from common.http import Request
from common.staff.asking import Line, Question
from common.staff.choosing import SearchedChoice
from common.staff.deleting import DeletingAdmin
from common.staff.rows import RefusingForm, ServiceAdmin
from common.staff.words import said_day_and_time

EDITED: Final = (
    "title",
    "slug",
    "summary",
    "kind",
    "body",
    "url",
    "is_public",
    "plan",
    "room",
    "event",
)
CLOSED: Final = "Closed: nobody but staff"


def said_who(resource: Resource) -> str:
    """Who can open it, in words."""
    if resource.is_public:
        return "Everybody"
    keys = []
    if resource.plan is not None:
        keys.append(f"the plan {resource.plan} or a higher one")
    if resource.room is not None:
        keys.append(f"a booked time in {resource.room}, while it lasts")
    if resource.event is not None:
        keys.append(f"a ticket for {resource.event}, while it is valid")
    return f"Whoever has {either(keys)}" if keys else CLOSED


class ResourceForm(RefusingForm, forms.ModelForm[Resource]):
    """The resource in plain words; what doesn't fit together the service says."""

    fields_by_attr: ClassVar = {
        "planId": "plan",
        "roomId": "room",
        "eventId": "event",
        "isPublic": "is_public",
        "file": "new_file",
    }

    url = forms.URLField(
        label="Link",
        required=False,
        max_length=1000,
        assume_scheme="https",
        widget=UnfoldAdminTextInputWidget,
        help_text="https://…; nobody sees it before they may open it. The link of an event's own "
        "meeting stays empty: it is the event's online address.",
    )
    new_file = forms.FileField(
        label="File",
        required=False,
        max_length=1_000,
        widget=UnfoldAdminFileFieldWidget,
        help_text="Any kind; handed out as a download under the name that it has now. "
        "A new one takes the place of the former.",
    )

    class Meta:
        model = Resource
        fields = EDITED
        widgets: ClassVar = {
            "body": UnfoldAdminTextareaWidget(attrs={"rows": 16}),
        }
        help_texts: ClassVar = {
            "title": "Everybody can read it, also who can't open it.",
            "slug": "In the address of its page: letters, digits and hyphens.",
            "kind": "A page shows its text; a file is downloaded; a link leads on to an address "
            "that only those learn who may.",
            "body": "Markdown: # headings, **bold**, lists, [links](https://example.com). "
            "Beside a file or a link it is shown to those who may open it.",
            "is_public": "Whatever is chosen below.",
            "plan": "Whoever has this plan or a higher one, as long as it is paid.",
            "room": "Whoever has booked it, while their time lasts.",
            "event": "Whoever has a valid ticket, from when the doors open to the end.",
        }

    def clean(self) -> None:
        super().clean()
        self.refuse()


class OpenToFilter(admin.SimpleListFilter):
    """By what opens it."""

    title = "opens to"
    parameter_name = "opens"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("public", "Everybody"),
            ("plan", "Subscribers"),
            ("room", "Whoever has booked"),
            ("event", "Ticket holders"),
            ("nobody", "Nobody but staff"),
        ]

    def queryset(self, request: Any, queryset: QuerySet[Resource]) -> QuerySet[Resource]:
        match self.value():
            case "public":
                return queryset.filter(is_public=True)
            case "plan" | "room" | "event" as key:
                return queryset.filter(**{f"{key}__isnull": False})
            case "nobody":
                return queryset.filter(is_public=False, plan=None, room=None, event=None)
        return queryset


@admin.register(Resource)
class ResourceAdmin(DeletingAdmin, ServiceAdmin):
    form = ResourceForm
    list_display = ("title", "kind", "show_who", "show_changed")
    list_filter = (OpenToFilter, "kind")
    list_select_related = ("plan", "room", "event")
    list_per_page = 50
    search_fields = ("title", "slug", "summary")
    search_help_text = "Title, address or summary"
    actions = ("delete_chosen",)
    prepopulated_fields: ClassVar = {"slug": ("title",)}
    autocomplete_fields = ("room", "event")
    change_form_outer_before_template = "admin/staff/actions.html"
    actions_detail = ("see", "log")
    readonly_fields = ("show_who", "show_file", "show_origin")
    # Without a script all of them are there, and each says what it is for.
    conditional_fields: ClassVar = {
        "url": "kind == 'link'",
        "new_file": "kind == 'file'",
        "show_file": "kind == 'file'",
    }

    def get_fieldsets(self, request: Request, obj: Resource | None = None) -> Any:
        writes = self.has_change_permission(request, obj)
        content = ["kind", "body", "url"]
        if obj is not None and obj.file_name:
            content.append("show_file")
        if writes:
            content.append("new_file")
        about = ["title", "slug", "summary"]
        if obj is not None and obj.made_for:
            about.append("show_origin")
        keys = ["is_public", "plan", "room", "event"]
        return [
            (None, {"fields": about}),
            ("What is in it", {"fields": content}),
            ("Who can open it", {"fields": keys if obj is None else ["show_who", *keys]}),
        ]

    def get_prepopulated_fields(self, request: Request, obj: Resource | None = None) -> Any:
        """Only for a new one: an address that is known stays."""
        return self.prepopulated_fields if obj is None else {}

    def save_model(self, request: Request, obj: Resource, form: ResourceForm, change: bool) -> None:
        """By the service alone, and only what was changed. May raise DomainError."""
        names = [name for name in EDITED if not change or name in form.changed_data]
        saved = save_resource(
            resource_id=obj.pk if change else None,
            changes={name: form.cleaned_data[name] for name in names},
            file=form.cleaned_data["new_file"] or None,
            at=request.at,
        )
        obj.pk = saved.pk

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """A forged choice is an error beside its field."""
        if db_field.name in self.autocomplete_fields:
            kwargs["widget"] = SearchedChoice(db_field, self.admin_site, using=kwargs.get("using"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    # --- Words -------------------------------------------------------------------------------

    @display(description="changed", header=True, ordering="updated_at")
    def show_changed(self, resource: Resource) -> list[str]:
        return said_day_and_time(resource.updated_at)

    @display(description="who can open it")
    def show_who(self, resource: Resource) -> str:
        return said_who(resource)

    @display(description="file now")
    def show_file(self, resource: Resource) -> str:
        try:
            size = filesizeformat(resource.file.size)
        except OSError:
            return f"{resource.file_name}: missing on the disk"
        return f"{resource.file_name} ({size})"

    @display(description="made by")
    def show_origin(self, resource: Resource) -> str:
        kind, _, _ = (resource.made_for or "").partition(":")
        return f"A tick at the {kind}: it is offered and withdrawn there."

    # --- Ways on -----------------------------------------------------------------------------

    def has_log_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm("access.view_accesslog"))

    @action(description="See it as it is shown", permissions=["view"], icon="visibility")
    def see(self, request: Request, object_id: str) -> HttpResponse:
        resource = self.get_object(request, object_id)
        address = resource.get_absolute_url() if resource else reverse("access:resources")
        return HttpResponseRedirect(address)

    @action(description="Who has opened it", permissions=["log"], icon="history")
    def log(self, request: Request, object_id: str) -> HttpResponse:
        path = reverse("admin:access_accesslog_changelist")
        return HttpResponseRedirect(f"{path}?resource__id__exact={object_id}")

    # --- Delete ------------------------------------------------------------------------------

    def delete_question(self, request: Request, things: Sequence[Resource]) -> Question:
        several = len(things) > 1
        return Question(
            title="Delete resources" if several else "Delete this resource",
            lead="Nobody can open it any more, and its file is removed for good.",
            button="Delete",
            lines=[Line(title=thing.title, outcome=said_who(thing)) for thing in things],
            is_danger=True,
        )

    def delete_one(self, request: Request, thing: Resource) -> str:
        delete_resource(resource_id=thing.pk)
        return f"{thing} is removed."
