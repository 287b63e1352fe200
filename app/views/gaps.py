"""Gaps: where referrals are fewer than expected, where more, and how much is not recorded."""

import streamlit as st

from app import answers, data, figures, frame, gaps, tables, words
from geo.gaps import FEWER, MORE

loaded = data.load(linked=False)
top = st.container()
with st.container(horizontal=True, vertical_alignment="bottom"):
    years = st.selectbox(
        "Referrals",
        list(gaps.SINCE),
        format_func=gaps.SINCE.__getitem__,
        key="gaps_since",
        persist_state="session",
        width=240,
    )
    found = answers.referral_gaps(loaded, years)
    dimension = st.segmented_control(
        "Compared by (findings in brackets)",
        gaps.parts(found),
        format_func=lambda part: gaps.part_label(found, part),
        default=gaps.first_part(found),
        key="gaps_dimension",
        persist_state="session",
        required=True,
    )
frame.title("Gaps", gaps.answer(found), place=top)
if dimension is None:
    frame.quiet(gaps.EMPTY)
    st.stop()
rows = gaps.part(found, dimension)

picture, panel = frame.picture_and_panel()
with picture:
    frame.heading(f"{gaps.PARTS[dimension]}: children referred for each child expected")
    if rows.empty:
        frame.quiet(gaps.EMPTY)
    else:
        st.altair_chart(
            figures.intervals(rows, said="said", value_title="Children referred / expected (95% interval)"),
            width="stretch",
            alt=f"{gaps.PARTS[dimension]}: children referred against expected with intervals; the table below has the same numbers",
        )
        frame.quiet(f"{gaps.base(rows)} The dashed line is as many as expected.")
        frame.quiet(gaps.missing(rows.iloc[0]))
with panel:
    for direction in (FEWER, MORE):
        frame.heading(direction.capitalize())
        cards = [gaps.card(row) for row in rows[rows["finding"] == direction].to_dict("records")]
        frame.lines(cards or ['<p class="cm-quiet">Nothing here beyond what could be chance.</p>'])

tables.show(
    rows,
    key="gaps",
    title=f"{gaps.PARTS[dimension]}: the fewest against expected first",
    columns={
        "group": gaps.PARTS[dimension],
        "said": "Against expected",
        "children": "Children",
        "children_referred": "Referred",
        "expected": "Expected",
        "ratio": "Referred / expected",
        "interval": "95% interval",
        "referrals": "Referrals",
        "children_not_recorded_percent": "Not recorded, %",
        "referred_not_recorded_percent": "of referred, %",
    },
    empty=gaps.EMPTY,
)
tables.for_publication(
    answers.published_gaps,
    (loaded, years),
    key="gaps_public",
    title="Every comparison",
    why="Sex by each ethnic group, and referrals beside children, are left out of it.",
)
for note in found.notes:
    frame.quiet(note)

with frame.method():
    st.html(words.method_html(gaps.METHOD, gaps.LIMITS))
