"""The API of plans, subscriptions and what they open."""
