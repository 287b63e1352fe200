"""Show what is put on a peer map by hand: what the young person says of places, actions and notes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zlib import crc32

import pandas as pd
import streamlit as st

from app import frame, peer_maps, state, words
from app.names import MapNames
from app.peer_maps import Work
from app.text import markdown, markup, plain, short
from mapping.peer_maps import LONGEST_TEXT, VIEWS, Action, Sheet

LONGEST_WORDS = 300
MOST_PLACES = 24
"""Places of a map that the safety map goes through; any other is marked in the panel."""


def said(sheet: Sheet, node: str) -> str:
    """Return what the young person says of a place, "" where nothing is said."""
    found = sheet.views.get(node)
    return "" if found is None else VIEWS.get(found.view, found.view)


def mark_place(work: Work, node: str, names: MapNames) -> None:
    """Show what the young person says of one place, to be set with them."""
    said = work.sheet.views.get(node)
    now = said.words if said else ""
    # Of this child and these words alone: what is typed for one child must not stand in the box of the next.
    key = f"peer_words_{work.child}_{node}_{crc32(now.encode()):08x}"

    def word() -> None:
        _say(work, node, names, said.view if said else None, str(st.session_state.get(key, "")))

    label = f"By the young person's word, {markdown(names.of(node), limit=40)} is"
    _views(work, node, names, label, key="peer_view", words_key=key)
    typed = st.text_input(
        "In their words, if they want to say more",
        value=now,
        key=key,
        max_chars=LONGEST_WORDS,
        on_change=word,
        help=None if said else "Say first what the place is; their words are kept with it.",
    )
    frame.mind_words(typed)


def _views(
    work: Work, node: str, names: MapNames, label: str, *, key: str, words_key: str | None = None
) -> None:
    """Show what can be said of a place, to choose from."""
    said = work.sheet.views.get(node)
    box = f"{key}_{work.child}_{node}_{said.view if said else ''}"

    def mark() -> None:
        typed = str(st.session_state.get(words_key, "")) if words_key else ""
        _say(work, node, names, st.session_state.get(box), typed or (said.words if said else ""))

    st.segmented_control(
        label,
        list(VIEWS),
        format_func=VIEWS.__getitem__,
        default=said.view if said else None,
        key=box,
        on_change=mark,
        help=None if said is None else f"Said on {words.day(said.said_on)}",
    )


def _say(work: Work, node: str, names: MapNames, view: str | None, typed: str) -> None:
    """Put what the young person says of a place on the map; their words alone say nothing of it yet."""
    what = f"{names.of(node)}: {VIEWS[view] if view else 'nothing said'}"
    after = peer_maps.said_of(work.sheet, node, view, typed if view else "", today=state.work_day())
    peer_maps.change(work, what, after, today=state.work_day())


def safety_map(work: Work, rows: pd.DataFrame, names: MapNames) -> None:
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
        for number, place in enumerate(places["other"].head(MOST_PLACES)):
            with (left, right)[number % 2]:
                _views(
                    work, str(place), names, markdown(names.of(str(place)), limit=60), key="peer_list_view"
                )
        if len(places) > MOST_PLACES:
            frame.quiet(
                f"{words.count(len(places) - MOST_PLACES, 'more place')}: choose each in the picture."
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
        frame.mind_words(*(action.what for action in work.sheet.actions.values()))
        _new_action(work)
        _notes(work)


def _action(work: Work, key: str, action: Action) -> None:
    done = action.done_on is not None
    box = f"peer_done_{key}_{done}"

    def toggle() -> None:
        after = replace(action, done_on=None if done else state.work_day())
        peer_maps.change(
            work,
            f"action {'open again' if done else 'done'}: {short(action.what, limit=60)}",
            peer_maps.with_action(work.sheet, key, after),
            today=state.work_day(),
        )

    with st.container(horizontal=True, vertical_alignment="center"):
        late = not done and action.due_on < state.work_day()
        st.checkbox("Done", value=done, key=box, on_change=toggle)
        st.html(
            f"<span>{markup(action.what, limit=240)} <span class='cm-quiet'>{markup(action.owner, limit=60)}, by {words.day(action.due_on)}{' (past its day)' if late else ''}</span></span>"
        )


def _new_action(work: Work) -> None:
    # What is typed stays while somebody else adds an action.
    form = f"peer_action_{work.child}"
    turn = f"{work.child}_{state.turn(form)}"
    with (
        st.form(f"peer_action_{turn}", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        what = st.text_input("What is to be done", key=f"peer_action_what_{turn}", max_chars=300, width=420)
        owner = st.text_input("By whom", key=f"peer_action_owner_{turn}", max_chars=100, width=200)
        due_on = st.date_input(
            "By when",
            value=state.work_day() + timedelta(days=7),
            format="DD/MM/YYYY",
            key=f"peer_action_due_{turn}",
        )
        pressed = st.form_submit_button("Add the action", icon=":material/add_task:")
    frame.mind_words(what)
    if pressed:
        if not what.strip() or not owner.strip():
            frame.refused("Nothing was added: say what is to be done, and by whom.")
            return
        action = Action(plain(what), plain(owner), due_on)
        after = peer_maps.with_action(work.sheet, peer_maps.new_key(), action)
        peer_maps.change(work, f"action: {short(action.what, limit=80)}", after, today=state.work_day())
        state.next_turn(form)
        st.rerun()


def _notes(work: Work) -> None:
    key = f"peer_notes_{work.child}_{crc32(work.sheet.notes.encode()):08x}"

    def note() -> None:
        after = replace(work.sheet, notes=str(st.session_state[key]).strip())
        peer_maps.change(work, "notes", after, today=state.work_day())

    typed = st.text_area(
        "Notes on this map",
        value=work.sheet.notes,
        key=key,
        max_chars=LONGEST_TEXT,
        on_change=note,
        height=90,
    )
    frame.mind_words(typed)
