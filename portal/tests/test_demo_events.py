"""The events of the demo: all there, in every state, made by the rules, and made once."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from pytest_django import Settings

from notifications.backends import DATABASE_ONLY
from notifications.models import OutgoingMail
from payments.models import Payment, Refund
from portal.demo.houses import ensure_rooms
from portal.demo.people import CUSTOMER, ensure_accounts, ensure_crowd
from portal.demo.programme import ACTS
from portal.demo.stage import play_events
from portal.demo.story import Cast
from tests.infrastructure.world import NOW
from tickets.models import Campaign, Event, Ticket, TicketOrder, Tier
from tickets.services import complete_past
from tickets.states import EventStatus, EventType, OrderStatus, TicketStatus, TicketType
from tickets.verify import wrong_counters as wrong_places

pytestmark = pytest.mark.django_db
MODELS = (Event, Tier, TicketOrder, Ticket, Campaign, Payment, Refund, OutgoingMail)


@pytest.fixture
def demo(settings: Settings) -> Iterator[time_machine.Traveller]:
    """The demo on a Thursday morning."""
    settings.DJANGO_ENV = "demo"
    settings.IS_DEMO = True
    settings.EMAIL_BACKEND = DATABASE_ONLY
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def play() -> int:
    """The events alone; says how many were made."""
    people, crowd, rooms = ensure_accounts(), ensure_crowd(), ensure_rooms(NOW)
    return play_events(Cast(people=people, crowd=crowd, rooms=rooms, at=NOW))


def counts() -> list[int]:
    return [model._default_manager.count() for model in MODELS]


def test_the_events_of_the_demo_are_complete_and_keep_their_own_rules(
    demo: time_machine.Traveller,
) -> None:
    play()

    assert Event.objects.count() == len(ACTS)
    assert not list(wrong_places())
    zones = {event.timezone for event in Event.objects.all()}
    assert zones == {"Europe/Berlin", "America/New_York"}
    assert set(Event.objects.values_list("status", flat=True)) == set(EventStatus.values)
    assert set(Event.objects.values_list("event_type", flat=True)) == set(EventType.values)
    assert set(Ticket.objects.values_list("status", flat=True)) == set(TicketStatus.values)
    assert set(TicketOrder.objects.values_list("status", flat=True)) == set(OrderStatus.values)
    hers = Ticket.objects.filter(user__email=CUSTOMER.email)
    assert set(hers.values_list("status", flat=True)) == set(TicketStatus.values)
    kinds = {tier.ticket_type for tier in Tier.objects.filter(event__name__startswith="Speak")}
    assert kinds == set(TicketType.values)
    [concert] = [event for event in Event.objects.published() if event.places_left == 0]
    assert concert.current_participants == concert.max_participants == 30
    assert all(campaign.is_finished for campaign in Campaign.objects.all())
    # Nothing is told of the future, and what is over reads so.
    assert not Ticket.objects.filter(created_at__gt=NOW).exists()
    assert not Ticket.objects.filter(status=TicketStatus.ACTIVE, valid_until__lt=NOW).exists()
    for order in TicketOrder.objects.filter(payment__status="paid").with_everything():
        assert order.payment is not None
        assert order.payment.captured == order.amount
    assert not OutgoingMail.objects.filter(to__in=[user.email for user in ensure_crowd()]).exists()


def test_an_event_that_is_over_is_given_again(demo: time_machine.Traveller) -> None:
    call_command("seed_demo", verbosity=0)
    first = Event.objects.count()

    demo.shift(timedelta(days=6))
    complete_past(at=NOW + timedelta(days=6))
    call_command("seed_demo", verbosity=0)

    webinars = Event.objects.filter(event_type=EventType.WEBINAR).order_by("pk")
    assert [event.status for event in webinars] == ["completed", "published"]
    assert Event.objects.count() == first + 1
    # And the customer holds a place in it.
    assert webinars[1].orders.pending().get().user.email == CUSTOMER.email
    assert not list(wrong_places())


def test_again_adds_nothing(demo: time_machine.Traveller) -> None:
    assert play() == len(ACTS)
    first = counts()
    Event.objects.filter(name__startswith="Lantern").update(name="Renamed by staff")

    assert play() == 0

    assert counts() == first


def test_mails_of_the_past_are_not_sent_to_anybody_by_a_real_server(
    demo: time_machine.Traveller, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

    play()

    assert not OutgoingMail.objects.exists()


def test_without_the_provider_of_the_demo_nobody_pays(
    demo: time_machine.Traveller, settings: Settings
) -> None:
    settings.PAYMENT_PROVIDER = "another"

    play()

    paid = Ticket.objects.filter(price_paid__gt=0)
    assert not paid.exists()
    assert not list(wrong_places())
