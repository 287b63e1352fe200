"""Turn a group or the surroundings of a child into a working chart with its legend."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from zlib import crc32

import networkx as nx
import pandas as pd
import streamlit as st

from app import answers, charts, kinds, log, peers, state, workbench
from app.data import Loaded
from app.names import label_of
from mapping.page import network_to_html


def group(
    loaded: Loaded,
    members: pd.DataFrame,
    links: pd.DataFrame,
    common: pd.DataFrame,
    label: pd.Series,
    *,
    where: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, bool]:
    """Return nodes and edges of one group with what its members share, and whether some were left out.

    Parameters
    ----------
    members
        person_id, group_id, kind.
    links
        the links among them, as `answers.group_links`.
    common
        places and things tied to two or more of them, as `answers.group_places`.
    where
        x, y on node id: whoever and whatever is in it stays there.
    """
    shown = members.head(workbench.MOST_NODES)
    nodes = pd.DataFrame(
        {
            "id": "person:" + shown["person_id"],
            "kind": shown["kind"],
            "name": [label_of(person, label) for person in shown["person_id"]],
        }
    )
    contexts = common.head(min(12, workbench.MOST_NODES - len(nodes)))
    # An empty table has no text columns.
    keys = contexts["contact_type"].astype(str) + ":" + contexts["contact_id"].astype(str)
    nodes = pd.concat(
        [nodes, pd.DataFrame({"id": keys, "kind": contexts["kind"], "name": named(loaded, contexts)})],
        ignore_index=True,
    )
    tied = answers.ties(loaded, loaded.question.grades)
    tied = tied[
        tied["person_id"].isin(shown["person_id"])
        & (tied["contact_type"] + ":" + tied["contact_id"].astype(str)).isin(keys)
    ]
    edges = pd.concat([links, peers.tie_edges(tied)], ignore_index=True) if len(tied) else links
    edges = edges[edges["source"].isin(nodes["id"]) & edges["target"].isin(nodes["id"])]
    return placed(nodes, edges, where), drawn(loaded, edges, nodes), len(members) > len(shown)


def contact(
    loaded: Loaded,
    row: Mapping[str, Any],
    children: Sequence[str],
    label: pd.Series,
    *,
    where: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Return nodes and edges of one shared contact, its children and the links among them, and how many are left out.

    What is in `where` (x, y on node id) stays there.
    """
    shown = list(children)[:MOST_CHILDREN]
    kind = answers.person_kinds(loaded)
    people = pd.DataFrame(
        {
            "id": [f"person:{child}" for child in shown],
            "kind": [kind.get(child, "child") for child in shown],
            "name": [label_of(child, label) for child in shown],
        }
    )
    centre = pd.DataFrame({"id": [row["key"]], "kind": [row["kind"]], "name": [row["called"]]})
    nodes = pd.concat([centre, people], ignore_index=True)
    every = answers.links(loaded)
    links = every[every["source"].isin(nodes["id"]) & every["target"].isin(nodes["id"])]
    if row["contact_type"] != "person":
        items = answers.contact_items(loaded, row["contact_type"], row["contact_id"])
        spokes = (
            items.groupby("person_id")
            .agg(items=("row", "size"), first_seen=("date_from", "min"), last_seen=("date_to", "max"))
            .reindex(shown)
            .reset_index()
        )
        person = "person:" + spokes["person_id"].astype(str)
        spokes = spokes.assign(
            id="tie:" + person + "|" + row["key"],
            source=person,
            target=row["key"],
            stated=False,
            seen=True,
            nature="unknown",
            items=spokes["items"].fillna(1),
        )
        links = pd.concat([links, spokes], ignore_index=True)
    return placed(nodes, links, where), drawn(loaded, links, nodes), len(children) - len(shown)


