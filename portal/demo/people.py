"""The people of the demo: five who can be signed in as, and customers who fill the calendar."""

from dataclasses import dataclass
from typing import Final

from django.contrib.auth.models import Group

from accounts.models import User
from accounts.roles import FRONT_DESK, MANAGER, SCANNER

# Of the demo alone; the commands that use it refuse to run anywhere else.
PASSWORD: Final = "demo-pass-2026"  # noqa: S105


@dataclass(frozen=True, kw_only=True)
class Account:
    """Somebody to sign in as. `role` is what the list of sign-ins calls them."""

    email: str
    name: str
    role: str
    group: str = ""
    is_superuser: bool = False

    @property
    def is_staff(self) -> bool:
        return bool(self.group) or self.is_superuser


CUSTOMER: Final = Account(email="customer@example.com", name="Clara Holm", role="Customer")
DESK: Final = Account(
    email="desk@example.com", name="Dora Lindner", role=FRONT_DESK, group=FRONT_DESK
)
BOSS: Final = Account(email="manager@example.com", name="Max Brandt", role=MANAGER, group=MANAGER)
DOOR: Final = Account(email="scanner@example.com", name="Sam Ortiz", role=SCANNER, group=SCANNER)
ADMIN: Final = Account(
    email="admin@example.com", name="Ada Winter", role="Superuser", is_superuser=True
)
ACCOUNTS: Final = (CUSTOMER, DESK, BOSS, DOOR, ADMIN)

CROWD: Final = (
    "Jonas Meyer",
    "Emily Carter",
    "Lukas Schneider",
    "Sofia Rossi",
    "Noah Williams",
    "Hannah Fischer",
    "Mateo Garcia",
    "Lea Hoffmann",
    "Oliver Brown",
    "Mia Wagner",
    "Liam Johnson",
    "Anna Kowalska",
    "Paul Becker",
    "Grace Miller",
    "Felix Schulz",
    "Zoe Martin",
)


def ensure_accounts() -> dict[str, User]:
    """The five accounts by their address; one that is there is left as it is."""
    known = User.objects.in_bulk([account.email for account in ACCOUNTS], field_name="email")
    for account in ACCOUNTS:
        if account.email not in known:
            known[account.email] = _make_account(account)
    return known


def ensure_crowd() -> list[User]:
    """Customers whose addresses lead nowhere; nobody signs in as one of them."""
    addresses = {f"{name.lower().replace(' ', '.')}@example.com": name for name in CROWD}
    known = User.objects.in_bulk(list(addresses), field_name="email")
    for email, name in addresses.items():
        if email not in known:
            known[email] = User.objects.create_user(email, None, name=name)
            known[email].mark_verified()
    return [known[email] for email in addresses]


def _make_account(account: Account) -> User:
    user = User.objects.create_user(
        account.email,
        PASSWORD,
        name=account.name,
        is_staff=account.is_staff,
        is_superuser=account.is_superuser,
    )
    user.mark_verified()
    if account.group:
        user.groups.add(Group.objects.get(name=account.group))
    return user
