"""The plans of the demo, who has them, and what they open: by the services, each once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.core.files.base import ContentFile

from access.emails import mails_about
from access.models import Plan, Resource, Subscription
from access.services import cancel_subscription, expire, save_plan, subscribe
from access.services.resources import save_resource
from access.states import PlanInterval, ResourceKind
from accounts.models import User
from common.service import in_one_transaction
from notifications.backends import DATABASE_ONLY
from notifications.models import OutgoingMail
from payments import courier
from payments.gateways import demo, on_stage
from payments.gateways.demo import clock_at
from payments.models import BillingAgreement, Refund
from payments.states import RefundState
from portal.demo.houses import MARK
from portal.demo.story import Cast
from tickets.models import Event

DAY: Final = timedelta(days=1)
MONTH: Final = timedelta(days=31)

PLANS: Final[Mapping[str, Mapping[str, Any]]] = {
    "archive": {
        "name": "Archive",
        "description": "Every recording of past evenings, to keep.",
        "price": Decimal("49.00"),
        "interval": PlanInterval.ONCE,
        "rank": 1,
    },
    "basic": {
        "name": "Basic",
        "description": "Exercises for at home, and the archive as long as you are with us.",
        "price": Decimal("9.00"),
        "interval": PlanInterval.MONTH,
        "rank": 2,
    },
    "studio": {
        "name": "Studio",
        "description": "All of Basic, the handbook of the practice, and the open evenings online.",
        "price": Decimal("190.00"),
        "interval": PlanInterval.YEAR,
        "trial_days": 14,
        "rank": 3,
    },
}

EXERCISES: Final = """\
Ten minutes a day are enough. Do them in this order, and stop where it hurts.

1. **Shoulders**: ten slow circles forward, ten back.
2. **Neck**: ear to shoulder, five breaths on each side.
3. **Back**: on all fours, round and hollow, ten times.

> Half of it every day is worth more than all of it on Sunday.
"""
RULES: Final = """\
- Please come five minutes early; the door is open from then on.
- Shoes stay at the entrance, phones stay quiet.
- You may cancel until the day before. After that somebody else waits in vain.
"""
HANDBOOK: Final = """\
THE HANDBOOK OF THE PRACTICE

1. Before you begin: a quiet place, a mat, ten minutes.
2. Breathing: in through the nose, twice as long out.
3. Moving: slowly first. What is easy slowly gets easy fast.
"""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A resource; `plan`, `room` and `event` are the demo's own keys."""

    slug: str
    title: str
    summary: str
    kind: ResourceKind = ResourceKind.PAGE
    body: str = ""
    url: str = ""
    file: str = ""
    plan: str = ""
    room: str = ""
    event: str = ""
    is_public: bool = False


PIECES: Final = (
    Piece(
        slug="house-rules",
        title="House rules",
        summary="What makes it pleasant for everybody.",
        body=RULES,
        is_public=True,
    ),
    Piece(
        slug="exercises",
        title="Exercises for at home",
        summary="Ten minutes a day for shoulders, neck and back.",
        body=EXERCISES,
        plan="basic",
    ),
    Piece(
        slug="handbook",
        title="The handbook of the practice",
        summary="To download and print.",
        kind=ResourceKind.FILE,
        file=HANDBOOK,
        plan="studio",
    ),
    Piece(
        slug="recordings",
        title="Recordings of past evenings",
        summary="All talks since the beginning.",
        kind=ResourceKind.LINK,
        url="https://video.example.com/recordings",
        plan="archive",
    ),
    Piece(
        slug="coaching-room",
        title="Your coaching online",
        summary="The meeting opens five minutes before your time begins.",
        kind=ResourceKind.LINK,
        url="https://meet.example.com/coaching",
        room="coaching",
    ),
    Piece(
        slug="webinar-room",
        title="The webinar's meeting room",
        summary="For everybody with a ticket, from when the doors open.",
        kind=ResourceKind.LINK,
        url="https://meet.example.com/next-job",
        event="webinar",
    ),
    Piece(
        slug="workshop-notes",
        title="Notes for the workshop",
        summary="For who takes part, and for who has Studio.",
        body="Bring a pen. **Page 3** is for the afternoon.\n",
        plan="studio",
        event="workshop",
    ),
    Piece(
        slug="for-staff",
        title="For staff",
        summary="Opened by nothing that can be bought.",
        body="The key is where it always is.\n",
    ),
)


@dataclass(frozen=True)
class Reader:
    """Somebody with a plan: who, which, since when, and what became of it."""

    who: Callable[[Cast], User]
    plan: str
    since: timedelta
    then: Callable[[Cast, Subscription, datetime], None] | None = None
    is_paid: bool = True
    is_refused: bool = False


def _crowd(number: int) -> Callable[[Cast], User]:
    return lambda cast: cast.crowd[number]


def _cancels(cast: Cast, subscription: Subscription, at: datetime) -> None:
    cancel_subscription(
        subscription_id=subscription.pk,
        by=subscription.user,
        at=at + 3 * DAY,
        reason="I have too little time.",
    )


def _goes_higher(cast: Cast, subscription: Subscription, at: datetime) -> None:
    _sign_up(subscription.user, "studio", at=at + 12 * DAY)


