"""Lines of text in every script: which way they run, how letters join, where they break.

reportlab prints one glyph a character, in one typeface, from left to right. Here a line is cut
into runs of one direction and one typeface, HarfBuzz shapes each of them, and the words as they
were written are laid under what is drawn (`ActualText`), so that they can be found and copied.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

import uharfbuzz
from bidi import algorithm
from reportlab.lib.colors import Color
from reportlab.pdfbase.ttfonts import ShapeData, ShapedStr
from reportlab.pdfgen.canvas import Canvas

from tickets.typefaces import (
    BOLD,
    CHAIN,
    MARKS,
    REGULAR,
    REPLACEMENT,
    SIGNS,
    SKINS,
    font_for,
    typeface,
)

LEADING: Final = 1.35
# A text that is too long for its box is set smaller step by step, and then cut.
SHRINK: Final = 0.94
SMALLEST: Final = 6.5
ELLIPSIS: Final = "…"
# How thick the outline is that stands in for a bold cut, as a part of the size.
OUTLINE: Final = 0.035
THOUSAND: Final = 1000
RIGHTWARD: Final = {"R", "AL", "AN"}
# They count when the direction is found, and are not printed.
DIRECTIONS: Final = {"\N{LEFT-TO-RIGHT MARK}", "\N{RIGHT-TO-LEFT MARK}", "\N{ARABIC LETTER MARK}"}
# How deep, in which typeface, what.
Placed = tuple[int, str | None, str]


@dataclass(frozen=True)
class Run:
    """A shaped piece of a line in one typeface, its glyphs from left to right.

    `words` is what was written, where the glyphs one by one don't say it.
    """

    font: str
    glyphs: ShapedStr
    words: str
    width: float


@dataclass(frozen=True)
class Paragraph:
    """Lines that fit their box."""

    lines: Sequence[Sequence[Run]]
    size: float
    width: float
    is_bold: bool
    is_rtl: bool

    @property
    def height(self) -> float:
        return len(self.lines) * self.size * LEADING

    def draw(self, canvas: Canvas, x: float, y: float, colour: Color) -> float:
        """Draw with the first baseline at `y`; returns where the next paragraph may begin."""
        canvas.setFillColor(colour)
        canvas.setStrokeColor(colour)
        canvas.setLineWidth(self.size * OUTLINE)
        for runs in self.lines:
            left = x
            if self.is_rtl:
                left += self.width - sum(run.width for run in runs) * self.size / THOUSAND
            for run in runs:
                self._draw_run(canvas, left, y, run)
                left += run.width * self.size / THOUSAND
            y -= self.size * LEADING
        return y

    def _draw_run(self, canvas: Canvas, x: float, y: float, run: Run) -> None:
        # Only the main typeface comes in bold; the letters of the others get an outline.
        is_outlined = self.is_bold and run.font not in {BOLD, SIGNS}
        line = canvas.beginText(x, y)
        line.setFont(run.font, self.size)
        if is_outlined:
            line.setTextRenderMode(2)
        line.textOut(run.glyphs)
        if is_outlined:
            line.setTextRenderMode(0)
        if run.words:
            words = run.words.encode("utf-16-be", "replace").hex()
            canvas.addLiteral(f"/Span <</ActualText <feff{words}>>> BDC")
        canvas.drawText(line)
        if run.words:
            canvas.addLiteral("EMC")


def set_text(
    text: str, *, size: float, width: float, lines: int, is_bold: bool = False
) -> Paragraph:
    """Set a text in a box that has room for so many lines of that size.

    What doesn't fit is set smaller, down to a size that can still be read, and then cut.
    """
    text = tidy(text)
    main = BOLD if is_bold else REGULAR
    pieces = [(piece, _width(piece, main)) for piece in _pieces(text)]
    height = size * lines
    while True:
        wrapped = list(_wrap(pieces, width / size * THOUSAND, main))
        room = int(height / size)
        if len(wrapped) <= room or size * SHRINK < SMALLEST:
            break
        size *= SHRINK
    if len(wrapped) > room:
        wrapped = [*wrapped[: room - 1], _cut(wrapped[room - 1], width / size * THOUSAND, main)]
    base = algorithm.get_base_level(text)
    return Paragraph(
        lines=[list(_shaped(line, main, base)) for line in wrapped],
        size=size,
        width=width,
        is_bold=is_bold,
        is_rtl=bool(base),
    )


def tidy(text: str) -> str:
    """In one line, composed, without signs that steer and with one for what names no letter."""
    out = []
    for char in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(char)
        if char.isspace():
            out.append(" ")
        elif kind in {"Co", "Cs"}:
            out.append(REPLACEMENT)
        elif kind not in {"Cc", "Cf"} or char in MARKS or char in DIRECTIONS:
            out.append(char)
    return " ".join("".join(out).split())


# --- Breaking ---------------------------------------------------------------------------------


def _pieces(text: str) -> Iterator[str]:
    """What a line may end after: words with their blank, and letters of scripts without blanks."""
    piece = ""
    for cluster in _clusters(text):
        breaks = piece.endswith(" ") or (
            (_is_wide(cluster) or (piece and _is_wide(piece[-1])))
            # No line begins with a full stop or a closing bracket.
            and unicodedata.category(cluster[0]) not in {"Pe", "Pf", "Po"}
            and cluster != " "
        )
        if piece and breaks:
            yield piece
            piece = ""
        piece += cluster
    if piece:
        yield piece


def _clusters(text: str) -> Iterator[str]:
    """Letters with their marks; what a joiner joins stays together."""
    cluster = ""
    for char in text:
        follows = _clings(char) or cluster.endswith("\N{ZERO WIDTH JOINER}")
        if cluster and not follows:
            yield cluster
            cluster = ""
        cluster += char
    if cluster:
        yield cluster


def _clings(char: str) -> bool:
    return char in MARKS or unicodedata.category(char).startswith("M")


def _is_wide(text: str) -> bool:
    return unicodedata.east_asian_width(text[0]) in {"W", "F"}


def _wrap(pieces: Sequence[tuple[str, float]], room: float, main: str) -> Iterator[str]:
    line, used = "", 0.0
    for piece, width in _narrow_enough(pieces, room, main):
        # The blank at a line's end may stick out.
        bare = width - (_width(" ", main) if piece.endswith(" ") else 0)
        if line and used + bare > room:
            yield line.rstrip()
            line, used = "", 0.0
        line += piece
        used += width
    if line:
        yield line.rstrip()


def _narrow_enough(
    pieces: Sequence[tuple[str, float]], room: float, main: str
) -> Iterator[tuple[str, float]]:
    """A word that is wider than the box may be broken anywhere."""
    for piece, width in pieces:
        if width <= room:
            yield piece, width
        else:
            yield from ((cluster, _width(cluster, main)) for cluster in _clusters(piece))


def _cut(line: str, room: float, main: str) -> str:
    clusters = list(_clusters(line))
    while clusters and _width("".join(clusters) + ELLIPSIS, main) > room:
        clusters.pop()
    return "".join(clusters).rstrip() + ELLIPSIS


# --- Shaping ----------------------------------------------------------------------------------


def _width(text: str, main: str) -> float:
    base = algorithm.get_base_level(text)
    return sum(run.width for run in _shaped(text, main, base))


def _shaped(text: str, main: str, base: int) -> Iterator[Run]:
    """The line's runs from left to right."""
    fonts: list[str | None] = []
    for char in text:
        fonts.append(font_for(char, main=main, former=fonts[-1] if fonts else None))
    marked = zip(_levels(text, base), fonts, text, strict=True)
    runs = [
        (level, font, "".join(char for _, _, char in group if char not in DIRECTIONS))
        for (level, font), group in groupby(marked, key=lambda one: one[:2])
    ]
    for level, font, written in _in_sight_order(runs):
        drawn = written if font else REPLACEMENT * len(written)
        if drawn:
            yield _shape(drawn, written, font or main, is_rtl=level % 2 == 1)


