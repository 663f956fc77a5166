import pytest
from django.core.exceptions import ValidationError

from notifications.forms import HoursField


@pytest.mark.parametrize(
    ("text", "hours"),
    [("", None), ("none", []), ("24", [24]), (" 48, 0.5 ", [48, 0.5])],
)
def test_hours_as_they_are_written(text: str, hours: list[float] | None) -> None:
    field = HoursField(required=False)

    assert field.clean(text) == hours
    assert field.clean(field.prepare_value(hours) or "") == hours


@pytest.mark.parametrize(
    "text", ["soon", "0", "-1", "24, 24", "1,2,3,4,5,6", "99999", "nan", "24;2"]
)
def test_what_is_no_reminder_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        HoursField(required=False).clean(text)
