"""Shared contacts: which adults, things and places connect children, and whom they connect."""

import streamlit as st

from app import answers, bands, data, evidence, frame, interruption, maps, network, state, tables, words

loaded = data.load()
all_grades = bands.whole(loaded)
label = answers.labels(loaded, state.names_shown())
every = answers.contact_table(loaded, state.names_shown())
frame.title("Shared contacts", words.contacts_answer(every), steady=True)

bar = st.container(horizontal=True, vertical_alignment="bottom")
with bar:
    of_type = st.segmented_control(
        "Kind of contact",
        list(words.CONTACT_FILTERS),
        key="contacts_type",
        default="All",
        required=True,
        persist_state="session",
    )
    apart = st.toggle(
        "Only where the children are not otherwise linked", key="contacts_apart", persist_state="session"
    )
listed = answers.contacts_listed(every, of_type, apart)
if listed.empty:
    frame.quiet("No contact of this kind is tied to two or more children.")
    st.stop()
called = listed.set_index("key")["called"].to_dict()
with bar:
    state.pick("contact", "Contact", list(called), called, empty=None, width=330)
chosen = state.known_choice("contact", called) or listed["key"].iloc[0]
row = listed[listed["key"] == chosen].iloc[0]
children = answers.contact_children(loaded, row["contact_type"], row["contact_id"])

picture, panel = frame.picture_and_panel()
# What comes and goes stands in the panel, so that the picture stays where it is.
with panel:
    sure = answers.checked(loaded)
    if state.chosen("contact") not in (None, chosen):
        frame.quiet(bands.CONTACT_GONE)
how_sure = None if sure is None else answers.sure_contacts(loaded, sure)
with picture:
    where = bands.contact_places(all_grades, row["contact_type"], str(row["contact_id"]))
    nodes, edges, left_out = network.contact(loaded, row, children, label, where=where)
    link_id = state.known_choice("link", answers.links(loaded)["id"])
    network.chart(nodes, edges, what="link", chosen=link_id, key=f"contact_{chosen}", height=430, where=where)
    st.html(network.legend(nodes, edges, loaded))
    network.send_on(loaded, nodes, edges, title=words.plain_name(row["called"]), key="shared_contact")
    if left_out:
        frame.quiet(
            f"{words.count(left_out, 'more child', 'more children')} are in the table and not in the chart."
        )
    homes = answers.homes_by_ward(loaded, tuple(children))
    outline = answers.outline(loaded)
    if outline is None:
        frame.quiet("There is no map: the case has no ward boundaries.")
    else:
        values = homes.set_index("ward_code")["children"]
        limits = maps.breaks(values)
        frame.heading(f"Where these children live: {words.count(int((values > 0).sum()), 'ward')}")
        deck = maps.deck(
            outline, values, limits=limits, measure="children of this contact living here", size=(660, 360)
        )
        st.pydeck_chart(
            deck,
            key="contact_homes",
            height=360,
            alt="Map of the wards where the children live; the table beside it has the same numbers",
        )
        st.html(maps.legend(limits, "Children of this contact living in the ward", whole=True))
with panel:
    shown_link = answers.links(loaded)
    shown_link = shown_link[
        (shown_link["id"] == link_id)
        & shown_link["source"].isin(nodes["id"])
        & shown_link["target"].isin(nodes["id"])
    ]
    if len(shown_link):
        st.button(
            "Back to the contact",
            key="close_link",
            icon=":material/arrow_back:",
            type="tertiary",
            on_click=state.choose,
            args=("link", None),
        )
        evidence.link(loaded, shown_link.iloc[0], key="contact_link")
    else:
        evidence.contact(
            loaded, row, children, key="contact", sure=None if how_sure is None else how_sure.loc[chosen]
        )
    lived = homes[homes["children"] > 0]
    tables.show(
        lived,
        key="contact_homes",
        title="Homes by ward",
        columns={"ward": "Ward", "children": "Children"},
        empty="No home of these children has a ward.",
    )
    st.html(
        f'<p class="cm-quiet">{words.homes_without_ward(len(children), int(homes["children"].sum()))}</p>'
    )

columns = {}
if how_sure is not None:
    listed = listed.join(how_sure, on="key")
    columns = {"chance": "Against chance", "rests": "Rests on"}
shown = listed.assign(
    nature=[words.nature(nature) for nature in listed["nature"]],
    apart=listed["not_otherwise_linked"].map(
        {True: "not otherwise linked", False: "linked in other ways too"}
    ),
)
tables.show(
    shown,
    key="shared_contacts",
    title="Shared contacts, those that touch the most groups first",
    beside="What the chosen contact rests on is beside the picture.",
    what="contact",
    ids=listed["key"].tolist(),
    columns={
        "called": "Contact",
        "is": "Is",
        "children": "Children",
        "groups": "Groups",
        "wards": "Wards",
        "authorities": "Authorities",
        "sources": "Sources",
        "nature": "Nature",
        "apart": "The children are",
        **columns,
        "first_seen": "First",
        "last_seen": "Newest",
    },
)
one_contact = answers.contact_child_table(loaded, tuple(children)).assign(
    who=lambda frame_: frame_["person_id"].map(label)
)
tables.show(
    one_contact,
    key="contact_children",
    title=f"Children connected by {words.plain_name(row['called'])}",
    columns={
        "who": "Who",
        "age": "Age",
        "group": "Group",
        "ward": "Lives in ward",
        "links": "Links to others here",
    },
)
interruption.section(loaded, row, every)

with frame.method():
    st.html(
        "<p>A shared contact is an adult, a phone, vehicle or account, a place, an online space or an event that records tie to two or more children. "
        "The children are <b>not otherwise linked</b> when nothing but this contact links any two of them: that is where a pattern may have been missed. "
        "Being tied to a contact says nothing about what a child did; a place or a phone may have many innocent users.</p>"
        "<p><b>Tested against chance.</b> Of a place: whether its children are there together more often than children who are about as much would be; at a bus station that everybody passes they are not. "
        "Of an adult or a thing: whether it is tied to more children than others of its kind, as many contacts as those children have. Where nothing is said it was not, or could not be tested; that clears nobody. "
        "A contact <b>rests on one report</b> when without it fewer than two children would be tied to it.</p>"
        "<p>Contacts are listed by how many groups they touch, then by how many children they reach. Children are never ranked.</p>"
        + interruption.METHOD
    )
