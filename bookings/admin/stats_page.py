"""How the rooms do, in figures: a period, a room or all of them."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from unfold.widgets import UnfoldAdminSelectWidget

from bookings.admin.desk_forms import DayField
from bookings.models import Room
from bookings.states import BookingStatus
from bookings.statistics import booking_statistics
from common.errors import InvalidInput
from common.http import Request
from common.money import money


class PeriodForm(forms.Form):
    """`?since=&until=&room=`"""

    since = DayField(label="From", required=False)
    until = DayField(label="Up to and including", required=False)
    room = forms.ModelChoiceField(
        Room.objects.none(), required=False, widget=UnfoldAdminSelectWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rooms = self.fields["room"]
        rooms.queryset = Room.objects.order_by("name", "pk")  # type: ignore[attr-defined]
        rooms.empty_label = "All rooms"  # type: ignore[attr-defined]


def stats_page(model_admin: Any, request: Request) -> HttpResponse:
    """What makes no sense in the address is said beside its field; this month stands meanwhile."""
    today = request.at.date()
    default = _this_month(today)
    form = PeriodForm(request.GET or None)
    given = form.cleaned_data if form.is_valid() else {}
    since = given.get("since") or (default[0] if not given.get("until") else given["until"])
    until = given.get("until") or max(default[1], since)
    room = given.get("room")
    try:
        told = booking_statistics(since=since, until=until, room_id=room.pk if room else None)
    except InvalidInput as refusal:
        form.add_error("until" if refusal.attr == "toDate" else "since", refusal.message)
        (since, until), room = default, None
        told = booking_statistics(since=since, until=until)
    if not form.is_bound:
        form = PeriodForm(initial={"since": since, "until": until})
    context = {
        **model_admin.admin_site.each_context(request),
        # Without `opts`, which would put 'Bookings' there instead.
        "title": "Figures",
        "form": form,
        "views": _views(today, since, until, room),
        "cards": _cards(told),
        "periods": _lines(told["by_period"], told["currency"]),
        "rooms": _lines(told["by_room"], told["currency"]),
        "is_by_month": told["step"] == "month",
        "since": since,
        "until": until,
        "back": reverse("admin:bookings_booking_changelist"),
    }
    return TemplateResponse(request, "admin/bookings/booking/stats.html", context)


def _this_month(today: date) -> tuple[date, date]:
    first = today.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _views(today: date, since: date, until: date, room: Room | None) -> list[dict[str, Any]]:
    """The periods that are asked for most."""
    first, last = _this_month(today)
    former = _this_month(first - timedelta(days=1))
    monday = today - timedelta(days=today.weekday())
    periods = [
        ("This week", (monday, monday + timedelta(days=6))),
        ("This month", (first, last)),
        ("Last month", former),
        ("This year", (today.replace(month=1, day=1), today.replace(month=12, day=31))),
    ]
    return [
        {
            "label": label,
            "url": "?"
            + urlencode(
                {
                    "since": period[0].isoformat(),
                    "until": period[1].isoformat(),
                    "room": room.pk if room else "",
                }
            ),
            "is_current": period == (since, until),
        }
        for label, period in periods
    ]


def _cards(told: dict[str, Any]) -> list[dict[str, str]]:
    counts, revenue, places = told["bookings"], told["revenue"], told["occupancy"]
    states = [
        f"{counts[status.value]} {status.label.lower()}"
        for status in BookingStatus
        if counts[status.value]
    ]
    currency = told["currency"]
    return [
        {
            "label": "Bookings",
            "figure": f"{counts['total']:,}",
            "text": ", ".join(states) or "none in these days",
        },
        {
            "label": "Revenue, net",
            "figure": money(revenue["net"], currency),
            "text": f"{money(revenue['captured'], currency)} taken in, "
            f"{money(revenue['refunded'], currency)} given back"
            + _at_banks(revenue["disputed"], currency),
        },
        {
            "label": "Occupancy",
            "figure": f"{places['rate'] * 100:.0f} %",
            "text": f"{places['taken_places']:,} of {places['open_places']:,} places taken",
        },
    ]


def _at_banks(disputed: Decimal, currency: str) -> str:
    """Said only where there is some."""
    return f", {money(disputed, currency)} taken by cardholders' banks" if disputed else ""


def _lines(rows: list[dict[str, Any]], currency: str) -> list[dict[str, Any]]:
    """Rows of a table; the longest bar is the largest revenue, that of places is their share."""
    most = max((row["revenue"]["net"] for row in rows), default=Decimal(0))
    return [
        {
            "name": row.get("name") or _said_period(row["period"]),
            "is_empty": not any(row["bookings"].values())
            and not row["occupancy"]["open_places"]
            and not row["revenue"]["captured"]
            and not row["revenue"]["refunded"],
            "bookings": row["bookings"]["total"],
            "cancelled": row["bookings"]["cancelled"],
            "captured": money(row["revenue"]["captured"], currency),
            "refunded": money(row["revenue"]["refunded"], currency),
            "net": money(row["revenue"]["net"], currency),
            "bar": _share(row["revenue"]["net"], most),
            "places": f"{row['occupancy']['taken_places']:,} of "
            f"{row['occupancy']['open_places']:,}",
            "rate": round(row["occupancy"]["rate"] * 100),
        }
        for row in rows
    ]


def _said_period(period: str) -> str:
    """'Thu 9 Jul 2026', or 'July 2026'."""
    if len(period) == len("2026-07"):
        return f"{date.fromisoformat(f'{period}-01'):%B %Y}"
    day = date.fromisoformat(period)
    return f"{day:%a} {day.day} {day:%b %Y}"


def _share(amount: Decimal, most: Decimal) -> int:
    """In per cent; nothing for what is below zero."""
    return int(max(amount, Decimal(0)) * 100 / most) if most > 0 else 0
