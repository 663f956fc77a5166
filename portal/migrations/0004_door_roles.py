"""Who may make links for scanners."""

from typing import Any

from django.db import migrations

from accounts.roles import write_roles


def forwards(apps: Any, schema_editor: Any) -> None:
    write_roles(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0003_ticket_roles"),
        ("tickets", "0002_door"),
    ]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
