"""What needs everything below: forgetting a person."""

from portal.services.anonymise import StillOpen, anonymise, is_anonymised, what_is_open

__all__ = ["StillOpen", "anonymise", "is_anonymised", "what_is_open"]
