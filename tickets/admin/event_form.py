"""An event with what it offers, on one page: times by the event's own clock, a block a type."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar, Final, cast

from django import forms
from django.conf import settings
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from common.staff.rows import RefusingForm
from common.staff.times import MomentField, instant, wall_clock
from payments.admin.policy_field import PolicyField, said_policy
from tickets.models import Event, Tier
from tickets.models.event import MOST_PER_ORDER, MOST_PLACES
from tickets.services.save_event import TierFields
from tickets.states import EntryMode, TicketType

TIMES: Final = {"starts": "start_date", "ends": "end_date"}
# What the form has beside the columns of an event.
OFFER: Final = (
    "offered",
    "name",
    "price",
    "quota",
    "sales_start",
    "sales_end",
    "min_per_order",
    "max_per_order",
)
CHANGED: Final = (
    "Somebody else has changed this event since you opened this page. Open it again: what you "
    "see here would put the old values back."
)
GAP: Final = "The clocks are put forward then: that hour isn't there."


class EventForm(RefusingForm, forms.ModelForm[Event]):
    """Counters and states aren't here: sales and the buttons move them."""

    # Those who hold tickets rely on them: 'Move' changes them and tells everybody.
    is_time_fixed: ClassVar = False
    fields_by_attr: ClassVar[dict[str, str]] = {
        "startDate": "starts",
        "endDate": "ends",
        "maxParticipants": "max_participants",
        "ticketPrice": "ticket_price",
    }

    starts = MomentField(label="Starts")
    ends = MomentField(label="Ends")
    online_url = forms.URLField(
        label="Online address",
        required=False,
        max_length=500,
        assume_scheme="https",
        widget=UnfoldAdminTextInputWidget,
        help_text="Where to join. Only holders of a valid ticket see it.",
    )
    ticket_price = forms.DecimalField(
        label="Price of a ticket",
        required=False,
        min_value=0,
        max_digits=10,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="Empty or 0: free. Not used when one of the kinds of tickets below is offered.",
    )
    refund_policy = PolicyField(label="Own refund policy", required=False)
    shown = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Event
        fields = (
            "name",
            "event_type",
            "description",
            "image_url",
            "timezone",
            "location",
            "is_online",
            "online_url",
            "max_participants",
            "ticket_price",
            "refund_policy",
            "entry_mode",
            "doors_open_minutes",
            "staff_email",
            "notify_staff",
        )
        widgets: ClassVar = {"description": UnfoldAdminTextareaWidget(attrs={"rows": 5})}
        help_texts: ClassVar = {
            "image_url": "The address of a picture. Empty: a pattern is drawn.",
            "timezone": "All times of this event are meant there, as in Europe/Berlin.",
            "location": "Where it takes place, as it is to be found.",
            "max_participants": "Over all kinds of tickets. Empty: as many as want to come.",
            "doors_open_minutes": "Minutes before the start from which tickets let in.",
            "staff_email": "Is told of every sale, if the box below is ticked.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        event: Event = self.instance
        is_new = event._state.adding
        self.tiers = {} if is_new else {tier.ticket_type: tier for tier in event.tiers.all()}
        if self.is_time_fixed:
            for name in TIMES:
                del self.fields[name]
        elif not is_new:
            for name, column in TIMES.items():
                self.initial.setdefault(name, wall_clock(getattr(event, column), event.timezone))
        if is_new and "entry_mode" in self.fields:
            self._leave_entry_open()
        self.fields["refund_policy"].help_text = (
            "How much of the price comes back to who cancels until then. Leave it empty for the "
            f"site's own: {said_policy(settings.TICKET_REFUND_POLICY)}. For no refund at all, "
            "write 0 hours, 0 %. Orders that exist keep the policy they were made under."
        )
        for ticket_type in TicketType:
            self._add_offer(ticket_type)
        self.present = "" if is_new else _fingerprint(self.initial)
        self.initial["shown"] = self.present

    def clean_shown(self) -> str:
        """All of the form is sent, so an old page would put back what others have changed since."""
        shown: str = self.cleaned_data["shown"]
        if shown and shown != self.present:
            self.add_error(None, CHANGED)
        return shown

    def clean(self) -> None:
        super().clean()
        zone = self.zone
        if zone:
            for name in self.moments():
                self._make_instant(name, zone)
        for ticket_type in TicketType:
            if self.cleaned_data.get(f"{ticket_type}_offered"):
                self._require_price(ticket_type)
        self.refuse()

    def clean_image_url(self) -> str:
        address: str = self.cleaned_data["image_url"]
        if address and not address.startswith(("https://", "http://", "/")):
            raise forms.ValidationError("Please enter an address that begins with https://.")
        return address

    def refuse(self) -> None:
        """A refusal of one kind of ticket stands beside its own field."""
        if self.refusal is not None and self.refusal.attr == "tiers":
            name = _offer_field(self.refusal.details)
            if name in self.fields:
                self.add_error(name, self.refusal.message)
                return
        super().refuse()

    @property
    def zone(self) -> str:
        """The event's time zone; '' while none was chosen."""
        if "timezone" in self.fields:
            return str(self.cleaned_data.get("timezone") or "")
        return str(self.instance.timezone)

    def moments(self) -> Iterable[str]:
        return [name for name, field in self.fields.items() if isinstance(field, MomentField)]

    def event_fields(self, *, is_new: bool) -> dict[str, Any]:
        """The columns that the service is to write: all of a new event, else what was changed."""
        columns = [name for name in self.Meta.fields if name in self.fields]
        chosen = columns if is_new else [name for name in columns if name in self.changed_data]
        values = {name: self.cleaned_data[name] for name in chosen}
        if not values.get("entry_mode", "-"):
            del values["entry_mode"]
        # In another zone the same clock says another moment.
        is_moved = is_new or {"timezone", *TIMES} & set(self.changed_data)
        if is_moved and not self.is_time_fixed:
            values |= {column: self.cleaned_data[name] for name, column in TIMES.items()}
        return values

    def offers(self) -> list[TierFields] | None:
        """The tiers as they shall be; None when nothing about them was changed."""
        names = {f"{kind}_{name}" for kind in TicketType for name in OFFER}
        moves = "timezone" in self.changed_data and bool(self.tiers)
        if not names & set(self.changed_data) and not moves:
            return None
        return [self._offer(kind) for kind in TicketType if self.cleaned_data[f"{kind}_offered"]]

    def _offer(self, kind: TicketType) -> TierFields:
        given = self.cleaned_data
        return {
            "ticket_type": kind.value,
            "name": given[f"{kind}_name"],
            "price": given[f"{kind}_price"],
            "quota": given[f"{kind}_quota"],
            "sales_start": given[f"{kind}_sales_start"],
            "sales_end": given[f"{kind}_sales_end"],
            "min_per_order": given[f"{kind}_min_per_order"] or 1,
            "max_per_order": given[f"{kind}_max_per_order"] or MOST_PER_ORDER,
        }

    def _make_instant(self, name: str, zone: str) -> None:
        moment: datetime | None = self.cleaned_data.get(name)
        if moment is None:
            return
        at = instant(moment.date(), moment.time(), zone)
        if at is None:
            self.add_error(name, GAP)
        else:
            self.cleaned_data[name] = at

    def _require_price(self, kind: TicketType) -> None:
        name = f"{kind}_price"
        if self.cleaned_data.get(name) is None and name not in self.errors:
            self.add_error(name, "Please enter a price; 0 is free.")

    def _leave_entry_open(self) -> None:
        field = cast(forms.ChoiceField, self.fields["entry_mode"])
        field.required = False
        by_itself = "As usual: in and out for series and events longer than a day"
        field.choices = [("", by_itself), *EntryMode.choices]
        self.initial["entry_mode"] = ""

    def _add_offer(self, kind: TicketType) -> None:
        tier = self.tiers.get(kind)
        for name, field in _offer_fields(kind).items():
            self.fields[f"{kind}_{name}"] = field
            if tier is not None:
                self.initial[f"{kind}_{name}"] = _now(tier, name, self.instance.timezone)


def _fingerprint(initial: Mapping[str, Any]) -> str:
    """The same as long as the form would be filled with the same."""
    return sha256(repr(sorted(initial.items())).encode()).hexdigest()


def _now(tier: Tier, name: str, zone: str) -> Any:
    if name == "offered":
        return tier.is_active
    value = getattr(tier, name)
    return wall_clock(value, zone) if isinstance(value, datetime) else value


def _offer_fields(kind: TicketType) -> dict[str, forms.Field]:
    least = 2 if kind == TicketType.GROUP else 1
    return {
        "offered": forms.BooleanField(
            label="Offer these", required=False, widget=UnfoldBooleanSwitchWidget
        ),
        "name": forms.CharField(
            label="Called",
            required=False,
            max_length=100,
            widget=UnfoldAdminTextInputWidget,
            help_text=f"Empty: '{kind.label}'.",
        ),
        "price": forms.DecimalField(
            label="Price",
            required=False,
            min_value=0,
            max_digits=10,
            decimal_places=2,
            widget=UnfoldAdminDecimalFieldWidget,
        ),
        "quota": forms.IntegerField(
            label="How many, if not all",
            required=False,
            min_value=0,
            max_value=MOST_PLACES,
            widget=UnfoldAdminIntegerFieldWidget,
        ),
        "sales_start": MomentField(label="Sold from", required=False),
        "sales_end": MomentField(label="Sold until", required=False),
        "min_per_order": forms.IntegerField(
            label="At least, in one order",
            required=False,
            min_value=1,
            max_value=1_000,
            initial=least,
            widget=UnfoldAdminIntegerFieldWidget,
        ),
        "max_per_order": forms.IntegerField(
            label="At most, in one order",
            required=False,
            min_value=1,
            max_value=1_000,
            initial=MOST_PER_ORDER,
            widget=UnfoldAdminIntegerFieldWidget,
        ),
    }


def _offer_field(details: dict[str, Any]) -> str:
    """'early_bird_sales_end' for what the service calls 'salesEnd' of 'early_bird'."""
    column = "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in details["field"])
    return f"{details['ticketType']}_{column}"
