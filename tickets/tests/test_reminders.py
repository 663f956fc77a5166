"""Reminders of events: one a person and event, to whoever still has a ticket."""

from datetime import datetime, timedelta

import pytest

from accounts.models import User
from notifications.models import OutgoingMail, Reminder
from notifications.reminders import remind
from tests.infrastructure.events import EVENT_START, MakeEvent, buy, pay_order
from tests.infrastructure.world import NOW
from tickets.models import Campaign, Event
from tickets.reminders import build
from tickets.services import cancel_event, cancel_ticket, move_event, run_campaign

DAY = timedelta(hours=24)


def reminded() -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(kind="event_reminder").order_by("pk"))


def reminded_people() -> list[str]:
    return sorted(mail.to for mail in reminded())


def bought(event: Event, user: User, *, quantity: int = 1, at: datetime = NOW) -> None:
    pay_order(buy(event, user, quantity=quantity, at=at), at=at)


def test_one_a_person_however_many_tickets_and_orders(
    event: Event, customer: User, stranger: User
) -> None:
    bought(event, customer, quantity=3)
    bought(event, customer, at=NOW + timedelta(hours=1))
    bought(event, stranger)

    assert remind(at=EVENT_START - DAY - timedelta(seconds=1)) == 0
    assert remind(at=EVENT_START - DAY) == 2
    assert remind(at=EVENT_START - DAY) == 0

    assert reminded_people() == ["ada@example.com", "eve@example.com"]
    of_ada = next(mail for mail in reminded() if mail.to == "ada@example.com")
    assert of_ada.context["quantity"] == 4


def test_who_buys_less_than_a_day_before_is_not_reminded(event: Event, customer: User) -> None:
    bought(event, customer, at=EVENT_START - DAY)

    assert not Reminder.objects.exists()


def test_who_gave_all_tickets_back_is_not_reminded(
    event: Event, customer: User, stranger: User
) -> None:
    bought(event, customer, quantity=2)
    bought(event, stranger)
    for ticket in event.tickets.filter(user=customer):
        cancel_ticket(ticket_id=ticket.pk, by=customer, at=NOW)

    remind(at=EVENT_START - DAY)

    assert reminded_people() == ["eve@example.com"]


def test_a_cancelled_event_reminds_nobody(event: Event, customer: User, manager: User) -> None:
    bought(event, customer)
    cancel_event(event_id=event.pk, by=manager, at=NOW)

    remind(at=EVENT_START - DAY)

    assert reminded() == []


def test_a_moved_event_reminds_of_its_new_time(event: Event, customer: User, manager: User) -> None:
    bought(event, customer)
    later = EVENT_START + timedelta(days=3)
    move_event(
        event_id=event.pk,
        start=later,
        end=later + timedelta(hours=3),
        by=manager,
        at=NOW,
    )
    run_campaign(campaign_id=Campaign.objects.get().pk, at=NOW)

    assert remind(at=EVENT_START - DAY) == 0
    assert remind(at=later - DAY) == 1
    assert reminded()[0].context["starts_at"] == later.isoformat()


def test_the_mail_leads_to_the_tickets(event: Event, customer: User) -> None:
    bought(event, customer)
    remind(at=EVENT_START - DAY)
    mail = reminded()[0]

    message = build(mail)

    assert message.subject == "Soon: Summer concert, Sat 18 July, 20:00"
    assert "Doors:   19:00" in message.text
    assert message.attachments == ()
    assert "List-Unsubscribe" in message.headers


@pytest.mark.parametrize("wants", [True, False])
def test_people_choose(event: Event, make_event: MakeEvent, customer: User, wants: bool) -> None:
    User.objects.filter(pk=customer.pk).update(wants_reminders=wants)
    bought(event, customer)

    remind(at=EVENT_START - DAY)

    assert len(reminded()) == int(wants)
