"""List what people said they would do or look at again, as it falls due: actions of meetings, contexts, saved maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import streamlit as st

from app import agenda, answers, context_page, desk, meeting, peer_maps, state, words
from app.data import Loaded
from app.names import label_of
from app.text import markdown
from mapping.peer_maps import KIND, PeerMap

SOON = 7
"""Reviews within so many days are due."""


@dataclass(frozen=True)
class Due:
    """Something that is due, and the page it is dealt with on."""

    said: str
    page: str
    what: str
    chosen: str


def due(loaded: Loaded) -> list[Due]:
    """Return the actions that are due or late, the contexts to be looked at again, and what is due of saved maps."""
    running = meeting.current(loaded)[0] is not None
    asked = [
        Due(each.item.said, "meeting", "agenda_item", each.item.key)
        if running
        else Due(each.item.said, "meeting", "action", each.item.key.removeprefix("action:"))
        for each in agenda.due_actions(meeting.asked(loaded), loaded.day)
    ]
    last = loaded.day + timedelta(days=SOON)
    again = [
        Due(
            f"{case.called}: review {words.day(case.review_on)} ({case.owner})",
            "contexts",
            "context",
            entry.entry_id,
        )
        for entry, case in context_page.held(loaded)
        if case.closed_on is None and case.review_on <= last
    ]
    return [*asked, *again, *_maps(loaded)]


def _maps(loaded: Loaded) -> list[Due]:
    """Return what is due of the saved peer maps: their actions, their review, and their closing for a week after it."""
    label, today = answers.labels(loaded, False), state.work_day()
    return [
        Due(f"{label_of(each.found.child, label)}: {said}", "peer_map", "child", each.found.child)
        for each in sorted(
            peer_maps.every_map(desk.entries(KIND)),
            key=lambda each: (each.found.review_on, each.entry.entry_id),
        )
        if each.found.child in label.index
        for said in _of_map(each.found, today)
    ]


def _of_map(found: PeerMap, today: date) -> Iterator[str]:
    soon = today + timedelta(days=SOON)
    if found.closed(today):
        if found.expires_on >= today - timedelta(days=SOON):
            yield f"peer map closed {words.day(found.expires_on)} ({found.owner} can renew it)"
        return
    for action in sorted(found.sheet.actions.values(), key=lambda each: (each.due_on, each.what)):
        if action.done_on is None and agenda.is_due(action.due_on, today):
            yield f"{action.what} ({action.owner}, {agenda.due_in_words(action.due_on, today)})"
    if found.review_on <= soon:  # which is never later than the day it closes
        closes = f", closes {words.day(found.expires_on)}" if found.expires_on <= soon else ""
        yield f"peer map, review {words.day(found.review_on)}{closes} ({found.owner})"


def show(listed: Sequence[Due]) -> None:
    """Show each as a button that opens where it is dealt with."""
    for number, each in enumerate(listed):
        st.button(
            markdown(each.said),
            key=f"due_{number}",
            type="tertiary",
            icon=":material/event_available:",
            on_click=state.open_page,
            args=(each.page, each.what, each.chosen),
        )
