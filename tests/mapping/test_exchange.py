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

from mapping.exchange import network_to_graphml, network_to_html

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
