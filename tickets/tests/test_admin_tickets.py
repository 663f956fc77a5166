"""Orders and tickets on staff pages: found, looked at, taken back after the amount was seen."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import User
from notifications.models import OutgoingMail
from payments.models import Payment, Refund
from tests.infrastructure.events import MakeEvent, buy, pay_order
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.staff import answer, cost, post, tick
from tests.infrastructure.world import NOW, MakeUser
from tickets.models import Event, Ticket, TicketOrder
from tickets.services import cancel_ticket
from tickets.states import OrderStatus, TicketStatus

ORDERS = "/admin/tickets/ticketorder/"
TICKETS = "/admin/tickets/ticket/"
# Five days before the start: by the policy half comes back.
AT_HALF = {"start_date": NOW + timedelta(days=5)}


def order_page(order: TicketOrder, deed: str = "change") -> str:
    return f"{ORDERS}{order.pk}/{deed}/"


def ticket_page(ticket: Ticket, deed: str = "change") -> str:
    return f"{TICKETS}{ticket.pk}/{deed}/"


def everything() -> list[object]:
    """All that a click on a staff page could have written."""
    models = (Event, TicketOrder, Ticket, Payment, Refund, OutgoingMail)
    return [list(model._default_manager.order_by("pk").values()) for model in models]


# --- Who may open what -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"),
    [("customer", 302), ("scanner", 403), ("front_desk", 200), ("manager", 200)],
)
def test_who_sees_orders_and_tickets(
    request: pytest.FixtureRequest,
    visit: MakeVisitor,
    event: Event,
    stranger: User,
    who: str,
    status: int,
) -> None:
    order = pay_order(buy(event, stranger))
    visitor = visit(request.getfixturevalue(who))

    for address in (ORDERS, TICKETS, order_page(order), ticket_page(order.tickets.get())):
        assert visitor.get(address).status == status, address


def test_nobody_writes_an_order_or_a_ticket_by_hand(
    visit: MakeVisitor, event: Event, customer: User, make_user: MakeUser
) -> None:
    order = pay_order(buy(event, customer))
    root = visit(make_user("root@example.com", is_staff=True, is_superuser=True))
    before = everything()

    for page in (order_page(order), ticket_page(order.tickets.get())):
        assert root.get(page).forms_with("Save") == []
        assert root.post(page, status="used", price_paid="0").status == 403
        assert root.get(page.replace("change", "delete")).status == 403
    for page in (ORDERS, TICKETS):
        assert root.get(f"{page}add/").status == 403
        tick(root, page, "delete_selected", [order.pk], post="yes")
    assert everything() == before


def test_the_scanner_takes_nothing_back(
    visit: MakeVisitor, event: Event, customer: User, scanner: User
) -> None:
    order = pay_order(buy(event, customer))
    visitor = visit(scanner)
    before = everything()

    for page in (
        order_page(order, "take_all_back"),
        ticket_page(order.tickets.get(), "take_one_back"),
    ):
        assert visitor.get(page).status == 403
        assert visitor.post(page, answer="yes", reason="").status == 403
    assert everything() == before


def test_a_forged_post_does_nothing(
    visit: MakeVisitor, event: Event, customer: User, manager: User
) -> None:
    order = pay_order(buy(event, customer))
    before = everything()

    page = order_page(order, "take_all_back")
    answered = visit(manager).client.post(page, {"answer": "yes", "refund": "full"})

    assert answered.status_code == 403
    assert everything() == before


# --- Taking back ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "refunds", "status"),
    [
        ("full", [Decimal(60)], TicketStatus.REFUNDED),
        ("policy", [Decimal(30)], TicketStatus.REFUNDED),
        ("none", [], TicketStatus.CANCELLED),
    ],
)
def test_a_manager_takes_an_order_back_and_chooses_what_comes_back(
    visit: MakeVisitor,
    make_event: MakeEvent,
    customer: User,
    manager: User,
    choice: str,
    refunds: list[Decimal],
    status: str,
) -> None:
    event = make_event(**AT_HALF)
    order = pay_order(buy(event, customer, 3))
    visitor = visit(manager)

    question = visitor.get(order_page(order, "take_all_back"))

    for words in ("Everything: 60.00 USD", "What the policy says: 30.00 USD", "Nothing"):
        assert words in question.text
    done = answer(visitor, question, "Take back", refund=choice, reason="Hall too small")
    assert "Ada Lovelace: taken back." in done.text
    assert "Hall too small" in done.text
    assert [refund.amount for refund in Refund.objects.all()] == refunds
    assert set(Ticket.objects.values_list("status", flat=True)) == {status}
    event.refresh_from_db()
    assert event.current_participants == 0
    assert OutgoingMail.objects.filter(kind="tickets_cancelled").count() == 1


def test_the_front_desk_refunds_by_the_policy_whatever_it_sends(
    visit: MakeVisitor, make_event: MakeEvent, customer: User, front_desk: User
) -> None:
    order = pay_order(buy(make_event(**AT_HALF), customer, 2))
    ticket = order.tickets.earliest("pk")
    visitor = visit(front_desk)

    question = visitor.get(ticket_page(ticket, "take_one_back"))

    assert "By the policy 10.00 USD (50 %) come back." in question.text
    assert "Everything" not in question.text
    answer(visitor, question, "Take back", refund="full")
    assert [refund.amount for refund in Refund.objects.all()] == [Decimal(10)]
    assert order.tickets.live().count() == 1


def test_nothing_is_done_when_the_amount_has_changed_since_it_was_seen(
    visit: MakeVisitor, event: Event, customer: User, manager: User
) -> None:
    order = pay_order(buy(event, customer, 2))
    visitor = visit(manager)
    question = visitor.get(order_page(order, "take_all_back"))
    # Meanwhile the customer gives one back.
    cancel_ticket(ticket_id=order.tickets.earliest("pk").pk, by=customer, at=NOW)
    before = everything()

    done = answer(visitor, question, "Take back", refund="full")

    assert "has changed meanwhile" in done.text
    assert everything() == before


@pytest.mark.parametrize("shown", ["nonsense", "[]", '{"1": 5}', '{"1": {"policy": "much"}}'])
def test_amounts_that_are_none_are_refused(
    visit: MakeVisitor, event: Event, customer: User, manager: User, shown: str
) -> None:
    order = pay_order(buy(event, customer))
    visitor = visit(manager)
    question = visitor.get(order_page(order, "take_all_back"))
    before = everything()

    answer(visitor, question, "Take back", refund="full", shown=shown)

    assert everything() == before


def test_tickets_of_several_orders_are_taken_back_order_by_order(
    visit: MakeVisitor, event: Event, customer: User, stranger: User, manager: User
) -> None:
    first, second = pay_order(buy(event, customer, 2)), pay_order(buy(event, stranger))
    dead = first.tickets.latest("pk")
    cancel_ticket(ticket_id=dead.pk, by=customer, at=NOW)
    pks = list(Ticket.objects.values_list("pk", flat=True))
    visitor = visit(manager)

    question = tick(visitor, TICKETS, "take_back_selected", pks)

    assert f"These can't be taken back: Ticket {dead.pk} is refunded." in question.text
    done = answer(visitor, question, "Take back", refund="full")
    assert "Done for 1." in done.text
    assert f"Order {first.pk}: This ticket is refunded" in done.text
    assert first.tickets.live().count() == 1
    second.refresh_from_db()
    assert second.status == OrderStatus.REFUNDED


@pytest.mark.parametrize(
    ("status", "price", "is_offered"),
    [
        (TicketStatus.ACTIVE, 20, True),
        (TicketStatus.ACTIVE, 0, True),
        (TicketStatus.USED, 20, True),
        (TicketStatus.USED, 0, False),
        (TicketStatus.CANCELLED, 20, True),
        (TicketStatus.CANCELLED, 0, False),
        (TicketStatus.EXPIRED, 20, False),
        (TicketStatus.REFUNDED, 20, False),
    ],
)
def test_the_button_offers_what_the_service_would_do(
    visit: MakeVisitor,
    make_event: MakeEvent,
    customer: User,
    manager: User,
    status: str,
    price: int,
    is_offered: bool,
) -> None:
    event = make_event(ticket_price=Decimal(price))
    order = buy(event, customer)
    if price:
        pay_order(order)
    ticket = order.tickets.get()
    Ticket.objects.filter(pk=ticket.pk).update(status=status)
    visitor = visit(manager)

    page = visitor.get(ticket_page(ticket))
    post(
        visitor,
        ticket_page(ticket, "take_one_back"),
        {"answer": "yes", "reason": "", "refund": "full", "shown": ""},
    )

    assert any(words.endswith("Take back") for words, _ in page.links) == is_offered
    ticket.refresh_from_db()
    assert (ticket.status != status) == is_offered


def test_a_ticket_past_its_time_reads_as_expired_and_stays(
    visit: MakeVisitor, make_event: MakeEvent, customer: User, manager: User
) -> None:
    event = make_event(start_date=NOW - timedelta(hours=5))
    order = pay_order(buy(event, customer, at=NOW - timedelta(days=1)), at=NOW - timedelta(days=1))
    ticket = order.tickets.get()
    visitor = visit(manager)
    before = everything()

    assert "Expired" in visitor.get(ticket_page(ticket)).text
    assert "Ada Lovelace" in visitor.get(TICKETS, status="expired").text
    assert "Ada Lovelace" not in visitor.get(TICKETS, status="active").text
    post(visitor, ticket_page(ticket, "take_one_back"), {"answer": "yes", "refund": "full"})
    assert everything() == before


def test_an_order_without_valid_tickets_has_nothing_to_take_back(
    visit: MakeVisitor, event: Event, customer: User, manager: User
) -> None:
    order = buy(event, customer)
    visitor = visit(manager)
    before = everything()

    page = visitor.get(order_page(order))
    done = visitor.follow(visitor.get(order_page(order, "take_all_back")))

    assert not any(words.endswith("Take tickets back") for words, _ in page.links)
    assert "No ticket of this order is valid any more." in done.text
    assert everything() == before


# --- Looking -------------------------------------------------------------------------------------


def test_an_order_tells_its_story(
    visit: MakeVisitor, event: Event, customer: User, front_desk: User
) -> None:
    order = pay_order(buy(event, customer, 2))
    [first, second] = order.tickets.order_by("pk")
    cancel_ticket(ticket_id=first.pk, by=customer, at=NOW + timedelta(hours=1))

    page = visit(front_desk).get(order_page(order))

    for words in (
        "2 × Standard ordered",
        "Paid",
        first.code_in_groups,
        second.code_in_groups,
        "20.00 USD",
        "Tickets purchased",
        "Tickets cancelled",
        "until Sat 11 July, 20:00: 20.00 USD (100 %)",
    ):
        assert words in page.text, words
    assert order.payment is not None
    assert page.href(f"Payment {order.payment.pk}").endswith(f"/{order.payment.pk}/change/")


@pytest.mark.parametrize(
    "search",
    ["ada@", "lovelace", "#{pk}", "Ticket {pk}", "{code}", "{grouped}", "{lower}"],
)
def test_a_ticket_is_found(
    visit: MakeVisitor,
    event: Event,
    customer: User,
    stranger: User,
    front_desk: User,
    search: str,
) -> None:
    ticket = pay_order(buy(event, customer)).tickets.get()
    pay_order(buy(event, stranger))
    code = ticket.ticket_code
    term = search.format(pk=ticket.pk, code=code, grouped=ticket.code_in_groups, lower=code.lower())

    page = visit(front_desk).get(TICKETS, q=term)

    assert "Ada Lovelace" in page.text
    assert "Eve Stranger" not in page.text


def test_the_list_of_one_event(
    visit: MakeVisitor, event: Event, make_event: MakeEvent, customer: User, front_desk: User
) -> None:
    pay_order(buy(event, customer))
    other = make_event(name="Other evening")
    ticket = pay_order(buy(other, customer)).tickets.get()
    visitor = visit(front_desk)

    page = visitor.follow(visitor.get(f"/admin/events/{other.pk}/tickets", q="ada"))

    assert page.path == TICKETS
    assert "Only tickets for Other evening ." in page.text
    assert ticket.code_in_groups in page.text
    assert "Summer concert" not in page.text
    assert ("Valid", f"?event={other.pk}&status=active") in page.links
    assert page.href("CSV") == f"{TICKETS}export/csv/?q=ada&event={other.pk}"
    for gone in ("/admin/events/999/tickets", "/admin/events/999/tickets/"):
        assert "Ada" not in visitor.follow(visitor.get(gone)).text


def test_lists_and_pages_cost_the_same_with_many_rows(
    visit: MakeVisitor, event: Event, make_user: MakeUser, customer: User, manager: User
) -> None:
    visitor = visit(manager)
    order = pay_order(buy(event, customer))

    def fill(number: int) -> None:
        for _ in range(number):
            buyer = make_user(f"person{User.objects.count()}@example.com")
            pay_order(buy(event, buyer))

    pages = (
        ORDERS,
        TICKETS,
        f"{TICKETS}?event={event.pk}",
        order_page(order),
        ticket_page(order.tickets.get()),
    )
    fill(1)
    for page in pages:
        # Kinds of rows are looked up once in a process.
        cost(visitor, page)
    one = [cost(visitor, page) for page in pages]
    fill(29)

    assert [cost(visitor, page) for page in pages] == one
    assert max(one) <= 26


@pytest.mark.parametrize(
    "path",
    [
        f"{TICKETS}?event=99999999999999999999&status=x&door=y&ticket_type=z",
        f"{TICKETS}?event=nonsense&q=%00%27%22%25",
        f"{TICKETS}?q=99999999999999999999",
        f"{TICKETS}?user__id__exact=99999999999999999999",
        f"{TICKETS}nonsense/take_one_back/",
        f"{TICKETS}99999999999999999999/change/",
        f"{ORDERS}?event=0&status=x",
        f"{ORDERS}999999/take_all_back/",
        f"{ORDERS}?q=order%2099999999999999999999",
        "/admin/events/99999999999999999999/tickets",
    ],
)
def test_nonsense_in_an_address_is_no_fault_of_ours(
    visit: MakeVisitor, event: Event, customer: User, manager: User, path: str
) -> None:
    pay_order(buy(event, customer))
    visitor = visit(manager)

    assert visitor.follow(visitor.get_address(path)).status in {200, 404}
