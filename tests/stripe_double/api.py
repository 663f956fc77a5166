"""The calls of Stripe's API that are answered: path to kind, parameters, deed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import stripe.params
import stripe.params.checkout

from tests.stripe_double import forms
from tests.stripe_double.billing import OVER
from tests.stripe_double.bills import subscription_of
from tests.stripe_double.books import Books
from tests.stripe_double.errors import Refusal, no_such
from tests.stripe_double.things import Thing, check_metadata, found

Deed = Callable[[Books, str, Thing], Thing]


@dataclass(frozen=True)
class Call:
    method: str
    path: re.Pattern[str]
    # What faults and the log name it by.
    kind: str
    params: type
    deed: Deed


def find(method: str, path: str) -> tuple[Call, str]:
    """The call and the id in its path. Raises Refusal for what Stripe, or the double, hasn't."""
    for call in CALLS:
        match = call.path.fullmatch(path)
        if match and call.method == method:
            return call, match.groupdict().get("id", "")
    raise Refusal(
        f"Unrecognized request URL ({method}: {path}).", status=404, type="invalid_request_error"
    )


def answer(books: Books, call: Call, thing_id: str, tree: forms.Tree) -> Callable[[], Thing]:
    """Check the parameters; what is returned does it. Raises InvalidParameters."""
    params = forms.checked(tree, call.params)
    expand = params.pop("expand", [])
    check_metadata(params.get("metadata", {}), "metadata")

    def do() -> Thing:
        thing = call.deed(books, thing_id, params)
        if thing.get("object") == "list":
            below = [path.removeprefix("data.") for path in expand]
            return thing | {"data": [books.expanded(each, below) for each in thing["data"]]}
        return books.expanded(thing, expand)

    return do


def _create_session(books: Books, _: str, params: Thing) -> Thing:
    return books.create_session(params)


def _session(books: Books, thing_id: str, _: Thing) -> Thing:
    return books.session(thing_id)


def _expire_session(books: Books, thing_id: str, _: Thing) -> Thing:
    return books.expire_session(thing_id)


def _create_refund(books: Books, _: str, params: Thing) -> Thing:
    return books.create_refund(params)


def _from(shelf: str, kind: str) -> Deed:
    def read(books: Books, thing_id: str, _: Thing) -> Thing:
        things: dict[str, Thing] = getattr(books, shelf)
        if thing_id not in things:
            raise no_such(kind, thing_id)
        return things[thing_id]

    return read


def _list(shelf: str, path: str, *filters: str) -> Deed:
    def read(books: Books, _: str, params: Thing) -> Thing:
        return books.listed(shelf, params, path=path, filters=filters)

    return read


def _subscription(books: Books, thing_id: str, _: Thing) -> Thing:
    books.tick()
    return found(books.subscriptions, thing_id, "subscription")


def _update_subscription(books: Books, thing_id: str, params: Thing) -> Thing:
    with books.lock:
        books.tick()
        return books.billing.update(thing_id, params)


def _cancel_subscription(books: Books, thing_id: str, params: Thing) -> Thing:
    with books.lock:
        books.tick()
        return books.billing.cancel(thing_id, params)


def _list_subscriptions(books: Books, _: str, params: Thing) -> Thing:
    wanted = params.get("status")

    def is_wanted(thing: Thing) -> bool:
        if wanted is None:
            return bool(thing["status"] != "canceled")
        if wanted == "ended":
            return thing["status"] in OVER
        return wanted in {"all", thing["status"]}

    return books.listed(
        "subscriptions",
        params,
        path="/v1/subscriptions",
        filters=("customer",),
        is_wanted=is_wanted,
    )


def _list_invoices(books: Books, _: str, params: Thing) -> Thing:
    wanted = params.get("subscription")
    if wanted is not None:
        found(books.subscriptions, wanted, "subscription", param="subscription")
    return books.listed(
        "invoices",
        params,
        path="/v1/invoices",
        filters=("customer", "status"),
        is_wanted=lambda thing: wanted in {None, subscription_of(thing)},
    )


