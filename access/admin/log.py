"""The access log on staff pages: to be read, never written."""

from typing import ClassVar

from django.contrib import admin
from unfold.decorators import display

from access.models import AccessLog
from common.staff.rows import ReadOnlyAdmin
from common.staff.words import said_stamp


@admin.register(AccessLog)
class AccessLogAdmin(ReadOnlyAdmin):
    """Who asked for which file or link, and what the answer was."""

    list_display = ("show_at", "show_who", "slug", "show_answer", "show_right")
    list_filter = ("allowed", "granted_by", "at")
    list_select_related = ("user",)
    list_per_page = 50
    search_fields = ("slug", "user__email", "user__name")
    search_help_text = "Address of the resource, e-mail address or name"
    ordering = ("-pk",)
    fields = ("show_at", "show_who", "slug", "show_answer", "show_right")
    readonly_fields: ClassVar = fields

    @display(description="when", ordering="at")
    def show_at(self, line: AccessLog) -> str:
        return said_stamp(line.at)

    @display(description="who")
    def show_who(self, line: AccessLog) -> str:
        return str(line.user) if line.user is not None else "not signed in"

    @display(description="answer", label={"in": "success", "refused": "danger"})
    def show_answer(self, line: AccessLog) -> tuple[str, str]:
        return ("in", "let in") if line.allowed else ("refused", "refused")

    @display(description="by which right", empty_value="–")
    def show_right(self, line: AccessLog) -> str | None:
        return line.get_granted_by_display() or None
