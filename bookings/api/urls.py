"""Addresses under /api/v1, as the specification names them."""

from django.urls import path

from bookings.api.views import (
    BookingViewSet,
    RoomViewSet,
    StaffBookingViewSet,
    StaffRoomViewSet,
    StaffTimeslotViewSet,
)

app_name = "bookings_api"

CHANGE = {"put": "update", "patch": "partial_update"}

urlpatterns = [
    path("bookings/rooms", RoomViewSet.as_view({"get": "list"}), name="rooms"),
    path("bookings/rooms/<int:pk>", RoomViewSet.as_view({"get": "retrieve"}), name="room"),
    path(
        "bookings/rooms/<int:pk>/timeslots",
        RoomViewSet.as_view({"get": "timeslots"}),
        name="room_timeslots",
    ),
    path("bookings", BookingViewSet.as_view({"get": "list", "post": "create"}), name="bookings"),
    path("bookings/<int:pk>", BookingViewSet.as_view({"get": "retrieve"}), name="booking"),
    path(
        "bookings/<int:pk>/cancel",
        BookingViewSet.as_view({"put": "cancel"}),
        name="booking_cancel",
    ),
    path(
        "bookings/<int:pk>/reschedule",
        BookingViewSet.as_view({"put": "reschedule"}),
        name="booking_reschedule",
    ),
    path(
        "admin/rooms",
        StaffRoomViewSet.as_view({"get": "list", "post": "create"}),
        name="staff_rooms",
    ),
    path(
        "admin/rooms/<int:pk>",
        StaffRoomViewSet.as_view({"get": "retrieve", "delete": "destroy", **CHANGE}),
        name="staff_room",
    ),
    path("admin/timeslots", StaffTimeslotViewSet.as_view({"get": "list"}), name="staff_timeslots"),
    path(
        "admin/timeslots/generate",
        StaffTimeslotViewSet.as_view({"post": "generate"}),
        name="staff_timeslots_generate",
    ),
    path(
        "admin/timeslots/<int:pk>",
        StaffTimeslotViewSet.as_view({"get": "retrieve", "delete": "destroy", **CHANGE}),
        name="staff_timeslot",
    ),
    path(
        "admin/timeslots/<int:pk>/block",
        StaffTimeslotViewSet.as_view({"put": "block"}),
        name="staff_timeslot_block",
    ),
    path(
        "admin/timeslots/<int:pk>/unblock",
        StaffTimeslotViewSet.as_view({"put": "unblock"}),
        name="staff_timeslot_unblock",
    ),
    path(
        "admin/bookings",
        StaffBookingViewSet.as_view({"get": "list", "post": "create"}),
        name="staff_bookings",
    ),
    path(
        "admin/bookings/stats",
        StaffBookingViewSet.as_view({"get": "stats"}),
        name="staff_booking_stats",
    ),
    path(
        "admin/bookings/<int:pk>",
        StaffBookingViewSet.as_view({"get": "retrieve", **CHANGE}),
        name="staff_booking",
    ),
    path(
        "admin/bookings/<int:pk>/status",
        StaffBookingViewSet.as_view({"put": "set_status"}),
        name="staff_booking_status",
    ),
    path(
        "admin/bookings/<int:pk>/reschedule",
        StaffBookingViewSet.as_view({"put": "reschedule"}),
        name="staff_booking_reschedule",
    ),
    path(
        "admin/bookings/<int:pk>/payment",
        StaffBookingViewSet.as_view({"post": "take_payment"}),
        name="staff_booking_payment",
    ),
]
