"""Make up the chart of a group and the map of a child with as many nodes as asked, and time what places and writes them."""

from __future__ import annotations

import random
import time
from typing import Any

import networkx as nx
import pandas as pd

CHARTS = ("group", "peer_map")
CONTEXTS = ("home", "peers", "school", "places", "things", "online", "adults", "concern")
KINDS = {"home": "home", "school": "school", "places": "place", "things": "phone", "online": "online", "adults": "adult", "concern": "adult_of_concern"}  # fmt: skip
LINKS = 2.2
"""Links for each person of a made-up group, as in the largest groups of the demo."""


def made_up(nodes: int, chart: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the nodes, placed as the app places them, or above what it draws as an export does, and the edges."""
    from app import charts, workbench
    from mapping.layout import chart_positions

    ids, kinds, pairs = _group(nodes) if chart == "group" else _around(nodes)
    links = pd.DataFrame(pairs, columns=["source", "target"])
    links = links.assign(
        id=[f"link:{number}" for number in range(len(links))],
        kinds="peer",
        items=1,
        nature="unknown",
        first_seen=pd.Timestamp("2026-01-01"),
        last_seen=pd.Timestamp("2026-03-01"),
    )
    if chart == "group" and nodes > workbench.MOST_NODES:
        # More than the app draws; placed as what leaves it is.
        placed = chart_positions(nx.from_pandas_edgelist(links))
        where = pd.DataFrame.from_dict(placed, orient="index", columns=["x", "y"])
    elif chart == "group":
        where = charts.positions(ids, links)
    else:
        around = pd.DataFrame(
            {
                "id": ids[1:],
                "context": [CONTEXTS[number % len(CONTEXTS)] for number in range(len(ids) - 1)],
                "step": [1 if number < 200 else 2 for number in range(len(ids) - 1)],
                "near": False,
            }
        )
        where = charts.rings(ids[0], around)
    found = pd.DataFrame({"id": ids, "kind": kinds, "name": [f"P{number}" for number in range(len(ids))]})
    return found.assign(**where.loc[ids].reset_index(drop=True)), charts.chart_edges(links)


def _group(nodes: int) -> tuple[list[str], list[str], list[tuple[str, str]]]:
    """Friends of friends: everyone knows somebody who came before, and most know one more nearby."""
    chance = random.Random(0)
    ids = [f"person:{number:05}" for number in range(nodes)]
    pairs = {(ids[chance.randrange(max(0, number - 12), number)], ids[number]) for number in range(1, nodes)}
    while len(pairs) < int(LINKS * nodes):
        one = chance.randrange(nodes - 1)
        pairs.add((ids[one], ids[min(nodes - 1, one + chance.randrange(1, 25))]))
    return ids, ["child"] * nodes, sorted(pairs)


def _around(nodes: int) -> tuple[list[str], list[str], list[tuple[str, str]]]:
    """A child and what surrounds them, context by context."""
    ids = [f"person:{number:05}" for number in range(nodes)]
    kinds = ["child"] + [KINDS.get(CONTEXTS[number % len(CONTEXTS)], "child") for number in range(nodes - 1)]
    return ids, kinds, [(ids[0], each) for each in ids[1:]]


def time_chart(nodes: int, chart: str) -> dict[str, Any]:
    """Time placing a chart, and writing it as SVG, on the server."""
    from app.documents.network_picture import chart_svg

    began = time.perf_counter()
    placed, edges = made_up(nodes, chart)
    at = time.perf_counter()
    svg = chart_svg(placed, edges, title="Made up", words=f"{nodes} people")
    return {
        "links": len(edges),
        "place_seconds": round(at - began, 3),
        "svg_seconds": round(time.perf_counter() - at, 3),
        "svg_bytes": len(svg.encode()),
    }
