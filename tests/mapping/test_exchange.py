"""Networks for other tools: nothing lost, nothing run."""

from __future__ import annotations

import math
from datetime import date, datetime
from pathlib import Path
from typing import Any

import igraph as ig
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from mapping.exchange import network_to_gexf, network_to_graphml, network_to_html

GEXF, VIZ = "{http://www.gexf.net/1.2draft}", "{http://www.gexf.net/1.2draft/viz}"
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    '=HYPERLINK("x")',
    "Ada \u202egnp.exe",
    "x" * 10_000,
    "]]></data><!-- & \"'",
    " a  b\n\tc ",
]


def network() -> nx.Graph:
    graph = nx.Graph(marking="OFFICIAL-SENSITIVE", as_of=date(2023, 3, 31))
    graph.add_node(
        "P9", label="AQ", kind="child", age=15, known=True, born=pd.Timestamp("2008-01-02"), school=None
    )
    for number, text in enumerate(HOSTILE):
        graph.add_node(
            f"P{number}", label=text, kind="adult", age=None, known=np.bool_(False), school=float("nan")
        )
    graph.add_node('T"1&<', label="", kind="phone", born=pd.NaT, school="S1")
    graph.add_edge(
        "P9",
        "P0",
        weight=1,
        items=np.int64(3),
        kinds=["event", "peer"],
        seen=date(2023, 1, 2),
        best_grade=None,
    )
    graph.add_edge(
        "P1",
        "P0",
        weight=np.float64(0.125),
        items=1,
        kinds="peer",
        seen=datetime(2023, 1, 2, 10, 30),
        best_grade="1A",
    )
    graph.add_edge(
        'T"1&<', "P9", weight=2.5, items=1, kinds="thing", seen=pd.Timestamp("2023-01-03"), best_grade=pd.NA
    )
    return graph


NODES: dict[str, dict[str, Any]] = {
    "P9": {"label": "AQ", "kind": "child", "age": 15, "known": True, "born": "2008-01-02"},
    **{f"P{number}": {"label": text, "kind": "adult", "known": False} for number, text in enumerate(HOSTILE)},
    'T"1&<': {"kind": "phone", "school": "S1"},
}
EDGES: dict[frozenset[str], dict[str, Any]] = {
    frozenset({"P0", "P9"}): {"weight": 1.0, "items": 3, "kinds": "event; peer", "seen": "2023-01-02"},
    frozenset({"P0", "P1"}): {
        "weight": 0.125,
        "items": 1,
        "kinds": "peer",
        "seen": "2023-01-02T10:30:00",
        "best_grade": "1A",
    },
    frozenset({"P9", 'T"1&<'}): {"weight": 2.5, "items": 1, "kinds": "thing", "seen": "2023-01-03"},
}


def typed(values: dict[str, Any]) -> dict[str, tuple[type, Any]]:
    return {name: (type(value), value) for name, value in values.items()}


def test_networkx_reads_graphml_back_whole(tmp_path: Path) -> None:
    network_to_graphml(network(), tmp_path / "n.graphml")
    back = nx.read_graphml(tmp_path / "n.graphml")
    assert {name: value for name, value in back.graph.items() if not name.endswith("_default")} == {
        "marking": "OFFICIAL-SENSITIVE",
        "as_of": "2023-03-31",
    }
    assert {node: typed(values) for node, values in back.nodes(data=True)} == {
        node: typed(NODES[node]) for node in NODES
    }
    assert {frozenset(ends): typed(values) for *ends, values in back.edges(data=True)} == {
        ends: typed(values) for ends, values in EDGES.items()
    }


def known(values: dict[str, Any]) -> dict[str, Any]:
    """Leave out what igraph puts where nothing is written."""
    return {name: value for name, value in values.items() if value != "" and value == value}


def as_igraph(node: str) -> str:
    """Return an id as igraph 1.0 reads it: an ampersand in an XML attribute stays escaped."""
    return node.replace("&", "&#38;")


def test_igraph_reads_graphml_back_whole(tmp_path: Path) -> None:
    network_to_graphml(network(), tmp_path / "n.graphml")
    back = ig.Graph.Read_GraphML(str(tmp_path / "n.graphml"))
    assert {name: back[name] for name in back.attributes()} == {
        "marking": "OFFICIAL-SENSITIVE",
        "as_of": "2023-03-31",
    }
    assert not back.is_directed()
    nodes = {node["id"]: known(node.attributes()) for node in back.vs}
    # igraph has no missing yes-or-no value: False stands where nothing is written.
    assert nodes == {
        as_igraph(node): {"id": as_igraph(node), "known": False, **values} for node, values in NODES.items()
    }
    ends = [frozenset({back.vs[edge.source]["id"], back.vs[edge.target]["id"]}) for edge in back.es]
    edges = {pair: known(edge.attributes()) for pair, edge in zip(ends, back.es, strict=True)}
    assert edges == {frozenset(map(as_igraph, pair)): values for pair, values in EDGES.items()}


