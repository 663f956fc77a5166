"""Fields of staff forms that are about being told."""

from typing import Any

from django import forms

from notifications.policies import check_reminders

NONE = "none"


class HoursField(forms.CharField):
    """Hours before the start by comma; '' is None (the site's own), 'none' is no reminders."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return ", ".join(f"{hours:g}" for hours in value) or NONE
        return value

    def to_python(self, value: Any) -> list[float] | None:  # type: ignore[override]
        text = (super().to_python(value) or "").strip().lower()
        if not text:
            return None
        if text == NONE:
            return []
        try:
            hours = [float(part) for part in text.split(",")]
        except ValueError:
            raise forms.ValidationError("Write hours by comma, as in 24, 2.") from None
        if (fault := check_reminders(hours)) is not None:
            raise forms.ValidationError(fault)
        return [int(hour) if hour.is_integer() else hour for hour in hours]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))
