"""Write a document as Word (docx)."""

from __future__ import annotations

import io
import zipfile
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

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

LANGUAGE = "en-GB"
PAGE_CM = (21.0, 29.7)
MARGIN_CM = 2.0
WIDTH_CM = PAGE_CM[0] - 2 * MARGIN_CM
"""What is left between the margins of an A4 page."""

_QUIET = "555555"
_HEAD = "E8EDF2"
_DRAFTED = "FFF4CE"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def to_docx(paper: Paper) -> bytes:
    """Return the document as the bytes of a docx file.

    Headings are heading styles, the first row of a table is repeated on each page, each picture has its
    text alternative, the marking stands top and bottom of every page with the page's number, and text that
    nobody has read is shaded and says so. The same document gives the same bytes.
    """
    import docx

    document = docx.Document()
    _set_up(document, paper)
    document.add_paragraph(one_line(paper.title), style="Title")
    if paper.subtitle:
        document.add_paragraph(one_line(paper.subtitle), style="Subtitle")
    before: Part | None = None
    for part in paper.parts:
        _add(document, part, before)
        before = part
    buffer = io.BytesIO()
    document.save(buffer)
    return _without_clock(buffer.getvalue())


def _add(document: Document, part: Part, before: Part | None) -> None:
    if isinstance(part, Heading):
        document.add_heading(one_line(part.text), level=part.level)
    elif isinstance(part, Text):
        _add_text(document, part, before)
    elif isinstance(part, Bullets):
        for item in part.items:
            document.add_paragraph(one_line(item), style="List Bullet")
    elif isinstance(part, Grid):
        _add_grid(document, part)
    elif isinstance(part, Picture):
        _add_picture(document, part)
    elif isinstance(part, Break):
        document.add_page_break()


def _add_text(document: Document, part: Text, before: Part | None) -> None:
    style = {"plain": "Normal", "quiet": "Quiet", "draft": "Draft"}[part.kind]
    if part.kind == "draft" and not (isinstance(before, Text) and before.kind == "draft"):
        label = document.add_paragraph(style=style)
        label.add_run(DRAFT).bold = True
        label.paragraph_format.keep_with_next = True
    for line in lines(part.text):
        document.add_paragraph(line, style=style)


def _add_grid(document: Document, grid: Grid) -> None:
    from docx.shared import Cm

    if grid.caption:
        _add_caption(document, grid.caption).paragraph_format.keep_with_next = True
    table = document.add_table(rows=1 + len(grid.rows), cols=len(grid.columns), style="Table Grid")
    table.autofit = False
    widths = [Cm(WIDTH_CM * share) for share in shares(grid)]
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for row, texts in zip(table.rows, [grid.columns, *grid.rows], strict=True):
        _property(row._tr.get_or_add_trPr(), "cantSplit")
        for cell, text, width in zip(row.cells, texts, widths, strict=True):
            cell.width = width
            cell.paragraphs[0].style = "Cell"
            cell.paragraphs[0].add_run(one_line(text))
    _mark_heading_row(table)
    if grid.caption:
        _property(table._tbl.tblPr, "tblCaption", val=one_line(grid.caption))
    document.add_paragraph(style="After")


def _mark_heading_row(table: Any) -> None:
    _property(table.rows[0]._tr.get_or_add_trPr(), "tblHeader")
    for cell in table.rows[0].cells:
        _property(cell._tc.get_or_add_tcPr(), "shd", val="clear", color="auto", fill=_HEAD)
        for run in cell.paragraphs[0].runs:
            run.bold = True


def _add_picture(document: Document, picture: Picture) -> None:
    from docx.shared import Cm

    paragraph = document.add_paragraph()
    paragraph.paragraph_format.keep_with_next = bool(picture.caption)
    shape = paragraph.add_run().add_picture(
        io.BytesIO(picture.png), width=Cm(min(picture.width_cm, WIDTH_CM))
    )
    shape._inline.docPr.set("descr", one_line(picture.alt))
    if picture.caption:
        _add_caption(document, picture.caption)


def _add_caption(document: Document, text: str) -> Paragraph:
    return document.add_paragraph(one_line(text), style="Caption")


