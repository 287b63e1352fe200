"""Show the three boxes that add a person, a place or a link to a peer map."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app import added, desk, frame, peer_maps, state
from app.names import MapNames
from app.peer_maps import Work
from app.text import markdown, markup, plain
from mapping.statements import LONGEST_TEXT, WAYS, Statement

MOST_HERE = 4_000
"""People, places and things of a case up to which all are offered in the first box; beyond it, those on the map."""

MOST_NEAR = 6
"""Of those in the case who may be meant by a name typed as new, how many are offered."""


@st.fragment
def add_boxes(work: Work, nodes: pd.DataFrame, names: MapNames, child_label: str) -> None:
    """Show the three boxes that add a person, a place or a link: who or what, how they know each other, how you know."""
    offered = _offered(nodes, names, work.child)
    # Of this child: what is typed for one is not added to the next.
    turn = f"{work.child}_{state.turn('peer_add')}"
    with st.container(horizontal=True, vertical_alignment="bottom", key="peer_add"):
        who_key = f"peer_add_who_{turn}"
        who = st.selectbox(
            "Add to the map: who or what?",
            list(offered),
            index=None,
            format_func=lambda node: offered.get(node) or names.of(node),
            accept_new_options=True,
            placeholder="Choose, or type a new name",
            key=who_key,
            width=290,
        )
        node, typed = meant(who, names)
        way = _way(node, turn)
        how = st.text_input(
            "How do you know?",
            placeholder="Who told you, or what you saw, and when",
            key=f"peer_add_how_{turn}",
            max_chars=LONGEST_TEXT,
            width=350,
        )
        pressed = st.button("Add", key="peer_add_go", type="primary", icon=":material/add:")
        with st.popover("More", help="Link somebody else on the map, or give another day"):
            me = f"person:{work.child}"
            between = st.selectbox(
                "Link them to",
                [me, *[each for each in nodes["id"] if str(each).startswith("person:") and each != me]],
                format_func=lambda each: child_label if each == me else names.of(each),
                key=f"peer_add_from_{turn}",
            )
            seen_on = st.date_input(
                "It was so on",
                value=state.work_day(),
                max_value=state.work_day(),
                format="DD/MM/YYYY",
                key=f"peer_add_day_{turn}",
            )
    _say_added()
    frame.mind_words(str(how or ""), typed)
    if typed:
        _already_there(typed, names, who_key)
    if pressed:
        said = Statement(between.partition(":")[2], _ref(node), typed, way or "", str(how or ""), seen_on)
        _add(work, said, names.kept(node) if node else typed)


def _offered(nodes: pd.DataFrame, names: MapNames, child: str) -> dict[str, str]:
    """Return what the first box offers: everybody and everything on the map first, then the rest of the case."""
    listed = [str(node) for node in nodes["id"] if node != f"person:{child}"]
    every = names.every()
    if len(every) <= MOST_HERE:
        there = {*listed, f"person:{child}"}
        listed += [node for node in every if node not in there]
    return {node: names.of(node) for node in listed}


def meant(who: Any, names: MapNames) -> tuple[str | None, str]:
    """Return whom or what in the case the first box says, and what was typed where it is new to the case.

    Whoever types an id, or all of what somebody or something is called here, means the one of that name: the box
    offers to add it as new before it offers the one that is there.
    """
    typed = plain(who)
    if not typed:
        return None, ""
    if names.knows(str(who)):
        return str(who), ""
    found = names.called_so(typed)
    return (found[0], "") if len(found) == 1 else (None, typed)


def _ref(node: str | None) -> str | None:
    return None if node is None else node.partition(":")[2]


def _way(node: str | None, turn: str) -> str | None:
    """Show in which ways a person, place or thing can be known; all of them where it is new."""
    of = None if node is None else node.partition(":")[0]
    return st.selectbox(
        "How do they know each other?",
        [way.name for way in WAYS.values() if of is None or way.of == of],
        index=None,
        format_func=lambda name: WAYS[name].words[:1].upper() + WAYS[name].words[1:],
        placeholder="Choose",
        key=f"peer_add_way_{turn}_{of}",
        width=290,
    )


def _already_there(typed: str, names: MapNames, box: str) -> None:
    """Offer those in the case who have the initials, or part of the name, of somebody or something typed as new."""

    def choose(node: str) -> None:
        st.session_state[box] = node

    near = names.like(typed)
    if not near:
        return
    frame.quiet("New to the case. Is it one of these that are in it already?")
    with st.container(horizontal=True):
        for node in near[:MOST_NEAR]:
            said = f"Yes, {markdown(names.of(node), limit=50)}"
            st.button(said, key=f"peer_near_{node}", on_click=choose, args=(node,))


def _add(work: Work, said: Statement, called: str) -> None:
    way = WAYS.get(said.way)
    if said.other is None and way is not None and way.of == "person":
        called = "somebody new"

    def put() -> str:
        kept = peer_maps.add(work, said, f"added {called}", today=state.work_day())
        state.choose("map_node", None)
        state.choose("link", added.added(kept).edges["id"].iloc[0])
        state.next_turn("peer_add")
        return f"Added: {WAYS[said.way].words}. Undo takes it back."

    desk.attempt_here(put, str)


def _say_added() -> None:
    if said := state.said_once():
        st.html(f'<p class="cm-quiet" role="status">{markup(said)}</p>')