def _void_invoice(books: Books, thing_id: str, _: Thing) -> Thing:
    with books.lock:
        return books.billing.void(thing_id)


def _call(method: str, path: str, kind: str, params: Any, deed: Deed) -> Call:
    return Call(method, re.compile(path), kind, params, deed)


_ID = r"(?P<id>[^/]+)"
_checkout = stripe.params.checkout
_params = stripe.params

CALLS = (
    _call("POST", "/v1/checkout/sessions", "session.create",
          _checkout.SessionCreateParams, _create_session),
    _call("GET", "/v1/checkout/sessions", "session.list", _checkout.SessionListParams,
          _list("sessions", "/v1/checkout/sessions", "payment_intent", "status", "customer")),
    _call("GET", f"/v1/checkout/sessions/{_ID}", "session.retrieve",
          _checkout.SessionRetrieveParams, _session),
    _call("POST", f"/v1/checkout/sessions/{_ID}/expire", "session.expire",
          _checkout.SessionExpireParams, _expire_session),
    _call("GET", "/v1/subscriptions", "subscription.list", _params.SubscriptionListParams,
          _list_subscriptions),
    _call("GET", f"/v1/subscriptions/{_ID}", "subscription.retrieve",
          _params.SubscriptionRetrieveParams, _subscription),
    _call("POST", f"/v1/subscriptions/{_ID}", "subscription.update",
          _params.SubscriptionUpdateParams, _update_subscription),
    _call("DELETE", f"/v1/subscriptions/{_ID}", "subscription.cancel",
          _params.SubscriptionCancelParams, _cancel_subscription),
    _call("GET", "/v1/invoices", "invoice.list", _params.InvoiceListParams, _list_invoices),
    _call("GET", f"/v1/invoices/{_ID}", "invoice.retrieve",
          _params.InvoiceRetrieveParams, _from("invoices", "invoice")),
    _call("POST", f"/v1/invoices/{_ID}/void", "invoice.void",
          _params.InvoiceVoidInvoiceParams, _void_invoice),
    _call("GET", "/v1/invoice_payments", "invoice_payment.list",
          _params.InvoicePaymentListParams,
          _list("invoice_payments", "/v1/invoice_payments", "invoice", "status")),
    _call("GET", f"/v1/customers/{_ID}", "customer.retrieve",
          _params.CustomerRetrieveParams, _from("customers", "customer")),
    _call("GET", f"/v1/payment_intents/{_ID}", "payment_intent.retrieve",
          _params.PaymentIntentRetrieveParams, _from("intents", "payment_intent")),
    _call("GET", "/v1/charges", "charge.list", _params.ChargeListParams,
          _list("charges", "/v1/charges", "payment_intent", "customer")),
    _call("GET", f"/v1/charges/{_ID}", "charge.retrieve",
          _params.ChargeRetrieveParams, _from("charges", "charge")),
    _call("POST", "/v1/refunds", "refund.create", _params.RefundCreateParams, _create_refund),
    _call("GET", "/v1/refunds", "refund.list", _params.RefundListParams,
          _list("refunds", "/v1/refunds", "payment_intent", "charge")),
    _call("GET", f"/v1/refunds/{_ID}", "refund.retrieve",
          _params.RefundRetrieveParams, _from("refunds", "refund")),
    _call("GET", "/v1/disputes", "dispute.list", _params.DisputeListParams,
          _list("disputes", "/v1/disputes", "payment_intent", "charge")),
    _call("GET", f"/v1/disputes/{_ID}", "dispute.retrieve",
          _params.DisputeRetrieveParams, _from("disputes", "dispute")),
    _call("GET", "/v1/events", "event.list", _params.EventListParams,
          _list("events", "/v1/events", "type")),
    _call("GET", f"/v1/events/{_ID}", "event.retrieve",
          _params.EventRetrieveParams, _from("events", "event")),
)  # fmt: skip
