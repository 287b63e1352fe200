"""Say how much more of something there is where areas are more deprived: shares, curve, tenths and slope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from app import words
from geo.disclosure import hide_beside, percentage, suppress
from geo.files import Geography
from geo.inequality import (
    Concentration,
    Slope,
    Tenths,
    children_by_decile,
    compare_tenths,
    concentration_curve,
    concentration_index,
    edition_year,
    share_by_decile,
    slope_index,
)
from geo.publication import publish
from geo.rates import repeat_factor

if TYPE_CHECKING:
    from app.analysis import Analysis

Found = TypeVar("Found")

MEASURES = {
    "children_known": "Children known who live here",
    "children_referred": "Children referred who live here",
    "children_missing": "Children missing at least once",
    "missing_episodes": "Missing episodes",
    "incidents": "Incidents",
}
"""What is counted in wards."""

OF_CHILDREN = {
    "children_known": "Children known",
    "children_referred": "Children referred",
    "children_missing": "Children missing at least once",
    "missing_episodes": "Children those episodes are of",
}
"""Whose homes the share by decile is of; incidents are of places, not of children."""

RESIDENTS = ("children_known", "children_referred", "children_missing", "missing_episodes")
"""Measures that can be counted without children whom other authorities have placed here."""

RECORDED = {
    "children_referred": ("referrals", "received_on"),
    "children_missing": ("missing", "reported_at"),
    "missing_episodes": ("missing", "reported_at"),
}
"""The table and the day that say which children a measure is of."""

MOST_DEPRIVED = 3
"""Deciles that the answer adds up, as hubs' own reports do."""

NO_WARDS = (
    "Deprivation cannot be compared: the case has no ward boundaries with deprivation. Put ward boundaries, an Index of "
    "Deprivation and a lookup into a folder called geography inside the case folder."
)
NO_DECILES = "Incidents belong to places, so there is no share by the decile of children's homes."
METHOD = (
    "The share of children by decile takes the decile of the small area (LSOA) each child's home is in, and stands beside "
    "the share of all children aged 10 to 17 who live in such areas. Curve, tenths and slope compare wards, lined up from "
    "the most deprived by the mean rank of their small areas and weighted by the children who live there."
)
LIMITS = (
    "Deprivation describes areas, not people: most children in deprived areas are not harmed, and children in other areas are.",
    "More on record where areas are more deprived may be more harm, or more agencies who look. Fewer may be nobody looking.",
    "Editions of the Indices of Deprivation rank other areas by other data. They are never mixed, and are not a time series.",
    "A missing episode belongs to the ward of the place the child was missing from, often a children's home; without placed children shows how much of it that is.",
    "Counts are of everyone under 18; the population beside them is aged 10 to 17, the ages of nearly all of them.",
    "The interval of the concentration index allows for chance in the counts alone; that of the slope for all that makes wards differ.",
    "The wards at either end are few. The tenths are a picture for a meeting; the slope and the index use every ward.",
)


@dataclass(frozen=True, eq=False)
class Picture:
    """How one measure lies across deprivation.

    Attributes
    ----------
    measure, placed : what is counted, and whether children placed here by other authorities count.
    edition : of the Indices of Deprivation, as the wards table names it.
    deciles : share by decile, None where there is none; unknown: children of whom no decile is known.
    curve, index, tenths, slope : as in `geo.inequality`; None where they cannot be worked out.
    wards : one row a ward, the most deprived first: ward_code, ward_name, imd_decile, count, children_10_17, rate.
    notes : why something could not be worked out, and what is missing.
    """

    measure: str
    placed: bool
    edition: str
    deciles: pd.DataFrame | None
    unknown: int
    curve: pd.DataFrame | None
    index: Concentration | None
    tenths: Tenths | None
    slope: Slope | None
    wards: pd.DataFrame
    notes: tuple[str, ...]


def picture(
    analysis: Analysis, geography: Geography | None, measure: str = "children_known", *, placed: bool = True
) -> Picture | None:
    """Work out how a measure lies across deprivation; None where no ward has a rank of deprivation.

    Parameters
    ----------
    measure : one of `MEASURES`.
    placed : with children whom other authorities have placed here.
    """
    wards = analysis.wards
    if geography is None or wards.empty or wards["imd_rank_mean"].isna().all():
        return None
    placed = placed or measure not in RESIDENTS
    counts = _ward_counts(analysis, measure, placed)
    edition = wards["imd_edition"].dropna().iloc[0]
    given = (counts, wards["children_10_17"].astype("Float64").astype(float), wards["imd_rank_mean"])
    named, notes = {"edition": wards["imd_edition"]}, list[str]()
    factor = _repeats(analysis, placed) if measure == "missing_episodes" else 1.0

    def known(function: Callable[..., Found], **options: Any) -> Found | None:
        try:
            return function(*given, **named, **options)
        except ValueError as error:  # too few wards, or nothing counted: said beside what can be shown
            notes.append(str(error))
            return None

    deciles, unknown, said = _deciles(analysis, geography, measure, placed, str(edition))
    found = Picture(
        measure,
        placed,
        str(edition),
        deciles,
        unknown,
        known(concentration_curve),
        known(concentration_index, repeat_factor=factor),
        known(compare_tenths, repeat_factor=factor),
        known(slope_index),
        _ward_table(wards, counts),
        (),
    )
    slope_notes = found.slope.notes if found.slope is not None else ()
    every = dict.fromkeys([*said, *notes, *slope_notes])
    return Picture(**{**vars(found), "notes": tuple(every)})


