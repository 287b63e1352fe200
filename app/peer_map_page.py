"""Show the parts of the Peer map page: the map by hand, its boxes, its saved maps and what leaves with the user."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from zlib import crc32

import pandas as pd
import streamlit as st

from app import added, answers, desk, evidence, frame, kinds, log, network, peer_maps, state, words
from app.data import Loaded
from app.documents import peer_map as documents
from app.names import label_of
from app.peer_maps import Saved, Work
from app.text import markdown, markup, plain, short
from mapping.entries import Entry
from mapping.language import hints
from mapping.peer_maps import (
    LIFE_DAYS,
    LONGEST_DAYS,
    LONGEST_TEXT,
    PURPOSES,
    REVIEW_DAYS,
    VIEWS,
    Action,
    PeerMap,
    Sheet,
)
from mapping.statements import WAYS, Statement

PLACES = ("location",)
MOST_HERE = 4_000
"""People, places and things of a case up to which all are offered in the first box; beyond it, those on the map."""


@dataclass(frozen=True)
class Names:
    """What to call everybody and everything on a map: people by id, places and things by type and id."""

    people: pd.Series
    called: Mapping[str, pd.Series]
    initials: pd.Series

    def kept(self, node: str) -> str:
        """Return what to call a node in what is kept: by initials, whoever looks at names now."""
        kind, _, ref = node.partition(":")
        return label_of(ref, self.initials) if kind == "person" else self.of(node)

    def of(self, node: str) -> str:
        """Return what to call a node."""
        kind, _, ref = node.partition(":")
        if kind == "person":
            return label_of(ref, self.people)
        return str(self.called[kind].get(ref, ref)) if kind in self.called else ref


def hint(*texts: str) -> None:
    """Show a gentle hint where a text has words that blame a child."""
    for found in hints(" \n ".join(texts))[:3]:
        st.html(
            f'<p class="cm-card" role="note">You wrote <b>{markup(found.found)}</b>. {markup(found.say)} <span class="cm-quiet">You decide; nothing is held back.</span></p>'
        )


def today() -> date:
    """Return the day on which the user works."""
    return state.work_day()


# --- the line of the map: which one it is, undo, redo, arrange -------------------------------------------------


def saved(child: str | None) -> list[Saved]:
    """Return the saved maps of a child, the latest change first; none where nobody is chosen."""
    return [] if child is None else peer_maps.saved_maps(child, desk.entries("peer_map"))


def who() -> None:
    """Show the box for the user's name; once it is given, behind a button that says it."""
    if not state.user():
        with st.container(width=300):
            desk.who()
        return
    with st.popover(f"You: {markdown(state.user(), limit=30)}", icon=":material/person:"):
        desk.who()


def maps_due(label: pd.Series) -> None:
    """Show the saved maps that are to be reviewed or are about to close."""
    soon, entries = today() + timedelta(days=7), desk.entries("peer_map")
    due = [
        each
        for child in label.index.intersection([entry.content.get("child") for entry in entries])
        for each in peer_maps.saved_maps(child, entries)
        if not each.found.closed(today()) and min(each.found.review_on, each.found.expires_on) <= soon
    ]
    if due:
        frame.heading("Saved maps to review, or about to close")
    for each in sorted(due, key=lambda one: (one.found.review_on, one.entry.entry_id)):
        st.button(
            f"{label[each.found.child]}: review {words.day(each.found.review_on)}, closes {words.day(each.found.expires_on)}",
            key=f"peer_due_{each.entry.entry_id}",
            on_click=state.choose,
            args=("child", each.found.child),
        )


def choose_map(child: str, saved: Sequence[Saved]) -> None:
    """Show which saved map of the child is open, where there is a choice."""
    work = peer_maps.work_on(child, saved, today=today())
    opened = [each for each in saved if not each.found.closed(today())]
    if not opened or (len(opened) == 1 and work.saved is not None):
        return
    ids = [each.entry.entry_id for each in opened]
    now = "" if work.saved is None else work.saved.entry.entry_id
    by_id = {each.entry.entry_id: each for each in opened}
    offered = ["", *ids]
    key = f"peer_saved_{work.child}_{now}"

    def open_it() -> None:
        peer_maps.open_saved(work, by_id.get(st.session_state[key]))

    st.selectbox(
        "Map",
        offered,
        index=offered.index(now) if now in offered else 0,
        format_func=lambda each: "A new map, not saved" if each == "" else _called(by_id[each]),
        key=key,
        on_change=open_it,
        width=420,
    )


