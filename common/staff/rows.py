"""Rows on staff pages: to be looked at, or written through services alone."""

from collections.abc import Iterable
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl

from django.contrib.admin import ShowFacets
from django.contrib.admin.views.main import ERROR_FLAG, ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.forms import BaseForm, ValidationError
from django.http import HttpRequest, HttpResponseBase
from unfold.admin import ModelAdmin

from common.errors import DomainError
from common.http import Request
from common.service import in_one_transaction

# What a list's address may carry besides its filters.
BESIDE_FILTERS: Final = (ERROR_FLAG, ORDER_VAR, PAGE_VAR, SEARCH_VAR)


class ReadOnlyAdmin(ModelAdmin):
    """Rows that staff may look at and nobody writes by hand."""

    show_full_result_count = False
    show_facets = ShowFacets.NEVER

    def changeform_view(
        self,
        request: Request,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponseBase:
        # Django's log of edits is empty here: these rows have a history of their own.
        context = {"show_history": False, **(extra_context or {})}
        answer: HttpResponseBase = super().changeform_view(request, object_id, form_url, context)
        return answer

    def has_add_permission(self, request: Request, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: Request, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: Request, obj: Any = None) -> bool:
        return False


class RefusingForm(BaseForm):
    """Mix into a form whose save may be refused: `refused` shows the refusal beside its field."""

    refusal: DomainError | None = None
    # Field names of the API's refusals that this form calls otherwise.
    fields_by_attr: ClassVar[dict[str, str]] = {}

    def refuse(self) -> None:
        """Add the refusal, if there is one, to the field that it names. Call it from `clean`."""
        if self.refusal is None:
            return
        name = self.fields_by_attr.get(self.refusal.attr or "", self.refusal.attr or "")
        self.add_error(name if name in self.fields else None, ValidationError(self.refusal.message))


class ServiceAdmin(ModelAdmin):
    """A form whose saving is a service: a refusal comes back as an error beside the field.

    The form's class mixes in `RefusingForm`.
    """

    show_full_result_count = False
    show_facets = ShowFacets.NEVER

    def changeform_view(
        self,
        request: Request,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponseBase:
        def work() -> HttpResponseBase:
            answer: HttpResponseBase = super(ServiceAdmin, self).changeform_view(
                request, object_id, form_url, extra_context
            )
            return answer

        try:
            # The outermost transaction is ours: a deadlock in the service is tried again whole.
            return in_one_transaction(work)
        except DomainError as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return work()

    def get_form(
        self, request: Request, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[BaseForm]:
        form: type[BaseForm] = super().get_form(request, obj, change, **kwargs)
        refusal = getattr(request, "refusal", None)
        return type(form.__name__, (form,), {"refusal": refusal}) if refusal else form


def quick_views(request: HttpRequest, views: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Links of a list's most wanted views, for `admin/staff/quick_views.html`.

    Each is a label and the query that it stands for ('when=today'; '' for no filter at all).
    """
    chosen = request.GET.copy()
    for name in BESIDE_FILTERS:
        chosen.pop(name, None)
    current = dict(chosen.items())
    return [
        {"label": label, "url": f"?{query}", "is_current": dict(parse_qsl(query)) == current}
        for label, query in views
    ]
