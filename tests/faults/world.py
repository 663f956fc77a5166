"""What the cases are told with: purchases, what people do with them, and the way to rest."""

import itertools
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db.models import Max, Q
from django.utils import timezone

from access.models import Plan, Subscription
from access.states import PlanInterval, SubscriptionStatus
from accounts.models import User
from bookings.models import Booking, Room, Timeslot
from bookings.states import BookingStatus, RoomType
from notifications.models import OutgoingMail
from payments.models import BillingAgreement, Payment, PaymentAttempt, Refund, WebhookEvent
from payments.states import (
    AGREEMENT_RUNS,
    LIVE_ATTEMPTS,
    UNAPPLIED,
    PaymentState,
    RefundState,
)
from tests.faults.customer import Customer
from tests.faults.site import Site
from tests.stripe_double import StripeDouble
from tickets.models import Campaign, Event, TicketOrder
from tickets.states import EventStatus, EventType, OrderStatus, TicketStatus

Thing = dict[str, Any]

REST_WITHIN_SECONDS = float(os.environ.get("FAULTS_PATIENCE", "45"))
PRICE = Decimal("45.00")
TICKET_PRICE = Decimal("20.00")
TICKETS = 2
MONTHLY = Decimal("12.00")
BETTER = Decimal("30.00")
TRIAL_DAYS = 14

_numbers = itertools.count(1)


@dataclass
class Purchase:
    """What somebody buys, and the provider's session for it."""

    kind: str
    customer: Customer
    id: int
    payment_id: int
    checkout_url: str
    session_id: str = ""
    return_url: str = ""

    @property
    def amount(self) -> Decimal:
        return Decimal(Payment.objects.get(pk=self.payment_id).amount)


class NotAtRest(Exception):
    """Something is still on its way after all the time there was."""


