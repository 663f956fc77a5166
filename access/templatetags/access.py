"""Parts of a page for whom a resource opens.

{% load access %}
{% if_access "course" %} … {% else %} … {% end_if_access %}
"""

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context

from access.guards import decision_for, resource_of
from access.models import Resource
from common.errors import NotFound

register = template.Library()


class IfAccessNode(template.Node):
    child_nodelists = ("inside", "outside")

    def __init__(self, which: FilterExpression, inside: NodeList, outside: NodeList) -> None:
        self.which, self.inside, self.outside = which, inside, outside

    def render(self, context: Context) -> str:
        chosen = self.inside if self._is_open(context) else self.outside
        return chosen.render(context)

    def _is_open(self, context: Context) -> bool:
        request = context.get("request")
        which = self.which.resolve(context)
        if request is None or not which:
            return False
        kept: dict[str, Resource | None] = request.__dict__.setdefault("_access_resources", {})
        if not isinstance(which, Resource):
            slug = str(which)
            if slug not in kept:
                try:
                    kept[slug] = resource_of(slug)
                except NotFound:
                    # As for views: what isn't there opens to nobody.
                    kept[slug] = None
            which = kept[slug]
        return which is not None and decision_for(request, which, with_hints=False).allowed


@register.tag
def if_access(parser: Parser, token: Token) -> IfAccessNode:
    """Takes a slug or a resource; decides once a request, however often it is asked."""
    try:
        _, which = token.split_contents()
    except ValueError:
        raise template.TemplateSyntaxError(
            "if_access takes one argument: a resource or its slug."
        ) from None
    expression = parser.compile_filter(which)
    inside = parser.parse(("else", "end_if_access"))
    outside = NodeList()
    if parser.next_token().contents == "else":
        outside = parser.parse(("end_if_access",))
        parser.delete_first_token()
    return IfAccessNode(expression, inside, outside)