def _set_up(document: Document, paper: Paper) -> None:
    """Set page, styles, marking, language and properties."""
    from docx.shared import Cm

    section = document.sections[0]
    section.page_width, section.page_height = Cm(PAGE_CM[0]), Cm(PAGE_CM[1])
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(MARGIN_CM)
    section.header_distance = section.footer_distance = Cm(0.8)
    _set_styles(document)
    for band in (section.header, section.footer):
        _centred(band.paragraphs[0]).add_run(paper.marking).bold = True
    counted = _centred(section.footer.add_paragraph(style="Quiet"))
    for words, field in (("Page ", "PAGE"), (" of ", "NUMPAGES")):
        counted.add_run(words)
        _add_field(counted, field)
    _set_properties(document, paper)


def _centred(paragraph: Any) -> Any:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    return paragraph


def _set_properties(document: Document, paper: Paper) -> None:
    properties = document.core_properties
    properties.title = one_line(paper.title)[:255]
    properties.subject = paper.marking
    properties.author = properties.last_modified_by = "Contextmap"
    properties.comments = ""
    properties.language = LANGUAGE
    # The template's own dates say nothing about this document, and a clock would make each copy differ.
    element = properties._element
    for name in ("created", "modified"):
        for old in element.findall(f"{{http://purl.org/dc/terms/}}{name}"):
            element.remove(old)


def _set_styles(document: Document) -> None:
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Pt, RGBColor

    styles = document.styles
    for name in ("Cell", "Quiet", "Draft", "After"):
        styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH).base_style = styles["Normal"]
    sizes = {"Normal": 10.5, "Title": 24, "Subtitle": 13, "Heading 1": 16, "Heading 2": 13, "Heading 3": 11}
    sizes |= {"Caption": 9.5, "Cell": 8.5, "Quiet": 9, "After": 4, "Draft": 10.5, "List Bullet": 10.5}
    for name, size in sizes.items():
        style = styles[name]
        style.font.name, style.font.size = "Arial", Pt(size)
        style.font.color.rgb = RGBColor.from_string(_QUIET if name == "Quiet" else "1A1A1A")
        style.font.italic = False
        _plain_font(style)
        style.paragraph_format.space_after = Pt(0 if name in {"Cell", "After"} else 5)
    styles["Quiet"].font.color.rgb = RGBColor.from_string(_QUIET)
    _shade(styles["Draft"])
    language = styles.element.find(f".//{_tag('lang')}")
    if language is not None:
        language.set(_tag("val"), LANGUAGE)


def _plain_font(style: Any) -> None:
    """Let the style's own font win over the theme's, in which Word would show it otherwise."""
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(_tag(name), None)
    for name in ("ascii", "hAnsi", "cs"):
        fonts.set(_tag(name), "Arial")


def _shade(style: Any) -> None:
    """Give a style a pale ground and a bar at its left, so that draft text shows in grey print as well."""
    properties = style.element.get_or_add_pPr()
    border = _property(properties, "pBdr")
    _property(border, "left", val="single", sz="24", space="6", color="B45F06")
    ground = _property(properties, "shd", val="clear", color="auto", fill=_DRAFTED)
    # Word wants these before the spacing that the style has already.
    for element in (ground, border):
        properties.remove(element)
        properties.insert(0, element)


def _add_field(paragraph: Any, name: str) -> None:
    from docx.oxml import OxmlElement

    field = OxmlElement("w:fldSimple")
    field.set(_tag("instr"), name)
    run = OxmlElement("w:r")
    text = OxmlElement("w:t")
    text.text = "1"
    run.append(text)
    field.append(run)
    paragraph._p.append(field)


def _property(parent: Any, name: str, **values: str) -> Any:
    from docx.oxml import OxmlElement

    element = OxmlElement(f"w:{name}")
    for key, value in values.items():
        element.set(_tag(key), value)
    parent.append(element)
    return element


def _tag(name: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(f"w:{name}"))


def _without_clock(content: bytes) -> bytes:
    """Return the same package with one fixed time on each of its files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))
    return buffer.getvalue()
