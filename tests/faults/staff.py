"""What staff do: take back, give money back, cancel and move a whole event."""

from datetime import timedelta
from decimal import Decimal

from django.urls import reverse

from common.api.serializers import written_instant
from payments.models import Payment
from tests.faults.endings import MONEY_RETURNED, SOLD, Ending
from tests.faults.world import Purchase, World
from tickets.models import Event, Ticket

CANCELLED = {"booking": "booking_cancelled", "tickets": "tickets_cancelled"}
# The reason by which the check knows money that staff gave back without a cancel.
GOODWILL = "for the noise next door"
GIVEN = Decimal("20.00")


def takes_back(world: World, kind: str) -> list[Ending]:
    """A manager cancels for the customer, with all of the money."""
    bought = _paid(world, kind)
    world.now_it_counts()
    body = {"status": "cancelled", "refund": "full", "reason": "the doctor is ill"}
    if kind == "booking":
        world.staff.put_until_done(f"/admin/bookings/{bought.id}/status", body)
        return [Ending(bought, {"given back": (SOLD[kind], CANCELLED[kind])})]
    tickets = list(Ticket.objects.filter(order_id=bought.id).values_list("pk", flat=True))
    for ticket in tickets:
        world.staff.put_until_done(f"/admin/tickets/{ticket}/status", body)
    mails = (SOLD[kind], *[CANCELLED[kind]] * len(tickets))
    return [Ending(bought, {"given back": mails})]


def gives_money_back(world: World, kind: str) -> list[Ending]:
    """A part, out of goodwill; what was bought stays. Pressed twice it goes back once."""
    bought = _paid(world, kind)
    world.now_it_counts()
    page = reverse("admin:payments_payment_give_back", args=[bought.payment_id])
    left = Payment.objects.get(pk=bought.payment_id).refundable
    answers = {"amount": str(GIVEN), "reason": GOODWILL, "shown": str(left), "answer": "yes"}
    for _ in range(2):
        world.staff.press(page, answers)
    return [Ending(bought, {"paid": (SOLD[kind], "refund_given")})]


def cancels_event(world: World, kind: str) -> list[Ending]:
    """Of those who come one has paid, one is about to, one has left the page."""
    event = world.new_event()
    paid = [_paid(world, kind, event=event) for _ in range(2)]
    paying = _opened(world, kind, event)
    leaving = _opened(world, kind, event)
    world.now_it_counts()
    world.staff.delete(f"/admin/events/{event.pk}")
    is_paid = world.double.books.pay(paying.session_id)
    given_back = (SOLD[kind], "event_cancelled")
    return [
        *(Ending(each, {"given back": given_back}) for each in paid),
        # Paid before the campaign came to it: sold and wound up at once, or back as late money.
        Ending(paying, {"given back": (MONEY_RETURNED,)} if is_paid else {"unpaid": ()}),
        Ending(leaving, {"unpaid": ()}),
    ]


def moves_event(world: World, kind: str) -> list[Ending]:
    """Everybody is told of the new time, once."""
    event = world.new_event()
    paid = [_paid(world, kind, event=event) for _ in range(2)]
    world.now_it_counts()
    start = event.start_date + timedelta(days=1)
    body = {
        "startDate": written_instant(start),
        "endDate": written_instant(start + timedelta(hours=3)),
    }
    world.staff.put_until_done(f"/admin/events/{event.pk}", body)
    return [Ending(each, {"paid": (SOLD[kind], "event_moved")}) for each in paid]


# --- Inside -----------------------------------------------------------------------------------


def _opened(world: World, kind: str, event: Event | None = None) -> Purchase:
    bought = world.buy(kind, event=event)
    world.open(bought)
    return bought


def _paid(world: World, kind: str, *, event: Event | None = None) -> Purchase:
    bought = _opened(world, kind, event)
    world.pay(bought)
    world.come_back(bought)
    world.until_paid(bought)
    return bought
