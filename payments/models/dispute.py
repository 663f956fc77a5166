"""Money that cardholders' banks ask back."""

from django.db import models
from django.utils import timezone

from common.money import money
from payments.models.attempt import PaymentAttempt
from payments.models.defaults import ZERO


class Dispute(models.Model):
    """The cardholder's bank wants money back; as the provider last told it."""

    attempt = models.ForeignKey(PaymentAttempt, on_delete=models.PROTECT, related_name="disputes")
    provider_dispute_id = models.CharField(max_length=255, unique=True)
    # The provider's word: 'needs_response', 'won', 'lost', ...
    status = models.CharField(max_length=40)
    reason = models.CharField(max_length=100, blank=True)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    # What the bank has of it now.
    withdrawn = models.DecimalField(max_digits=10, decimal_places=2, default=ZERO)
    is_closed = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    # The provider's time of what is written here; what it told earlier doesn't overwrite it.
    told_at = models.DateTimeField()

    class Meta:
        db_table = "disputes"
        default_permissions = ("view",)
        ordering = ["-pk"]

    def __str__(self) -> str:
        said = [money(self.amount, self.currency), self.reason, self.status]
        return ", ".join(word.replace("_", " ") for word in said if word)

    @property
    def standing(self) -> str:
        """Where its money is, as a sentence for staff."""
        taken = money(self.withdrawn, self.currency)
        if self.withdrawn and self.is_closed:
            return f"The bank keeps {taken} for good."
        if self.withdrawn:
            return f"The bank has taken {taken} until it is decided."
        if self.is_closed:
            return "The money is with us."
        return "The bank only asks so far: the money is with us."
