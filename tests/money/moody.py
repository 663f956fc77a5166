"""A provider with moods, for tests: the demo provider's books behind answers that fail on order."""

from datetime import datetime

from payments.errors import GatewayRefused, GatewayUnavailable
from payments.gateways.base import (
    ProviderAgreement,
    ProviderRefund,
    RefundRequest,
    Session,
    SessionRequest,
)
from payments.gateways.demo import DemoGateway


class MoodyGateway(DemoGateway):
    """Each call takes the next mood: `ok`, `down` (no effect), `cut` (effect, no answer), `no`."""

    name = "moody"
    moods: list[str] = []
    calls: list[str] = []

    def create_session(self, request: SessionRequest) -> Session:
        self._before("create")
        return self._after(super().create_session(request))

    def fetch_session(self, session_id: str) -> Session:
        self._before("fetch")
        return self._after(super().fetch_session(session_id))

    def expire_session(self, session_id: str, *, at: datetime) -> Session:
        self._before("expire")
        return self._after(super().expire_session(session_id, at=at))

    def refund(self, request: RefundRequest) -> ProviderRefund:
        self._before("refund")
        refund = super().refund(request)
        self._cut()
        return refund

    def fetch_agreement(self, number: str) -> ProviderAgreement:
        self._before("look")
        told = super().fetch_agreement(number)
        self._cut()
        return told

    def set_agreement(self, number: str, wanted: str) -> ProviderAgreement:
        self._before(wanted)
        told = super().set_agreement(number, wanted)
        self._cut()
        return told

    def _before(self, call: str) -> None:
        self.calls.append(call)
        self._mood = self.moods.pop(0) if self.moods else "ok"
        if self._mood == "down":
            raise GatewayUnavailable("connection refused")
        if self._mood == "no":
            raise GatewayRefused("the charge is disputed")

    def _after(self, session: Session) -> Session:
        self._cut()
        return session

    def _cut(self) -> None:
        if self._mood == "cut":
            raise GatewayUnavailable("connection cut")
