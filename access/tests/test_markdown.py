"""The text of a page can't do anything in its reader's browser, whoever wrote it."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.markdown import rendered

TAGS = {
    *("p", "h2", "h3", "h4", "em", "strong", "s", "code", "pre", "blockquote", "hr", "br"),
    *("ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"href", "rel", "title", "class", "style", "start"}
# All that a table's cell and a block of code may say of their looks.
LOOKS = {"text-align:left", "text-align:right", "text-align:center"}

ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](<java\tscript:alert(1)>)",
    "[x](\x01javascript:alert(1))",
    "[x](vbscript:x)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](data:image/svg+xml,<svg onload=alert(1)>)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://example.com/1)",
    "[x][y]\n\n[y]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](https://tracker.example.com/a.png)",
    '[x](https://e.com "" onmouseover=alert(1) x="")',
    '[x](https://e.com/"onmouseover=alert(1))',
    "`<script>`",
    '```"><script>alert(1)</script>\n```',
    "```<img/onerror=alert(1)>\n</code></pre><script>x</script>\n```",
    "    <script>alert(1)</script>",
    "# <script>alert(1)</script>",
    "| <script> |\n|:-:|\n| [x](javascript:x) |",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<!-- --><script>x</script>",
    "<![CDATA[<script>x</script>]]>",
    "<style>body{display:none}</style>",
    "<iframe src=https://evil.example.com>",
    "[a]: <x> '\"><script>x</script>'\n[a]",
)


class Reader(HTMLParser):
    """What a browser would make of it; anything out of the ordinary is a failure."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        for name, value in attrs:
            assert name in ATTRIBUTES, (tag, name)
            if name == "href":
                assert urlsplit((value or "").strip()).scheme in {"", "http", "https", "mailto"}
            if name == "style":
                assert value in LOOKS
        if tag == "a":
            assert dict(attrs).get("rel") == "noreferrer noopener"

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


def read(text: str) -> str:
    html = rendered(text)
    Reader().feed(html)
    return html


@pytest.mark.parametrize("text", ATTACKS)
def test_an_attack_comes_out_as_text(text: str) -> None:
    read(text)
    read(f"> - {text}\n\n1. {text}")


@given(st.lists(st.sampled_from([*ATTACKS, "\n", "\n\n", "[", "](", ")", "<", ">", "`", "*", "|"])))
def test_attacks_that_are_put_together_come_out_as_text(parts: list[str]) -> None:
    read("".join(parts))


@given(st.text())
def test_whatever_is_written_comes_out_as_text(text: str) -> None:
    read(text)


@pytest.mark.parametrize(
    "href",
    [
        "https://example.com/a?b=1#c",
        "http://example.com",
        "mailto:a@example.com",
        "/events",
        "#top",
    ],
)
def test_links_lead_to_the_web_to_mailboxes_and_within_the_site(href: str) -> None:
    assert f'<a href="{href}" rel="noreferrer noopener">x</a>' in read(f"[x]({href})")


def test_it_is_markdown_all_the_same() -> None:
    text = "Hello **you**, ~~no~~\n\n- a\n- b\n\n| a | b |\n|:--|--:|\n| 1 | 2 |"

    html = read(text)

    for part in (
        "<strong>you</strong>",
        "<s>no</s>",
        "<li>a</li>",
        '<td style="text-align:right">2',
    ):
        assert part in html
