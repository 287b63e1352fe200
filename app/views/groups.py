"""Groups: which children and young people are linked closely, and what that rests on."""

import streamlit as st

from app import (
    answers,
    bands,
    changes,
    charts,
    data,
    evidence,
    frame,
    kinds,
    meeting,
    names,
    network,
    state,
    tables,
    words,
)
from app.text import markdown


def bands_compared(group: str) -> None:
    """Show, when asked, what becomes of a group on better graded evidence alone."""
    if not st.toggle("Compare with other bands of grades", key="groups_bands", persist_state="session"):
        frame.quiet("Is the group there on better graded evidence alone? Each band is worked out anew.")
        return
    found = answers.group_in_bands(loaded, group, {band: data.load(grades=band) for band in state.GRADES})
    tables.show(
        found.assign(
            lost_people=[
                words.listing([names.label_of(p, label) for p in who]) for who in found["lost_people"]
            ]
        ),
        key="group_bands",
        title="The same group by band of grades",
        columns={
            "band": "Grades",
            "said": "What is there",
            "kept": "Members kept",
            "joined": "Others in it",
            "lost_people": "Not in it",
        },
    )


def whole_picture() -> None:
    """Show, when asked, what would not be seen if some people were missing from the records."""
    with st.expander("If some people were missing from the records", key="groups_missing"):
        frame.quiet(
            "No hub knows everybody. This leaves people out at random and looks again, twenty times for each share."
        )
        if not st.toggle("Work it out", key="groups_missing_asked"):
            return
        left_out = answers.people_left_out(loaded)
        if left_out is None:
            return
        tables.show(
            left_out,
            key="left_out",
            title="What would not be seen",
            columns={
                "share": "Children and young people left out (%)",
                "jaccard": "Likeness of what is left of a group",
                "groups_dissolved": "Groups not found (%)",
                "contacts_lost": "Shared contacts not found (%)",
            },
        )


data.begin(frame.since_chosen(data.load(linked=False).day))
loaded = data.load()
all_grades = bands.whole(loaded)
label = answers.labels(loaded, state.names_shown())
every = answers.group_table(loaded)
called = answers.group_labels(loaded)
chosen = bands.chosen_group(loaded, all_grades)
frame.title("Groups", words.groups_answer(every, answers.members(loaded)), steady=True)

bar = st.container(horizontal=True, vertical_alignment="bottom")
with bar:
    box = st.container(width=360)
    since = frame.since(loaded.day, meeting=meeting.last_day(loaded))
    only = st.segmented_control(
        "Groups shown",
        list(words.GROUP_FILTERS),
        key="groups_shown",
        default="All",
        required=True,
        persist_state="session",
    )
earlier = data.load(since)
changed = answers.group_changes(loaded, earlier)
frame.quiet(changes.banner(changed, words.day(since)))
groups = answers.groups_shown(every, changed, only)
with box:
    listed = groups["group_id"].tolist()
    listed += [chosen] if chosen is not None and chosen not in listed else []
    state.pick("group", "Group", listed, called.to_dict(), empty="All groups", width=360)

picture, panel = frame.picture_and_panel()
# What comes and goes stands in the panel, so that the picture stays where it is.
with panel:
    sure = answers.checked(loaded)
    if chosen is None and state.chosen("group") is not None:
        frame.quiet(bands.GROUP_GONE)
if chosen is None:
    with picture:
        circles = bands.circles(loaded, all_grades, tuple(groups["group_id"]))
        members = circles.members
        drawn = charts.all_groups(
            members, groups, answers.bridges(loaded), called, centres=circles.centres, frame=circles.frame
        )
        picked = st.pydeck_chart(
            drawn,
            key="all_groups",
            height=540,
            on_select="rerun",
            selection_mode="single-object",
            alt="All groups of three or more as circles of dots; the table below has the same groups",
        )
        state.choose_picked("group", picked, layer="groups", field="group_id")
        listed = members[members["group_id"].isin(called.index)]
        st.html(
            kinds.legend_html(
                listed["kind"],
                extra="A circle of dots is a group; the newest evidence is in the middle. A brown line joins two groups that share a contact. Size says only how many people."
                + bands.note(loaded),
            )
        )
    with panel:
        frame.heading("Choose a group")
        frame.quiet(
            "Choose one in the box above, in the picture, or in the table below: its members, what they share, when the evidence is from, and what every link rests on."
        )
        frame.lines([words.newest_groups_html(groups.head(8), called)])
