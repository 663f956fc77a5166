"""Managers see what happens by the clock."""

from typing import Any

from django.db import migrations

from accounts.roles import write_roles


def forwards(apps: Any, schema_editor: Any) -> None:
    write_roles(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0004_door_roles"),
        ("common", "0003_task_runs"),
    ]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
