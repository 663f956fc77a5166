"""Making Checkout Sessions: what Stripe refuses, and what it answers."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.stripe_double.errors import InvalidParameters, Refusal, no_such
from tests.stripe_double.things import MINIMUM, Thing, check_metadata, new_id

if TYPE_CHECKING:
    from tests.stripe_double.books import Books

SHORTEST_SESSION = 30 * 60
LONGEST_SESSION = 24 * 60 * 60
# Stricter than the standard: no quoted names, no host without a dot.
ADDRESS = re.compile(r"""[^\s@"'(),:;<>\[\]\\]+@[^\s@.]+(\.[^\s@.]+)+""")
LONGEST_TRIAL = 730
LONGEST_INTERVAL = {"day": 1095, "week": 156, "month": 36, "year": 3}
ONLY_IN = {
    "payment_intent_data": "payment",
    "submit_type": "payment",
    "customer_creation": "payment",
    "subscription_data": "subscription",
    "payment_method_collection": "subscription",
}


def create(books: "Books", params: Thing) -> Thing:
    mode = params.get("mode")
    if mode is None:
        raise InvalidParameters("You must provide a mode.", param="mode")
    if mode not in MODES:
        raise Refusal(f"This double has no sessions of mode {mode} yet.", param="mode")
    for name, only in ONLY_IN.items():
        if name in params and mode != only:
            raise Refusal(f"You can not pass `{name}` in `{mode}` mode.", param=name)
    return MODES[mode](books, params)


def _pay_once(books: "Books", params: Thing) -> Thing:
    """A session that collects one payment."""
    items = _line_items(params)
    if any(item["recurring"] for item in items):
        raise Refusal(
            "You specified `payment` mode but passed a recurring price. Either switch to "
            "`subscription` mode or use only one-time prices.",
            param="line_items",
        )
    _check_session(params, books.now())
    return _kept(books, params, items, due=sum(item["amount_total"] for item in items))


def _subscribe(books: "Books", params: Thing) -> Thing:
    """A session that begins a subscription."""
    items = _line_items(params)
    if not any(item["recurring"] for item in items):
        raise Refusal(
            "You must provide at least one recurring price in `subscription` mode when using "
            "prices.",
            param="line_items",
        )
    if len(items) > 1:
        raise Refusal("This double's subscriptions have one item.", param="line_items")
    _check_session(params, books.now())
    data = params.get("subscription_data", {})
    check_metadata(data.get("metadata", {}), "subscription_data[metadata]")
    if len(data.get("description", "")) > 500:
        raise InvalidParameters(
            "Invalid string: must be at most 500 characters",
            param="subscription_data[description]",
        )
    for name in set(data) - {"metadata", "description", "trial_period_days"}:
        raise Refusal(f"This double knows no {name}.", param=f"subscription_data[{name}]")
    days = data.get("trial_period_days")
    if days is not None and not 1 <= days <= LONGEST_TRIAL:
        raise InvalidParameters(
            f"`trial_period_days` must be between 1 and {LONGEST_TRIAL}.",
            param="subscription_data[trial_period_days]",
        )
    due = 0 if days else sum(item["amount_total"] for item in items)
    return _kept(books, params, items, due=due)


MODES: dict[str, Callable[["Books", Thing], Thing]] = {
    "payment": _pay_once,
    "subscription": _subscribe,
}


def _kept(books: "Books", params: Thing, items: list[Thing], *, due: int) -> Thing:
    currencies: set[str] = {item["currency"] for item in items}
    if len(currencies) > 1:
        raise InvalidParameters("All line items must have the same currency.", param="line_items")
    currency = currencies.pop()
    if currency not in MINIMUM:
        raise InvalidParameters(f"Invalid currency: {currency}.", param="line_items")
    if due < MINIMUM[currency] and not (due == 0 and params["mode"] == "subscription"):
        raise Refusal(
            "The Checkout Session's total amount due must add up to at least "
            f"{MINIMUM[currency]} {currency}",
            code="amount_too_small",
        )
    session = _blank_session(params, books.now()) | {
        "id": new_id("cs_test_", 58),
        "amount_subtotal": due,
        "amount_total": due,
        "currency": currency,
    }
    session["url"] = f"{books.address}/c/pay/{session['id']}"
    books.sessions[session["id"]] = session
    books.orders[session["id"]] = {
        "line_items": items,
        "intent": params.get("payment_intent_data", {}),
        "subscription": params.get("subscription_data", {}),
        "methods": params.get("allowed_payment_method_types", []),
        "submit_type": params.get("submit_type"),
    }
    books.save()
    return session


