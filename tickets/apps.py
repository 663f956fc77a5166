from django.apps import AppConfig


class TicketsConfig(AppConfig):
    name = "tickets"
    verbose_name = "Events and tickets"

    def ready(self) -> None:
        from payments.purposes import register
        from tickets.emails import register_mails
        from tickets.reminders import register_reminders
        from tickets.samples import register_samples
        from tickets.services.deliver import TicketPurpose

        register("ticket", TicketPurpose())
        register_mails()
        register_reminders()
        register_samples()
