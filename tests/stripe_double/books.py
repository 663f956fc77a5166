"""What Stripe knows: sessions, the money, refunds, disputes, and the events about them."""

import copy
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.stripe_double import checkout
from tests.stripe_double.billing import Billing
from tests.stripe_double.errors import InvalidParameters, Refusal, no_such
from tests.stripe_double.things import Tell, Thing, found, is_within, mark, new_id, page_of

LATER_METHODS = {"sepa_debit", "us_bank_account", "bacs_debit", "customer_balance", "boleto"}
KINDS = (
    "sessions",
    "intents",
    "charges",
    "refunds",
    "disputes",
    "events",
    "customers",
    "products",
    "prices",
    "subscriptions",
    "invoices",
    "invoice_payments",
)
# The payment status of a session that begins with a trial.
NOTHING_DUE = "no_payment_required"
# What a session's intent is told by the parameters.
TOLD_OF_MONEY = ("description", "metadata", "receipt_email")
# What isn't shown to anybody: how sessions were made, how subscriptions go on.
INSIDE = ("orders", "lives")


class Books:
    """All state, under one lock; every change that Stripe tells of goes to `tell` as an event."""

    def __init__(self, *, file: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.file = file
        self.tell: Tell = lambda event: None
        # Where the hosted page is; the server says so once it listens.
        self.address = ""
        self.api_version = ""
        self.ahead = 0.0
        # New refunds stay pending until somebody lets them succeed or fail.
        self.has_slow_refunds = False
        self.sessions: dict[str, Thing] = {}
        self.intents: dict[str, Thing] = {}
        self.charges: dict[str, Thing] = {}
        self.refunds: dict[str, Thing] = {}
        self.disputes: dict[str, Thing] = {}
        self.events: dict[str, Thing] = {}
        self.customers: dict[str, Thing] = {}
        self.products: dict[str, Thing] = {}
        self.prices: dict[str, Thing] = {}
        self.subscriptions: dict[str, Thing] = {}
        self.invoices: dict[str, Thing] = {}
        self.invoice_payments: dict[str, Thing] = {}
        # What a session was made with and doesn't show: line items, the intent's metadata.
        self.orders: dict[str, Thing] = {}
        # What a subscription doesn't show: what its card answers, which period it is in.
        self.lives: dict[str, Thing] = {}
        # What becomes of a subscription when the last try to collect failed.
        self.after_last_try = "canceled"
        self.billing = Billing(self)
        self._moment: int | None = None
        if file is not None and file.exists():
            self._load(file)

    # --- The clock ------------------------------------------------------------------------

    def now(self) -> int:
        return self._moment if self._moment is not None else int(time.time() + self.ahead)

    def advance(self, seconds: float) -> None:
        with self.lock:
            self.ahead += seconds
            self.tick()

    def tick(self) -> None:
        """Let happen what is due, one after the other, each at its own time."""
        with self.lock:
            if self._moment is not None:
                return
            until = self.now()
            try:
                while (turn := self.billing.next_turn()) is not None and turn.at <= until:
                    self._moment = turn.at
                    turn.take()
            finally:
                self._moment = None
            for session in self.sessions.values():
                if session["status"] == "open" and session["expires_at"] <= until:
                    self._expire(session)

    # --- Checkout sessions ----------------------------------------------------------------

    def create_session(self, params: Thing) -> Thing:
        with self.lock:
            return checkout.create(self, params)

    def session(self, session_id: str) -> Thing:
        self.tick()
        return found(self.sessions, session_id, "checkout.session")

    def expire_session(self, session_id: str) -> Thing:
        with self.lock:
            session = self.session(session_id)
            if session["status"] != "open":
                raise Refusal(
                    'Only Checkout Sessions with a status in ["open"] can be expired. This '
                    f"Checkout Session has a status of `{session['status']}`."
                )
            self._expire(session)
            return session

    def pay(self, session_id: str) -> bool:
        """By card. False when the session is over."""
        with self.lock:
            session = self.session(session_id)
            if session["status"] != "open":
                return False
            if session["mode"] == "subscription":
                self._complete(session, "paid" if session["amount_total"] else NOTHING_DUE)
                self.billing.begin(session)
                self.emit("checkout.session.completed", session)
                return True
            intent, charge = self._collect(session, succeeded=True)
            self._complete(session, "paid")
            self.emit("payment_intent.succeeded", intent)
            self.emit("charge.succeeded", charge)
            self.emit("checkout.session.completed", session)
            return True

    def decline(self, session_id: str) -> bool:
        """The card is refused; the session stays open, with an intent and a failed charge."""
        with self.lock:
            session = self.session(session_id)
            if session["status"] != "open":
                return False
            intent, charge = self._collect(session, succeeded=False)
            self.emit("charge.failed", charge)
            self.emit("payment_intent.payment_failed", intent)
            return True

    def pay_later(self, session_id: str) -> bool:
        """By a method that settles in days: completed, and unpaid."""
        with self.lock:
            session = self.session(session_id)
            if session["status"] != "open" or session["mode"] == "subscription":
                return False
            intent, charge = self._collect(session, succeeded=None)
            self._complete(session, "unpaid")
            self.emit("payment_intent.processing", intent)
            self.emit("charge.pending", charge)
            self.emit("checkout.session.completed", session)
            return True

    def settle(self, session_id: str, *, succeeded: bool) -> None:
        """The end of a payment by a slow method."""
        with self.lock:
            session = self.session(session_id)
            intent = self.intents[session["payment_intent"]]
            if intent["status"] != "processing":
                raise Refusal(f"The money of this session isn't on its way: {intent['status']}.")
            charge = self.charges[intent["latest_charge"]]
            mark(intent, charge, succeeded=succeeded)
            if succeeded:
                session["payment_status"] = "paid"
                self.emit("payment_intent.succeeded", intent)
                self.emit("charge.succeeded", charge)
                self.emit("checkout.session.async_payment_succeeded", session)
            else:
                self.emit("charge.failed", charge)
                self.emit("payment_intent.payment_failed", intent)
                self.emit("checkout.session.async_payment_failed", session)

    def takes_slow_methods(self, session: Thing) -> bool:
        if session["mode"] == "subscription":
            return False
        return not self.orders[session["id"]]["methods"] or bool(
            LATER_METHODS & set(session["payment_method_types"])
        )

    # --- Refunds and disputes -------------------------------------------------------------

    def create_refund(self, params: Thing) -> Thing:
        if not params.get("payment_intent") and not params.get("charge"):
            raise InvalidParameters(
                "One of the following params should be provided for this request: payment_intent "
                "or charge."
            )
        with self.lock:
            charge = self._charge_of(params)
            left = charge["amount_captured"] - charge["amount_refunded"]
            if charge["disputed"]:
                raise Refusal(
                    f"Charge {charge['id']} has been charged back; cannot issue a refund.",
                    code="charge_disputed",
                )
            if left <= 0:
                raise Refusal(
                    f"Charge {charge['id']} has already been refunded.",
                    code="charge_already_refunded",
                )
            amount = params.get("amount", left)
            if amount <= 0:
                raise InvalidParameters(
                    "Invalid positive integer", code="parameter_invalid_integer", param="amount"
                )
            if amount > left:
                raise Refusal(
                    f"Refund amount ({amount}) is greater than unrefunded amount on charge "
                    f"({left})",
                    param="amount",
                )
            return self._refund(charge, amount, params)

    def refund(self, refund_id: str) -> Thing:
        return found(self.refunds, refund_id, "refund")

    def settle_refund(self, refund_id: str, *, succeeded: bool, reason: str = "") -> Thing:
        """A refund's end; one that had succeeded can fail as well, days later."""
        with self.lock:
            refund = self.refund(refund_id)
            if refund["status"] == "failed":
                raise Refusal("This refund has failed already.")
            refund["status"] = "succeeded" if succeeded else "failed"
            if not succeeded:
                refund["failure_reason"] = reason or "lost_or_stolen_card"
            charge = self.charges[refund["charge"]]
            self._sum_up(charge)
            self.emit("refund.updated" if succeeded else "refund.failed", refund)
            self.emit("charge.refund.updated", refund)
            return refund

    def refund_by_hand(self, charge_id: str, *, amount: int | None = None) -> Thing:
        """As from Stripe's dashboard: no metadata of ours."""
        params: Thing = {"charge": charge_id}
        if amount is not None:
            params["amount"] = amount
        return self.create_refund(params)

    def dispute(
        self,
        charge_id: str,
        *,
        amount: int | None = None,
        reason: str = "",
        is_question: bool = False,
    ) -> Thing:
        """The bank takes the money until it is decided; asking a mere question it takes none."""
        with self.lock:
            charge = found(self.charges, charge_id, "charge")
            dispute: Thing = {
                "id": new_id("du_"),
                "object": "dispute",
                "amount": amount or charge["amount"],
                "balance_transactions": [],
                "charge": charge_id,
                "created": self.now(),
                "currency": charge["currency"],
                "evidence": {},
                "evidence_details": {"due_by": self.now() + 7 * 86400, "has_evidence": False},
                "is_charge_refundable": is_question,
                "livemode": False,
                "metadata": {},
                "payment_intent": charge["payment_intent"],
                "reason": reason or "fraudulent",
                "status": "warning_needs_response" if is_question else "needs_response",
            }
            self.disputes[dispute["id"]] = dispute
            if not is_question:
                charge["disputed"] = True
                self._move(dispute, -dispute["amount"])
            self.emit("charge.dispute.created", dispute)
            if not is_question:
                self.emit("charge.dispute.funds_withdrawn", dispute)
            return dispute

    def close_dispute(self, dispute_id: str, *, status: str, reinstated: int = 0) -> Thing:
        """`reinstated`: what comes back of one that is lost in part alone."""
        with self.lock:
            dispute = found(self.disputes, dispute_id, "dispute")
            dispute["status"] = status
            if status == "won":
                self.charges[dispute["charge"]]["disputed"] = False
                reinstated = dispute["amount"]
            if reinstated:
                self._move(dispute, reinstated)
                self.emit("charge.dispute.funds_reinstated", dispute)
            self.emit("charge.dispute.closed", dispute)
            return dispute

    def _move(self, dispute: Thing, amount: int) -> None:
        dispute["balance_transactions"].append(
            {
                "id": new_id("txn_"),
                "object": "balance_transaction",
                "amount": amount,
                "currency": dispute["currency"],
            }
        )

    # --- Reading --------------------------------------------------------------------------

    def listed(
        self,
        kind: str,
        params: Thing,
        *,
        path: str,
        filters: tuple[str, ...] = (),
        is_wanted: Callable[[Thing], bool] = lambda thing: True,
    ) -> Thing:
        """One page, newest first."""
        with self.lock:
            self.tick()
            things = [each for each in getattr(self, kind).values() if is_wanted(each)][::-1]
        for name in filters:
            if name in params:
                things = [thing for thing in things if thing[name] == params[name]]
        if "created" in params:
            things = [thing for thing in things if is_within(thing["created"], params["created"])]
        limit = params.get("limit", 10)
        if not 1 <= limit <= 100:
            raise InvalidParameters("This value must be between 1 and 100.", param="limit")
        if "starting_after" in params:
            ids = [thing["id"] for thing in things]
            if params["starting_after"] not in ids:
                raise no_such(kind, params["starting_after"], param="starting_after")
            things = things[ids.index(params["starting_after"]) + 1 :]
        if "ending_before" in params:
            ids = [thing["id"] for thing in things]
            if params["ending_before"] not in ids:
                raise no_such(kind, params["ending_before"], param="ending_before")
            end = ids.index(params["ending_before"])
            page = things[max(0, end - limit) : end]
            return page_of(path, page, has_more=end > limit)
        return page_of(path, things[:limit], has_more=len(things) > limit)

    def expanded(self, thing: Thing, paths: list[str]) -> Thing:
        """A copy in which the named ids are the objects themselves."""
        with self.lock:
            answer = copy.deepcopy(thing)
            for path in paths:
                self._expand(answer, path.split("."), path)
            return answer

    def _expand(self, thing: Any, steps: list[str], path: str) -> None:
        if thing is None:
            return
        if isinstance(thing, list):
            for each in thing:
                self._expand(each, steps, path)
            return
        name, rest = steps[0], steps[1:]
        if name == "line_items" and thing.get("object") == "checkout.session":
            items = self.orders[thing["id"]]["line_items"]
            thing[name] = page_of(f"/v1/checkout/sessions/{thing['id']}/line_items", items)
        elif name == "refunds" and thing.get("object") == "charge":
            own = [each for each in self.refunds.values() if each["charge"] == thing["id"]]
            thing[name] = page_of(f"/v1/charges/{thing['id']}/refunds", copy.deepcopy(own[::-1]))
        elif name == "payments" and thing.get("object") == "invoice":
            thing[name] = self.billing.payments_of(thing["id"])
        elif name not in thing:
            raise InvalidParameters(f"This property cannot be expanded ({path}).", param="expand")
        elif isinstance(thing[name], str):
            shelf = {
                "payment_intent": self.intents,
                "latest_charge": self.charges,
                "charge": self.charges,
                "customer": self.customers,
                "invoice": self.invoices,
                "latest_invoice": self.invoices,
                "subscription": self.subscriptions,
            }.get(name)
            if shelf is None:
                raise InvalidParameters(
                    f"This property cannot be expanded ({path}).", param="expand"
                )
            thing[name] = copy.deepcopy(shelf[thing[name]])
        if rest:
            self._expand(thing[name], rest, path)

    def everything(self) -> Thing:
        with self.lock:
            self.tick()
            return copy.deepcopy({kind: list(getattr(self, kind).values()) for kind in KINDS})

    def clear(self) -> None:
        with self.lock:
            for kind in (*KINDS, *INSIDE):
                getattr(self, kind).clear()
            self.ahead = 0.0
            self.has_slow_refunds = False
            self.after_last_try = "canceled"
            self.save()

    # --- On disk --------------------------------------------------------------------------

    def save(self) -> None:
        if self.file is None:
            return
        with self.lock:
            kept = {kind: getattr(self, kind) for kind in (*KINDS, *INSIDE)}
            kept["ahead"] = self.ahead
            fresh = self.file.with_suffix(".new")
            fresh.write_text(json.dumps(kept), encoding="utf-8")
            fresh.replace(self.file)

    def _load(self, file: Path) -> None:
        kept = json.loads(file.read_text(encoding="utf-8"))
        for name, value in kept.items():
            setattr(self, name, value)

    # --- Inside ---------------------------------------------------------------------------

    def _expire(self, session: Thing) -> None:
        session["status"] = "expired"
        session["url"] = None
        self.emit("checkout.session.expired", session)

    def _complete(self, session: Thing, payment_status: str) -> None:
        session["status"] = "complete"
        session["payment_status"] = payment_status
        session["url"] = None
        email = session["customer_email"] or "somebody@example.com"
        session["customer_details"] = {"email": email, "name": "Test Card", "phone": None}

    def _collect(self, session: Thing, *, succeeded: bool | None) -> tuple[Thing, Thing]:
        """An intent and a charge; None: the money is on its way."""
        order = self.orders[session["id"]]
        known = session["payment_intent"]
        intent = self.intents[known] if known else self.new_intent(
            amount=session["amount_total"] or order["line_items"][0]["amount_total"],
            currency=session["currency"],
            methods=session["payment_method_types"],
            **{name: order["intent"][name] for name in TOLD_OF_MONEY if name in order["intent"]},
        )  # fmt: skip
        if session["mode"] == "payment":
            session["payment_intent"] = intent["id"]
        return intent, self.new_charge(intent, email=session["customer_email"], succeeded=succeeded)

    def new_intent(
        self,
        *,
        amount: int,
        currency: str,
        methods: list[str],
        customer: str | None = None,
        description: str | None = None,
        metadata: Thing | None = None,
        receipt_email: str | None = None,
    ) -> Thing:
        intent: Thing = {
            "id": new_id("pi_"),
            "object": "payment_intent",
            "amount": amount,
            "amount_received": 0,
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": "automatic_async",
            "created": self.now(),
            "currency": currency,
            "customer": customer,
            "description": description,
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": dict(metadata or {}),
            "payment_method": None,
            "payment_method_types": methods,
            "receipt_email": receipt_email,
            "status": "requires_payment_method",
        }
        self.intents[intent["id"]] = intent
        return intent

    def new_charge(self, intent: Thing, *, email: str | None, succeeded: bool | None) -> Thing:
        charge: Thing = {
            "id": new_id("ch_"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": 0,
            "amount_refunded": 0,
            "balance_transaction": None,
            "billing_details": {"email": email, "name": "Test Card"},
            "captured": False,
            "created": self.now(),
            "currency": intent["currency"],
            "customer": intent["customer"],
            "description": intent["description"],
            "disputed": False,
            "failure_code": None,
            "failure_message": None,
            "livemode": False,
            "metadata": dict(intent["metadata"]),
            "outcome": None,
            "paid": False,
            "payment_intent": intent["id"],
            "payment_method_details": {"type": "card"},
            "receipt_email": None,
            "refunded": False,
            "status": "pending",
        }
        self.charges[charge["id"]] = charge
        intent["latest_charge"] = charge["id"]
        if succeeded is None:
            intent["status"] = "processing"
        else:
            mark(intent, charge, succeeded=succeeded)
        return charge

    def _charge_of(self, params: Thing) -> Thing:
        if params.get("charge"):
            charge = found(self.charges, params["charge"], "charge", param="charge")
        else:
            intent = found(
                self.intents, params["payment_intent"], "payment_intent", param="payment_intent"
            )
            if not intent["latest_charge"]:
                raise Refusal(f"This PaymentIntent ({intent['id']}) does not have a charge.")
            charge = self.charges[intent["latest_charge"]]
        if charge["status"] != "succeeded":
            raise Refusal(f"This charge ({charge['id']}) was not successful: nothing to refund.")
        return charge

    def _refund(self, charge: Thing, amount: int, params: Thing) -> Thing:
        refund: Thing = {
            "id": new_id("re_"),
            "object": "refund",
            "amount": amount,
            "balance_transaction": None,
            "charge": charge["id"],
            "created": self.now(),
            "currency": charge["currency"],
            "destination_details": {"type": "card"},
            "metadata": params.get("metadata") or {},
            "payment_intent": charge["payment_intent"],
            "reason": params.get("reason"),
            "receipt_number": None,
            "status": "pending" if self.has_slow_refunds else "succeeded",
        }
        self.refunds[refund["id"]] = refund
        self._sum_up(charge)
        self.emit("refund.created", refund)
        self.emit("charge.refunded", charge)
        return refund

    def _sum_up(self, charge: Thing) -> None:
        """What went back or is going back: a refund that failed is neither."""
        live = [
            refund["amount"]
            for refund in self.refunds.values()
            if refund["charge"] == charge["id"] and refund["status"] not in {"failed", "canceled"}
        ]
        charge["amount_refunded"] = sum(live)
        charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]

    def emit(self, kind: str, thing: Thing, *, before: Thing | None = None) -> None:
        data: Thing = {"object": copy.deepcopy(thing)}
        if before is not None:
            data["previous_attributes"] = before
        event: Thing = {
            "id": new_id("evt_"),
            "object": "event",
            "api_version": self.api_version,
            "created": self.now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self.events[event["id"]] = event
        self.save()
        self.tell(event)