def _line_items(params: Thing) -> list[Thing]:
    items = [_line_item(item, n) for n, item in enumerate(params.get("line_items", []))]
    if not items:
        raise InvalidParameters(
            "Missing required param: line_items.", code="parameter_missing", param="line_items"
        )
    return items


def _blank_session(params: Thing, now: int) -> Thing:
    return {
        "id": "",
        "object": "checkout.session",
        "after_expiration": None,
        "allow_promotion_codes": None,
        "allowed_payment_method_types": params.get("allowed_payment_method_types"),
        "amount_subtotal": 0,
        "amount_total": 0,
        "automatic_tax": {"enabled": False, "status": None},
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "created": now,
        "currency": "",
        "customer": params.get("customer"),
        "customer_details": (
            {"email": params["customer_email"], "name": None, "phone": None}
            if "customer_email" in params
            else None
        ),
        "customer_email": params.get("customer_email"),
        "expires_at": params.get("expires_at", now + LONGEST_SESSION),
        "invoice": None,
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": params.get("metadata", {}),
        "mode": params["mode"],
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": (
            params.get("payment_method_collection", "always")
            if params["mode"] == "subscription"
            else "if_required"
        ),
        "payment_method_types": params.get("allowed_payment_method_types", ["card"]),
        "payment_status": "unpaid",
        "status": "open",
        "submit_type": params.get("submit_type"),
        "subscription": None,
        "success_url": params.get("success_url"),
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": params.get("ui_mode", "hosted_page"),
        "url": None,
    }


def _check_session(params: Thing, now: int) -> None:
    for name in ("success_url", "cancel_url"):
        if name in params and not params[name].startswith(("http://", "https://")):
            raise InvalidParameters(
                "Not a valid URL. URLs must begin with http or https.",
                code="url_invalid",
                param=name,
            )
    if "success_url" not in params and params.get("ui_mode", "hosted_page") == "hosted_page":
        raise InvalidParameters(
            "Missing required param: success_url.", code="parameter_missing", param="success_url"
        )
    if "customer_email" in params and not ADDRESS.fullmatch(params["customer_email"]):
        raise InvalidParameters(
            f"Invalid email address: {params['customer_email']}",
            code="email_invalid",
            param="customer_email",
        )
    if "expires_at" in params:
        ahead = params["expires_at"] - now
        if ahead < SHORTEST_SESSION:
            raise InvalidParameters(
                "The `expires_at` timestamp must be at least 30 minutes from Checkout Session "
                "creation.",
                param="expires_at",
            )
        if ahead > LONGEST_SESSION:
            raise InvalidParameters(
                "The `expires_at` timestamp must be less than 24 hours from Checkout Session "
                "creation.",
                param="expires_at",
            )
    if len(params.get("client_reference_id", "")) > 200:
        raise InvalidParameters(
            "Invalid string: must be at most 200 characters", param="client_reference_id"
        )
    check_metadata(params.get("metadata", {}), "metadata")
    intent = params.get("payment_intent_data", {})
    check_metadata(intent.get("metadata", {}), "payment_intent_data[metadata]")


def _line_item(item: Thing, number: int) -> Thing:
    path = f"line_items[{number}]"
    if "price" in item:
        raise no_such("price", item["price"], param=f"{path}[price]")
    price = item.get("price_data")
    if price is None:
        raise InvalidParameters(
            "You must specify either `price` or `price_data` for each line item.", param=path
        )
    if "product_data" not in price:
        raise InvalidParameters(
            "You must specify either `product` or `product_data` when creating a price.",
            param=f"{path}[price_data]",
        )
    if "unit_amount" not in price:
        raise InvalidParameters(
            "You must specify either `unit_amount` or `unit_amount_decimal`.",
            param=f"{path}[price_data]",
        )
    if price["unit_amount"] < 0:
        raise InvalidParameters(
            "Invalid non-negative integer", param=f"{path}[price_data][unit_amount]"
        )
    quantity = item.get("quantity", 1)
    if quantity < 1:
        raise InvalidParameters("Invalid quantity.", param=f"{path}[quantity]")
    recurring = price.get("recurring")
    if recurring is not None:
        recurring = {"interval_count": 1} | recurring
        if not 1 <= recurring["interval_count"] <= LONGEST_INTERVAL[recurring["interval"]]:
            raise InvalidParameters(
                "The maximum interval allowed is three years.",
                param=f"{path}[price_data][recurring][interval_count]",
            )
    total = price["unit_amount"] * quantity
    return {
        "id": new_id("li_"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": price["currency"].lower(),
        "description": price["product_data"]["name"],
        "detail": price["product_data"].get("description", ""),
        "quantity": quantity,
        "recurring": recurring,
        "unit_amount": price["unit_amount"],
    }
