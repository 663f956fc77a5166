"""Subscriptions: their bills are drawn, collected, tried again and given up by the clock."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tests.stripe_double import bills
from tests.stripe_double.errors import Refusal
from tests.stripe_double.things import DAY, Thing, found, intervals_after, new_id, page_of

if TYPE_CHECKING:
    from tests.stripe_double.books import Books

HOUR = 60 * 60
# Between the tries to collect a bill; after the last one it is given up.
WAITS = (3 * DAY, 5 * DAY, 7 * DAY)
TOLD_BEFORE_TRIAL_ENDS = 3 * DAY
OVER = frozenset({"canceled", "incomplete_expired"})
AFTER_LAST_TRY = ("canceled", "unpaid", "past_due")
# What of a subscription may be changed here; Stripe knows more.
CHANGEABLE = frozenset({"cancel_at_period_end", "metadata", "description"})
STAMPS = (
    "billing_cycle_anchor", "cancel_at", "canceled_at", "ended_at", "start_date", "trial_end",
    "trial_start",
)  # fmt: skip


@dataclass(frozen=True)
class Turn:
    """Something that happens by itself at that time."""

    at: int
    take: Callable[[], None]


class Billing:
    """The part of the books that goes on by the clock; under the books' lock."""

    def __init__(self, books: "Books") -> None:
        self.books = books

    # --- What the customer and the API do -------------------------------------------------

    def begin(self, session: Thing) -> Thing:
        """The card is there: the subscription and its first bill, paid."""
        books, order = self.books, self.books.orders[session["id"]]
        now, item, data = books.now(), order["line_items"][0], order["subscription"]
        days = data.get("trial_period_days")
        start = now + days * DAY if days else now
        recurring = item["recurring"]
        life: Thing = {
            "works": True,
            "anchor": start,
            "periods": 0 if days else 1,
            "unit": recurring["interval"],
            "count": recurring["interval_count"],
            "amount": item["amount_total"],
            "email": session["customer_email"],
            "methods": session["payment_method_types"],
            "is_warned": False,
        }
        customer = bills.blank_customer(session, now)
        books.customers[customer["id"]] = customer
        subscription = bills.blank_subscription(
            customer, self._price(item), data, now=now, start=start, end=_period_end(life)
        )
        books.subscriptions[subscription["id"]] = subscription
        books.lives[subscription["id"]] = life
        books.emit("customer.created", customer)
        books.emit("customer.subscription.created", subscription)
        invoice = self._draw(subscription, "subscription_create", start=now, is_free=bool(days))
        session |= {
            "customer": customer["id"],
            "invoice": invoice["id"],
            "subscription": subscription["id"],
        }
        self._finalize(invoice["id"])
        return subscription

    def update(self, number: str, params: Thing) -> Thing:
        subscription = self._found(number)
        unknown = set(params) - CHANGEABLE
        if unknown:
            raise Refusal(f"This double can't change {', '.join(sorted(unknown))}.")
        if subscription["status"] in OVER:
            raise Refusal(
                "A canceled subscription can only update its cancellation_details and metadata."
            )
        ends = params.pop("cancel_at_period_end", None)
        if ends is not None:
            end = subscription["items"]["data"][0]["current_period_end"]
            self._change(
                subscription,
                cancel_at_period_end=ends,
                cancel_at=end if ends else None,
                canceled_at=self.books.now() if ends else None,
            )
        if params:
            self._change(subscription, **params)
        return subscription

    def cancel(self, number: str, params: Thing) -> Thing:
        subscription = self._found(number)
        if params.get("invoice_now") or params.get("prorate"):
            raise Refusal("This double draws no last bill and gives no credit.")
        if subscription["status"] in OVER:
            raise Refusal(
                f"No such subscription: '{number}'",
                code="resource_missing",
                param="id",
                status=404,
            )
        self._end(subscription, because="cancellation_requested")
        return subscription

    def void(self, number: str) -> Thing:
        invoice = found(self.books.invoices, number, "invoice")
        if invoice["status"] not in {"open", "uncollectible"}:
            raise Refusal(
                "You can only pass in open or uncollectible invoices. This invoice is "
                f"{invoice['status']}."
            )
        invoice |= {"status": "void", "auto_advance": False, "next_payment_attempt": None}
        invoice["status_transitions"]["voided_at"] = self.books.now()
        self.books.emit("invoice.voided", invoice)
        return invoice

    def pay(self, number: str) -> bool:
        """By hand, on the bill's own page, with a card that works. False when it isn't open."""
        with self.books.lock:
            invoice = found(self.books.invoices, number, "invoice")
            if invoice["status"] != "open":
                return False
            self._collect(invoice, works=True)
            return True

    def set_card(self, number: str, *, works: bool) -> None:
        with self.books.lock:
            self._found(number)
            self.books.lives[number]["works"] = works

    def let_pass(self, number: str, seconds: int) -> None:
        """Time passes for this subscription alone: all its dates become earlier.

        For a site that goes by its own clock, where the double's can't be put forward.
        """
        with self.books.lock:
            subscription, life = self._found(number), self.books.lives[number]
            item = subscription["items"]["data"][0]
            _earlier(subscription, STAMPS, seconds)
            _earlier(item, ("current_period_start", "current_period_end"), seconds)
            life |= {"anchor": item["current_period_end"], "periods": 0}
            for invoice in self._bills_of(number):
                _earlier(
                    invoice,
                    ("automatically_finalizes_at", "next_payment_attempt", "period_end",
                     "period_start"),
                    seconds,
                )  # fmt: skip
                for line in invoice["lines"]["data"]:
                    _earlier(line["period"], ("start", "end"), seconds)
            self.books.tick()

    def payments_of(self, invoice_id: str) -> Thing:
        own = [
            each for each in self.books.invoice_payments.values() if each["invoice"] == invoice_id
        ]
        return page_of("/v1/invoice_payments", own[::-1])

    # --- What happens by the clock --------------------------------------------------------

    def next_turn(self) -> Turn | None:
        turns = [
            turn
            for subscription in self.books.subscriptions.values()
            if subscription["status"] not in OVER
            for turn in self._turns(subscription)
        ]
        return min(turns, key=lambda turn: turn.at, default=None)

    def _turns(self, subscription: Thing) -> Iterator[Turn]:
        number = subscription["id"]
        if subscription["status"] == "trialing" and not self.books.lives[number]["is_warned"]:
            warns_at = subscription["trial_end"] - TOLD_BEFORE_TRIAL_ENDS
            yield Turn(max(warns_at, subscription["created"]), partial(self._warn, subscription))
        end = subscription["items"]["data"][0]["current_period_end"]
        yield Turn(end, partial(self._roll, subscription))
        for invoice in self._bills_of(number):
            if invoice["automatically_finalizes_at"] is not None:
                at = invoice["automatically_finalizes_at"]
                yield Turn(at, partial(self._finalize, invoice["id"]))
            if invoice["next_payment_attempt"] is not None and invoice["status"] == "open":
                yield Turn(invoice["next_payment_attempt"], partial(self._collect, invoice))

    def _warn(self, subscription: Thing) -> None:
        self.books.lives[subscription["id"]]["is_warned"] = True
        self.books.emit("customer.subscription.trial_will_end", subscription)

    def _roll(self, subscription: Thing) -> None:
        """The period is over: the end, or the next period and a draft of its bill."""
        if subscription["cancel_at_period_end"]:
            self._end(subscription, because="cancellation_requested")
            return
        life, item = self.books.lives[subscription["id"]], subscription["items"]["data"][0]
        life["periods"] += 1
        start = item["current_period_end"]
        item |= {"current_period_start": start, "current_period_end": _period_end(life)}
        before = {"status": subscription["status"]}
        if subscription["status"] == "trialing":
            subscription["status"] = "active"
        invoice = self._draw(subscription, "subscription_cycle", start=start, is_free=False)
        if subscription["status"] != "unpaid":
            invoice["automatically_finalizes_at"] = self.books.now() + HOUR
        self.books.emit("customer.subscription.updated", subscription, before=before)

    def _draw(self, subscription: Thing, reason: str, *, start: int, is_free: bool) -> Thing:
        life = self.books.lives[subscription["id"]]
        invoice = bills.blank_invoice(
            subscription,
            reason,
            amount=0 if is_free else life["amount"],
            email=life["email"],
            now=self.books.now(),
            start=start,
        )
        self.books.invoices[invoice["id"]] = invoice
        subscription["latest_invoice"] = invoice["id"]
        self.books.emit("invoice.created", invoice)
        return invoice

    def _finalize(self, number: str) -> None:
        books, invoice = self.books, self.books.invoices[number]
        invoice |= {
            "status": "open",
            "automatically_finalizes_at": None,
            "number": f"{new_id('', 8).upper()}-{len(books.invoices):04d}",
            "hosted_invoice_url": f"{books.address}/i/{number}",
        }
        invoice["status_transitions"]["finalized_at"] = books.now()
        if invoice["amount_due"]:
            subscription = self._of(invoice)
            is_first = invoice["billing_reason"] == "subscription_create"
            intent = books.new_intent(
                amount=invoice["amount_due"],
                currency=invoice["currency"],
                customer=invoice["customer"],
                description=f"Subscription {'creation' if is_first else 'update'}",
                methods=books.lives[subscription["id"]]["methods"],
            )
            payment = bills.blank_payment(invoice, intent["id"], books.now())
            books.invoice_payments[payment["id"]] = payment
        books.emit("invoice.finalized", invoice)
        self._collect(invoice)

    def _collect(self, invoice: Thing, *, works: bool | None = None) -> None:
        """Once more; by the card that is kept, unless `works` says of another one."""
        if not invoice["amount_due"]:
            self._settle(invoice)
            return
        books, life = self.books, self.books.lives[self._of(invoice)["id"]]
        [payment] = self.payments_of(invoice["id"])["data"]
        intent = books.intents[payment["payment"]["payment_intent"]]
        succeeded = life["works"] if works is None else works
        charge = books.new_charge(intent, email=life["email"], succeeded=succeeded)
        invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
        if not succeeded:
            books.emit("charge.failed", charge)
            books.emit("payment_intent.payment_failed", intent)
            self._refused(invoice)
            return
        payment |= {"status": "paid", "amount_paid": invoice["amount_due"]}
        payment["status_transitions"]["paid_at"] = books.now()
        books.emit("payment_intent.succeeded", intent)
        books.emit("charge.succeeded", charge)
        self._settle(invoice)
        books.emit("invoice_payment.paid", payment)

    def _settle(self, invoice: Thing) -> None:
        books, subscription = self.books, self._of(invoice)
        invoice |= {
            "status": "paid",
            "amount_paid": invoice["amount_due"],
            "amount_remaining": 0,
            "auto_advance": False,
            "next_payment_attempt": None,
        }
        invoice["status_transitions"]["paid_at"] = books.now()
        books.emit("invoice.paid", invoice)
        books.emit("invoice.payment_succeeded", invoice)
        is_open = any(each["status"] == "open" for each in self._bills_of(subscription["id"]))
        if subscription["status"] in {"past_due", "unpaid"} and not is_open:
            self._change(subscription, status="active")

    def _refused(self, invoice: Thing) -> None:
        books, subscription = self.books, self._of(invoice)
        tries = invoice["attempt_count"]
        is_last = tries > len(WAITS)
        invoice["next_payment_attempt"] = None if is_last else books.now() + WAITS[tries - 1]
        books.emit("invoice.payment_failed", invoice)
        if subscription["status"] == "active":
            self._change(subscription, status="past_due")
        if is_last and books.after_last_try == "canceled":
            self._end(subscription, because="payment_failed")
        elif is_last and subscription["status"] != books.after_last_try:
            self._change(subscription, status=books.after_last_try)

    def _end(self, subscription: Thing, *, because: str) -> None:
        now = self.books.now()
        subscription |= {
            "status": "canceled",
            "canceled_at": subscription["canceled_at"] or now,
            "ended_at": now,
        }
        subscription["cancellation_details"]["reason"] = because
        # What is open stays open, and nobody collects it any more.
        for invoice in self._bills_of(subscription["id"]):
            if invoice["status"] in {"draft", "open"}:
                invoice |= {
                    "auto_advance": False,
                    "automatically_finalizes_at": None,
                    "next_payment_attempt": None,
                }
        self.books.emit("customer.subscription.deleted", subscription)

    # --- Inside ---------------------------------------------------------------------------

    def _change(self, subscription: Thing, **values: object) -> None:
        before = {name: subscription[name] for name in values if subscription[name] != values[name]}
        subscription |= values
        if before:
            self.books.emit("customer.subscription.updated", subscription, before=before)

    def _price(self, item: Thing) -> Thing:
        product = bills.blank_product(item, self.books.now())
        self.books.products[product["id"]] = product
        price = bills.blank_price(item, product["id"], self.books.now())
        self.books.prices[price["id"]] = price
        return price

    def _found(self, number: str) -> Thing:
        return found(self.books.subscriptions, number, "subscription")

    def _of(self, invoice: Thing) -> Thing:
        return self.books.subscriptions[bills.subscription_of(invoice)]

    def _bills_of(self, number: str) -> list[Thing]:
        return [
            each for each in self.books.invoices.values() if bills.subscription_of(each) == number
        ]


def _period_end(life: Thing) -> int:
    return intervals_after(life["anchor"], life["unit"], life["count"] * life["periods"])


def _earlier(thing: Thing, names: tuple[str, ...], seconds: int) -> None:
    for name in names:
        if thing[name] is not None:
            thing[name] -= seconds