def answer(found: Picture) -> str:
    """Return the sentence that answers the page."""
    scope = "" if found.placed else ", without children placed here by other authorities"
    parts = [f"{MEASURES[found.measure]}{scope}: {_tenths(found.tenths)}"]
    shares = found.deciles
    if shares is not None and shares["children"].sum():
        first = shares.head(MOST_DEPRIVED)
        everyone = first["population_share"].sum(min_count=1)
        beside = "" if pd.isna(everyone) else f", where {everyone:.0%} of all children here live"
        parts.append(
            f"{first['share'].sum():.0%} of {OF_CHILDREN[found.measure].lower()} live in the three most deprived tenths of "
            f"areas in England{beside}."
        )
    return f"{' '.join(parts)} ({found.edition}.)"


def figures(found: Picture) -> list[str]:
    """Return what the index, the tenths and the slope say, a sentence or two each."""
    lines = []
    if (index := found.index) is not None and not isnan(index.index):
        lines.append(
            f"Concentration index {index.index:.2f} (95% interval {index.low:.2f} to {index.high:.2f}): {_leaning(index)}."
        )
    if found.tenths is not None:
        rows = found.tenths.table
        lines += [
            f"{name.capitalize()} tenth of wards ({words.count(int(row['areas']), 'ward')}): "
            f"{words.number(int(row['count']))} counted, {row['rate']:.1f} per 1,000 children "
            f"({row['rate_low']:.1f} to {row['rate_high']:.1f})."
            for name, row in rows.iterrows()
        ]
    if (slope := found.slope) is not None:
        lines.append(
            f"Slope index {slope.slope:.1f} per 1,000 ({slope.low:.1f} to {slope.high:.1f}): a straight line through all "
            f"{slope.areas} wards goes from {slope.most_deprived:.1f} at the most deprived end to {slope.least_deprived:.1f} "
            f"at the least deprived."
        )
    return lines


def decile_rows(found: Picture) -> pd.DataFrame:
    """Return the shares by decile as the page lists them: shares in percent, children per 1,000, everything rounded."""
    if found.deciles is None:
        return pd.DataFrame()
    table = found.deciles.reset_index()
    shares = {name: (100 * table[name]).round(1) for name in ("share", "population_share")}
    ratios = {name: table[name].round(2) for name in ("ratio", "ratio_low", "ratio_high")}
    everyone = table["population"].astype("Float64").astype(float)
    rate = (1000 * table["children"] / everyone.where(everyone > 0)).round(1)
    return table.assign(**shares, **ratios, rate=rate)


def publishable_deciles(found: Picture) -> pd.DataFrame:
    """Return the shares by decile for a wider audience: counts of 1 to 5 hidden, and what would give them away.

    Returns
    -------
    decile, children, share, all_children, all_children_share, all as text; "c" is hidden; the last row is the total.
    """
    if found.deciles is None:
        return pd.DataFrame()
    table = found.deciles
    children = suppress(table["children"])
    whole = pd.Series(children.iloc[-1], index=children.index)
    everyone = table["population"].reindex(children.index)
    everyone.iloc[-1] = table["population"].sum(min_count=1)
    of_all = (100 * everyone / everyone.iloc[-1]).astype(float)
    shown = {
        "children": children,
        "share": percentage(children, whole),
        "all_children": hide_beside(everyone.astype(float), decimals=0),
        "all_children_share": hide_beside(of_all),
    }
    return pd.DataFrame(shown).rename_axis("decile").reset_index().astype(str)


def publishable_wards(found: Picture) -> pd.DataFrame:
    """Return counts and rates by ward for a wider audience: counts of 1 to 5 hidden, and what would give them away.

    Returns
    -------
    ward_code, ward_name, imd_decile, count, rate, all as text; "c" is hidden; the last row is the total.
    """
    names = ["ward_code", "ward_name", "imd_decile"]
    return publish(found.wards, names=names, counts=["count"], beside={"rate": ("count",)})


