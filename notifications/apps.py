from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "Mails"

    def ready(self) -> None:
        # Only now: models can't be imported before all apps are there.
        from notifications import (
            alarm,
            checks,  # noqa: F401
            samples,
        )
        from notifications.emails import build_account_mail
        from notifications.outbox import ACCOUNT
        from notifications.registry import register

        register(ACCOUNT, build_account_mail, title="Account mail", is_secret=True)
        register(alarm.FAILED, alarm.build, title="To staff: a mail could not be delivered")
        samples.register_own()
