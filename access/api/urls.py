"""Addresses under /api/v1: plans, subscriptions, resources and who may open them."""

from django.urls import path

from access.api.views.access import AccessViewSet
from access.api.views.plans import PlanViewSet, StaffPlanViewSet
from access.api.views.resources import ResourceViewSet
from access.api.views.staff_resources import StaffResourceViewSet
from access.api.views.subscriptions import StaffSubscriptionViewSet, SubscriptionViewSet

app_name = "access_api"

CHANGE = {"put": "update", "patch": "partial_update"}

urlpatterns = [
    path("plans", PlanViewSet.as_view({"get": "list"}), name="plans"),
    path(
        "subscriptions",
        SubscriptionViewSet.as_view({"get": "list", "post": "create"}),
        name="subscriptions",
    ),
    path(
        "subscriptions/<int:pk>",
        SubscriptionViewSet.as_view({"get": "retrieve"}),
        name="subscription",
    ),
    path(
        "subscriptions/<int:pk>/cancel",
        SubscriptionViewSet.as_view({"put": "cancel"}),
        name="subscription_cancel",
    ),
    path(
        "subscriptions/<int:pk>/resume",
        SubscriptionViewSet.as_view({"put": "resume"}),
        name="subscription_resume",
    ),
    path(
        "admin/plans",
        StaffPlanViewSet.as_view({"get": "list", "post": "create"}),
        name="staff_plans",
    ),
    path(
        "admin/plans/<int:pk>",
        StaffPlanViewSet.as_view({"get": "retrieve", "delete": "destroy", **CHANGE}),
        name="staff_plan",
    ),
    path(
        "admin/subscriptions",
        StaffSubscriptionViewSet.as_view({"get": "list"}),
        name="staff_subscriptions",
    ),
    path(
        "admin/subscriptions/<int:pk>",
        StaffSubscriptionViewSet.as_view({"get": "retrieve"}),
        name="staff_subscription",
    ),
    path(
        "admin/subscriptions/<int:pk>/cancel",
        StaffSubscriptionViewSet.as_view({"put": "cancel"}),
        name="staff_subscription_cancel",
    ),
    path("access", AccessViewSet.as_view({"get": "several"}), name="access_to_several"),
    path("access/<slug:slug>", AccessViewSet.as_view({"get": "retrieve"}), name="access"),
    path("resources", ResourceViewSet.as_view({"get": "list"}), name="resources"),
    path("resources/<slug:slug>", ResourceViewSet.as_view({"get": "retrieve"}), name="resource"),
    path(
        "resources/<slug:slug>/file", ResourceViewSet.as_view({"get": "file"}), name="resource_file"
    ),
    path(
        "admin/resources",
        StaffResourceViewSet.as_view({"get": "list", "post": "create"}),
        name="staff_resources",
    ),
    path(
        "admin/resources/<int:pk>",
        StaffResourceViewSet.as_view({"get": "retrieve", "delete": "destroy", **CHANGE}),
        name="staff_resource",
    ),
]
