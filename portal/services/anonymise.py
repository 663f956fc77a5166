"""Forget a person, and keep what others and the books need of them.

Bookings, tickets, scans, subscriptions and money stay, with a number where a name was.
"""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType

from access.models import Subscription, SubscriptionStatusChange
from access.states import SubscriptionStatus
from accounts.models import User
from bookings.models import Booking, BookingStatusChange
from bookings.states import BookingStatus
from common.errors import DomainError, InvalidTransition, NotFound, PermissionRefused
from common.models import IdempotencyKey
from common.service import service
from notifications.models import Reminder
from notifications.services.forget import are_on_their_way, forget_mails
from payments.services.forget import forget_payer, is_money_open
from tickets.models import ScannerLink, Ticket, TicketOrder, TicketStatusChange
from tickets.states import OrderStatus, TicketStatus

# Reserved for addresses that never exist (RFC 2606).
NOWHERE = "anonymised.invalid"


class StillOpen(DomainError):
    """Something is still to happen for this person; `details['open']` says what, in words."""

    code = "in_use"


def what_is_open(user: User, *, at: datetime) -> list[str]:
    """What has to be settled before this person can be forgotten, in words; [] when nothing is."""
    found = []
    bookings = Booking.objects.filter(user=user)
    if bookings.filter(status__in=(BookingStatus.PENDING, BookingStatus.CONFIRMED)).exists():
        found.append("bookings that are held or lie ahead: cancel them first")
    if TicketOrder.objects.filter(user=user, status=OrderStatus.PENDING).exists():
        found.append("tickets that are held: end the hold first")
    tickets = Ticket.objects.filter(user=user, status=TicketStatus.ACTIVE, valid_until__gte=at)
    if tickets.exists():
        found.append("tickets for events that lie ahead: cancel them first")
    subscriptions = Subscription.objects.filter(user=user)
    if subscriptions.exclude(status=SubscriptionStatus.EXPIRED).exists():
        found.append("a subscription: end it first")
    if is_money_open(user.pk):
        found.append("money that is due, on its way, or flagged: settle it first")
    if are_on_their_way(user.email):
        found.append("a mail on its way: wait until it is sent")
    return found


@service
def anonymise(*, user_id: int, by: User, at: datetime) -> User:
    """Empty what tells who this person is; they can't sign in any more. It can't be undone.

    Raises NotFound, PermissionRefused (superusers alone may), InvalidTransition (oneself, or
    done already) and StillOpen with what has to be settled first.
    """
    if not by.is_superuser:
        raise PermissionRefused
    user = User.objects.lock(user_id).get(user_id)
    if user is None:
        raise NotFound("There is no such person.")
    if user.pk == by.pk:
        raise InvalidTransition("You would lock yourself out.")
    if is_anonymised(user):
        raise InvalidTransition("This person is forgotten already.")
    if found := what_is_open(user, at=at):
        raise StillOpen(f"Not yet: {'; '.join(found)}.", details={"open": found})

    address, instead = user.email, f"{user.pk}@{NOWHERE}"
    forget_mails(address=address, instead=instead, at=at)
    forget_payer(user_id=user.pk)
    _forget_words(user)
    _forget_account(user, instead, by=by, at=at)
    return user


def is_anonymised(user: User) -> bool:
    return user.email.endswith(f"@{NOWHERE}")


def _forget_words(user: User) -> None:
    """What they wrote, and what staff wrote about them."""
    Booking.objects.filter(user=user).update(notes="", staff_notes="")
    for history in (BookingStatusChange, TicketStatusChange, SubscriptionStatusChange):
        history.objects.filter(by=user).exclude(reason="").update(reason="")
    Reminder.objects.filter(user=user).delete()
    # Whole answers are kept in them for a day.
    IdempotencyKey.objects.filter(user=user).delete()
    person = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=person, object_id=str(user.pk)).update(
        object_repr=f"Person {user.pk}", change_message=""
    )


def _forget_account(user: User, instead: str, *, by: User, at: datetime) -> None:
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    links = ScannerLink.objects.filter(created_by=user, revoked_at__isnull=True)
    links.update(revoked_at=at, revoked_by=by)
    user.groups.clear()
    user.user_permissions.clear()
    user.email, user.name = instead, ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.calendar_token = None
    user.wants_reminders = False
    # Every session and token ends with the password that it was opened under.
    user.set_unusable_password()
    user.save()
