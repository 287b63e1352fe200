"""Duplicates: which records may be of one person; the machine suggests, a person decides."""

import streamlit as st

from app import data, duplicates, frame, state, tables, words
from app.text import markdown, markup

loaded = data.load(linked=False)
top = st.container()
with st.spinner("Comparing people with each other: names, dates of birth, postcodes"):
    near = duplicates.suggested(loaded)
label = duplicates.labels(loaded, state.names_shown())
history = duplicates.decisions(history=True)
standing = history[history["superseded_at"].isna() & (history["judgement"] != "withdrawn")]
pairs = duplicates.asked(near, standing, duplicates.people(loaded).index)
frame.title("Duplicates", duplicates.answer(pairs), place=top)
for contradiction in duplicates.contradictions(loaded, standing):
    st.html(f'<p class="cm-note"><b>Decisions contradict each other.</b> {markup(contradiction)}</p>')
every = duplicates.listed(pairs, "All", label)

with st.container(horizontal=True, vertical_alignment="bottom"):
    which = st.segmented_control(
        "Show",
        duplicates.FILTERS,
        key="duplicates_which",
        default="To decide",
        required=True,
        persist_state="session",
    )
    rows = duplicates.listed(pairs, which, label)
    called = {row["pair"]: f"{row['one']} and {row['other']}" for row in every.to_dict("records")}
    waiting = rows["pair"].tolist()
    now = state.known_choice("pair", called)
    offered = waiting if now is None or now in waiting else [now, *waiting]
    if offered:
        state.pick("pair", "Two records", offered, called, empty=None, width=640)

chosen = state.known_choice("pair", called) or (waiting[0] if waiting else None)
if chosen is None:
    frame.quiet("There is nothing to show here: choose All, or come back when there are new records.")
else:
    row = every[every["pair"] == chosen].iloc[0].to_dict()
    one, other = row["person_a"], row["person_b"]
    last, decision = duplicates.turn(history, one, other)
    picture, panel = frame.picture_and_panel()
    with picture:
        frame.heading(f"{row['one']} and {row['other']}: {row['strength']}")
        found = duplicates.people(loaded).loc[[one, other]]
        sides = duplicates.side_by_side(found, row, shown=state.names_shown())
        tables.show(
            sides,
            key="side_by_side",
            title="Side by side",
            columns={"field": "What", "one": one, "other": other, "said": "The two records"},
        )
        if not state.names_shown():
            frame.quiet(
                "Names, dates of birth and addresses are shown with full names: choose Initials at the top and say why you need them."
            )
        frame.heading("What speaks for one person, and what against")
        st.html(duplicates.weights_html(duplicates.weights(row)))
        frame.quiet(
            f"Not the same, or not quite: {row['differs']}. The weights are worked out from this case; they are not proof, and nothing is done because of them."
        )
    with panel:
        if row["linked_otherwise"]:
            st.html(
                f'<p class="cm-note"><b>This contradicts it:</b> the two are recorded {markup(row["linked_otherwise"])}. '
                "Nobody is recorded with themselves, unless one report was written down twice.</p>"
            )
        frame.heading("Decide")
        if decision is not None:
            st.html(
                f'<div class="cm-card"><b>{markup(duplicates.DECISIONS[decision["judgement"]]).capitalize()}</b>, decided by {markup(decision["by"])} '
                f'on {words.day(decision["at"])}<div class="cm-quote">{markup(decision["why"], limit=400)}</div></div>'
            )
        st.text_input("Your name", key=state.USER, max_chars=80, persist_state="session")
        st.text_input("How do you know? A few words are kept with the decision", key=state.WHY, max_chars=300)
        with st.container(horizontal=True):
            for judgement, said in (
                ("same", "One person"),
                ("different", "Two people"),
                ("unsure", "Not sure yet"),
            ):
                st.button(
                    said,
                    key=f"decide_{judgement}",
                    disabled=decision is not None and decision["judgement"] == judgement,
                    on_click=duplicates.decide,
                    args=(one, other, judgement, last),
                )
            if decision is not None:
                st.button(
                    "Take it back",
                    key="decide_withdrawn",
                    icon=":material/undo:",
                    type="tertiary",
                    on_click=duplicates.decide,
                    args=(one, other, "withdrawn", last),
                )
        if said := state.said_once():
            kept = said.startswith(duplicates.KEPT)
            st.html(
                f'<p class="{"cm-card" if kept else "cm-note"}" role="{"status" if kept else "alert"}">{markup(said)}</p>'
            )
        frame.quiet(
            "One person: everything recorded of both is read as one, and the network is worked out anew when you open another page. It can be taken back at any time; the records themselves stay as they are."
        )
        frame.heading("What each is tied to")
        for person, tab in zip(
            (one, other), st.tabs([markdown(label[one]), markdown(label[other])]), strict=True
        ):
            with tab:
                st.html(duplicates.tied_html(duplicates.tied(loaded, person), label))

tables.show(
    rows,
    key="duplicates",
    title="Pairs of records, those that agree most first",
    what="pair",
    ids=rows["pair"].tolist(),
    columns={
        "one": "One record",
        "other": "Other record",
        "strength": "How much agrees",
        "differs": "What does not, or not quite",
        "linked_otherwise": "Recorded together",
        "decided": "Decided",
        "match_weight": "Weight",
    },
    empty="Nothing waits for a decision.",
)
tables.show(
    duplicates.told(history, label),
    key="decisions",
    title="Every decision there has been, the newest first",
    columns={
        "at": "When",
        "one": "One record",
        "other": "Other record",
        "decided": "Decided",
        "by": "By",
        "why": "Why",
        "stands": "Stands",
    },
    empty="Nobody has decided anything yet.",
)

with frame.method():
    st.html(
        "<p>Names, dates of birth, postcodes and sex of people are compared two by two. What two records have in common counts by how seldom two different people "
        "have it in common in this case, so that a rare name counts more than a common one; short forms and spellings of names, names and dates the other way round and single slips are allowed for. "
        "Each weight is a number of doublings: +3 makes it eight times as likely as before that the two are one person.</p>"
        "<p>The weights take the comparisons to be independent, and they are not quite: twins share a family name, a home and a date of birth, "
        "and so stand among the first. That is why a person decides. Nothing is ever merged by itself, and what was merged can be taken apart again: the records stay as they were written.</p>"
        "<p>Decisions are kept beside the case with who made them, when and why; a later decision stands in place of an earlier one, which stays in the list.</p>"
    )
