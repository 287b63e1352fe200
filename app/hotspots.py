"""Put hotspots into the tables, words and files that the page and the command show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from app import words
from app.results import swapped_in, write_summary
from app.text import plain
from geo import measures
from geo.areas import Areas, Level
from geo.files import Geography
from geo.funnel import POSITIONS
from geo.hotspot_table import Hotspots, build_hotspots, describe_runs
from geo.publication import publish
from geo.strata import build_strata
from geo.trends import hotspot_trends, monthly_hotspots
from mapping.text import shortened

if TYPE_CHECKING:
    from app.analysis import Analysis

TABLES = (
    "hotspots",
    "scan_clusters",
    "hotspot_months",
    "dense_places",
    "hotspot_counts",
    "hotspot_month_counts",
)
MOST_NAMED = 5
"""Areas named in the answer."""
FILES = (*(f"{name}.parquet" for name in TABLES), "summary.json")


@dataclass(frozen=True, eq=False)
class Counts:
    """Everything that measures count, the areas it belongs to, and the children recorded in events (None: not known)."""

    areas: Areas
    occurrences: pd.DataFrame
    as_of: date
    taking: pd.DataFrame | None = None


def build_counts(analysis: Analysis, areas: Areas, geography: Geography | None) -> Counts:
    """List what measures count of an analysis, by area."""
    from app.analysis import UNDATED

    happened, as_of = analysis.happened, analysis.as_of or UNDATED
    found = measures.build_occurrences(areas, geography or Geography(), as_of=as_of, **happened)
    who = happened["participation"]
    taking = None if who is None else measures.children_taking(who, happened["people"], happened["events"])
    return Counts(areas, found, as_of, taking)


def find_hotspots(counts: Counts, measure: str, **options: Any) -> Hotspots:
    """Find the hotspots of one measure; see `geo.hotspot_table.build_hotspots`.

    Raises
    ------
    ValueError
        There is no such measure, or the scan is to be standardised and there is nothing to do it by.
    """
    observed = measures.area_counts(counts.occurrences, counts.areas, measure)
    factor = measures.runs(counts.occurrences, measure)
    strata, why = build_strata(counts.occurrences, counts.areas, measure)
    if strata is None and options.get("scan_standardised"):
        raise ValueError(" ".join([*why, "Leave out --standardised, or choose another --measure."]))
    found = build_hotspots(observed, counts.areas, strata=strata, repeat_factor=factor, **options)
    said = [*why, *describe_runs(measure, factor), *measures.describe_outside(counts.occurrences, measure)]
    if measure.startswith("incidents_") and measures.incidents_unknown(counts.occurrences):
        said.append(measures.NOT_KNOWN)
    return Hotspots(found.table, found.clusters, [*counts.areas.notes, *found.notes, *said])


def without_placed(counts: Counts, measure: str, **options: Any) -> Hotspots | None:
    """Find the same hotspots without placed children; None where the measure already leaves them out."""
    if measure.endswith(measures.RESIDENTS):
        return None
    return find_hotspots(counts, measure + measures.RESIDENTS, **options)


def find_months(counts: Counts, measure: str, **options: Any) -> pd.DataFrame:
    """Find the hotspots of each month by itself, and say of each area how its hot months lie in time.

    Returns
    -------
    One row an area and month, by month and then by area: what `monthly_hotspots` gives, and kind, trend and trend_q
    of the area from `hotspot_trends`.

    Raises
    ------
    ValueError
        Nothing of the kind has a date.
    """
    by_month = measures.area_months(counts.occurrences, counts.areas, measure, as_of=counts.as_of)
    if not len(by_month.columns):
        msg = f"Nothing that {measure} counts has a date here, so there are no months to compare. Leave months out."
        raise ValueError(msg)
    monthly = monthly_hotspots(
        by_month, counts.areas.neighbours, population=counts.areas.table["population"], **options
    )
    trends = hotspot_trends(monthly)[["kind", "trend", "trend_q"]]
    return monthly.merge(trends.reset_index(), on="area_code", how="left")


def publishable(found: Hotspots) -> pd.DataFrame:
    """Return counts and rates for a wider audience: counts of 1 to 5 hidden, and others that would give them away.

    Returns
    -------
    area_code, area_name, observed, rate, all as text, "c" where hidden; the last row is the total.
    """
    return publish(
        found.table,
        names=["area_code", "area_name"],
        counts=["observed"],
        beside={"rate": ("observed",)},
    )


def answer(found: Hotspots, without: Hotspots | None, *, level: Level = "ward") -> str:
    """Say how many areas are higher than chance explains, which, and what is left without placed children.

    Parameters
    ----------
    found, without : of one measure, with and without placed children; None where that makes no difference.
    """
    table = found.table
    tested = int((table["not_tested"] == "").sum())
    area = "ward" if level == "ward" else "LSOA"
    if not tested:
        return f"No {area} can be told from chance: there is too little to compare."
    hot = table[table["hotspot"].fillna(False).astype(bool)]
    if hot.empty:
        none = (
            f"None of {words.count(tested, area)}, taken with those around it, is higher than chance explains"
        )
        return f"{none}{_by_themselves(table, area)}."
    named = hot.sort_values(["gi_star_z", "area_code"], ascending=[False, True])["area_name"]
    first = [shortened(plain(name), 60) for name in named[:MOST_NAMED]]
    more = [words.count(len(hot) - MOST_NAMED, "other")] if len(hot) > MOST_NAMED else []
    one = len(hot) == 1
    said = f"{len(hot)} of {words.count(tested, area)}, taken with those around {'it' if one else 'them'}, {'is' if one else 'are'} higher than chance explains: {words.listing([*first, *more])}."
    return said + ("" if without is None else f" {_left(hot, without)}")


def _by_themselves(table: pd.DataFrame, area: str) -> str:
    """Say how many areas chance does not explain by themselves, where none is a hotspot with those around it."""
    above = table[table["funnel_position"].eq(POSITIONS[-1])]
    if above.empty:
        return ""
    furthest = above.sort_values(["rate", "area_code"], ascending=[False, True])["area_name"].iloc[0]
    return f"; by {'itself' if len(above) == 1 else 'themselves'} {words.count(len(above), area)} {'is' if len(above) == 1 else 'are'}, {shortened(plain(furthest), 60)} most of all"


def _left(hot: pd.DataFrame, without: Hotspots) -> str:
    """Say how many hotspots are no longer one when placed children are left out."""
    rest = without.table.set_index("area_code")["hotspot"].reindex(hot["area_code"])
    if rest.isna().all():
        return "What is left without placed children is not known."
    gone = int((~rest.fillna(False).astype(bool)).sum())
    if not gone:
        return "That stays so when children placed here by other authorities are left out."
    which = "It is" if len(hot) == 1 else f"{words.number(gone)} of them {'is' if gone == 1 else 'are'}"
    return f"{which} not when children placed here by other authorities are left out."


def save(analysis: Analysis, out: Path, tables: dict[str, pd.DataFrame], **summary: Any) -> None:
    """Write the tables of hotspots to a folder, whole or not at all."""
    with swapped_in(out, FILES) as folder:
        for name, table in tables.items():
            table.to_parquet(folder / f"{name}.parquet", index=False)
        settings = analysis.settings
        asked = {
            **analysis.stamp,
            "viewer": settings.viewer.role,
            "seed": settings.seed,
        }
        write_summary(folder, {**asked, **summary, "files": list(tables)})
