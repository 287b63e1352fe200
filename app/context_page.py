"""Draw the parts of the Contexts page: the cases there are, and one of them to read, change and close."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

import pandas as pd
import streamlit as st

from app import answers, desk, frame, state, tables, words
from app.data import Loaded
from app.documents.context import draw_context
from app.documents.files import document_bytes
from app.names import label_of
from app.text import markup
from mapping.access import Viewer
from mapping.contexts import (
    AROUND,
    KIND,
    KINDS,
    OUTCOMES,
    WEIGHTS,
    ContextCase,
    Outcome,
    children_since,
    context_from_dict,
    contexts,
    with_outcome,
)
from mapping.entries import Entry

REVIEW_DAYS = 28
PAGES = {
    "group": ("groups", "group"),
    "location": ("shared_contacts", "contact"),
    "thing": ("shared_contacts", "contact"),
}
METHOD = (
    "A group, place, school, online space, vehicle or phone line is what is assessed and changed; children are "
    "linked to it and have no score. Everything here was entered by somebody, and each change is kept with who made it and when."
)
LIMITS = (
    "Children whom the records tie to the context after it was opened are shown beside those the case names; nobody is added by the machine.",
    "Weights are words that people chose. They are not added up.",
    "An outcome says what somebody saw by a day. It does not prove that the plan was what changed it.",
)


@dataclass(frozen=True)
class Thing:
    """Something that can have a case: its kind, id, what to call it, and the children the records tie to it."""

    kind: str
    key: str
    called: str

    @property
    def id(self) -> str:
        """One text that tells it from every other."""
        return f"{self.kind}:{self.key}"


def things(loaded: Loaded) -> dict[str, Thing]:
    """Return everything that can have a case, as this viewer knows it."""
    groups = answers.group_table(loaded)
    found = [
        Thing("group", group, called)
        for group, called in zip(groups["group_id"], groups["label"], strict=True)
    ]
    contacts = answers.contact_table(loaded, False)
    contacts = contacts[contacts["contact_type"].isin(("location", "thing"))]
    found += [
        Thing(row.contact_type, str(row.contact_id), str(row.called))
        for row in contacts.itertuples(index=False)
    ]
    return {thing.id: thing for thing in found}


def children_of(loaded: Loaded, kind: str, key: str) -> list[str]:
    """Return the children whom the records tie to a context now."""
    if kind == "group":
        members = answers.members(loaded)
        inside = members[(members["group_id"] == key) & (members["kind"] == "child")]
        return sorted(inside["person_id"])
    return answers.contact_children(loaded, kind, key)


def held(loaded: Loaded) -> list[tuple[Entry, ContextCase]]:
    """Return the cases that this viewer may read: one opened on restricted reports is for those who see them."""
    viewer = loaded.question.viewer
    return [
        each
        for each in contexts(desk.entries(KIND))
        if viewer.sees_restricted or not Viewer(each[1].role).sees_restricted
    ]


def answer(cases: Sequence[tuple[Entry, ContextCase]], day: date) -> str:
    """Say how many cases are open, and how many of them are past their review."""
    running = [case for _, case in cases if case.closed_on is None]
    late = sum(case.overdue(day) for case in running)
    if not cases:
        return "No context has a case yet. Open one for a group, place, school, online space, vehicle or phone line that harms or protects children."
    return f"{words.count(len(running), 'context').capitalize()} with an open case, {words.number(late)} past the day of review; {words.number(len(cases) - len(running))} closed."


def open_case(loaded: Loaded) -> None:
    """Ask what the case is of, why, who answers for it and when it is looked at again."""
    found = things(loaded)
    if not found:
        frame.quiet("Nothing here links two or more children, so there is nothing to open a case for.")
        return
    desk.who()
    chosen = state.pick(
        "context_of",
        "What is it about?",
        list(found),
        {key: f"{t.called} ({KINDS[t.kind]})" for key, t in found.items()},
        empty="Type to find it",
    )
    concerns = st.text_area("What is the concern?", key="context_concerns", max_chars=4_000, height=90)
    frame.mind_words(concerns)
    one, other = st.columns(2)
    with one:
        owner = st.text_input("Who answers for it?", key="context_owner", max_chars=100)
    with other:
        review = st.date_input(
            "Look at it again on",
            value=loaded.day + timedelta(days=REVIEW_DAYS),
            key="context_review",
            format="DD/MM/YYYY",
        )
    if st.button("Open the case", type="primary", key="context_open"):
        if chosen is None:
            frame.refused("Choose what the case is about.")
            return
        thing = found[chosen]

        def begin() -> None:
            case = ContextCase(
                thing.kind,
                thing.key,
                thing.called,
                loaded.question.viewer.role,
                concerns.strip(),
                owner.strip(),
                loaded.day,
                review,
                children=tuple(children_of(loaded, thing.kind, thing.key)),
            )
            kept = desk.keep(KIND, case.to_dict())
            state.choose("context", kept.entry_id)

        desk.attempt_here(begin, "The case is open.")


def listed(cases: Sequence[tuple[Entry, ContextCase]], day: date) -> None:
    """Show every case as a row."""
    rows = pd.DataFrame(
        [
            (
                case.called,
                KINDS[case.kind],
                _state(case, day),
                case.owner,
                pd.Timestamp(case.review_on),
                len(case.children),
                OUTCOMES[case.outcomes[-1].found] if case.outcomes else "",
            )
            for _, case in cases
        ],
        columns=["called", "kind", "state", "owner", "review", "children", "outcome"],
    )
    tables.show(
        rows,
        key="contexts",
        title="Cases of contexts, open ones first, by their review",
        what="context",
        ids=[entry.entry_id for entry, _ in cases],
        columns={
            "called": "Context",
            "kind": "What it is",
            "state": "State",
            "owner": "Who answers for it",
            "review": "Review",
            "children": "Children linked",
            "outcome": "Last outcome",
        },
        empty="No context has a case yet.",
    )


def _state(case: ContextCase, day: date) -> str:
    if case.closed_on is not None:
        return f"closed {words.day(case.closed_on)}"
    return "review is late" if case.overdue(day) else "open"


def read(loaded: Loaded, entry: Entry, case: ContextCase) -> None:
    """Show one case: what is the matter, what is strong, weights, plan, and what came of it."""
    frame.heading(case.called)
    frame.quiet(
        f"{KINDS[case.kind].capitalize()}. Opened {words.day(case.opened_on)}; {_state(case, loaded.day)}; review {words.day(case.review_on)}; {case.owner} answers for it."
    )
    key = f"{entry.entry_id}_{entry.turn}"
    closed = case.closed_on is not None
    with st.form(f"context_{key}"):
        concerns = st.text_area(
            "Concerns", case.concerns, key=f"concerns_{key}", disabled=closed, max_chars=4_000
        )
        strengths = st.text_area(
            "Strengths: what protects here",
            case.strengths,
            key=f"strengths_{key}",
            disabled=closed,
            max_chars=4_000,
        )
        weights = _weights(case, key, closed)
        plan = st.text_area("Plan", case.plan, key=f"plan_{key}", disabled=closed, max_chars=4_000)
        one, other = st.columns(2)
        with one:
            owner = st.text_input("Who answers for it", case.owner, key=f"owner_{key}", disabled=closed)
        with other:
            review = st.date_input(
                "Review", case.review_on, key=f"review_{key}", disabled=closed, format="DD/MM/YYYY"
            )
        if st.form_submit_button("Keep", type="primary", disabled=closed):
            changed = {
                "concerns": concerns.strip(),
                "strengths": strengths.strip(),
                "plan": plan.strip(),
                "owner": owner.strip(),
                "review_on": review.isoformat(),
                "weights": weights,
            }
            _keep(entry, lambda: context_from_dict({**case.to_dict(), **changed}), "The case is kept.")
    frame.mind_words(case.concerns, case.strengths, case.plan)
    _outcomes(loaded, entry, case)


def _weights(case: ContextCase, key: str, closed: bool) -> dict[str, str]:
    """Ask how much each context weighs."""
    st.html('<p class="cm-quiet">How much does each context weigh on the safety of the children here?</p>')
    places = st.columns(3)
    found = {}
    for number, (around, label) in enumerate(AROUND.items()):
        with places[number % 3]:
            now = case.weights.get(around, "unknown")
            found[around] = st.selectbox(
                label,
                list(WEIGHTS),
                index=list(WEIGHTS).index(now),
                format_func=WEIGHTS.__getitem__,
                key=f"weight_{around}_{key}",
                disabled=closed,
            )
    return found


def _outcomes(loaded: Loaded, entry: Entry, case: ContextCase) -> None:
    """Show what came of the work over time, and ask for what is seen now."""
    frame.heading("Over time")
    frame.lines(
        f'<div class="cm-row"><b>{markup(words.day(each.on))}: {markup(OUTCOMES[each.found])}</b><div class="cm-quiet">{markup(each.how)}</div></div>'
        for each in case.outcomes
    )
    if not case.outcomes:
        frame.quiet("Nothing has been said yet of how it goes.")
    if case.closed_on is not None:
        frame.quiet(f"Closed because: {case.closed_because}")
        return
    with st.form(f"outcome_{entry.entry_id}", clear_on_submit=True):
        one, other = st.columns([2, 1])
        with one:
            found = st.segmented_control(
                "How is it now?",
                list(OUTCOMES),
                format_func=OUTCOMES.__getitem__,
                key=f"found_{entry.entry_id}",
            )
        with other:
            on = st.date_input("On", loaded.day, key=f"on_{entry.entry_id}", format="DD/MM/YYYY")
        how = st.text_input("How do you know?", key=f"how_{entry.entry_id}", max_chars=1_000)
        if st.form_submit_button("Add"):
            _keep(entry, lambda: with_outcome(case, Outcome(on, found or "", how)), "The outcome is kept.")
    with st.popover("Close the case", icon=":material/task_alt:"):
        why = st.text_input("Why is it closed?", key=f"close_{entry.entry_id}", max_chars=1_000)
        if st.button("Close it", key=f"close_button_{entry.entry_id}"):
            _keep(
                entry,
                lambda: replace(case, closed_on=loaded.day, closed_because=why.strip()),
                "The case is closed; it stays in the list.",
            )


def beside(loaded: Loaded, entry: Entry, case: ContextCase) -> None:
    """Show the children, what the records say now, and how to leave with the case."""
    label = answers.labels(loaded, state.names_shown())
    there = f"{case.kind}:{case.key}" in things(loaded)
    now = children_of(loaded, case.kind, case.key) if there else []
    more, fewer = children_since(case, now)
    frame.heading(f"Children linked ({len(case.children)})")
    frame.lines(f'<div class="cm-row">{markup(label_of(child, label))}</div>' for child in case.children)
    if not there:
        frame.quiet("As you see the case, the records do not tie two or more children to this context now.")
    if more:
        frame.heading(f"Tied to it by the records since ({len(more)})")
        frame.lines(f'<div class="cm-row">{markup(label_of(child, label))}</div>' for child in more)
        if case.closed_on is None and st.button(
            "Link these children to the case", key=f"link_{entry.entry_id}"
        ):
            _keep(
                entry,
                lambda: replace(case, children=tuple(sorted({*case.children, *more}))),
                "The children are linked.",
            )
    if fewer and there:
        frame.quiet(
            f"{words.count(len(fewer), 'child', 'children').capitalize()} linked to the case whom the records do not tie to it now."
        )
    page, what = PAGES[case.kind]
    if there:
        st.button(
            "Open the evidence",
            key=f"evidence_{entry.entry_id}",
            icon=":material/folder_open:",
            on_click=state.open_page,
            args=(page, what, case.key if case.kind == "group" else f"{case.kind}:{case.key}"),
        )
    called: Mapping[str, str] = {
        child: label_of(child, answers.labels(loaded, False)) for child in case.children
    }
    for ending, name in (("docx", "Case (Word)"), ("pdf", "Case (PDF)")):
        st.download_button(
            name,
            partial(_document, case, called, ending, loaded.question.name),
            file_name=f"context-{entry.entry_id}.{ending}",
            key=f"context_{ending}",
            icon=":material/description:",
        )
    with st.expander("Every change, with who made it"):
        frame.lines(
            f'<div class="cm-row">{markup(words.moment(turn.at))} UTC: {markup(turn.by)}</div>'
            for turn in reversed(desk.history(KIND, entry.entry_id))
        )


def _document(case: ContextCase, called: Mapping[str, str], ending: str, name: str) -> bytes:
    return document_bytes(draw_context(case, called, case_name=name), f".{ending}")


def _keep(entry: Entry, build: Callable[[], ContextCase], done: str) -> None:
    desk.attempt_here(
        lambda: desk.keep(KIND, build().to_dict(), entry_id=entry.entry_id, after=entry.turn), done
    )


def method() -> None:
    """Say what the page is made of."""
    st.html(words.method_html(METHOD, LIMITS))
