"""Let a planner change the plan by hand, see what each change costs, take it back, and save the week."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from app import desk, frame, state, week, week_page, words
from app.data import Loaded
from app.plan import WeekPlan
from app.text import markup
from app.week_page import Hand
from geo.coverage import Visit
from geo.plans import Plan
from geo.weeks import KIND, Week, validate_week, week_from_dict
from mapping.entries import Entry

ELSEWHERE, LATER, OUT = "Go somewhere else", "Go at another time", "Take it out"
MOST = 400
"""Places listed at once, those that reach most first."""


def panel(loaded: Loaded, now: Hand, found: WeekPlan, plan: Plan, rows: pd.DataFrame) -> None:
    """Show what was changed last with its cost, and what can be changed."""
    _last(loaded, now, found)
    ids = rows["visit_id"].tolist()
    called = {
        row["visit_id"]: f"{row['number']}: {row['weekday']} {row['time']}, {row['place_name']}"
        for row in rows.to_dict("records")
    }
    state.pick("visit", "Visit", ids, called, empty="Add a visit (or choose one to change)")
    chosen = state.known_choice("visit", ids)
    if chosen is None:
        _add(loaded, now, found, plan)
    else:
        row = rows.set_index("visit_id").loc[chosen]
        frame.lines(
            [
                f'<div class="cm-card"><b>{markup(row["place_name"])}</b>: {markup(row["reason"])}'
                f"{' At a peak: more in the last 13 weeks than in any 13 before.' if row['peak'] == 'at a peak' else ''}</div>"
            ]
        )
        _change(loaded, now, found, plan, Visit(row["day"], int(row["slot"]), str(row["place_id"])))


def _last(loaded: Loaded, now: Hand, found: WeekPlan) -> None:
    """Show the last change with its cost, the rules it breaks, and the ways back."""
    if now.edits:
        change = week.last_change(found, now.edits)
        st.html(
            f'<div class="cm-note" role="status"><b>{markup(now.edits[-1].said)}.</b> {markup(week.cost_said(change, whole=now.edits[-1].whole))}</div>'
        )
        frame.lines(
            f'<p class="cm-quiet">{markup(said)}</p>' for said in week.broken_said(found, change.visits)
        )
    with st.container(horizontal=True):
        st.button(
            "Undo",
            key="week_undo",
            icon=":material/undo:",
            disabled=not now.edits,
            on_click=lambda: _go(loaded, now.undo()),
        )
        st.button(
            "Do again",
            key="week_redo",
            icon=":material/redo:",
            disabled=not now.undone,
            on_click=lambda: _go(loaded, now.redo()),
        )
        st.button(
            "Back to the best plan", key="week_best", disabled=not now.edits, type="tertiary",
            on_click=lambda: _go(loaded, Hand(now.choices, saved=now.saved, kept=now.kept)),
        )  # fmt: skip


def _go(loaded: Loaded, to: Hand) -> None:
    week_page.take(loaded, to)
    state.choose("visit", None)


def _add(loaded: Loaded, now: Hand, found: WeekPlan, plan: Plan) -> None:
    """Offer one more visit: when, and where, each place with what it would add."""
    free = week.free_teams(found.task, plan.visits)
    said = {
        at: f"{week.slot_called(found.task, at)}: {words.count(int(free[at]), 'team') if free[at] > 0 else 'no team'} free"
        for at in found.task.slots.index
    }
    order = sorted(said, key=lambda at: (free[at] <= 0, at))
    if not order or found.task.places.empty:
        frame.quiet("There is no place that can be visited.")
        return
    turn = len(now.edits) + len(now.undone)
    slot = st.selectbox("When", order, format_func=said.get, key=f"week_add_when_{turn}")
    options = week.free_places(found, plan, slot).head(MOST)
    place = _pick_place(options, key=f"week_add_where_{turn}_{slot}")
    if place is None:
        return
    row = found.task.slots.iloc[slot]
    into = Visit(row["day"], int(row["slot"]), place["place_id"])
    edit = week.Edit((), (into,), f"Added {place['called']}")
    _offer(loaded, now, found, plan, edit, "Add this visit", place["difference"])


def _change(loaded: Loaded, now: Hand, found: WeekPlan, plan: Plan, visit: Visit) -> None:
    """Offer another place, another time, or to take a visit out, each with what it costs."""
    number = found.task.number(visit)
    turn = f"{len(now.edits) + len(now.undone)}_{number}"
    how = st.segmented_control(
        "What to change", [ELSEWHERE, LATER, OUT], default=ELSEWHERE, required=True, key=f"week_how_{turn}"
    )
    name = found.task.places["name"].iloc[number % len(found.task.places)]
    if how == OUT:
        less = week.edited(found, [*now.edits, week.Edit((visit,), (), "")]).reached - plan.reached
        _offer(loaded, now, found, plan, week.Edit((visit,), (), f"Took out {name}"), "Take it out", less)
    elif how == LATER:
        options = week.other_slots(found, plan, number)
        labels = {
            row[
                "slot_row"
            ]: f"{row['called']}: {_signed(row['difference'])}{'' if row['free'] else ', no team free'}"
            for row in options.to_dict("records")
        }
        if not labels:
            frame.quiet("There is no other time.")
            return
        slot = st.selectbox("When", list(labels), format_func=labels.get, key=f"week_when_{turn}")
        row = found.task.slots.iloc[slot]
        into = Visit(row["day"], int(row["slot"]), visit.place_id)
        cost = int(options.set_index("slot_row").loc[slot, "difference"])
        said = f"Moved {name} to {week.slot_called(found.task, slot)}"
        _offer(loaded, now, found, plan, week.Edit((visit,), (into,), said), "Move it", cost)
    else:
        place = _pick_place(week.other_places(found, plan, number).head(MOST), key=f"week_where_{turn}")
        if place is not None:
            into = Visit(visit.day, visit.slot, place["place_id"])
            said = f"Swapped {name} for {place['called']}"
            _offer(
                loaded, now, found, plan, week.Edit((visit,), (into,), said), "Swap it", place["difference"]
            )


def _pick_place(options: pd.DataFrame, *, key: str) -> dict[str, Any] | None:
    """Show a box of places, each with what it would make the plan reach; return the row chosen."""
    if options.empty:
        frame.quiet("There is no other place.")
        return None
    held = options.set_index("place_id", drop=False)
    labels = {
        row["place_id"]: f"{row['called']}: {_signed(row['difference'])}"
        for row in options.to_dict("records")
    }
    place = st.selectbox(
        "Where (with what the plan would gain or lose)", list(labels), format_func=labels.get, key=key
    )
    return {**held.loc[place].to_dict()}


def _signed(difference: int) -> str:
    return f"{difference:+,}" if difference else "no change"


def _offer(
    loaded: Loaded, now: Hand, found: WeekPlan, plan: Plan, edit: week.Edit, label: str, difference: int
) -> None:
    """Say what a change would cost before it is made, and the rules it would break; a button makes it."""
    reached = plan.reached + int(difference)
    fewer = (
        "as many records as now"
        if not difference
        else f"{words.count(abs(int(difference)), 'record')} {'more' if difference > 0 else 'fewer'} than now"
    )
    frame.quiet(f"The plan would reach {fewer}: {reached:,}.")
    held = {*week.broken_said(found, plan.visits)}
    after = week.edited(found, [*now.edits, edit])
    frame.lines(
        f'<p class="cm-note">With this change: {markup(said)}</p>'
        for said in week.broken_said(found, after.visits)
        if said not in held
    )
    st.button(label, key="week_change", type="primary", on_click=lambda: _go(loaded, now.changed(edit)))


def save(loaded: Loaded, now: Hand, found: WeekPlan, plan: Plan) -> None:
    """Show the name of the week and the button that keeps it."""
    turn = state.turn("week")
    frame.heading("Keep this plan")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = now.saved[2] if now.saved else f"Week of action from {words.day(now.choices.start)}"
        name = st.text_input("Name of this week", first, max_chars=100, key=f"week_name_{turn}_{first}")
        desk.who()
        if st.button("Save the plan", key="week_save", icon=":material/save:", type="primary"):
            _keep(loaded, now, found, plan, name)
            st.rerun()
        if now.saved and st.button("Save as a new week", key="week_save_new"):
            _keep(loaded, replace(now, saved=None, kept=None), found, plan, name, besides=now.saved[2])
            st.rerun()
    if frame.said_once():
        return
    if now.saved and now.is_kept:
        frame.quiet(f"Saved as “{now.saved[2]}”. Go on to the pack, or change it and save it again.")
    elif now.saved:
        frame.quiet(
            f"Changed since it was saved as “{now.saved[2]}”, which stays as it is until you save: in its place, or as a new week under another name."
        )
    else:
        frame.quiet("Not saved yet: the pack, the results and the comparison afterwards are of a saved plan.")


def _keep(
    loaded: Loaded, now: Hand, found: WeekPlan, plan: Plan, name: str, *, besides: str | None = None
) -> None:
    """Keep the plan, in the place of the one it came from or as a new one; `besides` has the name already."""

    def keep() -> str:
        if besides is not None and name.strip() == besides:
            msg = f"“{besides}” is saved already: type another name for the new week first."
            raise ValueError(msg)
        held = _standing(now)
        built = week.save_week(
            found, plan, now.choices, name=name, viewer=loaded.question.role, addresses=week_page.addresses(loaded),
            **_written(held),
        )  # fmt: skip
        validate_week(built)
        entry = desk.keep(
            KIND, built.to_dict(), entry_id=now.saved[0] if now.saved else None, after=_seen(now, held)
        )
        kept = (now.choices, frozenset(visit.visit_id for visit in built.visits))
        week_page.take(loaded, replace(now, saved=(entry.entry_id, entry.turn, built.name), kept=kept))
        state.choose("saved_week", entry.entry_id)
        return f"Saved as “{built.name}”, turn {entry.turn}."

    desk.attempt(keep, str)


def _standing(now: Hand) -> Entry | None:
    """Return the saved plan in hand as it stands."""
    return next((entry for entry in desk.entries(KIND) if now.saved and entry.entry_id == now.saved[0]), None)


def _seen(now: Hand, held: Entry | None) -> int | None:
    """Return the turn of the saved plan that the user goes on from: a later one where only the briefing was written since."""
    if now.saved is None or held is None:
        return now.saved[1] if now.saved else None
    stands = frozenset(visit.visit_id for visit in week_from_dict(held.content).visits)
    return held.turn if now.kept is not None and stands == now.kept[1] else now.saved[1]


def _written(held: Entry | None) -> dict[str, Any]:
    """Return what was written for the pack of a saved plan, so that saving again keeps it."""
    if held is None:
        return {}
    week_ = week_from_dict(held.content)
    return {"briefing": week_.briefing, "partners": dict(week_.partners), "read": week_.read}


def saved_weeks() -> dict[str, tuple[Entry, Week]]:
    """Return the saved weeks by id, the newest first; what is no week of action is left out."""
    found: dict[str, tuple[Entry, Week]] = {}
    try:
        kept = desk.entries(KIND)
    except (ValueError, OSError) as error:
        frame.quiet(f"Saved weeks cannot be read. {error}")
        return found
    for entry in sorted(kept, key=lambda each: (each.at, each.entry_id), reverse=True):
        try:
            found[entry.entry_id] = (entry, week_from_dict(entry.content))
        except ValueError:
            continue
    return found


def reopen(loaded: Loaded, entry: Entry, held: Week) -> None:
    """Go on with a saved week: its choices, and its visits as a change to the best plan."""
    choices, left_out = week.own_choices(week_page.places(loaded, held.choices.kinds), held)
    found = week_page.planned(loaded, choices)
    if isinstance(found, str):
        state.refuse_once(found)
        return
    edits, notes = week.reopened(found, held)
    saved = (entry.entry_id, entry.turn, held.name)
    kept = (choices, frozenset(visit.visit_id for visit in held.visits))
    week_page.take(loaded, Hand(choices, tuple(edits), saved=saved, kept=kept, notes=(*left_out, *notes)))
    state.next_turn("week")
    state.choose("visit", None)


def saved(loaded: Loaded, weeks: dict[str, tuple[Entry, Week]]) -> None:
    """Show the saved weeks, one of which can be opened again."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        called = {each: held.name for each, (_, held) in weeks.items()}
        chosen = st.selectbox(
            "Saved weeks", list(called), format_func=called.get, key="week_saved", width=300
        )
        st.button("Open it", key="week_open", on_click=lambda: reopen(loaded, *weeks[chosen]))


def last_week(loaded: Loaded, weeks: dict[str, tuple[Entry, Week]], now: Hand) -> Week | None:
    """Return the week saved last that is not the one in hand; another role's counts are of other records, and not shown."""
    mine, role = now.saved[0] if now.saved else None, loaded.question.role
    return next((held for each, (_, held) in weeks.items() if each != mine and held.viewer == role), None)
