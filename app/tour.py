"""Show a first visitor round the demo: a few steps, each on the page it is about."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from app import state
from app.text import markup


@dataclass(frozen=True)
class Step:
    """One step: the page it opens, and what to look at there."""

    page: str
    title: str
    look: str


STEPS = (
    Step(
        "today",
        "Today",
        "Who is missing, which return interviews are due, and what has changed. Each line under “Changed since” opens what it is about.",
    ),
    Step(
        "groups",
        "Groups",
        "Each cloud of dots is a group of children linked to each other. Choose one in the box above the picture, then a link in the table: the panel shows every report it rests on, with its grade.",
    ),
    Step(
        "peer_map",
        "Peer map",
        "Find a child: type an id such as P000198. Who protects is nearest, adults of concern are apart at the edge; you can add a link and say how you know.",
    ),
    Step(
        "wards",
        "Wards",
        "Choose a ward on the map. Switch off children placed by other authorities, and see how much of the picture was theirs.",
    ),
    Step(
        "meeting",
        "Daily meeting",
        "The chair's screen: begin, step through what changed, record decisions and actions, close, and take the minutes as a document.",
    ),
)


def show(page: str, *, demo: bool) -> None:
    """Show the step that the tour is at, or on Today the offer of the tour; nothing where it was closed.

    Parameters
    ----------
    page : the title of the page that is open.
    demo : whether the case is the demo; elsewhere there is no tour.
    """
    if not demo:
        return
    at = state.tour()
    if at is None:
        if page == "Today":
            _offer()
    elif at < len(STEPS):
        _step(at, page)


def again(*, demo: bool) -> None:
    """Show the small button that begins the tour again, where it was closed."""
    if demo and state.tour() == len(STEPS):
        st.button("Tour", key="tour_again", type="tertiary", on_click=_go, args=(0,), help="Five steps round the demo")  # fmt: skip


def _offer() -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="tour"):
        names = ", ".join(step.title for step in STEPS)
        _say(f"<b>First time here?</b> Five steps show you round: {markup(names)}. Everyone in this demo is invented.")  # fmt: skip
        st.button("Show me round", key="tour_begin", on_click=_go, args=(0,))
        st.button("No, thank you", key="tour_decline", type="tertiary", on_click=_go, args=(len(STEPS),))


def _step(at: int, page: str) -> None:
    step = STEPS[at]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="tour"):
        _say(f"<b>Tour, step {at + 1} of {len(STEPS)}: {markup(step.title)}.</b> {markup(step.look)}")
        if page != step.title:
            st.button(f"Back to {step.title}", key="tour_back", on_click=_go, args=(at,))
        if at + 1 < len(STEPS):
            st.button(f"Next: {STEPS[at + 1].title}", key="tour_next", on_click=_go, args=(at + 1,))
        st.button(
            "Close" if at + 1 < len(STEPS) else "Done",
            key="tour_close",
            type="tertiary",
            on_click=_go,
            args=(len(STEPS),),
        )


def _say(html: str) -> None:
    st.html(f'<p class="cm-tour" role="note">{html}</p>', width="stretch")


def _go(to: int) -> None:
    """Go to a step and its page; behind the last one the tour is closed."""
    state.step_tour(to)
    if to < len(STEPS):
        state.go_to(STEPS[to].page)
