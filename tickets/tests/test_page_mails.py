"""The mails about tickets, as they are read: words, codes by their CID, paper, invite."""

import email
import re
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default

import pytest
from django.core import mail

from accounts.models import User
from notifications.delivery import deliver
from notifications.models import OutgoingMail
from tests.infrastructure.events import EVENT_START, MakeEvent, buy, pay_order
from tests.infrastructure.mails import invite_of, last_mail
from tests.infrastructure.scanning import codes_in, sheets_of
from tests.infrastructure.world import NOW
from tickets.models import Event, Ticket, TicketOrder
from tickets.services import (
    cancel_event,
    cancel_order,
    cancel_ticket,
    move_event,
    open_campaigns,
    run_campaign,
)


@pytest.fixture
def order(event: Event, customer: User) -> TicketOrder:
    return pay_order(buy(event, customer, 3))


def test_the_mail_shows_every_code_by_its_cid(customer: User, order: TicketOrder) -> None:
    message = last_mail("tickets_purchased")
    codes = [ticket.ticket_code for ticket in order.tickets.order_by("pk")]

    shown = re.findall(r'<img src="cid:([^"]+)"', message.html)
    pictures = {a.inline_cid: a.content for a in message.attachments if a.inline_cid}
    assert [codes_in(pictures[cid]) for cid in shown] == [[code] for code in codes]
    [paper] = [a for a in message.attachments if a.mimetype == "application/pdf"]
    assert [sheet.codes for sheet in sheets_of(paper.content)] == [[code] for code in codes]
    assert "data:" not in message.html


def test_the_mail_as_it_is_sent_carries_them_too(customer: User, order: TicketOrder) -> None:
    row = OutgoingMail.objects.get(kind="tickets_purchased")
    deliver(row.pk, now=lambda: NOW)

    [sent] = mail.outbox
    read = email.message_from_bytes(sent.message().as_bytes(), policy=default)
    assert isinstance(read, EmailMessage)
    parts = {part["Content-ID"]: part for part in read.walk() if part["Content-ID"]}
    html = next(part for part in read.walk() if part.get_content_type() == "text/html")
    shown = re.findall(r'src="cid:([^"]+)"', html.get_content())
    codes = [ticket.ticket_code for ticket in order.tickets.order_by("pk")]
    assert [codes_in(parts[f"<{cid}>"].get_content()) for cid in shown] == [[c] for c in codes]


def test_the_mail_says_what_one_needs(customer: User, order: TicketOrder) -> None:
    message = last_mail("tickets_purchased")

    assert message.subject == "Your tickets: Summer concert, Sat 18 July"
    for said in (
        "Here are your tickets",
        "Summer concert",
        "Sat 18 July, 20:00–23:00 (Berlin)",
        "Old Mill, Berlin",
        "3 × Standard",
        "60.00 USD",
        "until Sat 11 July, 20:00",
        f"/tickets/orders/{order.pk}",
        *(ticket.code_in_groups for ticket in order.tickets.all()),
    ):
        assert said in message.html
    assert message.html.count("See your tickets") == 1


def test_an_online_event_s_mail_keeps_its_address(customer: User, make_event: MakeEvent) -> None:
    event = make_event(
        is_online=True, location="", ticket_price=None, online_url="https://meet.example.com/abc"
    )
    buy(event, customer)

    message = last_mail("tickets_purchased")

    assert "meet.example.com" not in message.html + message.text
    assert "the address is on your tickets&#x27; page" in message.html
    assert "Free of charge" in message.html
    assert "If you give a ticket back" not in message.html


def test_given_back(customer: User, order: TicketOrder) -> None:
    first = order.tickets.earliest("pk")
    cancel_ticket(ticket_id=first.pk, by=customer, at=NOW)
    message = last_mail("tickets_cancelled")
    assert "Your ticket is given back" in message.html
    assert "<strong>20.00 USD</strong> is on its way back to you" in message.html
    assert "2 of your tickets stay valid." in message.html
    assert not message.attachments

    cancel_order(order_id=order.pk, by=customer, at=NOW)
    message = last_mail("tickets_cancelled")
    assert "Your tickets are given back" in message.html
    assert "No ticket of this order is valid any more." in message.html
    assert invite_of(message)[1] == "CANCEL"


def test_the_event_moved_and_cancelled(
    customer: User, manager: User, event: Event, order: TicketOrder
) -> None:
    later = EVENT_START + timedelta(days=1)
    move_event(
        event_id=event.pk,
        start=later,
        end=later + timedelta(hours=2),
        by=manager,
        at=NOW,
        reason="The band is late.",
    )
    for campaign_id in open_campaigns():
        run_campaign(campaign_id=campaign_id, at=NOW)
    message = last_mail("event_moved")
    for said in (
        "This event has a new time",
        "Sun 19 July, 20:00–22:00 (Berlin)",
        "<s>Sat 18 July, 20:00–23:00 (Berlin)</s>",
        "The band is late.",
        "until <strong>Thu 9 July, 10:00</strong> and get everything back",
    ):
        assert said in message.html

    cancel_event(event_id=event.pk, by=manager, at=NOW, reason="The band is lost.")
    for campaign_id in open_campaigns():
        run_campaign(campaign_id=campaign_id, at=NOW)
    message = last_mail("event_cancelled")
    assert "This event does not take place" in message.html
    assert "The band is lost." in message.html
    assert "<strong>60.00 USD</strong> is on its way back to you" in message.html
    assert invite_of(message)[1] == "CANCEL"


def test_the_event_s_staff_are_told(customer: User, make_event: MakeEvent) -> None:
    event = make_event(staff_email="door@example.com")
    buy(event, customer, 2)
    pay_order(TicketOrder.objects.get())

    message = last_mail("staff_tickets_sold")

    assert "<strong>Ada Lovelace</strong> (ada@example.com)" in message.html
    assert "2 × Standard, 40.00 USD" in message.html
    assert "/admin/tickets/ticketorder/" in message.html


def test_no_code_stands_in_a_subject(customer: User, order: TicketOrder) -> None:
    subject = last_mail("tickets_purchased").subject

    assert not any(ticket.ticket_code in subject for ticket in Ticket.objects.all())
