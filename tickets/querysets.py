"""The questions and the guarded updates of the ticket tables."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q

from tickets.states import EventStatus, OrderStatus, TicketStatus

if TYPE_CHECKING:
    from tickets.models import Event, Ticket, TicketOrder, TicketScan, Tier  # noqa: F401


class EventQuerySet(models.QuerySet["Event"]):
    def public(self) -> "EventQuerySet":
        """What strangers may open: published, and what once was."""
        return self.exclude(status=EventStatus.DRAFT)

    def published(self) -> "EventQuerySet":
        return self.filter(status=EventStatus.PUBLISHED)

    def matching(self, words: str) -> "EventQuerySet":
        """Each word stands in the name, the description or the location."""
        found = self
        for word in words.split():
            found = found.filter(
                Q(name__icontains=word)
                | Q(description__icontains=word)
                | Q(location__icontains=word)
            )
        return found

    def reading(self, status: str, at: datetime) -> "EventQuerySet":
        """Those whose `status_at` is that: over by the clock counts as completed."""
        is_over = Q(status=EventStatus.PUBLISHED, end_date__lte=at)
        if status == EventStatus.COMPLETED:
            return self.filter(Q(status=status) | is_over)
        return self.filter(status=status).exclude(is_over)

    def locked(self, pk: int) -> "Event":
        return self.select_for_update().get(pk=pk)

    def hold(self, event_id: int, *, quantity: int, at: datetime, price: Decimal | None) -> bool:
        """Hold places if there are so many; the row count is the answer.

        `price` is the event's own when no tier decides: a change meanwhile loses the claim. Free
        is 0, whether it is written down or left empty.
        """
        free = self._with_places(event_id, quantity=quantity, at=at, price=price)
        return bool(free.update(held=F("held") + quantity))

    def sell(self, event_id: int, *, quantity: int, at: datetime, price: Decimal | None) -> bool:
        """The same for what costs nothing: sold at once."""
        free = self._with_places(event_id, quantity=quantity, at=at, price=price)
        return bool(free.update(current_participants=F("current_participants") + quantity))

    def _with_places(
        self, event_id: int, *, quantity: int, at: datetime, price: Decimal | None
    ) -> "EventQuerySet":
        same_price = Q() if price is None else Q(ticket_price=price)
        if price == 0:
            same_price |= Q(ticket_price__isnull=True)
        fits = Q(max_participants__gte=F("held") + F("current_participants") + quantity)
        return self.filter(
            Q(max_participants__isnull=True) | fits,
            same_price,
            pk=event_id,
            status=EventStatus.PUBLISHED,
            end_date__gt=at,
        )

    def sell_held(self, event_id: int, quantity: int) -> None:
        """Held places are paid."""
        _exactly(
            self.filter(pk=event_id, held__gte=quantity).update(
                held=F("held") - quantity,
                current_participants=F("current_participants") + quantity,
            )
        )

    def release_held(self, event_id: int, quantity: int) -> None:
        _exactly(self.filter(pk=event_id, held__gte=quantity).update(held=F("held") - quantity))

    def release_sold(self, event_id: int, quantity: int) -> None:
        _exactly(
            self.filter(pk=event_id, current_participants__gte=quantity).update(
                current_participants=F("current_participants") - quantity
            )
        )


class TierQuerySet(models.QuerySet["Tier"]):
    def lock_all_of(self, event_id: int) -> list["Tier"]:
        """Every tier of an event, before the event itself: buyers claim them in that order."""
        pks = list(self.filter(event_id=event_id).order_by("pk").values_list("pk", flat=True))
        return list(self.select_for_update().filter(pk__in=pks).order_by("pk"))

    def hold(self, tier_id: int, *, quantity: int, at: datetime, price: Decimal) -> bool:
        """Hold places of a tier inside its window and quota; the row count is the answer."""
        free = self._with_places(tier_id, quantity=quantity, at=at, price=price)
        return bool(free.update(held=F("held") + quantity))

    def sell(self, tier_id: int, *, quantity: int, at: datetime, price: Decimal) -> bool:
        """The same for what costs nothing: sold at once."""
        free = self._with_places(tier_id, quantity=quantity, at=at, price=price)
        return bool(free.update(sold=F("sold") + quantity))

    def _with_places(
        self, tier_id: int, *, quantity: int, at: datetime, price: Decimal
    ) -> "TierQuerySet":
        fits = Q(quota__isnull=True) | Q(quota__gte=F("held") + F("sold") + quantity)
        opened = Q(sales_start__isnull=True) | Q(sales_start__lte=at)
        not_closed = Q(sales_end__isnull=True) | Q(sales_end__gt=at)
        return self.filter(
            fits,
            opened,
            not_closed,
            pk=tier_id,
            is_active=True,
            price=price,
            min_per_order__lte=quantity,
            max_per_order__gte=quantity,
        )

    def hold_again(self, tier_id: int, *, quantity: int) -> bool:
        """For late money: only the quota counts; window and price were kept when it was held."""
        fits = Q(quota__isnull=True) | Q(quota__gte=F("held") + F("sold") + quantity)
        return bool(self.filter(fits, pk=tier_id).update(held=F("held") + quantity))

    def sell_held(self, tier_id: int, quantity: int) -> None:
        _exactly(
            self.filter(pk=tier_id, held__gte=quantity).update(
                held=F("held") - quantity, sold=F("sold") + quantity
            )
        )

    def release_held(self, tier_id: int, quantity: int) -> None:
        _exactly(self.filter(pk=tier_id, held__gte=quantity).update(held=F("held") - quantity))

    def release_sold(self, tier_id: int, quantity: int) -> None:
        _exactly(self.filter(pk=tier_id, sold__gte=quantity).update(sold=F("sold") - quantity))


class OrderQuerySet(models.QuerySet["TicketOrder"]):
    def pending(self) -> "OrderQuerySet":
        return self.filter(status=OrderStatus.PENDING)

    def of(self, user_id: int) -> "OrderQuerySet":
        return self.filter(user_id=user_id)

    def with_everything(self) -> "OrderQuerySet":
        return self.select_related("event", "tier", "payment", "user").prefetch_related(
            "tickets__event", "payment__attempts", "payment__refunds"
        )


class TicketQuerySet(models.QuerySet["Ticket"]):
    def of(self, user_id: int) -> "TicketQuerySet":
        return self.filter(user_id=user_id)

    def reading(self, status: str, at: datetime) -> "TicketQuerySet":
        """Those whose `status_at` is that: past their time counts as expired."""
        is_past = Q(status=TicketStatus.ACTIVE, valid_until__lt=at)
        if status == TicketStatus.EXPIRED:
            return self.filter(Q(status=status) | is_past)
        return self.filter(status=status).exclude(is_past)

    def live(self) -> "TicketQuerySet":
        """Takes a place: everything but what was given back."""
        return self.exclude(status__in=[TicketStatus.CANCELLED, TicketStatus.REFUNDED])

    def locked(self, pk: int) -> "Ticket":
        return self.select_for_update().get(pk=pk)

    def at_the_door(self) -> "TicketQuerySet":
        """With all that a door looks at and shows; `known_at_the_door` puts it in its place.

        Five columns of order, tier and person, not all fifty: naming and reading those took longer
        than the rest of a scan's look at its ticket.
        """
        return self.select_related("event").annotate(
            door_currency=F("order__currency"),
            door_tier_id=F("order__tier_id"),
            door_tier_name=F("order__tier__name"),
            door_name=F("user__name"),
            door_email=F("user__email"),
        )

    def claim(self, ticket: "Ticket", **changes: Any) -> bool:
        """Change a ticket if it still is as it was read; the row count is the answer.

        Without changes it is only made sure of, and locked.
        """
        # Nothing here may be the beginning of another index than the primary key: with the
        # ticket's times in it MariaDB goes by idx_validity, locks the index before the row, and
        # falls over a cancel, which locks them the other way round.
        as_read = self.filter(pk=ticket.pk, status=ticket.status, is_inside=ticket.is_inside)
        return bool(as_read.update(**(changes or {"is_inside": ticket.is_inside})))

    def with_everything(self) -> "TicketQuerySet":
        return self.select_related("event", "order__event", "order__payment", "order__tier", "user")


class ScanQuerySet(models.QuerySet["TicketScan"]):
    def standing(self) -> "ScanQuerySet":
        """Accepted, and not undone."""
        return self.filter(accepted=True, undone_at__isnull=True)

    def with_everything(self) -> "ScanQuerySet":
        return self.select_related(
            "ticket__event",
            "ticket__order__tier",
            "ticket__user",
            "scanner_user",
            "scanner_link",
            "undone_by",
        )


def _exactly(rows: int) -> None:
    if rows != 1:
        raise AssertionError("a counter has no such places to give back")