else:
    with picture:
        shared = st.toggle(
            "Show places and things they share", key="groups_shared", value=True, persist_state="session"
        )
    row = every[every["group_id"] == chosen].iloc[0]
    links = answers.group_links(loaded, chosen)
    worked_out = {} if sure is None else answers.sure_links(loaded, sure)
    inside = answers.members(loaded)
    inside = inside[inside["group_id"] == chosen]
    common = answers.group_places(loaded, chosen, state.grades())
    where = bands.group_places(loaded, all_grades, chosen)
    nodes, edges, left_out = network.group(
        loaded, inside, links, common if shared else common.iloc[:0], label, where=where
    )
    link_id = state.known_choice("link", links["id"])
    with picture:
        network.chart(
            nodes, edges, what="link", chosen=link_id, key=f"group_{bands.anchor(chosen)}", where=where
        )
        st.html(network.legend(nodes, edges, loaded))
        network.send_on(loaded, nodes, edges, title=called[chosen], key="group")
        if left_out:
            frame.quiet(f"The chart shows the first {words.number(len(nodes))} of them; the tables hold all.")
    with panel:
        if link_id is not None:
            st.button(
                "Back to the group",
                key="close_link",
                icon=":material/arrow_back:",
                type="tertiary",
                on_click=state.choose,
                args=("link", None),
            )
            evidence.link(
                loaded,
                links[links["id"] == link_id].iloc[0],
                key="group_link",
                chance=worked_out.get(link_id, ""),
            )
        else:
            frame.heading(f"{called[chosen]}: {words.group_facts(row)}")
            frame.quiet(evidence.group_certainty(answers.group_items(loaded, chosen)))
            if sure is not None:
                frame.certain(answers.sure_groups(loaded, sure)["said"].get(chosen, ""))
            frame.lines(changes.since_html(changed, chosen, label, words.day(since)))
            people, places, time, items, bands = st.tabs(
                ["Members", "Places and things", "Timeline", "Evidence", "Grades"]
            )
            with people:
                listed = answers.member_table(loaded, chosen, label)
                columns = {
                    "who": "Who",
                    "is": "Is",
                    "age": "Age",
                    "links": "Links in the group",
                    "ward": "Lives in ward",
                    "last_seen": "Newest evidence",
                }
                if sure is not None:
                    listed = listed.assign(sure=listed["person_id"].map(answers.sure_members(loaded, sure)))
                    columns["sure"] = "How sure"
                tables.show(
                    listed,
                    key="members",
                    title="Members",
                    columns=columns,
                    what="person",
                    ids=inside["person_id"].tolist(),
                )
                if person := state.known_choice("person", inside["person_id"]):
                    st.button(
                        f"Open the peer map of {markdown(label[person])}",
                        icon=":material/person_search:",
                        on_click=state.open_page,
                        args=("peer_map", "child", person),
                    )
            with places:
                worded = common.assign(kind_words=[kinds.KINDS[kind].label for kind in common["kind"]])
                tables.show(
                    worded,
                    key="group_places",
                    title="Tied to two or more members",
                    columns={
                        "name": "What",
                        "kind_words": "Kind",
                        "people": "Members",
                        "records": "Records",
                        "last_seen": "Newest",
                    },
                    empty="Nothing on record is tied to two or more of them.",
                )
            with time:
                evidence.timeline(answers.group_items(loaded, chosen), key="group")
            with items:
                evidence.group(loaded, chosen, called[chosen], key="group_items")
            with bands:
                bands_compared(chosen)
    shown = links.assign(
        chance=[worked_out.get(link, "") for link in links["id"]],
        one=links["person_a"].map(label),
        other=links["person_b"].map(label),
        how=[words.kinds_of_link(kind) for kind in links["kinds"]],
        nature=[words.nature(nature) for nature in links["nature"]],
    )
    tables.show(
        shown,
        key="group_links",
        title=f"Links in {called[chosen]}: choose one to see what it rests on",
        what="link",
        ids=links["id"].tolist(),
        columns={
            "one": "One",
            "other": "Other",
            "how": "How it is known",
            "nature": "Nature",
            "items": "Items",
            "sources": "Sources",
            "best_grade": "Best grade",
            **({} if sure is None else {"chance": "Being at the same places"}),
            "first_seen": "First",
            "last_seen": "Newest",
            "weight": "Weight",
        },
    )

said = changed.set_index("group_id")["said"]
columns = {
    "group": "Group",
    "change": "Change",
    "size": "Members",
    "children": "Children",
    "young_adults": "Young adults",
    "unknown_age": "Age not known",
    "links": "Links",
    "filled": "Pairs linked (%)",
    "first_seen": "First evidence",
    "last_seen": "Newest evidence",
}
if sure is not None:
    found = answers.sure_groups(loaded, sure)
    groups = groups.assign(
        sure=groups["group_id"].map(found["said"]),
        stability=groups["group_id"].map(found["stability"]).round(2),
    )
    columns |= {"sure": "How sure", "stability": "Stability"}
shown = groups.assign(
    group=groups["group_id"].map(called),
    filled=(groups["density"] * 100).round(),
    change=groups["group_id"].map(said),
)
tables.show(
    shown,
    key="groups",
    title=words.groups_listed(only, words.day(since)),
    beside="What the chosen group is, and what it rests on, is beside the picture.",
    what="group",
    ids=groups["group_id"].tolist(),
    columns=columns,
)

if chosen is None:
    whole_picture()

with frame.method():
    st.html(
        "<p>A group is children and their young peers (under 26) who are linked more closely with each other than a fixed threshold: "
        "the Leiden method with the Constant Potts Model. Adults are in no group, so an adult who touches two groups does not merge them. "
        "A group is a way of reading the records, not a fact about anyone: a link says that records put two people together, not why.</p>"
        "<p>An item counts by how specific it is (1 shared between the others present) and how lately it was seen (half after 180 days). "
        "Groups are listed by their newest evidence; no child and no group is ranked or scored.</p>"
        "<p><b>How sure.</b> The reports are drawn again at random, a hundred times, and the groups found anew: a group is there in a resample if at least half of it comes back together; "
        "its stability is how alike what comes back is on average. Each report and each agency is also left out in turn: a group that is then gone rests on it. "
        "Where two are linked by being at the same places only, a test says whether they were together more often than people who go about as much as they do would be by chance. "
        "None of this says that a group is real or what it does; it says how much of the picture hangs on single reports.</p>"
    )
