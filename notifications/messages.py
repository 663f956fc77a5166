"""What a builder hands to the courier: a finished mail, still independent of MIME."""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
        for value in (self.filename, self.mimetype, self.inline_cid, *self.params.values()):
            if not value.isprintable():
                raise ValueError(f"{value!r} can't stand in the header of an attachment.")
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
