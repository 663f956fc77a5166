"""How the API answers and documents itself."""

from typing import Any

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.SessionTokenAuthentication",
        "accounts.authentication.CookieAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.api.parsers.ExactJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "common.api.pagination.Pagination",
    "DEFAULT_SCHEMA_CLASS": "common.api.schema.AutoSchema",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "DATETIME_FORMAT": "iso-8601",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "NON_FIELD_ERRORS_KEY": "nonFieldErrors",
    # ?format= isn't ours: an unknown parameter is left alone.
    "URL_FORMAT_OVERRIDE": None,
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "common.api.errors.ExceptionHandler",
    "EXCEPTION_FORMATTER_CLASS": "common.api.errors.ExceptionFormatter",
    "ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": False,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Booking & Ticket System",
    "VERSION": "1.0.0",
    "DESCRIPTION": (
        "Rooms, timeslots and bookings. Names are camelCase, money is a JSON number, instants are "
        "ISO 8601 with their offset. Sign in with the site's session cookie (and its CSRF token) "
        "or with a session token of `/_allauth/app/v1`, as `Authorization: Bearer …` or "
        "`X-Session-Token`. Every refusal has one shape: `{type, errors: [{code, detail, attr}]}`."
    ),
    "TAGS": [
        {"name": "bookings", "description": "What can be booked, and one's own bookings."},
        {"name": "events", "description": "What takes place, and which tickets there are."},
        {"name": "tickets", "description": "Buying tickets, one's own, and asking about one."},
        {"name": "plans", "description": "What can be subscribed to."},
        {"name": "subscriptions", "description": "One's own plans: taking, cancelling, keeping."},
        {"name": "access", "description": "What one may open, and by which right."},
        {"name": "resources", "description": "What there is to open, and what is in it."},
        {"name": "admin rooms", "description": "Rooms, by staff."},
        {"name": "admin timeslots", "description": "Timeslots, by staff."},
        {"name": "admin bookings", "description": "Everybody's bookings, by staff."},
        {"name": "admin events", "description": "Events and their tickets, by staff."},
        {"name": "admin tickets", "description": "Single tickets, by staff."},
        {"name": "admin plans", "description": "Plans, by staff."},
        {"name": "admin subscriptions", "description": "Everybody's subscriptions, by staff."},
        {"name": "admin resources", "description": "What is opened by a key, by staff."},
        {"name": "admin refunds", "description": "Money on its way back, by staff."},
        {"name": "admin mails", "description": "The outbox, by staff."},
    ],
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": True},
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "RoomType": "bookings.states.RoomType",
        "BookingStatus": "bookings.states.BookingStatus",
        "PaymentStatus": "bookings.states.PaymentStatus",
        "EventType": "tickets.states.EventType",
        "EventStatus": "tickets.states.EventStatus",
        "EntryMode": "tickets.states.EntryMode",
        "TicketType": "tickets.states.TicketType",
        "TicketStatus": "tickets.states.TicketStatus",
        "OrderStatus": "tickets.states.OrderStatus",
        "PlanInterval": "access.states.PlanInterval",
        "ResourceKind": "access.states.ResourceKind",
        "WouldGrantKind": ["plan", "room", "event", "booking", "ticket", "subscription"],
        "SubscriptionStatus": "access.states.SubscriptionStatus",
        "RefundChoice": ["full", "policy", "none"],
        "SubscriptionRefund": "access.states.EndRefund",
    },
}
