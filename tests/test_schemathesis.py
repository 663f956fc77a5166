"""Whatever the OpenAPI document allows, and much that it doesn't, is sent to each operation.

No answer may be a 5xx, and each must be one that the document promises. Half of the numbers that
are made up are replaced by those of rows that are there, else everything would end at a 404.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import schemathesis
import time_machine
from django.contrib.auth import login
from django.contrib.sessions.backends.db import SessionStore
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import RequestFactory
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import User
from bookings.services import cancel_booking
from config.wsgi import application
from payments.models import Refund
from payments.states import RefundState
from tests.infrastructure.events import MakeEvent, buy, pay_order
from tests.infrastructure.world import NOW, START, MakeRoom, MakeSlot, book_slot, pay

# Of each operation, for each of two people, twice: as promised and against the promise.
EXAMPLES = int(os.environ.get("API_EXAMPLES", "40"))
CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EFFORT = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    # The same requests each time: a failure here must be one of the change that is tested.
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def operations() -> list[APIOperation[Any, Any, Any, Any]]:
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    # As it is served, not as it is in memory.
    served = OpenApiJsonRenderer().render(document, renderer_context={})
    schema = schemathesis.openapi.from_dict(json.loads(served))
    schema.app = application
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


@dataclass(frozen=True)
class World:
    token: str
    booking: int
    timeslot: int
    room: int
    refund: int
    user: int
    event: int
    order: int
    ticket: int
    code: str

    def make_real(self, case: Case[Any]) -> None:
        """Name rows that are there."""
        if case.path_parameters:
            path = case.operation.path.removeprefix("/api/v1/").removeprefix("admin/")
            numbers = {
                "bookings/rooms": self.room,
                "rooms": self.room,
                "timeslots": self.timeslot,
                "refunds": self.refund,
                "events": self.event,
                "tickets/orders": self.order,
                "tickets": self.ticket,
            }
            kind = next((name for name in numbers if path.startswith(name)), "")
            real = {"id": numbers.get(kind, self.booking), "ticketCode": self.code}
            case.path_parameters.update(
                {name: real[name] for name in case.path_parameters if name in real}
            )
        for named in (case.body, case.query):
            if isinstance(named, dict):
                named.update({"roomId": self.room} if "roomId" in named else {})
                named.update({"timeslotId": self.timeslot} if "timeslotId" in named else {})
                named.update({"userId": self.user} if "userId" in named else {})
                named.update({"eventId": self.event} if "eventId" in named else {})


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """The application runs within the test's transaction, so it must not hang up."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(params=["customer", "manager"])
def world(
    request: pytest.FixtureRequest,
    customer: User,
    manager: User,
    make_room: MakeRoom,
    make_slot: MakeSlot,
    make_event: MakeEvent,
) -> World:
    """What the customer has paid, a failed refund of what was given back, and what is free; who
    asks is the customer or the manager.
    """
    room = make_room()
    taken, free, given_back = (
        make_slot(room=room, start=START.replace(hour=hour), price=Decimal(80))
        for hour in (9, 10, 11)
    )
    booking = pay(book_slot(taken, customer))
    cancelled = pay(book_slot(given_back, customer))
    cancel_booking(booking_id=cancelled.pk, by=customer, at=NOW)
    Refund.objects.update(status=RefundState.FAILED)
    order = pay_order(buy(make_event(online_url="https://meet.example.com/x"), customer, 2))
    ticket = order.tickets.latest("pk")
    who = {"customer": customer, "manager": manager}[request.param]
    return World(
        token_of(who),
        booking.pk,
        free.pk,
        room.pk,
        Refund.objects.get().pk,
        customer.pk,
        order.event_id,
        order.pk,
        ticket.pk,
        ticket.ticket_code,
    )


def token_of(user: User) -> str:
    """A session of theirs: its key is what the headless API hands out as a token."""
    request = RequestFactory().get("/")
    request.session = SessionStore()
    login(request, user, "django.contrib.auth.backends.ModelBackend")
    request.session.save()
    token = request.session.session_key
    assert token is not None
    return token


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.label)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_promised(
    world: World, operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode
) -> None:
    @EFFORT
    @given(case=operation.as_strategy(generation_mode=mode), is_real=st.booleans())
    def ask(case: Case[Any], is_real: bool) -> None:
        if is_real:
            world.make_real(case)
        # Each request finds the world as it was.
        with transaction.atomic():
            response = case.call(headers={"Authorization": f"Bearer {world.token}"})
            transaction.set_rollback(True)
        case.validate_response(response, checks=CHECKS)

    with time_machine.travel(NOW, tick=False):
        ask()
