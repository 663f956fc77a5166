"""Deleting by a service, after a question that says what will happen to each thing."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin

from common.http import Request
from common.staff.asking import Question, ask, do_each, is_answered, too_many


class DeletingAdmin(ModelAdmin):
    """Replaces Django's own deleting, which would go past the services.

    Put it before the other admin class.
    """

    def delete_question(self, request: Request, things: Sequence[Any]) -> Question:
        """What is asked; its lines say what becomes of each."""
        raise NotImplementedError

    def delete_one(self, request: Request, thing: Any) -> str:
        """Delete it by its service and say what was done. May raise DomainError."""
        raise NotImplementedError

    def get_actions(self, request: Request) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    @admin.action(description="Delete …", permissions=["delete"])
    def delete_chosen(self, request: Request, queryset: QuerySet[Model]) -> HttpResponse | None:
        if too_many(self, request, queryset.count()):
            return None
        back = request.get_full_path()
        return self._delete(request, list(queryset), back=back, is_list=True)

    def delete_view(
        self, request: Request, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        thing = self.get_object(request, unquote(object_id))
        if not self.has_delete_permission(request, thing):
            raise PermissionDenied
        if thing is None:
            gone: HttpResponse = self._get_obj_does_not_exist_redirect(
                request, self.opts, object_id
            )
            return gone
        page = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        question = self._delete(
            request, [thing], back=reverse(f"{page}_change", args=[thing.pk]), is_list=False
        )
        return question or HttpResponseRedirect(reverse(f"{page}_changelist"))

    def _delete(
        self, request: Request, things: Sequence[Any], *, back: str, is_list: bool
    ) -> HttpResponse | None:
        if not is_answered(request):
            pks = [thing.pk for thing in things] if is_list else []
            return ask(self, request, self.delete_question(request, things), back=back, pks=pks)

        def delete(thing: Any) -> str:
            pk, name = thing.pk, str(thing)
            said = self.delete_one(request, thing)
            # Its row may be gone; the log keeps the name that it had.
            thing.pk = pk
            self.log_change(request, thing, said or name)
            return said

        do_each(self, request, things, delete)
        return None
