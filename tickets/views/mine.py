"""My tickets: the list, an order, a ticket."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from common.forms import CancelForm
from common.http import Request
from payments.services import lapse
from tickets import telling
from tickets.models import TicketOrder
from tickets.queries import count_orders, has_valid_ticket, is_past, is_upcoming
from tickets.querysets import OrderQuerySet
from tickets.views.own import own_order, own_ticket, person

ORDERS_A_PAGE = 20
TABS = {"upcoming": "Upcoming", "pending": "Pending", "past": "Past"}
EMPTY = {
    "upcoming": ("bell", "No tickets yet. Something good may be on soon."),
    "pending": ("clock", "Nothing is waiting for your payment."),
    "past": ("door", "What is over will be kept here."),
}


@login_required
@never_cache
@require_safe
def my_tickets(request: Request) -> HttpResponse:
    """Upcoming, pending or past, by `?tab=`; tickets for one event stand together."""
    user = person(request)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "upcoming"
    counts = count_orders(user.pk, request.at)
    page = Paginator(_of_tab(user.pk, tab, request), ORDERS_A_PAGE).get_page(
        request.GET.get("page")
    )
    list_url = reverse("tickets:list")
    drawing, text = EMPTY[tab]
    return render(
        request,
        "tickets/list.html",
        {
            "tabs": [
                {
                    "label": label,
                    "href": list_url if name == "upcoming" else f"{list_url}?tab={name}",
                    "is_current": name == tab,
                    "count": counts[name],
                }
                for name, label in TABS.items()
            ],
            "tab": TABS[tab],
            "is_past": tab == "past",
            "groups": telling.by_event(telling.told_order(order, at=request.at) for order in page),
            "page": page,
            "query": f"tab={tab}&",
            "empty_drawing": drawing,
            "empty_text": text,
        },
    )


def _of_tab(user_id: int, tab: str, request: Request) -> OrderQuerySet:
    own: OrderQuerySet = TicketOrder.objects.of(user_id).with_everything()
    if tab == "pending":
        return own.pending().order_by("payment__expires_at", "pk")
    if tab == "past":
        return own.filter(is_past(request.at)).order_by("-event__start_date", "event_id", "-pk")
    return own.filter(is_upcoming(request.at)).order_by("event__start_date", "event_id", "pk")


@login_required
@never_cache
@require_safe
def order(request: Request, order_id: int) -> HttpResponse:
    """What was bought together: held, paid or gone."""
    found = own_order(request, order_id)
    if found.payment is not None and found.payment.has_lapsed(request.at):
        # The beat is at most seconds away; the person at the screen needn't wait for it.
        lapse(payment_id=found.payment.pk, at=request.at)
        found = own_order(request, order_id)
    told = telling.told_order(found, at=request.at)
    leaving = telling.leaving_order(found, at=request.at) if told.cancel_href else None
    return render(
        request,
        "tickets/order.html",
        {
            "told": told,
            "leaving": leaving,
            "form": _cancel_form(leaving),
            "online_url": _online_url(request, found),
            "hold_seconds": int(settings.HOLD_MINUTES * 60),
            "at": request.at,
        },
    )


@login_required
@never_cache
@require_safe
def detail(request: Request, ticket_id: int) -> HttpResponse:
    """One ticket of one's own, as it is shown at the door."""
    ticket = own_ticket(request, ticket_id)
    tickets = telling.told_tickets(ticket.order, at=request.at)
    told = next(each for each in tickets if each.ticket.pk == ticket.pk)
    place = tickets.index(told)
    leaving = None
    if telling.may_cancel_ticket(told.ticket, at=request.at):
        leaving = telling.leaving_ticket(told.ticket, at=request.at)
    return render(
        request,
        "tickets/ticket.html",
        {
            "told": told,
            "before": tickets[place - 1] if place else None,
            "after": tickets[place + 1] if place + 1 < len(tickets) else None,
            "ics_href": (
                reverse("tickets:order_ics", args=[ticket.order_id])
                if not told.is_dead and telling.has_invite(ticket.order, request.at)
                else ""
            ),
            "online_url": _online_url(request, ticket.order),
            "leaving": leaving,
            "form": _cancel_form(leaving),
            "group_least": (
                ticket.order.min_per_order
                if telling.is_bound_to_group(told.ticket, at=request.at)
                else 0
            ),
        },
    )


def _online_url(request: Request, order: TicketOrder) -> str:
    event = order.event
    if not (event.is_online and event.online_url):
        return ""
    holds = has_valid_ticket(person(request).pk, event.pk, at=request.at)
    return event.online_url if holds else ""


def _cancel_form(leaving: telling.Leaving | None) -> CancelForm | None:
    if leaving is None:
        return None
    return CancelForm(initial={"expected_refund": leaving.due, "is_hold": leaving.is_hold})
