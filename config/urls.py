"""Addresses. No trailing slashes but where Django's admin and allauth bring theirs."""

from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularSwaggerSplitView

from common.api.docs import SchemaView
from common.api.errors import api_not_found

urlpatterns = [
    # First: programs ask more often than people, and every line above costs each of them a look.
    path("api/v1/", include("bookings.api.urls")),
    path("api/v1/", include("payments.api.urls")),
    path("api/v1/", include("notifications.api.urls")),
    path("api/v1/", include("tickets.api.urls")),
    path("api/v1/", include("access.api.urls")),
    path("", include("portal.urls")),
    path("", include("bookings.urls")),
    path("", include("tickets.urls")),
    path("", include("access.urls")),
    path("", include("payments.urls")),
    path("", include("notifications.urls")),
    path("api/v1/schema", SchemaView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api_docs"),
    re_path(r"^api/", api_not_found),
    path("accounts/", include("allauth.urls")),
    path("_allauth/", include("allauth.headless.urls")),
    path("", include("portal.staff_urls")),
    path("admin/", admin.site.urls),
]
