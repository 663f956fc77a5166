"""The front page, one's account, and the small addresses that every site has."""

from django.urls import include, path, re_path

from portal import calendar, health, views

own = [
    path("account", views.account, name="account"),
    path("account/reminders", calendar.change_reminders, name="change_reminders"),
    path("account/calendar", calendar.change_calendar, name="change_calendar"),
    path("calendar/<str:token>.ics", calendar.calendar, name="calendar"),
    path("reminders/off/<str:token>", calendar.reminders_off, name="reminders_off"),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("", include((own, "portal"))),
    path("brand.css", views.brand_css, name="brand_css"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("demo/styleguide", views.styleguide, name="styleguide"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    # Our addresses end without a slash; who types one arrives all the same.
    re_path(
        r"^(?P<path>(?:account|bookings|events|tickets|plans|subscriptions|resources|pay|demo)"
        r"(?:/.*)?)/$",
        views.without_slash,
    ),
    # Those of the account pages end with one.
    re_path(r"^(?P<path>accounts/[a-z0-9/-]*[a-z0-9])$", views.with_slash),
]
