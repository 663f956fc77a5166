"""The demo provider's own books: what Stripe would know, kept apart from our ledger."""

from django.db import models
from django.utils import timezone


class DemoSession(models.Model):
    """A hosted payment page of the demo provider."""

    session_id = models.CharField(max_length=64, unique=True)
    idempotency_key = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=8, default="open")
    # What is due at once: nothing, when a subscription begins with a trial.
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    description = models.CharField(max_length=250)
    return_url = models.CharField(max_length=500)
    expires_at = models.DateTimeField()
    payment_id = models.IntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    declined = models.PositiveIntegerField(default=0)
    # Of a subscription: whose, how often, what each time, and the days before the first.
    for_agreement = models.IntegerField(null=True)
    interval = models.CharField(max_length=8, blank=True)
    price = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    trial_days = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "demo_sessions"
        default_permissions = ()

    def __str__(self) -> str:
        return self.session_id

    @property
    def is_recurring(self) -> bool:
        return bool(self.interval)


class DemoAgreement(models.Model):
    """A subscription in the demo provider's books; it moves on when it is asked about."""

    number = models.CharField(max_length=64, unique=True)
    session = models.OneToOneField(DemoSession, on_delete=models.PROTECT, related_name="agreement")
    # Periods are counted from here, so that the 31st comes back after February.
    anchor = models.DateTimeField()
    periods = models.PositiveIntegerField(default=0)
    trial_ends_at = models.DateTimeField(null=True)
    period_end = models.DateTimeField()
    ends_at_period_end = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True)
    # What the customer's bank answers next.
    does_card_work = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "demo_agreements"
        default_permissions = ()

    def __str__(self) -> str:
        return self.number

    @property
    def is_in_trial(self) -> bool:
        """Nothing was collected yet."""
        return self.trial_ends_at is not None and self.trial_ends_at == self.period_end


class DemoBill(models.Model):
    """What one period of it cost: nothing for a trial."""

    number = models.CharField(max_length=64, unique=True)
    agreement = models.ForeignKey(DemoAgreement, on_delete=models.PROTECT, related_name="bills")
    # 'open', 'paid' or 'dead'.
    status = models.CharField(max_length=8, default="open")
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    covers_from = models.DateTimeField()
    covers_until = models.DateTimeField()
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "demo_bills"
        default_permissions = ()
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.number


class DemoRefund(models.Model):
    """A refund in the demo provider's books, of a session's or of a bill's money."""

    session = models.ForeignKey(
        DemoSession, on_delete=models.PROTECT, null=True, related_name="refunds"
    )
    bill = models.ForeignKey(DemoBill, on_delete=models.PROTECT, null=True, related_name="refunds")
    idempotency_key = models.CharField(max_length=64, unique=True)
    refund_id = models.CharField(max_length=64, unique=True)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    # Our row's number, as a real provider keeps it in its metadata.
    for_refund = models.IntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "demo_refunds"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(session__isnull=True) ^ models.Q(bill__isnull=True),
                name="demo_refunds_of_one_thing",
            )
        ]

    def __str__(self) -> str:
        return self.refund_id
