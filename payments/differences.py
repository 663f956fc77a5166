"""What can be untrue about money, as data: the words of `manage.py verify_money`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

# What is younger than this may be on its way: a lost webhook is found out within five minutes.
GRACE: Final = timedelta(minutes=5)


class Remedy(StrEnum):
    """The safe repair: what the system itself would have done. PERSON is none at all."""

    ASK = "ask the provider again and book its answer"
    RELEASE = "release the hold"
    CLOSE_SESSION = "close the session at the provider"
    SEND_REFUND = "send the refund again, under its own key"
    ASK_REFUNDS = "ask the provider for every refund of this money and book them"
    NOTE_DISPUTE = "note the dispute and tell staff"
    ASK_AGREEMENT = "ask the provider how the subscription stands and book its answer"
    TELL_AGREEMENT = "tell the provider again what is wanted"
    APPLY_EVENT = "apply it again"
    GIVE_BACK = "give it back"
    DELIVER = "give the goods, or the money back"
    TAKE_BACK = "take the goods back"
    CLOSE_PAYMENT = "close the payment"
    UPDATE_GOODS = "bring what was bought up to date"
    PERSON = "a person must decide"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two things that should agree and don't.

    `kind` is one short word for it, `subject` the row or the provider's object that `remedy` is
    about, `advice` what a person can do where the system can't.
    """

    kind: str
    text: str
    remedy: Remedy = Remedy.PERSON
    payment_id: int | None = None
    subject: int | str = 0
    amount: Decimal | None = None
    advice: str = ""

    @property
    def is_repairable(self) -> bool:
        return self.remedy != Remedy.PERSON

    def __str__(self) -> str:
        if self.is_repairable:
            return f"{self.text} Safe repair: {self.remedy}."
        return f"{self.text} {self.advice or 'A person must look at it.'}"


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When it is looked at; what is younger than `grace` is on its way and no difference."""

    at: datetime
    grace: timedelta = GRACE

    def is_fresh(self, since: datetime | None) -> bool:
        """True when something that began then may still come right by itself."""
        return since is not None and since > self.at - self.grace
