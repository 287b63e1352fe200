"""Hotspots: which wards are higher than chance explains, with and without placed children, month by month."""

import streamlit as st

from app import answers, data, dense, frame, hotspot_map, hotspot_page, hotspots, maps, state, tables, words
from geo import measures

loaded = data.load(linked=False)
top = st.container()
areas = hotspot_page.areas(loaded)
if isinstance(areas, str):
    frame.title("Hotspots", f"Nothing can be compared. {areas}")
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    measure = st.selectbox(
        "Measure",
        list(hotspot_page.LABELS),
        format_func=hotspot_page.LABELS.__getitem__,
        key="hotspot_measure",
        persist_state="session",
        width=250,
    )
    shade = st.selectbox(
        "Shaded by",
        list(hotspot_page.SHADES),
        format_func=hotspot_page.SHADES.__getitem__,
        key="hotspot_shade",
        persist_state="session",
        width=275,
    )
    placed = st.toggle(
        "With children placed here by other authorities",
        value=True,
        key="ward_placed",
        persist_state="session",
    )
    name = measure if placed else measure + measures.RESIDENTS
    months = [hotspot_page.MONTHS_TOGETHER, *hotspot_page.by_month(loaded, name).columns]
    month = months[0]
    if len(months) > 1:
        month = st.select_slider(
            "Month (to the right: single months)",
            months,
            format_func=hotspot_page.month_name,
            # What months there are depends on these.
            key=f"hotspot_month_{measure}_{loaded.question.role}_{loaded.day}",
            persist_state="session",
            width=290,
        )
found = hotspot_page.chosen(loaded, name, month)
table = found.table.set_index("area_code")
monthly = month != months[0]
frame.title("Hotspots", hotspot_page.answer(loaded, measure, placed, month), place=top, steady=True)

picture, panel = frame.picture_and_panel()
ward = state.known_choice("ward", table.index)
with picture:
    layer = st.segmented_control(
        "On the map",
        list(hotspot_page.LAYERS),
        format_func=hotspot_page.LAYERS.__getitem__,
        default="wards",
        key="hotspot_layer",
        persist_state="session",
        required=True,
        label_visibility="collapsed",
    )
    limits = maps.breaks(hotspot_page.scale(loaded, measure, shade, monthly))
    said = f"{hotspot_page.LABELS[measure]}, {hotspot_page.SHADES[shade].lower()}"
    values = table[shade].round(1)
    thick = hotspot_page.dense_of(loaded, name, month) if layer == "points" else None
    drawn = thick is not None and len(thick.points) > 0
    hot = table.index[table["hotspot"].fillna(False).astype(bool)]
    circles = hotspot_map.dashes(found.clusters, areas)
    deck = maps.deck(
        answers.outline(loaded),
        values * float("nan") if drawn else values,
        limits=limits,
        measure=said,
        chosen=ward,
        hatched=hot,
        around=hotspot_page.farthest(loaded, measure),
    )
    deck.layers[1:1] = hotspot_map.hotspot_layers(
        answers.outline(loaded), hot, [] if drawn else circles, chosen=ward
    )
    if drawn:
        top_of = hotspot_page.highest(loaded, measure, monthly)
        cells = dense.cells(hotspot_page.surface(loaded, name, month), areas, highest=top_of)
        deck.layers[1:1] = hotspot_map.surface_layers(cells, thick.places, levels=len(dense.STEPS))
    picked = st.pydeck_chart(
        deck,
        key="hotspots_map",
        height=540,
        on_select="rerun",
        selection_mode="single-object",
        alt=maps.in_words(answers.outline(loaded), values, said, hatched=hot),
    )
    state.choose_picked("ward", picked, layer="wards", field="ward_code")
    if drawn:
        st.html(
            hotspot_map.surface_legend(
                dense.steps(top_of), what="Incidents" if measure == "incidents" else "Missing episodes"
            )
        )
    else:
        unknown = bool(values.isna().any())
        st.html(maps.legend(limits, said, unknown=unknown, whole=shade == "observed"))
    st.html(hotspot_map.legend(clusters=len(circles), month=monthly or drawn))
    frame.quiet(
        "The scale stays the same with and without placed children, and from one month to another; all months together have their own."
    )

ranked = hotspot_page.ranked(loaded, measure, placed, month, shade)
with panel:
    state.pick(
        "ward",
        "Ward",
        table.index.tolist(),
        answers.ward_names(loaded).to_dict(),
        empty="Choose a ward",
    )
    if thick is not None:
        frame.heading(f"Dense places: {thick.minimum} or more close together")
        frame.lines(dense.place_lines(thick))
        for note in dense.limits_said(thick, dense.grid_of(areas)):
            frame.quiet(note)
    if ward is None and thick is None:
        frame.heading("Clusters")
        lines = hotspot_page.cluster_lines(found, answers.ward_names(loaded))
        frame.lines(lines)
        if not lines:
            frame.quiet(
                "Clusters are looked for over all months together."
                if monthly
                else "None: there is too little to look for one."
            )
    if ward is not None:
        frame.heading(words.plain_name(answers.ward_names(loaded)[ward]))
        row = ranked.set_index("area_code", drop=False).loc[ward]
        st.html(hotspot_page.profile_html(row, name=hotspot_page.LABELS[measure], kind=row.get("kind")))
    frame.heading("Is a ward further out than its size explains?")
    chart = hotspot_map.funnel_chart(
        found.table,
        chosen=ward,
        repeat_factor=measures.runs(hotspot_page.counts(loaded).occurrences, name),
    )
    if chart is None:
        frame.quiet("No ward has a rate above 0, so there is nothing to compare.")
    else:
        st.vega_lite_chart(chart, key="hotspots_funnel")
        frame.quiet(
            "Solid lines: chance alone leaves 95 of 100 wards between them; dashed: 998 of 1,000. Each ward by itself, without its neighbours."
        )

columns = {
    "area_name": "Ward",
    "observed": "How many",
    "expected": "Expected",
    "population": "Aged 10 to 17",
    "rate": "Per 1,000",
    "interval": "95% interval",
    "smoothed_rate": "Steadied rate",
    "finding": "Higher than chance",
    "funnel_position": "In the funnel",
    "other": "Without placed" if placed else "With placed",
}
if not monthly:
    columns["cluster"] = "Cluster"
if "kind" in ranked:
    columns["kind"] = "Over the months"
if "by_age" in ranked:
    columns |= {"by_age": "Times expected by age", "by_age_interval": "Its 95% interval"}
tables.show(
    ranked,
    key="hotspots",
    title="All wards, highest first",
    beside="What is known of the chosen ward is beside the map.",
    what="ward",
    ids=ranked["area_code"].tolist(),
    columns=columns,
)

if thick is not None:
    tables.show(
        dense.place_rows(thick),
        key="dense_places",
        title="Dense places, most first",
        columns={
            "place": "Number on the map",
            "counted": "How many",
            "children": "Children",
            "spots": "Different spots",
            "radius": "Metres from the middle to the furthest",
            "first_day": "First",
            "last_day": "Last",
            "wards": "Wards",
        },
        empty="None; the panel above says why.",
    )

tables.for_publication(
    hotspots.publishable,
    found,
    key="hotspots_public",
    title="Wards",
    why="Do not put the files of two periods beside each other: one less the other tells of what lies between.",
)

with frame.method():
    st.html(hotspot_page.method_html(found.notes))
