"""What the staff groups may do with plans, subscriptions and what they open."""

from typing import Any

from django.db import migrations

from accounts.roles import write_roles


def forwards(apps: Any, schema_editor: Any) -> None:
    write_roles(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0007_webhook_roles"),
        ("access", "0001_initial"),
        ("payments", "0008_agreements"),
    ]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
