"""A chart as SVG and PNG: read back by an XML parser and an image library, the same each time, nothing from elsewhere."""

from __future__ import annotations

import io
import re
import time
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from app import charts
from app.documents.network_picture import arrow, chart_png, chart_svg, frame, svg_path
from mapping.kinds import KINDS

SVG = "{http://www.w3.org/2000/svg}"
NODES = pd.DataFrame(
    {
        "id": ["person:C1", "person:A1", "person:A2", "location:L1"],
        "kind": ["child", "adult_of_concern", "protective_adult", "park"],
        "name": ["AQ (C1)", "UV (A1)", "WX (A2)", "Quarry Field"],
        "x": [0.0, 300.0, -120.0, 40.0],
        "y": [0.0, -100.0, 60.0, 200.0],
        "mark": ["", "", "", "unsafe"],
    }
)
EDGES = charts.chart_edges(
    pd.DataFrame(
        {
            "id": ["a", "b", "c"],
            "source": ["person:A1", "person:C1", "person:C1"],
            "target": ["person:C1", "person:A2", "location:L1"],
            "items": [6, 1, 2],
            "stated": [True, True, False],
            "seen": [True, False, True],
            "nature": ["harmful", "protective", "unknown"],
            "harm": [True, False, False],
        }
    )
)


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg.split("\n", 1)[1])


def test_the_svg_has_title_words_marking_a_symbol_each_and_a_line_each() -> None:
    svg = chart_svg(NODES, EDGES, title="Peer map of AQ", words="Linked to three.", lines=["Owner: Jo."])
    root = parsed(svg)
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert root.find(f"{SVG}title").text == "Peer map of AQ"
    assert root.find(f"{SVG}desc").text == "Linked to three."
    assert texts.count("OFFICIAL-SENSITIVE") == 2
    assert {"Owner: Jo.", "AQ (C1)", "UV (A1)", "WX (A2)", "Quarry Field", "✕ not safe"} <= set(texts)
    # Stated and seen is a double line: one over the other.
    assert len(list(root.iter(f"{SVG}line"))) == 4
    assert len(list(root.iter(f"{SVG}polygon"))) == 1
    outlines = [path.get("fill") for path in root.iter(f"{SVG}path")]
    assert outlines.count(KINDS["child"].colour) == 2  # in the picture and in what the symbols mean
    assert chart_svg(NODES, EDGES, title="Peer map of AQ", words="Linked to three.", lines=["Owner: Jo."]) == svg  # fmt: skip


def test_the_svg_asks_nobody_and_names_in_it_do_nothing(hostile_names: list[str]) -> None:
    nodes = pd.concat([NODES.assign(id=f"{number}", name=name) for number, name in enumerate(hostile_names)])
    svg = chart_svg(nodes, EDGES, title=hostile_names[0], words=hostile_names[0])
    root = parsed(svg)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "desc", "rect", "text", "g", "line", "circle", "polygon", "path",
    }  # fmt: skip
    assert not [
        name for element in root.iter() for name in element.attrib if "href" in name or name.startswith("on")
    ]
    assert re.findall(r"(?:https?:)?//[a-z.0-9/]+", svg.replace("http://www.w3.org/2000/svg", "")) == []


@pytest.fixture
def hostile_names() -> list[str]:
    return ["<script>alert(1)</script>", "a\x00b\u202ec\uffff", "]]> &amp;", "$x^2$ \\frac", "Q" * 5000]


def test_everything_fits_into_the_frame() -> None:
    left, top, width, height = frame(NODES)
    assert left < -120 - 18
    assert left + width > 300 + 18
    assert top < -118
    assert top + height > 218
    assert frame(NODES.head(0)) == (0.0, 0.0, 400.0, 200.0)


def test_an_arrow_ends_at_the_symbol_it_points_at() -> None:
    tip, *base = arrow(0, 0, 100, 0)
    assert tip == pytest.approx((100 - 36 * 0.55, 0))
    assert base == [pytest.approx((67.2, 6.5)), pytest.approx((67.2, -6.5))]


def test_the_png_has_the_size_asked_for_and_the_colours_of_the_kinds(hostile_names: list[str]) -> None:
    png = chart_png(NODES, EDGES, width_cm=12.0, height_cm=8.0)
    image = Image.open(io.BytesIO(png)).convert("RGB")
    assert image.size == (944, 629)
    seen = {tuple(colour) for colour in np.asarray(image).reshape(-1, 3)}
    for kind in ("child", "adult_of_concern", "protective_adult", "park"):
        colour = KINDS[kind].colour
        assert tuple(int(colour[start : start + 2], 16) for start in (1, 3, 5)) in seen
    assert chart_png(NODES, EDGES, width_cm=12.0, height_cm=8.0) == png
    nasty = pd.concat([NODES.assign(id=f"{number}", name=name) for number, name in enumerate(hostile_names)])
    assert chart_png(nasty, EDGES, width_cm=4.0, height_cm=4.0).startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_icons_lie_inside_their_grid(kind: object) -> None:
    path = svg_path(kind.icon)  # type: ignore[attr-defined]
    assert path.vertices.min() >= -0.6
    assert path.vertices.max() <= 24.6


def test_four_hundred_symbols_are_drawn_in_a_few_seconds() -> None:
    angle = np.arange(400) * 2.4
    nodes = pd.DataFrame({"id": [f"person:{n}" for n in range(400)], "kind": "child", "name": [f"AB (P{n})" for n in range(400)], "x": np.cos(angle) * np.sqrt(np.arange(400)) * 60, "y": np.sin(angle) * np.sqrt(np.arange(400)) * 60})  # fmt: skip
    edges = charts.chart_edges(pd.DataFrame({"id": [f"e{n}" for n in range(1, 400)], "source": "person:0", "target": [f"person:{n}" for n in range(1, 400)], "items": 1}))  # fmt: skip
    began = time.perf_counter()
    root = parsed(chart_svg(nodes, edges, title="Many", words="Many"))
    chart_png(nodes, edges, width_cm=17.0, height_cm=9.6)
    assert time.perf_counter() - began < 20
    assert len(list(root.iter(f"{SVG}line"))) == 399
