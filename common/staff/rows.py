"""Rows on staff pages: to be looked at, or written through services alone."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.forms import BaseForm, ValidationError
from django.http import HttpRequest, HttpResponseBase
from unfold.admin import ModelAdmin

from common import clock
from common.errors import DomainError
from common.service import in_one_transaction


class ReadOnlyAdmin(ModelAdmin):
    """Rows that staff may look at and nobody writes by hand."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RefusingForm(BaseForm):
    """Mix into a form whose save may be refused: `refused` shows the refusal beside its field."""

    refusal: DomainError | None = None
    # Field names of the API's refusals that this form calls otherwise.
    fields_by_attr: dict[str, str] = {}

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

    def changeform_view(
        self,
        request: HttpRequest,
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
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[BaseForm]:
        form: type[BaseForm] = super().get_form(request, obj, change, **kwargs)
        refusal = getattr(request, "refusal", None)
        return type(form.__name__, (form,), {"refusal": refusal}) if refusal else form


def said_stamp(at: datetime | None) -> str:
    """An instant by the site's own clock, for rows that belong to no room."""
    if at is None:
        return ""
    zone = settings.TIME_ZONE
    return f"{clock.say_date(at, zone)}, {clock.say_time(at, zone)} ({clock.place_of(zone)})"
