"""What can be subscribed to."""

from collections.abc import Iterable
from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from access.states import PlanInterval

LONGEST_TRIAL = 730  # days; the most that Stripe takes
HIGHEST_RANK = 1_000


class PlanQuerySet(models.QuerySet["Plan"]):
    def on_sale(self) -> "PlanQuerySet":
        return self.filter(is_active=True).order_by("rank", "price", "pk")

    def on_sale_or_in(self, plan_ids: Iterable[int]) -> "PlanQuerySet":
        """Those on sale, and these whether they are or not; the lowest rank first."""
        rows = self.filter(Q(is_active=True) | Q(pk__in=plan_ids))
        return rows.order_by("rank", "price", "pk")


class Plan(models.Model):
    """A price for what resources are behind; a plan of higher or equal rank includes it."""

    slug = models.SlugField("address", max_length=60, unique=True)
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    price = models.DecimalField(
        max_digits=10, decimal_places=2, default=0, validators=[MinValueValidator(0)]
    )
    interval = models.CharField(
        "is paid", max_length=8, choices=PlanInterval.choices, default=PlanInterval.MONTH
    )
    trial_days = models.PositiveSmallIntegerField(
        "days for trial", default=0, validators=[MaxValueValidator(LONGEST_TRIAL)]
    )
    rank = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(HIGHEST_RANK)],
        help_text="A plan opens everything of plans with its own or a lower rank.",
    )
    is_active = models.BooleanField("on sale", default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar = PlanQuerySet.as_manager()

    class Meta:
        db_table = "plans"
        ordering = ["rank", "price", "pk"]
        indexes = [models.Index(fields=["is_active", "rank"], name="plans_idx_sale")]
        constraints = [
            models.CheckConstraint(condition=Q(price__gte=0), name="plans_price_positive"),
            models.CheckConstraint(
                condition=Q(interval__in=PlanInterval.values), name="plans_interval_known"
            ),
            models.CheckConstraint(
                # What is paid once or never has nothing to try.
                condition=Q(trial_days=0) | (~Q(interval=PlanInterval.ONCE) & Q(price__gt=0)),
                name="plans_trial_of_renewed",
                violation_error_message="Days for trial come before the first payment of what is "
                "renewed: there are none of what is free or paid once.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"{reverse('access:plans')}#{self.slug}"

    @property
    def currency(self) -> str:
        code: str = settings.CURRENCY
        return code

    @property
    def is_free(self) -> bool:
        return self.price == 0

    @property
    def is_renewed(self) -> bool:
        """Costs something again and again, so that a provider has to collect it."""
        return self.price > 0 and self.interval != PlanInterval.ONCE
