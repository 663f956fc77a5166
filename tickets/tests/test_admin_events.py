"""Events on staff pages: made, published, moved, copied, cancelled; by services, in words."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from notifications.models import OutgoingMail
from payments.models import Payment, Refund
from tests.infrastructure.events import EVENT_END, EVENT_START, MakeEvent, MakeTier, buy, pay_order
from tests.infrastructure.pages import MakeVisitor, Page
from tests.infrastructure.staff import answer, cost, post, tick
from tests.infrastructure.world import NOW, MakeUser
from tickets.models import Campaign, Event, EventChange, Ticket, TicketOrder, Tier
from tickets.services import cancel_event, complete_past, publish_event, run_campaign
from tickets.states import EventStatus

LIST = "/admin/tickets/event/"
ADD = f"{LIST}add/"


def page_of(event: Event, deed: str = "change") -> str:
    return f"{LIST}{event.pk}/{deed}/"


def everything() -> list[object]:
    """All that a click on a staff page could have written."""
    models = (Event, Tier, EventChange, Campaign, TicketOrder, Ticket, Payment, Refund)
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def concert(**fields: object) -> dict[str, object]:
    """The form of a new event, filled in."""
    return {
        "name": "Winter concert",
        "event_type": "other",
        "description": "Four strings",
        "image_url": "",
        "timezone": "Europe/Berlin",
        "starts": "2026-12-05T20:00",
        "ends": "2026-12-05T22:30",
        "location": "Old Mill, Berlin",
        "online_url": "",
        "max_participants": "50",
        "ticket_price": "",
        "entry_mode": "",
        "doors_open_minutes": "60",
        "staff_email": "",
        **fields,
    }


def filled(page: Page) -> dict[str, object]:
    """The form of an event that is there, as it stands; what is chosen from lists is told here."""
    boxes = [box for box in page.tags("input", "type") if box["type"] == "checkbox"]
    ticked = {box.get("name", ""): "on" for box in boxes if "checked" in box}
    unticked = {box.get("name", "") for box in boxes} - set(ticked)
    fields = {k: v for k, v in page.form("Save").fields.items() if k not in unticked}
    return {"event_type": "other", "entry_mode": "single", **fields, **ticked}


# --- Who may ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"),
    [("customer", 302), ("scanner", 403), ("front_desk", 200), ("manager", 200)],
)
def test_who_sees_events(
    request: pytest.FixtureRequest, visit: MakeVisitor, event: Event, who: str, status: int
) -> None:
    user: User = request.getfixturevalue(who)
    visitor = visit(user)

    for address in (LIST, page_of(event), page_of(event, "statistics"), page_of(event, "progress")):
        assert visitor.get(address).status == status, address


@pytest.mark.parametrize("deed", ["publish", "move", "duplicate", "cancel", "delete"])
def test_the_front_desk_looks_and_changes_nothing(
    visit: MakeVisitor, make_event: MakeEvent, front_desk: User, deed: str
) -> None:
    event = make_event(status=EventStatus.DRAFT)
    visitor = visit(front_desk)
    before = everything()

    page = visitor.get(page_of(event))

    assert page.forms_with("Save") == []
    assert visitor.get(page_of(event, deed)).status == 403
    assert visitor.post(page_of(event, deed), answer="yes", name="x", starts="").status == 403
    assert visitor.post(page_of(event), name="Mine now").status == 403
    assert visitor.get(ADD).status == 403
    assert visitor.post(ADD, **{key: str(value) for key, value in concert().items()}).status == 403
    tick(visitor, LIST, "delete_chosen", [event.pk], answer="yes")
    assert everything() == before


def test_a_forged_post_does_nothing(visit: MakeVisitor, event: Event, manager: User) -> None:
    visitor = visit(manager)
    before = everything()

    answered = visitor.client.post(page_of(event, "cancel"), {"answer": "yes"})

    assert answered.status_code == 403
    assert everything() == before


# --- Making and changing -------------------------------------------------------------------------


def test_a_manager_makes_an_event_with_tiers(visit: MakeVisitor, manager: User) -> None:
    fields = concert(
        vip_offered="on",
        vip_name="Front row",
        vip_price="60",
        vip_quota="10",
        early_bird_offered="on",
        early_bird_price="20.00",
        early_bird_sales_end="2026-11-01T00:00",
    )

    page = post(visit(manager), ADD, fields)

    event = Event.objects.get()
    assert page.status == 200
    assert (event.name, event.status, event.max_participants) == ("Winter concert", "draft", 50)
    # By Berlin's clock, which is an hour ahead in winter.
    assert event.start_date == datetime(2026, 12, 5, 19, 0, tzinfo=UTC)
    assert event.end_date == datetime(2026, 12, 5, 21, 30, tzinfo=UTC)
    offered = {tier.ticket_type: tier for tier in event.tiers.all()}
    assert set(offered) == {"vip", "early_bird"}
    assert (offered["vip"].price, offered["vip"].quota) == (Decimal(60), 10)
    assert offered["early_bird"].sales_end == datetime(2026, 10, 31, 23, 0, tzinfo=UTC)


def test_a_long_event_lets_in_and_out_unless_it_is_said_otherwise(
    visit: MakeVisitor, manager: User
) -> None:
    visitor = visit(manager)

    post(visitor, ADD, concert(ends="2026-12-07T18:00"))
    post(visitor, ADD, concert(ends="2026-12-07T18:00", entry_mode="single"))

    assert list(Event.objects.order_by("pk").values_list("entry_mode", flat=True)) == [
        "multi",
        "single",
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ends": "2026-12-05T19:00"}, "The end must lie after the start."),
        ({"starts": ""}, "This field is required."),
        ({"starts": "tomorrow"}, "Please enter a day and an hour."),
        ({"starts": "0001-01-01T00:00"}, "Please enter a day up to the year 2100."),
        ({"starts": "2027-03-28T02:30"}, "that hour isn't there"),
        ({"timezone": "Mars/Base"}, "Select a valid choice"),
        ({"ticket_price": "0.10"}, "The least that can be charged is"),
        ({"ticket_price": "-1"}, "greater than or equal to 0"),
        ({"max_participants": "0"}, "greater than or equal to 1"),
        ({"online_url": "javascript:alert(1)"}, "Enter a valid URL."),
        ({"image_url": "javascript:alert(1)"}, "begins with https://"),
        ({"vip_offered": "on"}, "Please enter a price; 0 is free."),
        ({"vip_offered": "on", "vip_price": "0.10"}, "The least that can be charged is"),
        (
            {"group_offered": "on", "group_price": "5", "group_min_per_order": "11"},
            "'At least' must lie between 1 and 'at most'.",
        ),
        (
            {
                "vip_offered": "on",
                "vip_price": "5",
                "vip_sales_start": "2026-11-02T00:00",
                "vip_sales_end": "2026-11-01T00:00",
            },
            "The sale must end after it starts.",
        ),
        (
            {"refund_policy_hours_0": "24", "refund_policy_percent_0": "101"},
            "per cent are a whole number from 0 to 100",
        ),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    visit: MakeVisitor, manager: User, fields: dict[str, object], words: str
) -> None:
    page = post(visit(manager), ADD, concert(**fields))

    assert page.status == 200
    assert words.lower() in page.text.lower()
    assert not Event.objects.exists()


def test_saving_writes_what_was_changed_and_no_counter(
    visit: MakeVisitor, event: Event, make_tier: MakeTier, customer: User, manager: User
) -> None:
    make_tier(event, quota=20)
    visitor = visit(manager)
    page = visitor.get(page_of(event))
    # Meanwhile somebody buys.
    order = buy(event, customer, 3)

    fields = filled(page) | {
        "name": "Late concert",
        "current_participants": "99",
        "held": "99",
        "status": "draft",
        "start_date": "2030-01-01",
        "standard_price": "25",
    }
    done = post(visitor, page_of(event), fields)

    assert done.status == 200
    event.refresh_from_db()
    tier = event.tiers.get()
    assert (event.name, event.held, event.current_participants) == ("Late concert", 3, 0)
    assert (event.status, event.start_date) == (EventStatus.PUBLISHED, EVENT_START)
    assert (tier.price, tier.held, tier.quota) == (Decimal(25), 3, 20)
    assert order.amount == Decimal(60)


def test_saving_without_a_change_changes_nothing(
    visit: MakeVisitor, event: Event, make_tier: MakeTier, manager: User
) -> None:
    make_tier(event, sales_end=EVENT_START - timedelta(days=1))
    visitor = visit(manager)
    before = list(Tier.objects.values()), list(EventChange.objects.values())

    post(visitor, page_of(event), filled(visitor.get(page_of(event))))

    after = Event.objects.get()
    assert (list(Tier.objects.values()), list(EventChange.objects.values())) == before
    assert (after.start_date, after.end_date, after.sequence) == (EVENT_START, EVENT_END, 0)


def test_an_old_page_does_not_put_back_what_others_have_changed(
    visit: MakeVisitor, event: Event, make_tier: MakeTier, manager: User
) -> None:
    """Two tabs: all of the form is sent, the price that the other has changed too."""
    make_tier(event, quota=20)
    visitor = visit(manager)
    old = filled(visitor.get(page_of(event)))
    post(visitor, page_of(event), old | {"standard_price": "30"})

    before = everything()

    refused = post(visitor, page_of(event), old | {"standard_quota": "10"})

    assert everything() == before
    assert "Somebody else has changed this event since you opened this page." in refused.text
    assert event.tiers.get().price == Decimal(30)
    again = filled(visitor.get(page_of(event)))
    post(visitor, page_of(event), again | {"standard_quota": "10"})
    assert (event.tiers.get().price, event.tiers.get().quota) == (Decimal(30), 10)


def test_fewer_places_than_sold_are_refused_at_the_field(
    visit: MakeVisitor, event: Event, make_tier: MakeTier, customer: User, manager: User
) -> None:
    make_tier(event, quota=20)
    buy(event, customer, 3)
    visitor = visit(manager)
    before = everything()
    fields = filled(visitor.get(page_of(event)))

    places = post(visitor, page_of(event), fields | {"max_participants": "2"})
    quota = post(visitor, page_of(event), fields | {"standard_quota": "2"})

    assert "3 places are sold or held; there can't be fewer." in places.text
    assert "3 Standard tickets are sold or held; the quota can't be less." in quota.text
    assert everything() == before


def test_a_kind_that_was_sold_is_no_longer_offered_and_stays(
    visit: MakeVisitor, event: Event, make_tier: MakeTier, customer: User, manager: User
) -> None:
    make_tier(event)
    make_tier(event, "vip", price=Decimal(50))
    buy(event, customer, ticket_type="vip")
    visitor = visit(manager)
    fields = filled(visitor.get(page_of(event)))
    del fields["vip_offered"]

    page = post(visitor, page_of(event), fields)

    assert page.status == 200
    assert Event.objects.get().tiers.get(ticket_type="vip").is_active is False
    assert "(no longer offered)" in visitor.get(page_of(event)).text


def test_a_draft_moves_by_its_form_in_its_own_zone(
    visit: MakeVisitor, make_event: MakeEvent, manager: User
) -> None:
    event = make_event(status=EventStatus.DRAFT)
    visitor = visit(manager)
    page = visitor.get(page_of(event))
    assert filled(page)["starts"] == "2026-07-18T20:00"

    fields = filled(page) | {"timezone": "America/New_York"}
    post(visitor, page_of(event), fields)

    event.refresh_from_db()
    # The same clock says another moment there.
    assert event.start_date == datetime(2026, 7, 19, 0, 0, tzinfo=UTC)
    assert event.timezone == "America/New_York"


@pytest.mark.parametrize("end", [cancel_event, None])
def test_what_is_closed_stays_as_it_was(
    visit: MakeVisitor, event: Event, manager: User, end: Callable[..., Any] | None
) -> None:
    if end is not None:
        end(event_id=event.pk, by=manager, at=NOW)
    else:
        complete_past(at=EVENT_END)
    visitor = visit(manager)
    before = everything()

    page = visitor.get(page_of(event))

    assert page.status == 200
    assert page.forms_with("Save") == []
    for gone in ("Publish", "Move", "Cancel event"):
        assert not any(words.endswith(gone) for words, _ in page.links), gone
    assert visitor.post(page_of(event), name="Mine now").status == 403
    for deed in ("publish", "cancel"):
        post(visitor, page_of(event, deed), {"answer": "yes", "reason": ""})
    assert everything() == before


# --- Deeds ---------------------------------------------------------------------------------------


def test_a_manager_publishes(visit: MakeVisitor, make_event: MakeEvent, manager: User) -> None:
    event = make_event(status=EventStatus.DRAFT)
    visitor = visit(manager)

    question = visitor.get(page_of(event, "publish"))
    assert "Standard 20.00 USD · 100 places." in question.text
    done = answer(visitor, question, "Publish")

    event.refresh_from_db()
    assert event.is_published
    assert "Summer concert is on sale." in done.text
    assert "Draft → Published" in done.text


def test_publishing_what_is_over_is_refused_in_words(
    visit: MakeVisitor, make_event: MakeEvent, manager: User
) -> None:
    event = make_event(status=EventStatus.DRAFT, start_date=NOW - timedelta(days=2))
    visitor = visit(manager)

    page = visitor.get(page_of(event))
    done = answer(visitor, visitor.get(page_of(event, "publish")), "Publish")

    assert not any(words.endswith("Publish") for words, _ in page.links)
    assert "This event is over already; give it a later date." in done.text
    assert Event.objects.get().is_draft


def test_a_manager_moves_and_sees_who_will_be_told(
    visit: MakeVisitor, event: Event, customer: User, stranger: User, manager: User
) -> None:
    pay_order(buy(event, customer, 2))
    pay_order(buy(event, stranger))
    visitor = visit(manager)

    question = visitor.get(page_of(event, "move"))
    assert "2 people with 2 orders will be told by mail" in question.text
    done = answer(
        visitor,
        question,
        "Move and tell everybody",
        starts="2026-07-25T20:00",
        ends="2026-07-25T23:00",
        reason="The hall is wet",
    )

    event.refresh_from_db()
    assert event.start_date == EVENT_START + timedelta(days=7)
    assert "0 of 2 orders done" in done.text
    assert {ticket.valid_until for ticket in Ticket.objects.all()} == {event.end_date}
    campaign = Campaign.objects.get()
    assert campaign.reason == "The hall is wet"
    run_campaign(campaign_id=campaign.pk, at=NOW)
    assert OutgoingMail.objects.filter(kind="event_moved").count() == 2
    progress = visitor.get(page_of(event, "progress"))
    assert "Done for 2 orders, Thu 2 Jul 2026, 10:00." in progress.text
    # What is finished doesn't ask again.
    assert progress.tags("div", "hx-get") == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "That is when and where it is already."),
        ({"starts": "2026-07-18T23:30"}, "The end must lie after the start."),
        (
            {"starts": "2026-06-01T20:00", "ends": "2026-06-01T22:00"},
            "A published event can only be moved to the future.",
        ),
        ({"starts": ""}, "This field is required."),
    ],
)
def test_a_move_that_makes_no_sense_is_refused_in_words(
    visit: MakeVisitor, event: Event, manager: User, fields: dict[str, str], words: str
) -> None:
    visitor = visit(manager)
    before = everything()

    page = answer(visitor, visitor.get(page_of(event, "move")), "Move", **fields)

    assert words in page.text
    assert everything() == before


def test_a_manager_cancels_and_sees_what_goes_back(
    visit: MakeVisitor, event: Event, customer: User, stranger: User, manager: User
) -> None:
    pay_order(buy(event, customer, 2))
    buy(event, stranger)
    visitor = visit(manager)

    question = visitor.get(page_of(event, "cancel"))
    assert "1 order with tickets: 40.00 USD go back." in question.text
    assert "1 order held and not paid: nothing is charged." in question.text
    done = answer(visitor, question, "Cancel the event", reason="The singer is ill")

    assert "Refunds and mails are on their way." in done.text
    assert "0 of 2 orders done" in done.text
    assert done.tags("div", "hx-get")[0]["hx-get"] == page_of(event, "progress")
    event.refresh_from_db()
    assert event.is_cancelled
    run_campaign(campaign_id=Campaign.objects.get().pk, at=NOW)
    assert [refund.amount for refund in Refund.objects.all()] == [Decimal(40)]
    assert set(TicketOrder.objects.values_list("status", flat=True)) == {"refunded", "cancelled"}
    assert "Done for 2 orders" in visitor.get(page_of(event, "progress")).text


def test_a_copy_is_a_draft_with_tiers_and_windows_moved_along(
    visit: MakeVisitor, event: Event, make_tier: MakeTier, customer: User, manager: User
) -> None:
    make_tier(event, "early_bird", quota=5, sales_end=EVENT_START - timedelta(days=10))
    pay_order(buy(event, customer, 2, ticket_type="early_bird"))
    visitor = visit(manager)

    question = visitor.get(page_of(event, "duplicate"))
    done = answer(
        visitor, question, "Make a draft", name="Autumn concert", starts="2026-11-14T20:00"
    )

    copy = Event.objects.latest("pk")
    assert done.path == page_of(copy)
    assert (copy.name, copy.status, copy.current_participants) == ("Autumn concert", "draft", 0)
    # 20:00 to 23:00 by the clock, though winter time has come between.
    assert copy.start_date == datetime(2026, 11, 14, 19, 0, tzinfo=UTC)
    assert copy.end_date == datetime(2026, 11, 14, 22, 0, tzinfo=UTC)
    tier = copy.tiers.get()
    assert (tier.sold, tier.held, tier.quota) == (0, 0, 5)
    assert tier.sales_end == datetime(2026, 11, 4, 19, 0, tzinfo=UTC)
    assert copy.uid != event.uid


def test_deleting_removes_what_nobody_ordered_and_cancels_the_rest(
    visit: MakeVisitor, make_event: MakeEvent, customer: User, manager: User
) -> None:
    sold, empty = make_event(name="Sold"), make_event(name="Empty", status=EventStatus.DRAFT)
    pay_order(buy(sold, customer))
    visitor = visit(manager)

    question = tick(visitor, LIST, "delete_chosen", [sold.pk, empty.pk])

    assert "Nobody ever ordered for it: it is removed." in question.text
    assert "it is cancelled and stays for the records. 1 order with tickets" in question.text
    answer(visitor, question, "Delete or cancel")
    assert [(event.name, event.status) for event in Event.objects.all()] == [("Sold", "cancelled")]


def test_an_event_that_is_over_cannot_be_cancelled_before_the_beat_has_said_so(
    visit: MakeVisitor, make_event: MakeEvent, manager: User
) -> None:
    event = make_event(start_date=NOW - timedelta(hours=4))
    visitor = visit(manager)
    before = everything()

    done = answer(visitor, visitor.get(page_of(event, "cancel")), "Cancel the event")

    assert "what took place can't be cancelled" in done.text
    assert everything() == before


# --- Lists and numbers -----------------------------------------------------------------------


def test_the_list_says_how_it_sells_and_finds(
    visit: MakeVisitor, make_event: MakeEvent, customer: User, manager: User
) -> None:
    event = make_event(name="Fjord jazz", max_participants=10)
    make_event(name="Talk", is_online=True, event_type="webinar", status=EventStatus.DRAFT)
    make_event(name="Gone", start_date=NOW - timedelta(days=3))
    buy(event, customer, 4)
    visitor = visit(manager)

    assert "0 of 10 4 held, not paid" in visitor.get(LIST).text
    for query, names in (
        ({"q": "fjord"}, {"Fjord jazz"}),
        ({"status": "draft"}, {"Talk"}),
        ({"online": "yes"}, {"Talk"}),
        ({"event_type": "other"}, {"Fjord jazz", "Gone"}),
        ({"when": "past"}, {"Gone"}),
        ({"when": "coming"}, {"Fjord jazz", "Talk"}),
    ):
        text = visitor.get(LIST, **query).text
        assert {name for name in ("Fjord jazz", "Talk", "Gone") if name in text} == names, query


def test_the_statistics_add_up(
    visit: MakeVisitor,
    event: Event,
    customer: User,
    stranger: User,
    manager: User,
    front_desk: User,
) -> None:
    pay_order(buy(event, customer, 3))
    buy(event, stranger, 2)

    page = visit(manager).get(page_of(event, "statistics"))

    for words in ("Sold 3", "Held, not paid 2", "Left 95", "Taken in 60.00 USD", "Valid 3"):
        assert words in page.text, words
    assert "Given back 0.00 USD" in page.text
    assert "Thu 2 Jul 2026 3" in page.text


def test_pages_cost_the_same_with_many_rows(
    visit: MakeVisitor, make_event: MakeEvent, make_user: MakeUser, event: Event, manager: User
) -> None:
    visitor = visit(manager)

    def fill(number: int) -> None:
        for _ in range(number):
            made = make_event(status=EventStatus.DRAFT)
            publish_event(event_id=made.pk, by=manager, at=NOW)
            buyer = make_user(f"person{User.objects.count()}@example.com")
            pay_order(buy(event, buyer))

    pages = (
        LIST,
        page_of(event),
        page_of(event, "statistics"),
        page_of(event, "cancel"),
        "/admin/",
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
        f"{LIST}99999999999999999999/change/",
        f"{LIST}nonsense/cancel/",
        f"{LIST}99999999999999999999/move/",
        f"{LIST}999/progress/",
        f"{LIST}?status=x&when=y&event_type=z&online=%27&q=%00",
    ],
)
def test_nonsense_in_an_address_is_no_fault_of_ours(
    visit: MakeVisitor, event: Event, manager: User, path: str
) -> None:
    visitor = visit(manager)

    assert visitor.follow(visitor.get_address(path)).status in {200, 404}
