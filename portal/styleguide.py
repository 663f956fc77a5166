"""What the style guide shows: every part of the pages with sample inputs, no rows needed."""

from calendar import Calendar
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator

from common.telling import Refusal, Way

HOLD = timedelta(minutes=15)
SAMPLE_MONTH = date(2027, 7, 1)
SAMPLE_TODAY = date(2027, 7, 6)
SAMPLE_CHOSEN = date(2027, 7, 8)


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label="Your name", help_text="As we should greet you at the desk.")
    email = forms.EmailField(label="E-mail")
    kind = forms.ChoiceField(
        label="Kind of visit", choices=[("first", "First visit"), ("check", "Check-up")]
    )
    remind = forms.ChoiceField(
        label="Remind me",
        choices=[("day", "A day before"), ("hour", "An hour before")],
        widget=forms.RadioSelect,
        initial="day",
    )
    notes = forms.CharField(label="Notes", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    news = forms.BooleanField(label="Tell me when an earlier time gets free", required=False)


class SampleCodeForm(forms.Form):
    code = forms.CharField(label="Code")


def sample(at: datetime) -> dict[str, Any]:
    """The context of templates/styleguide.html; `at` is the request's clock."""
    return {
        "at": at,
        "held_until": at + HOLD - timedelta(seconds=139),
        "hold_seconds": int(HOLD.total_seconds()),
        "form": SampleForm(),
        "wrong_form": SampleForm({"name": "Ada", "email": "ada@", "kind": "first"}),
        "code_form": SampleCodeForm(),
        "weeks": _weeks(),
        "times": _times(),
        "facts": [
            {"label": "What", "text": "Check-up, 30 minutes"},
            {"label": "When", "text": "Thu 8 July, 09:00–09:30 (Berlin)"},
            {"label": "Where", "text": "Treatment room 2, Harbour Street 4"},
        ],
        "refusal": Refusal(
            "This time was just taken",
            "Somebody was faster.",
            "Still free nearby",
            [Way("Thu 8 July, 09:30", "#marks"), Way("See all free times", "#marks")],
            tone="bad",
        ),
        "lines": [
            {"label": "30 minutes at 90.00 USD an hour", "amount": "45.00 USD"},
            {"label": "Given back for the move", "amount": "−5.00 USD"},
        ],
        "schedule": [
            {
                "title": "45.00 USD back",
                "text": "until Wed 7 July, 09:00",
                "tone": "good",
                "is_now": True,
                "is_over": False,
            },
            {
                "title": "22.50 USD back",
                "text": "until Thu 8 July, 03:00",
                "tone": "wait",
                "is_now": False,
                "is_over": False,
            },
            {
                "title": "Nothing back",
                "text": "from then on",
                "tone": "past",
                "is_now": False,
                "is_over": False,
            },
        ],
        "history": [
            {
                "title": "Held for you",
                "text": "Mon 5 July, 14:17",
                "tone": "wait",
                "icon": "hourglass",
            },
            {
                "title": "Paid and confirmed",
                "text": "Mon 5 July, 14:21",
                "tone": "good",
                "icon": "check",
            },
            {
                "title": "Cancelled by you",
                "text": "Tue 6 July, 08:02",
                "tone": "bad",
                "icon": "close",
            },
            {
                "title": "45.00 USD on their way back",
                "text": "Tue 6 July, 08:03",
                "tone": "past",
                "icon": "refund",
            },
        ],
        "steps": [
            {"label": "Room and time", "is_done": True, "is_current": False, "href": "#steps"},
            {"label": "Confirm", "is_done": False, "is_current": True, "href": ""},
            {"label": "Pay", "is_done": False, "is_current": False, "href": ""},
        ],
        "tabs": [
            {"label": "Upcoming", "href": "#tabs", "is_current": True, "count": 2},
            {"label": "Pending", "href": "#tabs", "is_current": False, "count": 1},
            {"label": "Past", "href": "#tabs", "is_current": False, "count": 0},
        ],
        "page": Paginator(range(60), 25).page(2),
        "rooms": ["Treatment room 2", "Studio Linden", "Meeting room Atlas", "Garden room"],
        "colours": [
            *("paper", "paper-sunken", "card", "raised", "ink", "ink-soft", "line", "line-strong"),
            *("accent-fill", "accent-text", "accent-soft", "good", "good-soft", "wait"),
            *("wait-soft", "bad", "bad-soft", "past", "past-soft"),
        ],
        "icons": [
            *("alert", "arrow-left", "arrow-right", "bell", "calendar", "calendar-check"),
            *("calendar-plus", "camera", "card", "check", "check-circle", "chevron-down"),
            *("chevron-left", "chevron-right", "circle", "clock", "close", "close-circle", "desk"),
            *(
                "download",
                "external",
                "globe",
                "home",
                "hourglass",
                "info",
                "key",
                "layers",
                "list",
            ),
            *("lock", "mail", "menu", "minus", "moon", "move", "page", "pencil", "pin", "plus"),
            *("print", "refund", "search", "shield", "sign-out", "sun", "ticket", "torch"),
            *("trash", "turn", "unlock", "user", "users"),
        ],
        "drawings": ["bell", "calendar", "clock", "door", "envelope", "key", "lost"],
    }


def _weeks() -> list[list[dict[str, Any] | None]]:
    weeks = Calendar().monthdatescalendar(SAMPLE_MONTH.year, SAMPLE_MONTH.month)
    return [[_day(day) if day.month == SAMPLE_MONTH.month else None for day in w] for w in weeks]


def _day(day: date) -> dict[str, Any]:
    is_free = day >= SAMPLE_TODAY and day.weekday() < 5 and day.day not in {13, 14, 22}
    return {
        "number": day.day,
        "date": day.isoformat(),
        "label": f"{day:%a} {day.day} {day:%B}, free times",
        "href": "#calendar" if is_free else "",
        "is_today": day == SAMPLE_TODAY,
        "is_chosen": day == SAMPLE_CHOSEN,
    }


def _times() -> list[dict[str, Any]]:
    return [
        {"at": "09:00", "note": "2 places", "tone": "", "href": "#times", "is_chosen": False},
        {"at": "09:30", "note": "last place", "tone": "wait", "href": "#times", "is_chosen": False},
        {"at": "10:00", "note": "taken", "tone": "", "href": "", "is_chosen": False},
        {"at": "10:30", "note": "4 places", "tone": "", "href": "#times", "is_chosen": True},
        {"at": "11:00", "note": "4 places", "tone": "", "href": "#times", "is_chosen": False},
    ]
