"""Plans on staff pages: written by the service, taken off sale rather than deleted."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from access.models import Plan, Resource, Subscription
from access.services import delete_plan, is_used, save_plan
from access.states import OPENS
from access.words import said_days, said_price
from common.http import Request
from common.staff.asking import Line, Question
from common.staff.deleting import DeletingAdmin
from common.staff.rows import RefusingForm, ServiceAdmin

EDITED: Final = (
    "name",
    "slug",
    "description",
    "price",
    "interval",
    "trial_days",
    "rank",
    "is_active",
)


class PlanForm(RefusingForm, forms.ModelForm[Plan]):
    """The plan in plain words."""

    fields_by_attr: ClassVar = {"trialDays": "trial_days"}

    class Meta:
        model = Plan
        fields = EDITED
        widgets: ClassVar = {"description": UnfoldAdminTextareaWidget(attrs={"rows": 4})}
        help_texts: ClassVar = {
            "name": "As customers read it.",
            "slug": "In the address of its page: letters, digits and hyphens.",
            "description": "What they get: shown beside the price.",
            "price": "Each time. 0: free of charge, and it begins at once. Who has the plan "
            "keeps the price at which they took it.",
            "interval": "'Once' is paid once and never ends.",
            "trial_days": "So many days are free before the first payment. One trial a person; "
            "none for what is free or paid once.",
            "rank": "1 is the lowest. A plan opens everything of plans with its own or a lower "
            "rank, and takes their place.",
            "is_active": "Off: nobody can take it any more. Who has it keeps it.",
        }

    def clean(self) -> None:
        super().clean()
        self.refuse()


@admin.register(Plan)
class PlanAdmin(DeletingAdmin, ServiceAdmin):
    form = PlanForm
    list_display = ("name", "show_price", "show_trial", "rank", "show_running", "show_state")
    list_filter = ("is_active", "interval")
    search_fields = ("name", "slug")
    search_help_text = "Name or address"
    actions = ("delete_chosen",)
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    change_form_outer_before_template = "admin/staff/actions.html"
    actions_detail = ("subscriptions", "shop")
    fieldsets = (
        (None, {"fields": ("name", "slug", "description", "is_active")}),
        ("Price", {"fields": ("price", "interval", "trial_days")}),
        ("What it opens", {"fields": ("rank",)}),
    )

    def get_prepopulated_fields(self, request: Request, obj: Plan | None = None) -> Any:
        """Only for a new one: an address that is known stays."""
        return self.prepopulated_fields if obj is None else {}

    def save_model(self, request: Request, obj: Plan, form: PlanForm, change: bool) -> None:
        """By the service alone, and only what was changed. May raise DomainError."""
        names = [name for name in EDITED if not change or name in form.changed_data]
        saved = save_plan(
            changes={name: form.cleaned_data[name] for name in names},
            at=request.at,
            plan_id=obj.pk if change else None,
        )
        obj.pk = saved.pk

    # --- List --------------------------------------------------------------------------------

    def get_changelist_instance(self, request: Request) -> ChangeList:
        changes: ChangeList = super().get_changelist_instance(request)
        running = _running(changes.result_list)
        for plan in changes.result_list:
            plan.running = running.get(plan.pk, 0)
        return changes

    @display(description="price", ordering="price")
    def show_price(self, plan: Plan) -> str:
        return said_price(plan)

    @display(description="trial", ordering="trial_days", empty_value="none")
    def show_trial(self, plan: Plan) -> str | None:
        return said_days(plan.trial_days) if plan.trial_days else None

    @display(description="people have it")
    def show_running(self, plan: Plan) -> int:
        return getattr(plan, "running", 0)

    @display(
        description="state", ordering="is_active", label={"open": "success", "closed": "default"}
    )
    def show_state(self, plan: Plan) -> tuple[str, str]:
        return ("open", "On sale") if plan.is_active else ("closed", "Off sale")

    # --- Ways on -----------------------------------------------------------------------------

    def has_subscriptions_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm("access.view_subscription"))

    @action(description="Who has it", permissions=["subscriptions"], icon="autorenew")
    def subscriptions(self, request: Request, object_id: str) -> HttpResponse:
        path = reverse("admin:access_subscription_changelist")
        return HttpResponseRedirect(f"{path}?plan__id__exact={object_id}")

    @action(description="See all plans as customers do", permissions=["view"], icon="visibility")
    def shop(self, request: Request, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(reverse("access:plans"))

    # --- Delete ------------------------------------------------------------------------------

    def delete_question(self, request: Request, things: Sequence[Plan]) -> Question:
        used = {plan.pk for plan in things if is_used(plan)}
        lines = [Line(title=plan.name, outcome=_outcome(plan, plan.pk in used)) for plan in things]
        several = len(things) > 1
        button = "Delete or take off sale"
        if not several:
            button = "Take off sale" if used else "Delete"
        return Question(
            title="Delete plans" if several else "Delete this plan",
            lead="What nobody ever took is removed for good; any other is taken off sale.",
            button=button,
            lines=lines,
            is_danger=True,
        )

    def delete_one(self, request: Request, thing: Plan) -> str:
        if delete_plan(plan_id=thing.pk) is None:
            return f"{thing} is removed."
        return f"{thing} is in use, so it stays for the records; nobody can take it any more."


def _outcome(plan: Plan, used: bool) -> str:
    if not used:
        return "Nobody ever took it: it is removed."
    count = _running([plan]).get(plan.pk, 0)
    opens = Resource.objects.filter(plan=plan).count()
    said = [f"{count} have it now and keep it"] if count else []
    said += [f"it opens {opens} resources"] if opens else []
    why = " and ".join(said) or "it was taken before"
    return f"It is only taken off sale: {why}."


def _running(plans: Sequence[Plan]) -> dict[int, int]:
    """How many have each of these plans; plans that nobody has are missing."""
    rows: QuerySet[Any, Any] = (
        Subscription.objects.filter(plan__in=plans, status__in=OPENS)
        .order_by()
        .values_list("plan_id")
        .annotate(count=Count("pk"))
    )
    return dict(rows)