def _ward_counts(analysis: Analysis, measure: str, placed: bool) -> pd.Series:
    """Return the count of each ward, on the index of the wards table."""
    wards = analysis.wards
    if measure == "children_referred":
        homes = _children(analysis, measure, placed)
        return wards["ward_code"].map(homes["home_ward"].value_counts()).fillna(0).astype("int64")
    column = measure if placed else f"{measure}_residents"
    return wards[column].astype("Float64").astype(float)


def _children(analysis: Analysis, measure: str, placed: bool) -> pd.DataFrame:
    """Return the homes of the children a measure is of, one row a child."""
    wanted = _known(analysis) if measure == "children_known" else _recorded(analysis, measure)
    homes = analysis.geography.homes.drop_duplicates("person_id")
    homes = homes[homes["person_id"].isin(wanted)]
    return homes if placed else homes[~homes["placed_from_elsewhere"].fillna(False).astype(bool)]


def _known(analysis: Analysis) -> pd.Series:
    """Return who is a child on the as-of date."""
    asked = (
        f"SELECT person_id FROM {analysis.bands} JOIN {{people}} USING (person_n) WHERE age_band = 'child'"
    )
    return analysis.records.sql(asked).df()["person_id"]


def _recorded(analysis: Analysis, measure: str) -> pd.Series:
    """Return who was referred, or reported missing, when under 18 (or of unknown age)."""
    table, column = RECORDED[measure]
    rows = analysis.records.table(table)[["person_id", column]]
    born = (
        analysis.records.table("people").drop_duplicates("person_id").set_index("person_id")["date_of_birth"]
    )
    grown = rows["person_id"].map(born) + pd.DateOffset(years=18)
    return rows.loc[~(rows[column] >= grown), "person_id"].drop_duplicates()


def _deciles(
    analysis: Analysis, geography: Geography, measure: str, placed: bool, edition: str
) -> tuple[pd.DataFrame | None, int, list[str]]:
    """Return the shares by decile, how many children have none, and what is to be said."""
    if measure not in OF_CHILDREN:
        return None, 0, [NO_DECILES]
    # The homes have the decile of the edition that the wards table names.
    year = edition_year(edition)
    everyone = children_by_decile(geography, edition=year or None)
    homes = _children(analysis, measure, placed)
    table = share_by_decile(
        everyone.deciles_of(homes), everyone.children, edition=year, population_edition=everyone.edition
    )
    unknown = int(table.attrs["unknown"])
    notes = list(everyone.notes)
    if unknown:
        notes.append(
            f"{words.number(unknown)} of {words.count(len(homes), 'child', 'children')} have no home with a known decile in these wards and "
            f"are in no share."
        )
    return table, unknown, notes


def _repeats(analysis: Analysis, placed: bool) -> float:
    """Return how far episodes repeat the same child, for the width of intervals."""
    episodes = analysis.records.table("missing")
    wards = analysis.geography.missing.reset_index(drop=True)
    chosen = set(_children(analysis, "missing_episodes", placed)["person_id"])
    mine = episodes["person_id"].isin(chosen)
    return repeat_factor(wards[mine], episodes.loc[mine, "person_id"])


def _ward_table(wards: pd.DataFrame, counts: pd.Series) -> pd.DataFrame:
    children = wards["children_10_17"].astype("Float64").astype(float)
    rate = (1000 * counts / children.where(children > 0)).round(1)
    table = wards[["ward_code", "ward_name", "imd_decile", "imd_rank_mean"]].assign(
        count=counts, children_10_17=wards["children_10_17"], rate=rate
    )
    table = table.sort_values(["imd_rank_mean", "ward_code"], na_position="last", ignore_index=True)
    return table.drop(columns="imd_rank_mean")


def _tenths(tenths: Tenths | None) -> str:
    if tenths is None or isnan(tenths.ratio):
        return "the most and the least deprived tenth of wards cannot be compared."
    if not isfinite(tenths.ratio):
        return "all in the most deprived tenth of wards and none in the least deprived, when these two are compared."
    between = f"95% interval {tenths.low:.1f} to {tenths.high:.1f}"
    said = f"the most deprived tenth of wards has {tenths.ratio:.1f} times the rate of the least deprived ({between})"
    return f"{said}, which chance could explain." if tenths.low <= 1 <= tenths.high else f"{said}."


def _leaning(index: Concentration) -> str:
    if index.low <= 0 <= index.high:
        return "no leaning beyond chance"
    where = "more" if index.index < 0 else "less"
    return f"the {where} deprived wards have more than their share (0 is an even share, -1 and 1 the ends)"