def _levels(text: str, base: int) -> list[int]:
    """How deep each character is embedded: even runs to the right, odd to the left."""
    if base == 0 and not any(unicodedata.bidirectional(char) in RIGHTWARD for char in text):
        return [0] * len(text)
    storage = algorithm.get_empty_storage()
    storage["base_level"], storage["base_dir"] = base, "LR"[base]
    algorithm.get_embedding_levels(text, storage)
    algorithm.explicit_embed_and_overrides(storage)
    algorithm.resolve_weak_types(storage)
    algorithm.resolve_neutral_types(storage, False)
    algorithm.resolve_implicit_levels(storage, False)
    found = iter([char["level"] for char in storage["chars"]])
    # Joiners have no direction of their own, and the algorithm takes them out.
    levels: list[int] = []
    for char in text:
        is_out = unicodedata.bidirectional(char) == "BN"
        levels.append((levels[-1] if levels else base) if is_out else next(found))
    return levels


def _in_sight_order(runs: Sequence[Placed]) -> Sequence[Placed]:
    """Rule L2 of Unicode's annex 9: from the deepest level on, turn every stretch round."""
    for level in range(max((run[0] for run in runs), default=0), 0, -1):
        turned: list[Placed] = []
        for is_deep, group in groupby(runs, key=lambda run: run[0] >= level):
            stretch = list(group)
            turned += reversed(stretch) if is_deep else stretch
        runs = turned
    return runs


