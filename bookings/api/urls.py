from django.urls import URLPattern

app_name = "bookings_api"

urlpatterns: list[URLPattern] = []
