"""Carry out an event's cancellation or move for each of its orders."""

import logging
from collections.abc import Iterator
from datetime import datetime

from common.pages import pages
from common.service import service
from tickets import emails
from tickets.models import Campaign, TicketOrder
from tickets.services.cancel import wind_up_order
from tickets.services.events import realign_tickets
from tickets.states import OrderStatus

logger = logging.getLogger(__name__)

BATCH = 100


def run_campaign(*, campaign_id: int, at: datetime, batches: int = 10) -> bool:
    """Do up to `batches` batches of orders, each order in a transaction of its own.

    True when the campaign is finished. An order that fails is logged and left behind: the last
    round looks for such orders again, so one bad order doesn't keep the others waiting.
    """
    for _ in range(batches):
        campaign = Campaign.objects.select_related("event").get(pk=campaign_id)
        if campaign.is_finished:
            return True
        if campaign.kind == Campaign.MOVED:
            realign_tickets(campaign.event_id)
        orders = TicketOrder.objects.filter(event_id=campaign.event_id, pk__gt=campaign.cursor)
        ids = list(orders.order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not ids:
            return _finish(campaign, at)
        for order_id in ids:
            _do(campaign, order_id, at)
        Campaign.objects.advance(campaign.pk, seen=campaign.cursor, to=ids[-1])
    return False


def open_campaigns() -> list[int]:
    """What a worker has left behind."""
    return list(Campaign.objects.unfinished().order_by("pk").values_list("pk", flat=True))


def _do(campaign: Campaign, order_id: int, at: datetime) -> bool:
    try:
        if campaign.kind == Campaign.CANCELLED:
            wind_up_order(order_id=order_id, at=at, reason=campaign.reason or "event cancelled")
        else:
            _tell_moved(campaign, order_id, at)
    except Exception:
        logger.exception("campaign %s: order %s is left for the next round", campaign.pk, order_id)
        return False
    return True


def _left(campaign: Campaign) -> Iterator[int]:
    """Orders that the campaign has passed by and that aren't done."""
    orders = TicketOrder.objects.filter(event_id=campaign.event_id).only("pk")
    if campaign.kind == Campaign.CANCELLED:
        orders = orders.filter(status__in=[OrderStatus.PENDING, OrderStatus.PAID])
    else:
        orders = orders.filter(status=OrderStatus.PAID, created_at__lte=campaign.created_at)
    for page in pages(orders):
        ids = [order.pk for order in page]
        told = emails.told_of_move(campaign, ids) if campaign.kind == Campaign.MOVED else set()
        yield from (pk for pk in ids if pk not in told)


@service
def _tell_moved(campaign: Campaign, order_id: int, at: datetime) -> None:
    order = TicketOrder.objects.select_related("event", "user").get(pk=order_id)
    # Who bought after the move has been told the new time all along.
    if order.is_paid and order.created_at <= campaign.created_at:
        emails.event_moved(order, campaign, at=at)


def _finish(campaign: Campaign, at: datetime) -> bool:
    """Nothing may be left behind: an order that was being paid at that moment, or that failed."""
    done = [_do(campaign, order_id, at) for order_id in _left(campaign)]
    if not all(done):
        return False
    Campaign.objects.finish(campaign.pk, at=at)
    return True
