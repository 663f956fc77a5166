"""The button of an event's page: what it does, and what is said when it is refused."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from notifications.models import OutgoingMail
from notifications.paragraphs import code_in
from payments.models import Payment
from tests.infrastructure.api import nothing_changes
from tests.infrastructure.events import MakeEvent, MakeTier, buy
from tests.infrastructure.pages import MakeVisitor, Page, Visitor
from tests.infrastructure.world import NOW, MakeUser
from tickets.models import Event, Ticket, TicketOrder, Tier
from tickets.states import EventStatus

PAY_20 = "Hold and pay 20.00 USD"
KEY = "6b3f6a57-5b13-4fd0-9d75-0c0f9e1f0b11"


def look(visitor: Visitor, event: Event, **chosen: object) -> Page:
    return visitor.get(f"/events/{event.pk}", **chosen)


def sent(**fields: str) -> dict[str, str]:
    """What the page's form sends."""
    known = {
        "ticket_type": "standard",
        "quantity": "1",
        "expected_amount": "20.00",
        "idempotency_key": KEY,
    }
    return known | fields


def test_the_button_holds_the_places_and_leads_to_the_payment(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    visitor = visit(customer)

    answer = visitor.send(look(visitor, event, quantity=2), "Hold and pay 40.00 USD")

    order = TicketOrder.objects.get()
    assert order.payment is not None
    assert (answer.status, answer.location) == (303, f"/pay/{order.payment.token}")
    assert (order.user, order.event, order.quantity, order.amount) == (
        customer,
        event,
        2,
        Decimal(40),
    )
    assert order.is_pending
    assert not Ticket.objects.exists()
    assert visitor.follow(answer).h1 == "Pay 40.00 USD"


def test_free_tickets_are_there_at_once(
    visit: MakeVisitor, customer: User, make_event: MakeEvent
) -> None:
    event = make_event(ticket_price=None)
    visitor = visit(customer)
    page = look(visitor, event)
    assert "If you give a ticket back" not in page.text
    assert page.forms_with("Get the free ticket")

    answer = visitor.send(look(visitor, event, quantity=2), "Get 2 free tickets")

    order = TicketOrder.objects.get()
    assert (answer.status, answer.location) == (303, f"/tickets/orders/{order.pk}")
    assert visitor.follow(answer).h1 == "Here are your tickets"


def test_a_double_click_is_one_purchase(visit: MakeVisitor, customer: User, event: Event) -> None:
    visitor = visit(customer)
    page = look(visitor, event)

    first, second = (visitor.send(page, PAY_20) for _ in range(2))

    assert first.location == second.location
    assert TicketOrder.objects.count() == Payment.objects.count() == 1
    keys = {look(visitor, event).form(PAY_20).fields["idempotency_key"] for _ in range(2)}
    assert len(keys) == 2


def test_who_is_not_signed_in_comes_back_with_the_choice(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    visitor = visit()
    page = look(visitor, event, quantity=3)
    assert "3 × Standard 60.00 USD" in page.text
    back = f"%2Fevents%2F{event.pk}%3Ftype%3Dstandard%26quantity%3D3"
    assert page.href("Sign in to buy") == f"/accounts/login/?next={back}"
    assert page.href("Create an account") == f"/accounts/signup/?next={back}"

    visitor.get("/accounts/login/")
    with nothing_changes():
        answer = visitor.post(f"/events/{event.pk}", **sent(quantity="3", expected_amount="60.00"))
    assert answer.location.startswith(f"/accounts/login/?next=/events/{event.pk}%3Ftype%3D")
    asked = visitor.follow(answer)
    answer = visitor.send(asked, "Sign in", login=customer.email, password="correct horse battery")
    assert answer.location == f"/events/{event.pk}?type=standard&quantity=3"
    assert visitor.follow(answer).forms_with("Hold and pay 60.00 USD")


def test_an_unproved_address_is_proved_first(
    visit: MakeVisitor, make_user: MakeUser, event: Event
) -> None:
    visitor = visit(make_user("new@example.com", verified=False))

    answer = visitor.send(look(visitor, event, quantity=2), "Hold and pay 40.00 USD")

    assert not TicketOrder.objects.exists()
    assert answer.location.startswith("/accounts/confirm-email/?next=%2Fevents%2F")
    code = code_in(OutgoingMail.objects.get().context["text"])
    asked = visitor.follow(answer)
    [button] = [button for form in asked.forms for button in form.buttons if "onfirm" in button]
    answer = visitor.send(asked, button, code=code)
    assert answer.location == f"/events/{event.pk}?type=standard&quantity=2"


def test_without_the_token_against_forgery_nothing_happens(customer: User, event: Event) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(customer, "django.contrib.auth.backends.ModelBackend")

    with nothing_changes():
        assert client.post(f"/events/{event.pk}", sent()).status_code == 403


# --- Refusals -------------------------------------------------------------------------------


def refused(answer: Page, status: int, title: str) -> None:
    """It was told in the box, on the event's own page."""
    assert (answer.status, answer.h1) == (status, "Summer concert")
    assert title in answer.text
    assert answer.title.startswith(title)


def test_the_last_ones_gone_says_so(visit: MakeVisitor, customer: User, event: Event) -> None:
    visitor = visit(customer)
    page = look(visitor, event)
    Event.objects.update(current_participants=100)

    with nothing_changes():
        answer = visitor.send(page, PAY_20)

    refused(answer, 409, "Sold out")
    assert answer.href("See all events") == "/events"
    assert "This event is sold out." in answer.text


def test_too_few_left_offers_what_is_left(visit: MakeVisitor, customer: User, event: Event) -> None:
    visitor = visit(customer)
    page = look(visitor, event, quantity=5)
    Event.objects.update(current_participants=98)

    with nothing_changes():
        answer = visitor.send(page, "Hold and pay 100.00 USD")

    refused(answer, 409, "There aren't so many left")
    assert "Only 2 places are left." in answer.text
    assert visitor.send(answer, "Hold and pay 40.00 USD").location.startswith("/pay/")


def test_another_price_than_the_one_shown_is_asked_again(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    visitor = visit(customer)
    page = look(visitor, event)
    Event.objects.update(ticket_price=Decimal(30))

    with nothing_changes():
        answer = visitor.send(page, PAY_20)

    refused(answer, 409, "The price has just changed")
    assert visitor.send(answer, "Hold and pay 30.00 USD").location.startswith("/pay/")


@pytest.mark.parametrize(
    "change",
    [
        {"status": EventStatus.CANCELLED},
        {"end_date": NOW, "start_date": NOW - timedelta(hours=3)},
    ],
)
def test_an_event_that_went_off_sale(
    visit: MakeVisitor, customer: User, event: Event, change: dict[str, object]
) -> None:
    visitor = visit(customer)
    page = look(visitor, event)
    Event.objects.update(**change)

    with nothing_changes():
        refused(visitor.send(page, PAY_20), 409, "These tickets can't be bought now")


def test_a_tier_s_window_that_closed(
    visit: MakeVisitor, customer: User, event: Event, make_tier: MakeTier
) -> None:
    make_tier(event, "early_bird", price=Decimal(15))
    make_tier(event, "standard", price=Decimal(25))
    visitor = visit(customer)
    page = look(visitor, event, type="early_bird")
    Tier.objects.filter(ticket_type="early_bird").update(sales_end=NOW)

    with nothing_changes():
        answer = visitor.send(page, "Hold and pay 15.00 USD")

    refused(answer, 409, "These tickets can't be bought now")
    assert "Early bird tickets are no longer sold." in answer.text


@pytest.mark.parametrize(
    "fields",
    [{"quantity": "11", "expected_amount": "220.00"}, {"ticket_type": "vip"}],
    ids=["too-many", "not-offered"],
)
def test_what_can_not_be_ordered(
    visit: MakeVisitor, customer: User, event: Event, fields: dict[str, str]
) -> None:
    visitor = visit(customer)
    look(visitor, event)

    with nothing_changes():
        answer = visitor.post(f"/events/{event.pk}", **sent(**fields))

    refused(answer, 400, "That can't be bought like this")


@pytest.mark.parametrize(
    "fields",
    [
        {"idempotency_key": "again and again"},
        {"quantity": "none"},
        {"ticket_type": "gold"},
        {"expected_amount": ""},
    ],
)
def test_a_form_that_makes_no_sense_is_shown_afresh(
    visit: MakeVisitor, customer: User, event: Event, fields: dict[str, str]
) -> None:
    visitor = visit(customer)
    look(visitor, event)

    with nothing_changes():
        answer = visitor.post(f"/events/{event.pk}", **sent(**fields))

    refused(answer, 400, "Please look at it once more")
    assert answer.forms_with(PAY_20)


def test_too_many_holds_names_them(
    visit: MakeVisitor, customer: User, event: Event, make_event: MakeEvent, settings: Settings
) -> None:
    settings.MAX_OPEN_HOLDS = 1
    held = buy(make_event(name="Garden party"), customer)
    visitor = visit(customer)

    with nothing_changes():
        answer = visitor.send(look(visitor, event), PAY_20)

    refused(answer, 409, "You are holding several places already")
    assert answer.href("Garden party: held until 10:15 (Berlin)") == f"/tickets/orders/{held.pk}"
    assert answer.href("Times that you hold") == "/bookings?tab=pending"


def test_many_holds_in_an_hour_wait(
    visit: MakeVisitor, customer: User, event: Event, settings: Settings
) -> None:
    settings.MAX_HOLDS_PER_HOUR = 0
    visitor = visit(customer)

    with nothing_changes():
        answer = visitor.send(look(visitor, event), PAY_20)

    refused(answer, 429, "That was a lot in a short time")
    assert answer.response["Retry-After"] == "3600"
    assert answer.forms_with(PAY_20)


def test_a_lapsed_hold_of_somebody_gives_its_place_to_the_next(
    visit: MakeVisitor, customer: User, stranger: User, make_event: MakeEvent
) -> None:
    event = make_event(max_participants=2)
    buy(event, stranger, 1, at=NOW - timedelta(minutes=16))
    visitor = visit(customer)
    look(visitor, event)

    answer = visitor.post(f"/events/{event.pk}", **sent(quantity="2", expected_amount="40.00"))

    assert answer.location.startswith("/pay/")
