"""The double's subscriptions, asked by the real SDK: as strict as Stripe, and in its words."""

import itertools
import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.stripe_double import StripeDouble

DAY = 24 * 60 * 60
HOUR = 60 * 60


@pytest.fixture
def double() -> Iterator[StripeDouble]:
    with StripeDouble() as running:
        yield running


@pytest.fixture
def client(double: StripeDouble) -> stripe.StripeClient:
    return client_of(double)


def client_of(double: StripeDouble) -> stripe.StripeClient:
    return stripe.StripeClient(
        double.api_key, base_addresses={"api": double.url}, max_network_retries=0
    )


def params(*, recurring: Any = None, trial_days: int = 0, **changes: Any) -> Any:
    price = {"currency": "usd", "unit_amount": 900, "product_data": {"name": "House"}}
    data: dict[str, Any] = {"metadata": {"agreement_id": "11"}, "description": "House"}
    if trial_days:
        data["trial_period_days"] = trial_days
    return {
        "mode": "subscription",
        "success_url": "https://shop.example/back",
        "customer_email": "ada@example.com",
        "line_items": [
            {"quantity": 1, "price_data": price | {"recurring": recurring or {"interval": "month"}}}
        ],
        "subscription_data": data,
    } | changes


def begun(double: StripeDouble, client: stripe.StripeClient, **changes: Any) -> str:
    """The number of a subscription whose first bill is settled."""
    session = client.v1.checkout.sessions.create(params(**changes))
    assert double.books.pay(session.id)
    return str(client.v1.checkout.sessions.retrieve(session.id)["subscription"])


def standing(client: stripe.StripeClient, number: str) -> tuple[str, list[str]]:
    bills = client.v1.invoices.list({"subscription": number}).data
    return str(client.v1.subscriptions.retrieve(number).status), [str(b.status) for b in bills]


def kinds(double: StripeDouble, *, after: int = 0) -> list[str]:
    return [event["type"] for event in list(double.books.events.values())[after:]]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        pytest.param({"payment_intent_data": {}}, None, id="an-intent-s-data"),
        pytest.param({"payment_intent_data": {"description": "x"}}, "payment_intent_data",
                     id="of-one-payment"),
        pytest.param({"mode": "payment"}, "subscription_data", id="in-the-other-mode"),
        pytest.param({"recurring": {"interval": "quarter"}},
                     "line_items[0][price_data][recurring][interval]", id="no-such-interval"),
        pytest.param({"recurring": {"interval": "month", "interval_count": 37}},
                     "line_items[0][price_data][recurring][interval_count]", id="over-three-years"),
        pytest.param({"recurring": {"interval": "month", "trial_period_days": 3}},
                     "line_items[0][price_data][recurring][trial_period_days]", id="old-trial"),
        pytest.param({"trial_days": 731}, "subscription_data[trial_period_days]", id="long-trial"),
        pytest.param({"subscription_data": {"colour": "red"}}, "subscription_data[colour]",
                     id="unknown"),
        pytest.param({"line_items": []}, "line_items", id="nothing"),
    ],
)  # fmt: skip
def test_wrong_parameters_are_refused(
    double: StripeDouble, client: stripe.StripeClient, changes: dict[str, Any], param: str | None
) -> None:
    if param is None:
        # What is empty isn't sent at all.
        client.v1.checkout.sessions.create(params(**changes))
        return

    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(params(**changes))

    assert caught.value.param == param
    assert not double.books.sessions


def test_a_price_that_is_not_renewed_is_refused(client: stripe.StripeClient) -> None:
    given = params()
    del given["line_items"][0]["price_data"]["recurring"]

    with pytest.raises(stripe.InvalidRequestError, match="at least one recurring price"):
        client.v1.checkout.sessions.create(given)


def test_things_are_told_in_stripe_s_words_alone(
    double: StripeDouble, client: stripe.StripeClient
) -> None:
    """Each name of ours is one of the SDK's own type of that thing, in the pinned version."""
    number = begun(double, client)
    subscription = client.v1.subscriptions.retrieve(number)
    session = client.v1.checkout.sessions.list({"expand": ["data.invoice.payments"]}).data[0]
    invoice: Any = session.invoice
    told: list[tuple[Any, Any]] = [
        (session, stripe.checkout.Session),
        (subscription, stripe.Subscription),
        (subscription["items"].data[0], stripe.SubscriptionItem),
        (subscription["items"].data[0].price, stripe.Price),
        (invoice, stripe.Invoice),
        (invoice.lines.data[0], stripe.InvoiceLineItem),
        (invoice.payments.data[0], stripe.InvoicePayment),
        (client.v1.customers.retrieve(str(subscription.customer)), stripe.Customer),
    ]

    for thing, known in told:
        assert isinstance(thing, known)
        assert set(thing.to_dict()) <= set(known.__annotations__)
    # Where they stood before 'basil', nothing stands any more.
    assert not {"current_period_end", "current_period_start"} & set(subscription.to_dict())
    assert not {"payment_intent", "subscription", "charge", "paid"} & set(invoice.to_dict())


