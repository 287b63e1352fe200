"""List what people said they would do or look at again, as it falls due: actions of meetings, contexts, saved maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import streamlit as st

from app import agenda, answers, context_page, desk, meeting, state, words
from app.data import Loaded
from app.names import label_of
from app.text import markdown
from mapping.peer_maps import KIND, peer_map_from_dict

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
    """Return the actions that are due or late, and the contexts to be looked at again, those of meetings first."""
    asked = [
        Due(each.item.said, "meeting", "agenda_item", each.item.key)
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
    """Return the saved peer maps to be reviewed."""
    label, today = answers.labels(loaded, False), state.work_day()
    held = [peer_map_from_dict(entry.content) for entry in desk.entries(KIND)]
    return [
        Due(
            f"{label_of(each.child, label)}: peer map, review {words.day(each.review_on)} ({each.owner})",
            "peer_map",
            "child",
            each.child,
        )
        for each in held
        if each.child in label.index
        and not each.closed(today)
        and each.review_on <= today + timedelta(days=SOON)
    ]


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
