from __future__ import annotations

import io
import zipfile

import docx
import pytest
from docx.document import Document
from docx.oxml.ns import qn
from lxml import etree

from app.documents.paper import DRAFT, Paper
from app.documents.word import to_docx


@pytest.fixture(scope="module")
def read(full: Paper) -> Document:
    return docx.Document(io.BytesIO(to_docx(full)))


def test_headings_are_heading_styles_and_text_is_there(read: Document) -> None:
    said = [(paragraph.style.name, paragraph.text) for paragraph in read.paragraphs if paragraph.text]
    assert said[:9] == [
        ("Title", "Problem profile: Nowhere"),
        ("Subtitle", "1 April 2022 to 31 March 2023"),
        ("Heading 1", "What was asked"),
        ("Normal", "How are children harmed in Nowhere?"),
        ("Normal", "Second paragraph."),
        ("Draft", DRAFT),
        ("Draft", "Two children are on record."),
        ("Draft", "One phone joins them."),
        ("Quiet", "Counts are of records."),
    ]
    assert ("Heading 2", "Lists") in said
    assert ("List Bullet", "second thing") in said
    assert said[-2:] == [("Heading 3", "Last"), ("Normal", "The end.")]


def test_marking_and_page_number_stand_on_every_page(read: Document) -> None:
    (section,) = read.sections
    assert section.header.paragraphs[0].text == "OFFICIAL-SENSITIVE"
    assert section.footer.paragraphs[0].text == "OFFICIAL-SENSITIVE"
    fields = [field.get(qn("w:instr")) for field in section.footer._element.iter(qn("w:fldSimple"))]
    assert fields == ["PAGE", "NUMPAGES"]
    assert not section.different_first_page_header_footer


def test_a_table_repeats_its_first_row_and_keeps_every_cell(read: Document, full: Paper) -> None:
    (table,) = read.tables
    assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert [cell.text for cell in table.rows[0].cells] == ["No.", "Name", "Letters"]
    assert len(table.rows) == 81
    assert [cell.text for cell in table.rows[80].cells] == [
        "79",
        "Wójcik-Łęcka 79",
        "Ðorđe Ñandú Ștefan Yağmur Ωmega Жанна",
    ]
    widths = [column.width.cm for column in table.columns]
    assert sum(widths) == pytest.approx(17, abs=0.01)
    assert widths[0] < widths[1] < widths[2]


def test_a_picture_says_what_it_shows(read: Document) -> None:
    (shape,) = read.inline_shapes
    assert shape._inline.docPr.get("descr") == "A blue rectangle"
    assert shape.width.cm == pytest.approx(16, abs=0.01)


def test_properties_give_title_language_and_no_clock(read: Document) -> None:
    properties = read.core_properties
    assert (properties.title, properties.language, properties.subject) == (
        "Problem profile: Nowhere",
        "en-GB",
        "OFFICIAL-SENSITIVE",
    )
    assert properties.created is None
    assert read.styles.element.find(f".//{qn('w:lang')}").get(qn("w:val")) == "en-GB"


def test_the_same_document_gives_the_same_bytes(full: Paper) -> None:
    content = to_docx(full)
    assert content == to_docx(full)
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_nothing_in_a_text_is_obeyed(nasty: Paper) -> None:
    content = to_docx(nasty)
    read = docx.Document(io.BytesIO(content))
    said = [paragraph.text for paragraph in read.paragraphs]
    assert "<script>alert(1)</script><img src=x onerror=alert(1)>" in said
    assert "abc⟨U+202E⟩gnp.exe" in said
    assert "nul ⟨U+0000⟩ bell ⟨U+0007⟩ half ⟨U+D800⟩ last ⟨U+FFFF⟩" in said
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        document = etree.fromstring(package.read("word/document.xml"))
        links = package.read("word/_rels/document.xml.rels").decode()
    assert not list(document.iter(qn("w:hyperlink"), qn("w:instrText"), qn("w:fldSimple")))
    assert "External" not in links
