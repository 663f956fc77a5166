"""The outbox by the API, for staff."""
