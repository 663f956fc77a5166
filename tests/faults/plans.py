"""Subscriptions: signed up for, renewed, failed and recovered, cancelled, upgraded, ended."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from io import StringIO

from django.core.management import call_command

from access.emails import CANCELLED, ENDED, FAILED, RENEWED, STARTED, TRIAL_ENDS
from access.models import Plan, Subscription
from payments.models import ZERO, BillingAgreement, Payment
from payments.states import PaymentState
from tests.faults.customer import Customer
from tests.faults.endings import MONEY_RETURNED, Ending, Story, mails_to
from tests.faults.passing import let_pass
from tests.faults.world import NotAtRest, Purchase, World

# A bill is a draft for an hour before it is collected.
COLLECTED_AFTER = timedelta(hours=2)
NEXT_TRY = timedelta(days=3, hours=1)
GRACE_IS_OVER = timedelta(days=8)
# The beat asks again after six hours at most, so time goes on while news is waited for; twice as
# much each time, for a provider that was silent may have bought days of grace.
WHILE_WAITING = timedelta(hours=7)


# --- What people and banks do ---------------------------------------------------------------


def renews(world: World, kind: str) -> list[Ending]:
    bought = begun(world)
    world.now_it_counts()
    _period_passes(world, bought)
    _until_bills(world, bought, 2)
    return [Ending(bought, {"paid": (STARTED, RENEWED)})]


def recovers(world: World, kind: str) -> list[Ending]:
    """The card is refused, and works when it is tried again."""
    bought = begun(world)
    _set_card(world, bought, works=False)
    world.now_it_counts()
    _period_passes(world, bought)
    _until(world, bought, "past due")
    _set_card(world, bought, works=True)
    _pass(world, bought, NEXT_TRY)
    _until_bills(world, bought, 2)
    _until(world, bought, "paid")
    return [Ending(bought, {"paid": (STARTED, FAILED, RENEWED)})]


def pays_the_bill_by_hand(world: World, kind: str) -> list[Ending]:
    bought = begun(world)
    _set_card(world, bought, works=False)
    world.now_it_counts()
    _period_passes(world, bought)
    _until(world, bought, "past due")
    _pay_open_bill(world, bought)
    _until(world, bought, "paid")
    return [Ending(bought, {"paid": (STARTED, FAILED, RENEWED)})]


def never_recovers(world: World, kind: str) -> list[Ending]:
    bought = begun(world)
    _set_card(world, bought, works=False)
    world.now_it_counts()
    _period_passes(world, bought)
    _until(world, bought, "past due")
    _pass(world, bought, GRACE_IS_OVER)
    _until(world, bought, "over")
    return [Ending(bought, {"over": (STARTED, FAILED, ENDED)})]


def pays_after_the_end(world: World, kind: str) -> list[Ending]:
    """It has ended here, the provider can't be told, and its open bill is paid."""
    bought = begun(world)
    _set_card(world, bought, works=False)
    world.now_it_counts()
    _period_passes(world, bought)
    _until(world, bought, "past due")
    for call in ("subscription.cancel", "invoice.void"):
        world.double.fail("away", kind=call, times=1000)
    _pass(world, bought, GRACE_IS_OVER)
    _until(world, bought, "over")
    _pay_open_bill(world, bought)
    _until_given_back(world, bought)
    return [Ending(bought, {"over": (STARTED, FAILED, ENDED, MONEY_RETURNED)})]


def cancels(world: World, kind: str) -> list[Ending]:
    bought = begun(world)
    world.now_it_counts()
    world.cancel(bought)
    _until(world, bought, "cancelled")
    world.rest(of=bought)
    _period_passes(world, bought)
    _until(world, bought, "over")
    return [Ending(bought, {"over": (STARTED, CANCELLED, ENDED)})]


def cancels_unheard(world: World, kind: str) -> list[Ending]:
    """The provider can't be told for a month, and collects once more."""
    bought = begun(world)
    world.now_it_counts()
    world.double.fail("away", kind="subscription.update", times=1000)
    world.double.fail("away", kind="subscription.cancel", times=1000)
    world.cancel(bought)
    _period_passes(world, bought)
    _until(world, bought, "over")
    _until_given_back(world, bought)
    return [Ending(bought, {"over": (STARTED, CANCELLED, ENDED, MONEY_RETURNED)})]


