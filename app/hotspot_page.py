"""Work out what the Hotspots page shows, once for everyone who may see the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from app import dense, hotspot_map, hotspots, words
from app.data import Loaded, kept
from app.text import markup, plain
from geo import measures
from geo.areas import Areas, build_areas
from geo.clusters import COLUMNS as CLUSTERS
from geo.hotspot_table import Hotspots, position
from geo.rates import crude_rate, smoothed_rate

LABELS = {
    "children_missing": "Children missing at least once",
    "missing_episodes": "Missing episodes",
    "incidents": "Incidents",
    "referrals": "Referrals",
    "children_known": "Children known who live here",
}
SHADES = {
    "smoothed_rate": "Rate steadied by neighbours",
    "rate": "Rate per 1,000 aged 10 to 17",
    "observed": "How many",
}
LAYERS = {"wards": "Wards", "points": "Where they lie thick"}
"""What the map draws: shaded wards, or a surface with dense places."""
MONTHS_TOGETHER = "All months"


@kept
def areas(loaded: Loaded) -> Areas | str:
    """Return the wards with their children and neighbours, or the sentence that says why there are none."""
    try:
        return build_areas(loaded.work.reading.places)
    except ValueError as error:
        return str(error)


@kept
def counts(loaded: Loaded) -> hotspots.Counts:
    """List what measures count."""
    wards = areas(loaded)
    assert isinstance(wards, Areas)
    return hotspots.build_counts(loaded.analysis, wards, loaded.work.reading.places)


@kept
def found(loaded: Loaded, measure: str) -> Hotspots:
    """Find the hotspots of a measure over all months."""
    return hotspots.find_hotspots(counts(loaded), measure)


@kept
def farthest(loaded: Loaded, measure: str) -> list[list[float]]:
    """Return points on the circles around clusters, with and without placed children, that the map leaves room for.

    The room is the same for every month, so that the map stays where it is.
    """
    both = (found(loaded, name).clusters for name in (measure, measure + measures.RESIDENTS))
    return [dash[0] for clusters in both for dash in hotspot_map.dashes(clusters, counts(loaded).areas)]


@kept
def by_month(loaded: Loaded, measure: str) -> pd.DataFrame:
    """Count a measure by ward and month, months with data only; no columns for what has no months."""
    held = counts(loaded)
    if measure.startswith("children_known"):
        return pd.DataFrame(index=held.areas.table.index)
    table = measures.area_months(held.occurrences, held.areas, measure, as_of=held.as_of)
    return table.loc[:, table.notna().any()]


@kept
def trends(loaded: Loaded, measure: str) -> pd.DataFrame:
    """Find the hotspots of each month by itself, and how they lie in time."""
    return hotspots.find_months(counts(loaded), measure)


@kept
def in_month(loaded: Loaded, measure: str, month: str) -> Hotspots:
    """Return the hotspots of one month, as a table like that of all months but without clusters."""
    held = counts(loaded)
    wards = held.areas.table
    monthly = trends(loaded, measure)
    tested = monthly[monthly["month"] == month].set_index("area_code").reindex(wards.index)
    factor = measures.runs(held.occurrences, measure)
    rates = _rates(held.areas, by_month(loaded, measure)[month], factor)
    known = rates["rate"].notna()
    share = rates.loc[known, "observed"].sum() / max(wards.loc[known, "population"].sum(), 1)
    table = rates.join(tested[["gi_star_z", "gi_star_p", "hotspot", "not_tested"]]).assign(
        area_name=wards["area_name"],
        population=wards["population"],
        expected=(wards["population"] * share).where(known),
        funnel_position=position(by_month(loaded, measure)[month], held.areas, repeat_factor=factor),
        scan_cluster=pd.NA,
        scan_p=np.nan,
    )
    nothing = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in CLUSTERS.items()})
    return Hotspots(table.rename_axis("area_code").reset_index(), nothing, found(loaded, measure).notes)


def _rates(wards: Areas, observed: pd.Series, repeat_factor: float = 1.0) -> pd.DataFrame:
    people = wards.table["population"]
    rates = crude_rate(observed, people, repeat_factor=repeat_factor)[["rate", "rate_low", "rate_high"]]
    smooth = smoothed_rate(observed, people, neighbours=wards.beside)["smoothed_rate"]
    return rates.assign(observed=observed, smoothed_rate=smooth)


@kept
def dense_of(loaded: Loaded, measure: str, month: str) -> dense.Dense:
    """Find the dense places of a measure, in a month or all together."""
    return dense.find_dense(
        counts(loaded),
        measure,
        month=None if month == MONTHS_TOGETHER else month,
        sees_people=loaded.question.viewer.sees_people,
    )


@kept
def surface(loaded: Loaded, measure: str, month: str) -> pd.DataFrame:
    """Spread a measure over the cells of the map."""
    return dense.surface(dense_of(loaded, measure, month).points, counts(loaded).areas)


@kept
def highest(loaded: Loaded, measure: str, monthly: bool) -> float:
    """Return the highest the scale of the surface knows: with placed children, over every month alike."""
    if not monthly:
        return float(surface(loaded, measure, MONTHS_TOGETHER)["density"].max())
    rows, _ = measures.chosen_rows(counts(loaded).occurrences, measure)
    parts = [
        dense.surface(part, counts(loaded).areas)["density"].max()
        for _, part in rows.groupby(rows["on"].dt.strftime("%Y-%m"))
    ]
    return float(np.nanmax([0.0, *parts]))


def chosen(loaded: Loaded, measure: str, month: str) -> Hotspots:
    """Return the hotspots of a month, or of all months together."""
    return found(loaded, measure) if month == MONTHS_TOGETHER else in_month(loaded, measure, month)


@kept
def scale(loaded: Loaded, measure: str, shade: str, monthly: bool) -> pd.Series:
    """Return the values a scale is made from: with and without placed children alike, and of every month alike."""
    both = [measure, measure + measures.RESIDENTS]
    if not monthly:
        return pd.concat([found(loaded, name).table[shade] for name in both], ignore_index=True).round(1)
    wards = counts(loaded).areas
    parts = [_rates(wards, column)[shade] for name in both for _, column in by_month(loaded, name).items()]
    return pd.concat(parts, ignore_index=True).round(1)


def answer(loaded: Loaded, measure: str, placed: bool, month: str) -> str:
    """Return the sentence that answers the page."""
    name = measure if placed else measure + measures.RESIDENTS
    scope = LABELS[measure]
    if not placed:
        scope += ", without children placed here by other authorities"
    if month != MONTHS_TOGETHER:
        scope += f", in {month_name(month)}"
    without = chosen(loaded, measure + measures.RESIDENTS, month) if placed else None
    return f"{scope}: {hotspots.answer(chosen(loaded, name, month), without)}"


def month_name(month: str) -> str:
    """Return "2026-03" as "March 2026"."""
    return month if month == MONTHS_TOGETHER else f"{pd.Period(month):%B %Y}"


@kept
def ranked(loaded: Loaded, measure: str, placed: bool, month: str, shade: str) -> pd.DataFrame:
    """Return the wards in the order of what is shaded, with what the table shows of each."""
    name = measure if placed else measure + measures.RESIDENTS
    other = measure + measures.RESIDENTS if placed else measure
    table = chosen(loaded, name, month).table
    beside = chosen(loaded, other, month).table.set_index("area_code")
    table = table.assign(
        finding=[finding(row) for row in table.to_dict("records")],
        other=table["area_code"].map(beside["rate"]).round(1),
        **{name: table[name].round(1) for name in ("expected", "rate", "smoothed_rate")},
        cluster=table["scan_cluster"].map(lambda n: "" if pd.isna(n) else f"{int(n)}"),
        interval=[interval(row) for row in table.to_dict("records")],
        **standardised(table),
    )
    if len(by_month(loaded, name).columns):
        kind = trends(loaded, name).drop_duplicates("area_code").set_index("area_code")["kind"]
        table["kind"] = table["area_code"].map(kind)
    return table.sort_values(
        [shade, "area_code"], ascending=[False, True], na_position="last", ignore_index=True
    )


def finding(row: Any) -> str:
    """Say of a ward whether it is a hotspot, or why that was not tested."""
    if pd.isna(row["hotspot"]):
        return f"not tested: {row['not_tested']}"
    return "yes" if row["hotspot"] else "no"


def interval(row: Any) -> str:
    """Return the interval of a rate as text."""
    return "not known" if pd.isna(row["rate_low"]) else f"{row['rate_low']:.1f} to {row['rate_high']:.1f}"


def standardised(table: pd.DataFrame) -> dict[str, Any]:
    """Return the ratio by age (and sex) of each ward and its interval as the table lists them; nothing where there is none."""
    if "standardised_ratio" not in table or table["standardised_ratio"].isna().all():
        return {}
    between = [
        ""
        if pd.isna(row["standardised_ratio"])
        else f"{row['standardised_low']:.2f} to {row['standardised_high']:.2f}"
        for row in table.to_dict("records")
    ]
    return {"by_age": table["standardised_ratio"].round(2), "by_age_interval": between}


def cluster_lines(found: Hotspots, names: pd.Series) -> list[str]:
    """Return a line of HTML for each cluster, the most likely first."""
    lines = []
    for row in found.clusters.to_dict("records"):
        where = markup(str(names.get(row["centre"], row["centre"])), limit=60)
        sure = "chance alone explains it" if row["p_value"] > 0.05 else "chance does not explain it"
        lines.append(
            f'<div class="cm-row">Cluster {row["cluster"]}, around {where}: {words.count(row["areas"], "ward")}, '
            f'<span class="cm-figure">{words.number(row["observed"])}</span> where {row["expected"]:,.0f} would be expected; '
            f"{sure} (p {chance(row['p_value'])}).</div>"
        )
    return lines


def chance(value: float) -> str:
    """Return a p-value in figures that can be read."""
    return f"= {value:.3f}" if value >= 0.001 else "below 0.001"


def profile_html(row: Any, *, name: str, kind: str | None) -> str:
    """Return what is known of one ward for a measure, as HTML."""
    if pd.isna(row["rate"]):
        return f'<div class="cm-row">{markup(name)}: no rate, because {markup(row["not_tested"] or "it is not known")}.</div>'
    facts = [
        f"{markup(name)}: <b>{words.number(int(row['observed']))}</b>, where <b>{row['expected']:.1f}</b> would be expected at the rate of all wards",
        f"Rate per 1,000 aged 10 to 17: <b>{row['rate']:.1f}</b>, 95% interval <b>{row['rate_low']:.1f} to {row['rate_high']:.1f}</b>; steadied by the wards around <b>{row['smoothed_rate']:.1f}</b>",
    ]
    if pd.notna(row.get("standardised_ratio")):
        facts.append(
            f"Allowing for {markup(row['standardised_by'])}: <b>{row['standardised_ratio']:.2f}</b> times what its children lead one to expect, "
            f"95% interval <b>{row['standardised_low']:.2f} to {row['standardised_high']:.2f}</b>{_beyond(row)}"
        )
    if pd.notna(row["hotspot"]):
        verdict = "higher than chance explains" if row["hotspot"] else "not higher than chance explains"
        facts.append(
            f"With the wards around it: <b>{verdict}</b> (chance alone would put it so high with p {chance(row['gi_star_p'])})"
        )
    else:
        facts.append(f"Not tested: {markup(row['not_tested'])}")
    if kind and kind != "never":
        facts.append(f"From month to month: <b>{markup(kind)}</b> hotspot")
    return "".join(f'<div class="cm-row">{fact}</div>' for fact in facts)


def _beyond(row: Any) -> str:
    """Say whether the interval of the ratio by age leaves out 1."""
    return (
        "" if row["standardised_low"] > 1 or row["standardised_high"] < 1 else ", which chance could explain"
    )


def method_html(notes: Sequence[str]) -> str:
    """Return the method in two sentences, and the limits, as HTML."""
    listed = "".join(f"<li>{markup(plain(note), limit=400)}</li>" for note in notes)
    return (
        "<p>A ward is hatched where it and the wards around it, taken together, have a higher rate than 9,999 random shuffles of the map give them (Getis-Ord Gi*), with false finds kept to 5% of those hatched. "
        "A dashed circle is the circle that departs most from what its children lead one to expect, compared with the strongest circle on each of 999 maps where chance alone decided (Kulldorff's scan).</p>"
        "<p>High is not the same as dangerous: it may be that more is noticed or recorded there, and low may mean that nobody looked. "
        "Wards are compared with the other wards on this map, not with England. A circle goes around the middles of wards and shows no border of anything. "
        "Months are each tested by themselves, with 999 shuffles; with few events in a month little can be found.</p>"
        "<p>Without placed children: leaves out children whom another authority has placed here, and incidents in which every child recorded was so placed. It never moves the scale.</p>"
        "<p>Allowing for age (and sex, where it is known): what was counted, divided by what it would be if children of the same age had the same rate in every ward. "
        "1 is as many as that, 2 twice as many. It cannot tell why: it allows for no more than age and sex, not for deprivation, for placed children or for who looks. "
        "Each ward is set beside all wards by its own children's ages, so the ratios of two wards are not to be compared with each other, and a wide interval says that there are few. "
        "Who has no age on record is left out, and incidents, which are of places, have none.</p>"
        f"<ul>{listed}</ul>"
    )
