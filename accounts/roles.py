"""What each staff group may do. A table; a migration in `portal` writes it into the database.

A later step that adds a permission adds it here and brings a migration that calls `write_roles`.
"""

from collections.abc import Mapping
from typing import Any, Final

SCANNER: Final = "Scanner"
FRONT_DESK: Final = "Front desk"
MANAGER: Final = "Manager"

FRONT_DESK_MAY: Final = (
    "bookings.view_room",
    "bookings.view_timeslot",
    "bookings.block_timeslot",
    "bookings.view_booking",
    "bookings.desk_booking",
    "bookings.view_bookingstatuschange",
    "tickets.view_event",
    "tickets.view_tier",
    "tickets.view_ticket",
    "tickets.view_ticketorder",
    "tickets.view_ticketscan",
    "tickets.desk_ticketorder",
    "tickets.scan_ticket",
    "tickets.door_event",
    "payments.view_payment",
    "payments.view_paymentattempt",
    "payments.view_refund",
    "payments.view_billingagreement",
    "access.view_plan",
    "access.view_subscription",
    "access.view_subscriptionstatuschange",
    "accounts.view_user",
    "notifications.view_outgoingmail",
    "notifications.resend_mail",
)

MANAGER_MAY: Final = (
    *FRONT_DESK_MAY,
    "bookings.add_room",
    "bookings.change_room",
    "bookings.delete_room",
    "bookings.add_timeslot",
    "bookings.change_timeslot",
    "bookings.delete_timeslot",
    "bookings.refund_at_discretion",
    "bookings.view_reports",
    "payments.view_dispute",
    "payments.view_webhookevent",
    "payments.replay_webhookevent",
    "payments.view_moneycheck",
    "payments.run_moneycheck",
    "tickets.add_event",
    "tickets.change_event",
    "tickets.delete_event",
    "tickets.publish_event",
    "tickets.add_tier",
    "tickets.change_tier",
    "tickets.delete_tier",
    "tickets.view_campaign",
    "tickets.view_eventchange",
    "tickets.view_scannerlink",
    "tickets.manage_scannerlink",
    "access.add_plan",
    "access.change_plan",
    "access.delete_plan",
    "access.view_resource",
    "access.add_resource",
    "access.change_resource",
    "access.delete_resource",
    "access.manage_subscription",
    "access.view_accesslog",
    "common.view_taskrun",
)

SCANNER_MAY: Final = ("tickets.scan_ticket", "tickets.door_event")

ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    SCANNER: SCANNER_MAY,
    FRONT_DESK: FRONT_DESK_MAY,
    MANAGER: MANAGER_MAY,
}


def write_roles(apps: Any, roles: Mapping[str, tuple[str, ...]] = ROLES) -> None:
    """Make the groups and give each exactly these permissions.

    `apps` is a migration's registry. Permissions are made here when they are not there yet: Django
    makes them only after the last migration.
    """
    group_model = apps.get_model("auth", "Group")
    permission_model = apps.get_model("auth", "Permission")
    content_type_model = apps.get_model("contenttypes", "ContentType")
    for role, names in roles.items():
        group, _ = group_model.objects.get_or_create(name=role)
        permissions = []
        for name in names:
            app_label, codename = name.split(".")
            model = codename.split("_", 1)[1]
            model = OWNERS.get(codename, model)
            content_type, _ = content_type_model.objects.get_or_create(
                app_label=app_label, model=model
            )
            permission, _ = permission_model.objects.get_or_create(
                content_type=content_type,
                codename=codename,
                defaults={"name": _said(apps.get_model(app_label, model), codename)},
            )
            permissions.append(permission)
        group.permissions.set(permissions)


def _said(model: Any, codename: str) -> str:
    """What Django itself would call the permission, had it been first."""
    own = dict(model._meta.permissions)
    action = codename.split("_", 1)[0]
    said: str = own.get(codename, f"Can {action} {model._meta.verbose_name_raw}")
    return said


# The model on which a permission of our own stands.
OWNERS: Final[Mapping[str, str]] = {
    "block_timeslot": "timeslot",
    "desk_booking": "booking",
    "refund_at_discretion": "booking",
    "resend_mail": "outgoingmail",
    "run_moneycheck": "moneycheck",
    "view_reports": "booking",
    "publish_event": "event",
    "door_event": "event",
    "desk_ticketorder": "ticketorder",
    "scan_ticket": "ticket",
    "manage_subscription": "subscription",
}
