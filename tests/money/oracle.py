"""Stripe's webhooks with answers that a test writes down: what a hint leads to, and how often."""

from payments.errors import GatewayRefused
from payments.gateways.base import ProviderAgreement, Session
from payments.gateways.stripe import StripeGateway


class OracleGateway(StripeGateway):
    """Reads events as Stripe's gateway does; asked, it says what stands in `says`."""

    says: dict[str, ProviderAgreement | Session | Exception] = {}
    asked: list[str] = []

    def fetch_agreement(self, number: str) -> ProviderAgreement:
        told = self._answer(number)
        assert isinstance(told, ProviderAgreement)
        return told

    def fetch_session(self, session_id: str) -> Session:
        told = self._answer(session_id)
        assert isinstance(told, Session)
        return told

    def _answer(self, number: str) -> ProviderAgreement | Session:
        self.asked.append(number)
        told = self.says.get(number) or GatewayRefused(f"No such thing: {number}")
        if isinstance(told, Exception):
            raise told
        return told
