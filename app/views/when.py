"""When: the hours of the week, the months against the two years before, and what happens again nearby."""

import streamlit as st

from app import data, figures, frame, tables, when, when_page, words
from app.text import markup

loaded = data.load(linked=False)
top = st.container()
wards = dict(when.ward_choices(when_page.moments(loaded).areas))
with st.container(horizontal=True, vertical_alignment="bottom"):
    what = st.selectbox(
        "What",
        when_page.there(loaded),
        format_func=lambda name: when.KINDS[name].label,
        key="when_what",
        persist_state="session",
        width=230,
    )
    area = st.selectbox(
        "Where",
        [None, *wards],
        format_func=lambda code: "Everywhere" if code is None else wards[code],
        key="when_where",
        persist_state="session",
        width=230,
    )
    years = st.selectbox(
        "Period",
        list(when.SINCE),
        format_func=when.SINCE.__getitem__,
        key="when_since",
        persist_state="session",
        width=190,
    )
    placed = st.toggle(
        "With children placed here by other authorities",
        value=True,
        key="when_placed",
        persist_state="session",
    )
found = when_page.found(loaded, what, area, years, placed)
kind = when.KINDS[what]
frame.title("When", when.answer(found), place=top, steady=True, further=when.further(found))
if found.rows.empty:
    frame.quiet("Choose another kind, another ward or a longer period.")
    st.stop()

picture, panel = frame.picture_and_panel()
with picture:
    frame.heading(f"{kind.label}: hours of the week")
    st.altair_chart(figures.week(found.hours), width="stretch", alt=when.week_said(found))
    frame.heading("Months, with the same months of the two years before")
    if found.months.empty:
        frame.quiet("There is no whole month in this period yet.")
    for counted, rows in found.months.groupby("counted", sort=False):
        title = kind.label if counted == when.EPISODES else "Children"
        st.altair_chart(
            figures.months(rows, counted=title).properties(height=250),
            width="stretch",
            alt=f"{title} by month beside the two years before; the table below has the same numbers",
        )
with panel:
    frame.heading("Months that chance does not explain")
    frame.lines(
        when_page.month_lines(found)
        or [
            '<p class="cm-quiet">None, allowing for how many months are compared, or there are no years before.</p>'
        ]
    )
    frame.heading("Again nearby, soon after")
    lines = when.repeat_lines(found)
    frame.lines(f'<div class="cm-row">{markup(line)}</div>' for line in lines)
    if not lines and len(found.repeats):
        frame.quiet("No more pairs near each other in place and time than chance explains.")
    if found.permutations:
        frame.quiet(f"Compared with {words.number(found.permutations)} shuffles of the dates.")
    for note in found.notes:
        frame.quiet(note)

tables.show(
    when.month_rows(found),
    key="when_months",
    title="Months, the latest first",
    columns={
        "named": "Month",
        "of": "Counted",
        "observed": "How many",
        "usual": "Usual",
        "ratio": "Times usual",
        "ratio_low": "From",
        "ratio_high": "To",
        "year_before": "A year before",
        "two_years_before": "Two years before",
        "said": "In words",
    },
    empty="There is no whole month in this period yet.",
)
tables.show(
    when.hour_rows(found),
    key="when_hours",
    title="Hours of the week, the busiest first",
    columns={
        "when": "Hour from",
        "weight": "How many (intervals shared out)",
        "certain": "Known to lie in it",
        "share": "Share of the week, %",
    },
)
tables.show(
    when.repeat_rows(found),
    key="when_repeats",
    title="Pairs by distance and time apart",
    columns={
        "place": "Place",
        "time": "Time",
        "observed": "Pairs",
        "expected": "Expected by chance",
        "ratio": "Times as many",
        "p_value": "p, each by itself",
        "said": "In words",
    },
    empty="Near repeats could not be tested here; the panel above says why.",
)

with frame.method():
    st.html(words.method_html(when.METHOD, when.LIMITS))
