"""Stripe's shapes around subscriptions, in the version that we have pinned.

Since 'basil' a bill names its subscription under `parent`, its payments are a list of their own,
and a subscription's period stands on its items.
"""

from tests.stripe_double.things import Thing, new_id, page_of


def blank_customer(session: Thing, now: int) -> Thing:
    return {
        "id": new_id("cus_", 14),
        "object": "customer",
        "created": now,
        "currency": session["currency"],
        "description": None,
        "email": session["customer_email"],
        "livemode": False,
        "metadata": {},
        "name": "Test Card",
    }


def blank_product(item: Thing, now: int) -> Thing:
    return {
        "id": new_id("prod_", 14),
        "object": "product",
        "active": False,
        "created": now,
        "livemode": False,
        "metadata": {},
        "name": item["description"],
        "type": "service",
    }


def blank_price(item: Thing, product_id: str, now: int) -> Thing:
    return {
        "id": new_id("price_"),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": now,
        "currency": item["currency"],
        "livemode": False,
        "metadata": {},
        "product": product_id,
        "recurring": {
            "interval": item["recurring"]["interval"],
            "interval_count": item["recurring"]["interval_count"],
            "meter": None,
            "usage_type": "licensed",
        },
        "type": "recurring",
        "unit_amount": item["unit_amount"],
    }


def blank_subscription(
    customer: Thing, price: Thing, data: Thing, *, now: int, start: int, end: int
) -> Thing:
    """`start` is when the first paid period begins: later than now means a trial until then."""
    number = new_id("sub_1")
    is_trial = start > now
    item = {
        "id": new_id("si_", 14),
        "object": "subscription_item",
        "created": now,
        "current_period_end": start if is_trial else end,
        "current_period_start": now,
        "metadata": {},
        "price": price,
        "quantity": 1,
        "subscription": number,
    }
    return {
        "id": number,
        "object": "subscription",
        "application": None,
        "automatic_tax": {"enabled": False},
        "billing_cycle_anchor": start,
        "billing_mode": {"type": "flexible"},
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": now,
        "currency": price["currency"],
        "customer": customer["id"],
        "days_until_due": None,
        "default_payment_method": new_id("pm_1"),
        "description": data.get("description"),
        "discounts": [],
        "ended_at": None,
        "items": page_of(f"/v1/subscription_items?subscription={number}", [item]),
        "latest_invoice": None,
        "livemode": False,
        "metadata": dict(data.get("metadata", {})),
        "pause_collection": None,
        "schedule": None,
        "start_date": now,
        "status": "trialing" if is_trial else "active",
        "test_clock": None,
        "trial_end": start if is_trial else None,
        "trial_start": now if is_trial else None,
    }


def blank_invoice(
    subscription: Thing, reason: str, *, amount: int, email: str | None, now: int, start: int
) -> Thing:
    """A draft for the period that the subscription is in."""
    [item] = subscription["items"]["data"]
    number = new_id("in_1")
    line = {
        "id": new_id("il_1"),
        "object": "line_item",
        "amount": amount,
        "currency": subscription["currency"],
        "description": subscription["description"],
        "invoice": number,
        "livemode": False,
        "metadata": dict(subscription["metadata"]),
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": False,
                "subscription": subscription["id"],
                "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": {"start": start, "end": item["current_period_end"]},
        "quantity": 1,
        "subtotal": amount,
    }
    return {
        "id": number,
        "object": "invoice",
        "amount_due": amount,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": amount,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatically_finalizes_at": None,
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": now,
        "currency": subscription["currency"],
        "customer": subscription["customer"],
        "customer_email": email,
        "description": None,
        "due_date": None,
        "hosted_invoice_url": None,
        "lines": page_of(f"/v1/invoices/{number}/lines", [line]),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "parent": {
            "quote_details": None,
            "subscription_details": {
                "metadata": dict(subscription["metadata"]),
                "subscription": subscription["id"],
            },
            "type": "subscription_details",
        },
        # The period before, as Stripe has it: what is paid for stands on the lines.
        "period_end": start,
        "period_start": start,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": amount,
        "total": amount,
    }


def blank_payment(invoice: Thing, intent_id: str, now: int) -> Thing:
    return {
        "id": new_id("inpay_1"),
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": invoice["amount_due"],
        "created": now,
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": intent_id, "type": "payment_intent"},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }


def subscription_of(invoice: Thing) -> str:
    return str(invoice["parent"]["subscription_details"]["subscription"])
