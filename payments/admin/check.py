"""Whether money is true: the last looks at it, what they found, and the button for a new one."""

from typing import TYPE_CHECKING, Any, Final, cast

from django.contrib import admin, messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import action, display

from common.http import Request
from common.staff.asking import Line, Question, ask, is_answered
from common.staff.rows import ReadOnlyAdmin
from common.staff.words import mark, said_day_and_time, said_stamp
from payments.models import MoneyCheck
from payments.states import CheckState
from payments.verify.checks import PERMISSION, ask_for_check

if TYPE_CHECKING:
    from accounts.models import User

CHECK_COLOURS: Final[dict[str, str]] = {
    CheckState.WAITING: "info",
    CheckState.RUNNING: "info",
    CheckState.CLEAN: "success",
    CheckState.FOUND: "danger",
    CheckState.BROKEN: "warning",
}


@admin.register(MoneyCheck)
class MoneyCheckAdmin(ReadOnlyAdmin):
    """Read-only; a new look is asked for here and carried out by the worker."""

    list_display = ("show_asked", "show_state", "show_found", "show_repaired", "show_by")
    list_filter = ("state",)
    list_per_page = 50
    ordering = ("-pk",)
    list_select_related = ("asked_by",)
    actions_list = ("run",)
    actions_detail = ("repair",)
    change_form_outer_before_template = "admin/staff/actions.html"
    change_form_outer_after_template = "admin/payments/check_lines.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "show_full_state",
                    "summary",
                    "show_reach",
                    "show_by",
                    "show_started",
                    "show_ended",
                )
            },
        ),
    )
    readonly_fields = tuple(name for _title, part in fieldsets for name in part["fields"])

    def has_run_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm(PERMISSION))

    def get_actions_detail(self, request: Request, object_id: int) -> Any:
        """'Repair' only where something of the last run can be repaired."""
        newest = MoneyCheck.objects.order_by("-pk").first()
        is_wanted = newest is not None and newest.pk == int(object_id) and bool(_safe(newest))
        return super().get_actions_detail(request, object_id) if is_wanted else []

    # --- Deeds ---------------------------------------------------------------------------------

    @action(description="Run now", permissions=["run"], icon="play_arrow")
    def run(self, request: Request) -> HttpResponse:
        """Asked first: a prefetched address must not start anything."""
        if not is_answered(request):
            question = Question(
                title="Look at all of the money",
                lead="Every payment, refund, booking and ticket is recomputed and compared with "
                "the provider's books. Nothing is changed. It takes a while; you can go on.",
                button="Run now",
            )
            return ask(
                self, request, question, back=reverse("admin:payments_moneycheck_changelist")
            )
        return self._start(request, with_repair=False)

    @action(description="Repair what is safe", permissions=["run"], icon="build")
    def repair(self, request: Request, object_id: str) -> HttpResponse:
        check = self.get_object(request, object_id)
        page = reverse("admin:payments_moneycheck_changelist")
        if check is None:
            return HttpResponseRedirect(page)
        if not is_answered(request):
            question = Question(
                title="Repair what is safe",
                lead="All of it is looked at anew, and what is still so is set right by what the "
                "system itself would have done. What a person must decide stays as it is.",
                button="Repair",
                lines=[
                    Line(title=line["text"], outcome=f"{line['remedy'].capitalize()}.")
                    for line in _safe(check)
                ],
            )
            return ask(self, request, question, back=page)
        return self._start(request, with_repair=True)

    def _start(self, request: Request, *, with_repair: bool) -> HttpResponse:
        check = ask_for_check(by=cast("User", request.user), at=request.at, with_repair=with_repair)
        self.log_change(request, check, "Asked for.")
        said = "The worker looks at it now; open this page again in a moment."
        self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:payments_moneycheck_change", args=[check.pk]))

    # --- Columns and lines ---------------------------------------------------------------------

    def render_change_form(
        self, request: Request, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        check: MoneyCheck = kwargs["obj"]
        context["found"] = [line for line in check.lines if not line["outcome"]]
        context["repaired"] = [line for line in check.lines if line["outcome"]]
        context["more"] = check.found + check.repaired - len(check.lines)
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    @display(description="asked for", header=True, ordering="asked_at")
    def show_asked(self, check: MoneyCheck) -> list[str]:
        return said_day_and_time(check.asked_at)

    @display(description="result", ordering="state", label=CHECK_COLOURS)
    def show_state(self, check: MoneyCheck) -> tuple[str, str]:
        return check.state, check.get_state_display()

    @display(description="result")
    def show_full_state(self, check: MoneyCheck) -> str:
        return mark(check.get_state_display(), CHECK_COLOURS[check.state])

    @display(description="differences", ordering="found")
    def show_found(self, check: MoneyCheck) -> str:
        return str(check.found) if check.is_over else "–"

    @display(description="repaired", ordering="repaired")
    def show_repaired(self, check: MoneyCheck) -> str:
        return str(check.repaired) if check.with_repair and check.is_over else "–"

    @display(description="by")
    def show_by(self, check: MoneyCheck) -> str:
        return check.asked_by.get_full_name() if check.asked_by else "by itself"

    @display(description="looks at")
    def show_reach(self, check: MoneyCheck) -> str:
        return f"what was made or moved since {said_stamp(check.since)}" if check.since else "all"

    @display(description="started")
    def show_started(self, check: MoneyCheck) -> str:
        return said_stamp(check.started_at) or "–"

    @display(description="ended")
    def show_ended(self, check: MoneyCheck) -> str:
        return said_stamp(check.ended_at) or "–"


def _safe(check: MoneyCheck) -> list[dict[str, Any]]:
    """What of a run can be repaired by the system."""
    return [line for line in check.lines if line["remedy"] and not line["outcome"]]
