"""Where nodes stand: apart from each other, the same every time, in seconds for thousands."""

from __future__ import annotations

import time

import networkx as nx

from mapping.layout import PULLED_UP_TO, chart_positions


def test_large_networks_are_laid_out_in_seconds_the_same_whatever_the_order() -> None:
    size = PULLED_UP_TO + 200
    graph = nx.relabel_nodes(nx.barabasi_albert_graph(size, 2, seed=1), lambda node: f"P{node:05}")
    start = time.perf_counter()
    placed = chart_positions(graph)
    assert time.perf_counter() - start < 30
    assert set(placed) == set(graph)
    assert len(set(placed.values())) > 0.99 * size
    turned = nx.Graph()
    turned.add_nodes_from(reversed(list(graph)))
    turned.add_edges_from(reversed([pair[::-1] for pair in graph.edges]))
    assert chart_positions(turned) == placed