def test_a_renewal_is_a_draft_for_an_hour(
    double: StripeDouble, client: stripe.StripeClient
) -> None:
    number = begun(double, client, recurring={"interval": "week"})
    told = len(double.books.events)

    double.books.advance(7 * DAY + 60)
    assert standing(client, number) == ("active", ["draft", "paid"])
    assert kinds(double, after=told) == ["invoice.created", "customer.subscription.updated"]

    double.books.advance(HOUR)
    assert standing(client, number) == ("active", ["paid", "paid"])
    assert kinds(double, after=told + 2) == [
        "invoice.finalized",
        "payment_intent.succeeded",
        "charge.succeeded",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
    ]


def test_what_lies_between_happens_at_its_own_time(
    double: StripeDouble, client: stripe.StripeClient
) -> None:
    """Half a year in one leap: six bills, each drawn when its month began."""
    number = begun(double, client)

    double.books.advance(185 * DAY)

    bills = client.v1.invoices.list({"subscription": number}).data
    assert [bill.status for bill in bills] == ["paid"] * 7
    for newer, older in itertools.pairwise(bills):
        assert newer.lines.data[0].period.start == older.lines.data[0].period.end == newer.created


def test_a_trial_is_told_of_before_it_ends(
    double: StripeDouble, client: stripe.StripeClient
) -> None:
    number = begun(double, client, trial_days=14)
    assert "customer.subscription.trial_will_end" not in kinds(double)

    double.books.advance(11 * DAY + 60)
    assert kinds(double)[-1] == "customer.subscription.trial_will_end"
    assert standing(client, number) == ("trialing", ["paid"])

    double.books.advance(3 * DAY)
    assert kinds(double)[-1] == "customer.subscription.updated"
    newest = list(double.books.events.values())[-1]
    assert newest["data"]["previous_attributes"] == {"status": "trialing"}
    assert standing(client, number) == ("active", ["draft", "paid"])


@pytest.mark.parametrize("status", ["canceled", "unpaid", "past_due"])
def test_four_tries_and_then_what_the_account_says(
    double: StripeDouble, client: stripe.StripeClient, status: str
) -> None:
    double.books.after_last_try = status
    number = begun(double, client, recurring={"interval": "day", "interval_count": 30})
    double.books.billing.set_card(number, works=False)
    told = len(double.books.events)

    double.books.advance(30 * DAY + 2 * HOUR)
    assert standing(client, number) == ("past_due", ["open", "paid"])
    double.books.advance(14 * DAY)
    assert standing(client, number) == ("past_due", ["open", "paid"])
    double.books.advance(2 * DAY)

    assert standing(client, number) == (status, ["open", "paid"])
    assert kinds(double, after=told).count("invoice.payment_failed") == 4
    assert kinds(double, after=told).count("charge.failed") == 4
    [invoice, _] = client.v1.invoices.list({"subscription": number}).data
    assert (invoice.attempt_count, invoice.next_payment_attempt) == (4, None)
    gone = [
        event["data"]["object"]["cancellation_details"]["reason"]
        for event in double.books.events.values()
        if event["type"] == "customer.subscription.deleted"
    ]
    assert gone == (["payment_failed"] if status == "canceled" else [])


def test_an_unpaid_one_s_bills_stay_drafts(
    double: StripeDouble, client: stripe.StripeClient
) -> None:
    double.books.after_last_try = "unpaid"
    number = begun(double, client)
    double.books.billing.set_card(number, works=False)

    double.books.advance(65 * DAY)

    assert standing(client, number) == ("unpaid", ["draft", "open", "paid"])


def test_a_bill_is_paid_on_its_own_page(double: StripeDouble, client: stripe.StripeClient) -> None:
    number = begun(double, client)
    double.books.billing.set_card(number, works=False)
    double.books.advance(31 * DAY + 2 * HOUR)
    [invoice, _] = client.v1.invoices.list({"subscription": number}).data
    address = str(invoice.hosted_invoice_url)

    assert b"Pay 9.00 USD" in fetched(address)
    assert b"Invoice paid" in fetched(address, b"do=pay")
    assert b"Invoice paid" in fetched(address, b"do=pay")

    assert standing(client, number) == ("active", ["paid", "paid"])
    assert len([each for each in double.books.charges.values() if each["paid"]]) == 2
    # The card that was kept is still the one that doesn't work.
    double.books.advance(31 * DAY + 2 * HOUR)
    assert standing(client, number) == ("past_due", ["open", "paid", "paid"])


def test_what_was_voided_can_not_be_paid(double: StripeDouble, client: stripe.StripeClient) -> None:
    number = begun(double, client)
    double.books.billing.set_card(number, works=False)
    double.books.advance(31 * DAY + 2 * HOUR)
    client.v1.subscriptions.cancel(number)
    [invoice, first] = client.v1.invoices.list({"subscription": number}).data
    assert invoice.status == "open"

    client.v1.invoices.void_invoice(str(invoice.id))

    assert b"voided" in fetched(str(invoice.hosted_invoice_url), b"do=pay")
    assert standing(client, number) == ("canceled", ["void", "paid"])
    for bill in (invoice, first):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.invoices.void_invoice(str(bill.id))