def test_graphml_is_the_same_bytes_whatever_the_order_and_leaves_the_network_alone(tmp_path: Path) -> None:
    graph = network()
    turned = nx.Graph(**graph.graph)
    turned.add_nodes_from(reversed(list(graph.nodes(data=True))))
    turned.add_edges_from(
        (other, one, values) for one, other, values in reversed(list(graph.edges(data=True)))
    )
    network_to_graphml(graph, tmp_path / "a.graphml")
    network_to_graphml(turned, tmp_path / "b.graphml")
    assert (tmp_path / "a.graphml").read_bytes() == (tmp_path / "b.graphml").read_bytes()
    assert nx.utils.graphs_equal(nx.Graph(turned.edges), nx.Graph(graph.edges))
    assert graph.nodes["P9"]["born"] == pd.Timestamp("2008-01-02")
    assert graph.edges["P9", "P0"]["kinds"] == ["event", "peer"]


def test_graphml_writes_out_what_xml_cannot_hold(tmp_path: Path) -> None:
    graph = nx.Graph()
    graph.add_node("a\x00", label="b\x0bc\uffff\ud800", mixed=1)
    graph.add_node("d", label="one\r\ntwo\rthree", mixed="two")
    network_to_graphml(graph, tmp_path / "n.graphml")
    assert dict(nx.read_graphml(tmp_path / "n.graphml").nodes(data=True)) == {
        "a⟨U+0000⟩": {"label": "b⟨U+000B⟩c⟨U+FFFF⟩⟨U+D800⟩", "mixed": "1"},
        "d": {"label": "one\ntwo\nthree", "mixed": "two"},
    }


def test_graphml_refuses_ids_that_would_become_one(tmp_path: Path) -> None:
    graph = nx.Graph()
    graph.add_nodes_from(["a\x00", "a⟨U+0000⟩"])
    with pytest.raises(
        ValueError, match=r"would be the same in GraphML: 'a⟨U\+0000⟩'. Give each node an id of its own"
    ):
        network_to_graphml(graph, tmp_path / "n.graphml")
    assert not (tmp_path / "n.graphml").exists()


def test_graphml_of_an_empty_network(tmp_path: Path) -> None:
    network_to_graphml(nx.Graph(), tmp_path / "n.graphml")
    assert len(nx.read_graphml(tmp_path / "n.graphml")) == 0
    assert ig.Graph.Read_GraphML(str(tmp_path / "n.graphml")).vcount() == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.text(
            st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffe\uffff"),
            min_size=1,
            max_size=6,
        ),
        st.fixed_dictionaries(
            {},
            optional={
                "label": st.text(
                    st.characters(
                        codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffe\uffff"
                    ),
                    max_size=6,
                ),
                "count": st.integers(-(2**40), 2**40),
                "share": st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False),
                "known": st.booleans(),
            },
        ),
        max_size=6,
    )
)
def test_graphml_keeps_any_network(tmp_path: Path, nodes: dict[str, dict[str, Any]]) -> None:
    graph = nx.path_graph(list(nodes))
    nx.set_node_attributes(graph, nodes)
    network_to_graphml(graph, tmp_path / "n.graphml")
    back = nx.read_graphml(tmp_path / "n.graphml")
    expected = {
        node: {name: value for name, value in values.items() if value != ""} for node, values in nodes.items()
    }
    assert {node: typed(values) for node, values in back.nodes(data=True)} == {
        node: typed(values) for node, values in expected.items()
    }
    assert {frozenset(edge) for edge in back.edges} == {frozenset(edge) for edge in graph.edges}
    read = ig.Graph.Read_GraphML(str(tmp_path / "n.graphml"))
    assert sorted(read.vs["id"] if nodes else []) == sorted(map(as_igraph, nodes))
    if any("share" in values for values in nodes.values()):
        shares = dict(zip(read.vs["id"], read.vs["share"], strict=True))
        assert all(
            shares[as_igraph(node)] == values["share"] for node, values in nodes.items() if "share" in values
        )
        assert all(
            math.isnan(shares[as_igraph(node)]) for node, values in nodes.items() if "share" not in values
        )


