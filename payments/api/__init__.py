"""Money by the API, for staff."""
