"""Managers have money checked."""

from typing import Any

from django.db import migrations

from accounts.roles import write_roles


def forwards(apps: Any, schema_editor: Any) -> None:
    write_roles(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0005_clockwork_roles"),
        ("payments", "0006_money_checks"),
    ]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
