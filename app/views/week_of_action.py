"""Week of action: which places, when, with the teams there are; the pack, what was found, and whether it worked."""

import streamlit as st

from app import data, frame, state, tables, week, week_after, week_change, week_page, words
from app.text import markup

PLAN, PACK, RESULTS, AFTER = "Plan", "Pack", "Results", "Did it work?"

loaded = data.load(linked=False)
top = st.container()
with st.container(horizontal=True, vertical_alignment="bottom"):
    step = st.segmented_control(
        "Step",
        [PLAN, PACK, RESULTS, AFTER],
        default=PLAN,
        required=True,
        key="week_step",
        persist_state="session",
    )
    weeks = week_change.saved_weeks()
    opened = week_after.saved_box(weeks) if step != PLAN else None

if step != PLAN:
    if opened is None:
        frame.title(
            "Week of action",
            "No week of action is saved yet, so there is no pack, no result and nothing to compare.",
            place=top,
        )
        st.stop()
    entry, held = opened
    frame.said_once()
    if step == PACK:
        frame.title(
            "Week of action",
            f"{held.name}: the pack for {words.count(len(held.visits), 'visit')}, as docx, PDF, CSV and calendar.",
            place=top,
        )
        week_after.pack(loaded, entry, held)
    elif step == RESULTS:
        frame.title("Week of action", week_after.results_said(entry, held), place=top)
        week_after.results(entry, held)
    else:
        frame.title("Week of action", week_after.evaluation(loaded, entry, held), place=top)
        with frame.method():
            st.html(words.method_html(week_after.AFTER_METHOD, week_after.AFTER_LIMITS))
    st.stop()

now = week_page.hand(loaded)
choices, by_day = st.columns([2, 3], gap="medium")
with choices:
    frame.heading("Teams, days and hours")
    if weeks:
        week_change.saved(loaded, weeks)
    week_page.choose(loaded, now)
with by_day, st.spinner("Looking for the visits that reach the most, for 20 seconds at most"):
    found = week_page.planned(loaded, now.choices)
if isinstance(found, str):
    frame.title("Week of action", "No plan can be made with these choices.", place=top)
    with by_day:
        frame.refused(found)
    st.stop()
now, plan = week_page.in_hand(loaded, now, found)
rows = week_page.visit_rows(loaded, found, plan, now.choices)
chosen = state.known_choice("visit", rows["visit_id"])
frame.title("Week of action", week_page.answer(found, plan), place=top)
with by_day:
    frame.heading("The plan by day (in brackets: records within reach)")
    if rows.empty:
        frame.quiet(
            "Nothing that is recorded lies near a place of these kinds at these hours. Choose other hours or kinds, or count any day of the week."
        )
    st.html(week_page.day_cards(rows, chosen))
    st.html(f'<p class="cm-note">{markup(week_page.peak_said(rows))}</p>')
with choices:
    week_change.save(loaded, now, found, plan)

picture, panel = frame.picture_and_panel()
with picture:
    frame.heading("Where harm was recorded, and what the visits reach")
    deck, legend = week_page.coverage_map(loaded, plan, rows, now.choices, chosen)
    picked = st.pydeck_chart(
        deck,
        key="week_map",
        height=520,
        on_select="rerun",
        selection_mode="single-object",
        alt="Map of the visits and of what each reaches; the table below has the same visits",
    )
    state.choose_picked("visit", picked, layer="visits", field="visit_id")
    st.html(legend)
with panel:
    frame.heading("Change it by hand")
    week_change.panel(loaded, now, found, plan, rows)

tables.show(
    week_page.listed(rows),
    key="week",
    title="All visits, in the order of time",
    beside="The chosen visit is beside the map, where it can be changed.",
    what="visit",
    ids=rows["visit_id"].tolist(),
    columns={
        "number": "No.",
        "on": "Day",
        "time": "Time",
        "team": "Team",
        "place_name": "Place",
        "kind": "Kind",
        "ward_name": "Ward",
        "concern_alone": "Within reach",
        "concern_added": "Not reached before",
        "note": "To note",
    },
    empty="The plan holds no visit.",
)

compared, wards = st.columns(2, gap="medium")
with compared:
    table = week.comparison(found, plan, week_change.last_week(loaded, weeks, now))
    frame.heading("What it covers, against the best possible, the usual way, and chance")
    st.altair_chart(
        week_page.comparison_chart(table),
        width="stretch",
        alt="Records reached by each way of choosing; the table below has the same numbers",
    )
    tables.show(
        table,
        key="week_comparison",
        title="Records of concern reached",
        columns={"way": "Way of choosing", "reached": "Reached", "share": "% of the most possible"},
    )
with wards:
    tables.show(
        week_page.ward_table(found, plan),
        key="week_wards",
        title="What each ward gets, most concern first",
        columns={
            "ward_name": "Ward",
            "concern": "Recorded",
            "within_reach": "Within reach at these hours",
            "reached": "Reached",
            "share_percent": "% reached",
            "visits": "Visits",
        },
        height=420,
    )
for note in week_page.notes(found, now):
    frame.quiet(note)

with frame.method():
    st.html(week_page.method_html(found))
