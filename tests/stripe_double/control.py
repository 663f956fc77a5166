"""The control API (`/_control/...`): what a test, or a person, does to the double."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from tests.stripe_double.billing import AFTER_LAST_TRY
from tests.stripe_double.errors import Refusal
from tests.stripe_double.faults import WHATS, Fault
from tests.stripe_double.things import Thing
from tests.stripe_double.webhooks import HOWS, SIGNATURES, Rule

if TYPE_CHECKING:
    from tests.stripe_double.server import StripeDouble


def control(double: "StripeDouble", method: str, path: str, given: Thing) -> Thing:
    """Do it and answer. Paths and bodies are listed in docs/testing.md."""
    steps = path.strip("/").split("/")
    try:
        match (method, *steps):
            case ("GET", "state"):
                return _state(double)
            case ("POST", "reset"):
                double.reset()
            case ("POST", "faults"):
                double.fail(**_of(given, Fault, "what", WHATS))
            case ("DELETE", "faults"):
                double.faults.clear()
            case ("POST", "webhooks"):
                types = frozenset(given.pop("types", ()))
                double.disturb(**_of(given, Rule, "how", HOWS), types=types)
            case ("POST", "webhooks", "release"):
                return {
                    "released": double.postman.release(is_reversed=given.get("reversed", False))
                }
            case ("POST", "resend"):
                return {"sent": _resend(double, given)}
            case ("POST", "clock"):
                double.books.advance(float(given["advance"]))
                return {"now": double.books.now()}
            case ("POST", "after-last-try"):
                _after_last_try(double, str(given["status"]))
            case ("POST", "slow-refunds"):
                double.books.has_slow_refunds = bool(given["on"])
            case ("POST", kind, thing_id, deed):
                return _deed(double, kind, thing_id, deed, given)
            case _:
                raise Refusal("No such control.", status=404)
    except (KeyError, TypeError, ValueError) as error:
        raise Refusal(f"{type(error).__name__}: {error}") from error
    return {"ok": True}


def _deed(double: "StripeDouble", kind: str, thing_id: str, deed: str, given: Thing) -> Thing:
    books = double.books
    match (kind, deed):
        case ("sessions", "pay"):
            return {"done": books.pay(thing_id)}
        case ("sessions", "decline"):
            return {"done": books.decline(thing_id)}
        case ("sessions", "pay-later"):
            return {"done": books.pay_later(thing_id)}
        case ("sessions", "succeed" | "fail"):
            books.settle(thing_id, succeeded=deed == "succeed")
            return {"done": True}
        case ("sessions", "expire"):
            return books.expire_session(thing_id)
        case ("subscriptions", "card"):
            books.billing.set_card(thing_id, works=bool(given["works"]))
            return {"done": True}
        case ("subscriptions", "let-pass"):
            books.billing.let_pass(thing_id, int(given["seconds"]))
            return {"done": True}
        case ("subscriptions", "cancel"):
            with books.lock:
                return books.billing.cancel(thing_id, {})
        case ("subscriptions", "update"):
            with books.lock:
                return books.billing.update(thing_id, dict(given))
        case ("invoices", "pay"):
            return {"done": books.billing.pay(thing_id)}
        case ("refunds", "succeed" | "fail"):
            return books.settle_refund(
                thing_id, succeeded=deed == "succeed", reason=given.get("reason", "")
            )
        case ("charges", "refund"):
            return books.refund_by_hand(thing_id, amount=given.get("amount"))
        case ("charges", "dispute"):
            return books.dispute(
                thing_id,
                amount=given.get("amount"),
                reason=given.get("reason", ""),
                is_question=bool(given.get("question")),
            )
        case ("disputes", "close"):
            return books.close_dispute(
                thing_id,
                status=given.get("status", "lost"),
                reinstated=int(given.get("reinstated", 0)),
            )
    raise Refusal("No such control.", status=404)


def _after_last_try(double: "StripeDouble", status: str) -> None:
    if status not in AFTER_LAST_TRY:
        raise Refusal(f"status is one of {', '.join(AFTER_LAST_TRY)}.")
    double.books.after_last_try = status


def _of(given: Thing, made: type, word: str, known: tuple[str, ...]) -> Thing:
    if given[word] not in known:
        raise Refusal(f"{word} is one of {', '.join(known)}.")
    made(**given)
    return given


def _resend(double: "StripeDouble", given: Thing) -> int:
    signature = given.pop("signature", "good")
    if signature not in SIGNATURES:
        raise Refusal(f"signature is one of {', '.join(SIGNATURES)}.")
    return double.resend(
        event=given.pop("event", ""),
        type=given.pop("type", ""),
        signature=signature,
        **given,
    )


def _state(double: "StripeDouble") -> Thing:
    return {
        "now": double.books.now(),
        **double.books.everything(),
        "deliveries": [asdict(each) for each in list(double.postman.log)],
        "held": [event["id"] for event in double.postman.held],
        "requests": list(double.requests),
        "idle": double.postman.is_idle(),
    }
