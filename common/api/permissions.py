"""Who may do what in the API: by Django's permissions, never by being staff alone."""

from collections.abc import Mapping

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class HasRole(BasePermission):
    """The view's `needs` names the permission of each of its actions.

    Anonymous is 401, without the permission 403. An action that `needs` doesn't know is a mistake
    of ours and ends in an error, not in an open door.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user.is_authenticated:
            return False
        actions: Mapping[str, str] = view.action_map  # type: ignore[attr-defined]
        needs: Mapping[str, str] = view.needs  # type: ignore[attr-defined]
        action = actions.get(request.method.lower() if request.method else "")
        if action is None:
            # No such method at this address: the view says so itself, with a 405.
            return True
        return request.user.has_perm(needs[action])