def peer_map(
    loaded: Loaded,
    child: str,
    around: answers.Around,
    label: pd.Series,
    *,
    where: pd.DataFrame | None = None,
    called: Mapping[str, pd.Series] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return nodes and edges of a child's peer map: the child in the middle, contexts around.

    What is in `where` (x, y on node id) stays there. `called` gives other names than those of the case, by type.
    """
    found = around.nodes
    known = called or {"location": answers.place_names(loaded), "thing": answers.thing_names(loaded)}
    called = {**known, "person": label}
    kind_of = found["id"].str.partition(":")[0]
    names = [str(called[kind].get(ref, ref)) for kind, ref in zip(kind_of, found["ref"], strict=True)]
    others = found[found["id"] != f"person:{child}"]
    if where is None:
        where = charts.rings(f"person:{child}", others.assign(context=peers.contexts(others)))
    nodes = placed(found.assign(name=names), around.edges, where)
    edges = drawn(loaded, around.edges, nodes)
    me = f"person:{child}"
    others = ~((edges["source"] == me) | (edges["target"] == me))
    edges = edges.assign(among=others.astype(int).astype(object))
    if "added" in around.edges:
        edges["added"] = around.edges["added"].fillna(0).astype(int).astype(object).to_numpy()
    return nodes, edges


def pictured(around: answers.Around) -> answers.Around:
    """Return what of the surroundings of a child is drawn, and how many are left out; tables hold all."""
    nodes, edges = peers.pictured(around.nodes, around.edges, most=workbench.MOST_NODES)
    return answers.Around(nodes, edges, around.left_out + len(around.nodes) - len(nodes))


SMALL = 40
"""Up to this many symbols a picture is drawn anew at each click."""

MOST_CHILDREN = 120
"""Children drawn around one contact; the table holds all."""


def named(loaded: Loaded, contacts: pd.DataFrame) -> list[str]:
    """Return what to call each place or thing of a table with contact_type and contact_id."""
    called = {"location": answers.place_names(loaded), "thing": answers.thing_names(loaded)}
    return [
        str(called[kind].get(contact, contact)) if kind in called else str(contact)
        for kind, contact in zip(contacts["contact_type"], contacts["contact_id"], strict=True)
    ]


def placed(nodes: pd.DataFrame, edges: pd.DataFrame, where: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the nodes with the positions the server gives them; those in `where` (x, y on id) stay there."""
    ids = nodes["id"].tolist()
    kept = where is not None and nodes["id"].isin(where.index).any()
    found = charts.beside(where, ids, edges) if kept else charts.positions(ids, edges)
    return nodes.assign(x=found["x"].to_numpy(), y=found["y"].to_numpy())


def drawn(loaded: Loaded, edges: pd.DataFrame, nodes: pd.DataFrame) -> pd.DataFrame:
    """Return the edges as a chart draws them: an adult of concern's harm points at the child."""
    kind = nodes.set_index("id")["kind"]
    concern = (edges["target"].map(kind) == "adult_of_concern") & (
        edges["source"].map(kind) != "adult_of_concern"
    )
    turned = edges.assign(
        source=edges["source"].where(~concern, edges["target"]),
        target=edges["target"].where(~concern, edges["source"]),
    )
    harm = (turned["source"].map(kind) == "adult_of_concern") & turned["nature"].isin(["harmful", "mixed"])
    half_life = loaded.analysis.settings.half_life
    out = charts.chart_edges(turned.assign(harm=harm), as_of=loaded.analysis.as_of, half_life=half_life)
    said = [name for name in SAID if name in turned]
    return out.assign(**{f"said_{name}": turned[name] for name in said})


SAID = ("kinds", "items", "sources", "nature", "first_seen", "last_seen", "best_grade")
"""What a page to send on says of each line, beside what the chart draws."""


def send_on(loaded: Loaded, nodes: pd.DataFrame, edges: pd.DataFrame, *, title: str, key: str) -> None:
    """Offer the chart as one HTML page that opens anywhere and asks no host for anything."""
    # The page is written when the button is pressed, without the session.
    shown, role, why = state.names_shown(), state.role(), state.reason()

    def page() -> bytes:
        if shown:
            log.append(
                "page with full names saved",
                role=role,
                reason=why,
                case=loaded.question.name,
                what=title,
            )
        return page_to_send(
            nodes,
            edges,
            title=title,
            as_of=loaded.analysis.as_of,
            half_life=loaded.analysis.settings.half_life,
        )

    st.download_button(
        "This picture as a page to send on" + (", with full names" if shown else ", with initials"),
        data=page,
        file_name=f"{key}.html",
        mime="text/html",
        key=f"send_{key}",
        icon=":material/html:",
        type="tertiary",
        on_click="ignore",
        help="One HTML file with the picture and its tables, marked OFFICIAL-SENSITIVE. It opens in any browser without a network.",
    )


def page_to_send(
    nodes: pd.DataFrame, edges: pd.DataFrame, *, title: str, as_of: date | None, half_life: float | None
) -> bytes:
    """Return a chart as one HTML page, its nodes where the chart has them."""
    graph: nx.Graph[str] = nx.Graph()
    for node in nodes.to_dict("records"):
        graph.add_node(node["id"], kind=node["kind"], label=node["name"])
    for edge in edges.to_dict("records"):
        said = {name: edge.get(f"said_{name}") for name in SAID}
        graph.add_edge(edge["source"], edge["target"], basis=edge["basis"], **said)
    where = {node["id"]: (float(node["x"]), float(node["y"])) for node in nodes.to_dict("records")}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        network_to_html(graph, path, title=title, as_of=as_of, half_life=half_life, positions=where)
        return path.read_bytes()


def chart(
    nodes: pd.DataFrame,
    edges: pd.DataFrame,
    *,
    what: str,
    chosen: Any,
    key: str,
    height: int = 540,
    where: pd.DataFrame | None = None,
    node: str | None = None,
    on_move: Callable[[dict[str, tuple[float, float]]], None] | None = None,
) -> None:
    """Draw the chart; clicking a link chooses it, clicking a person or place chooses that.

    All of `where` (x, y on node id) fits into the chart, whether it is drawn or not. With `on_move` nodes can
    be moved and it is told where they all are; `node` then is the session's name for what a node is.
    """

    # The library marks what was clicked in red, over any style of ours. A small picture is drawn anew
    # with our own mark; a large one keeps its zoom.
    small = len(nodes) <= SMALL
    person = state.chosen("person")

    def clicked(picked: str | None, edge: str | None) -> None:
        # Clicking a place or person leaves a chart that can be moved as it is: the next move may be on its way.
        if small and (on_move is None or edge is not None):
            state.draw_again()
        state.choose(what, edge, by="chart")
        if node is not None:
            state.choose(node, picked if edge is None else None, by="chart")
        elif edge is None and picked is not None:
            person = picked.partition(":")[2] if picked.startswith("person:") else None
            state.choose("person", person, by="chart")

    drawn_key = f"{state.widget_key(what, 'chart')}_{key}_{state.drawn_again() if small else 0}"
    if on_move is not None:
        # Anew when there are other nodes: the library would make room for those and move the rest.
        same = crc32("|".join(sorted(nodes["id"])).encode())
        drawn_key = f"moving_{key}_{same:08x}_{state.drawn_again() if small else 0}"
    workbench.draw(
        nodes,
        edges,
        key=drawn_key,
        chosen=chosen or (f"person:{person}" if person is not None and node is None else None),
        on_choose=clicked,
        height=height,
        corners=None if where is None or where.empty else charts.corners(where),
        on_move=on_move,
    )


def legend(nodes: pd.DataFrame, edges: pd.DataFrame, loaded: Loaded) -> str:
    """Return the legend of a chart: only what it holds."""
    half_life = loaded.analysis.settings.half_life
    faded = (
        f"faded: nothing new for {half_life:.0f} days" if half_life and (edges["faded"] == 1).any() else ""
    )
    said = ["Thicker: 2 to 4 items, 5 or more."] if (edges["step"] > 1).any() else []
    said += ["Thin and pale: between the others."] if (edges["among"] == 1).any() else []
    extra = " ".join(said)
    return kinds.legend_html(
        nodes["kind"],
        bases=edges["basis"],
        protective=bool((edges["nature"] == "protective").any()),
        harm=bool((edges["harm"] == 1).any()),
        faded=faded,
        extra=extra,
    )