def _called(saved: Saved) -> str:
    purpose = "With the young person" if saved.found.purpose == "with_young_person" else "Drawn together"
    return f"{purpose}, {short(saved.found.owner, limit=40)}, closes {words.day(saved.found.expires_on)}"


def buttons(work: Work, nodes: pd.DataFrame, rings: pd.DataFrame) -> None:
    """Show the buttons that take back, make again and arrange."""
    now = {"today": today()}
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


def standing(work: Work, saved: Sequence[Saved]) -> None:
    """Show what map this is and whether every change is kept; say what went wrong, and which map has closed."""
    st.html(f'<p class="cm-line" role="status">{_standing(work)}</p>')
    if work.trouble:
        _say_trouble(work, saved)
    closed = [each for each in saved if each.found.closed(today())]
    if closed and work.saved is None:
        renewal(closed[0])


def _standing(work: Work) -> str:
    if work.saved is None:
        changed = work.sheet != Sheet()
        return (
            "<b>Not saved yet.</b> What you moved and marked is lost when you close the app: save the map below to keep it."
            if changed
            else "Drawn from the records; drag anything to where it belongs."
        )
    found = work.saved.found
    due = f"review {words.day(found.review_on)}"
    if found.review_on < today():
        due = f"<b>review was due {words.day(found.review_on)}</b>"
    return (
        f"<b>Saved map.</b> {markup(PURPOSES.get(found.purpose, found.purpose).partition(':')[0])} · owner {markup(found.owner, limit=60)} · {due} · "
        f"closes {words.day(found.expires_on)} · {'<b>last change not kept</b>' if work.waits else 'every change is kept'}"
    )


def _say_trouble(work: Work, saved: Sequence[Saved]) -> None:
    st.html(f'<p class="cm-note" role="alert">{markup(work.trouble)}</p>')
    if not work.waits or work.saved is None:
        return
    entry_id = work.saved.entry.entry_id
    theirs = next((each for each in saved if each.entry.entry_id == entry_id), None)
    if theirs is None:
        return
    other = theirs.entry.turn > work.saved.entry.turn
    if other:
        when = theirs.entry.at.astimezone().strftime("%H:%M")
        st.html(
            f'<p class="cm-quiet">{markup(theirs.entry.by, limit=60)} saved it at {when}: {markup(theirs.entry.why, limit=160)}.</p>'
        )
    with st.container(horizontal=True):
        st.button(
            "Put my change on top of theirs" if other else "Keep my change now",
            key="peer_on_top",
            on_click=peer_maps.put_on_top,
            args=(work, theirs),
            kwargs={"today": today()},
        )
        st.button(
            "Show theirs, without my change" if other else "Leave my change",
            key="peer_theirs",
            on_click=peer_maps.drop_change,
            args=(work, theirs),
        )


# --- the chart: what was moved, and what is chosen -----------------------------------------------------------


