"""What others may ask about people."""

from django.db.models import Q

from accounts.models import User


def find_people(words: str, *, limit: int) -> list[User]:
    """Active people whose name or address has these words in it, by name; none for no words.

    Somebody whose whole address was given comes first.
    """
    wanted = words.strip()
    if not wanted:
        return []
    active = User.objects.filter(is_active=True)
    exact = list(active.filter(email=wanted.lower()))
    alike = Q(email__icontains=wanted)
    named = Q()
    for word in wanted.split():
        named &= Q(name__icontains=word)
    others = active.filter(alike | named).exclude(pk__in=[person.pk for person in exact])
    return [*exact, *others.order_by("name", "email")[: limit - len(exact)]]
