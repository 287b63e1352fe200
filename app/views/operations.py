"""Operations: which adults, things and places share children, and what that rests on."""

import streamlit as st

from app import (
    answers,
    candidate,
    data,
    downloads,
    evidence,
    frame,
    grid,
    maps,
    network,
    operations,
    spots,
    state,
    tables,
    words,
)
from app.documents import operation_pack

loaded = data.load()
label = answers.labels(loaded, state.names_shown())
found = answers.candidates(loaded)
frame.title("Operations", f"{operations.answer(found)} {operations.NOT_FACTS}")
if found.summary.empty:
    frame.quiet(operations.EMPTY)
    st.stop()

called = operations.titles(found)
state.pick("operation", "Candidate", list(called), called, empty="All candidates", width=760)
chosen = state.known_choice("operation", called)

if chosen is not None:
    contacts = answers.operation_contacts(loaded, chosen, state.names_shown())
    children = operations.children_of(found, chosen)
    items = answers.operation_items(loaded, chosen)
    nodes, edges, left_out = candidate.picture(loaded, chosen, contacts, children, label)
    part = state.known_choice("operation_part", operations.parts(contacts, children, edges["id"]))
    picture, panel = frame.picture_and_panel()
    with picture:
        grid.show(
            operations.grid(found, chosen, contacts, children, label),
            key=chosen,
            title="Records that tie each child to each contact: choose a number to open them",
            what="operation_part",
            read=lambda cell: operations.part(cell, contacts, children),
            name="operation",
        )
        candidate.chart(nodes, edges, contacts, chosen=part, key=chosen)
        st.html(network.legend(nodes, edges, loaded))
        network.send_on(loaded, nodes, edges, title=called[chosen], key="operation")
        if left_out:
            frame.quiet(
                f"{words.count(left_out, 'more child', 'more children')} are in the table and not in the chart."
            )
    with panel:
        if part is not None:
            st.button(
                "Back to the candidate",
                key="close_part",
                icon=":material/arrow_back:",
                type="tertiary",
                on_click=state.choose,
                args=("operation_part", None),
            )
            candidate.opened(loaded, part, items, contacts, label)
        else:
            candidate.why(loaded, chosen, contacts)
        frame.heading("Operation pack: everything here as a document")
        named = state.names_shown()
        downloads.document(
            lambda: operation_pack.operation_paper(loaded, chosen, names=named),
            name=f"operation-pack-{chosen}",
            key=f"pack_{chosen}",
            case=loaded.question.name,
            named=named,
        )
    time, where = st.columns([3, 2], gap="medium")
    with time:
        frame.heading("When: records by month")
        evidence.timeline(operations.dated(items), key="operation")
    with where:
        marked = answers.operation_spots(loaded, chosen)
        homes = answers.homes_by_ward(loaded, tuple(children))
        outline = answers.outline(loaded)
        frame.heading(operations.where(marked))
        if outline is None:
            frame.quiet("There is no map: the case has no ward boundaries.")
        else:
            values = homes.set_index("ward_code")["children"]
            limits = maps.breaks(values)
            deck = maps.deck(
                outline,
                values,
                limits=limits,
                measure="children of this candidate living here",
                size=(470, 340),
            )
            deck.layers.append(spots.layer(marked))
            st.pydeck_chart(
                deck,
                key="operation_map",
                height=340,
                alt="Map of the wards where the children live, with the places and events of this candidate; the tables have the same",
            )
            st.html(maps.legend(limits, "Children of this candidate living in the ward", whole=True))
    one = answers.contact_child_table(loaded, tuple(children)).assign(
        who=lambda frame_: frame_["person_id"].map(label)
    )
    tables.show(
        one,
        key="operation_children",
        title="Children of this candidate, in the order of their ids",
        columns={
            "who": "Who",
            "age": "Age",
            "group": "Group",
            "ward": "Lives in ward",
            "links": "Links to others here",
        },
    )

shown = operations.listing(found)
tables.show(
    shown,
    key="operations",
    title="All candidates: choose one to open it",
    beside="What the chosen candidate rests on is beside the table at the top.",
    what="operation",
    ids=shown["operation_id"].tolist(),
    columns={
        "rank": "Rank",
        "shape": "Shape",
        "victims": "Children",
        "contacts": "Contacts",
        "reach": "Circles brought together",
        "apart": "Pairs otherwise linked",
        "harmful": "Records of harm",
        "evidence": "Records",
        "sources": "Sources",
        "agencies": "Agencies",
        "first_seen": "First",
        "last_seen": "Newest",
        "missing": "What is missing",
    },
    height=460 if chosen is None else None,
)
for note in found.notes:
    frame.quiet(note)

with frame.method():
    st.html(operations.METHOD)
