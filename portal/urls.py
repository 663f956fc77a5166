"""The front page, one's account, and the small addresses that every site has."""

from django.urls import include, path, re_path

from portal import health, views

urlpatterns = [
    path("", views.home, name="home"),
    path("", include(([path("account", views.account, name="account")], "portal"))),
    path("brand.css", views.brand_css, name="brand_css"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("demo/styleguide", views.styleguide, name="styleguide"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    # Our addresses end without a slash; who types one arrives all the same.
    re_path(
        r"^(?P<path>(?:account|bookings|events|tickets|pay|demo)(?:/.*)?)/$", views.without_slash
    ),
    # Those of the account pages end with one.
    re_path(r"^(?P<path>accounts/[a-z0-9/-]*[a-z0-9])$", views.with_slash),
]
