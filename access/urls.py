from django.urls import path

from access import views

app_name = "access"

urlpatterns = [
    path("plans", views.plans, name="plans"),
    path("plans/<slug:slug>/subscribe", views.subscribe, name="subscribe"),
    path("subscriptions/<int:subscription_id>", views.subscription, name="subscription"),
    path(
        "subscriptions/<int:subscription_id>/cancel",
        views.cancel,
        name="subscription_cancel",
    ),
    path(
        "subscriptions/<int:subscription_id>/resume",
        views.resume,
        name="subscription_resume",
    ),
    path("resources", views.resources, name="resources"),
    path("resources/<slug:slug>", views.resource, name="resource"),
    path("resources/<slug:slug>/file", views.file, name="file"),
    path("resources/<slug:slug>/open", views.open_link, name="open"),
]
