"""Subscriptions as staff see the money of them, and as the payment's own address tells of them."""

import pytest

from accounts.models import User
from payments.gateways.base import AgreementStatus
from payments.models import BillingAgreement, Payment, PaymentAttempt, Refund
from payments.policies import period_end
from payments.services import close_payment
from payments.states import ClosedBecause, Wanted
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.staff import cost
from tests.infrastructure.world import NOW, MakeUser
from tests.money.billing import bill, hear
from tests.money.magazine import Magazine, completed, opened, signed_up, subscribe

LIST = "/admin/payments/billingagreement/"
RENEWS = period_end(NOW, "month")

pytestmark = pytest.mark.usefixtures("magazine")


@pytest.fixture
def agreement(customer: User) -> BillingAgreement:
    """Renewed once."""
    found = signed_up(customer.pk)
    hear(found, bill("in_1"), bill("in_2", covers_from=RENEWS), at=RENEWS)
    return found


def page_of(agreement: BillingAgreement) -> str:
    return f"{LIST}{agreement.pk}/change/"


def ledger() -> list[object]:
    models = (BillingAgreement, Payment, PaymentAttempt, Refund)
    return [list(model.objects.values()) for model in models]


@pytest.mark.parametrize(
    ("who", "status"),
    [("customer", 302), ("scanner", 403), ("front_desk", 200), ("manager", 200)],
)
def test_who_sees_agreements(
    request: pytest.FixtureRequest,
    visit: MakeVisitor,
    agreement: BillingAgreement,
    who: str,
    status: int,
) -> None:
    visitor = visit(request.getfixturevalue(who))

    assert visitor.get(LIST).status == status
    assert visitor.get(page_of(agreement)).status == status


def test_nobody_writes_them(
    visit: MakeVisitor, agreement: BillingAgreement, make_user: MakeUser
) -> None:
    superuser = make_user("root@example.com", is_staff=True, is_superuser=True)
    before = ledger()

    for path in (f"{LIST}add/", f"{page_of(agreement).removesuffix('change/')}delete/"):
        assert visit(superuser).get(path).status == 403
    assert visit(superuser).post(page_of(agreement), amount="1.00").status == 403

    assert ledger() == before


def test_its_page_shows_how_it_stands_and_what_was_collected(
    visit: MakeVisitor, agreement: BillingAgreement, front_desk: User
) -> None:
    text = visit(front_desk).get(page_of(agreement)).text

    assert "12.00 USD a month" in text
    assert "to go on; the provider agrees" in text
    assert str(agreement.provider_id) in text
    assert text.count("12.00 USD") == 1 + 2
    assert "Nobody ordered this one." not in text


def test_a_wish_that_waits_and_a_second_sign_up_are_seen(
    visit: MakeVisitor, customer: User, front_desk: User
) -> None:
    payment = subscribe(customer.pk)
    completed(opened(payment))
    completed(opened(payment, name="cs_2"), number="sub_2")
    stray = BillingAgreement.objects.get(provider_id="sub_2")

    visitor = visit(front_desk)

    assert "to end at once; the provider hasn't confirmed it yet" in visitor.get(LIST).text
    page = visitor.get(page_of(stray))
    original = payment.agreement
    assert original is not None
    original.refresh_from_db()
    assert f"Nobody ordered this one. The sign-up for {original} was completed" in page.text
    assert page.href(str(original)) == page_of(original)


def test_a_payment_shows_its_agreement_and_the_time_that_it_covers(
    visit: MakeVisitor, agreement: BillingAgreement, front_desk: User
) -> None:
    renewal = Payment.objects.latest("pk")

    page = visit(front_desk).get(f"/admin/payments/payment/{renewal.pk}/change/")

    assert "The Magazine, a month (running)" in page.text
    assert "2 Aug 2026, 08:00 (UTC)" in page.text
    assert "2 Sep 2026, 08:00 (UTC)" in page.text


def test_the_list_costs_the_same_with_thirty_rows(
    visit: MakeVisitor, customer: User, manager: User
) -> None:
    signed_up(customer.pk)
    visitor = visit(manager)
    visitor.get(LIST)
    few = cost(visitor, LIST)
    for _ in range(29):
        signed_up(customer.pk)

    assert cost(visitor, LIST) == few


# --- The payment's own address --------------------------------------------------------------


def test_a_trial_that_has_begun_says_that_nothing_was_due(
    visit: MakeVisitor, customer: User
) -> None:
    payment = subscribe(customer.pk, trial_days=14)
    completed(opened(payment))

    page = visit().get(f"/pay/{payment.token}")

    assert (page.status, page.h1) == (200, "This has begun")
    assert "0.00" not in page.text


def test_a_sign_up_that_lapsed_speaks_of_no_place(visit: MakeVisitor, customer: User) -> None:
    payment = subscribe(customer.pk)
    close_payment(payment, because=ClosedBecause.LAPSED, at=NOW)

    page = visit().get(f"/pay/{payment.token}")

    assert (page.status, page.h1) == (409, "The time to pay ran out")
    assert "Nothing has begun. Nothing was charged." in page.text
    assert "place" not in page.text.replace("in place", "")


def test_a_trial_that_was_signed_too_late_promises_no_money_back(
    visit: MakeVisitor, customer: User, magazine: Magazine
) -> None:
    magazine.refusal = "it isn't printed any more"
    payment = subscribe(customer.pk, trial_days=14)
    completed(opened(payment))

    page = visit().get(f"/pay/{payment.token}")

    assert "Nothing was charged." in page.text
    assert "goes back" not in page.text
    assert BillingAgreement.objects.get().wanted == Wanted.END_NOW


def test_what_ended_reads_ended(visit: MakeVisitor, customer: User, manager: User) -> None:
    found = signed_up(customer.pk)
    hear(found, bill("in_1"), status=AgreementStatus.ENDED, ended_at=RENEWS, at=RENEWS)

    assert "Ended" in visit(manager).get(f"{LIST}?status=ended").text
