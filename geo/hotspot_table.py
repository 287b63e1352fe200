"""Build the table of hotspots of one measure: rates, what is higher than chance explains, and clusters."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from geo.areas import Areas
from geo.clusters import COLUMNS as CLUSTERS
from geo.funnel import funnel
from geo.hotspots import area_hotspots, describe_not_tested
from geo.measures import in_words
from geo.rates import crude_rate, smoothed_rate
from geo.scan import spatial_scan
from geo.strata import COLUMNS as STANDARDISED
from geo.strata import Strata, standardised

COLUMNS = (
    *("area_code", "area_name", "observed", "population", "expected"),
    *("rate", "rate_low", "rate_high", "smoothed_rate", "funnel_position"),
    *STANDARDISED,
    *("gi_star_z", "gi_star_p", "local_moran_p", "local_moran_kind"),
    *("hotspot", "scan_cluster", "scan_p", "not_tested"),
    *("imd_decile", "imd_edition", "area_vintage", "population_source"),
)
NOTHING = "Nothing is counted in any area, so there is nothing to test."
NO_STRATA = "There is nothing to standardise the scan by. Give a population file with single years of age and a measure of children, or leave it out."
SCANNED = (
    "Clusters are of what was counted beside what the children of each place lead one to expect by {by}, so a cluster is not "
    "there because many are of an age at which it happens more often. Who is left out of the standard is not scanned."
)
RUNS = (
    "Several {measure} may be of one child: over all {measure}, the child concerned has {factor:.1f} on average. Intervals allow "
    "for that; the tests for hotspots and clusters do not, so read them beside children_missing or children_known."
)


@dataclass(frozen=True, eq=False)
class Hotspots:
    """What is higher than chance explains, and where.

    Attributes
    ----------
    table : one row an area, in code order, with the columns of `COLUMNS`.
    clusters : as `Scan.clusters`.
    notes : what was left out, and what to keep in mind.
    """

    table: pd.DataFrame
    clusters: pd.DataFrame
    notes: list[str] = field(default_factory=list)


def build_hotspots(
    observed: pd.Series[float],
    areas: Areas,
    *,
    strata: Strata | None = None,
    repeat_factor: float = 1.0,
    permutations: int = 9_999,
    replications: int = 999,
    level: float = 0.05,
    robust: bool = False,
    scan_standardised: bool = False,
    seed: int = 0,
) -> Hotspots:
    """Put rates, smoothed rates, Gi*, local Moran and the scan statistic of one measure side by side.

    Parameters
    ----------
    observed : from `area_counts`, on area_code; missing where not known.
    areas : from `build_areas`.
    strata : from `build_strata`, for the standardised ratio; without it that is missing.
    repeat_factor : from `runs`; widens the intervals of rates where one child may bring several.
    permutations, level, robust, seed : as in `gi_star`; replications : as in `spatial_scan`.
    scan_standardised : scan what was counted in strata beside what they lead one to expect, in place of the rate by
        population: a place where many are of an age at which it happens more often is then no cluster by that alone.

    Returns
    -------
    Hotspots. Rates are per 1,000 children aged 10 to 17. `expected` is what an area would have at the rate of all
    areas together. `hotspot` is Gi* after false-discovery control: the area and those around it, taken together,
    are higher than chance explains. `funnel_position` (one of `geo.funnel.POSITIONS`) is of the area by itself.

    Raises
    ------
    ValueError
        The scan is to be standardised and there are no strata.
    """
    if scan_standardised and strata is None:
        raise ValueError(NO_STRATA)
    population = areas.table["population"]
    rates = crude_rate(observed, population, repeat_factor=repeat_factor)
    known = rates["rate"].notna()
    share = observed[known].sum() / population[known].sum() if known.any() else np.nan
    tested = area_hotspots(
        observed,
        population,
        areas.neighbours,
        permutations=permutations,
        level=level,
        robust=robust,
        seed=seed,
    )
    local = smoothed_rate(observed, population, neighbours=areas.beside)
    ratios = standardised(strata, observed.index, repeat_factor=repeat_factor)
    table = rates[["rate", "rate_low", "rate_high"]].join([local["smoothed_rate"], tested, ratios])
    table["funnel_position"] = position(observed, areas, repeat_factor=repeat_factor)
    table.insert(0, "expected", (population * share).where(known))
    table.insert(0, "population", population)
    table.insert(0, "observed", observed)
    table.insert(0, "area_name", areas.table["area_name"])
    table["imd_decile"] = areas.table["imd_decile"].astype("Int64")
    table["imd_edition"] = pd.Series(areas.imd_edition, index=table.index).where(
        table["imd_decile"].notna(), None
    )
    table["area_vintage"], table["population_source"] = areas.boundaries.vintage, areas.population_source
    notes = [*describe_not_tested(tested), *([] if strata is None else strata.notes)]
    if scan_standardised and strata is not None:
        observed, expected = strata.counts.sum(axis=1, skipna=False), ratios["standardised_expected"]
        notes.append(SCANNED.format(by=strata.by))
    else:
        expected = None
    clusters, by_area, said = _scanned(
        observed, areas, expected, replications=replications, level=level, seed=seed
    )
    table = table.join(by_area).rename_axis("area_code").reset_index()
    return Hotspots(table[[*COLUMNS]], clusters, [*dict.fromkeys([*notes, *said])])


def position(observed: pd.Series[float], areas: Areas, *, repeat_factor: float = 1.0) -> pd.Series[str]:
    """Say where each area lies in the funnel by itself; missing where it has no rate."""
    population = areas.table["population"]
    if not (observed.notna() & (population > 0)).any():
        return pd.Series(None, index=observed.index, dtype="object")
    return funnel(observed, population, repeat_factor=repeat_factor)["position"]


def describe_runs(measure: str, factor: float) -> list[str]:
    """Say that a measure comes in runs of the same child, where it does."""
    return [RUNS.format(measure=in_words(measure), factor=factor)] if factor > 1 else []


def _scanned(
    observed: pd.Series[float],
    areas: Areas,
    expected: pd.Series[float] | None,
    *,
    replications: int,
    level: float,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Scan for clusters, or say why there is nothing to scan."""
    people = areas.table["population"]
    usable = observed.notna() & (people > 0)
    if usable.sum() < 2 or observed[usable].sum() == 0:
        nothing = pd.DataFrame({"scan_cluster": np.nan, "scan_p": np.nan}, index=observed.index)
        empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in CLUSTERS.items()})
        return empty, nothing, [NOTHING] if not observed[usable].sum() else []
    found = spatial_scan(
        observed,
        people,
        areas.centres,
        expected=expected,
        replications=replications,
        level=level,
        seed=seed,
    )
    return found.clusters, found.areas[["scan_cluster", "scan_p"]], found.notes
