"""Show the saved maps of a child: which one is open, how it stands, what a saved map needs, and who changed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from zlib import crc32

import pandas as pd
import streamlit as st

from app import desk, frame, peer_maps, state, words
from app.names import MapNames
from app.peer_maps import Saved, Work
from app.text import markdown, markup, short
from mapping.access import Viewer
from mapping.peer_maps import LIFE_DAYS, LONGEST_DAYS, PURPOSES, REVIEW_DAYS, VIEWS, PeerMap, Sheet

OTHERS_READ = "social workers and the chair of the meeting read it"


def saved(child: str | None) -> list[Saved]:
    """Return the saved maps of a child, the latest change first; none where nobody is chosen."""
    return [] if child is None else peer_maps.saved_maps(child, desk.entries("peer_map"))


def maps_due(label: pd.Series) -> None:
    """Show the saved maps that are to be reviewed or are about to close."""
    soon = state.work_day() + timedelta(days=7)
    due = [
        each
        for each in peer_maps.every_map(desk.entries("peer_map"))
        if each.found.child in label.index
        and not each.found.closed(state.work_day())
        and min(each.found.review_on, each.found.expires_on) <= soon
    ]
    if due:
        frame.heading("Saved maps to review, or about to close")
    for each in sorted(due, key=lambda one: (one.found.review_on, one.entry.entry_id)):
        st.button(
            f"{markdown(label[each.found.child])}: review {words.day(each.found.review_on)}, closes {words.day(each.found.expires_on)}",
            key=f"peer_due_{each.entry.entry_id}",
            on_click=state.choose,
            args=("child", each.found.child),
        )


def choose_map(child: str, saved: Sequence[Saved]) -> None:
    """Show which saved map of the child is open, where there is a choice."""
    work = peer_maps.work_on(child, saved, today=state.work_day())
    opened = [each for each in saved if not each.found.closed(state.work_day())]
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
    readers = ", for analysts" if Viewer(state.role()).sees_restricted and not saved.others_read else ""
    return f"{purpose}, {short(saved.found.owner, limit=40)}, closes {words.day(saved.found.expires_on)}{readers}"


def standing(work: Work, saved: Sequence[Saved], names: MapNames) -> None:
    """Show what map this is and whether every change is kept; say what went wrong, and which map has closed."""
    st.html(f'<p class="cm-line" role="status">{_standing(work)}</p>')
    if work.trouble:
        _say_trouble(work, saved, names)
    if work.news:
        frame.quiet(short(work.news, limit=300))
    closed = [each for each in saved if each.found.closed(state.work_day())]
    if closed and work.saved is None:
        for each in [each for each in closed if peer_maps.may_renew(each)] or closed[:1]:
            renewal(each)


def _standing(work: Work) -> str:
    if work.copy_of is not None:
        return (
            f"<b>A copy, not saved yet.</b> The map of {markup(work.copy_of.found.owner, limit=60)} is as it was: {OTHERS_READ}, and what you move "
            "or mark may rest on a report they may not see. Save the copy below, for analysts, to keep it."
        )
    if work.saved is None:
        changed = work.sheet != Sheet()
        return (
            "<b>Not saved yet.</b> What you moved and marked is lost when you close the app: save the map below to keep it."
            if changed
            else "Drawn from the records; drag anything to where it belongs."
        )
    found = work.saved.found
    due = f"review {words.day(found.review_on)}"
    if found.review_on < state.work_day():
        due = f"<b>review was due {words.day(found.review_on)}</b>"
    return (
        f"<b>Saved map.</b> {markup(PURPOSES.get(found.purpose, found.purpose).partition(':')[0])} · owner {markup(found.owner, limit=60)} · {due} · "
        f"closes {words.day(found.expires_on)} · {_kept(work, work.saved)}"
    )


def _kept(work: Work, saved: Saved) -> str:
    """Say what becomes of a change, and to analysts who reads it."""
    if saved.others_read:
        return f"{OTHERS_READ}: what you change becomes a copy for analysts"
    if work.waits:
        return "<b>last change not kept</b>"
    return "every change is kept" + (", for analysts" if Viewer(state.role()).sees_restricted else "")


def _view(sheet: Sheet, place: str) -> str:
    """Return what is said of a place on a map, and in which words."""
    found = sheet.views.get(place)
    if found is None:
        return "nothing said"
    return VIEWS[found.view] + (f' ("{found.words}")' if found.words else "")


def _say_trouble(work: Work, saved: Sequence[Saved], names: MapNames) -> None:
    frame.refused(work.trouble)
    if not work.waits or work.saved is None:
        return
    entry_id = work.saved.entry.entry_id
    theirs = next((each for each in saved if each.entry.entry_id == entry_id), None)
    if theirs is None:
        return
    other = theirs.entry.turn > work.saved.entry.turn
    if other:
        when = f"{words.clock(theirs.entry.at):%H:%M}"
        st.html(
            f'<p class="cm-quiet">{markup(theirs.entry.by, limit=60)} saved it at {when}: {markup(theirs.entry.why, limit=160)}.</p>'
        )
        for said in peer_maps.said_otherwise(work, theirs):
            frame.quiet(
                f"{names.of(said)}: {_view(theirs.found.sheet, said)} by theirs, {_view(work.sheet, said)} by yours."
            )
    with st.container(horizontal=True):
        st.button(
            "Put my change on top of theirs" if other else "Keep my change now",
            key="peer_on_top",
            on_click=peer_maps.put_on_top,
            args=(work, theirs),
            kwargs={"today": state.work_day()},
        )
        st.button(
            "Show theirs, without my change" if other else "Leave my change",
            key="peer_theirs",
            on_click=peer_maps.drop_change,
            args=(work, theirs),
        )


def keep_map(work: Work, nodes: pd.DataFrame) -> None:
    """Show what a saved map needs: purpose, owner, review and expiry dates."""
    copied = work.copy_of or (work.saved if work.saved is not None and work.saved.others_read else None)
    title = "Save this map: why it is made, who answers for it, until when"
    if copied is not None:
        title = "Save a copy of this map for analysts"
    elif work.saved is not None:
        title = "Purpose, owner and dates of this map"
    with st.expander(title, icon=":material/save:", key="fold_peer_save"):
        before = None if work.saved is None or copied is not None else work.saved.found
        name = state.user()
        # Each map has its own boxes, and they stay as they are filled while other things on it change.
        entry = None if work.saved is None else work.saved.entry
        turn = f"{work.child}_{'new' if entry is None else f'{entry.entry_id}_{_particulars(before)}'}"
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
                "Save the copy" if copied else "Save the map" if before is None else "Save these particulars",
                type="primary",
                icon=":material/save:",
            )
        frame.quiet(
            f"{_readers()} A peer map is made for one of these two purposes and no other. After the day on which it closes it can no longer be opened, unless its owner renews it for a reason; the record of it stays."
        )
        if before is not None:
            st.button(
                "Begin another map of this child",
                key="peer_another",
                icon=":material/add:",
                type="tertiary",
                on_click=peer_maps.open_saved,
                args=(work, None),
                help="For the other purpose, or with somebody else as its owner; this one stays as it is.",
            )
        if pressed:
            _save(work, nodes, PeerMap(work.child, purpose or "", owner.strip(), review_on, expires_on))


def _particulars(found: PeerMap | None) -> str:
    """Return a short text that changes whenever the particulars of a map do."""
    return "" if found is None else f"{crc32(repr(replace(found, sheet=Sheet())).encode()):08x}"


def _readers() -> str:
    """Say beside the button who reads what is saved."""
    if Viewer(state.role()).sees_restricted:
        return "Analysts alone read a map that an analyst saves: it may rest on restricted reports."
    return "Social workers, the chair of the meeting and analysts can read it."


def _dates(before: PeerMap | None, turn: str) -> tuple[date, date]:
    now = state.work_day()
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
    desk.attempt_here(lambda: peer_maps.save(work, replace(found, sheet=sheet), today=state.work_day()), "")


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
        dates = {"review_on": review_on, "expires_on": expires_on}
        desk.attempt_here(lambda: peer_maps.renew(saved, why=why, today=state.work_day(), **dates), "")


def history(work: Work) -> None:
    """Show who changed the saved map, when and why."""
    if work.saved is None:
        return
    with st.expander("Who changed this map, and when", icon=":material/history:"):
        turns = desk.history("peer_map", work.saved.entry.entry_id)
        st.html(
            "".join(
                f'<div class="cm-row">{words.moment(words.clock(turn.at))} · {markup(turn.by, limit=60)} · {markup(turn.why, limit=200)}</div>'
                for turn in reversed(turns[-60:])
            )
        )
