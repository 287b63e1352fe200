"""Write networks for other tools: GraphML and GEXF."""

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
from xml.etree import ElementTree as etree

import networkx as nx
import numpy as np
import pandas as pd
from networkx.readwrite.gexf import GEXFWriter

from mapping.kinds import KINDS
from mapping.layout import Positions
from mapping.page import network_to_html
from mapping.text import xml_safe

__all__ = ["network_to_gexf", "network_to_graphml", "network_to_html"]

TAKEN = frozenset(
    {
        "id",
        "label",
        "pid",
        "for",
        "start",
        "end",
        "startopen",
        "endopen",
        "viz",
        "source",
        "target",
        "type",
        "weight",
        "slices",
        "spells",
    }
)
"""Names that GEXF has a use of its own for; an attribute of such a name gets an underscore, but for two of them."""
MEANT = frozenset({"label", "weight"})
SIZE = 10.0
"""Of every node in GEXF: nobody is drawn larger than anybody else."""


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


def network_to_gexf(
    graph: nx.Graph[Any], path: str | PathLike[str], *, positions: Positions | None = None
) -> None:
    """Write a network as GEXF 1.2 (https://gexf.net), every attribute with its type, as Gephi opens it.

    networkx reads it back whole. Attributes are written as in `network_to_graphml`. A node without a label has its id
    for one, as Gephi needs it; an edge's weight is Gephi's own. Nodes of a kind of `mapping.kinds.KINDS` have its
    colour, all have one size. An attribute whose name GEXF has a use of its own for (`start`, say) gets an underscore.
    Attributes of the whole network, which GEXF has no place for, stand in its description.

    Parameters
    ----------
    positions : node to (x, y), y downwards; Gephi lays the network out itself where not given.

    Raises
    ------
    ValueError
        Two ids become the same once written, or two attributes of a node or an edge.
    """
    written = _as_written(graph)
    told = "; ".join(f"{name}: {value}" for name, value in written.graph.items())
    written.graph.clear()
    for node, values in written.nodes(data=True):
        renamed = {"label": node, **_free(values)}
        values.clear()
        values |= renamed
    for _, _, values in written.edges(data=True):
        renamed = _free(values)
        values.clear()
        values |= renamed
    _picture(written, {_xml_text(node): point for node, point in (positions or {}).items()})
    writer = GEXFWriter(encoding="utf-8", prettyprint=True, version="1.2draft")
    writer.add_graph(written)
    _describe(writer.xml, told)
    buffer = io.BytesIO()
    writer.write(buffer)
    Path(path).write_bytes(buffer.getvalue())


def _free(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values under names that GEXF leaves free."""
    named = {f"{name}_" if name in TAKEN - MEANT else name: value for name, value in values.items()}
    if len(named) < len(values):
        twice = sorted(name for name in values if f"{name}_" in values and name in TAKEN)
        msg = f"GEXF has a use of its own for {twice[0]}, and {twice[0]}_ is taken. Rename one of the two attributes."
        raise ValueError(msg)
    return named


def _picture(graph: nx.Graph[Any], positions: Positions) -> None:
    """Give each node its colour, the one size, and its place where it has one."""
    for node, values in graph.nodes(data=True):
        drawn: dict[str, Any] = {"size": SIZE}
        if (kind := KINDS.get(str(values.get("kind")))) is not None:
            red, green, blue = (int(kind.colour[start : start + 2], 16) for start in (1, 3, 5))
            drawn["color"] = {"r": red, "g": green, "b": blue, "a": 1.0}
        if node in positions:
            x, y = positions[node]
            # In Gephi y points upwards.
            drawn["position"] = {"x": float(x), "y": -float(y), "z": 0.0}
        values["viz"] = drawn


def _describe(root: Any, told: str) -> None:
    """Say what the network is in place of the day it was written, so that the same network gives the same bytes."""
    for meta in [child for child in root if child.tag.endswith("meta")]:
        meta.attrib.pop("lastmodifieddate", None)
        for child in list(meta):
            meta.remove(child)
        for name, text in (("creator", "Contextmap"), ("description", told)):
            etree.SubElement(meta, name).text = text


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
