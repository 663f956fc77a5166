from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bookings", "0002_booking_free_cancel_until_booking_staff_notes")]

    operations = [
        migrations.AlterModelOptions(
            name="booking",
            options={
                "default_permissions": ("view",),
                "ordering": ["-pk"],
                "permissions": [
                    ("desk_booking", "Can book, confirm, cancel and complete for customers"),
                    ("refund_at_discretion", "Can refund more or less than the policy says"),
                    ("view_reports", "Can see what the bookings brought in"),
                ],
            },
        ),
    ]
