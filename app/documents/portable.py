"""Write a document as PDF."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.documents.paper import (
    DRAFT,
    Break,
    Bullets,
    Grid,
    Heading,
    Paper,
    Part,
    Picture,
    Text,
    lines,
    one_line,
    shares,
)
from mapping.text import shortened

if TYPE_CHECKING:
    from fpdf import FPDF

LANGUAGE = "en-GB"
FONT = "DejaVu"
_PAGES = "{number of pages}"
_FILES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
_MARGIN = 20.0
_SIZES = {1: 15.0, 2: 12.0, 3: 10.5}
_BODY, _SMALL, _CELL = 10.0, 8.5, 7.5
_INK, _GREY = (26, 26, 26), (85, 85, 85)
_HEAD, _DRAFTED, _BAR = (232, 237, 242), (255, 244, 206), (180, 95, 6)
_HEAD_LETTERS = 120
_CELL_LINES = 40
"""Lines of a table's cell after which it goes on in a row of its own: a row must fit on a page."""


def to_pdf(paper: Paper) -> bytes:
    """Return the document as the bytes of a PDF.

    The font is inside the file, so that names in any Latin, Greek, Cyrillic, Hebrew or Arabic letters are
    shown; a character the font does not have is written out as ``⟨U+4E2D⟩``. The marking stands top and
    bottom of every page with the page's number. The same document gives the same bytes.
    """
    return bytes(_written(paper).output())


def room_left(paper: Paper) -> float:
    """Return how many centimetres are left below the document; none where it is longer than a page."""
    pdf = _written(paper)
    return max(0.0, (pdf.h - _MARGIN - pdf.get_y()) / 10) if pdf.page_no() == 1 else 0.0


def _written(paper: Paper) -> FPDF:
    pdf = _blank(paper)
    pdf.add_page()
    _write(pdf, paper.title, size=20, style="B", after=1)
    if paper.subtitle:
        _write(pdf, paper.subtitle, size=12, colour=_GREY, after=3)
    before: Part | None = None
    for part in paper.parts:
        if _is_draft(before) and not _is_draft(part):
            pdf.ln(2)
        _add(pdf, part, before)
        before = part
    return pdf


def _blank(paper: Paper) -> FPDF:
    """Return an empty document with its fonts, language, properties and marking."""
    import matplotlib
    from fpdf import FPDF

    class _Marked(FPDF):
        def header(self) -> None:
            _mark(self, paper.marking, 7)

        def footer(self) -> None:
            _mark(self, paper.marking, -14)
            _number(self)

    pdf = _Marked(format="A4", unit="mm")
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for style, file in _FILES.items():
        pdf.add_font(FONT, style, folder / file)
    pdf.set_font(FONT, size=_BODY)
    pdf.set_margins(_MARGIN, _MARGIN)
    pdf.set_auto_page_break(True, _MARGIN)
    pdf.alias_nb_pages(_PAGES)
    pdf.set_title(one_line(paper.title))
    pdf.set_subject(paper.marking)
    pdf.set_creator("Contextmap")
    pdf.set_lang(LANGUAGE)
    # A clock would make two copies of the same document differ.
    pdf.set_creation_date(datetime(1980, 1, 1, tzinfo=UTC))
    return pdf


def _mark(pdf: FPDF, marking: str, at: float) -> None:
    _line(pdf, marking, size=10, style="B", at=at)
    pdf.set_y(_MARGIN)


def _line(pdf: FPDF, text: str, *, size: float, style: str, at: float) -> None:
    pdf.set_font(FONT, style, size)
    pdf.set_text_color(*_INK)
    pdf.set_y(at)
    pdf.cell(0, 5, text, align="C")


def _number(pdf: FPDF) -> None:
    """Write the number of the page in the middle; how many there are is put in later, and takes less room than its name."""
    pdf.set_font(FONT, "", 8)
    pdf.set_text_color(*_INK)
    pdf.set_xy((pdf.w - pdf.get_string_width(f"Page {pdf.page_no()} of 99")) / 2, -9)
    pdf.cell(0, 5, f"Page {pdf.page_no()} of {_PAGES}")


def _add(pdf: FPDF, part: Part, before: Part | None) -> None:
    if isinstance(part, Heading):
        _add_heading(pdf, part)
    elif isinstance(part, Text):
        _add_text(pdf, part, before)
    elif isinstance(part, Bullets):
        for item in part.items:
            _write(pdf, f"•  {one_line(item)}", size=_BODY, indent=4, after=1)
    elif isinstance(part, Grid):
        _add_grid(pdf, part)
    elif isinstance(part, Picture):
        _add_picture(pdf, part)
    elif isinstance(part, Break):
        pdf.add_page()


def _add_heading(pdf: FPDF, heading: Heading) -> None:
    # A heading keeps a few lines of what it heads on its page.
    if pdf.will_page_break(30):
        pdf.add_page()
    if pdf.get_y() > _MARGIN + 1:
        pdf.ln({1: 5, 2: 3, 3: 2}[heading.level])
    pdf.set_font(FONT, "B", _SIZES[heading.level])
    pdf.start_section(shown(heading.text), level=heading.level - 1, strict=False)
    _write(pdf, heading.text, size=_SIZES[heading.level], style="B", after=1.5)


