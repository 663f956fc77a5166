"""What is asked before an event is published, moved, copied, cancelled or removed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.conf import settings
from django.db.models import Count, F, Q, Sum
from unfold.widgets import UnfoldAdminTextInputWidget

from common import clock
from common.money import money
from common.staff.asking import Line, Question
from common.staff.times import MomentField, instant, wall_clock
from payments.models import ZERO, PaymentAttempt, Refund
from payments.states import RefundState
from tickets.admin.event_form import GAP
from tickets.models import Event, TicketOrder
from tickets.services.events import FREE_CANCEL_AFTER_MOVE
from tickets.states import OrderStatus

WEEK: Final = timedelta(days=7)


class WhenForm(forms.Form):
    """Moments by the event's own clock, made instants."""

    def __init__(self, data: Any, *, event: Event) -> None:
        super().__init__(data, initial=self.first(event))
        self.event = event
        for field in self.fields.values():
            if isinstance(field, MomentField):
                field.help_text = f"By the clock in {clock.place_of(event.timezone)}."

    def first(self, event: Event) -> dict[str, Any]:
        """What the fields hold when the page is opened."""
        raise NotImplementedError

    def clean(self) -> None:
        super().clean()
        for name, field in self.fields.items():
            moment = self.cleaned_data.get(name)
            if not isinstance(field, MomentField) or moment is None:
                continue
            at = instant(moment.date(), moment.time(), self.event.timezone)
            if at is None:
                self.add_error(name, GAP)
            else:
                self.cleaned_data[name] = at


class MoveForm(WhenForm):
    fields_by_attr: Final = {"startDate": "starts", "endDate": "ends"}

    starts = MomentField(label="New start")
    ends = MomentField(label="New end")
    location = forms.CharField(
        label="Place", required=False, max_length=255, widget=UnfoldAdminTextInputWidget
    )
    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=250,
        widget=UnfoldAdminTextInputWidget,
        help_text="Everybody who holds a ticket reads it in the mail.",
    )

    def first(self, event: Event) -> dict[str, Any]:
        return {
            "starts": wall_clock(event.start_date, event.timezone),
            "ends": wall_clock(event.end_date, event.timezone),
            "location": event.location,
        }

    def clean(self) -> None:
        super().clean()
        given, event = self.cleaned_data, self.event
        if self.errors:
            return
        now = (_whole_minute(event.start_date), _whole_minute(event.end_date), event.location)
        if (given["starts"], given["ends"], given["location"]) == now:
            raise forms.ValidationError("That is when and where it is already.")


class CancelEventForm(forms.Form):
    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=250,
        widget=UnfoldAdminTextInputWidget,
        help_text="Everybody who holds a ticket reads it in the mail.",
    )


class DuplicateForm(WhenForm):
    fields_by_attr: Final = {"name": "name", "startDate": "starts"}

    name = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)
    starts = MomentField(label="Starts")

    def first(self, event: Event) -> dict[str, Any]:
        return {"name": event.name, "starts": wall_clock(event.start_date, event.timezone) + WEEK}


def about_publishing(event: Event) -> Question:
    return Question(
        title="Publish this event",
        lead="Everybody can see it and buy tickets from now on. It can't become a draft again.",
        button="Publish",
        lines=[Line(title=event.name, text=said_when(event), outcome=said_offer(event))],
    )


def about_moving(event: Event, form: forms.Form, *, at: datetime) -> Question:
    orders = TicketOrder.objects.filter(event=event, status=OrderStatus.PAID)
    people = orders.order_by().values("user_id").distinct().count()
    days = FREE_CANCEL_AFTER_MOVE.days
    told = (
        f"{_many(people, 'person')} with {_many(orders.count(), 'order')} will be told by mail, "
        f"with the new time beside the old. For {days} days, at latest until the new start, they "
        "may cancel and get everything back."
        if people
        else "Nobody holds a ticket yet, so nobody needs to be told."
    )
    return Question(
        title="Move this event",
        lead="Tickets, calendar entries and reminders follow the new time.",
        button="Move and tell everybody" if people else "Move",
        lines=[Line(title=event.name, text=said_when(event), outcome=told)],
        form=form,
    )


