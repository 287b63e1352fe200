"""Draw a working chart with st-graph-workbench: the only module that knows that library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st
from st_graph_workbench import NodeStyle, StyleRule, graph_workbench

from app import kinds, state
from app.text import short

MOST_NODES = 400
"""Above this many nodes a working chart is slow to draw and too dense to read."""

CORNER = "corner"
# The library's own pictures and lists have no marking, and nothing would be logged of names that leave in them.
_NO_EXPORT = "<style>.st-graph-workbench details:has(#toolbarExportPng) {display: none !important;}</style>"
_INK = kinds.INK
_WIDTHS = {1: 1.5, 2: 3, 3: 5.5}


def _node_styles() -> list[Any]:
    styles: list[Any] = [
        NodeStyle(
            kind.name,
            color=kind.colour,
            caption="name",
            icon=kinds.icon_address(kind),
            size=34,
            shape=kind.shape,
            text_size=13,
            label_position="bottom",
            raw_style={
                "color": _INK,
                "background-width": "58%",
                "background-height": "58%",
                "text-margin-y": 3,
                "text-background-color": kinds.WHITE,
                "text-background-opacity": 0.8,
                "text-background-padding": "1px",
            },
        )
        for kind in kinds.KINDS.values()
    ]
    plain = {
        "text-background-color": kinds.WHITE,
        "text-background-opacity": 0.85,
        "color": _INK,
        "font-weight": "normal",
    }
    return [
        *styles,
        # Two that nobody sees hold the picture's frame, so that it keeps its size whoever is drawn.
        StyleRule(f"node[label = '{CORNER}']", {"opacity": 0, "events": "no", "width": 1, "height": 1}),
        *(
            StyleRule(
                f"node[mark = '{mark}']",
                {"border-width": 5, "border-color": colour, "border-style": line, "border-opacity": 1},
            )
            for mark, (colour, line) in kinds.MARKS.items()
        ),
        StyleRule("node.highlight", {**plain, "outline-color": kinds.BORDER, "border-color": kinds.BORDER}),
        StyleRule(
            "node:selected",
            {**plain, "font-weight": "bold", "outline-color": _INK, "border-color": _INK, "border-width": 3},
        ),
        StyleRule("node[chosen = 1]", {"border-width": 4, "border-color": _INK, "font-weight": "bold"}),
    ]


def _line(colour: str) -> dict[str, str]:
    return {"line-color": colour, "line-gradient-stop-colors": f"{colour} {colour}"}


def _edge_styles() -> list[Any]:
    rules = [
        StyleRule(
            "edge",
            {
                **_line(kinds.LINE),
                "curve-style": "straight",
                "target-arrow-shape": "none",
                "opacity": 0.9,
            },
        )
    ]
    rules += [StyleRule(f"edge[step = {step}]", {"width": width}) for step, width in _WIDTHS.items()]
    rules += [
        StyleRule("edge[basis = 'seen']", {"line-style": "dashed"}),
        # Cytoscape has no double line: a pale line inside the dark one makes two.
        StyleRule(
            "edge[basis = 'both']",
            {
                "line-style": "solid",
                "line-outline-width": 2,
                "line-outline-color": kinds.LINE,
                **_line(kinds.WHITE),
            },
        ),
        StyleRule(
            "edge[nature = 'protective']",
            {
                **_line(kinds.PROTECTIVE),
                "mid-target-arrow-shape": "circle",
                "mid-target-arrow-color": kinds.PROTECTIVE,
            },
        ),
        StyleRule(
            "edge[nature = 'protective'][basis = 'both']",
            {**_line(kinds.WHITE), "line-outline-color": kinds.PROTECTIVE},
        ),
        StyleRule(
            "edge[harm = 1]",
            {
                **_line(kinds.HARM),
                "line-outline-color": kinds.HARM,
                "target-arrow-shape": "triangle",
                "target-arrow-color": kinds.HARM,
                "arrow-scale": 1.6,
            },
        ),
        StyleRule("edge[faded = 1]", {"opacity": 0.3}),
        StyleRule(
            "edge[added = 1]",
            {"underlay-color": kinds.ADDED, "underlay-opacity": 0.45, "underlay-padding": 5},
        ),
        StyleRule(
            "edge[among = 1]",
            {"opacity": 0.28, "width": 1.2, "line-outline-width": 0, **_line(kinds.LINE)},
        ),
        StyleRule("edge[among = 1][nature = 'protective']", {**_line(kinds.PROTECTIVE)}),
        # The library paints the lines of what is clicked red, after every rule of ours; a line filled with
        # a gradient keeps its own colour.
        StyleRule("edge.highlight", {"line-fill": "linear-gradient", "opacity": 1}),
        StyleRule("edge:selected", {**_line(_INK), "target-arrow-color": _INK, "opacity": 1, "width": 6}),
        StyleRule(
            "edge[chosen = 1]",
            {
                **_line(_INK),
                "target-arrow-color": _INK,
                "line-outline-width": 0,
                "opacity": 1,
                "width": 7,
            },
        ),
    ]
    return rules


def elements(
    nodes: pd.DataFrame,
    edges: pd.DataFrame,
    *,
    chosen: str | None = None,
    corners: tuple[float, float, float, float] | None = None,
) -> dict[str, Any]:
    """Return a chart's rows in the library's form.

    Parameters
    ----------
    nodes
        id, kind (of app.kinds), name, x, y (screen units, y down), and optionally mark: what a young person
        says of a place (of kinds.MARKS, "" where nothing is said).
    edges
        id, source, target (node ids), basis, nature, step (1-3), faded, harm,
        among (1: not a link of the person in the middle), and optionally added (1: by hand, just now).
    chosen
        the id of the node or edge to mark.
    corners
        left, top, right and bottom of the frame to fit into the chart, whoever is drawn.
    """
    marks = nodes["mark"].fillna("").tolist() if "mark" in nodes else [""] * len(nodes)
    columns = [*_EDGE, *(["added"] if "added" in edges else [])]
    return {
        "nodes": _corner_nodes(corners)
        + [
            {
                "data": {
                    "id": row.id,
                    "label": row.kind,
                    "name": short(row.name, limit=34) + kinds.MARK_SIGNS.get(mark, ""),
                    "chosen": int(row.id == chosen),
                    **({"mark": mark} if mark else {}),
                },
                "position": {"x": float(row.x), "y": float(row.y)},
            }
            for row, mark in zip(
                nodes[["id", "kind", "name", "x", "y"]].itertuples(index=False), marks, strict=True
            )
        ],
        "edges": [
            {
                "data": {
                    **dict(zip(columns, values, strict=True)),
                    "label": "LINK",
                    "chosen": int(values[0] == chosen),
                }
            }
            for values in edges[columns].itertuples(index=False, name=None)
        ],
    }


def _corner_nodes(corners: tuple[float, float, float, float] | None) -> list[dict[str, Any]]:
    if corners is None:
        return []
    left, top, right, bottom = corners
    return [
        {
            "data": {"id": f"{CORNER}:{place}", "label": CORNER, "name": "", "chosen": 0},
            "position": {"x": x, "y": y},
        }
        for place, x, y in (("first", left, top), ("last", right, bottom))
    ]


_EDGE = ("id", "source", "target", "basis", "nature", "step", "faded", "harm", "among")


def draw(
    nodes: pd.DataFrame,
    edges: pd.DataFrame,
    *,
    key: str,
    chosen: str | None = None,
    on_choose: Callable[[str | None, str | None], None] | None = None,
    height: int = 520,
    corners: tuple[float, float, float, float] | None = None,
    on_move: Callable[[dict[str, tuple[float, float]]], None] | None = None,
) -> None:
    """Draw nodes and edges where the server put them; a click is passed on as (node id, edge id).

    With `on_move` it is also passed on where all nodes are after somebody has moved one.
    """

    def clicked() -> None:
        event = st.session_state.get(key) or {}
        found = event.get("data", {})
        if event.get("action") == "selection" and on_choose is not None:
            on_choose(_first(found.get("selected_node_ids")), _first(found.get("selected_edge_ids")))
        if event.get("action") == "positions" and on_move is not None:
            places = _places(found.get("positions"))
            state.keep_drawn(key, moved=places)
            on_move(places)

    wanted = elements(nodes, edges, chosen=chosen, corners=corners)
    st.html(_NO_EXPORT)
    graph_workbench(
        _as_drawn(key, wanted) if on_move is not None else wanted,
        layout={"name": "preset", "fit": True, "padding": 28, "animate": False},
        node_styles=_node_styles(),
        edge_styles=_edge_styles(),
        height=height,
        key=key,
        on_change=clicked,
        return_selection=True,
        return_positions=on_move is not None,
        search=True,
        show_selection_details=False,
        toolbar={"mode": "minimized", "position": "top", "collapsible": True, "sticky": False},
        min_zoom=0.15,
        max_zoom=1.7,
    )


def _places(found: Any) -> dict[str, tuple[float, float]]:
    """Return where the browser says each node is; what it says oddly is passed over."""
    out = {}
    for node in found if isinstance(found, list) else []:
        place = node.get("position") or {}
        x, y = place.get("x"), place.get("y")
        if (
            isinstance(x, int | float)
            and isinstance(y, int | float)
            and not str(node["id"]).startswith(CORNER)
        ):
            out[str(node["id"])] = (float(x), float(y))
    return out


def _as_drawn(key: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what to send of a chart: as it was sent before, where the browser itself moved what has moved since.

    The browser sets every node back to where the server says it is whenever it is sent something new. If
    each move were sent back, a node moved while that is on its way would jump back.
    """
    found = state.drawn(key)
    sent, moved, turn = found.get("sent"), found.get("moved", {}), found.get("turn", 0)
    if sent is None or _unplaced(sent) != _unplaced(wanted) or not _stands(wanted, sent, moved):
        sent, turn = wanted, turn + 1
        state.keep_drawn(key, sent=sent, moved={}, turn=turn)
    # Without a number of its own the browser would pass over what it was sent once before.
    return {**sent, "nodes": [_numbered(node, turn) for node in sent["nodes"]]}


def _stands(wanted: dict[str, Any], sent: dict[str, Any], moved: dict[str, tuple[float, float]]) -> bool:
    """Say whether every node is where it should be: where the browser moved it, or else where it was sent."""
    before = {node["data"]["id"]: (node["position"]["x"], node["position"]["y"]) for node in sent["nodes"]}
    places = {
        node["data"]["id"]: node["position"] for node in wanted["nodes"] if node["data"]["label"] != CORNER
    }
    return all(_near(place, moved.get(node, before[node])) for node, place in places.items())


def _numbered(node: dict[str, Any], turn: int) -> dict[str, Any]:
    return {**node, "data": {**node["data"], "turn": turn}}


def _unplaced(drawn: dict[str, Any]) -> Any:
    return [node["data"] for node in drawn["nodes"]], drawn["edges"]


def _near(place: dict[str, float], other: tuple[float, float]) -> bool:
    return abs(place["x"] - other[0]) <= 1 and abs(place["y"] - other[1]) <= 1


def _first(ids: Any) -> str | None:
    return str(ids[0]) if ids else None
