"""Events, ticket orders and the door."""