def about_copying(event: Event, form: forms.Form) -> Question:
    return Question(
        title="Duplicate this event",
        lead="A draft with the same texts, places and kinds of tickets; the end and the sales "
        "windows move along with the start.",
        button="Make a draft",
        lines=[Line(title=event.name, text=said_when(event), outcome=said_offer(event))],
        form=form,
    )


def about_cancelling(event: Event, form: forms.Form) -> Question:
    return Question(
        title="Cancel this event",
        lead="Sales end at once. Everybody gets everything back and is told by mail; that takes "
        "the worker a while, and this event's page shows how far it is. It can't be undone.",
        button="Cancel the event",
        lines=[Line(title=event.name, text=said_when(event), outcome=_said_end(event))],
        form=form,
        is_danger=True,
    )


def about_deleting(events: Sequence[Event]) -> Question:
    several = len(events) > 1
    ordered = set(
        TicketOrder.objects.filter(event__in=events).order_by().values_list("event_id", flat=True)
    )
    lines = [
        Line(
            title=event.name,
            text=said_when(event),
            outcome=(
                f"It was sold, so it is cancelled and stays for the records. {_said_end(event)}"
                if event.pk in ordered
                else "Nobody ever ordered for it: it is removed."
            ),
        )
        for event in events
    ]
    return Question(
        title=f"Delete {len(events)} events" if several else "Delete this event",
        lead="What nobody ever ordered for is removed for good; what was sold is cancelled, "
        "refunded in full, and everybody is told.",
        button="Delete or cancel" if several else "Cancel the event" if ordered else "Delete",
        lines=lines,
        is_danger=True,
    )


def said_when(event: Event) -> str:
    return clock.say_span(event.start_date, event.end_date, event.timezone)


def said_offer(event: Event) -> str:
    """'VIP 90.00 USD, Standard 40.00 USD · 100 places.'"""
    tiers = [
        f"{tier.label} {_price(tier.price)}" for tier in event.tiers.all() if tier.is_active
    ] or [f"Standard {_price(event.price)}"]
    places = "as many places as are wanted"
    if event.max_participants is not None:
        places = _many(event.max_participants, "place")
    return f"{', '.join(tiers)} · {places}."


def _said_end(event: Event) -> str:
    """How much goes back, to how many, and what ends unpaid."""
    counts = TicketOrder.objects.filter(event=event).aggregate(
        paid=Count("pk", filter=Q(status=OrderStatus.PAID)),
        held=Count("pk", filter=Q(status=OrderStatus.PENDING)),
    )
    of_paid = {
        "payment__ticket_orders__event": event,
        "payment__ticket_orders__status": OrderStatus.PAID,
    }
    refunds = Refund.objects.filter(**of_paid).exclude(status=RefundState.FAILED)
    # What cardholders' banks have taken can't go back a second time.
    ours = PaymentAttempt.objects.filter(**of_paid).aggregate(
        sum=Sum(F("captured") - PaymentAttempt.AT_BANKS)
    )
    back = (ours["sum"] or ZERO) - (refunds.aggregate(sum=Sum("amount"))["sum"] or ZERO)
    sentences = []
    if counts["paid"]:
        given = f"{money(back, settings.CURRENCY)} go back" if back > ZERO else "nothing was paid"
        sentences.append(f"{_many(counts['paid'], 'order')} with tickets: {given}.")
    if counts["held"]:
        sentences.append(f"{_many(counts['held'], 'order')} held and not paid: nothing is charged.")
    return " ".join(sentences) or "Nobody holds a ticket."


def _price(price: Any) -> str:
    return money(price, settings.CURRENCY) if price else "free"


def _many(number: int, word: str) -> str:
    plural = {"person": "people"}.get(word, f"{word}s")
    return f"{number} {word if number == 1 else plural}"


def _whole_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
