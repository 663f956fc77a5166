"""What the API's views share about who asks."""

from typing import NoReturn

from rest_framework.request import Request

from accounts.authentication import awaits_verification
from accounts.errors import EmailUnverified
from common.api.views import ApiViewSet


class HoldingViewSet(ApiViewSet):
    """Its `create` holds something, for which the address must have been verified."""

    def permission_denied(
        self, request: Request, message: str | None = None, code: str | None = None
    ) -> NoReturn:
        # Who has signed up but not proved the address isn't signed in yet; say what is missing.
        if self.action == "create" and awaits_verification(request):
            raise EmailUnverified
        super().permission_denied(request, message, code)
