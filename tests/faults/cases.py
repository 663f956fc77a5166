"""What people do, what goes wrong meanwhile, and what must have become of it."""

import threading
from collections.abc import Callable

from django.utils import timezone

from bookings.models import Timeslot
from payments.models import Payment, PaymentAttempt, Refund
from payments.services import retry_refund
from payments.states import RefundState
from tests.faults.endings import Flow
from tests.faults.world import Purchase, World

COMPLETED = "checkout.session.completed"

# --- What people do, as it should go ------------------------------------------------------------


def pays(world: World, kind: str) -> None:
    """Buys, pays, comes back."""
    bought = world.buy(kind)
    world.open(bought)
    world.pay(bought)
    world.come_back(bought)
    _ends(world, bought, "paid")


def closes_the_tab(world: World, kind: str) -> None:
    """Buys, pays, and is never seen again."""
    bought = world.buy(kind)
    world.open(bought)
    world.pay(bought)
    _ends(world, bought, "paid")


def cancels(world: World, kind: str) -> None:
    """Pays, then cancels in good time: all of it goes back."""
    bought = _paid(world, kind)
    world.cancel(bought)
    _ends(world, bought, "given back")


def cancels_for_half(world: World, kind: str) -> None:
    """Pays, then cancels late: half of it goes back, so the provider would pay it twice."""
    bought = _paid(world, kind, slot=world.slot_soon())
    world.cancel(bought)
    _ends(world, bought, "given back")


def lapses(world: World, kind: str) -> None:
    """Opens the payment page and leaves."""
    bought = world.buy(kind)
    world.open(bought)
    world.let_lapse(bought)
    _ends(world, bought, "unpaid")


def gives_up(world: World, kind: str) -> None:
    """Opens the payment page, comes back and gives up."""
    bought = world.buy(kind)
    world.open(bought)
    world.give_up(bought)
    _ends(world, bought, "unpaid")


# --- Webhooks -----------------------------------------------------------------------------------


def without_events(flow: Flow) -> Flow:
    """No webhook comes of anything: what is asked for has to do."""

    def run(world: World, kind: str) -> None:
        world.double.disturb("lose", times=1000)
        flow(world, kind)

    return run


def in_trouble(trouble: Callable[[World], None], flow: Flow) -> Flow:
    """For stories with a way to their point: it goes wrong from there on."""

    def run(world: World, kind: str) -> None:
        world.trouble = lambda: trouble(world)
        flow(world, kind)

    return run


def with_events(how: str, flow: Flow, **options: object) -> Flow:
    def run(world: World, kind: str) -> None:
        world.double.disturb(how, types=[COMPLETED], **options)
        flow(world, kind)

    return run


def resent(world: World, kind: str, *, copies: int, backdate: float = 0) -> None:
    """Everything is over, and the event comes again."""
    bought = _paid(world, kind)
    world.rest()
    before = _rows(bought)
    world.double.resend(type=COMPLETED, copies=copies, backdate=backdate)
    _ends(world, bought, "paid")
    assert _rows(bought) == before, "an event that came again has changed something"


def reordered(world: World, kind: str) -> None:
    """The refund's events come first, and the payment's last."""
    world.double.disturb("hold", times=50)
    bought = _paid(world, kind)
    world.cancel(bought)
    world.until("the refund isn't made", lambda: bool(world.refunds_of(bought)))
    world.double.postman.release(is_reversed=True)
    _ends(world, bought, "given back")


def forged(how: str) -> Flow:
    """Somebody else signs, or an old one is sent again: it isn't believed, and the rest goes on."""

    def run(world: World, kind: str) -> None:
        sent = len(world.double.postman.log)
        world.double.disturb(how, types=[COMPLETED])
        closes_the_tab(world, kind)
        forged = [each for each in world.double.postman.log[sent:] if each.signature != "good"]
        assert [each.status for each in forged] == [400], forged

    return run


# --- Stripe ---------------------------------------------------------------------------------------


def with_fault(what: str, kind_of_call: str, flow: Flow, *, times: int = 2) -> Flow:
    # Twice: the SDK tries once more by itself, and what is tried here is what comes after that.

    def run(world: World, kind: str) -> None:
        seconds = 5.0 if what.startswith("slow") else 0.0
        world.double.fail(what, kind=kind_of_call, times=times, seconds=seconds)
        flow(world, kind)

    return run


def refused_refund(world: World, kind: str) -> None:
    """A definite no is shown to staff, who try again: a new row, and then it works."""
    world.double.fail("refuse", kind="refund.create")
    bought = _paid(world, kind)
    world.cancel(bought)
    world.until("the refund didn't fail", lambda: bool(_failed(bought)))
    world.rest()
    assert Payment.objects.get(pk=bought.payment_id).attention
    for refund in _failed(bought):
        retry_refund(refund_id=refund.pk, by=world.manager, at=timezone.now())
    _ends(world, bought, "given back")


