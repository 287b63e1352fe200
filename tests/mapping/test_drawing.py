"""Networks as SVG: the shapes of the pages, text as text, nothing from elsewhere."""

from __future__ import annotations

import re
import time
from datetime import date
from pathlib import Path

import networkx as nx
import pytest
from lxml import etree

from mapping.drawing import NAMED_UP_TO, network_to_svg
from mapping.kinds import KINDS

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<script>alert(1)</script>",
    "</svg><img src=x onerror=alert(1)>",
    "Ada \u202egnp.exe",
    "x" * 10_000,
    "]]></desc><!-- & \"'",
    "a\x00b\ud800",
]


def network(names: list[str]) -> nx.Graph:
    graph = nx.Graph()
    for number, name in enumerate(names):
        graph.add_node(f"P{number}", label=name, kind="child")
    graph.add_node("A", label="AC", kind="adult_of_concern")
    graph.add_node("T", label="phone", kind="phone")
    graph.add_edge("P0", "P1", kinds="peer", items=1, sources=1, last_seen=date(2024, 1, 1))
    graph.add_edge(
        "P0",
        "A",
        kinds="exploitation",
        nature="harmful",
        items=6,
        sources=2,
        first_seen=date(2024, 3, 1),
        last_seen=date(2024, 5, 1),
    )
    graph.add_edge("P1", "A", kinds="peer|event", nature="protective", items=2, sources=1)
    graph.add_edge("P0", "T", kinds="thing", items=3, sources=1)
    return graph


def drawn(graph: nx.Graph, path: Path, **options: object) -> etree._Element:
    network_to_svg(graph, path, title="Group 3FA9", as_of=date(2024, 12, 31), **options)
    return etree.fromstring(path.read_bytes())


def test_the_picture_says_what_it_shows(tmp_path: Path) -> None:
    root = drawn(network(["AQ", "BQ"]), tmp_path / "n.svg", note="Not proof.")
    assert root.findtext(f"{SVG}title") == "Group 3FA9"
    said = root.findtext(f"{SVG}desc")
    assert said.startswith(
        "As of 31 December 2024: 4 symbols, 4 links between them. Not proof. child (2); adult of concern (1)"
    )
    assert [mark.text for mark in root.iter(f"{SVG}text") if mark.get("class")] == ["OFFICIAL-SENSITIVE"] * 2
    titles = [group.findtext(f"{SVG}title") for group in root.find(f"{SVG}g[@id='nodes']")]
    assert titles == ["AQ: child", "BQ: child", "AC: adult of concern", "phone: phone"]
    links = [group.findtext(f"{SVG}title") for group in root.find(f"{SVG}g[@id='links']")]
    assert links == [
        "AQ – BQ; peers; Rests on 1 record from 1 source; Last seen 1 January 2024; Not graded",
        "AQ – phone; used the same phone, vehicle or account; Rests on 3 records from 1 source; No date recorded; Not graded",
        "BQ – AC; at the same event; peers; Nature: protective; Rests on 2 records from 1 source; No date recorded; Not graded",
        "AC → AQ; harm by exploitation; Nature: harmful; Rests on 6 records from 2 sources; First seen 1 March 2024, last seen 1 May 2024; Not graded",
    ]


def test_lines_show_how_a_link_is_known(tmp_path: Path) -> None:
    root = drawn(network(["AQ", "BQ"]), tmp_path / "n.svg")
    lines = {
        group.findtext(f"{SVG}title").split(";")[0]: group for group in root.find(f"{SVG}g[@id='links']")
    }
    assert lines["AQ – BQ"].find(f"{SVG}path").get("stroke-opacity") == "0.35"
    assert lines["AQ – phone"].find(f"{SVG}path").get("stroke-dasharray") == "8 6"
    assert [path.get("stroke") for path in lines["BQ – AC"].findall(f"{SVG}path")] == ["#2e7d32", "#ffffff"]
    assert lines["BQ – AC"].find(f"{SVG}use").get("href") == "#shield"
    assert [path.get("stroke-width") for path in lines["AC → AQ"].findall(f"{SVG}path")] == ["7", None]


def test_shapes_and_colours_are_those_of_the_pages_and_every_reference_resolves(tmp_path: Path) -> None:
    root = drawn(network(["AQ", "BQ"]), tmp_path / "n.svg")
    ids = {each.get("id") for each in root.iter() if each.get("id")}
    used = {each.get("href") for each in root.iter(f"{SVG}use")}
    assert used == {"#kind-child", "#kind-adult_of_concern", "#kind-phone", "#shield"}
    assert {reference[1:] for reference in used} <= ids
    symbol = next(each for each in root.iter(f"{SVG}g") if each.get("id") == "kind-child")
    assert symbol.find(f"{SVG}path").get("fill") == KINDS["child"].colour


def test_hostile_names_are_text_and_nothing_is_fetched(tmp_path: Path) -> None:
    root = drawn(network(HOSTILE), tmp_path / "n.svg", note=HOSTILE[1])
    assert {each.tag.removeprefix(SVG) for each in root.iter()} == {
        "svg", "title", "desc", "defs", "g", "path", "rect", "text", "use",
    }  # fmt: skip
    text = (tmp_path / "n.svg").read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert not any(name.startswith("on") for each in root.iter() for name in each.attrib)
    assert all(each.get("href").startswith("#") for each in root.iter(f"{SVG}use"))
    assert max(len(each.text or "") for each in root.iter(f"{SVG}text")) <= 130


def test_five_thousand_nodes_are_drawn_in_seconds_without_their_names(tmp_path: Path) -> None:
    graph = nx.relabel_nodes(nx.barabasi_albert_graph(5_000, 2, seed=1), str)
    nx.set_node_attributes(graph, "child", "kind")
    start = time.perf_counter()
    root = drawn(graph, tmp_path / "n.svg")
    assert time.perf_counter() - start < 90
    nodes = root.find(f"{SVG}g[@id='nodes']")
    assert len(nodes) == 5_000 > NAMED_UP_TO
    assert nodes.find(f".//{SVG}text") is None
    assert len(root.find(f"{SVG}g[@id='links']")) == graph.number_of_edges()


def test_positions_are_kept_and_the_bytes_are_the_same(tmp_path: Path) -> None:
    graph = network(["AQ", "BQ"])
    where = {node: (float(number), 0.0) for number, node in enumerate(graph)}
    drawn(graph, tmp_path / "a.svg", positions=where)
    drawn(nx.Graph(graph), tmp_path / "b.svg", positions=where)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    with pytest.raises(ValueError, match=r"1 nodes have no position, A first"):
        network_to_svg(
            graph,
            tmp_path / "c.svg",
            title="",
            positions={node: where[node] for node in where if node != "A"},
        )
    graph.nodes["A"]["kind"] = "wizard"
    with pytest.raises(ValueError, match="No such kind of node: wizard"):
        network_to_svg(graph, tmp_path / "c.svg", title="")
    assert not (tmp_path / "c.svg").exists()


def test_an_empty_network_is_a_picture_too(tmp_path: Path) -> None:
    assert (
        drawn(nx.Graph(), tmp_path / "n.svg")
        .findtext(f"{SVG}desc")
        .startswith("As of 31 December 2024: 0 symbols")
    )
