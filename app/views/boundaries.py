"""Across boundaries: children, contacts and groups that cross from one authority to another."""

import streamlit as st

from app import answers, data, evidence, flow_map, flow_page, flows, frame, names, state, tables, words
from geo.flows import SHARED

loaded = data.load()
top = st.container()
moved = flow_page.movements(loaded)
if isinstance(moved, str):
    frame.title("Across boundaries", f"Nothing can be compared. {moved}")
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    kind = st.selectbox(
        "What crosses",
        flows.kinds_there(loaded.analysis),
        format_func=flows.LABELS.__getitem__,
        key="boundaries_kind",
        persist_state="session",
        width=345,
    )
    by = st.selectbox(
        "From",
        list(flows.BETWEEN),
        format_func=flows.BETWEEN.__getitem__,
        key="boundaries_by",
        persist_state="session",
        width=205,
    )
    months = st.selectbox(
        "Period",
        list(flow_page.PERIODS),
        format_func=flow_page.PERIODS.__getitem__,
        key="boundaries_months",
        persist_state="session",
        width=175,
    )
    between = ()
    if months < 0:
        between = st.date_input(
            "First and last day",
            value=(loaded.day.replace(month=1, day=1), loaded.day),
            format="DD/MM/YYYY",
            key="boundaries_between",
            persist_state="session",
            width=225,
        )
    listed_areas = flow_page.areas(loaded)
    area = st.selectbox(
        "Authority",
        [None, *listed_areas],
        format_func=lambda code: "All" if code is None else listed_areas[code],
        key="boundaries_area",
        persist_state="session",
        width=175,
    )
    direction = "both"
    if area is not None and kind not in SHARED:
        direction = st.segmented_control(
            "Direction",
            list(flow_page.DIRECTIONS),
            format_func=flow_page.DIRECTIONS.__getitem__,
            default="both",
            key="boundaries_direction",
            persist_state="session",
            required=True,
        )

since, until = flow_page.period(loaded, months, between)
found = flow_page.found(loaded, by, since, until)
table = flows.listed(found, kind, area=area, direction=direction)
frame.title("Across boundaries", flows.answer(found, kind), place=top, steady=True)

label = flow_page.labels(table)
flow = state.known_choice("flow", table["flow"])
crossing = flow_page.crossing(table)
shared = kind in SHARED
picture, panel = frame.picture_and_panel()
with picture:
    outline, where = answers.outline(loaded), flow_page.where(loaded)
    limits = flow_map.limits(crossing["children"])
    picked = st.pydeck_chart(
        flow_map.deck(
            outline,
            flow_page.shapes(loaded),
            where,
            table,
            measure="children",
            widths=limits,
            area=area,
            chosen=flow,
            authority_of=moved.wards.set_index("ward_code")["authority_code"].to_dict(),
            names=flow_page.named_on_map(loaded, table, by),
            near=by == "ward" and area is not None,
        ),
        key="boundaries_map",
        height=540,
        on_select="rerun",
        selection_mode="single-object",
        alt="Map of authorities with a line for each flow; the table below has the same flows",
    )
    state.choose_picked("flow", picked, layer="flows", field="flow")
    if crossing.empty:
        frame.quiet(
            "Nothing crosses a boundary with what is chosen here: choose another period, authority or kind."
        )
    else:
        called = "" if area is None else listed_areas[area]
        st.html(flow_map.legend(limits, "Children", area=called, shared=shared))
    if len(crossing) > flow_map.MOST:
        frame.quiet(
            f"The {flow_map.MOST} largest of {words.number(len(crossing))} flows are drawn; the table holds all."
        )

with panel:
    state.pick("flow", "Flow", table["flow"].tolist(), label, empty="Choose a flow to open its records")
    if flow is None:
        frame.heading("Both ways")
        ways = flows.both_ways(found, kind, area=area)
        rows = [flow_page.way_html(row, shared=shared) for row in ways.head(12).to_dict("records")]
        frame.lines(rows or ['<p class="cm-quiet">Nothing crosses.</p>'])
        if len(ways) > 12:
            frame.quiet(f"and {words.number(len(ways) - 12)} more pairs; the table holds all.")
        st.html(flow_page.totals_html(found, kind))
    elif not loaded.question.viewer.sees_people:
        frame.quiet("This viewer sees wards, not people: the records themselves are not shown.")
    else:
        if shared:
            some = flow_page.shared_rows(loaded, found, flow, state.names_shown())
            tables.show(
                some,
                key="boundaries_shared",
                title=flows.LABELS[kind],
                columns={"called": "What", "children": "Children", "areas": "Areas"},
                what="group" if kind == "group" else "contact",
                ids=some["shared_id"].tolist(),
                height=230,
            )
        if kind == "group":
            group = state.known_choice("group", some["shared_id"])
            if group is None:
                frame.quiet("Choose a group to open what its links rest on.")
            else:
                evidence.group(loaded, group, answers.group_labels(loaded)[group], key="boundaries")
        else:
            items = flow_page.flow_items(loaded, by, since, until, flow)
            if shared and (contact := state.known_choice("contact", some["shared_id"])) is not None:
                items = items[items["contact"] == contact]
            people = answers.labels(loaded, state.names_shown())
            items = items.assign(who=[names.label_of(person, people) for person in items["person_id"]])
            ids = sorted(items["person_id"].unique())
            evidence.panel(
                evidence.masked(loaded, items, ids),
                key="boundaries",
                title=label[flow],
                why=f"{flows.LABELS[kind].split(':')[0]}: {words.count(len(ids), 'child', 'children')}, the newest record first.",
                certain=False,
            )

tables.show(
    table,
    key="boundaries",
    title="Every flow, what crosses first",
    beside="What is known of the chosen flow is beside the map.",
    what="flow",
    ids=table["flow"].tolist(),
    columns={
        "from_name": "One" if shared else "From",
        "to_name": "Other" if shared else "To",
        "said": "Boundary",
        "episodes": flows.NOUNS[kind][1].capitalize(),
        "children": "Children",
        **({} if shared else {"first_on": "First", "last_on": "Last"}),
    },
    empty="Nothing of this kind is on record in this period.",
)
for note in moved.notes:
    frame.quiet(note)

with frame.method():
    st.html(words.method_html(flows.METHOD, flows.LIMITS))
