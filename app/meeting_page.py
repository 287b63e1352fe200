"""Draw the parts of the Daily meeting page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from app import agenda, desk, downloads, frame, meeting, state, tables, words
from app.agenda import SECTIONS, Opened
from app.data import Loaded
from app.text import markup
from mapping.entries import Entry, merged_text
from mapping.meetings import DECISIONS, STATES, Action, Meeting, actions

STYLE = """<style>
.cm-item {font-size: 1.55rem; line-height: 1.35; font-weight: 600; margin: 0.2rem 0 0.3rem; overflow-wrap: anywhere;}
.cm-more {font-size: 1.05rem; margin: 0 0 0.6rem; overflow-wrap: anywhere;}
</style>"""
LARGE = "<style>html {font-size: clamp(16.5px, 1.3vw, 40px) !important;}</style>"
"""All sizes follow that of the page. On a wall two metres wide, what is asked is then at least 25 mm high, and its
capitals more than 16 minutes of arc from four metres, which ISO 9241-303 asks for; on any projector the same."""
ONE = {
    "actions": "action due",
    "missing": "missing now",
    "interviews": "return interview due",
    "referrals": "new referral",
    "groups": "group that changed",
    "contacts": "shared contact that reached another group",
    "hotspots": "hotspot that moved",
}
"""What one thing of each part of the agenda is called."""
FIRST_DAYS = 7
"""How far back the first meeting looks, unless the chair says otherwise."""
DUE_DAYS = 7
"""An action is due a week later unless another day is given."""
METHOD = (
    "Everything that was learnt since the last meeting is on the agenda, by the date on which it was recorded, "
    "beside what is still so: who is missing, which interviews and actions are due. A meeting is compared with what "
    "the last one had before it when it was closed, so that what was recorded later the same day is not lost."
)
LIMITS = (
    "What is not recorded is not here: ask round the table who else has been missing, seen or spoken to.",
    "Hotspots are wards whose missing episodes of four weeks, with those of the wards around, are more than chance explains; several episodes may be of one child.",
    "The order is that of the agenda. It does not say who matters more.",
    "A decision is kept with who entered it and when. To change one, decide again: both stay in the history.",
)


def since(day: date, last: Meeting | None) -> date:
    """Return the day with which the next meeting compares; the chair chooses it before the first."""
    chosen = st.session_state.get("meeting_since")
    first = chosen if isinstance(chosen, date) else day - timedelta(days=FIRST_DAYS)
    return min(first, day - timedelta(days=1)) if last is None else last.as_of


def before_answer(opened: Sequence[Opened], last: tuple[Entry, Meeting] | None, since: date) -> str:
    """Say what a meeting would have before it now, and when the last one was."""
    held = (
        "No meeting has been closed yet"
        if last is None
        else f"The last meeting looked at {words.day(last[1].as_of)}"
    )
    return f"{held}; {words.count(len(opened), 'thing')} on the agenda, compared with {words.day(since)}: {_by_section(opened)}."


def _by_section(opened: Sequence[Opened]) -> str:
    counted = {section: sum(each.item.section == section for each in opened) for section in SECTIONS}
    said = [
        words.count(count, ONE[section], f"{SECTIONS[section][0].lower()}{SECTIONS[section][1:]}")
        for section, count in counted.items()
        if count
    ]
    return words.listing(said) or "nothing new"


def answer(opened: Sequence[Opened], now: Meeting, day: date) -> str:
    """Say how far the meeting is; one left open overnight looks at what is known by now."""
    decided = sum(each.item.key in now.decided for each in opened)
    return f"{words.count(decided, 'decision').capitalize()} on {words.count(len(opened), 'thing')} on the agenda; known by the end of {words.day(max(now.as_of, day))}, compared with {words.day(now.since)}."


def begin(loaded: Loaded, since: date, last: Meeting | None) -> None:
    """Ask who leads the meeting and who is there, and begin it."""
    desk.who()
    chair = st.text_input("Chair", key="meeting_chair", max_chars=100)
    present = st.text_area(
        "Who is present (one a line: name and team)", key="meeting_present", max_chars=2_000, height=130
    )
    if last is None:
        st.date_input(
            "Compare with (the first meeting only; later ones start from the last)",
            value=since,
            max_value=loaded.day - timedelta(days=1),
            key="meeting_since",
            format="DD/MM/YYYY",
        )
    st.button(
        "Begin the meeting",
        type="primary",
        key="meeting_begin",
        on_click=lambda: desk.attempt(
            lambda: meeting.begin(loaded, since=since, chair=chair, present=present.splitlines(), last=last),
            "The meeting has begun.",
        ),
    )


def last_minutes(last: tuple[Entry, Meeting] | None, case: str) -> None:
    """Offer the minutes of the last meeting."""
    frame.heading("The last meeting")
    if last is None:
        frame.quiet("No meeting has been closed yet. Its minutes will be here.")
        return
    entry, closed = last
    frame.quiet(
        f"Closed {words.moment(words.clock(entry.at))} by {entry.by}. Chair: {closed.chair}. Present: {'; '.join(closed.present)}. Its minutes:"
    )
    downloads.document(
        partial(meeting.minutes, desk.url(), case=case, meeting_id=entry.entry_id),
        name=f"minutes-{closed.as_of.isoformat()}",
        key="minutes",
        case=case,
    )


def step(opened: Sequence[Opened]) -> int | None:
    """Return the place of the item shown now; None where the agenda is empty."""
    if not opened:
        return None
    keys = [each.item.key for each in opened]
    chosen = state.chosen("agenda_item")
    return keys.index(chosen) if chosen in keys else 0


def item(loaded: Loaded, entry: Entry, now: Meeting, opened: Sequence[Opened], place: int) -> None:
    """Show one item, large, with its decision and actions under it."""
    shown = opened[place]
    with st.container(horizontal=True, vertical_alignment="center", key="meeting_steps"):
        keys = _switch(
            "Arrow keys step",
            "arrow_keys",
            help="On: the left and right arrow keys go back and on, except while you type.",
        )
        large = _switch(
            "Large type",
            "large_type",
            first=True,
            help="On: everything on this page is large, for a projector.",
        )
        st.space("stretch")
        _turn("Back", opened, place - 1, shortcut="Left" if keys else None)
        st.html(f'<p class="cm-quiet">{place + 1} of {len(opened)}</p>')
        _turn("Next", opened, place + 1, shortcut="Right" if keys else None)
    st.html(STYLE + LARGE * large)
    st.html(
        f'<p class="cm-quiet">{markup(SECTIONS[shown.item.section])}</p><h2 class="cm-item">{markup(shown.item.said)}</h2>'
        f'<p class="cm-more">{markup(shown.more)}</p>'
    )
    if shown.page:
        st.button(
            "Open the evidence",
            key="meeting_evidence",
            icon=":material/folder_open:",
            on_click=state.open_page,
            args=(shown.page, shown.what, shown.chosen),
        )
    if shown.item.key in now.decided:
        found = now.decided[shown.item.key]
        why = f": {markup(found.why)}" if found.why else ""
        st.html(f"<p><b>Decided: {markup(DECISIONS[found.decision])}</b>{why}</p>")
    if shown.item.section == "actions":
        _finish(loaded, shown.item.key.removeprefix("action:"), key="finish")
    _decide(entry, now, opened, place)


def _switch(label: str, what: str, *, help: str, first: bool = False) -> bool:
    """Show a switch that stays as it is from page to page, and say whether it is on.

    A button, since a box to tick would keep the arrow keys to itself as long as it has the focus.
    """
    chosen = state.chosen(what)
    on = first if chosen is None else bool(chosen)
    st.button(
        f"{label}: {'on' if on else 'off'}",
        key=f"meeting_{what}",
        icon=":material/toggle_on:" if on else ":material/toggle_off:",
        type="tertiary",
        help=help,
        on_click=state.choose,
        args=(what, not on),
    )
    return on


def _turn(label: str, opened: Sequence[Opened], to: int, *, shortcut: str | None) -> None:
    inside = 0 <= to < len(opened)
    st.button(
        label,
        key=f"meeting_{label.lower()}",
        disabled=not inside,
        shortcut=shortcut if inside else None,
        on_click=state.choose,
        args=("agenda_item", opened[to].item.key if inside else None),
    )


def _decide(entry: Entry, now: Meeting, opened: Sequence[Opened], place: int) -> None:
    """Ask for the decision about an item, and for an action that follows from it."""
    shown = opened[place].item
    form = f"{entry.entry_id}_{shown.key}"
    key = f"{form}_{state.turn(form)}"
    with st.form(f"decide_{key}"):
        decision = st.segmented_control(
            "Decision", list(DECISIONS), format_func=DECISIONS.__getitem__, key=f"decision_{key}"
        )
        why = st.text_input("Why, or what exactly", key=f"why_{key}", max_chars=500)
        what, who, due = st.columns([2.6, 1.8, 1.8])
        with what:
            to_do = st.text_input("Action", key=f"what_{key}", max_chars=300)
        with who:
            owner = st.text_input("Who does it", key=f"owner_{key}", max_chars=100)
        with due:
            due_on = st.date_input(
                "By", value=state.work_day() + timedelta(days=DUE_DAYS), key=f"due_{key}", format="DD/MM/YYYY"
            )
        wanted = st.form_submit_button("Record and go on", type="primary")
    # What this screen has shown of it: another may have decided since.
    stands, seen = now.decided.get(shown.key), state.in_hand(f"decided_{form}")
    state.take_in_hand(f"decided_{form}", stands)
    if wanted and decision is not None and stands not in (None, seen):
        frame.refused(
            "Somebody else has decided this meanwhile, as it says above. What you typed is still here: press again to decide otherwise; both stay in the history."
        )
    elif wanted:
        asked = (to_do, owner, due_on) if (to_do.strip() or owner.strip()) else None
        following = opened[min(place + 1, len(opened) - 1)].item.key

        def record() -> None:
            meeting.record(entry, now, shown, decision=decision, why=why, action=asked)
            state.next_turn(form)
            state.choose("agenda_item", following)

        desk.attempt_here(record, "Recorded.")


def chosen_action(loaded: Loaded) -> None:
    """Show the action that is chosen, with what came of it, or a form to say so: also before it is due, and without a meeting."""
    found = next(
        (each for each in actions(meeting.asked(loaded)) if each[0].entry_id == state.chosen("action")), None
    )
    if found is None:
        return
    entry, action = found
    frame.heading(action.what)
    when = agenda.due_in_words(action.due_on, loaded.day) if action.state == "open" else STATES[action.state]
    frame.quiet(f"{action.owner}: {when}. About: {action.said}")
    if action.state == "open":
        _finish(loaded, entry.entry_id, key="chosen")
    else:
        frame.quiet(action.outcome)


def _finish(loaded: Loaded, entry_id: str, *, key: str) -> None:
    """Ask what came of an action."""
    held = next((entry for entry in meeting.asked(loaded) if entry.entry_id == entry_id), None)
    if held is None:
        return
    with (
        st.form(f"{key}_{entry_id}"),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        outcome = st.text_input("What came of it", key=f"outcome_{key}_{entry_id}", max_chars=500)
        done = st.form_submit_button("Done")
        dropped = st.form_submit_button("No longer needed")
    if done or dropped:
        desk.attempt_here(
            lambda: meeting.finish(held, state="done" if done else "dropped", outcome=outcome),
            "The action is kept with what came of it.",
        )


def contents(opened: Sequence[Opened], now: Meeting, place: int | None) -> None:
    """Show the parts of the agenda, each a button to its first item."""
    frame.heading("Agenda")
    here = None if place is None else opened[place].item.section
    for section, heading in SECTIONS.items():
        own = [each for each in opened if each.item.section == section]
        decided = sum(each.item.key in now.decided for each in own)
        said = f"{heading}: {len(own)}" + (f", {decided} decided" if decided else "")
        st.button(
            said if own else f"{heading}: none",
            key=f"meeting_go_{section}",
            type="secondary" if section == here else "tertiary",
            disabled=not own,
            icon=":material/chevron_right:" if section == here else None,
            on_click=state.choose,
            args=("agenda_item", own[0].item.key if own else None),
        )


def room(entry: Entry, now: Meeting) -> None:
    """Show who is present, and let somebody who comes later be added."""
    with st.expander(f"Present: {len(now.present)}", expanded=not now.present):
        form = f"present_{entry.entry_id}"
        key = f"{form}_{state.turn(form)}"
        # As it was when the box was filled: what is typed stays until it is kept, and so do names kept meanwhile.
        seen = state.in_hand(key)
        if seen is None:
            seen = "\n".join(now.present)
            state.take_in_hand(key, seen)
        present = st.text_area("One a line: name and team", value=seen, key=key, max_chars=2_000)
        if st.button("Keep", key="meeting_keep_present"):

            def keep() -> None:
                names = merged_text("\n".join(now.present), seen, present)
                meeting.set_present(entry, now, names.splitlines())
                state.next_turn(form)

            desk.attempt_here(keep, "Who is present is kept.")


def ending(loaded: Loaded, entry: Entry, now: Meeting, opened: Sequence[Opened]) -> None:
    """Close the meeting, after asking once more."""
    desk.who()
    with st.expander("Close the meeting", icon=":material/task_alt:"):
        left = len(opened) - sum(each.item.key in now.decided for each in opened)
        st.html(
            f"<p>{markup(words.count(left, 'thing').capitalize())} on the agenda without a decision. The next meeting starts from here; nothing that was decided can be changed after closing.</p>"
        )
        if st.button("Close it and write the minutes", type="primary", key="meeting_close"):
            desk.attempt_here(
                lambda: meeting.close(loaded, entry, now),
                "The meeting is closed. Its minutes are here.",
            )


def table(opened: Sequence[Opened], now: Meeting | None) -> None:
    """Show every item of the agenda with its decision."""
    decided = {} if now is None else now.decided
    rows = pd.DataFrame(
        [
            (
                SECTIONS[each.item.section],
                each.item.said,
                each.more,
                DECISIONS[decided[each.item.key].decision] if each.item.key in decided else "",
            )
            for each in opened
        ],
        columns=["part", "said", "more", "decision"],
    )
    tables.show(
        rows,
        key="agenda",
        title="Agenda of the daily meeting",
        what="agenda_item" if now is not None else None,
        ids=[each.item.key for each in opened] if now is not None else None,
        columns={"part": "Part", "said": "What", "more": "More", "decision": "Decision"},
        empty="Nothing is on the agenda.",
    )


def action_table(loaded: Loaded) -> None:
    """Show every action, open ones first."""
    listed = actions(meeting.asked(loaded))
    rows = pd.DataFrame(
        [_action_row(action, loaded.day) for _, action in listed],
        columns=["what", "owner", "due", "about", "state", "outcome"],
    )
    tables.show(
        rows,
        key="actions",
        title="Actions: choose one to say what came of it",
        what="action",
        ids=[entry.entry_id for entry, _ in listed],
        beside="What came of the chosen action is said at the top, on the right.",
        columns={
            "what": "What",
            "owner": "Who",
            "due": "By",
            "about": "About",
            "state": "State",
            "outcome": "What came of it",
        },
        empty="No action has been asked for yet.",
    )


def _action_row(action: Action, day: date) -> tuple[Any, ...]:
    late = action.state == "open" and action.due_on < day
    return (
        action.what,
        action.owner,
        pd.Timestamp(action.due_on),
        action.said,
        "late" if late else STATES[action.state],
        action.outcome,
    )


def method() -> None:
    """Say how the agenda comes about."""
    st.html(words.method_html(METHOD, LIMITS))
