"""One command compares every counter of places with its rows, and sets it right when asked."""

from io import StringIO

import pytest
from django.core.management import call_command

from accounts.models import User
from bookings.models import Timeslot
from tests.infrastructure.events import MakeTier, buy, pay_order
from tests.infrastructure.world import MakeBooking
from tickets.models import Event, Tier

CLEAN = "Every counter agrees with its bookings, orders and tickets.\n"


@pytest.fixture
def sold(event: Event, make_tier: MakeTier, make_booking: MakeBooking, customer: User) -> Event:
    """A booking, two tickets paid and three held."""
    make_booking()
    make_tier(event, quota=10)
    pay_order(buy(event, customer, 2))
    buy(event, customer, 3)
    return event


def verify(*options: str) -> str:
    out = StringIO()
    call_command("verify_places", *options, stdout=out)
    return out.getvalue()


def test_what_agrees_is_said_in_one_line(sold: Event) -> None:
    assert verify() == CLEAN
    assert verify("--repair") == CLEAN


def test_each_difference_is_named_and_ends_in_an_error(sold: Event) -> None:
    slot, tier = Timeslot.objects.get(), Tier.objects.get()
    Timeslot.objects.update(taken=0)
    Event.objects.update(held=0)
    Tier.objects.update(sold=7)
    out = StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("verify_places", stdout=out)

    assert ended.value.code == 1
    assert out.getvalue().splitlines() == [
        f"slot {slot.pk}: 0 places counted, 1 taken by bookings",
        f"event {sold.pk}: 0 held and 2 sold counted, 3 and 2 by orders and tickets",
        f"tier {tier.pk}: 3 held and 7 sold counted, 3 and 2 by orders and tickets",
    ]
    assert Event.objects.get().held == 0


def test_repairing_sets_them_to_the_rows(sold: Event) -> None:
    Timeslot.objects.update(taken=0)
    # Less places than were sold: the maximum follows, for staff to look at.
    Event.objects.update(held=0, max_participants=2)
    Tier.objects.update(sold=0, held=0, quota=1)

    assert verify("--repair").endswith("Repaired 3.\n")

    event, tier = Event.objects.get(), Tier.objects.get()
    assert (event.held, event.current_participants, event.max_participants) == (3, 2, 5)
    assert (tier.held, tier.sold, tier.quota) == (3, 2, 5)
    assert verify() == CLEAN
