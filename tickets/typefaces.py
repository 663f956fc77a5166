"""Which typeface prints which character. Read from disk when first needed, once a process."""

import unicodedata
from bisect import bisect_right
from pathlib import Path
from typing import Any, Final

import uharfbuzz
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import SUBSETN, TTFont

FONTS: Final = Path(__file__).resolve().parent / "fonts"
REGULAR: Final = "DejaVuSans"
BOLD: Final = "DejaVuSans-Bold"
# Chinese and Japanese; then signs and emoji.
WIDE: Final = "DroidSansFallbackFull"
SIGNS: Final = "Symbola"
CHAIN: Final = (REGULAR, BOLD, WIDE, SIGNS)
# What nothing can print is shown as this, so that a name never looks empty.
REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

# Blocks with a typeface of their own: first, last, file. All others go down the chain of
# REGULAR, WIDE and SIGNS, of which the first has Latin, Greek, Cyrillic, Armenian, Georgian,
# Hebrew, Arabic, N'Ko, Tifinagh and Canadian syllabics too.
BLOCKS: Final = (
    (0x0700, 0x074F, "NotoSansSyriac-Regular"),
    (0x0780, 0x07BF, "NotoSansThaana-Regular"),
    (0x0900, 0x097F, "NotoSansDevanagari-Regular"),
    (0x0980, 0x09FF, "NotoSansBengali-Regular"),
    (0x0A00, 0x0A7F, "NotoSansGurmukhi-Regular"),
    (0x0A80, 0x0AFF, "NotoSansGujarati-Regular"),
    (0x0B00, 0x0B7F, "NotoSansOriya-Regular"),
    (0x0B80, 0x0BFF, "NotoSansTamil-Regular"),
    (0x0C00, 0x0C7F, "NotoSansTelugu-Regular"),
    (0x0C80, 0x0CFF, "NotoSansKannada-Regular"),
    (0x0D00, 0x0D7F, "NotoSansMalayalam-Regular"),
    (0x0D80, 0x0DFF, "NotoSansSinhala-Regular"),
    (0x0E00, 0x0E7F, "NotoSansThai-Regular"),
    (0x0E80, 0x0EFF, "NotoSansLao-Regular"),
    (0x0F00, 0x0FFF, "NotoSerifTibetan-Regular"),
    (0x1000, 0x109F, "NotoSansMyanmar-Regular"),
    (0x1200, 0x139F, "NotoSansEthiopic-Regular"),
    (0x13A0, 0x13FF, "NotoSansCherokee-Regular"),
    (0x1700, 0x171F, "NotoSansTagalog-Regular"),
    (0x1780, 0x17FF, "NotoSansKhmer-Regular"),
    (0x1800, 0x18AF, "NotoSansMongolian-Regular"),
    (0x1900, 0x194F, "NotoSansLimbu-Regular"),
    (0x1950, 0x197F, "NotoSansTaiLe-Regular"),
    (0x1980, 0x19DF, "NotoSansNewTaiLue-Regular"),
    (0x19E0, 0x19FF, "NotoSansKhmer-Regular"),
    (0x1A00, 0x1A1F, "NotoSansBuginese-Regular"),
    (0x1A20, 0x1AAF, "NotoSansTaiTham-Regular"),
    (0x1B00, 0x1B7F, "NotoSansBalinese-Regular"),
    (0x1B80, 0x1BBF, "NotoSansSundanese-Regular"),
    (0x1BC0, 0x1BFF, "NotoSansBatak-Regular"),
    (0x1C00, 0x1C4F, "NotoSansLepcha-Regular"),
    (0x1C50, 0x1C7F, "NotoSansOlChiki-Regular"),
    (0x1C90, 0x1CBF, "NotoSansGeorgian-Regular"),
    (0x2D80, 0x2DDF, "NotoSansEthiopic-Regular"),
    (0x3130, 0x318F, "NanumSquareRoundR"),
    (0xA000, 0xA4CF, "NotoSansYi-Regular"),
    (0xA4D0, 0xA4FF, "NotoSansLisu-Regular"),
    (0xA500, 0xA63F, "NotoSansVai-Regular"),
    (0xA6A0, 0xA6FF, "NotoSansBamum-Regular"),
    (0xA880, 0xA8DF, "NotoSansSaurashtra-Regular"),
    (0xA8E0, 0xA8FF, "NotoSansDevanagari-Regular"),
    (0xA900, 0xA92F, "NotoSansKayahLi-Regular"),
    (0xA930, 0xA95F, "NotoSansRejang-Regular"),
    (0xA980, 0xA9DF, "NotoSansJavanese-Regular"),
    (0xA9E0, 0xA9FF, "NotoSansMyanmar-Regular"),
    (0xAA00, 0xAA5F, "NotoSansCham-Regular"),
    (0xAA60, 0xAA7F, "NotoSansMyanmar-Regular"),
    (0xAA80, 0xAADF, "NotoSansTaiViet-Regular"),
    (0xAAE0, 0xAAFF, "NotoSansMeeteiMayek-Regular"),
    (0xAB00, 0xAB2F, "NotoSansEthiopic-Regular"),
    (0xAB70, 0xABBF, "NotoSansCherokee-Regular"),
    (0xABC0, 0xABFF, "NotoSansMeeteiMayek-Regular"),
    (0xAC00, 0xD7AF, "NanumSquareRoundR"),
    (0x10D00, 0x10D3F, "NotoSansHanifiRohingya-Regular"),
    (0x11100, 0x1114F, "NotoSansChakma-Regular"),
    (0x16F00, 0x16F9F, "NotoSansMiao-Regular"),
    (0x1E900, 0x1E95F, "NotoSansAdlam-Regular"),
)
_STARTS: Final = [first for first, _, _ in BLOCKS]
FIRST_PRIVATE: Final = 0xE000
# No marks by their category, yet part of the letter before them: joiners, and colours of skin.
SKINS: Final = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
MARKS: Final = SKINS | {"\N{ZERO WIDTH JOINER}", "\N{ZERO WIDTH NON-JOINER}"}


