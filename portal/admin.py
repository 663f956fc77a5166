"""The door of the staff pages, and what belongs to no app alone."""

from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.enums import ActionVariant

from accounts.admin import UserAdmin
from accounts.models import User
from common import clockwork
from common.http import Request
from common.models import TaskRun
from common.staff.asking import Line, Question, ask, do_each, is_answered
from common.staff.rows import ReadOnlyAdmin
from portal.services import anonymise, is_anonymised, what_is_open
from portal.staff import enter, leave

admin.site.login = enter  # type: ignore[method-assign,assignment]
admin.site.logout = leave  # type: ignore[method-assign,assignment]
admin.site.index_title = "Today"


@admin.register(TaskRun)
class TaskRunAdmin(ReadOnlyAdmin):
    """Everything that happens by the clock on one page: when it last ran, and what is late."""

    def changelist_view(
        self, request: Request, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return TemplateResponse(
            request,
            "admin/common/taskrun/timetable.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": "By the clock",
                "timetable": clockwork.timetable(at=request.at),
                "silent": clockwork.silence(at=request.at),
            },
        )


admin.site.unregister(User)


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People, and the way to forget one: that needs to know of everything they have here."""

    actions_detail = ("forget",)
    change_form_outer_before_template = "admin/staff/actions.html"

    def has_forget_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def get_actions_detail(self, request: Request, object_id: int) -> list[UnfoldAction]:
        """Not for oneself, nor for who is forgotten already."""
        person = self._found(object_id)
        is_done = person.pk == request.user.pk or is_anonymised(person)
        return [] if is_done else super().get_actions_detail(request, object_id)

    @action(
        description="Forget this person",
        permissions=["forget"],
        icon="person_off",
        variant=ActionVariant.DANGER,
    )
    def forget(self, request: Request, object_id: str) -> HttpResponse:
        person = self._found(object_id)
        page = reverse("admin:accounts_user_change", args=[person.pk])
        if not is_answered(request):
            return ask(self, request, _forgetting(person, request), back=page)

        def deed(each: User) -> str:
            anonymise(user_id=each.pk, by=cast(User, request.user), at=request.at)
            return f"Person {each.pk} is forgotten."

        do_each(self, request, [person], deed)
        return HttpResponseRedirect(page)

    def _found(self, object_id: object) -> User:
        """Raises Http404."""
        number = str(object_id)
        known = number.isdecimal() and len(number) < 10
        found = User.objects.filter(pk=int(number)).first() if known else None
        if found is None:
            raise Http404("There is no such person.")
        return found


def _forgetting(person: User, request: Request) -> Question:
    open_ends = what_is_open(person, at=request.at)
    outcome = (
        f"Not yet: {'; '.join(open_ends)}."
        if open_ends
        else "Name, address, notes and mails are emptied, and the account is closed. Bookings, "
        "tickets and money stay, under a number."
    )
    return Question(
        title="Forget this person",
        lead="This can't be undone, by anybody. What they bought remains countable.",
        button="Forget for ever",
        lines=[
            Line(
                title=person.get_full_name(),
                text=person.email if person.name else "",
                outcome=outcome,
                is_possible=not open_ends,
            )
        ],
        is_danger=True,
    )
