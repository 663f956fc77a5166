from django.urls import path

from tickets import views

app_name = "tickets"

urlpatterns = [
    path("events", views.events, name="events"),
    path("events/<int:event_id>", views.event, name="event"),
    path("tickets", views.my_tickets, name="list"),
    path("tickets/<int:ticket_id>", views.detail, name="detail"),
    path("tickets/orders/<int:order_id>", views.order, name="order"),
]