def test_the_page_is_offered_here_too(tmp_path: Path) -> None:
    network_to_html(nx.Graph(), tmp_path / "n.html", title="Nobody")
    assert "there is nobody and nothing to show." in (tmp_path / "n.html").read_text(encoding="utf-8")


# GEXF -----------------------------------------------------------------------------------------


def test_networkx_reads_gexf_back_whole(tmp_path: Path) -> None:
    network_to_gexf(network(), tmp_path / "n.gexf")
    back = nx.read_gexf(tmp_path / "n.gexf")
    assert not back.is_directed()
    nodes = {
        node: typed({name: value for name, value in values.items() if name != "viz"})
        for node, values in back.nodes(data=True)
    }
    assert nodes == {node: typed({"label": node, **values}) for node, values in NODES.items()}
    edges = {
        frozenset(ends): typed({name: value for name, value in values.items() if name != "id"})
        for *ends, values in back.edges(data=True)
    }
    assert edges == {ends: typed(values) for ends, values in EDGES.items()}


def test_gexf_has_what_gephi_needs(tmp_path: Path) -> None:
    """GEXF 1.2 primer (gexf.net): declared types, ids of edges, a label and one size for every node, its place."""
    network_to_gexf(network(), tmp_path / "n.gexf", positions=dict.fromkeys(network(), (3, 4)))
    root = etree.parse(tmp_path / "n.gexf").getroot()
    assert (root.get("version"), root.tag) == ("1.2", f"{GEXF}gexf")
    declared = {
        (part.get("class"), each.get("id")): each.get("type")
        for part in root.iter(f"{GEXF}attributes")
        for each in part
    }
    assert set(declared.values()) <= {"string", "long", "double", "boolean", "integer"}
    for part, of in (("node", "nodes"), ("edge", "edges")):
        values = [
            each.get("for") for item in root.iter(f"{GEXF}{of}") for each in item.iter(f"{GEXF}attvalue")
        ]
        assert {(part, name) for name in values} <= set(declared)
    ids = [edge.get("id") for edge in root.iter(f"{GEXF}edge")]
    assert len(set(ids)) == len(ids) == 3
    assert all(node.get("label") for node in root.iter(f"{GEXF}node"))
    assert {size.get("value") for size in root.iter(f"{VIZ}size")} == {"10.0"}
    assert {(at.get("x"), at.get("y")) for at in root.iter(f"{VIZ}position")} == {("3.0", "-4.0")}
    assert root.findtext(f"{GEXF}meta/{GEXF}description") == "as_of: 2023-03-31; marking: OFFICIAL-SENSITIVE"
    assert root.find(f"{GEXF}meta").get("lastmodifieddate") is None


def test_gexf_keeps_attributes_whose_names_it_has_a_use_for(tmp_path: Path) -> None:
    graph = nx.Graph()
    graph.add_node("a", start="2023-01-01", type="x", label="A")
    graph.add_edge("a", "b", source="S1", id="7", weight=2)
    network_to_gexf(graph, tmp_path / "n.gexf")
    back = nx.read_gexf(tmp_path / "n.gexf")
    assert {name: value for name, value in back.nodes["a"].items() if name != "viz"} == {
        "label": "A",
        "start_": "2023-01-01",
        "type_": "x",
    }
    assert {name: back.edges["a", "b"][name] for name in ("source_", "id_", "weight")} == {
        "source_": "S1",
        "id_": "7",
        "weight": 2.0,
    }
    graph.nodes["a"]["start_"] = "also"
    with pytest.raises(ValueError, match="GEXF has a use of its own for start, and start_ is taken"):
        network_to_gexf(graph, tmp_path / "other.gexf")
    assert not (tmp_path / "other.gexf").exists()


def test_gexf_is_the_same_bytes_whatever_the_order(tmp_path: Path) -> None:
    graph = network()
    turned = nx.Graph(**graph.graph)
    turned.add_nodes_from(reversed(list(graph.nodes(data=True))))
    turned.add_edges_from((b, a, values) for a, b, values in reversed(list(graph.edges(data=True))))
    network_to_gexf(graph, tmp_path / "a.gexf")
    network_to_gexf(turned, tmp_path / "b.gexf")
    assert (tmp_path / "a.gexf").read_bytes() == (tmp_path / "b.gexf").read_bytes()
    assert "viz" not in graph.nodes["P9"]
    network_to_gexf(nx.Graph(), tmp_path / "none.gexf")
    assert len(nx.read_gexf(tmp_path / "none.gexf")) == 0
