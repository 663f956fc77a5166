from django.urls import path

from payments import views

app_name = "payments"

urlpatterns = [
    path("pay/<str:token>", views.pay, name="pay"),
    path("pay/<str:token>/return", views.come_back, name="return"),
    path("pay/<str:token>/give-up", views.give_up_purchase, name="give_up"),
    path("demo/checkout/<str:session_id>", views.demo_checkout, name="demo_checkout"),
]
