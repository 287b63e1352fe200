"""Draw a working chart with st-graph-workbench: the only module that knows that library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st
from st_graph_workbench import NodeStyle, StyleRule, graph_workbench

from app import kinds
from app.text import short

MOST_NODES = 400
"""Above this many nodes a working chart is slow to draw and too dense to read."""

CORNER = "corner"
_INK = "#1f2933"
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
                "text-background-color": "#ffffff",
                "text-background-opacity": 0.8,
                "text-background-padding": "1px",
            },
        )
        for kind in kinds.KINDS.values()
    ]
    plain = {
        "text-background-color": "#ffffff",
        "text-background-opacity": 0.85,
        "color": _INK,
        "font-weight": "normal",
    }
    return [
        *styles,
        # Two that nobody sees hold the picture's frame, so that it keeps its size whoever is drawn.
        StyleRule(f"node[label = '{CORNER}']", {"opacity": 0, "events": "no", "width": 1, "height": 1}),
        StyleRule("node[place = 'safe']", {"border-width": 3, "border-color": kinds.PROTECTIVE}),
        StyleRule("node.highlight", {**plain, "outline-color": "#8a97a3", "border-color": "#8a97a3"}),
        StyleRule(
            "node:selected",
            {**plain, "font-weight": "bold", "outline-color": _INK, "border-color": _INK, "border-width": 3},
        ),
        StyleRule("node[chosen = 1]", {"border-width": 4, "border-color": _INK, "font-weight": "bold"}),
    ]


def _edge_styles() -> list[Any]:
    rules = [
        StyleRule(
            "edge",
            {
                "line-color": kinds.LINE,
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
                "line-color": "#ffffff",
            },
        ),
        StyleRule(
            "edge[nature = 'protective']",
            {
                "line-color": kinds.PROTECTIVE,
                "mid-target-arrow-shape": "circle",
                "mid-target-arrow-color": kinds.PROTECTIVE,
            },
        ),
        StyleRule(
            "edge[nature = 'protective'][basis = 'both']",
            {"line-color": "#ffffff", "line-outline-color": kinds.PROTECTIVE},
        ),
        StyleRule(
            "edge[harm = 1]",
            {
                "line-color": kinds.HARM,
                "line-outline-color": kinds.HARM,
                "target-arrow-shape": "triangle",
                "target-arrow-color": kinds.HARM,
                "arrow-scale": 1.6,
            },
        ),
        StyleRule("edge[faded = 1]", {"opacity": 0.3}),
        StyleRule(
            "edge[among = 1]",
            {"opacity": 0.28, "width": 1.2, "line-outline-width": 0, "line-color": kinds.LINE},
        ),
        StyleRule("edge[among = 1][nature = 'protective']", {"line-color": kinds.PROTECTIVE}),
        StyleRule("edge.highlight", {"line-color": "#2f3b46", "target-arrow-color": "#2f3b46"}),
        StyleRule(
            "edge:selected", {"line-color": _INK, "target-arrow-color": _INK, "opacity": 1, "width": 6}
        ),
        StyleRule(
            "edge[chosen = 1]",
            {
                "line-color": _INK,
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
        id, kind (of app.kinds), name, x, y (screen units, y down).
    edges
        id, source, target (node ids), basis, nature, step (1-3), faded, harm,
        among (1: not a link of the person in the middle).
    chosen
        the id of the node or edge to mark.
    corners
        left, top, right and bottom of the frame to fit into the chart, whoever is drawn.
    """
    return {
        "nodes": _corner_nodes(corners)
        + [
            {
                "data": {
                    "id": row.id,
                    "label": row.kind,
                    "name": short(row.name, limit=34),
                    "chosen": int(row.id == chosen),
                },
                "position": {"x": float(row.x), "y": float(row.y)},
            }
            for row in nodes[["id", "kind", "name", "x", "y"]].itertuples(index=False)
        ],
        "edges": [
            {
                "data": {
                    **dict(zip(_EDGE, values, strict=True)),
                    "label": "LINK",
                    "chosen": int(values[0] == chosen),
                }
            }
            for values in edges[list(_EDGE)].itertuples(index=False, name=None)
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
) -> None:
    """Draw nodes and edges where the server put them; a click is passed on as (node id, edge id)."""

    def clicked() -> None:
        event = st.session_state.get(key) or {}
        if event.get("action") == "selection" and on_choose is not None:
            found = event.get("data", {})
            on_choose(_first(found.get("selected_node_ids")), _first(found.get("selected_edge_ids")))

    graph_workbench(
        elements(nodes, edges, chosen=chosen, corners=corners),
        layout={"name": "preset", "fit": True, "padding": 28, "animate": False},
        node_styles=_node_styles(),
        edge_styles=_edge_styles(),
        height=height,
        key=key,
        on_change=clicked,
        return_selection=True,
        search=True,
        show_selection_details=False,
        toolbar={"mode": "minimized", "position": "top", "collapsible": True, "sticky": False},
        min_zoom=0.15,
        max_zoom=1.7,
    )


def _first(ids: Any) -> str | None:
    return str(ids[0]) if ids else None