def on_move(
    work: Work, nodes: pd.DataFrame, names: Names
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
            peer_maps.change(work, f"moved {said}", peer_maps.moved(work.sheet, put), today=today())

    return move


# --- the panel ------------------------------------------------------------------------------------------------


def back(label: str = "Back to the child") -> None:
    """Show the way back to the child's own panel."""

    def go() -> None:
        state.choose("link", None)
        state.choose("map_node", None)

    st.button(label, key="close_link", icon=":material/arrow_back:", type="tertiary", on_click=go)


def link_panel(loaded: Loaded, row: pd.Series, by_hand: Sequence[Entry], names: Names, *, key: str) -> None:
    """Show what a link rests on, what was added to it by hand just now before the rest."""
    if by_hand:
        title = f"{names.of(str(row['source']))} and {names.of(str(row['target']))}"
        st.html(
            f'<h3 class="cm-panel-title">{markup(title, limit=140)}</h3><p><b>Added by hand, just now.</b> It becomes part of everybody\'s network the next time a page is opened.</p>{added.cards(by_hand)}'
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


def node_panel(work: Work, node: str, nodes: pd.DataFrame, rows: pd.DataFrame, names: Names) -> None:
    """Show one person, place or thing of the map: what the young person says of a place, and its links."""
    drawn = nodes[nodes["id"] == node].iloc[0]
    kind = kinds.KINDS[drawn["kind"]]
    st.html(
        f'<h3 class="cm-panel-title">{kinds.symbol(kind, 20)} {markup(names.of(node), limit=100)}</h3><p class="cm-quiet">{markup(kind.label.capitalize())}</p>'
    )
    if node.startswith("location:"):
        mark_place(work, node, names)
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


def _nudge(work: Work, node: str, now: tuple[float, float], names: Names) -> None:
    """Show four buttons that move a node, for those who do not use a mouse."""

    def push(x: int, y: int) -> None:
        place = work.sheet.positions.get(node, now)
        put = {node: (place[0] + x, place[1] + y)}
        peer_maps.change(work, f"moved {names.kept(node)}", peer_maps.moved(work.sheet, put), today=today())

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


def mark_place(work: Work, node: str, names: Names) -> None:
    """Show what the young person says of one place, to be set with them."""
    said = work.sheet.views.get(node)
    key = f"peer_view_{node}_{said.view if said else ''}"
    word_key = f"peer_words_{node}"

    def mark() -> None:
        view = st.session_state.get(key)
        typed = str(st.session_state.get(word_key, "")) or (said.words if said else "")
        what = f"{names.of(node)}: {VIEWS[view] if view else 'nothing said'}"
        after = peer_maps.said_of(work.sheet, node, view, typed if view else "", today=today())
        peer_maps.change(work, what, after, today=today())

    def word() -> None:
        if said is not None:
            typed = str(st.session_state.get(word_key, ""))
            after = peer_maps.said_of(work.sheet, node, said.view, typed, today=today())
            peer_maps.change(work, f"{names.of(node)}: in their words", after, today=today())

    st.segmented_control(
        f"By the young person's word, {markdown(names.of(node), limit=40)} is",
        list(VIEWS),
        format_func=VIEWS.__getitem__,
        default=said.view if said else None,
        key=key,
        on_change=mark,
    )
    typed = st.text_input(
        "In their words, if they want to say more",
        value=said.words if said else "",
        key=word_key,
        max_chars=300,
        on_change=word,
    )
    hint(typed)


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


# --- three boxes ----------------------------------------------------------------------------------------------


@st.fragment
def add_boxes(work: Work, nodes: pd.DataFrame, names: Names, child_label: str) -> None:
    """Show the three boxes that add a person, a place or a link: who or what, how they know each other, how you know."""
    offered = _offered(nodes, names, work.child)
    turn = state.turn("peer_add")
    others = [node for node in nodes["id"] if str(node).startswith("person:")]
    with st.container(horizontal=True, vertical_alignment="bottom", key="peer_add"):
        who = st.selectbox(
            "Add to the map: who or what?",
            list(offered),
            index=None,
            format_func=lambda node: offered.get(node, node),
            accept_new_options=True,
            placeholder="Choose, or type a new name",
            key=f"peer_add_who_{turn}",
            width=290,
        )
        of = str(who).partition(":")[0] if who in offered else None
        ways = [way for way in WAYS.values() if of is None or way.of == of]
        way = st.selectbox(
            "How do they know each other?",
            [each.name for each in ways],
            index=None,
            format_func=lambda name: WAYS[name].words[:1].upper() + WAYS[name].words[1:],
            placeholder="Choose",
            key=f"peer_add_way_{turn}_{of}",
            width=290,
        )
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
                [me, *[node for node in others if node != me]],
                format_func=lambda node: child_label if node == me else names.of(node),
                key=f"peer_add_from_{turn}",
            )
            seen_on = st.date_input(
                "It was so on",
                value=today(),
                max_value=today(),
                format="DD/MM/YYYY",
                key=f"peer_add_day_{turn}",
            )
    _say_added()
    hint(str(how or ""), "" if who in offered else str(who or ""))
    _same_initials(who, offered)
    if pressed:
        _add(work, names, between.partition(":")[2], who, offered, way, how, seen_on)


def _offered(nodes: pd.DataFrame, names: Names, child: str) -> dict[str, str]:
    """Return what the first box offers: everybody and everything on the map first, then the rest of the case."""
    listed = [str(node) for node in nodes["id"] if node != f"person:{child}"]
    every = [
        *(f"person:{person}" for person in names.people.index),
        *(f"location:{place}" for place in names.called["location"].index),
        *(f"thing:{thing}" for thing in names.called["thing"].index),
    ]
    if len(every) <= MOST_HERE:
        there = {*listed, f"person:{child}"}
        listed += [node for node in every if node not in there]
    return {node: names.of(node) for node in listed}


def _same_initials(who: Any, offered: Mapping[str, str]) -> None:
    """Say who in the case has the initials of somebody typed as new."""
    if who is None or who in offered or not plain(who):
        return
    letters = "".join(part[0] for part in plain(who).split()[:1] + plain(who).split()[1:][-1:]).upper()
    whole = plain(who).casefold()
    near = [
        said
        for node, said in offered.items()
        if (node.startswith("person:") and said.startswith(f"{letters} (")) or whole in said.casefold()
    ][:6]
    if near:
        st.html(
            f'<p class="cm-quiet">New to the case. Could it be one of these that are in it already: {markup(", ".join(near))}? Then choose it in the first box.</p>'
        )


def _add(
    work: Work,
    names: Names,
    person: str,
    who: Any,
    offered: Mapping[str, str],
    way: str | None,
    how: str | None,
    seen_on: date,
) -> None:
    other = str(who).partition(":")[2] if who in offered else None
    said = Statement(person, other, "" if other else plain(who), way or "", str(how or ""), seen_on)
    called = names.kept(str(who)) if other else plain(who)
    if other is None and way and WAYS[way].of == "person":
        called = "somebody new"
    try:
        kept = peer_maps.add(work, said, f"added {called}", today=today())
    except (ValueError, OSError) as error:
        st.html(f'<p class="cm-note" role="alert">{markup(error)}</p>')
        return
    edge = added.added(kept).edges["id"].iloc[0]
    state.choose("map_node", None)
    state.choose("link", edge)
    state.next_turn("peer_add")
    state.say_once(f"Added: {WAYS[said.way].words}. Undo takes it back.")
    st.rerun()


def _say_added() -> None:
    if said := state.said_once():
        st.html(f'<p class="cm-quiet" role="status">{markup(said)}</p>')


# --- folds: safety map, actions and notes, purpose and dates ---------------------------------------------------


def safety_map(work: Work, rows: pd.DataFrame, names: Names) -> None:
    """Show all places of the map, to go through with the young person."""
    places = rows[rows["other"].astype(str).str.startswith("location:")].drop_duplicates("other")
    said = work.sheet.views
    counts = ", ".join(
        f"{sum(each.view == view for each in said.values())} {word}" for view, word in VIEWS.items()
    )
    with st.expander(
        f"Safety map: what the young person says of places ({counts})",
        icon=":material/shield:",
        key="fold_peer_safety",
    ):
        frame.quiet(
            "Go through the places together and let the young person say. It is their word, kept with the day they said it; it is not a grade and not an assessment."
        )
        if places.empty:
            frame.quiet("No place is on the map yet. Add one above.")
        left, right = st.columns(2, gap="medium")
        for number, place in enumerate(places["other"].head(24)):
            with (left, right)[number % 2]:
                _mark_in_list(work, str(place), names)


def _mark_in_list(work: Work, node: str, names: Names) -> None:
    said = work.sheet.views.get(node)
    key = f"peer_list_view_{node}_{said.view if said else ''}"

    def mark() -> None:
        view = st.session_state.get(key)
        typed = said.words if said and view else ""
        after = peer_maps.said_of(work.sheet, node, view, typed, today=today())
        peer_maps.change(
            work, f"{names.of(node)}: {VIEWS[view] if view else 'nothing said'}", after, today=today()
        )

    st.segmented_control(
        markdown(names.of(node), limit=60),
        list(VIEWS),
        format_func=VIEWS.__getitem__,
        default=said.view if said else None,
        key=key,
        on_change=mark,
        help=None if said is None else f"Said on {words.day(said.said_on)}",
    )


def actions_and_notes(work: Work) -> None:
    """Show what is to be done because of the map, and notes."""
    open_actions = sum(action.done_on is None for action in work.sheet.actions.values())
    with st.expander(
        f"Actions ({words.number(open_actions)} open) and notes",
        icon=":material/checklist:",
        key="fold_peer_actions",
    ):
        for key, action in sorted(work.sheet.actions.items(), key=lambda each: (each[1].due_on, each[0])):
            _action(work, key, action)
        hint(*(action.what for action in work.sheet.actions.values()))
        _new_action(work)
        _notes(work)


def _action(work: Work, key: str, action: Action) -> None:
    done = action.done_on is not None
    box = f"peer_done_{key}_{done}"

    def toggle() -> None:
        after = replace(action, done_on=None if done else today())
        peer_maps.change(
            work,
            f"action {'open again' if done else 'done'}: {short(action.what, limit=60)}",
            peer_maps.with_action(work.sheet, key, after),
            today=today(),
        )

    with st.container(horizontal=True, vertical_alignment="center"):
        late = not done and action.due_on < today()
        st.checkbox("Done", value=done, key=box, on_change=toggle)
        st.html(
            f"<span>{markup(action.what, limit=240)} <span class='cm-quiet'>{markup(action.owner, limit=60)}, by {words.day(action.due_on)}{' (past its day)' if late else ''}</span></span>"
        )


def _new_action(work: Work) -> None:
    turn = len(work.sheet.actions)
    with (
        st.form(f"peer_action_{turn}", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        what = st.text_input("What is to be done", key=f"peer_action_what_{turn}", max_chars=300, width=420)
        owner = st.text_input("By whom", key=f"peer_action_owner_{turn}", max_chars=100, width=200)
        due_on = st.date_input(
            "By when",
            value=today() + timedelta(days=7),
            format="DD/MM/YYYY",
            key=f"peer_action_due_{turn}",
        )
        pressed = st.form_submit_button("Add the action", icon=":material/add_task:")
    hint(what)
    if pressed:
        if not what.strip() or not owner.strip():
            st.html(
                '<p class="cm-note" role="alert">Nothing was added: say what is to be done, and by whom.</p>'
            )
            return
        action = Action(plain(what), plain(owner), due_on)
        after = peer_maps.with_action(work.sheet, peer_maps.new_key(), action)
        peer_maps.change(work, f"action: {short(action.what, limit=80)}", after, today=today())
        st.rerun()


def _notes(work: Work) -> None:
    key = f"peer_notes_{work.child}_{crc32(work.sheet.notes.encode()):08x}"

    def note() -> None:
        after = replace(work.sheet, notes=str(st.session_state[key]).strip())
        peer_maps.change(work, "notes", after, today=today())

    typed = st.text_area(
        "Notes on this map",
        value=work.sheet.notes,
        key=key,
        max_chars=LONGEST_TEXT,
        on_change=note,
        height=90,
    )
    hint(typed)


def keep_map(work: Work, nodes: pd.DataFrame) -> None:
    """Show what a saved map needs: purpose, owner, review and expiry dates."""
    title = "Save this map: why it is made, who answers for it, until when"
    if work.saved is not None:
        title = "Purpose, owner and dates of this map"
    with st.expander(title, icon=":material/save:", key="fold_peer_save"):
        before = None if work.saved is None else work.saved.found
        name = state.user()
        turn = f"{work.child}_{'new' if work.saved is None else work.saved.entry.turn}"
        with st.form(f"peer_save_{turn}", border=False):
            purpose = st.radio(
                "Why is this map made?",
                list(PURPOSES),
                index=None if before is None else list(PURPOSES).index(before.purpose),
                format_func=PURPOSES.__getitem__,
                key=f"peer_purpose_{turn}",
            )
            with st.container(horizontal=True, vertical_alignment="bottom"):
                owner = st.text_input(
                    "Owner (who answers for it)",
                    value=name if before is None else before.owner,
                    key=f"peer_owner_{turn}_{name if before is None else ''}",
                    max_chars=100,
                )
                review_on, expires_on = _dates(before, turn)
            pressed = st.form_submit_button(
                "Save the map" if before is None else "Save these particulars",
                type="primary",
                icon=":material/save:",
            )
        frame.quiet(
            "A peer map is made for one of these two purposes and no other. After the day on which it closes it can no longer be opened, unless its owner renews it for a reason; the record of it stays."
        )
        if pressed:
            _save(work, nodes, PeerMap(work.child, purpose or "", owner.strip(), review_on, expires_on))


def _dates(before: PeerMap | None, turn: str) -> tuple[date, date]:
    now = today()
    review_on = st.date_input(
        "Review on",
        value=now + timedelta(days=REVIEW_DAYS) if before is None else before.review_on,
        format="DD/MM/YYYY",
        key=f"peer_review_{turn}",
    )
    expires_on = st.date_input(
        "Closes on",
        value=now + timedelta(days=LIFE_DAYS) if before is None else before.expires_on,
        max_value=max(now + timedelta(days=LONGEST_DAYS), now if before is None else before.expires_on),
        format="DD/MM/YYYY",
        key=f"peer_expires_{turn}",
    )
    return review_on, expires_on


def _save(work: Work, nodes: pd.DataFrame, found: PeerMap) -> None:
    places = {node: (float(x), float(y)) for node, x, y in nodes[["id", "x", "y"]].itertuples(index=False)}
    # Everything stays where it is drawn now, also when the records grow.
    sheet = replace(work.sheet, positions={**peer_maps.moved(work.sheet, places).positions})
    try:
        peer_maps.save(work, replace(found, sheet=sheet), today=today())
    except (ValueError, OSError) as error:
        st.html(f'<p class="cm-note" role="alert">{markup(error)}</p>')
        return
    st.rerun()


def renewal(saved: Saved) -> None:
    """Show a map that has closed, and how its owner can renew it."""
    found = saved.found
    st.html(
        f'<p class="cm-note"><b>A map of this child closed on {words.day(found.expires_on)}</b> and cannot be opened. {markup(PURPOSES.get(found.purpose, "").partition(":")[0])}; owner {markup(found.owner, limit=60)}. The record of it stays.</p>'
    )
    if not peer_maps.may_renew(saved):
        frame.quiet(
            f"{found.owner} can renew it with a reason. You can save a new map for a purpose of your own; what was on this one does not come with it."
        )
        return
    turn = f"{saved.entry.entry_id}_{saved.entry.turn}"
    with st.form(f"peer_renew_{turn}", border=False):
        why = st.text_input("Why is it still needed?", key=f"peer_renew_why_{turn}", max_chars=300)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            review_on, expires_on = _dates(None, f"renew_{turn}")
        pressed = st.form_submit_button("Renew the map", icon=":material/autorenew:")
    if pressed:
        try:
            peer_maps.renew(saved, why=why, review_on=review_on, expires_on=expires_on, today=today())
        except (ValueError, OSError) as error:
            st.html(f'<p class="cm-note" role="alert">{markup(error)}</p>')
            return
        st.rerun()


def history(work: Work) -> None:
    """Show who changed the saved map, when and why."""
    if work.saved is None:
        return
    with st.expander("Who changed this map, and when", icon=":material/history:"):
        turns = desk.history("peer_map", work.saved.entry.entry_id)
        st.html(
            "".join(
                f'<div class="cm-row">{words.moment(turn.at.astimezone().replace(tzinfo=None))} · {markup(turn.by, limit=60)} · {markup(turn.why, limit=200)}</div>'
                for turn in reversed(turns[-60:])
            )
        )


def said(sheet: Sheet, node: str) -> str:
    """Return what the young person says of a place, "" where nothing is said."""
    found = sheet.views.get(node)
    return "" if found is None else VIEWS.get(found.view, found.view)


def take_away(loaded: Loaded, drawn: documents.Drawn) -> None:
    """Show what the user leaves with: one page as Word and PDF, the picture, and a page that opens anywhere."""
    shown, role = state.names_shown(), state.role()

    def logged(build: Callable[[], bytes | str]) -> Callable[[], bytes | str]:
        def built() -> bytes | str:
            if shown:
                log.append(
                    "peer map with full names saved",
                    role=role,
                    reason=str(state.reason()),
                    case=loaded.question.name,
                    what=drawn.child,
                )
            return build()

        return built

    frame.heading("Take it with you" + (", with full names" if shown else ", with initials"))
    with st.container(horizontal=True, vertical_alignment="center", key="peer_take"):
        for name, ending, mime, icon, build in (
            ("One page, Word", "docx", _DOCX, "description", lambda: _docx(drawn)),
            ("One page, PDF", "pdf", "application/pdf", "picture_as_pdf", lambda: _pdf(drawn)),
            ("Picture, SVG", "svg", "image/svg+xml", "image", lambda: documents.svg(drawn)),
        ):
            st.download_button(
                name,
                data=logged(build),
                file_name=f"peer_map.{ending}",
                mime=mime,
                key=f"peer_take_{ending}",
                icon=f":material/{icon}:",
                on_click="ignore",
                help="Marked OFFICIAL-SENSITIVE",
            )
        network.send_on(loaded, drawn.nodes, drawn.edges, title=f"Peer map of {drawn.child}", key="peer_map")


_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def _docx(drawn: documents.Drawn) -> bytes:
    from app.documents.word import to_docx

    return to_docx(documents.paper(drawn))


def _pdf(drawn: documents.Drawn) -> bytes:
    from app.documents.portable import to_pdf

    return to_pdf(documents.paper(drawn))
