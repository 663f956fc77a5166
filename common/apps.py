from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "common"
    verbose_name = "Common ground"

    def ready(self) -> None:
        # Only now: models can't be imported before all apps are there.
        from common import noting

        noting.connect()
