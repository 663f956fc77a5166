from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "access"
    verbose_name = "Plans and resources"

    def ready(self) -> None:
        from access.api.presenters import register_presenters
        from access.emails import register_mails
        from access.samples import register_samples
        from access.services.deliver import SubscriptionPurpose
        from payments.purposes import register

        register("subscription", SubscriptionPurpose())
        register_mails()
        register_samples()
        register_presenters()
