"""Plans, subscriptions, resources and who they open to."""

from tests.permission_matrix.people import V1, Row, desk, everybody, keys, manager, owner, signed_in

NOTES = {"slug": "more-notes", "title": "More notes", "body": "Hello."}

ROWS = [
    Row("GET", V1 + "plans", everybody(200)),
    Row("GET", V1 + "subscriptions", signed_in(200)),
    Row("POST", V1 + "subscriptions", signed_in(201), {"planId": "<dear_plan>"}),
    Row("GET", V1 + "subscriptions/<int:pk>", owner(200), of="subscription"),
    Row("PUT", V1 + "subscriptions/<int:pk>/cancel", owner(200), of="subscription"),
    Row("PUT", V1 + "subscriptions/<int:pk>/resume", owner(200), of="cancelled_subscription"),
    Row("GET", V1 + "admin/plans", desk(200)),
    Row("POST", V1 + "admin/plans", manager(201), {"slug": "new", "name": "New"}),
    Row("GET", V1 + "admin/plans/<int:pk>", desk(200), of="plan"),
    Row("PUT", V1 + "admin/plans/<int:pk>", manager(200), {"name": "New"}, of="plan"),
    Row("PATCH", V1 + "admin/plans/<int:pk>", manager(200), {"name": "New"}, of="plan"),
    Row("DELETE", V1 + "admin/plans/<int:pk>", manager(200), of="plan"),
    Row("GET", V1 + "admin/subscriptions", desk(200)),
    Row("GET", V1 + "admin/subscriptions/<int:pk>", desk(200), of="subscription"),
    Row(
        "PUT",
        V1 + "admin/subscriptions/<int:pk>/cancel",
        manager(200),
        {"when": "now", "refund": "full"},
        of="subscription",
    ),
    Row("GET", V1 + "access", everybody(200)),
    Row("GET", V1 + "access/<slug:slug>", everybody(200), of="page"),
    Row("GET", V1 + "resources", everybody(200)),
    Row("GET", V1 + "resources/<slug:slug>", keys(200), of="page"),
    Row("GET", V1 + "resources/<slug:slug>/file", keys(200), of="file"),
    Row("GET", V1 + "admin/resources", manager(200)),
    Row("POST", V1 + "admin/resources", manager(201), NOTES),
    Row("GET", V1 + "admin/resources/<int:pk>", manager(200), of="resource"),
    Row("PUT", V1 + "admin/resources/<int:pk>", manager(200), {"title": "New"}, of="resource"),
    Row("PATCH", V1 + "admin/resources/<int:pk>", manager(200), {"title": "New"}, of="resource"),
    Row("DELETE", V1 + "admin/resources/<int:pk>", manager(204), of="resource"),
    Row("GET", "plans", everybody(200)),
    Row("GET", "plans/<slug:slug>/subscribe", everybody(200), of="house"),
    Row("GET", "subscriptions/<int:subscription_id>", owner(200, anonymous=302)),
    Row("GET", "subscriptions/<int:subscription_id>/cancel", owner(200, anonymous=302)),
    Row(
        "POST",
        "subscriptions/<int:subscription_id>/resume",
        owner(303, anonymous=302),
        of="cancelled_subscription",
    ),
    Row("GET", "resources", everybody(200)),
    # Who isn't signed in is told what it is and offered to.
    Row("GET", "resources/<slug:slug>", keys(200, anonymous=403), of="page"),
    Row("GET", "resources/<slug:slug>/file", keys(200, anonymous=302), of="file"),
    Row("GET", "resources/<slug:slug>/open", keys(302, anonymous=302), of="link"),
]
