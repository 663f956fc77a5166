"""What people can change about themselves here; addresses, passwords and codes are allauth's."""

from accounts.models import User
from common.service import service


@service
def rename(*, user_id: int, name: str) -> User:
    """Call somebody by another name; '' is none."""
    user = User.objects.lock(user_id)[user_id]
    user.name = name.strip()
    user.save(update_fields=["name"])
    return user
