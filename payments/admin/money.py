"""What the lists of money share."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from common.http import Request
from common.money import money
from common.staff.rows import ReadOnlyAdmin, quick_views
from common.staff.words import mark, said_day_and_time, said_stamp
from payments.models import BillingAgreement, Payment, PaymentAttempt, Refund

if TYPE_CHECKING:
    from accounts.models import User


Money = Payment | PaymentAttempt | Refund | BillingAgreement


class StateFilter(admin.SimpleListFilter):
    """By state, in an address short enough to remember: `?status=paid`."""

    title = "state"
    parameter_name = "status"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        choices: list[tuple[str, str]] = model_admin.model._meta.get_field("status").choices
        return [(value, label.capitalize()) for value, label in choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(status=self.value()) if self.value() else queryset


class MoneyAdmin(ReadOnlyAdmin):
    """A list of money: all of it can be seen, none of it written."""

    list_per_page = 50
    ordering = ("-pk",)
    list_before_template = "admin/staff/quick_views.html"
    views: tuple[tuple[str, str], ...] = ()
    colours: ClassVar[Mapping[str, str]] = {}

    def changelist_view(
        self, request: Request, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"quick_views": quick_views(request, self.views), **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    def get_readonly_fields(self, request: Request, obj: Any = None) -> list[str]:
        return [name for _, part in self.get_fieldsets(request, obj) for name in part["fields"]]

    @display(description="amount", ordering="amount")
    def show_amount(self, row: Money) -> str:
        return money(row.amount, row.currency)

    @display(description="made", header=True, ordering="created_at")
    def show_made(self, row: Money) -> list[str]:
        return said_day_and_time(row.created_at)

    @display(description="made")
    def show_full_made(self, row: Money) -> str:
        return said_stamp(row.created_at)

    @display(description="state")
    def show_full_state(self, row: Money) -> str:
        state, said = self.show_state(row)
        return mark(said, self.colours[state])


def person_link(person: "User") -> str:
    return format_html(
        '<a class="staff-link" href="{}">{}</a>',
        reverse("admin:accounts_user_change", args=[person.pk]),
        person,
    )


def payment_link(payment: Payment) -> str:
    return format_html(
        '<a class="staff-link" href="{}">{}</a>',
        reverse("admin:payments_payment_change", args=[payment.pk]),
        payment.description,
    )


def agreement_link(agreement: BillingAgreement) -> str:
    return format_html(
        '<a class="staff-link" href="{}">{}</a>',
        reverse("admin:payments_billingagreement_change", args=[agreement.pk]),
        agreement,
    )
