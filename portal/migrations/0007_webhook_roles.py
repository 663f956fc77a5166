"""Managers see what the payment provider told, and may have it applied again."""

from typing import Any

from django.db import migrations

from accounts.roles import write_roles


def forwards(apps: Any, schema_editor: Any) -> None:
    write_roles(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0006_money_check_roles"),
        ("payments", "0005_stripe_books"),
    ]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
