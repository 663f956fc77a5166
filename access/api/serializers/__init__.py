"""How plans and subscriptions look in the API."""
