"""Time passes for one person alone: all that is theirs becomes so much older, here and there.

The site's programs go by the clock of the machine, and months can't be waited for. Whatever is
reckoned from now (due, late, over) is the same as if the clock had gone on.
"""

from datetime import timedelta

from django.db.models import DateTimeField, F, Model

from access.emails import FAILED
from access.models import Subscription
from access.models.subscription import SubscriptionStatusChange
from common.service import in_one_transaction
from notifications.models import OutgoingMail
from payments.models import BillingAgreement, Payment, PaymentAttempt, Refund
from tests.stripe_double import StripeDouble

# Whose they are, by the way to the person.
ROWS: tuple[tuple[type[Model], str], ...] = (
    (Payment, "user"),
    (PaymentAttempt, "payment__user"),
    (Refund, "payment__user"),
    (BillingAgreement, "user"),
    (Subscription, "user"),
    (SubscriptionStatusChange, "subscription__user"),
)


def let_pass(double: StripeDouble, user_id: int, time: timedelta) -> None:
    """`time` goes by for this person, at the provider too; what falls due there happens."""
    agreements = BillingAgreement.objects.filter(user_id=user_id)
    # Nobody is answered between the two: half of it would be no time at all.
    with double.books.lock:
        in_one_transaction(lambda: _make_older(user_id, time))
        for number in agreements.values_list("provider_id", flat=True):
            # One without a number hasn't begun.
            if number is not None:
                double.books.billing.let_pass(number, int(time.total_seconds()))


def _make_older(user_id: int, time: timedelta) -> None:
    plans = list(Subscription.objects.filter(user_id=user_id).exclude(paid_until=None))
    for plan in plans:
        _file_anew(plan, time)
    for model, way in ROWS:
        stamps = [
            field.name for field in model._meta.concrete_fields if isinstance(field, DateTimeField)
        ]
        rows = model._default_manager.filter(**{way: user_id})
        rows.update(**{name: F(name) - time for name in stamps})
    # An answer that is on its way tells of the time before.
    BillingAgreement.objects.filter(user_id=user_id).update(answers=F("answers") + 1)


def _file_anew(plan: Subscription, time: timedelta) -> None:
    """Mails about a failed bill are filed, and told once, under the day until which it is paid."""
    assert plan.paid_until is not None
    filed = f"{FAILED}:{plan.pk}:"
    was, now = f"{plan.paid_until:%Y%m%d}", f"{plan.paid_until - time:%Y%m%d}"
    for mail in OutgoingMail.objects.filter(key__startswith=filed + was):
        OutgoingMail.objects.filter(pk=mail.pk).update(key=mail.key.replace(was, now))
