"""Peer map: who and what surrounds one child, safe and harmful, and what each link rests on."""

import streamlit as st

from app import answers, bands, data, evidence, frame, network, recent, state, tables, words

loaded = data.load()
all_grades = bands.whole(loaded)
top = st.container()
label = answers.labels(loaded, state.names_shown())
young = answers.young_people(loaded)
child = state.find_person("child", "Find a child", young, label)
if child is None:
    frame.title(
        "Peer map",
        f"{words.count(len(young), 'child', 'children').capitalize()} and young people are in this case. Find one below to see who and what surrounds them.",
        place=top,
    )
    opened = [person for person in state.recent_children() if person in label.index]
    gone = answers.missing_now(loaded, recent.now(loaded.day))["person_id"]
    for heading, people in (
        ("Opened last", opened),
        ("Missing now", gone[gone.isin(young["person_id"])].head(8).tolist()),
    ):
        if not people:
            continue
        frame.heading(heading)
        with st.container(horizontal=True):
            for person in people:
                st.button(
                    label[person],
                    key=f"peer_{heading}_{person}",
                    on_click=state.choose,
                    args=("child", person),
                    help="Open this child's peer map",
                )
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    steps = st.segmented_control(
        "Steps from the child",
        [1, 2],
        key="peer_steps",
        default=1,
        required=True,
        persist_state="session",
        format_func=lambda step: f"{step} step" if step == 1 else f"{step} steps",
    )
    wanted = st.pills(
        "Show",
        list(words.PEER_FILTERS),
        selection_mode="multi",
        key="peer_show",
        default=list(words.PEER_FILTERS),
        persist_state="session",
    )
    within = st.selectbox(
        "Seen within", list(words.PERIODS), key="peer_within", persist_state="session", width=180
    )
around = answers.around(loaded, child, steps, tuple(wanted), words.PERIODS[within], state.grades())
where = bands.peer_places(all_grades, child, steps, tuple(wanted), words.PERIODS[within])
nodes, edges = network.peer_map(loaded, child, around, label, where=where)
rows = answers.surroundings(loaded, child, around)
frame.title(f"Peer map of {label[child]}", words.peer_answer(rows), place=top, steady=True)

picture, panel = frame.picture_and_panel()
chosen = state.known_choice("link", edges["id"])
with picture:
    network.chart(nodes, edges, what="link", chosen=chosen, key=f"peer_{child}", height=600, where=where)
    st.html(network.legend(nodes, edges, loaded))
    network.send_on(loaded, nodes, edges, title=f"Peer map of {label[child]}", key="peer_map")
    frame.quiet(
        "Around the child, sector by sector: home and family, peers, school, places, phones and accounts, online. Protective people stand nearest; adults of concern stand apart at the edge."
    )
    if around.left_out:
        frame.quiet(
            f"{words.count(around.left_out, 'person', 'people')} two steps away are left out of the picture: filter to see them."
        )
with panel:
    if chosen is not None:
        st.button(
            "Back to the child",
            key="close_link",
            icon=":material/arrow_back:",
            type="tertiary",
            on_click=state.choose,
            args=("link", None),
        )
        evidence.edge(loaded, around.edges[around.edges["id"] == chosen].iloc[0], key="peer_link")
    else:
        evidence.surroundings(rows, label, child)

shown = rows.assign(
    who=[words.who(row, label) for row in rows.to_dict("records")],
    nature=[words.nature(nature) for nature in rows["nature"]],
)
tables.show(
    shown,
    key="peer_map",
    title="Everyone and everything linked to this child: choose a row to see what it rests on",
    what="link",
    ids=rows["id"].tolist(),
    columns={
        "who": "Who or what",
        "is": "Is",
        "context": "Context",
        "how": "How it is known",
        "nature": "Nature",
        "items": "Items",
        "sources": "Sources",
        "first_seen": "First",
        "last_seen": "Newest",
    },
)

with frame.method():
    st.html(
        "<p>The map draws together what is already held about one child, so that those who matter for their safety can be seen together. It is not surveillance and not proof: "
        "every line opens to the records it rests on, with who said it and how reliable that is. The place of a symbol says which part of life it belongs to, nothing else.</p>"
        "<p>Schools and placements come from the child's own record and are shown whatever the grades chosen.</p>"
    )
