"""The text of a page: Markdown as staff write it, HTML as anybody may be shown it."""

from typing import Final
from urllib.parse import urlsplit

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

# Where a link may lead: to the web, to a mailbox, and (without any of these) within this site.
SCHEMES: Final = {"", "http", "https", "mailto"}


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802  # its own name
        """What isn't named here is no link but stays text; the parser's own list names the bad."""
        try:
            scheme = urlsplit(url).scheme
        except ValueError:
            return False
        return scheme in SCHEMES and super().validateLink(url)


# HTML in the text stays text, and pictures from elsewhere would tell their server who is reading.
_MARKDOWN: Final = _Markdown("commonmark", {"html": False}).enable(["table", "strikethrough"])
_MARKDOWN.disable("image")
# The page's own title is its h1.
HIGHEST: Final = 2
LOWEST: Final = 4


def rendered(text: str) -> SafeString:
    """The HTML of a text, with headings from h2 on."""
    tokens = _MARKDOWN.parse(text)
    _shift_headings(tokens)
    for token in tokens:
        for child in token.children or []:
            if child.type == "link_open":
                child.attrSet("rel", "noreferrer noopener")
    html = str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))
    return mark_safe(html)  # noqa: S308  # made from text in which no HTML is let through


def _shift_headings(tokens: list[Token]) -> None:
    """Whatever the author began with is an h2, and no level is jumped over."""
    used = sorted({token.tag for token in tokens if token.type == "heading_open"})
    to = {tag: f"h{min(HIGHEST + number, LOWEST)}" for number, tag in enumerate(used)}
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = to[token.tag]
