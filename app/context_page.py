"""Draw the parts of the Contexts page: the cases there are, and one of them to read, change and close."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from app import answers, desk, frame, kinds, state, tables, words
from app.data import Loaded, kept
from app.documents.context import draw_context
from app.documents.files import document_bytes
from app.names import label_of
from app.text import markup
from mapping.access import Viewer, reaches_others
from mapping.contexts import (
    AROUND,
    KIND,
    KINDS,
    LONGEST,
    OUTCOMES,
    WEIGHTS,
    ContextCase,
    Outcome,
    children_since,
    context_from_dict,
    contexts,
    with_outcome,
)
from mapping.entries import Entry, merged_text

REVIEW_DAYS, LISTED = 28, 12
SEEN, TOLD = "context_seen", "context_told"
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


NOT_HOMES = ("home", "foster_home")
"""Places that have a case only where they tie two or more children."""

MOST_CHILDREN = 5_000
"""Children of a case up to which all can be linked to a context; beyond it, those whom the records tie to it."""

OTHERS_READ = (
    "Social workers and the chair of the meeting read this case too. Write nothing here that rests on a report under "
    "handling code C unless its conditions are met; a case that you open yourself is for analysts."
)
WRITTEN = {
    "concerns": "Concerns",
    "strengths": "Strengths: what protects here",
    "plan": "Plan",
    "owner": "Who answers for it",
    "review_on": "Review",
    "weights": "Weights",
}
"""What is written in the form of a case."""
TEXTS = ("concerns", "strengths", "plan")
"""Of that, what may run to many lines: where two write it at once, the lines of both stay."""


@dataclass(frozen=True)
class Thing:
    """Something that can have a case: its kind, id, what to call it, and what it is."""

    kind: str
    key: str
    called: str
    what: str

    @property
    def id(self) -> str:
        """One text that tells it from every other."""
        return f"{self.kind}:{self.key}"


@kept
def things(loaded: Loaded) -> dict[str, Thing]:
    """Return everything that can have a case, as this viewer knows it."""
    groups = answers.group_table(loaded)
    found = [
        Thing("group", group, called, "group")
        for group, called in zip(groups["group_id"], groups["label"], strict=True)
    ]
    contacts = answers.contact_table(loaded, False)
    contacts = contacts[contacts["contact_type"].isin(("location", "thing"))]
    found += [
        Thing(row.contact_type, str(row.contact_id), str(row.called), kinds.KINDS[row.kind].label)
        for row in contacts.itertuples(index=False)
    ]
    # A school ties all its pupils, and so none; a place may harm the first child who is seen there.
    for kind, table, names in (
        ("location", "locations", answers.place_names(loaded)),
        ("thing", "things", answers.thing_names(loaded)),
    ):
        rows = answers.table(loaded, table)
        found += [
            Thing(kind, str(key), str(names[str(key)]), kinds.KINDS[kinds.contact_kind(kind, of)].label)
            for key, of in zip(rows[f"{kind}_id"], rows["kind"], strict=True)
            if of not in NOT_HOMES
        ]
    return {thing.id: thing for thing in found}


def what_it_is(loaded: Loaded, case: ContextCase) -> str:
    """Return what a context is, as closely as this viewer knows it: "school", "phone"."""
    known = things(loaded).get(f"{case.kind}:{case.key}")
    return KINDS[case.kind] if known is None else known.what


def children_of(loaded: Loaded, kind: str, key: str) -> list[str]:
    """Return the children whom the records tie to a context now."""
    if kind == "group":
        members = answers.members(loaded)
        inside = members[(members["group_id"] == key) & (members["kind"] == "child")]
        return sorted(inside["person_id"])
    seen = _tied(loaded, kind, key, school=False)
    return sorted({*seen, *answers.contact_children(loaded, kind, key)})


def _tied(loaded: Loaded, kind: str, key: str, *, school: bool) -> list[str]:
    """Return the children who were at a place or used a thing, or with `school` those who go to school there."""
    tied = answers.ties(loaded, "all")
    there = (tied["contact_type"] == kind) & (tied["contact_id"].astype(str) == key)
    found = tied.loc[there & ((tied["tie"] == "goes to school there") == school), "person_id"]
    of = answers.person_kinds(loaded)
    return sorted({person for person in found if of.get(person) == "child"})


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
    label = pd.Series({key: f"{thing.called} ({thing.what})" for key, thing in found.items()}, dtype=object)
    chosen = state.find(
        "context_of", "What is it about?", list(found), label, typed="a name", empty="Type to find it"
    )
    if chosen is not None and (there := _running(loaded, found[chosen])) is not None:
        frame.quiet(f"{found[chosen].called} has an open case already, so none is opened twice.")
        st.button(
            "Open that case", key="context_there", type="primary", on_click=_go_to, args=(there.entry_id,)
        )
        return
    concerns = st.text_area("What is the concern?", key="context_concerns", max_chars=4_000, height=90)
    frame.mind_words(concerns)
    one, other = st.columns(2)
    with one:
        owner = st.text_input("Who answers for it?", key="context_owner", max_chars=100)
    with other:
        review = st.date_input(
            "Look at it again on",
            value=state.work_day() + timedelta(days=REVIEW_DAYS),
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
                state.work_day(),
                review,
                children=tuple(children_of(loaded, thing.kind, thing.key)),
            )
            _go_to(desk.keep(KIND, case.to_dict(), why="opened").entry_id)

        desk.attempt_here(begin, "The case is open.")


def _running(loaded: Loaded, thing: Thing) -> Entry | None:
    """Return the open case of something, read by the same people as one that this viewer opens."""
    mine = loaded.question.viewer.sees_restricted
    for entry, case in held(loaded):
        same = (case.kind, case.key) == (thing.kind, thing.key)
        if same and case.closed_on is None and Viewer(case.role).sees_restricted == mine:
            return entry
    return None


def _go_to(entry_id: str) -> None:
    """Open a case, and begin the next one with an empty box."""
    state.choose("context", entry_id)
    state.choose("context_of", None)


def listed(loaded: Loaded, cases: Sequence[tuple[Entry, ContextCase]]) -> None:
    """Show every case as a row."""
    rows = pd.DataFrame(
        [
            (
                case.called,
                what_it_is(loaded, case),
                _state(case, loaded.day),
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
    readers = " Analysts alone read it." if Viewer(case.role).sees_restricted else ""
    what = what_it_is(loaded, case)
    frame.quiet(
        f"{what[:1].upper()}{what[1:]}. Opened {words.day(case.opened_on)}; {_state(case, loaded.day)}; review {words.day(case.review_on)}; {case.owner} answers for it.{readers}"
    )
    if case.closed_on is None:
        desk.who()
    # The boxes stay as they were filled while somebody else keeps the case, so that what is typed is not lost.
    seen = _seen(entry)
    before = context_from_dict(seen.content)
    others = reaches_others(entry.content, loaded.question.viewer)
    typed = _form(before, f"{entry.entry_id}_{state.turn(SEEN)}", others=others)
    if typed is not None:
        _keep_typed(entry, case, seen, typed)
    elif entry.turn > seen.turn:
        _meanwhile(entry, case, before)
    frame.mind_words(case.concerns, case.strengths, case.plan, *(each.how for each in case.outcomes))
    _outcomes(loaded, entry, case)


def _seen(entry: Entry) -> Entry:
    """Return the turn of a case that the boxes were filled with."""
    seen: Entry | None = state.in_hand(SEEN)
    if seen is None or seen.entry_id != entry.entry_id:
        forget_seen()
        state.take_in_hand(SEEN, entry)
        return entry
    return seen


def forget_seen() -> None:
    """Have the boxes of a case filled anew (for callbacks too)."""
    state.take_in_hand(SEEN, None)
    state.next_turn(SEEN)


def _form(case: ContextCase, key: str, *, others: bool) -> dict[str, Any] | None:
    """Show what is written of a case; return what was typed once it is to be kept."""
    closed = case.closed_on is not None
    common: dict[str, Any] = {"disabled": closed, "max_chars": LONGEST}
    with st.form(f"context_{key}"):
        concerns = st.text_area(WRITTEN["concerns"], case.concerns, key=f"concerns_{key}", **common)
        strengths = st.text_area(WRITTEN["strengths"], case.strengths, key=f"strengths_{key}", **common)
        weights = _weights(case, key, closed)
        plan = st.text_area(WRITTEN["plan"], case.plan, key=f"plan_{key}", **common)
        one, other = st.columns(2)
        with one:
            owner = st.text_input(
                WRITTEN["owner"], case.owner, key=f"owner_{key}", disabled=closed, max_chars=100
            )
        with other:
            review = st.date_input(
                WRITTEN["review_on"],
                case.review_on,
                key=f"review_{key}",
                disabled=closed,
                format="DD/MM/YYYY",
            )
        if others:
            frame.quiet(OTHERS_READ)
        if not st.form_submit_button("Keep", type="primary", disabled=closed):
            return None
    return {
        "concerns": concerns.strip(),
        "strengths": strengths.strip(),
        "plan": plan.strip(),
        "owner": owner.strip(),
        "review_on": review.isoformat(),
        "weights": weights,
    }


def _keep_typed(entry: Entry, case: ContextCase, seen: Entry, typed: dict[str, Any]) -> None:
    """Keep what was changed; where somebody else kept the case meanwhile, say what they wrote first."""
    before = context_from_dict(seen.content)
    if entry.turn not in (seen.turn, state.in_hand(TOLD)):
        state.take_in_hand(TOLD, entry.turn)
        frame.refused(
            "Nothing was kept yet, and what you typed is still here: press Keep again to put what you changed on top of what they wrote."
        )
        _meanwhile(entry, case, before)
        return
    was, now = before.to_dict(), case.to_dict()
    changed = {name: value for name, value in typed.items() if value != was[name]}
    merged = {name: merged_text(now[name], was[name], typed[name]) for name in TEXTS if name in changed}

    def keep() -> Entry:
        found = context_from_dict({**now, **changed, **merged})
        why = ", ".join(WRITTEN[name].partition(":")[0].lower() for name in changed) or "looked at"
        turn = desk.keep(KIND, found.to_dict(), why=why, entry_id=entry.entry_id, after=entry.turn)
        forget_seen()
        return turn

    desk.attempt_here(keep, "The case is kept.")


def _meanwhile(entry: Entry, case: ContextCase, before: ContextCase) -> None:
    """Say what somebody else wrote while the boxes were open, and offer to show it in them."""
    now, was = case.to_dict(), before.to_dict()
    frame.quiet(
        f"{entry.by} kept this case at {words.clock(entry.at):%H:%M}, while you had it open. They wrote:"
    )
    other = [name for name in WRITTEN if now[name] != was[name]]
    frame.lines(
        f'<div class="cm-row"><b>{markup(WRITTEN[name])}</b>: {markup(_said(now[name]), limit=600)}</div>'
        for name in other
    )
    if not other:
        frame.quiet("Nothing that stands in these boxes: an outcome, children or the end of the case.")
    st.button(
        "Show theirs, without what I typed",
        key=f"context_theirs_{entry.entry_id}",
        on_click=forget_seen,
    )


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{AROUND[around]} {WEIGHTS[weight]}" for around, weight in value.items())
    return str(value)


def _weights(case: ContextCase, key: str, closed: bool) -> dict[str, str]:
    """Ask how much each context weighs."""
    st.html('<p class="cm-quiet">How much does each context weigh on the safety of the children here?</p>')
    places = st.columns(3)
    found = {}
    for number, (around, label) in enumerate(AROUND.items()):
        with places[number % 3]:
            now = case.weights.get(around, "unknown")
            weight = st.selectbox(
                label,
                list(WEIGHTS),
                index=list(WEIGHTS).index(now),
                format_func=WEIGHTS.__getitem__,
                key=f"weight_{around}_{key}",
                disabled=closed,
            )
        if weight != "unknown" or around in case.weights:
            found[around] = weight
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
    others = reaches_others(entry.content, loaded.question.viewer)
    today = state.work_day()
    # Emptied by its turn, and so only once the outcome is kept, whoever else adds one meanwhile.
    form = f"outcome_{entry.entry_id}"
    key = f"{entry.entry_id}_{state.turn(form)}"
    with st.form(f"outcome_{key}"):
        found = st.segmented_control(
            "How is it now?", list(OUTCOMES), format_func=OUTCOMES.__getitem__, key=f"found_{key}"
        )
        on = st.date_input("On", today, max_value=today, key=f"on_{key}", format="DD/MM/YYYY", width=200)
        how = st.text_input("How do you know?", key=f"how_{key}", max_chars=1_000)
        if others:
            frame.quiet(OTHERS_READ)
        if st.form_submit_button("Add"):
            _keep(
                entry,
                lambda: with_outcome(case, Outcome(on, found or "", how)),
                "The outcome is kept.",
                why="an outcome",
                form=form,
            )
    with st.popover("Close the case", icon=":material/task_alt:"):
        reason = st.text_input("Why is it closed?", key=f"close_{entry.entry_id}", max_chars=1_000)
        if others:
            frame.quiet(OTHERS_READ)
        if st.button("Close it", key=f"close_button_{entry.entry_id}"):
            _keep(
                entry,
                lambda: replace(case, closed_on=today, closed_because=reason.strip()),
                "The case is closed; it stays in the list.",
                why="closed",
            )


def beside(loaded: Loaded, entry: Entry, case: ContextCase) -> None:
    """Show the children, what the records say now, and how to leave with the case."""
    label = answers.labels(loaded, state.names_shown())
    there = f"{case.kind}:{case.key}" in things(loaded)
    now = children_of(loaded, case.kind, case.key) if there else []
    more, fewer = children_since(case, now)
    frame.heading(f"Children linked ({len(case.children)})")
    frame.lines(
        (f'<div class="cm-row">{markup(label_of(child, label))}</div>' for child in case.children),
        scrolled="Children linked" if len(case.children) > LISTED else "",
    )
    if not now:
        frame.quiet("As you see the case, the records tie no child to this context now.")
    others = reaches_others(entry.content, loaded.question.viewer)
    if more:
        frame.heading(f"Tied to it by the records since ({len(more)})")
        frame.lines(
            (f'<div class="cm-row">{markup(label_of(child, label))}</div>' for child in more),
            scrolled="Tied to it since" if len(more) > LISTED else "",
        )
        if others:
            frame.quiet(
                "As you see the records: others who read this case may not see why, so they are not linked from here."
            )
        elif case.closed_on is None and st.button(
            "Link these children to the case", key=f"link_{entry.entry_id}"
        ):
            _link(entry, case, [*case.children, *more])
    if fewer and there:
        frame.quiet(
            f"{words.count(len(fewer), 'child', 'children').capitalize()} linked to the case whom the records do not tie to it now."
        )
    if case.closed_on is None:
        _choose_children(loaded, entry, case, [] if others else more, label)
    page, what = PAGES[case.kind]
    if there and (
        case.kind == "group" or f"{case.kind}:{case.key}" in set(answers.contact_table(loaded, False)["key"])
    ):
        st.button(
            "Open the evidence",
            key=f"evidence_{entry.entry_id}",
            icon=":material/folder_open:",
            on_click=state.open_page,
            args=(page, what, case.key if case.kind == "group" else f"{case.kind}:{case.key}"),
        )
    _leave(loaded, entry, case)
    with st.expander("Every change, with who made it"):
        frame.lines(
            f'<div class="cm-row">{markup(words.moment(words.clock(turn.at)))}: {markup(turn.by)}{markup(f" ({turn.why})" if turn.why else "")}</div>'
            for turn in reversed(desk.history(KIND, entry.entry_id))
        )


def _choose_children(
    loaded: Loaded, entry: Entry, case: ContextCase, tied: Sequence[str], label: pd.Series
) -> None:
    """Show whom the case is linked to, to add and take away by hand."""
    pupils = _tied(loaded, case.kind, case.key, school=True) if case.kind == "location" else []
    every = answers.young_people(loaded)["person_id"].astype(str).tolist()
    known = list(dict.fromkeys([*case.children, *tied, *pupils]))
    offered = list(dict.fromkeys([*known, *(every if len(every) <= MOST_CHILDREN else [])]))
    with st.expander("Link or unlink children", icon=":material/group_add:"):
        if pupils:
            frame.quiet(
                f"{words.count(len(pupils), 'child', 'children').capitalize()} in this case go to school there and are not linked by that alone; they come first in the list."
            )
        form = f"children_{entry.entry_id}"
        key = f"{form}_{state.turn(form)}"
        # As they were when the box was filled: what somebody else links meanwhile stays linked.
        seen = state.in_hand(key)
        if seen is None:
            seen = list(case.children)
            state.take_in_hand(key, seen)
        if set(seen) != set(case.children):
            frame.quiet(
                f"{entry.by} linked or unlinked children while you had this open. What you change here is put on top of that."
            )
        offered = list(dict.fromkeys([*offered, *seen]))
        with st.form(key, border=False):
            chosen = st.multiselect(
                "Children linked to this case",
                offered,
                default=seen,
                format_func=lambda child: label_of(child, label),
                placeholder="Type initials or an id",
                key=f"chosen_{key}",
            )
            if st.form_submit_button("Keep these children"):
                more, fewer = set(chosen) - set(seen), set(seen) - set(chosen)
                _link(entry, case, {*case.children, *more} - fewer)


def _link(entry: Entry, case: ContextCase, children: Iterable[str]) -> None:
    linked = tuple(sorted(set(children)))
    _keep(
        entry,
        lambda: replace(case, children=linked),
        "The children are linked.",
        why="children linked",
        form=f"children_{entry.entry_id}",
    )


def _leave(loaded: Loaded, entry: Entry, case: ContextCase) -> None:
    """Offer the case as a document, with initials."""
    called: Mapping[str, str] = {
        child: label_of(child, answers.labels(loaded, False)) for child in case.children
    }
    for ending, name in (("docx", "Case (Word)"), ("pdf", "Case (PDF)")):
        st.download_button(
            name,
            partial(_document, case, called, ending, loaded.question.name, what_it_is(loaded, case)),
            file_name=f"context-{entry.entry_id}.{ending}",
            key=f"context_{ending}",
            icon=":material/description:",
            on_click="ignore",
            help="Marked OFFICIAL-SENSITIVE, with initials",
        )


def _document(case: ContextCase, called: Mapping[str, str], ending: str, name: str, what: str) -> bytes:
    return document_bytes(draw_context(case, called, case_name=name, what=what), f".{ending}")


def _keep(entry: Entry, build: Callable[[], ContextCase], done: str, *, why: str, form: str = "") -> None:
    """Keep a case as it is built, and empty the form it was built from."""

    def keep() -> None:
        turn = desk.keep(KIND, build().to_dict(), why=why, entry_id=entry.entry_id, after=entry.turn)
        state.next_turn(form)
        # The boxes follow, unless somebody else has written in them meanwhile.
        if _seen(entry).turn == entry.turn:
            state.take_in_hand(SEEN, turn)

    desk.attempt_here(keep, done)


def method() -> None:
    """Say what the page is made of."""
    st.html(words.method_html(METHOD, LIMITS))
