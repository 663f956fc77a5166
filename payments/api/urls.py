"""Addresses under /api/v1."""

from django.urls import path

from payments.api.views import PaymentViewSet, RefundViewSet
from payments.api.webhooks import stripe_webhook

app_name = "payments_api"

urlpatterns = [
    path(
        "admin/payments/<int:pk>/refunds",
        PaymentViewSet.as_view({"post": "give_back"}),
        name="payment_refunds",
    ),
    path("admin/refunds", RefundViewSet.as_view({"get": "list"}), name="refunds"),
    path(
        "admin/refunds/<int:pk>/retry",
        RefundViewSet.as_view({"post": "retry"}),
        name="refund_retry",
    ),
    path(
        "admin/refunds/<int:pk>/paid-back",
        RefundViewSet.as_view({"post": "paid_back"}),
        name="refund_paid_back",
    ),
    path("webhooks/stripe", stripe_webhook, name="stripe_webhook"),
]
