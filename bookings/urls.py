from django.urls import path

from bookings import views

app_name = "bookings"

urlpatterns = [
    path("bookings", views.my_bookings, name="list"),
    path("bookings/new", views.choose, name="new"),
    path("bookings/<int:booking_id>", views.detail, name="detail"),
    path("bookings/<int:booking_id>.ics", views.calendar_file, name="ics"),
    path("bookings/<int:booking_id>/cancel", views.cancel, name="cancel"),
    path("bookings/<int:booking_id>/move", views.move, name="move"),
    path("media/rooms/<str:name>", views.room_picture, name="room_picture"),
]