def _shape(drawn: str, written: str, font: str, *, is_rtl: bool) -> Run:
    face = typeface(font)
    buffer = uharfbuzz.Buffer()
    buffer.cluster_level = uharfbuzz.BufferClusterLevel.MONOTONE_CHARACTERS
    buffer.add_str(drawn)
    buffer.direction = "rtl" if is_rtl else "ltr"
    buffer.guess_segment_properties()
    uharfbuzz.shape(face.shaper, buffer)
    # Which letters a glyph stands for: from its cluster to the next one in reading order.
    ends = dict(pairwise([*sorted({info.cluster for info in buffer.glyph_infos}), len(drawn)]))
    shown: list[tuple[uharfbuzz.GlyphInfo, uharfbuzz.GlyphPosition, str]] = []
    for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        letters = written[info.cluster : ends[info.cluster]]
        if letters in SKINS or (info.codepoint == 0 and _clings(letters[0])):
            # Colours are not printed; of a mark that the typeface lacks, the letter is there.
            if shown and not is_rtl:
                *others, before = shown.pop()
                shown.append((*others, before + letters))
        else:
            if is_rtl and len(letters) > 1:
                # Who reads a PDF turns the letters of a ligature round with the others.
                letters = face.share_of(info.codepoint, letters)[::-1]
            shown.append((info, place, letters))
    codes = [face.code_of(info.codepoint, letters) for info, _, letters in shown]
    scale = THOUSAND / face.units
    shapes = [
        ShapeData(
            info.cluster,
            place.x_advance * scale,
            place.y_advance * scale,
            place.x_offset * scale,
            place.y_offset * scale,
            face.width_of(code),
        )
        for code, (info, place, _) in zip(codes, shown, strict=True)
    ]
    says_itself = codes == list(written) or (
        font in CHAIN and "".join(letters for *_, letters in shown) == written
    )
    return Run(
        font=font,
        glyphs=ShapedStr("".join(codes), shapes),
        # Readers turn round by themselves what stands from right to left, letter by letter.
        words="" if is_rtl or says_itself else written,
        width=sum(shape.x_advance for shape in shapes),
    )
