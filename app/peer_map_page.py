"""Show the parts of the Peer map page that are about the picture: its buttons, filters, and the panel of what is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from app import added, answers, desk, evidence, kinds, peer_map_sheet, peer_maps, state, words
from app.data import Loaded
from app.names import MapNames
from app.peer_maps import Work
from app.text import markdown, markup
from mapping.entries import Entry


def who() -> None:
    """Show the box for the user's name; once it is given, behind a button that says it."""
    if not state.user():
        with st.container(width=300):
            desk.who()
        return
    with st.popover(f"You: {markdown(state.user(), limit=30)}", icon=":material/person:"):
        desk.who()


def buttons(work: Work, nodes: pd.DataFrame, rings: pd.DataFrame) -> None:
    """Show the buttons that take back, make again and arrange."""
    now = {"today": state.work_day()}
    inside = rings[rings.index.isin(nodes["id"])]
    by_context = {str(node): (float(x), float(y)) for node, x, y in inside[["x", "y"]].itertuples(name=None)}
    st.button(
        "Undo",
        key="peer_undo",
        icon=":material/undo:",
        disabled=not work.done,
        on_click=peer_maps.undo,
        args=(work,),
        kwargs=now,
        help=f"Take back: {markdown(work.done[-1].what)}" if work.done else "Nothing to take back",
    )
    st.button(
        "Redo",
        key="peer_redo",
        icon=":material/redo:",
        disabled=not work.undone,
        on_click=peer_maps.redo,
        args=(work,),
        kwargs=now,
        help=f"Do again: {markdown(work.undone[-1].what)}" if work.undone else "Nothing to do again",
    )
    st.button(
        "Arrange by context",
        key="peer_arrange",
        icon=":material/workspaces:",
        on_click=lambda: peer_maps.change(
            work, "arranged by context", peer_maps.arranged(work.sheet, by_context), **now
        ),
        help="Home, peers, school, neighbourhood, online; protective people nearest, adults of concern at the edge",
    )


def filters() -> tuple[int, tuple[str, ...], int | None]:
    """Show what the map can be narrowed to; return steps, kinds of link, and how many days back."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        steps = st.segmented_control(
            "Steps from the child",
            [1, 2],
            key="peer_steps",
            default=1,
            required=True,
            persist_state="session",
            format_func=lambda step: f"{step} step" if step == 1 else f"{step} steps",
        )
        within = st.selectbox(
            "Seen within", list(words.PERIODS), key="peer_within", persist_state="session", width=180
        )
    wanted = st.pills(
        "Show",
        list(words.PEER_FILTERS),
        selection_mode="multi",
        key="peer_show",
        default=list(words.PEER_FILTERS),
        persist_state="session",
    )
    return int(steps), tuple(wanted), words.PERIODS[within]


def on_move(
    work: Work, nodes: pd.DataFrame, names: MapNames
) -> Callable[[dict[str, tuple[float, float]]], None]:
    """Return what to do when somebody has moved something on the chart."""
    drawn = {node: (float(x), float(y)) for node, x, y in nodes[["id", "x", "y"]].itertuples(index=False)}

    def move(places: dict[str, tuple[float, float]]) -> None:
        now = {**drawn, **{node: (float(x), float(y)) for node, (x, y) in work.sheet.positions.items()}}
        put = {
            node: place
            for node, place in places.items()
            if node in drawn and max(abs(place[0] - now[node][0]), abs(place[1] - now[node][1])) > 1
        }
        if put:
            said = names.kept(next(iter(put))) if len(put) == 1 else words.count(len(put), "symbol")
            peer_maps.change(work, f"moved {said}", peer_maps.moved(work.sheet, put), today=state.work_day())

    return move


def look_at(child: str, nodes: pd.DataFrame, names: MapNames) -> None:
    """Show a box to look at somebody or something of the map, for those who do not use a mouse."""
    others = {node: names.of(node) for node in nodes["id"] if node != f"person:{child}"}
    listed = sorted(others, key=lambda node: (others[node].casefold(), node))
    now = state.known_choice("map_node", others)
    key = state.widget_key("map_node", "box")

    def look() -> None:
        state.choose("link", None)
        state.choose("map_node", st.session_state[key], by="box")

    st.selectbox(
        "Look at somebody or something on the map",
        listed,
        index=None if now is None else listed.index(now),
        format_func=others.__getitem__,
        placeholder="Choose, or type to find",
        key=key,
        on_change=look,
    )


def back(label: str = "Back to the child") -> None:
    """Show the way back to the child's own panel."""

    def go() -> None:
        state.choose("link", None)
        state.choose("map_node", None)

    st.button(label, key="close_link", icon=":material/arrow_back:", type="tertiary", on_click=go)


def link_panel(
    loaded: Loaded, row: pd.Series, by_hand: Sequence[Entry], names: MapNames, *, key: str
) -> None:
    """Show what a link rests on, what was added to it by hand just now before the rest."""
    if by_hand:
        title = f"{names.of(str(row['source']))} and {names.of(str(row['target']))}"
        st.html(
            f'<h2 class="cm-panel-title">{markup(title, limit=140)}</h2><p><b>Added by hand, just now.</b> It becomes part of everybody\'s network the next time a page is opened.</p>{added.cards(by_hand)}'
        )
    known = set(answers.links(loaded)["id"]) if str(row["id"]).startswith("link:") else None
    if known is None or row["id"] in known:
        items_known = known is not None or len(
            answers.tie_items(
                loaded, row["person_id"], row["contact_type"], row["contact_id"], state.grades()
            )
        )
        if items_known:
            evidence.edge(loaded, row, key=key)


def node_panel(work: Work, node: str, nodes: pd.DataFrame, rows: pd.DataFrame, names: MapNames) -> None:
    """Show one person, place or thing of the map: what the young person says of a place, and its links."""
    drawn = nodes[nodes["id"] == node].iloc[0]
    kind = kinds.KINDS[drawn["kind"]]
    st.html(
        f'<h2 class="cm-panel-title">{kinds.symbol(kind, 20)} {markup(names.of(node), limit=100)}</h2><p class="cm-quiet">{markup(kind.label.capitalize())}</p>'
    )
    if node.startswith("location:"):
        peer_map_sheet.mark_place(work, node, names)
    own = rows[rows["other"] == node]
    for row in own.to_dict("records"):
        st.button(
            f"What the link rests on: {markdown(row['how'])}",
            key=f"peer_open_{row['id']}",
            icon=":material/fact_check:",
            on_click=state.choose,
            args=("link", row["id"]),
        )
    _nudge(work, node, (float(drawn["x"]), float(drawn["y"])), names)


def _nudge(work: Work, node: str, now: tuple[float, float], names: MapNames) -> None:
    """Show four buttons that move a node, for those who do not use a mouse."""

    def push(x: int, y: int) -> None:
        place = work.sheet.positions.get(node, now)
        put = {node: (place[0] + x, place[1] + y)}
        peer_maps.change(
            work, f"moved {names.kept(node)}", peer_maps.moved(work.sheet, put), today=state.work_day()
        )

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html('<span class="cm-quiet">Move it</span>')
        for word, icon, by in (
            ("left", "arrow_back", (-45, 0)),
            ("right", "arrow_forward", (45, 0)),
            ("up", "arrow_upward", (0, -45)),
            ("down", "arrow_downward", (0, 45)),
        ):
            st.button(
                word,
                key=f"peer_push_{word}",
                icon=f":material/{icon}:",
                type="tertiary",
                on_click=push,
                args=by,
            )
