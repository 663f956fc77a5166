"""Addresses under /api/v1."""

from django.urls import path

from payments.api.views import RefundViewSet

app_name = "payments_api"

urlpatterns = [
    path("admin/refunds", RefundViewSet.as_view({"get": "list"}), name="refunds"),
]
