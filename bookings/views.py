"""The customer's pages about bookings."""

from django.http import HttpRequest, HttpResponse


def my_bookings(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def choose(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def detail(request: HttpRequest, booking_id: int) -> HttpResponse:
    return HttpResponse()


def cancel(request: HttpRequest, booking_id: int) -> HttpResponse:
    return HttpResponse()
