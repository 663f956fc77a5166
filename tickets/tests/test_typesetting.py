"""Paper in every script: the names can be read from the PDF and are drawn with letters."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pypdfium2
import pytest
from reportlab.lib.pagesizes import A5

from tests.infrastructure.scanning import sheets_of
from tickets import artwork, typefaces
from tickets.artwork import PrintedOrder, PrintedTicket, order_pdf
from tickets.typefaces import BLOCKS, FONTS, REPLACEMENT
from tickets.typesetting import set_text, tidy

CODE = "ABCDEFGHJKLMNPQRSTUVW2"
NAMES = {
    "latin": "Žofie Łąka-Ñandú",
    "greek": "Άδα Λάβλεϊς",
    "cyrillic": "Ада Лавлейс",
    "armenian": "Արամ Խաչատրյան",
    "georgian": "შოთა რუსთაველი",
    "chinese": "王小明 欧阳修",
    "japanese": "山田 花子 ヤマダ はなこ",
    "korean": "김철수 뷁",
    "arabic": "محمد علاء الأحمد",
    "persian": "علی‌رضا پژمان",
    "urdu": "فیض احمد فیض",
    "hebrew": "שָׁלוֹם כהן",
    "hindi": "श्रीनिवास रामानुजन् द्विवेदी",
    "bengali": "রবীন্দ্রনাথ ঠাকুর",
    "punjabi": "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ",
    "gujarati": "મહેન્દ્ર પટેલ",
    "oriya": "ପ୍ରଫୁଲ୍ଲ ମହାନ୍ତି",
    "tamil": "இளங்கோவன் கௌரி",
    "telugu": "శ్రీనివాస్ రావు",
    "kannada": "ಕೃಷ್ಣಮೂರ್ತಿ",
    "malayalam": "കൃഷ്ണൻ നായർ",
    "sinhala": "චන්ද්‍රිකා ප්‍රේමදාස",
    "thai": "สมชาย น้ำผึ้ง",
    "lao": "ສົມສັກ ວົງພະຈັນ",
    "khmer": "ស្រី ខ្មែរ",
    "burmese": "အောင်ဆန်းစုကြည်",
    "tibetan": "བསྟན་འཛིན་རྒྱ་མཚོ",
    "amharic": "ኃይለ ገብረሥላሴ",
    "emoji": "Zoë 🎉👩🏽‍🚀 ❤️",
    "newer_than_the_typefaces": "Zoë 🪩 𠮷田",
}


def order(name: str, *, event: str = "Concert", where: str = "Hall", label: str = "") -> Any:
    ticket = PrintedTicket(CODE, label or "Standard", "45.00 USD")
    return PrintedOrder(event, "Sat 18 July, 20:00", where, name, "Harbour House", [ticket])


def words_on(pdf: bytes) -> str:
    [sheet] = sheets_of(pdf)
    assert sheet.codes == [CODE]
    return " ".join(sheet.text.split())


def glyphs_of(text: str) -> list[tuple[str, int]]:
    """What is drawn for a text: glyphs by their typeface and number."""
    [line] = set_text(text, size=12, width=10_000, lines=1).lines
    return [
        (run.font, typefaces.typeface(run.font).pdf.face.charToGlyph[ord(code)])
        for run in line
        for code in run.glyphs
    ]


# --- Letters --------------------------------------------------------------------------------


@pytest.mark.parametrize("script", NAMES)
def test_a_name_can_be_read_from_the_paper(script: str) -> None:
    name = NAMES[script]

    words = words_on(order_pdf(order(name, event=name, where=name, label=name)))

    # Once as the event, as the place, as the holder and as the kind of ticket.
    assert words.count(name) == 4


@pytest.mark.parametrize("script", [script for script in NAMES if not script.startswith("newer")])
def test_a_name_is_drawn_with_letters(script: str) -> None:
    glyphs = glyphs_of(NAMES[script])

    assert glyphs_of(REPLACEMENT)[0] not in glyphs
    assert 0 not in [number for _, number in glyphs]


def test_what_no_typeface_has_is_still_seen() -> None:
    assert glyphs_of("\U0001fae9") == glyphs_of(REPLACEMENT)


def test_a_mark_that_the_typeface_lacks_leaves_its_letter() -> None:
    assert glyphs_of("فیضؔ") == glyphs_of("فیض")


@pytest.mark.parametrize(("first", "last", "name"), BLOCKS)
def test_every_block_s_typeface_is_there_and_has_it(first: int, last: int, name: str) -> None:
    has = typefaces.typeface(name).has

    assert (FONTS / f"{name}.ttf").exists()
    assert any(first <= code <= last for code in has)


def test_blocks_don_t_overlap() -> None:
    edges = [edge for first, last, _ in BLOCKS for edge in (first, last)]

    assert edges == sorted(edges)


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        pytest.param("Zoe\u0308", "Zoë", id="composed"),
        pytest.param("a\n\tb \u00a0c", "a b c", id="blanks"),
        pytest.param("\u202eevil\u2066", "evil", id="nobody-steers"),
        pytest.param("a\x00\x1bb", "ab", id="control"),
        pytest.param("a\ud800b", f"a{REPLACEMENT}b", id="half-a-character"),
        pytest.param("\ue000", REPLACEMENT, id="private"),
        pytest.param("علی\u200cرضا", "علی\u200cرضا", id="joiners-stay"),
    ],
)
def test_odd_characters_are_tidied(typed: str, printed: str) -> None:
    assert tidy(typed) == printed
    assert order_pdf(order(typed, event=typed, where=typed, label=typed))[:4] == b"%PDF"


# --- Direction ------------------------------------------------------------------------------


def test_what_runs_to_the_left_stands_at_the_right() -> None:
    paragraph = set_text("مهرجان 2027 (Jazz)", size=12, width=300, lines=1)

    assert paragraph.is_rtl
    [line] = paragraph.lines
    # From left to right: the bracket that closes, Jazz, the bracket that opens, the number, …
    seen = ["".join(run.glyphs) for run in line]
    assert (seen[1], seen[3]) == ("Jazz", "2027")


def test_a_price_stays_behind_its_label() -> None:
    words = set_text("\u200eتذكرة\u200e · 45.00 USD", size=10, width=300, lines=1)

    assert not words.is_rtl
    assert words.lines[0][-1].glyphs == " · 45.00 USD"


# --- Room -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "letters",
    [
        pytest.param("Wolfeschlegelsteinhausen ", id="words"),
        pytest.param("w", id="one-word"),
        pytest.param("王小明", id="chinese"),
        pytest.param("क्षि", id="hindi"),
        pytest.param("م", id="arabic"),
    ],
)
def test_the_longest_names_stay_on_the_page(letters: str) -> None:
    """As long as the columns allow: a name of 150, an event of 200, a place of 255."""
    name, event, where = ((letters * 255)[:length].strip() for length in (150, 200, 255))
    pdf = order_pdf(order(name, event=event, where=where))

    [sheet] = sheets_of(pdf)
    assert sheet.codes == [CODE]
    text = "".join(sheet.text.split())
    assert text.count("".join(name.split())) >= 1
    page = pypdfium2.PdfDocument(pdf)[0].get_textpage()
    for index in range(page.count_rects()):
        left, bottom, right, top = page.get_rect(index)
        assert 30 < left <= right < A5[0] - 30
        assert 12 < bottom <= top < A5[1] - 20


def test_what_is_too_long_for_its_place_is_set_smaller_and_then_cut() -> None:
    small = set_text("word " * 30, size=12, width=200, lines=3)
    cut = set_text("word " * 300, size=12, width=200, lines=3)

    assert (small.size < 12, small.height <= 12 * 1.35 * 3) == (True, True)
    assert (cut.size > 6, cut.height <= 12 * 1.35 * 3) == (True, True)
    assert "".join(cut.lines[-1][-1].glyphs).endswith("…")


# --- Many at once ---------------------------------------------------------------------------


def print_at_once() -> list[bool]:
    """Print every name in eight threads, several times: is each as it is when printed alone?"""
    names = [name for script, name in NAMES.items() if script != "emoji"] * 3
    alone = {name: order_pdf(order(name)) for name in names}

    def is_as_alone(name: str) -> bool:
        try:
            return order_pdf(order(name)) == alone[name]
        except Exception:  # noqa: BLE001, without the lock anything may happen
            return False

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(is_as_alone, names))


def test_the_same_order_is_the_same_paper_whoever_prints_beside_it() -> None:
    assert all(print_at_once())


def test_control_without_the_lock_papers_are_mixed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artwork, "_PRINTING", nullcontext())

    assert not all(print_at_once())
