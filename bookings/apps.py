from django.apps import AppConfig


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = "Bookings"

    def ready(self) -> None:
        from bookings.api.presenters import register_presenters
        from bookings.emails import register_mails
        from bookings.reminders import register_reminders
        from bookings.samples import register_samples
        from bookings.services.deliver import BookingPurpose
        from payments.purposes import register

        register("booking", BookingPurpose())
        register_mails()
        register_reminders()
        register_samples()
        register_presenters()
