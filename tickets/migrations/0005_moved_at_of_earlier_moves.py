from typing import Any

from django.db import migrations


def remember(apps: Any, editor: Any) -> None:
    """Who bought before a move that lies behind us keeps the right to cancel."""
    events = apps.get_model("tickets", "Event").objects
    changes = apps.get_model("tickets", "EventChange").objects
    for event in events.filter(free_cancel_until__isnull=False, moved_at__isnull=True):
        moves = changes.filter(event_id=event.pk, what="moved")
        moved_at = moves.order_by("-at").values_list("at", flat=True).first()
        events.filter(pk=event.pk).update(moved_at=moved_at)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0004_ticket_history")]

    operations = [migrations.RunPython(remember, migrations.RunPython.noop)]
