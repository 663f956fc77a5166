"""What is behind a right, its link and its text, is for managers: the front desk reads it no more."""

from typing import Any

from django.db import migrations

from accounts.roles import write_roles


def forwards(apps: Any, schema_editor: Any) -> None:
    write_roles(apps)


class Migration(migrations.Migration):
    dependencies = [("portal", "0008_access_roles")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
