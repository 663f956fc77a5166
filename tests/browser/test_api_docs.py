"""The API's own page: Swagger UI, under the same strict content policy as all pages."""

import pytest
from django.test import Client
from playwright.sync_api import expect

from accounts.models import User
from bookings.models import Booking
from tests.browser.conftest import PHONE, House, Open
from tests.infrastructure.world import MakeUser

pytestmark = pytest.mark.browser


@pytest.fixture
def ada(make_user: MakeUser) -> User:
    return make_user("ada@example.com", name="Ada Lovelace")


@pytest.mark.parametrize("window", [{}, {"viewport": PHONE}], ids=["desktop", "phone"])
def test_all_operations_are_shown_the_customers_first(
    visit: Open, window: dict[str, object]
) -> None:
    page = visit(**window).page
    paths = Client().get("/api/v1/schema").json()["paths"].values()
    page.goto("/api/docs")

    expect(page.locator(".opblock")).to_have_count(sum(map(len, paths)))
    expect(page.locator(".opblock-tag").first).to_contain_text("bookings")
    page.locator("#operations-bookings-createBooking .opblock-summary").click()
    expect(page.locator("#operations-bookings-createBooking")).to_contain_text("too_many_holds")


def test_a_booking_can_be_tried_out_by_who_is_signed_in(
    visit: Open, ada: User, house: House
) -> None:
    window = visit()
    window.sign_in(ada)
    page, slot = window.page, house.slots[0]
    page.goto("/api/docs")

    block = page.locator("#operations-bookings-createBooking")
    block.locator(".opblock-summary").click()
    block.get_by_role("button", name="Try it out").click()
    block.locator("textarea.body-param__text").fill(
        f'{{"timeslotId": {slot.pk}, "roomId": {slot.room_id}}}'
    )
    block.get_by_role("button", name="Execute").click()

    expect(block.locator(".live-responses-table .response-col_status").last).to_contain_text("201")
    assert Booking.objects.get().user == ada
