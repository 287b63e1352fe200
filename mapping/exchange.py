"""Write networks for other tools: GraphML, and a stand-alone HTML page."""

from __future__ import annotations

import io
import math
import numbers
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from mapping.page import network_to_html
from mapping.text import xml_safe

__all__ = ["network_to_graphml", "network_to_html"]


def network_to_graphml(graph: nx.Graph[Any], path: str | PathLike[str]) -> None:
    """Write a network as GraphML (http://graphml.graphdrawing.org), every attribute with its type.

    networkx and igraph read it back whole (but igraph 1.0 turns ``&`` in an id
    into ``&#38;``). A missing value (None, NaN, NaT or empty text) is left out. A date is ISO 8601 text; a list is
    text with "; " between; an attribute that is whole in one place and
    fractional in another is a double throughout, and one of mixed kinds is
    text. Characters that XML cannot hold are written out, as ``⟨U+0000⟩``, and
    a line end is a line feed. Nodes and edges are written in order of their
    ids, so the same network gives the same bytes.

    Raises
    ------
    ValueError
        Two ids become the same once written.
    """
    buffer = io.BytesIO()
    nx.write_graphml_xml(_as_written(graph), buffer, encoding="utf-8", prettyprint=True)
    Path(path).write_bytes(buffer.getvalue())


def _as_written(graph: nx.Graph[Any]) -> nx.Graph[Any]:
    """Return a copy in order of id that holds only text, numbers and yes-or-no values."""
    ids = {node: _xml_text(node) for node in sorted(graph, key=str)}
    if len(set(ids.values())) < len(ids):
        twice = sorted(written for written, count in Counter(ids.values()).items() if count > 1)
        msg = f"Ids that differ would be the same in GraphML: {', '.join(map(repr, twice[:5]))}. Give each node an id of its own."
        raise ValueError(msg)
    place = {node: number for number, node in enumerate(ids)}
    ends = {edge: [place[end] for end in edge[:2]] for edge in graph.edges}
    if not graph.is_directed():
        ends = {edge: sorted(pair) for edge, pair in ends.items()}
    edges = sorted(ends, key=lambda edge: (ends[edge], str(edge[2:])))
    written: nx.Graph[Any] = graph.__class__()
    written.graph.update(_of_one_type([graph.graph])[0])
    written.add_nodes_from(zip(ids.values(), _of_one_type([graph.nodes[node] for node in ids]), strict=True))
    names = list(ids.values())
    for edge, values in zip(edges, _of_one_type([graph.edges[edge] for edge in edges]), strict=True):
        written.add_edge(*(names[end] for end in ends[edge]), **values)
    return written


def _of_one_type(rows: list[dict[Any, Any]]) -> list[dict[str, Any]]:
    """Return the rows without missing values, each attribute of one type throughout."""
    plain = [{_xml_text(name): _plain(value) for name, value in sorted(row.items(), key=str)} for row in rows]
    types: dict[str, set[type]] = {}
    for row in plain:
        for name, value in row.items():
            types.setdefault(name, set()).add(type(value))
    converters = {name: _converter(found - {type(None)}) for name, found in types.items()}
    return [
        {name: converters[name](value) for name, value in row.items() if value is not None} for row in plain
    ]


def _converter(types: set[type]) -> Callable[[Any], Any]:
    if len(types) == 1:
        return next(iter(types))
    return float if types == {int, float} else str


def _plain(value: Any) -> bool | int | float | str | None:
    """Return the value as one that GraphML has a type for, None where it is missing."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return None if math.isnan(value) else float(value)
    if (
        isinstance(value, datetime)
        and value is not pd.NaT
        and value.tzinfo is None
        and value == datetime(*value.timetuple()[:3])
    ):
        value = value.date()
    return _xml_text(value) or None


def _xml_text(value: object) -> str:
    # A parser turns every line end into a line feed (XML 1.0, 2.11).
    return xml_safe(value).replace("\r\n", "\n").replace("\r", "\n")
