"""Rooms, times and bookings, for customers and at the desk."""

from tests.permission_matrix.people import V1, Row, desk, everybody, manager, owner, page, signed_in

PLAN = {
    "roomId": "<room>",
    "startDate": "2026-08-03",
    "endDate": "2026-08-03",
    "slotDuration": 60,
    "workingHours": {"start": "09:00", "end": "10:00"},
}
PLACE = {"timeslotId": "<free_slot>", "roomId": "<room>"}

ROWS = [
    Row("GET", V1 + "bookings/rooms", everybody(200)),
    Row("GET", V1 + "bookings/rooms/<int:pk>", everybody(200), of="room"),
    Row("GET", V1 + "bookings/rooms/<int:pk>/timeslots", everybody(200), of="room"),
    Row("GET", V1 + "bookings", signed_in(200)),
    Row("POST", V1 + "bookings", signed_in(201), PLACE),
    Row("GET", V1 + "bookings/<int:pk>", owner(200)),
    Row("PUT", V1 + "bookings/<int:pk>/cancel", owner(200)),
    Row("PUT", V1 + "bookings/<int:pk>/reschedule", owner(200), {"timeslotId": "<free_slot>"}),
    Row("GET", V1 + "admin/rooms", desk(200)),
    Row("POST", V1 + "admin/rooms", manager(201), {"name": "Loft", "roomType": "office"}),
    Row("GET", V1 + "admin/rooms/<int:pk>", desk(200), of="room"),
    Row("PUT", V1 + "admin/rooms/<int:pk>", manager(200), {"capacity": 2}, of="room"),
    Row("PATCH", V1 + "admin/rooms/<int:pk>", manager(200), {"capacity": 2}, of="room"),
    Row("DELETE", V1 + "admin/rooms/<int:pk>", manager(200), of="room"),
    Row("GET", V1 + "admin/timeslots", desk(200)),
    Row("POST", V1 + "admin/timeslots/generate", manager(201), PLAN),
    Row("GET", V1 + "admin/timeslots/<int:pk>", desk(200), of="free_slot"),
    Row("PUT", V1 + "admin/timeslots/<int:pk>", manager(200), {"price": 9}, of="free_slot"),
    Row("PATCH", V1 + "admin/timeslots/<int:pk>", manager(200), {"price": 9}, of="free_slot"),
    Row("DELETE", V1 + "admin/timeslots/<int:pk>", manager(204), of="free_slot"),
    Row("PUT", V1 + "admin/timeslots/<int:pk>/block", desk(200), {}, of="free_slot"),
    Row("PUT", V1 + "admin/timeslots/<int:pk>/unblock", desk(200), of="shut_slot"),
    Row("GET", V1 + "admin/bookings", desk(200)),
    Row("GET", V1 + "admin/bookings/<int:pk>", desk(200)),
    Row("PUT", V1 + "admin/bookings/<int:pk>", desk(200), {"staffNotes": "allergic"}),
    Row("PATCH", V1 + "admin/bookings/<int:pk>", desk(200), {"staffNotes": "allergic"}),
    Row("PUT", V1 + "admin/bookings/<int:pk>/status", desk(200), {"status": "cancelled"}),
    # Refunds other than by the policy are a manager's decision.
    Row(
        "PUT",
        V1 + "admin/bookings/<int:pk>/status",
        manager(200),
        {"status": "cancelled", "refund": "full"},
    ),
    Row(
        "PUT",
        V1 + "admin/bookings/<int:pk>/status",
        manager(200),
        {"status": "cancelled", "refund": "none"},
    ),
    Row(
        "POST",
        V1 + "admin/bookings",
        desk(201),
        {"userId": "<stranger>", "timeslotId": "<free_slot>"},
    ),
    Row("GET", V1 + "admin/bookings/stats", manager(200)),
    Row(
        "PUT",
        V1 + "admin/bookings/<int:pk>/reschedule",
        desk(200),
        {"timeslotId": "<free_slot>"},
    ),
    Row("POST", V1 + "admin/bookings/<int:pk>/payment", desk(200), {"method": "cash"}, of="held"),
    Row("GET", "bookings", page(200)),
    Row("GET", "bookings/new", everybody(200)),
    Row("GET", "bookings/<int:booking_id>", owner(200, anonymous=302)),
    Row("GET", "bookings/<int:booking_id>.ics", owner(200, anonymous=302)),
    Row("GET", "bookings/<int:booking_id>/cancel", owner(200, anonymous=302)),
    Row(
        "POST",
        "bookings/<int:booking_id>/cancel",
        owner(303, anonymous=302),
        {"expected_refund": "80.00"},
    ),
    Row("GET", "bookings/<int:booking_id>/move", owner(200, anonymous=302)),
    Row(
        "POST",
        "bookings/<int:booking_id>/move",
        owner(303, anonymous=302),
        {
            "slot": "<free_slot>",
            "expected_price": "80.00",
            "idempotency_key": "3f0c1a52-7d0e-4b57-9d5c-0c8b7f0e6a11",
        },
    ),
]
