"""Paying, refunds and mails."""

from tests.permission_matrix.people import V1, Row, desk, everybody, manager

ROWS = [
    Row("GET", V1 + "admin/refunds", desk(200)),
    Row("POST", V1 + "admin/refunds/<int:pk>/retry", desk(201), of="failed_refund"),
    # Another amount than the one that failed is a manager's decision.
    Row(
        "POST",
        V1 + "admin/refunds/<int:pk>/retry",
        manager(201),
        {"amount": 1},
        of="failed_refund",
    ),
    Row("POST", V1 + "admin/refunds/<int:pk>/paid-back", desk(200), of="desk_refund"),
    Row("GET", V1 + "admin/mails", desk(200)),
    Row("POST", V1 + "admin/mails/<int:pk>/resend", desk(201), of="mail"),
    # Whoever has the address may pay: it can't be guessed.
    Row("GET", "pay/<str:token>", everybody(303)),
    Row("GET", "pay/<str:token>/return", everybody(200)),
    Row("POST", "pay/<str:token>/give-up", everybody(303)),
    # Its signature is its permission, whoever brings it.
    Row("POST", "api/v1/webhooks/stripe", everybody(400)),
]