def refund_that_fails_later(world: World, kind: str) -> None:
    """The bank sends a refund back days later: staff see it, try again, and it works."""
    bought = _paid(world, kind)
    world.cancel(bought)
    world.until("the refund isn't made", lambda: bool(world.refunds_of(bought)))
    world.rest()
    for refund in world.refunds_of(bought):
        world.double.books.settle_refund(refund["id"], succeeded=False)
    world.until("the failure isn't booked", lambda: bool(_failed(bought)))
    world.rest()
    assert Payment.objects.get(pk=bought.payment_id).attention
    for row in _failed(bought):
        retry_refund(refund_id=row.pk, by=world.manager, at=timezone.now())
    _ends(world, bought, "given back")


def refunded_in_the_dashboard(world: World, kind: str) -> None:
    """All of it, at Stripe: the goods end and their place is free."""
    bought = _paid(world, kind)
    world.rest()
    [charge] = world.charges_of(bought)
    world.double.books.refund_by_hand(charge["id"])
    world.until("the goods go on", lambda: world.standing(bought) == "given back")
    _ends(world, bought, "given back")


def partly_refunded_in_the_dashboard(world: World, kind: str) -> None:
    """A part of it, at Stripe: booked, staff are told, and the goods stay."""
    bought = _paid(world, kind)
    world.rest()
    [charge] = world.charges_of(bought)
    world.double.books.refund_by_hand(charge["id"], amount=500)
    world.until("it isn't booked", lambda: bool(_refunds(bought)))
    world.until("staff aren't told", lambda: bool(_payment(bought).attention))
    _ends(world, bought, "paid")


def disputed(world: World, kind: str) -> None:
    bought = _paid(world, kind)
    world.rest()
    [charge] = world.charges_of(bought)
    dispute = world.double.books.dispute(charge["id"])
    world.until("staff aren't told", lambda: bool(_payment(bought).attention))
    world.double.books.close_dispute(dispute["id"], status="won")
    _ends(world, bought, "paid")


def settles_later(*, succeeded: bool) -> Flow:
    """Paid by a method that takes days: the hold stays, and ends with the bank's word."""

    def run(world: World, kind: str) -> None:
        bought = world.buy(kind)
        world.open(bought)
        assert world.double.books.pay_later(bought.session_id)
        world.come_back(bought)
        world.until("it isn't processing", lambda: bool(_payment(bought).is_processing))
        world.let_lapse(bought)
        world.breathe(3)
        assert _payment(bought).is_processing, "the hold lapsed while the bank was at work"
        world.double.books.settle(bought.session_id, succeeded=succeeded)
        _ends(world, bought, "paid" if succeeded else "unpaid")

    return run


# --- Many at once ---------------------------------------------------------------------------------


def two_tabs(world: World, kind: str) -> None:
    """The payment page is opened eight times at once: one session."""
    bought = world.buy(kind)
    _at_once(lambda: bought.customer.get(bought.checkout_url, patient=False), times=8)
    world.open(bought)
    sessions = world.sessions_of(bought)
    assert len(sessions) == 1, f"{len(sessions)} sessions for one purchase"
    world.pay(bought)
    _at_once(lambda: bought.customer.get(bought.return_url, patient=False), times=8)
    _ends(world, bought, "paid")


def declined_first(world: World, kind: str) -> None:
    bought = world.buy(kind)
    world.open(bought)
    assert world.double.books.decline(bought.session_id)
    world.come_back(bought)
    world.pay(bought)
    world.come_back(bought)
    _ends(world, bought, "paid")


# --- Programs -------------------------------------------------------------------------------------


def program_dies(name: str, flow: Flow) -> Flow:
    """The whole program is killed a moment after the payment page was opened."""

    def run(world: World, kind: str) -> None:
        killer = threading.Timer(0.5, world.site.kill, [name])
        killer.start()
        flow(world, kind)
        killer.join()

    return run


# --- Inside ---------------------------------------------------------------------------------------


def _paid(world: World, kind: str, *, slot: Timeslot | None = None) -> Purchase:
    bought = world.buy(kind, slot=slot)
    world.open(bought)
    world.pay(bought)
    world.come_back(bought)
    world.until_paid(bought)
    return bought


def _ends(world: World, bought: Purchase, how: str) -> None:
    world.rest()
    standing = world.standing(bought)
    assert standing == how, f"it ended {standing}, and should have ended {how}"


def _payment(bought: Purchase) -> Payment:
    return Payment.objects.get(pk=bought.payment_id)


def _refunds(bought: Purchase) -> list[Refund]:
    return list(Refund.objects.filter(payment_id=bought.payment_id))


def _failed(bought: Purchase) -> list[Refund]:
    failed = Refund.objects.filter(payment_id=bought.payment_id, status=RefundState.FAILED)
    return list(failed.filter(retry=None))


def _rows(bought: Purchase) -> object:
    return (
        list(Payment.objects.filter(pk=bought.payment_id).values()),
        list(PaymentAttempt.objects.filter(payment_id=bought.payment_id).values()),
        list(Refund.objects.filter(payment_id=bought.payment_id).values()),
    )


def _at_once(work: Callable[[], object], *, times: int) -> None:
    barrier = threading.Barrier(times)

    def one() -> None:
        barrier.wait(10)
        work()

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
