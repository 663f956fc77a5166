"""The customer's pages about events and tickets."""

from django.http import HttpRequest, HttpResponse


def events(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def event(request: HttpRequest, event_id: int) -> HttpResponse:
    return HttpResponse()


def my_tickets(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def detail(request: HttpRequest, ticket_id: int) -> HttpResponse:
    return HttpResponse()


def order(request: HttpRequest, order_id: int) -> HttpResponse:
    return HttpResponse()
