"""Subscriptions on staff pages: found, looked at, cancelled or ended; never written by hand."""

from typing import Any, Final, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from access.admin.ending import end_form, end_question, later_question
from access.emails import mails_about
from access.models import Subscription
from access.services import end_by_staff
from access.states import OPENS, SubscriptionStatus
from access.words import said_date, said_price
from accounts.models import User
from common.http import Request
from common.money import money
from common.staff.asking import ask, do_each, is_answered
from common.staff.rows import ReadOnlyAdmin, quick_views
from common.staff.words import mark, said_stamp
from payments.admin.refund_question import ReasonForm
from payments.models import Payment

STATUS_COLOURS: Final = {
    SubscriptionStatus.PENDING: "warning",
    SubscriptionStatus.TRIALING: "info",
    SubscriptionStatus.ACTIVE: "success",
    SubscriptionStatus.PAST_DUE: "danger",
    SubscriptionStatus.CANCELLED: "warning",
    SubscriptionStatus.EXPIRED: "default",
}


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    """What a button does is one service call, the same as the API's."""

    list_display = (
        "show_customer",
        "show_plan",
        "show_status",
        "show_price",
        "show_until",
        "show_number",
    )
    list_filter = ("status", "plan")
    list_select_related = ("user", "plan", "payment", "agreement")
    list_before_template = "admin/staff/quick_views.html"
    list_per_page = 50
    search_fields = ("=pk", "user__email", "user__name")
    search_help_text = "Number, name or e-mail"
    ordering = ("-pk",)
    actions_detail = ("cancel", "end")
    change_form_outer_before_template = "admin/staff/actions.html"
    change_form_outer_after_template = "admin/access/subscription/sections.html"

    # --- List --------------------------------------------------------------------------------

    def changelist_view(
        self, request: Request, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        views = [
            ("All", ""),
            ("Running", "status__exact=active"),
            ("In trial", "status__exact=trialing"),
            ("Payment failed", "status__exact=past_due"),
            ("Cancelled, still open", "status__exact=cancelled"),
        ]
        context = {"quick_views": quick_views(request, views), **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    @display(description="customer", header=True, ordering="user__email")
    def show_customer(self, subscription: Subscription) -> list[str]:
        person = subscription.user
        return [person.name, person.email] if person.name else [person.email, ""]

    @display(description="plan", ordering="plan__name")
    def show_plan(self, subscription: Subscription) -> str:
        return str(subscription.plan.name)

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def show_status(self, subscription: Subscription) -> tuple[str, str]:
        return subscription.status, subscription.get_status_display()

    @display(description="price", ordering="price")
    def show_price(self, subscription: Subscription) -> str:
        return said_price(subscription)

    @display(description="paid until", ordering="paid_until")
    def show_until(self, subscription: Subscription) -> str:
        if subscription.paid_until is not None:
            return said_date(subscription.paid_until)
        return "for ever" if subscription.status in OPENS else "–"

    @display(description="no.")
    def show_number(self, subscription: Subscription) -> str:
        return str(subscription.pk)

    # --- Detail ------------------------------------------------------------------------------

    def get_queryset(self, request: Request) -> QuerySet[Subscription]:
        rows: QuerySet[Subscription] = super().get_queryset(request)
        return rows.select_related("user", "plan", "payment", "agreement")

    def get_fieldsets(self, request: Request, obj: Subscription | None = None) -> Any:
        paid = ["show_price", "show_until", "show_access_until", "show_renewal"]
        return [
            (None, {"fields": ["show_person", "show_plan_link", "show_full_status"]}),
            ("Money and time", {"fields": [*paid, "show_trial", "show_made", "show_began"]}),
        ]

    def get_readonly_fields(self, request: Request, obj: Any = None) -> list[str]:
        return [
            name for _title, part in self.get_fieldsets(request, obj) for name in part["fields"]
        ]

    @display(description="customer")
    def show_person(self, subscription: Subscription) -> str:
        person = subscription.user
        return format_html(
            '<a class="staff-link" href="{}">{}</a> {}',
            reverse("admin:accounts_user_change", args=[person.pk]),
            person.get_full_name(),
            person.email if person.name else "",
        )

    @display(description="plan")
    def show_plan_link(self, subscription: Subscription) -> str:
        return format_html(
            '<a class="staff-link" href="{}">{}</a>',
            reverse("admin:access_plan_change", args=[subscription.plan_id]),
            subscription.plan.name,
        )

    @display(description="status")
    def show_full_status(self, subscription: Subscription) -> str:
        status = SubscriptionStatus(subscription.status)
        return mark(subscription.get_status_display(), STATUS_COLOURS[status])

    @display(description="opens until")
    def show_access_until(self, subscription: Subscription) -> str:
        if subscription.status not in OPENS:
            return "opens nothing"
        return said_stamp(subscription.access_until) or "for ever"

    @display(description="renewal")
    def show_renewal(self, subscription: Subscription) -> str:
        if subscription.is_renewing and subscription.paid_until is not None:
            amount = money(subscription.price, subscription.currency)
            return f"{amount} on {said_stamp(subscription.paid_until)}"
        return "none"

    @display(description="trial")
    def show_trial(self, subscription: Subscription) -> str:
        return f"{subscription.trial_days} days" if subscription.trial_days else "none"

    @display(description="made")
    def show_made(self, subscription: Subscription) -> str:
        return said_stamp(subscription.created_at)

    @display(description="began")
    def show_began(self, subscription: Subscription) -> str:
        return said_stamp(subscription.started_at) or "never"

    def render_change_form(
        self, request: Request, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        subscription: Subscription = kwargs["obj"]
        context |= {
            "history": _said_history(subscription),
            "payments": _payments_of(subscription),
            "agreement": subscription.agreement,
            "mails": mails_about(subscription),
        }
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    # --- Buttons -----------------------------------------------------------------------------

    def has_manage_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm("access.manage_subscription"))

    def get_actions_detail(self, request: Request, object_id: int) -> list[UnfoldAction]:
        """Only the buttons that would not be refused now."""
        subscription = self._found(request, object_id)
        offered = set()
        if subscription.status != SubscriptionStatus.EXPIRED:
            offered.add("end")
        if subscription.is_renewing and not subscription.is_over(request.at):
            offered.add("cancel")
        prefix = f"{self.opts.app_label}_{self.opts.model_name}_"
        return [
            button
            for button in super().get_actions_detail(request, object_id)
            if button.action_name.removeprefix(prefix) in offered
        ]

    @action(description="Cancel, let it run out", permissions=["manage"], icon="event_busy")
    def cancel(self, request: Request, object_id: str) -> HttpResponse:
        subscription = self._found(request, object_id)
        form = ReasonForm(request.POST if is_answered(request) else None)
        page = reverse("admin:access_subscription_change", args=[subscription.pk])
        if not form.is_valid():
            return ask(self, request, later_question(subscription, form, request.at), back=page)

        def deed(each: Subscription) -> str:
            end_by_staff(
                subscription_id=each.pk,
                by=cast(User, request.user),
                at=request.at,
                when="period_end",
                reason=form.cleaned_data["reason"],
            )
            return f"{each.plan} of {each.user.get_full_name()} is cancelled."

        do_each(self, request, [subscription], deed)
        return HttpResponseRedirect(page)

    @action(
        description="End now",
        permissions=["manage"],
        icon="cancel",
        variant=ActionVariant.DANGER,
    )
    def end(self, request: Request, object_id: str) -> HttpResponse:
        subscription = self._found(request, object_id)
        by = cast(User, request.user)
        data = request.POST if is_answered(request) else None
        form = end_form(subscription, data, by=by, at=request.at)
        page = reverse("admin:access_subscription_change", args=[subscription.pk])
        if not form.is_valid():
            return ask(self, request, end_question(subscription, form, request.at), back=page)

        def deed(each: Subscription) -> str:
            choice = form.cleaned_data["refund"]
            end_by_staff(
                subscription_id=each.pk,
                by=by,
                at=request.at,
                when="now",
                refund=choice,
                reason=form.cleaned_data["reason"],
                # By the second of the look: the unused share shrinks while somebody reads.
                expected=form.cleaned_data["shown"].get(choice) if choice == "full" else None,
            )
            return f"{each.plan} of {each.user.get_full_name()} has ended."

        do_each(self, request, [subscription], deed)
        return HttpResponseRedirect(page)

    def _found(self, request: Request, object_id: object) -> Subscription:
        """Raises Http404."""
        number = str(object_id)
        known = number.isdecimal() and len(number) < 10
        found = self.get_queryset(request).filter(pk=int(number)).first() if known else None
        if found is None:
            raise Http404("There is no such subscription.")
        return found


def _payments_of(subscription: Subscription) -> list[Payment]:
    """The sign-up and every renewal, the latest first."""
    payments = Payment.objects.filter(agreement_id=subscription.agreement_id or 0)
    if subscription.payment_id is not None:
        payments |= Payment.objects.filter(pk=subscription.payment_id)
    return list(payments.order_by("-pk").prefetch_related("attempts__refunds", "refunds"))


def _said_history(subscription: Subscription) -> list[dict[str, str]]:
    labels = dict(SubscriptionStatus.choices)
    lines = []
    for change in subscription.history.select_related("by").order_by("pk"):
        what = str(labels[change.to_status])
        if change.from_status != change.to_status:
            what = f"{labels[change.from_status]} → {what}"
        if change.paid_until is not None:
            what += f", paid until {said_date(change.paid_until)}"
        lines.append(
            {
                "when": said_stamp(change.at),
                "what": what,
                "who": str(change.by) if change.by else "by itself",
                "why": change.reason,
            }
        )
    return lines
