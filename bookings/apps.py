from django.apps import AppConfig


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = "Bookings"

    def ready(self) -> None:
        from bookings.emails import register_mails
        from bookings.services.deliver import BookingPurpose
        from payments.purposes import register

        register("booking", BookingPurpose())
        register_mails()
