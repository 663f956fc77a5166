"""Keep something behind a resource: a view, a page's part, an address of the API.

    @access_required("course")
    def lesson(request): ...

The resource says who may come in, so staff can change that without a line of code.
docs/access.md shows each way.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase

from access.decisions import Decision
from access.models import Resource
from access.queries import check_user_access
from access.refusing import refuse
from common.errors import NotFound
from common.http import Request

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
# A slug, or what finds it: given the request and what the address holds.
Which = str | Callable[..., str | Resource]

UNKNOWN = "There is nothing at this address."
_KEPT = "_access_kept"


def resource_of(slug: str) -> Resource:
    """Raises NotFound: what isn't there can't open to anybody."""
    found = Resource.objects.filter(slug=slug).first()
    if found is None:
        raise NotFound(UNKNOWN)
    return found


def decision_for(request: HttpRequest, resource: Resource, *, with_hints: bool = True) -> Decision:
    """The decision about a resource, made once a request however often it is asked for."""
    kept: dict[tuple[int, bool], Decision] = request.__dict__.setdefault(_KEPT, {})
    found = kept.get((resource.pk, True)) or kept.get((resource.pk, with_hints))
    if found is None:
        found = check_user_access(
            request.user, resource, cast(Request, request).at, with_hints=with_hints
        )
        kept[resource.pk, with_hints] = found
    return found


def admit(request: HttpRequest, resource: Resource) -> HttpResponseBase | None:
    """None to who may come in, else the answer: to the sign-in and back, or why not."""
    decision = decision_for(request, resource)
    if decision.allowed:
        return None
    here = request.get_full_path()
    if not request.user.is_authenticated:
        return redirect_to_login(here)
    return refuse(cast(Request, request), resource, decision, back_to=here)


def access_required(which: Which = "", *, kwarg: str = "") -> Callable[[View], View]:
    """Decorator of a view: for whom this resource opens, and nobody else.

    `which` is the resource's slug, or a function of the request and the view's arguments that
    returns the slug or the resource; `kwarg` is the argument of the view that holds the slug.
    """
    if bool(which) == bool(kwarg):
        raise TypeError("access_required takes either which resource or the name of an argument.")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            chosen = kwargs[kwarg] if kwarg else which
            if callable(chosen):
                chosen = chosen(request, *args, **kwargs)
            resource = chosen if isinstance(chosen, Resource) else resource_of(chosen)
            return admit(request, resource) or _unkept(view(request, *args, **kwargs))

        return cast(View, guarded)

    return decorate


class AccessRequiredMixin:
    """The same for a class-based view; put it first among the bases.

    Set `access_resource` to the slug, or write `get_access_resource`.
    """

    access_resource = ""
    request: HttpRequest
    kwargs: dict[str, Any]

    def get_access_resource(self) -> Resource:
        """Which resource guards this view. Raises NotFound."""
        return resource_of(self.access_resource)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer = admit(request, self.get_access_resource())
        if answer is not None:
            return answer
        inner: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return _unkept(inner)


def _unkept(response: HttpResponseBase) -> HttpResponseBase:
    """What is open now may be closed in a minute, so no cache keeps it unless the view says so."""
    response.headers.setdefault("Cache-Control", "private, no-store")
    return response
