"""The demo's mailbox; views answer 404 outside the demo."""

from django.urls import path

from notifications import views

app_name = "notifications"

urlpatterns = [
    path("demo/mails", views.demo_mails, name="demo_mails"),
    path("demo/mails/<int:mail_id>", views.demo_mail, name="demo_mail"),
    path("demo/mails/<int:mail_id>/body", views.demo_mail_body, name="demo_mail_body"),
    path(
        "demo/mails/<int:mail_id>/attachments/<int:attachment_id>",
        views.demo_mail_attachment,
        name="demo_mail_attachment",
    ),
]
