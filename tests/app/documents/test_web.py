from __future__ import annotations

import base64

import pytest
from lxml import html

from app.documents.paper import DRAFT, Paper
from app.documents.web import to_html


@pytest.fixture(scope="module")
def read(full: Paper) -> html.HtmlElement:
    return html.fromstring(to_html(full))


def _texts(page: html.HtmlElement, path: str) -> list[str]:
    return [element.text_content() for element in page.xpath(path)]


def test_the_page_is_made_of_headings_lists_tables_and_figures(read: html.HtmlElement) -> None:
    assert read.get("lang") == "en-GB"
    assert _texts(read, "//title") == ["Problem profile: Nowhere (OFFICIAL-SENSITIVE)"]
    assert _texts(read, "//h1") == ["Problem profile: Nowhere"]
    assert _texts(read, "//h2|//h3|//h4") == ["What was asked", "Lists", "Last"]
    assert _texts(read, "//p[@class='draft']") == [
        DRAFT,
        "Two children are on record.",
        "One phone joins them.",
    ]
    assert _texts(read, "//li") == ["first thing", "second thing"]
    assert _texts(read, "//table/caption") == ["Eighty people"]
    assert _texts(read, "//thead//th[@scope='col']") == ["No.", "Name", "Letters"]
    assert _texts(read, "//tbody/tr[80]/td")[:2] == ["79", "Wójcik-Łęcka 79"]


def test_the_picture_is_inside_the_page(read: html.HtmlElement, full: Paper) -> None:
    (image,) = read.xpath("//figure/img")
    assert image.get("alt") == "A blue rectangle"
    kind, content = image.get("src").split(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(content) == full.parts[8].png  # type: ignore[union-attr]


def test_the_marking_stands_top_and_bottom(read: html.HtmlElement) -> None:
    assert _texts(read, "//header") == ["OFFICIAL-SENSITIVE"]
    assert _texts(read, "//footer") == ["OFFICIAL-SENSITIVE"]


def test_nothing_in_a_text_is_obeyed_and_no_host_is_asked(nasty: Paper) -> None:
    page = html.fromstring(to_html(nasty))
    assert not page.xpath("//script|//a|//link|//iframe|//form|//@onerror")
    assert {source[:10] for source in page.xpath("//@src")} == {"data:image"}
    assert _texts(page, "//h1") == ["<script>alert(1)</script><img src=x onerror=alert(1)>"]
    assert "abc⟨U+202E⟩gnp.exe" in _texts(page, "//h2")
    assert page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content") == [
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    ]
    to_html(nasty).encode("utf-8")


def test_the_same_document_gives_the_same_page(full: Paper) -> None:
    assert to_html(full) == to_html(full)
