"""Placements: who is placed where and by whom, and how much of each hotspot placed children explain."""

import streamlit as st

from app import (
    answers,
    data,
    frame,
    hotspot_map,
    maps,
    placement_page,
    placements,
    state,
    tables,
    words,
)

loaded = data.load(linked=False)
top = st.container()
held = placement_page.placed(loaded)
if held.described.empty:
    frame.title("Placements", placements.answer(held))
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    measure = st.selectbox(
        "Hotspots of",
        list(placements.MEASURES),
        format_func=placements.MEASURES.__getitem__,
        key="placements_measure",
        persist_state="session",
        width=280,
    )
    shade = st.selectbox(
        "Shaded by",
        list(placement_page.SHADES),
        format_func=placement_page.SHADES.__getitem__,
        key="placements_shade",
        persist_state="session",
        width=430,
    )
    with_placed = st.toggle(
        "With children placed here by other authorities",
        value=True,
        key="ward_placed",
        persist_state="session",
    )
frame.title("Placements", placements.answer(held), place=top, further=placements.further(held, measure))

outline = answers.outline(loaded)
ward = state.known_choice("ward", held.wards["ward_code"])
picture, panel = frame.picture_and_panel()
with picture:
    if outline is None:
        frame.quiet(
            "There is no map: put official ward boundaries into a folder called geography inside the case folder."
        )
    else:
        values = placement_page.values(held, shade, with_placed)
        limits = maps.breaks(placement_page.scale(held, shade))
        hot = placement_page.hot(held, measure, with_placed)
        deck = maps.deck(
            outline, values, limits=limits, measure=placement_page.SHADES[shade], chosen=ward, hatched=hot
        )
        deck.layers[1:1] = hotspot_map.hotspot_layers(outline, hot, [], chosen=ward)
        picked = st.pydeck_chart(
            deck,
            key="placements_map",
            height=520,
            on_select="rerun",
            selection_mode="single-object",
            alt=maps.in_words(
                outline,
                values,
                placement_page.SHADES[shade],
                hatched=hot,
                table="the table of wards below has the same numbers",
            ),
        )
        state.choose_picked("ward", picked, layer="wards", field="ward_code")
        st.html(maps.legend(limits, placement_page.SHADES[shade], unknown=bool(values.isna().any())))
        st.html(hotspot_map.legend(clusters=0, month=True))
        frame.quiet("The switch takes placed children out of rate and hatching; the scale stays the same.")
with panel:
    if len(held.wards):
        state.pick(
            "ward",
            "Ward",
            held.wards["ward_code"].tolist(),
            answers.ward_names(loaded).to_dict(),
            empty="Choose a ward",
        )
    if ward is None:
        frame.heading("What of each hotspot children placed by others explain")
        lines = placement_page.explained_lines(held, measure)
        frame.lines(lines)
        if not lines:
            frame.quiet("No ward is a hotspot with or without them, or it could not be tested.")
    else:
        frame.heading(words.plain_name(answers.ward_names(loaded)[ward]))
        st.html(placements.ward_html(held, ward))
    frame.heading("Missing episodes by who placed the child")
    chart = placement_page.bars(held, measure, ward)
    if chart is None:
        frame.quiet("No missing episode lies in a ward of this map.")
    else:
        st.vega_lite_chart(chart, key="placements_bars")

ranked = placement_page.ranked(held, measure)
tables.show(
    ranked,
    key="placed_wards",
    title="Wards: missing episodes, and how many are of children placed by others or by the ward's own authority",
    beside="What is known of the chosen ward is beside the map.",
    what="ward",
    ids=ranked["ward_code"].tolist(),
    columns={
        "ward_name": "Ward",
        "change": "Hotspot with/without",
        "episodes": "Episodes",
        "episodes_others": "By others",
        "share": "%",
        "episodes_own": "By own",
        "rate": "Per 1,000",
        "rate_without": "Without",
        "children": "Children",
        "children_only_others": "Only by others",
        "placed_now": "Placed now",
        "placed_now_by_others": "Now by others",
    },
)
explained = placement_page.explained(held, measure)
if len(explained):
    tables.show(
        explained,
        key="placed_hotspots",
        title="How much of each hotspot they explain",
        columns={
            "area_name": "Ward",
            "episodes": "Episodes",
            "share_of_episodes": "of placed by others, %",
            "children": "Children",
            "share_of_children": "placed by others, %",
            "rate": "Rate with",
            "rate_without": "Rate without",
            "rate_difference": "Difference",
            "rank": "Rank with",
            "rank_without": "Rank without",
            "stays": "Hotspot with or without",
        },
    )

tables.show(
    placements.by_authority(held),
    key="placed_by_authority",
    title="Children placed now, by the authority responsible for them",
    columns={
        "responsible_authority": "Responsible authority",
        "children": "Children",
        "out_of_area": "placed outside it",
        "not_known": "not known",
        "median_km": "Half are this far from home or more, km",
        "distance_not_known": "Distance not known",
    },
)
if held.sees_people:
    away = placement_page.away(loaded, state.names_shown())
    tables.show(
        away,
        key="out_of_area",
        title="Placed outside the authority responsible for them, the newest stay first",
        what="child",
        ids=away["person_id"].tolist(),
        columns={
            "child": "Child",
            "responsible_authority": "Responsible",
            "placed_by": "Placed by",
            "place": "Placement",
            "placement_type": "Kind",
            "ward_code": "Ward",
            "authority_code": "Authority of the placement",
            "since": "Since",
            "distance": "From home",
        },
        empty="Nobody, as far as is known.",
    )

by = st.segmented_control(
    "Where placed children gather, by",
    list(placements.BY.values()),
    default="Provider",
    key="placements_by",
    persist_state="session",
    required=True,
)
gathered = placements.gathered(held)
tables.show(
    gathered[gathered["by"] == by],
    key="gatherings",
    title=f"Where placed children gather, by {str(by).lower()}",
    columns={
        "called": str(by),
        "places": "Places",
        "children": "Children now",
        "placed_by_others": "placed by others",
        "out_of_area": "out of their area",
        "children_ever": "Children ever",
        "missing_episodes": "Missing episodes from there",
        "children_missing": "Children missing from there",
    },
)
if held.sees_people:
    listed = placement_page.listed(loaded, state.names_shown())
    tables.show(
        listed,
        key="notifications",
        title="Children placed here by other authorities: those nobody is on record as told of first",
        what="child",
        ids=listed["person_id"].tolist(),
        columns={
            "child": "Child",
            "placed_by": "Placed by",
            "place": "Placement",
            "ward_code": "Ward",
            "since": "Since",
            "told": "Sign that we were told",
            "missing_episodes": "Episodes since",
            "last_missing": "Last",
            "interviews": "Return interviews held",
        },
        empty="Nobody, as far as is known.",
    )
else:
    frame.quiet("Children are not listed for this role.")

tables.show(
    held.gaps,
    key="placements_missing",
    title="What is missing from the records",
    columns={"what": "What", "rows": "How many", "of": "Of", "kind": "Which"},
    empty="Nothing that is looked for.",
)
if len(held.split) and held.split["authority_code"].notna().any():
    tables.download(
        placements.publishable,
        held,
        key="placed_counts",
        title="Wards for a wider audience (counts of 1 to 5, and what gives them away, shown as c)",
    )
with frame.method():
    st.html(words.method_html(placements.METHOD, [*placements.LIMITS, *held.notes]))