def changes_their_mind(world: World, kind: str) -> list[Ending]:
    bought = begun(world)
    world.now_it_counts()
    world.cancel(bought)
    bought.customer.put_until_done(f"/subscriptions/{bought.id}/resume")
    world.rest(of=bought)
    _period_passes(world, bought)
    _until_bills(world, bought, 2)
    return [Ending(bought, {"paid": (STARTED, CANCELLED, RENEWED)})]


def tries(world: World, kind: str) -> list[Ending]:
    """Days for trial, told of their end, then paid."""
    bought = begun(world, plan=world.tried_plan)
    world.now_it_counts()
    _pass(world, bought, timedelta(days=12))
    _until_told(world, bought, TRIAL_ENDS)
    _period_passes(world, bought)
    _until_bills(world, bought, 1)
    _until(world, bought, "paid")
    return [Ending(bought, {"paid": (STARTED, TRIAL_ENDS, RENEWED)})]


def tries_and_cancels(world: World, kind: str) -> list[Ending]:
    bought = begun(world, plan=world.tried_plan)
    world.now_it_counts()
    world.cancel(bought)
    world.rest(of=bought)
    _period_passes(world, bought)
    _until(world, bought, "over")
    return [Ending(bought, {"over": (STARTED, CANCELLED, ENDED)})]


def upgrades(world: World, kind: str) -> list[Ending]:
    """A higher plan is paid for: the lower ends, and what is unused of it goes back."""
    bought = begun(world)
    _pass(world, bought, timedelta(days=10))
    world.rest(of=bought)
    world.now_it_counts()
    better = begun(world, plan=world.better_plan, customer=bought.customer)
    _until(world, bought, "over")
    return [Ending(bought, {"over": None}), Ending(better, {"paid": (STARTED, STARTED)})]


def upgrades_by_trial(world: World, kind: str) -> list[Ending]:
    """The lower goes on beside the trial, and ends when that is paid for."""
    bought = begun(world)
    better = begun(world, plan=world.better_tried_plan, customer=bought.customer)
    world.now_it_counts()
    _pass(world, better, timedelta(days=12))
    _until_told(world, better, TRIAL_ENDS)
    _pass(world, better, timedelta(days=2) + COLLECTED_AFTER)
    _until(world, better, "paid")
    _until(world, bought, "over")
    mails = (STARTED, STARTED, TRIAL_ENDS, RENEWED, ENDED)
    return [Ending(bought, {"over": None}), Ending(better, {"paid": mails})]


def pays_for_what_is_included(world: World, kind: str) -> list[Ending]:
    """Its page stays open while a plan that includes it begins, and is paid then."""
    held = world.buy(kind)
    world.open(held)
    world.now_it_counts()
    world.double.fail("away", kind="session.expire", times=1000)
    better = _signed_up(world, world.better_plan, held.customer)
    world.until_closed(held)
    world.pay(held)
    world.until_paid(held)
    return [Ending(held, {"given back": None}), Ending(better, {"paid": (STARTED, MONEY_RETURNED)})]


def ended_by_staff(refund: str) -> Story:
    def run(world: World, kind: str) -> list[Ending]:
        bought = begun(world)
        _pass(world, bought, timedelta(days=10))
        world.rest(of=bought)
        world.now_it_counts()
        world.staff.put_until_done(
            f"/admin/subscriptions/{bought.id}/cancel", {"when": "now", "refund": refund}
        )
        _until(world, bought, "over")
        return [Ending(bought, {"over": (STARTED, ENDED)})]

    return run


def ended_in_the_dashboard(world: World, kind: str) -> list[Ending]:
    """At the provider, at once: what is paid for stays open, then it is over."""
    bought = begun(world)
    world.now_it_counts()
    with world.double.books.lock:
        world.double.books.billing.cancel(_number(bought), {})
    _until(world, bought, "cancelled")
    _period_passes(world, bought)
    _until(world, bought, "over")
    return [Ending(bought, {"over": (STARTED, CANCELLED, ENDED)})]


