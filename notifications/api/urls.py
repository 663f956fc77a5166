"""Addresses under /api/v1."""

from django.urls import path

from notifications.api.views import MailViewSet

app_name = "notifications_api"

urlpatterns = [
    path("admin/mails", MailViewSet.as_view({"get": "list"}), name="mails"),
    path("admin/mails/<int:pk>/resend", MailViewSet.as_view({"post": "resend"}), name="resend"),
]