class World:
    def __init__(self, *, site: Site, double: StripeDouble, folder: Path) -> None:
        self.site = site
        self.double = double
        self.folder = folder
        self.room = Room.objects.create(
            name="Dr Weber", room_type=RoomType.TREATMENT, hourly_rate=Decimal("90.00")
        )
        self.manager = User.objects.create_superuser("boss@example.com", "correct horse battery")
        self.staff = Customer(site.url, "boss", user=self.manager)
        self._next_slot = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(
            days=10
        )
        self.event = self.new_event()
        self.plan = _plan("basic", rank=1, price=MONTHLY)
        self.better_plan = _plan("better", rank=2, price=BETTER)
        self.tried_plan = _plan("tried", rank=1, price=MONTHLY, trial_days=TRIAL_DAYS)
        self.better_tried_plan = _plan("better-tried", rank=2, price=BETTER, trial_days=TRIAL_DAYS)
        self.patience = REST_WITHIN_SECONDS
        # What shall go wrong once the case has come to its point.
        self.trouble: Callable[[], None] | None = None
        self.begin()

    # --- What happens to the case ----------------------------------------------------------

    def now_it_counts(self) -> None:
        """All until here was the way to the case: what shall go wrong goes wrong from now on."""
        if self.trouble is not None:
            self.until("webhooks are on their way", self.double.postman.is_idle)
            (self.folder / "crossings").write_text("")
            trouble, self.trouble = self.trouble, None
            trouble()

    def arm(self, point: str, nth: int) -> None:
        """Who comes by this point for the `nth` time dies there."""
        (self.folder / "armed").write_text(json.dumps({"point": point, "left": nth}))

    # --- What people do -------------------------------------------------------------------

    def somebody(self) -> Customer:
        return Customer(self.site.url, f"customer-{next(_numbers)}")

    def slot(self) -> Timeslot:
        """In ten days or more: who cancels gets all of it back."""
        self._next_slot += timedelta(minutes=30)
        return self._slot_at(self.room, self._next_slot)

    def slot_soon(self) -> Timeslot:
        """In twelve hours: who cancels gets half of it back. In a room of its own."""
        room = Room.objects.create(
            name="Dr Weber", room_type=RoomType.TREATMENT, hourly_rate=Decimal("90.00")
        )
        return self._slot_at(room, datetime.now(UTC) + timedelta(hours=12))

    def _slot_at(self, room: Room, start: datetime) -> Timeslot:
        slot: Timeslot = Timeslot.objects.create(
            room=room, start_time=start, end_time=start + timedelta(minutes=30), price=PRICE
        )
        return slot

    def new_event(self, *, places: int = 100_000) -> Event:
        start = self._next_slot + timedelta(days=30)
        event: Event = Event.objects.create(
            name="Summer concert",
            event_type=EventType.OTHER,
            start_date=start,
            end_date=start + timedelta(hours=3),
            ticket_price=TICKET_PRICE,
            max_participants=places,
            status=EventStatus.PUBLISHED,
        )
        return event

    def buy(
        self,
        kind: str,
        *,
        slot: Timeslot | None = None,
        event: Event | None = None,
        plan: Plan | None = None,
        customer: Customer | None = None,
    ) -> Purchase:
        customer = customer or self.somebody()
        if kind == "subscription":
            answer = customer.post("/subscriptions", {"planId": (plan or self.plan).pk})
            begun = Subscription.objects.get(pk=answer["id"])
            assert begun.payment_id is not None
            return Purchase(kind, customer, begun.pk, begun.payment_id, answer["checkoutUrl"])
        if kind == "booking":
            slot = slot or self.slot()
            body = {"timeslotId": slot.pk, "roomId": slot.room_id}
            answer = customer.post("/bookings", body)
            made = Booking.objects.get(pk=answer["id"])
            assert made.payment_id is not None
            return Purchase(kind, customer, made.pk, made.payment_id, answer["checkoutUrl"])
        body = {"eventId": (event or self.event).pk, "quantity": TICKETS}
        answer = customer.post("/tickets/purchase", body)
        order = TicketOrder.objects.get(pk=answer["order"]["id"])
        assert order.payment_id is not None
        return Purchase(kind, customer, order.pk, order.payment_id, answer["checkoutUrl"])

    def open(self, purchase: Purchase) -> None:
        """Go to the payment page, again and again until it is there."""
        deadline = time.monotonic() + 20
        while True:
            status, headers, _ = purchase.customer.get(purchase.checkout_url)
            to = headers.get("Location", "")
            if status == 303 and to.startswith(self.double.url):
                purchase.session_id = urlsplit(to).path.rsplit("/", 1)[-1]
                session = self.double.books.session(purchase.session_id)
                purchase.return_url = session["success_url"]
                return
            if time.monotonic() > deadline:
                raise NotAtRest(f"the payment page didn't come: {status} {to}")
            time.sleep(0.3)

    def pay(self, purchase: Purchase) -> None:
        assert self.double.books.pay(purchase.session_id), "the page didn't take the money"

    def come_back(self, purchase: Purchase) -> int:
        status, _, _ = purchase.customer.get(purchase.return_url)
        return status

    def cancel(self, purchase: Purchase) -> None:
        where = {
            "booking": "/bookings",
            "tickets": "/tickets/orders",
            "subscription": "/subscriptions",
        }
        purchase.customer.put_until_done(f"{where[purchase.kind]}/{purchase.id}/cancel")

    def give_up(self, purchase: Purchase) -> None:
        purchase.customer.press(f"{urlsplit(purchase.checkout_url).path}/give-up")

    def let_lapse(self, purchase: Purchase) -> None:
        """Its time to pay is over."""
        Payment.objects.filter(pk=purchase.payment_id).update(expires_at=timezone.now())

    # --- Waiting --------------------------------------------------------------------------

    def until(self, what: str, is_so: Callable[[], bool], seconds: float | None = None) -> None:
        deadline = time.monotonic() + (seconds or self.patience)
        while not is_so():
            if time.monotonic() > deadline:
                raise NotAtRest(what)
            time.sleep(0.1)

    def until_paid(self, purchase: Purchase) -> None:
        def is_paid() -> bool:
            return bool(Payment.objects.get(pk=purchase.payment_id).is_paid)

        self.until("the money isn't booked", is_paid)

    def until_closed(self, purchase: Purchase) -> None:
        def is_closed() -> bool:
            payment = Payment.objects.get(pk=purchase.payment_id)
            return bool(payment.status == PaymentState.CLOSED)

        self.until("the hold isn't released", is_closed)

    def breathe(self, seconds: float) -> None:
        """Let the beats come by a few times."""
        time.sleep(seconds)

    def rest(self, *, of: Purchase | None = None) -> None:
        """Until nothing is on its way any more, for anybody or for one person. Raises NotAtRest."""
        deadline = time.monotonic() + self.patience
        while moving := self._moving(of):
            if time.monotonic() > deadline:
                raise NotAtRest("; ".join(moving))
            time.sleep(0.1)

    def begin(self) -> None:
        """A new case: what an earlier one has left unfinished is its own failure, told once."""
        self._before = {
            model: model._default_manager.aggregate(newest=Max("pk"))["newest"] or 0
            for model in (Payment, OutgoingMail, BillingAgreement)
        }

    def _moving(self, of: Purchase | None = None) -> list[str]:
        moving = []
        if of is None and not self.double.postman.is_idle():
            moving.append("webhooks are on their way")
        new = Q(pk__gt=self._before[Payment])
        payments = Payment.objects.filter(new if of is None else Q(user=of.customer.user))
        moving += [f"payment {each.pk} is {each.status}" for each in payments.holding()]
        attempts = PaymentAttempt.objects.filter(payment__in=payments)
        moving += [
            f"attempt {each.pk} is {each.status}: {each.last_error}"
            for each in attempts.filter(status__in=LIVE_ATTEMPTS)
        ]
        on_their_way = Q(status=RefundState.REQUESTED) | Q(status=RefundState.SENDING)
        moving += [
            f"refund {each.pk} is {each.status}: {each.last_error}"
            for each in Refund.objects.filter(on_their_way, payment__in=payments)
        ]
        moving += self._moving_plans(of)
        if of is None:
            moving += _unapplied_events()
            moving += [f"campaign {each.pk} goes on" for each in Campaign.objects.unfinished()]
            new = Q(pk__gt=self._before[OutgoingMail])
            mails = OutgoingMail.objects.on_their_way().filter(new).count()
            if mails:
                moving.append(f"{mails} mails are on their way")
        return moving

    def _moving_plans(self, of: Purchase | None) -> list[str]:
        new = Q(pk__gt=self._before[BillingAgreement])
        mine = new if of is None else Q(user=of.customer.user)
        now = timezone.now()
        moving = [
            f"agreement {each.pk} is to be asked or told: {each.last_error}"
            for each in BillingAgreement.objects.filter(mine, status__in=AGREEMENT_RUNS)
            if each.wants_change() or each.next_ask_at is None or each.next_ask_at <= now
        ]
        agreements = BillingAgreement.objects.filter(mine)
        moving += [
            f"subscription {each.pk} is over, and nobody has written it down"
            for each in Subscription.objects.filter(agreement__in=agreements)
            if each.is_over(now)
        ]
        return moving

    # --- What the provider knows ------------------------------------------------------------

    def sessions_of(self, purchase: Purchase) -> list[Thing]:
        return self._known(purchase, "sessions")

    def charges_of(self, purchase: Purchase) -> list[Thing]:
        """Of a subscription only those that carry our number: its bills' don't."""
        return [each for each in self._known(purchase, "charges") if each["paid"]]

    def refunds_of(self, purchase: Purchase) -> list[Thing]:
        charges = {charge["id"] for charge in self.charges_of(purchase)}
        refunds = self.double.books.everything()["refunds"]
        return [refund for refund in refunds if refund["charge"] in charges]

    def _known(self, purchase: Purchase, kind: str) -> list[Thing]:
        things = self.double.books.everything()[kind]
        return [
            each
            for each in things
            if each["metadata"].get("payment_id") == str(purchase.payment_id)
        ]

    # --- What must have become of it --------------------------------------------------------

    def standing(self, purchase: Purchase) -> str:
        """'paid', 'given back' or 'unpaid': the goods as their own rows tell it.

        Of subscriptions also 'trial', 'past due', 'cancelled' and 'over'.
        """
        if purchase.kind == "subscription":
            return _standing_of_plan(Subscription.objects.get(pk=purchase.id))
        if purchase.kind == "booking":
            booking = Booking.objects.get(pk=purchase.id)
            if booking.status == BookingStatus.CONFIRMED:
                return "paid"
            paid = booking.payment.is_paid if booking.payment else False
            return "given back" if paid and booking.status == BookingStatus.CANCELLED else "unpaid"
        order = TicketOrder.objects.get(pk=purchase.id)
        active = order.tickets.filter(status=TicketStatus.ACTIVE).count()
        if order.status == OrderStatus.PAID and active == order.quantity:
            return "paid"
        paid = order.payment.is_paid if order.payment else False
        return "given back" if paid and not active else "unpaid"


def _unapplied_events() -> list[str]:
    """Those that the beat has to take up; what waits for news of something else isn't due."""
    due = WebhookEvent.objects.filter(state__in=UNAPPLIED, next_try_at__lte=timezone.now())
    return [f"event {each.pk} isn't applied: {each.last_error}" for each in due]


def _plan(slug: str, *, rank: int, price: Decimal, trial_days: int = 0) -> Plan:
    plan: Plan = Plan.objects.create(
        slug=slug,
        name=slug.title(),
        rank=rank,
        price=price,
        interval=PlanInterval.MONTH,
        trial_days=trial_days,
    )
    return plan


def _standing_of_plan(subscription: Subscription) -> str:
    if subscription.started_at is None:
        payment = subscription.payment
        return "given back" if payment is not None and payment.captured else "unpaid"
    return {
        SubscriptionStatus.ACTIVE: "paid",
        SubscriptionStatus.TRIALING: "trial",
        SubscriptionStatus.PAST_DUE: "past due",
        SubscriptionStatus.CANCELLED: "cancelled",
        SubscriptionStatus.EXPIRED: "over",
    }[SubscriptionStatus(subscription.status)]