def refunded_in_the_dashboard(world: World, kind: str) -> list[Ending]:
    bought = _refunded_over_there(world)
    _until(world, bought, "over")
    return [Ending(bought, {"over": (STARTED, ENDED)})]


def refunded_in_the_dashboard_unheard(world: World, kind: str) -> list[Ending]:
    """Nobody asks about refunds that nobody here made: the night's check finds it, and repairs."""
    bought = _refunded_over_there(world)
    with suppress(SystemExit):
        call_command("verify_money", "--repair", "--grace=0", stdout=StringIO())
    _until(world, bought, "over")
    return [Ending(bought, {"over": (STARTED, ENDED)})]


def _refunded_over_there(world: World) -> Purchase:
    bought = begun(world)
    world.now_it_counts()
    money = Payment.objects.get(pk=bought.payment_id).attempts.get().provider_payment_id
    world.double.books.refund_by_hand(world.double.books.intents[money]["latest_charge"])
    return bought


# --- Inside -----------------------------------------------------------------------------------


def begun(world: World, *, plan: Plan | None = None, customer: Customer | None = None) -> Purchase:
    """Signed up for and paid, and the provider has been asked when it is to be renewed."""
    bought = _signed_up(world, plan, customer)
    world.rest(of=bought)
    return bought


def _signed_up(world: World, plan: Plan | None, customer: Customer | None) -> Purchase:
    bought = world.buy("subscription", plan=plan, customer=customer)
    world.open(bought)
    world.pay(bought)
    world.come_back(bought)
    _until(world, bought, "paid", "trial")
    return bought


def _until(world: World, bought: Purchase, *standings: str) -> None:
    _wait(world, bought, f"it isn't {' or '.join(standings)}",
          lambda: world.standing(bought) in standings)  # fmt: skip


def _until_bills(world: World, bought: Purchase, count: int) -> None:
    def are_booked() -> bool:
        paid = Payment.objects.filter(agreement=_agreement(bought), status=PaymentState.PAID)
        return bool(paid.filter(amount__gt=ZERO).count() >= count)

    _wait(world, bought, f"{count} bills aren't booked", are_booked)


def _until_given_back(world: World, bought: Purchase) -> None:
    def is_given_back() -> bool:
        bills = Payment.objects.filter(agreement=_agreement(bought))
        return bool(bills.exclude(pk=bought.payment_id).filter(refunds__isnull=False).exists())

    _wait(world, bought, "the late money isn't given back", is_given_back)


def _until_told(world: World, bought: Purchase, kind: str) -> None:
    world.until(f"no {kind} was written", lambda: kind in mails_to(bought))


def _wait(world: World, bought: Purchase, what: str, is_so: Callable[[], bool]) -> None:
    """News that was lost is asked for after hours: they pass while it is waited for."""
    for number in range(5):
        try:
            world.until(what, is_so, world.patience / 5)
        except NotAtRest:
            _pass(world, bought, WHILE_WAITING * 2**number)
        else:
            return
    world.until(what, is_so)


def _pass(world: World, bought: Purchase, time: timedelta) -> None:
    let_pass(world.double, bought.customer.user.pk, time)


def _period_passes(world: World, bought: Purchase) -> None:
    books = world.double.books
    [item] = books.subscriptions[_number(bought)]["items"]["data"]
    left = timedelta(seconds=item["current_period_end"] - books.now())
    _pass(world, bought, left + COLLECTED_AFTER)


def _set_card(world: World, bought: Purchase, *, works: bool) -> None:
    world.double.books.billing.set_card(_number(bought), works=works)


def _pay_open_bill(world: World, bought: Purchase) -> None:
    [bill] = [
        each["id"]
        for each in world.double.books.everything()["invoices"]
        if each["status"] == "open"
        and each["parent"]["subscription_details"]["subscription"] == _number(bought)
    ]
    assert world.double.books.billing.pay(bill), "its page didn't take the money"


def _agreement(bought: Purchase) -> BillingAgreement:
    agreement = Subscription.objects.get(pk=bought.id).agreement
    assert agreement is not None
    return agreement


def _number(bought: Purchase) -> str:
    number = _agreement(bought).provider_id
    assert number is not None
    return number
