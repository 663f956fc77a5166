"""Managers may see reports."""

from typing import Any

from django.db import migrations

from accounts.roles import write_roles


def forwards(apps: Any, schema_editor: Any) -> None:
    write_roles(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0001_roles"),
        ("bookings", "0003_reports"),
    ]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