class Typeface:
    """One font file: its metrics for the PDF, and what shapes its letters."""

    def __init__(self, name: str) -> None:
        self.name = name
        path = FONTS / f"{name}.ttf"
        self.pdf = EmbeddedFont(name, path)
        pdfmetrics.registerFont(self.pdf)
        shapes = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(path))
        self.shaper = uharfbuzz.Font(shapes)
        self.units = shapes.upem
        self.has = frozenset(self.pdf.face.charToGlyph)

    def code_of(self, glyph: int, letters: str) -> str:
        """The character under which the PDF knows a glyph that stands for these letters.

        A private one for what no character of the first plane names: conjuncts, joined forms,
        most emoji. They are given out anew for each document, see `begin_document`.
        """
        face, private = self.pdf.face, self.pdf.private
        if (
            len(letters) == 1
            and letters <= "\uffff"
            and face.charToGlyph.get(ord(letters)) == glyph
        ):
            return letters
        code = private.setdefault((glyph, letters), FIRST_PRIVATE + len(private))
        face.charToGlyph[code] = glyph
        face.charWidths[code] = self.shaper.get_glyph_h_advance(glyph) * 1000 / self.units
        return chr(code)

    def share_of(self, glyph: int, letters: str) -> str:
        """Of letters that several glyphs stand for, those that are this one's."""
        for own in self.pdf.face.glyphToChar.get(glyph, ()):
            parts = unicodedata.normalize("NFKD", chr(own))
            if set(parts) <= set(letters):
                return parts
        return letters

    def width_of(self, code: str) -> float:
        """What a reader of the PDF goes on by after this character, in thousandths."""
        width: float = self.pdf.face.getCharWidth(ord(code))
        return width


class EmbeddedFont(TTFont):
    """A font whose private characters say in the PDF which letters they stand for."""

    def __init__(self, name: str, path: Path) -> None:
        # Without the letters of ASCII in every subset but that of the main typeface.
        super().__init__(name, path, asciiReadable=name in {REGULAR, BOLD})
        self.private: dict[tuple[int, str], int] = {}

    def addObjects(self, doc: Any) -> None:  # noqa: N802, reportlab's name
        subsets = self.state[doc].subsets
        super().addObjects(doc)
        letters_of = {code: letters for (_, letters), code in self.private.items()}
        for number, subset in enumerate(subsets):
            prefix = SUBSETN(number) + b"+" + self.face.name + self.face.subfontNameX
            stream = doc.idToObject[f"toUnicodeCMap:{prefix.decode('pdfdoc')}"]
            for index, code in enumerate(subset):
                if letters := letters_of.get(code):
                    stream.content = stream.content.replace(
                        f"<{index:02X}> <{code:04X}>",
                        f"<{index:02X}> <{letters.encode('utf-16-be').hex()}>",
                    )


_LOADED: Final[dict[str, Typeface]] = {}


def typeface(name: str) -> Typeface:
    """The typeface of that name, read when it is first asked for."""
    if name not in _LOADED:
        _LOADED[name] = Typeface(name)
    return _LOADED[name]


def font_for(char: str, *, main: str, former: str | None) -> str | None:
    """The name of the typeface that prints `char`; None when there is none.

    Marks and joiners stay with the letter before them, else they would not join; so do blanks.
    """
    code = ord(char)
    if former is not None and (
        char in MARKS
        or unicodedata.category(char).startswith("M")
        or (char == " " and code in typeface(former).has)
    ):
        return former
    place = bisect_right(_STARTS, code) - 1
    own = [BLOCKS[place][2]] if place >= 0 and code <= BLOCKS[place][1] else []
    for name in (*own, main, REGULAR, WIDE, SIGNS):
        if code in typeface(name).has:
            return name
    return None


def begin_document() -> None:
    """Number the private characters anew: the same order gives the same bytes.

    Only one document may be printed at a time, from here until it is saved.
    """
    for name in (REGULAR, BOLD):
        typeface(name)
    for face in _LOADED.values():
        face.pdf.private.clear()
