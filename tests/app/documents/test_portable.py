from __future__ import annotations

from collections.abc import Callable

import pytest

from app.documents.paper import DRAFT, Bullets, Grid, Paper, Text
from app.documents.portable import shown, to_pdf

Pages = Callable[[bytes], list[str]]


@pytest.fixture(scope="module")
def content(full: Paper) -> bytes:
    return to_pdf(full)


def test_every_page_is_marked_top_and_bottom_and_counted(content: bytes, pdf_pages: Pages) -> None:
    pages = pdf_pages(content)
    assert len(pages) == 4
    for number, page in enumerate(pages, start=1):
        said = page.split("\n")
        assert said[0] == "OFFICIAL-SENSITIVE"
        assert said[-3] == "OFFICIAL-SENSITIVE"
        assert "".join(said[-2:]) == f"Page {number} of {len(pages)}"


def test_text_lists_and_tables_can_be_read(content: bytes, pdf_pages: Pages) -> None:
    pages = pdf_pages(content)
    for text in (
        "How are children harmed in Nowhere?",
        DRAFT,
        "Two children are on record.",
        "•  first thing",
    ):
        assert text in pages[0]
    rows = "\n".join(pages)
    assert all(f"Wójcik-Łęcka {row}" in rows for row in range(80))
    assert "Ðorđe Ñandú Ștefan Yağmur Ωmega Жанна" in rows.replace("\n", " ")
    assert all("Letters" in page for page in pages[:-1])  # the head of the table, on each page of it
    assert pages[-1].split("\n")[1:-3] == ["Last", "The end."]


def test_language_title_and_text_alternative_are_in_the_file(content: bytes) -> None:
    assert b"/Lang (en-GB)" in content
    assert b"/Title (Problem profile: Nowhere)" in content
    assert b"/Alt (A blue rectangle)" in content


def test_the_same_document_gives_the_same_bytes(content: bytes, full: Paper) -> None:
    assert to_pdf(full) == content


def test_letters_that_the_font_lacks_are_written_out() -> None:
    assert shown("Łucja 中 🦊") == "Łucja ⟨U+4E2D⟩ ⟨U+1F98A⟩"


def test_nothing_in_a_text_is_obeyed_or_lost(nasty: Paper, pdf_pages: Pages) -> None:
    content = to_pdf(nasty)
    text = "".join(pdf_pages(content))
    assert "<script>alert(1)</script><img src=x onerror=alert(1)>" in text
    assert "abc⟨U+202E⟩gnp.exe" in text
    assert text.count("Q") >= 6 * 10_000
    assert b"/URI" not in content
    assert b"/JavaScript" not in content


def test_a_row_higher_than_a_page_goes_on_in_the_next(pdf_pages: Pages) -> None:
    paper = Paper("x", [Grid(["a", "b", "c", "d", "e", "f"], [["word " * 900, "1", "2", "3", "4", "5"]])])
    assert "".join(pdf_pages(to_pdf(paper))).count("word") == 900


def test_an_empty_document_is_a_page() -> None:
    assert to_pdf(Paper("Nothing", [Text(""), Bullets([]), Grid(["a"], [])])).startswith(b"%PDF")
