"""What a builder hands to the courier: a finished mail, still independent of MIME."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

# What our own tables hold, and what nearly every mail server takes. Looked at while building: a
# mail that can't be recorded after it was sent would be sent again and again.
LONGEST_NAME: Final = 255
LARGEST_FILES: Final = 10 * 1024 * 1024


@dataclass(frozen=True)
class Attachment:
    """A file of a mail.

    `params` go into its Content-Type (`{"method": "REQUEST"}`). With `inline_cid` it is a picture
    that the HTML shows as `<img src="cid:…">`. With `is_alternative` it is a third way of reading
    the mail beside text and HTML, as a calendar invite is; `filename` is then only for our pages.
    """

    filename: str
    content: bytes
    mimetype: str
    params: Mapping[str, str] = field(default_factory=dict)
    inline_cid: str = ""
    is_alternative: bool = False

    def __post_init__(self) -> None:
        # All of these end up in headers.
        for value in (self.filename, self.inline_cid, self.content_type):
            if not value.isprintable():
                raise ValueError(f"{value!r} can't stand in the header of an attachment.")
            if len(value) > LONGEST_NAME:
                raise ValueError(f"{value[:40]!r}… is too long for an attachment's header.")
        if self.mimetype.count("/") != 1:
            raise ValueError(f"{self.mimetype!r} isn't a MIME type.")

    @property
    def content_type(self) -> str:
        """The MIME type with its parameters: 'text/calendar; method="REQUEST"'."""
        params = (f'; {name}="{value}"' for name, value in self.params.items())
        return self.mimetype + "".join(params)


@dataclass(frozen=True)
class Message:
    """A mail as its reader gets it; `html` may be empty, then only the text is sent."""

    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()
    # Beside the usual ones, as List-Unsubscribe.
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = sum(len(attachment.content) for attachment in self.attachments)
        if size > LARGEST_FILES:
            raise ValueError(f"The files of a mail may have 10 MB together, not {size} bytes.")
