"""Peer map: who and what surrounds one child, safe and harmful, and what each link rests on."""

import streamlit as st

from app import (
    added,
    answers,
    bands,
    charts,
    data,
    desk,
    duplicates,
    evidence,
    frame,
    network,
    peer_map_adding,
    peer_map_leaving,
    peer_map_saved,
    peer_map_sheet,
    peer_maps,
    recent,
    state,
    tables,
    words,
)
from app import peer_map_page as page
from app.documents import peer_map as document
from app.names import MapNames
from app.text import markdown

loaded = data.load()
all_grades = bands.whole(loaded)
top = st.container()
label = answers.labels(loaded, state.names_shown())
young = answers.young_people(loaded)
controls = st.container(horizontal=True, vertical_alignment="bottom")
with controls:
    together = duplicates.merged(loaded)
    child = state.find_person("child", "Find a child", young, duplicates.found_by(label, together))
    saved = peer_map_saved.saved(child)
    if child is not None:
        peer_map_saved.choose_map(child, saved)
        page.who()
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
                    markdown(label[person]),
                    key=f"peer_{heading}_{person}",
                    on_click=state.choose,
                    args=("child", person),
                    help="Open this child's peer map",
                )
    peer_map_saved.maps_due(label)
    st.stop()

# Always there, so that the chart below keeps its place and is not drawn anew.
boxes, standing = st.container(), st.container()
picture, panel = frame.picture_and_panel()
with picture:
    chart, chips = st.container(), st.container()
with chips:
    steps, wanted, within = page.filters()

work = peer_maps.work_on(child, saved, today=state.work_day())
entered = desk.entries("record")
# What another role added is drawn once it has come through the network, as far as this one may see it.
mine = desk.readable(entered)
by_hand = added.added(mine)
late = added.added(peer_maps.just_added(mine, loaded.question.additions))
asked = (child, steps, wanted, within)
gone = added.added(peer_maps.taken_back(entered, loaded.question.additions))
known = added.without(answers.around(loaded, *asked, state.grades()), gone)
around = added.around(loaded, known, late, by_hand)
names = MapNames(
    added.labels(label, late, shown=state.names_shown()),
    added.names_of(loaded, late),
    added.labels(answers.labels(loaded, False), late, shown=False),
)
rings = bands.peer_places(all_grades, *asked)
shown = network.pictured(around)
where = added.in_context(shown.nodes, charts.put(rings, work.sheet.positions))
nodes, edges = network.peer_map(loaded, child, shown, names.people, where=where, called=names.called)
nodes = nodes.assign(mark=[said.view if (said := work.sheet.views.get(node)) else "" for node in nodes["id"]])
rows = answers.surroundings(loaded, child, around, called=names.called)
frame.title(
    f"Peer map of {label[child]}", words.peer_answer(rows), place=top, steady=True,
    further=duplicates.read_as_one(child, together),
)  # fmt: skip
with controls:
    page.buttons(work, nodes, rings)
with boxes:
    peer_map_adding.add_boxes(work, nodes, names, label[child])
with standing:
    peer_map_saved.standing(work, saved, names)

chosen = state.known_choice("link", around.edges["id"])
node = state.known_choice("map_node", nodes["id"])
with chart:
    network.chart(
        nodes,
        edges,
        what="link",
        chosen=chosen or node,
        key=f"peer_{child}",
        height=600,
        where=where,
        node="map_node",
        on_move=page.on_move(work, nodes, names),
    )
    st.html(network.legend(nodes, edges, loaded))
with picture:
    frame.quiet(
        "Drag anything to where it belongs. As arranged by context: home and family, peers, school, places, phones and accounts, online; protective people nearest, adults of concern apart at the edge."
    )
    if around.left_out:
        frame.quiet(
            f"{words.count(around.left_out, 'person', 'people')} two steps away are left out of the picture: filter to see them."
        )
    if len(shown.nodes) < len(around.nodes):
        frame.quiet(
            f"{words.number(len(around.nodes) - len(shown.nodes))} of {words.number(len(around.nodes))} are in the table and not in the picture, which would be too full to be read: those linked by what nobody stated and by the fewest records. Filter to see them."
        )
with panel:
    page.look_at(child, nodes, names)
    if chosen is not None:
        page.back()
        row = around.edges[around.edges["id"] == chosen].iloc[0]
        page.link_panel(loaded, row, late.entries.get(chosen, ()), names, key="peer_link")
    elif node is not None and node != f"person:{child}":
        page.back()
        page.node_panel(work, node, nodes, rows, names)
    else:
        evidence.surroundings(rows, names.people, child)

peer_map_sheet.safety_map(work, rows, names)
peer_map_sheet.actions_and_notes(work)
peer_map_saved.keep_map(work, nodes)
peer_map_saved.history(work)
drawn = document.Drawn(
    child=str(label[child]),
    nodes=nodes,
    edges=edges,
    rows=rows.assign(who=[words.who(row, names.people) for row in rows.to_dict("records")]),
    sheet=work.sheet,
    saved=None if work.saved is None else work.saved.found,
    names={node: names.of(node) for node in nodes["id"]},
    as_of=loaded.analysis.as_of,
    today=state.work_day(),
)
peer_map_leaving.take_away(loaded, drawn)

listed = rows.assign(
    who=[words.who(row, names.people) for row in rows.to_dict("records")],
    nature=[words.nature(nature) for nature in rows["nature"]],
    place=[peer_map_sheet.said(work.sheet, other) for other in rows["other"]],
)
tables.show(
    listed,
    key="peer_map",
    title="Everyone and everything linked to this child: choose a row to see what it rests on",
    what="link",
    empty="Nobody and nothing yet. Add a person, a place or a thing in the boxes above the picture.",
    ids=rows["id"].tolist(),
    beside="What the chosen link rests on is beside the picture.",
    columns={
        "who": "Who or what",
        "is": "Is",
        "context": "Context",
        "how": "How it is known",
        "nature": "Nature",
        "place": "By the young person's word",
        "items": "Items",
        "sources": "Sources",
        "first_seen": "First",
        "last_seen": "Newest",
    },
)

with frame.method():
    st.html(
        "<p>The map draws together what is already held about one child, so that those who matter for their safety can be seen together. It is not surveillance and not proof: "
        "every line opens to the records it rests on, with who said it and how reliable that is. The place of a symbol says which part of life it belongs to, or is where somebody put it, nothing else.</p>"
        "<p>Schools and placements come from the child's own record and are shown whatever the grades chosen. What is added by hand is drawn at once and becomes part of everybody's network when a page is next opened; it is not graded, so it is there only with all grades. "
        "What the young person says of a place is part of this map alone: it changes no record and no figure.</p>"
        "<p>A saved map has one of two purposes, an owner, a day of review and a day on which it closes. Each change is kept with who made it and when; undo takes back only what you did yourself, and nothing is ever deleted from the history.</p>"
    )
