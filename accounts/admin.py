"""People and groups on staff pages. Desk and managers look; only a superuser changes."""

from typing import Any, ClassVar, Final

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts.models import User
from common.staff.rows import ReadOnlyAdmin, quick_views
from common.staff.words import mark, said_day_and_time, said_stamp

NEEDS_STAFF: Final = "Tick this as well: without it the groups below open nothing."

STATE_COLOURS: Final = {"active": "success", "off": "danger"}

# Codes, keys and addresses are the person's own, kept on their account page.
for model in (EmailAddress, Authenticator, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class RoleFilter(admin.SimpleListFilter):
    """Customers, staff, or one of the staff groups."""

    title = "who"
    parameter_name = "who"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        groups = Group.objects.order_by("name").values_list("pk", "name")
        return [("staff", "Staff"), ("customers", "Customers"), *((str(pk), n) for pk, n in groups)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        chosen = self.value() or ""
        if chosen == "staff":
            return queryset.filter(is_staff=True)
        if chosen == "customers":
            return queryset.filter(is_staff=False)
        known = {value for value, _label in self.lookup_choices}
        return queryset.filter(groups=int(chosen)) if chosen in known else queryset


class StaffMixin(forms.ModelForm[User]):
    """What both forms of a person check."""

    # The superuser who is at the form.
    by: ClassVar[User]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().lower()
        others = User.objects.filter(email=email).exclude(pk=self.instance.pk)
        taken = EmailAddress.objects.filter(email=email).exclude(user_id=self.instance.pk)
        if others.exists() or taken.exists():
            raise forms.ValidationError("Somebody has this address already.")
        return email

    def clean(self) -> None:
        super().clean()
        given = self.cleaned_data
        if given.get("groups") and not given.get("is_staff"):
            self.add_error("is_staff", NEEDS_STAFF)
        if self.instance.pk == self.by.pk:
            for name in ("is_active", "is_staff", "is_superuser"):
                if given.get(name) is False:
                    self.add_error(name, "You would lock yourself out.")


class PersonForm(StaffMixin, forms.ModelForm[User]):
    class Meta:
        model = User
        fields = ("email", "name", "is_active", "is_staff", "groups", "is_superuser")
        labels: ClassVar = {"is_superuser": "Superuser"}
        help_texts: ClassVar = {"is_superuser": "May do everything, with this page too."}


class NewPersonForm(StaffMixin, UserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name", "is_staff", "groups")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["usable_password"].label = "They sign in"
        self.fields["usable_password"].help_text = ""
        self.fields["usable_password"].widget.choices = [
            ("true", "with a password"),
            ("false", "by a code that is mailed to them, without any password"),
        ]


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User], ModelAdmin):
    """Nobody is deleted: bookings and money point at them. An account is switched off instead."""

    form = PersonForm
    add_form = NewPersonForm
    add_form_template = None
    change_password_form = AdminPasswordChangeForm
    list_display = ("show_person", "show_roles", "show_active", "show_joined")
    list_filter = (RoleFilter, "is_active")
    list_before_template = "admin/staff/quick_views.html"
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("email", "name")
    search_help_text = "Name or e-mail"
    ordering = ("-pk",)
    filter_horizontal = ()
    actions = None
    change_form_outer_after_template = "admin/accounts/user/sections.html"
    fieldsets = (
        (None, {"fields": ("email", "name", "show_password")}),
        ("What they may do", {"fields": ("is_active", "is_staff", "groups", "is_superuser")}),
        (
            "Account",
            {"fields": ("show_verified", "show_second_factor", "show_full_joined", "show_seen")},
        ),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),
        ("What they may do", {"fields": ("is_staff", "groups")}),
    )
    looked_at = (
        (None, {"fields": ("show_person_only", "show_email")}),
        (
            "Account",
            {"fields": ("show_roles", "show_full_active", "show_verified", "show_full_joined")},
        ),
    )

    # --- May ---------------------------------------------------------------------------------

    # By the superuser's own mark and not by permission: whoever could change people could make
    # themselves anything.

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # --- List --------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        people: QuerySet[User] = super().get_queryset(request)
        return people.prefetch_related("groups")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        views = [("Everybody", ""), ("Customers", "who=customers"), ("Staff", "who=staff")]
        context = {"quick_views": quick_views(request, views), **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    @display(description="person", header=True, ordering="email")
    def show_person(self, person: User) -> list[str]:
        return [person.name, person.email] if person.name else [person.email, ""]

    @display(description="role")
    def show_roles(self, person: User) -> str:
        if person.is_superuser:
            return "Superuser"
        if not person.is_staff:
            return "Customer"
        return ", ".join(group.name for group in person.groups.all()) or "Staff without a group"

    @display(description="state", ordering="is_active", label=STATE_COLOURS)
    def show_active(self, person: User) -> tuple[str, str]:
        return ("active", "Active") if person.is_active else ("off", "Switched off")

    @display(description="joined", header=True, ordering="date_joined")
    def show_joined(self, person: User) -> list[str]:
        return said_day_and_time(person.date_joined)

    @display(description="joined")
    def show_full_joined(self, person: User) -> str:
        return said_stamp(person.date_joined)

    @display(description="state")
    def show_full_active(self, person: User) -> str:
        state, said = self.show_active(person)
        return mark(said, STATE_COLOURS[state])

    # --- Detail ------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if not self.has_change_permission(request, obj):
            return self.looked_at
        return self.add_fieldsets if obj is None else self.fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        fields = [name for _, part in self.get_fieldsets(request, obj) for name in part["fields"]]
        return [name for name in fields if name.startswith("show_")]

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"by": request.user})

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "groups":
            kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget
            kwargs["help_text"] = "What they may do on the staff pages."
            return db_field.formfield(**kwargs)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @display(description="name")
    def show_person_only(self, person: User) -> str:
        return person.name

    @display(description="password")
    def show_password(self, person: User) -> str:
        is_set = person.has_usable_password()
        return format_html(
            '{} <a class="staff-link" href="{}">{}</a>',
            "Set." if is_set else "None: they sign in by a mailed code.",
            reverse("admin:auth_user_password_change", args=[person.pk]),
            "Set a new one" if is_set else "Set one",
        )

    @display(description="e-mail")
    def show_email(self, person: User) -> str:
        return person.email

    @display(description="address verified", boolean=True)
    def show_verified(self, person: User) -> bool:
        return person.has_verified_email

    @display(description="second factor", boolean=True)
    def show_second_factor(self, person: User) -> bool:
        factors = Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP)
        return bool(factors.exists())

    @display(description="last sign-in")
    def show_seen(self, person: User) -> str:
        return said_stamp(person.last_login)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change or "email" in form.changed_data:
            # A new address is proved by a code, at the next sign-in; the old one is theirs no more.
            EmailAddress.objects.filter(user=obj).delete()
            EmailAddress.objects.create(user=obj, email=obj.email, primary=True, verified=False)


@admin.register(Group)
class GroupAdmin(ReadOnlyAdmin):
    """The staff groups, as a migration has written them; who is in them stands on each person."""

    list_display = ("name", "show_people")
    ordering = ("name",)
    fieldsets = ((None, {"fields": ("name", "show_people", "show_permissions")}),)
    readonly_fields = ("name", "show_people", "show_permissions")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        groups: QuerySet[Group] = super().get_queryset(request)
        return groups.prefetch_related("user_set", "permissions")

    @display(description="people")
    def show_people(self, group: Group) -> str:
        return ", ".join(person.get_full_name() for person in group.user_set.all()) or "nobody"

    @display(description="may")
    def show_permissions(self, group: Group) -> str:
        names = sorted(permission.name for permission in group.permissions.all())
        return format_html_join("", "<div>{}</div>", ((name,) for name in names)) or "nothing yet"
