from django.urls import path

from payments import demo_views, views

app_name = "payments"

urlpatterns = [
    path("pay/<str:token>", views.pay, name="pay"),
    path("pay/<str:token>/return", views.come_back, name="return"),
    path("pay/<str:token>/give-up", views.give_up_purchase, name="give_up"),
    path("demo/checkout/<str:session_id>", demo_views.demo_checkout, name="demo_checkout"),
    path("demo/subscriptions/<str:number>", demo_views.demo_agreement, name="demo_agreement"),
]
