"""The floor: bare DRF views on the same models, by token, without middleware.

Nothing that makes a shop of it. `PurchaseView` asks and writes what our purchase does, through the
same ORM, without the key and the mail; `BareView` only what can't be left out at all, as does
`ScanView`. No shop on Django and DRF gets under that. `DressedView` is `ScanView` behind our own
middleware and authentication.
"""

from typing import Any, cast

import django

django.setup()

from allauth.account.models import EmailAddress  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.db import transaction  # noqa: E402
from django.db.models import F, Q  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from accounts.models import User  # noqa: E402
from tickets.api.authentication import AT_THE_DOOR  # noqa: E402
from tickets.models import Event, Ticket, TicketOrder, TicketScan, Tier  # noqa: E402
from tickets.states import EventStatus, OrderStatus, ScanType  # noqa: E402


def _said(request: Request) -> dict[str, Any]:
    return cast("dict[str, Any]", request.data)


class BareView(APIView):
    """Claims a place of a free event, writes order and ticket: three statements."""

    def post(self, request: Request) -> Response:
        with transaction.atomic():
            return _sell(int(_said(request)["eventId"]), request.user.pk)


class PurchaseView(APIView):
    """Eight statements: person, event, tiers, address, claim, event again, order, ticket."""

    def post(self, request: Request) -> Response:
        event_id, user_id = int(_said(request)["eventId"]), int(request.user.pk or 0)
        with transaction.atomic():
            user = User.objects.select_for_update().get(pk=user_id)
            event = Event.objects.get(pk=event_id)
            tiers = list(Tier.objects.filter(event_id=event_id, is_active=True))
            verified = EmailAddress.objects.filter(user=user, email=user.email, verified=True)
            if tiers or not event.is_published or not verified.exists():
                return Response({"code": "not_on_sale"}, status=409)
            return _sell(event_id, user_id, reads_again=True)


def _sell(event_id: int, user_id: Any, *, reads_again: bool = False) -> Response:
    at = timezone.now()
    fits = Q(max_participants__gte=F("current_participants") + F("held") + 1)
    claimed = Event.objects.filter(fits, pk=event_id, status=EventStatus.PUBLISHED).update(
        current_participants=F("current_participants") + 1
    )
    if not claimed:
        return Response({"code": "sold_out"}, status=409)
    if reads_again:
        at = max(at, Event.objects.get(pk=event_id).valid_from)
    order = TicketOrder.objects.create(
        user_id=user_id,
        event_id=event_id,
        ticket_type="standard",
        quantity=1,
        unit_price=0,
        amount=0,
        currency="USD",
        status=OrderStatus.PAID,
        created_at=at,
    )
    ticket = Ticket.objects.create(
        user_id=user_id,
        event_id=event_id,
        order=order,
        price_paid=0,
        valid_from=at,
        valid_until=at,
        created_at=at,
    )
    return Response({"id": order.pk, "ticketCode": ticket.ticket_code}, status=201)


class ScanView(APIView):
    """Finds the ticket, lets it in or out, writes the scan: three statements."""

    def post(self, request: Request, code: str) -> Response:
        at, said = timezone.now(), _said(request)
        scan_type = said["scanType"]
        enters = scan_type == ScanType.CHECK_IN
        with transaction.atomic():
            ticket = Ticket.objects.select_related("event").get(ticket_code=code)
            claimed = Ticket.objects.filter(pk=ticket.pk, is_inside=not enters).update(
                is_inside=enters, check_in_time=at
            )
            scan = TicketScan.objects.create(
                ticket=ticket,
                event_id=ticket.event_id,
                scanned_at=at,
                scan_type=scan_type,
                scan_id=said["scanId"],
                accepted=bool(claimed),
            )
        status = 200 if claimed else 409
        return Response({"accepted": scan.accepted, "id": scan.pk, "code": code}, status=status)


class DressedView(ScanView):
    """The same for who comes with a scanner link."""

    authentication_classes = AT_THE_DOOR


urlpatterns = [
    path("scan/<str:code>", ScanView.as_view()),
    path("dressed/scan/<str:code>", DressedView.as_view()),
    path("purchase", PurchaseView.as_view()),
    path("bare/purchase", BareView.as_view()),
]

# allauth starts only with its middleware there; the floor's requests go without.
settings.MIDDLEWARE = settings.FLOOR_MIDDLEWARE  # type: ignore[misc]
application = WSGIHandler()
