"""Share a document with everything in it, and a reader of PDF that goes by what a viewer would show."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable

import pytest

from app.documents.paper import Break, Bullets, Grid, Heading, Paper, Picture, Text

NASTY = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '=HYPERLINK("http://elsewhere.example")',
    "abc\u202egnp.exe",
    "nul \x00 bell \x07 half \ud800 last \uffff",
    "{nb} {number of pages} **bold** [link](http://elsewhere.example)",
    "]]> &amp; &lt;b&gt; \" ' \\) Tj ET",
    "Q" * 10_000,
]


def _png(width: int = 40, height: int = 20) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "#0b5394").save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def full() -> Paper:
    """A document with one of each part, names from several languages, and a table longer than a page."""
    rows = [[str(row), f"Wójcik-Łęcka {row}", "Ðorđe Ñandú Ștefan Yağmur Ωmega Жанна"] for row in range(80)]
    return Paper(
        "Problem profile: Nowhere",
        [
            Heading("What was asked"),
            Text("How are children harmed in Nowhere?\n\nSecond paragraph."),
            Text("Two children are on record.", "draft"),
            Text("One phone joins them.", "draft"),
            Text("Counts are of records.", "quiet"),
            Heading("Lists", level=2),
            Bullets(["first thing", "second thing"]),
            Grid(["No.", "Name", "Letters"], rows, caption="Eighty people"),
            Picture(_png(), "A blue rectangle", caption="Figure 1"),
            Break(),
            Heading("Last", level=3),
            Text("The end."),
        ],
        subtitle="1 April 2022 to 31 March 2023",
    )


@pytest.fixture(scope="session")
def nasty() -> Paper:
    """A document in which every text tries to be more than text."""
    return Paper(
        NASTY[0],
        [
            part
            for text in NASTY
            for part in (
                Heading(text),
                Text(text),
                Text(text, "draft"),
                Bullets([text]),
                Grid([text, "x"], [[text, "y"], ["z", text]], caption=text),
                Picture(_png(), text, caption=text),
            )
        ],
        subtitle=NASTY[1],
    )


@pytest.fixture(scope="session")
def pdf_pages() -> Callable[[bytes], list[str]]:
    """A function that returns the text of each page of a PDF, read through the fonts' own tables of letters."""
    return _pages


def _pages(content: bytes) -> list[str]:
    objects = {
        int(number): body
        for number, body in re.findall(rb"(?:^|\n)(\d+) 0 obj\n(.*?)\nendobj", content, re.DOTALL)
    }
    fonts = {
        name: _letters(_stream(objects[int(re.search(rb"/ToUnicode (\d+)", objects[int(font)])[1])]))
        for body in objects.values()
        for name, font in re.findall(rb"/(F\d+) (\d+) 0 R", body)
    }
    pages = [body for body in objects.values() if re.search(rb"/Type /Page\b(?!s)", body)]
    return [_shown(_stream(objects[int(re.search(rb"/Contents (\d+)", page)[1])]), fonts) for page in pages]


def _stream(body: bytes) -> bytes:
    raw = body.split(b"stream\n", 1)[1].rsplit(b"\nendstream", 1)[0]
    return zlib.decompress(raw) if b"/FlateDecode" in body else raw


def _letters(table: bytes) -> dict[int, str]:
    pairs = re.findall(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>\n", table)
    return {int(code, 16): bytes.fromhex(letter.decode()).decode("utf-16-be") for code, letter in pairs}


def _shown(content: bytes, fonts: dict[bytes, dict[int, str]]) -> str:
    font: dict[int, str] = {}
    said = []
    for name, text in re.findall(rb"/(F\d+) [\d.]+ Tf|\(((?:[^()\\]|\\.)*)\) Tj", content, re.DOTALL):
        if name:
            font = fonts[name]
            continue
        plain = re.sub(
            rb"\\(.)", lambda found: {b"r": b"\r", b"n": b"\n"}.get(found[1], found[1]), text, flags=re.DOTALL
        )
        codes = [int.from_bytes(plain[at : at + 2], "big") for at in range(0, len(plain), 2)]
        said.append("".join(font.get(code, "?") for code in codes))
    return "\n".join(said)
