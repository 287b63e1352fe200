"""Deprivation: how much more of a measure there is where areas are more deprived."""

import streamlit as st

from app import answers, data, deprivation, figures, frame, tables, words
from app.text import markup

loaded = data.load(linked=False)
top = st.container()
if answers.deprived(loaded, "children_known", True) is None:
    frame.title("Deprivation", deprivation.NO_WARDS)
    st.stop()
with st.container(horizontal=True, vertical_alignment="bottom"):
    measure = st.selectbox(
        "Measure",
        list(deprivation.MEASURES),
        format_func=deprivation.MEASURES.__getitem__,
        key="deprivation_measure",
        persist_state="session",
        width=420,
    )
    placed = st.toggle(
        "With children placed here by other authorities",
        value=True,
        key="deprivation_placed",
        persist_state="session",
        disabled=measure not in deprivation.RESIDENTS,
    )
found = answers.deprived(loaded, measure, placed)
frame.title("Deprivation", deprivation.answer(found), place=top)

picture, panel = frame.picture_and_panel()
with picture:
    frame.heading("Where children live, by decile of their small area (LSOA)")
    if found.deciles is None:
        frame.quiet(deprivation.NO_DECILES)
    else:
        st.altair_chart(
            figures.deciles(found.deciles, counted=deprivation.OF_CHILDREN[measure]),
            width="stretch",
            alt="Share of children by decile of deprivation beside the share of all children; the table below has the same numbers",
        )
    for line in deprivation.figures(found):
        st.html(f'<div class="cm-row">{markup(line)}</div>')
with panel:
    frame.heading("Concentration curve, over wards")
    if found.curve is None:
        frame.quiet("There is no curve to draw.")
    else:
        st.altair_chart(
            figures.curve(found.curve),
            width="stretch",
            alt="Concentration curve: the share of what is counted against the share of children, the most deprived wards first",
        )
        frame.quiet(
            "A curve above the dashed line says that the more deprived wards have more than their share."
        )
    for note in found.notes:
        frame.quiet(note)

if found.deciles is not None:
    tables.show(
        deprivation.decile_rows(found),
        key="deprivation_deciles",
        title=f"{deprivation.OF_CHILDREN[measure]}, by decile of the small area (LSOA) of their home",
        columns={
            "decile": "Decile",
            "children": "Children",
            "share": "Share, %",
            "population": "All aged 10 to 17",
            "population_share": "Share of all, %",
            "rate": "Per 1,000",
            "ratio": "Share / share of all",
            "ratio_low": "From",
            "ratio_high": "To",
        },
        height=400,
    )
tables.show(
    found.wards,
    key="deprivation_wards",
    title="Wards, the most deprived first",
    columns={
        "ward_name": "Ward",
        "imd_decile": "Deprivation decile",
        "count": deprivation.MEASURES[measure],
        "children_10_17": "Aged 10 to 17",
        "rate": "Per 1,000 aged 10 to 17",
    },
)
tables.for_publication(deprivation.publishable_wards, found, key="deprivation_wards_public", title="Wards")
tables.download(deprivation.publishable_deciles, found, key="deprivation_deciles_public", title="Deciles")

with frame.method():
    st.html(words.method_html(deprivation.METHOD, deprivation.LIMITS))
