from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0002_door")]

    operations = [
        migrations.AddField(
            model_name="event",
            name="moved_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