def test_what_has_ended_is_not_changed_any_more(
    double: StripeDouble, client: stripe.StripeClient
) -> None:
    number = begun(double, client)
    client.v1.subscriptions.cancel(number)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.subscriptions.cancel(number)
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError, match="canceled subscription"):
        client.v1.subscriptions.update(number, {"cancel_at_period_end": True})
    assert [each.id for each in client.v1.subscriptions.list().data] == []
    assert [each.id for each in client.v1.subscriptions.list({"status": "all"}).data] == [number]
    assert [each.id for each in client.v1.subscriptions.list({"status": "ended"}).data] == [number]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"items": [{"price": "price_1"}]}, id="another-price"),
        pytest.param({"trial_end": "now"}, id="no-trial"),
    ],
)
def test_what_it_can_not_do_it_does_not_pretend(
    double: StripeDouble, client: stripe.StripeClient, changes: Any
) -> None:
    number = begun(double, client)

    with pytest.raises(stripe.InvalidRequestError, match="This double"):
        client.v1.subscriptions.update(number, changes)
    with pytest.raises(stripe.InvalidRequestError, match="This double"):
        client.v1.subscriptions.cancel(number, {"prorate": True})


def test_the_31st_comes_back_after_february(
    double: StripeDouble, client: stripe.StripeClient
) -> None:
    # The next 31 January, noon.
    year = time.gmtime().tm_year + 1
    start = int(time.mktime((year, 1, 31, 12, 0, 0, 0, 0, 0))) - time.timezone
    double.books.advance(start - double.books.now())
    number = begun(double, client)

    double.books.advance(100 * DAY)

    bills = client.v1.invoices.list({"subscription": number}).data
    ends = [time.gmtime(bill.lines.data[0].period.end) for bill in reversed(bills)]
    leap = year % 4 == 0
    assert [(end.tm_mon, end.tm_mday) for end in ends] == [
        (2, 29 if leap else 28),
        (3, 31),
        (4, 30),
        (5, 31),
    ]


def test_the_page_says_what_is_renewed(double: StripeDouble, client: stripe.StripeClient) -> None:
    quarterly = {"interval": "month", "interval_count": 3}
    plain = client.v1.checkout.sessions.create(params(recurring=quarterly))
    trial = client.v1.checkout.sessions.create(params(trial_days=14))

    assert b"Then 9.00 USD every 3 months from" in fetched(str(plain.url))
    assert b"Subscribe for 9.00 USD" in fetched(str(plain.url))
    assert b"14 days free. Then 9.00 USD every month from" in fetched(str(trial.url))
    assert b"Start trial" in fetched(str(trial.url))


def test_one_subscription_s_time_passes_alone(
    double: StripeDouble, client: stripe.StripeClient
) -> None:
    """For a site that goes by its own clock: the dates move, not the clock."""
    moved, other = begun(double, client), begun(double, client)
    before = double.books.now()

    control(double, f"subscriptions/{moved}/let-pass", seconds=31 * DAY + 2 * HOUR)

    assert double.books.now() - before < HOUR
    assert standing(client, moved) == ("active", ["paid", "paid"])
    assert standing(client, other) == ("active", ["paid"])


def test_all_of_it_is_at_hand_over_http(double: StripeDouble, client: stripe.StripeClient) -> None:
    number = begun(double, client)

    control(double, f"subscriptions/{number}/card", works=False)
    control(double, "after-last-try", status="unpaid")
    control(double, "clock", advance=31 * DAY + 2 * HOUR)
    assert standing(client, number) == ("past_due", ["open", "paid"])
    [invoice, _] = client.v1.invoices.list({"subscription": number}).data
    assert control(double, f"invoices/{invoice.id}/pay") == {"done": True}
    assert control(double, f"invoices/{invoice.id}/pay") == {"done": False}
    assert control(double, f"subscriptions/{number}/update", cancel_at_period_end=True)[
        "cancel_at_period_end"
    ]
    assert control(double, f"subscriptions/{number}/cancel")["status"] == "canceled"
    with urllib.request.urlopen(f"{double.url}/_control/state") as answer:
        state = json.load(answer)
    assert [each["id"] for each in state["subscriptions"]] == [number]
    assert [each["status"] for each in state["invoices"]] == ["paid", "paid"]


def test_subscriptions_outlive_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "books.json"
    with StripeDouble(file=file) as double:
        number = begun(double, client_of(double))

    with StripeDouble(file=file) as again:
        again.books.advance(31 * DAY + 2 * HOUR)

        assert standing(client_of(again), number) == ("active", ["paid", "paid"])


def fetched(address: str, body: bytes | None = None) -> bytes:
    with urllib.request.urlopen(address, data=body) as page:
        found: bytes = page.read()
    return found


def control(double: StripeDouble, path: str, **given: Any) -> Any:
    body = json.dumps(given).encode()
    with urllib.request.urlopen(f"{double.url}/_control/{path}", data=body) as answer:
        return json.load(answer)
