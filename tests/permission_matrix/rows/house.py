"""The front page, one's account and the description of the API."""

from tests.permission_matrix.people import V1, Row, everybody, manager, page

ROWS = [
    Row(
        "POST",
        V1 + "admin/payments/<int:pk>/refunds",
        manager(201),
        {"reason": "The heating was off."},
        of="payment",
    ),
    Row("GET", V1 + "schema", everybody(200)),
    Row("GET", "api/docs", everybody(200)),
    Row("GET", "", everybody(200)),
    Row("GET", "account", page(200)),
    Row("POST", "account", page(303), {"name": "New"}),
    Row("POST", "account/reminders", page(303)),
    Row("POST", "account/calendar", page(303)),
]
