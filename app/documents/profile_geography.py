"""Draw up the geography of a problem profile: wards, deprivation, hotspots, and what crosses boundaries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from app import words
from app.documents import pictures
from app.documents.paper import Grid, Part, Picture
from app.documents.profile_section import Section, as_shown, numbers_shown
from app.profile import Scope, column, tally
from app.text import plain


def geography(scope: Scope) -> Section:
    """Say where children are missing from with and without placed children, how deprived their homes' areas are, and what crosses boundaries."""
    missing, figures, parts, sentences = scope.episodes(), dict[str, str](), list[Part](), list[str]()
    every = missing.groupby("ward")["person_id"].nunique()
    living = missing[~missing["placed"]].groupby("ward")["person_id"].nunique()
    wards = scope.analysis.wards.set_index("ward_code")
    codes = wards.index if scope.wards is None else wards.index[wards.index.isin(scope.wards)]
    if len(codes):
        shown = {
            name: as_shown(each.reindex(codes).fillna(0).astype("int64"), scope.wide)
            for name, each in (("All children missing", every), ("Without placed children", living))
            # The difference would give away how many are placed there.
            if not scope.wide or name == "All children missing"
        }
        parts += _ward_parts(scope, shown, wards)
        top = numbers_shown(shown["All children missing"])
        top = top[top > 0].sort_index().sort_values(ascending=False, kind="stable").head(3)
        names = [f"{plain(wards.loc[code, 'ward_name'])} ({words.number(top[code])})" for code in top.index]
        sentences.append(
            f"Most children were missing from {words.listing(names)}."
            if names
            else "No child was missing from a ward of the area."
        )
        figures |= {f"Children missing from {plain(wards.loc[code, 'ward_name'])}": words.number(top[code]) for code in top.index}  # fmt: skip
    else:
        sentences.append("There are no ward boundaries, so nothing can be put on a map.")
    for extra in (_deprivation(scope), _hotspots(scope), _across(scope)):
        figures |= extra.figures
        sentences += extra.sentences
        parts += extra.parts
    return Section(figures, tuple(sentences), tuple(parts))


def _ward_parts(scope: Scope, shown: Mapping[str, pd.Series], wards: pd.DataFrame) -> list[Part]:
    parts: list[Part] = []
    if scope.geography is not None and scope.geography.wards is not None:
        shapes = scope.geography.wards.to_geopandas()
        shapes = shapes if scope.wards is None else shapes[shapes["code"].isin(scope.wards)]
        values = {name: numbers_shown(each) for name, each in shown.items()}
        parts.append(
            Picture(
                pictures.wards(shapes.reset_index(drop=True), values),
                "Two maps of wards on one scale, darker where more children were missing: all children, and without those placed by other authorities. The table below has the numbers.",
                "Children missing at least once, by the ward they went missing from",
            )
        )
    codes = next(iter(shown.values())).index
    rows = [
        [
            plain(wards.loc[code, "ward_name"]),
            _decile(wards.loc[code, "imd_decile"]),
            *(each[code] for each in shown.values()),
        ]
        for code in codes
    ]
    title = "Children missing by ward; a child missing from two wards counts in both. Decile 1 is the most deprived."
    parts.append(Grid(["Ward", "Decile", *shown], rows, title))
    return parts


def _deprivation(scope: Scope) -> Section:
    """Compare the homes of children referred with those of all children, by decile."""
    from geo.inequality import children_by_decile, share_by_decile

    people = scope.people.reindex(scope.referrals()["person_id"].unique())
    if scope.wide:
        shown = column(
            tally(people["home_decile"].astype("string"), None, order=map(str, range(1, 11))), True
        )
        rows = [[label, value] for label, value in shown.items()]
        return Section({}, (), (Grid(["Decile of the home", "Children referred"], rows, "Children referred by decile of deprivation"),))  # fmt: skip
    try:
        everyone = (
            children_by_decile(scope.geography, wards=scope.wards) if scope.geography is not None else None
        )
        edition = str(scope.analysis.wards["imd_edition"].dropna().iloc[0]) if everyone is not None else ""
        if everyone is None:
            return Section({}, ("Deprivation is not known: there are no open files beside the case.",))
        table = share_by_decile(
            everyone.deciles_of(people),
            everyone.children,
            edition=edition,
            population_edition=everyone.edition,
        )
    except (ValueError, IndexError) as error:
        return Section({}, (f"Deprivation could not be compared: {error}",))
    most = table.loc[1:3]
    drawn = pd.DataFrame(
        {"children referred": 100 * table["share"], "all children": 100 * table["population_share"]}
    )
    rows = [
        [str(decile), words.number(row.children), _percent(row.share), _percent(row.population_share)]
        for decile, row in table.iterrows()
    ]
    share = _percent(most["share"].sum())
    sentence = f"{share} of the children referred have their home in the three most deprived deciles, where {_percent(most['population_share'].sum())} of all children live ({edition}). Deprivation describes areas, not people."
    return Section(
        {"Referred from the three most deprived deciles": share},
        (sentence,),
        (
            Picture(
                pictures.pairs_of_bars(drawn, across="decile of deprivation, 1 the most deprived"),
                "Bars of the share of children referred in each decile of deprivation beside the share of all children; the table below has the numbers.",
                "Children referred, and all children, by decile of the home (%)",
            ),
            Grid(
                ["Decile", "Children referred", "Share", "Share of all children"],
                rows,
                "By decile of deprivation of the home",
            ),
        ),
    )


def _hotspots(scope: Scope) -> Section:
    """Say which wards are higher than chance explains, with and without placed children; of all concerns, in the period."""
    from app import hotspots
    from geo.areas import build_areas

    if scope.wide:
        return Section()
    try:
        counts = hotspots.build_counts(scope.analysis, build_areas(scope.geography), scope.geography)
        rows = counts.occurrences
        dated = scope.period.holds(rows["on"]) | (rows["counted"] == "child")
        counts = hotspots.Counts(counts.areas, rows[dated], counts.as_of)
        # The sentence rests on Gi*; the scan statistic beside it needs no more than a few replications.
        options = {"permutations": 999, "replications": 99}
        found = hotspots.find_hotspots(counts, "children_missing", **options)
        without = hotspots.without_placed(counts, "children_missing", **options)
    except ValueError as error:
        return Section({}, (f"Hotspots could not be worked out: {error}",))
    sentence = hotspots.answer(found, without)
    return Section(
        {"Hotspots of children missing": sentence},
        (f"Of all wards and concerns together, children missing: {sentence[:1].lower()}{sentence[1:]}",),
    )


def _across(scope: Scope) -> Section:
    """Say what crosses the boundaries of authorities in the period."""
    from app import flows

    if scope.wide or scope.geography is None or scope.geography.wards is None:
        return Section()
    kinds = {"missing": "Missing episodes", "harmed": "Records of harm", "placed": "Placements"}
    movements = flows.build_movements(scope.analysis, scope.geography, kinds=kinds)
    span = {"since": scope.period.since, "until": scope.period.until}
    found = flows.find_flows(scope.analysis, movements, **span, shared=False)
    return Section(
        {},
        tuple(
            f"{name}, all wards and concerns together: {flows.answer(found, kind)}"
            for kind, name in kinds.items()
        ),
    )


def _decile(value: Any) -> str:
    return "not known" if pd.isna(value) else str(int(value))


def _percent(share: float) -> str:
    return "not known" if pd.isna(share) else f"{100 * share:.1f}%"
