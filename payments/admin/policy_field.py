"""A refund policy as rows of two numbers, where the API has JSON."""

from typing import Any, Final

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from payments.refund_terms import Tier, check_policy

ROWS: Final = 4


class PolicyWidget(forms.Widget):
    """'Until … hours before: … %', four times; empty rows don't count."""

    template_name = "admin/payments/policy.html"

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        # The form renderer of Django looks into apps alone; our templates stand beside them.
        return render_to_string(self.template_name, self.get_context(name, value, attrs))

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        tiers = value if isinstance(value, list) else []
        rows = [(_plain(tier.get("hoursBefore")), _plain(tier.get("percent"))) for tier in tiers]
        rows += [("", "")] * max(ROWS - len(rows), 1)
        context["widget"]["rows"] = [
            {
                "hours": {"name": f"{name}_hours_{number}", "value": hours},
                "percent": {"name": f"{name}_percent_{number}", "value": percent},
                "is_first": number == 0,
            }
            for number, (hours, percent) in enumerate(rows)
        ]
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, str]] | None:
        rows = []
        number = 0
        while f"{name}_hours_{number}" in data or f"{name}_percent_{number}" in data:
            hours = data.get(f"{name}_hours_{number}", "").strip()
            percent = data.get(f"{name}_percent_{number}", "").strip()
            if hours or percent:
                rows.append({"hoursBefore": hours, "percent": percent})
            number += 1
        return rows or None

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}_hours_0" not in data

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_0"


class PolicyField(forms.Field):
    """None without any row: the site's own policy."""

    widget = PolicyWidget

    def to_python(self, value: Any) -> list[Tier] | None:
        if not value:
            return None
        tiers: list[Tier] = []
        for row in value:
            hours, percent = row["hoursBefore"], row["percent"]
            if not hours or not percent:
                raise forms.ValidationError("Each row needs both: the hours and the per cent.")
            tiers.append({"hoursBefore": _number(hours), "percent": _whole(percent)})
        if (fault := check_policy(tiers)) is not None:
            raise forms.ValidationError(_IN_WORDS.get(fault, fault))
        return sorted(tiers, key=lambda tier: -tier["hoursBefore"])

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != (initial or None))
        except forms.ValidationError:
            return True


def said_policy(policy: list[Tier]) -> str:
    """'100 % until 24 hours before, 50 % until 6 hours before, then nothing.'"""
    tiers = sorted(policy, key=lambda tier: -tier["hoursBefore"])
    parts = [
        f"{tier['percent']} % until {_plain(tier['hoursBefore'])} hours before the start"
        for tier in tiers
        if tier["percent"]
    ]
    return ", ".join([*parts, "then nothing"]) if parts else "nothing"


# What the rules call by the names of the API, as the rows of this form call it.
_IN_WORDS: Final = {
    "hoursBefore lies between 0 and 8760.": "The hours lie between 0 and 8760 (a year).",
    "percent is a whole number from 0 to 100.": "The per cent are a whole number from 0 to 100.",
    "Two tiers have the same hoursBefore.": "Two rows have the same hours.",
    "More notice can't earn less: percent must rise with hoursBefore.": (
        "Who cancels earlier can't get back less: the per cent must rise with the hours."
    ),
}


def _number(text: str) -> float:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        raise forms.ValidationError(f"'{text}' isn't a number of hours.") from None
    if number != number or number in {float("inf"), float("-inf")}:  # noqa: PLR0124
        raise forms.ValidationError(f"'{text}' isn't a number of hours.")
    return int(number) if number.is_integer() else number


def _whole(text: str) -> int:
    cleaned = text.removesuffix("%").strip()
    if not cleaned.isdecimal():
        raise forms.ValidationError(f"'{text}' isn't a whole number of per cent.")
    return int(cleaned)


def _plain(number: object) -> str:
    """24.0 as '24', what was typed as it was typed."""
    if isinstance(number, float) and number.is_integer():
        return str(int(number))
    return "" if number is None else str(number)