def _add_text(pdf: FPDF, part: Text, before: Part | None) -> None:
    if _is_draft(part) and not _is_draft(before):
        _write_draft(pdf, DRAFT, style="B")
    for line in lines(part.text):
        if part.kind == "draft":
            _write_draft(pdf, line)
        elif part.kind == "quiet":
            _write(pdf, line, size=_SMALL, colour=_GREY)
        else:
            _write(pdf, line, size=_BODY)


def _is_draft(part: Part | None) -> bool:
    return isinstance(part, Text) and part.kind == "draft"


def _write_draft(pdf: FPDF, text: str, *, style: str = "") -> None:
    pdf.set_draw_color(*_BAR)
    pdf.set_line_width(1)
    pdf.set_fill_color(*_DRAFTED)
    _write(pdf, text, size=_BODY, style=style, indent=3, border="L", fill=True, after=0)
    pdf.set_line_width(0.2)
    pdf.set_draw_color(0, 0, 0)
    pdf.set_fill_color(255, 255, 255)


def _write(
    pdf: FPDF,
    text: object,
    *,
    size: float,
    style: str = "",
    colour: tuple[int, int, int] = _INK,
    indent: float = 0,
    after: float = 2,
    border: str | int = 0,
    fill: bool = False,
) -> None:
    pdf.set_font(FONT, style, size)
    pdf.set_text_color(*colour)
    pdf.set_x(_MARGIN + indent)
    pdf.multi_cell(
        0,
        size * 0.5,
        shown(text),
        align="L",
        border=border,
        fill=fill,
        new_x="LMARGIN",
        new_y="NEXT",
        padding=(1, 2, 1, 2) if fill else 0,
    )
    pdf.ln(after)


def _add_grid(pdf: FPDF, grid: Grid) -> None:
    from fpdf.fonts import FontFace

    if pdf.will_page_break(25):
        pdf.add_page()
    if grid.caption:
        pdf.ln(1)
        _write(pdf, grid.caption, size=9, style="B", after=0.5)
    pdf.set_font(FONT, "", _CELL)
    pdf.set_text_color(*_INK)
    pdf.set_draw_color(154, 163, 171)
    widths = [pdf.epw * share for share in shares(grid)]
    with pdf.table(
        col_widths=tuple(widths),
        text_align="LEFT",
        line_height=_CELL * 0.47,
        padding=1,
        headings_style=FontFace(emphasis="BOLD", fill_color=_HEAD),
        v_align="TOP",
    ) as table:
        # The head stands on each page of the table, so it must leave room for rows.
        table.row([shown(shortened(column, _HEAD_LETTERS)) for column in grid.columns])
        for row in grid.rows:
            for piece in _pieces(pdf, row, widths):
                table.row(piece)
    pdf.set_draw_color(0, 0, 0)
    pdf.ln(3)


def _pieces(pdf: FPDF, row: Sequence[str], widths: Sequence[float]) -> Iterator[list[str]]:
    """Give a row as one or more rows, none of them higher than a page."""
    texts = [shown(cell) for cell in row]
    # No character of a line is wider than its size, so a text this short needs no measuring.
    if all(len(text) * _CELL * 0.36 < width * _CELL_LINES for text, width in zip(texts, widths, strict=True)):
        yield texts
        return
    columns = [_wrapped(pdf, text, width - 2.5) for text, width in zip(texts, widths, strict=True)]
    for start in range(0, max(map(len, columns)), _CELL_LINES):
        yield [" ".join(column[start : start + _CELL_LINES]) for column in columns]


def _wrapped(pdf: FPDF, text: str, width: float) -> list[str]:
    if not text:
        return [""]
    return list(pdf.multi_cell(width, 4, text, dry_run=True, output="LINES"))


def _add_picture(pdf: FPDF, picture: Picture) -> None:
    from PIL import Image

    with Image.open(io.BytesIO(picture.png)) as image:
        ratio = image.height / image.width
    room = pdf.h - 2 * _MARGIN - 15
    width = min(picture.width_cm * 10, pdf.epw, room / ratio)
    if pdf.will_page_break(width * ratio + (8 if picture.caption else 0)):
        pdf.add_page()
    pdf.image(io.BytesIO(picture.png), w=width, alt_text=one_line(picture.alt))
    pdf.ln(1)
    if picture.caption:
        _write(pdf, picture.caption, size=9, style="B")


def shown(text: object) -> str:
    """Return a text on one line with each character that the font does not have written out."""
    known = _letters()
    return "".join(letter if ord(letter) in known else f"⟨U+{ord(letter):04X}⟩" for letter in one_line(text))


@cache
def _letters() -> frozenset[int]:
    import matplotlib
    from fontTools.ttLib import TTFont

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    known: Any = [set(TTFont(folder / file, lazy=True).getBestCmap()) for file in _FILES.values()]
    return frozenset(set.intersection(*known))
