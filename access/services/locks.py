"""A subscription with all that its services change, locked in the order of the house."""

from access.models import Subscription
from common.errors import NotFound
from common.people import lock_people
from payments.models import BillingAgreement, Payment


def lock_subscription(
    subscription_id: int, *, by_id: int | None = None, owner_id: int | None = None
) -> Subscription:
    """Person, payments, agreement, subscription: in this order, and all of them.

    With `owner_id` somebody else's is as unknown as none. Raises NotFound.
    """
    known = Subscription.objects.filter(pk=subscription_id)
    if owner_id is not None:
        known = known.filter(user_id=owner_id)
    found = known.values("user_id", "payment_id", "agreement_id").first()
    if found is None:
        raise NotFound("There is no such subscription.")
    people = lock_people(found["user_id"], by_id)
    # The person is locked, so nobody adds a payment meanwhile.
    ids = set(
        Payment.objects.filter(agreement_id=found["agreement_id"])
        .exclude(agreement_id=None)
        .values_list("pk", flat=True)
    )
    if found["payment_id"] is not None:
        ids.add(found["payment_id"])
    payments = {pk: Payment.objects.locked(pk) for pk in sorted(ids)}
    agreement = None
    if found["agreement_id"] is not None:
        agreement = BillingAgreement.objects.select_for_update().get(pk=found["agreement_id"])
    subscription: Subscription = Subscription.objects.locked(subscription_id)
    subscription.user = people[found["user_id"]]
    subscription.agreement = agreement
    subscription.payment = payments.get(found["payment_id"] or 0)
    return subscription
