"""Draw one candidate operation and open what any part of it rests on."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import answers, evidence, network, operations, state, workbench
from app.data import Loaded
from app.names import label_of
from app.text import markdown, markup


def picture(
    loaded: Loaded, operation_id: str, contacts: pd.DataFrame, children: list[str], label: pd.Series
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Return nodes and edges of a candidate, and how many of its children are left out."""
    shown = children[: network.MOST_CHILDREN]
    kind = answers.person_kinds(loaded)
    people = pd.DataFrame(
        {
            "id": [f"person:{child}" for child in shown],
            "kind": [kind.get(child, "child") for child in shown],
            "name": [label_of(child, label) for child in shown],
        }
    )
    middle = contacts.rename(columns={"key": "id", "called": "name"})[["id", "kind", "name"]]
    nodes = pd.concat([middle, people], ignore_index=True)
    every = answers.links(loaded)
    every = every[every["source"].isin(nodes["id"]) & every["target"].isin(nodes["id"])]
    found = answers.candidates(loaded)
    cells = operations.cells_of(found, operation_id)
    otherwise = found.otherwise[found.otherwise["operation_id"] == operation_id]
    edges = operations.edges_of(cells[cells["person_id"].isin(shown)], every, otherwise)
    return network.placed(nodes, edges), network.drawn(loaded, edges, nodes), len(children) - len(shown)


def chart(
    nodes: pd.DataFrame,
    edges: pd.DataFrame,
    contacts: pd.DataFrame,
    *,
    chosen: str | None,
    key: str,
    height: int = 400,
) -> None:
    """Draw a candidate; clicking a line, a contact or a child chooses that part."""
    keys = set(contacts["key"])

    def clicked(node: str | None, edge: str | None) -> None:
        state.draw_again()
        part = edge
        if edge is None and node is not None:
            part = f"contact:{node}" if node in keys else f"child:{node.partition(':')[2]}"
        state.choose("operation_part", part, by="chart")

    workbench.draw(
        nodes,
        edges,
        key=f"{state.widget_key('operation_part', 'chart')}_{key}_{state.drawn_again()}",
        chosen=_drawn_as(chosen),
        on_choose=clicked,
        height=height,
    )


def _drawn_as(part: str | None) -> str | None:
    """Return the node or edge that stands for a part of a candidate."""
    if part is None:
        return None
    kind, _, rest = part.partition(":")
    return {"contact": rest, "child": f"person:{rest}"}.get(kind, part)


def opened(loaded: Loaded, part: str, items: pd.DataFrame, contacts: pd.DataFrame, label: pd.Series) -> None:
    """Show what one part of a candidate rests on: a cell, a contact, a child, or a link between two children."""
    if part.startswith("link:"):
        every = answers.links(loaded)
        evidence.link(loaded, every[every["id"] == part].iloc[0], key="operation_link")
        return
    mine = operations.items_of(items, part)
    mine = mine.assign(who=[label_of(person, label) for person in mine["person_id"]])
    adults = contacts.loc[contacts["contact_type"] == "person", "contact_id"]
    people = [*items["person_id"].unique(), *adults]
    title, why = operations.part_words(part, mine, contacts, label)
    if mine.empty:
        st.html(
            f'<h2 class="cm-panel-title">{markup(title)}</h2><p>Nothing on record ties them to each other.</p>'
        )
        return
    evidence.panel(evidence.masked(loaded, mine, people), key="operation", title=title, why=why)
    if part.startswith("child:"):
        child = part.partition(":")[2]
        st.button(
            f"Open the peer map of {markdown(label_of(child, label))}",
            icon=":material/person_search:",
            on_click=state.open_page,
            args=("peer_map", "child", child),
        )


def why(loaded: Loaded, operation_id: str, contacts: pd.DataFrame) -> None:
    """Show why a candidate is listed, what is missing, and which others have children of it."""
    found = answers.candidates(loaded)
    row = found.summary.set_index("operation_id").loc[operation_id]
    others = operations.elsewhere(found, operation_id)
    st.html(
        f'<h2 class="cm-panel-title">{markup(row["shape_words"]).capitalize()}</h2>'
        f"{operations.sentences_html(operations.facts(row, operations.made_of(contacts)))}"
        f'<h2 class="cm-panel-title">What is missing</h2>{operations.sentences_html(row["what_is_missing"] or [operations.NOTHING_MISSING])}'
        + (
            f'<h2 class="cm-panel-title">In other candidates</h2>{operations.sentences_html(others)}'
            if others
            else ""
        )
    )
