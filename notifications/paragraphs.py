"""A plain text, taken apart so that its code or link can be set large."""

import re
from dataclasses import dataclass

# A paragraph of its own such as 482913 or ABCD-EFGH. A word like 'Hello' has small letters.
CODE = re.compile(r"[A-Z0-9]{3,12}(-[A-Z0-9]{2,12})*")
LINK = re.compile(r"https?://\S+")


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of a plain text, and whether it is nothing but a code or a link."""

    text: str
    is_code: bool = False
    is_link: bool = False


def paragraphs(text: str) -> list[Paragraph]:
    """A plain text taken apart at its empty lines."""
    blocks = (block.strip() for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")))
    return [
        Paragraph(block, is_code=bool(CODE.fullmatch(block)), is_link=bool(LINK.fullmatch(block)))
        for block in blocks
        if block
    ]


def code_in(text: str) -> str:
    """The code that a text brings in a paragraph of its own, else ''."""
    return next((part.text for part in paragraphs(text) if part.is_code), "")
