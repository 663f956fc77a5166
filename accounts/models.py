"""People: one account, known by its e-mail address."""

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models, transaction
from django.utils import timezone

from common.people import lock_people


class UserManager(BaseUserManager["User"]):
    """Makes people and locks their rows."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Make a person who can sign in by password, or only by e-mailed code when it is None."""
        if not email:
            raise ValueError("A person needs an e-mail address.")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    @transaction.atomic
    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """As `manage.py createsuperuser` calls it; the address counts as verified."""
        user = self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
        user.mark_verified()
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())

    def lock(self, *ids: int | None) -> dict[int, "User"]:
        """Lock these people's rows in the order of their ids: the first lock of every service."""
        return lock_people(*ids)


class User(AbstractBaseUser, PermissionsMixin):
    """A person: customer, staff, or both."""

    email = models.EmailField("e-mail address", max_length=254, unique=True)
    name = models.CharField("name", max_length=150, blank=True)
    is_staff = models.BooleanField(
        "may sign in to the staff pages",
        default=False,
        help_text="What they may do there is "
        "decided by their groups: Scanner, Front desk or Manager.",
    )
    is_active = models.BooleanField(
        "active", default=True, help_text="Switch off instead of deleting an account."
    )
    date_joined = models.DateTimeField("joined", default=timezone.now)
    wants_reminders = models.BooleanField("wants reminders by e-mail", default=True)
    # The secret in the address of the personal calendar; None until it is asked for.
    calendar_token = models.CharField(max_length=64, unique=True, null=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "users"
        verbose_name = "person"
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email

    def clean(self) -> None:
        super().clean()
        self.email = self.email.strip().lower()

    def get_full_name(self) -> str:
        # Names come from people and programs; a line break in one must not make lines of a mail.
        return " ".join(self.name.split()) or self.email

    def get_short_name(self) -> str:
        return self.name.split()[0] if self.name.split() else self.email.split("@")[0]

    @property
    def has_verified_email(self) -> bool:
        """True once the person has proved that mail to this address reaches them."""
        addresses = EmailAddress.objects.filter(user=self, email=self.email, verified=True)
        return bool(addresses.exists())

    def mark_verified(self) -> None:
        """Count the address as verified without a code: accounts made by a command."""
        EmailAddress.objects.update_or_create(
            user=self, email=self.email, defaults={"verified": True, "primary": True}
        )