READERS: Final = (
    Reader(lambda cast: cast.customer, "basic", 40 * DAY),
    Reader(_crowd(0), "studio", 5 * DAY),
    Reader(_crowd(1), "basic", MONTH + 2 * DAY, is_refused=True),
    Reader(_crowd(2), "basic", 10 * DAY, _cancels),
    Reader(_crowd(3), "basic", 70 * DAY, _cancels),
    Reader(_crowd(4), "basic", timedelta(minutes=5), is_paid=False),
    Reader(_crowd(5), "archive", 20 * DAY),
    Reader(_crowd(6), "basic", 20 * DAY, _goes_higher),
)


def fill_shelf(cast: Cast) -> int:
    """Make the plans, what they open, and who has them; says how many were made."""
    made = 0
    for slug, facts in PLANS.items():
        if not Plan.objects.filter(slug=slug).exists():
            save_plan(changes={"slug": slug, **facts}, at=cast.at - 90 * DAY)
            made += 1
    there = set(Resource.objects.values_list("slug", flat=True))
    for piece in PIECES:
        if piece.slug not in there:
            _put(cast, piece)
            made += 1
    return made + _sell(cast)


def _put(cast: Cast, piece: Piece) -> None:
    changes: dict[str, Any] = {
        "slug": piece.slug,
        "title": piece.title,
        "summary": piece.summary,
        "kind": piece.kind,
        "body": piece.body,
        "url": piece.url,
        "is_public": piece.is_public,
    }
    if piece.plan:
        changes["plan"] = Plan.objects.get(slug=piece.plan)
    if piece.room:
        changes["room"] = cast.rooms[piece.room]
    if piece.event:
        changes["event"] = _event(piece.event)
    file = ContentFile(piece.file.encode(), name=f"{piece.slug}.txt") if piece.file else None
    save_resource(changes=changes, at=cast.at, file=file)


def _event(key: str) -> Event | None:
    """The latest of this name: an event that is over is given again."""
    marked = Event.objects.exclude(metadata={}).order_by("-start_date")
    return next((event for event in marked if event.metadata.get(MARK) == key), None)


def _sell(cast: Cast) -> int:
    """Each reader once; nobody where the demo's own provider isn't in use."""
    if demo.DemoGateway.name != settings.PAYMENT_PROVIDER:
        return 0
    made = 0
    for reader in READERS:
        if Subscription.objects.of(reader.who(cast).pk).exists():
            continue
        # All of a life or nothing: half of it would stay so.
        with on_stage():
            in_one_transaction(partial(_live, cast, reader))
        made += 1
    return made


def _live(cast: Cast, reader: Reader) -> None:
    who, at = reader.who(cast), cast.at - reader.since
    if not reader.is_paid:
        subscribe(user_id=who.pk, plan_id=Plan.objects.get(slug=reader.plan).pk, at=at)
        return
    subscription = _sign_up(who, reader.plan, at=at)
    if reader.is_refused and subscription.agreement is not None:
        with clock_at(at):
            demo.set_card(str(subscription.agreement.provider_id), works=False)
    if reader.then is not None:
        reader.then(cast, subscription, at)
    _catch_up(Subscription.objects.of(who.pk), at=cast.at)
    _give_back(who, at=cast.at)
    if who != cast.customer or settings.EMAIL_BACKEND != DATABASE_ONLY:
        for each in Subscription.objects.of(who.pk):
            # Its history is told, not sent.
            mails_about(each).delete()
        if who != cast.customer:
            # Also of the money that went back.
            OutgoingMail.objects.filter(to=who.email).delete()


def _sign_up(who: User, plan: str, *, at: datetime) -> Subscription:
    subscription = subscribe(user_id=who.pk, plan_id=Plan.objects.get(slug=plan).pk, at=at)
    payment = subscription.payment
    assert payment is not None
    with clock_at(at):
        courier.open_session(payment.pk, at=at)
        attempt = payment.attempts.latest("pk")
        demo.pay(str(attempt.session_id), at=at)
        courier.ask(attempt.pk, at=at)
        _hear(subscription.agreement_id, at)
    subscription.refresh_from_db()
    return subscription


def _catch_up(subscriptions: Iterable[Subscription], *, at: datetime) -> None:
    """What the provider did meanwhile, month by month, and what has ended since."""
    for each in list(subscriptions):
        if each.agreement_id is not None:
            with clock_at(at):
                _hear(each.agreement_id, at)
        expire(subscription_id=each.pk, at=at)


def _give_back(who: User, *, at: datetime) -> None:
    """The unused share of a lower plan is long back with who changed to a higher one."""
    due = Refund.objects.filter(payment__user=who, status=RefundState.REQUESTED)
    for refund_id in list(due.values_list("pk", flat=True)):
        courier.send_refund(refund_id, at=at)


def _hear(agreement_id: int | None, at: datetime) -> None:
    if agreement_id is None:
        return
    if BillingAgreement.objects.get(pk=agreement_id).wants_change():
        courier.tell_agreement(agreement_id, at=at)
    courier.ask_agreement(agreement_id, at=at)
