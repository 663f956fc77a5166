from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = "Money"

    def ready(self) -> None:
        from payments import checks  # noqa: F401
        from payments.emails import register_mails
        from payments.samples import register_samples

        register_mails()
        register_samples()
