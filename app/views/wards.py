"""Wards: where children live, go missing from and are placed, beside deprivation."""

import streamlit as st

from app import answers, data, frame, maps, state, tables, words

loaded = data.load(linked=False)
top = st.container()
wards = loaded.analysis.wards
if wards.empty:
    frame.title(
        "Wards",
        "There is no map: the case has no ward boundaries. Put official ward boundaries into a folder called geography inside the case folder.",
    )
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    measure = st.selectbox(
        "Measure",
        list(words.WARD_MEASURES),
        format_func=lambda name: words.WARD_MEASURES[name],
        key="ward_measure",
        persist_state="session",
        width=420,
    )
    placed = st.toggle(
        "With children placed here by other authorities",
        value=True,
        key="ward_placed",
        persist_state="session",
    )
    band = st.toggle("Deprivation as a band", value=True, key="ward_band", persist_state="session")
values = answers.ward_values(loaded, measure, placed)
limits = maps.breaks(answers.ward_scale(loaded, measure))
frame.title("Wards", words.wards_answer(wards, values, measure, placed), place=top)

picture, panel = frame.picture_and_panel()
with picture:
    chosen = state.known_choice("ward", wards["ward_code"])
    deciles = wards.set_index("ward_code")["imd_decile"] if band else None
    deck = maps.deck(
        answers.outline(loaded),
        values,
        limits=limits,
        measure=words.WARD_MEASURES[measure],
        deciles=deciles,
        chosen=chosen,
    )
    picked = st.pydeck_chart(
        deck,
        key="wards_map",
        height=540,
        on_select="rerun",
        selection_mode="single-object",
        alt=maps.in_words(answers.outline(loaded), values, words.WARD_MEASURES[measure]),
    )
    state.choose_picked("ward", picked, layer="wards", field="ward_code")
    st.html(
        maps.legend(
            limits,
            words.WARD_MEASURES[measure],
            deciles=band,
            unknown=bool(values.isna().any()),
            whole=not measure.endswith("_rate"),
        )
    )
    frame.quiet(
        "The scale stays the same with and without placed children. Named: the wards where the measure is highest."
    )
with panel:
    state.pick(
        "ward",
        "Ward",
        wards["ward_code"].tolist(),
        answers.ward_names(loaded).to_dict(),
        empty="Choose a ward",
    )
    if chosen is None:
        frame.heading("All wards together")
        st.html(
            words.wards_together_html(
                wards,
                loaded.analysis.geography.coverage,
                children_missing=answers.children_missing(loaded),
            )
        )
    else:
        frame.heading(words.plain_name(answers.ward_names(loaded)[chosen]))
        st.html(words.ward_profile_html(wards[wards["ward_code"] == chosen].iloc[0]))
        tables.show(
            answers.ward_placements(loaded, chosen),
            key="ward_placements",
            title="Placements made here, past and present, by placing authority",
            columns={
                "placed_by": "Placed by",
                "elsewhere": "Another authority",
                "placements": "Placements",
                "children": "Children",
            },
            empty="None on record.",
        )
        if loaded.question.viewer.sees_people:
            linked = data.load()
            places = answers.ward_places(linked, chosen, state.grades())
            tables.show(
                places,
                key="ward_places",
                title="Places here where children are seen, found or placed",
                columns={
                    "name": "Place",
                    "is": "Kind",
                    "people": "Children",
                    "records": "Records",
                    "last_seen": "Newest",
                },
                empty="None on record.",
            )
            touching = answers.ward_groups(linked, chosen)
            tables.show(
                touching,
                key="ward_groups",
                title="Groups with members who live here",
                columns={"group": "Group", "here": "Members here", "size": "Members"},
                empty="None of three or more.",
            )

shown = wards.assign(
    value=wards["ward_code"].map(values),
    other=wards["ward_code"].map(answers.ward_values(loaded, measure, not placed)),
)
shown = shown.sort_values(
    ["value", "ward_code"], ascending=[False, True], na_position="last", ignore_index=True
)
columns = {"ward_name": "Ward"}
if wards["authority_name"].nunique(dropna=False) > 1:
    columns["authority_name"] = "Authority"
columns["value"] = words.SHORT_WARD_MEASURES[measure]
if answers.has_residents(measure):
    columns["other"] = "Without placed" if placed else "With placed"
columns |= {
    name: said
    for name, said in words.SHORT_WARD_MEASURES.items()
    if name not in (measure, "children_known_rate", "events")
}
columns["imd_decile"] = "Decile"
tables.show(
    shown,
    key="wards",
    title="All wards",
    beside="What is known of the chosen ward is beside the map.",
    what="ward",
    ids=shown["ward_code"].tolist(),
    columns=columns,
)

tables.for_publication(
    answers.published_wards,
    wards,
    key="wards_public",
    title="Wards",
    why="Each column is protected by itself and together with the others.",
)

with frame.method():
    st.html(words.wards_method_html(loaded.analysis.geography.notes))
