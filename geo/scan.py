"""Scan a map, or a map over time, for the places where more happened than chance would bring there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from geo.clusters import clusters_by_area, clusters_table, pick_clusters
from geo.windows import PER_METRE, Counts, Direction, Floats, Ints, Windows, count_type, largest_ratios

# How many numbers of a block of chance maps are held at a time.
HELD = 20_000_000
# Beyond so many areas a circle holds no more than so many of them, unless something else is asked for.
MANY_AREAS, MOST_IN_CIRCLE = 4_000, 500
CUT = "A circle holds at most {most:,} of {areas:,} areas, so a wider cluster is seen in part, or as several."
# How many codes a note names before it says how many more there are.
NAMED = 10


@dataclass(frozen=True, eq=False)
class Scan:
    """What a scan found.

    Attributes
    ----------
    clusters : one row a cluster, the most likely first: cluster (1, 2, ...), direction ("high" or "low"), centre (an
        area code), radius (metres; 0 for a single area), areas (how many), area_codes (joined by "|"), first_period and
        last_period (None where the scan is of space alone), observed, expected, ratio (observed over expected),
        relative_risk (inside over outside), population (missing where none was given), log_likelihood_ratio, p_value.
        The most likely cluster is always there, however likely chance is; others only up to the level, and none
        that shares an area with one above it. Empty where no circle departs from what was expected.
    areas : on the index that was given: scan_cluster and scan_p, missing where an area is in no cluster.
    chance : the highest log likelihood ratio of each chance map, ascending.
    notes : what was left out.
    """

    clusters: pd.DataFrame
    areas: pd.DataFrame
    chance: Floats
    notes: list[str] = field(default_factory=list)


def spatial_scan(
    observed: pd.Series[Any],
    population: pd.Series[Any],
    centres: pd.DataFrame,
    *,
    expected: pd.Series[Any] | None = None,
    max_share: float = 0.5,
    max_radius: float = np.inf,
    max_areas: int | None = None,
    direction: Direction = "high",
    replications: int = 999,
    level: float = 0.05,
    seed: int = 0,
) -> Scan:
    """Find circles that hold more events than their population leads one to expect (or fewer).

    Kulldorff's spatial scan statistic, Poisson model (Kulldorff 1997, "A spatial scan statistic", Communications in
    Statistics: Theory and Methods 26, 1481-1496). Every circle around every area's centre is weighed by its likelihood
    ratio; the highest is compared with the highest of maps on which the same number of events fell by chance, so the
    p-value needs no further allowance for the many circles looked at. Other clusters are compared with the same
    highest ratios, which errs on the careful side.

    Parameters
    ----------
    observed : events by area, whole numbers. An area with no figure is left out, and a note names it.
    population : people by area. An area where nobody lives is left out with its events, and a note names it.
    centres : easting and northing of each area (British National Grid metres), as `area_centres` gives them.
    expected : events expected by area where that is not in proportion to population, for example standardised by
        age and sex. They are scaled to add up to the events observed.
    max_share : the largest share of the population that a circle may hold, at most 0.5.
    max_radius : the widest a circle may be, in metres.
    max_areas : the most areas that a circle may hold. By default as many as the share allows, but 500 on a map of more
        than 4,000 areas, where a circle of half the people answers nothing and takes hours; a note says so.
    direction : "high", "low" or "both".
    replications : how many chance maps. The smallest possible p-value is 1 / (replications + 1).
    level : clusters after the first are reported up to this p-value.

    Raises
    ------
    ValueError
        A count is negative or not a whole number, an area comes twice, an option is out of its range, or there are
        no events or fewer than two areas to scan.
    """
    validate_options(max_share, max_radius, replications, level, max_areas=max_areas)
    counts = whole_counts(observed.to_frame())
    kept = _kept(counts.iloc[:, 0], population, population if expected is None else expected, centres)
    windows = Windows(
        kept.x,
        kept.y,
        size=kept.size,
        weight=kept.weight[:, None],
        total=_total(kept.observed),
        max_share=max_share,
        max_radius=max_radius,
        max_areas=_most_areas(max_areas, len(kept.codes)),
        direction=direction,
    )
    chance = _chance(windows, lambda rng, count: _multinomial(windows, rng, count), replications, seed)
    found = pick_clusters(windows, kept.observed[:, None], chance, level)
    clusters = clusters_table(found, windows, kept.codes, periods=None, people=kept.size)
    return Scan(
        clusters, clusters_by_area(found, kept.codes, observed.index), chance, kept.notes + _cut(windows)
    )


def space_time_scan(
    observed: pd.DataFrame,
    centres: pd.DataFrame,
    *,
    population: pd.Series[Any] | pd.DataFrame | None = None,
    max_share: float = 0.5,
    max_radius: float = np.inf,
    max_areas: int | None = None,
    max_periods: int | None = None,
    current: bool = False,
    direction: Direction = "high",
    replications: int = 999,
    level: float = 0.05,
    seed: int = 0,
) -> Scan:
    """Find places and times at which more happened than elsewhere and at other times.

    A cylinder is a circle with a run of periods. Without `population` the events themselves say what to expect: each
    area keeps its number of events and each period its own, and chance decides only which goes with which (the
    space-time permutation model; Kulldorff, Heffernan, Hartman, Assuncao and Mostashari 2005, PLoS Medicine 2, e59).
    A place that is always busy, or a month that is busy everywhere, is then no cluster. With `population` it is the
    Poisson model of Kulldorff (2001, Journal of the Royal Statistical Society A 164, 61-72).

    Work grows with areas x areas x runs of periods x replications: with more than a few hundred areas ask for
    `current`, fewer periods or a smaller share.

    Parameters
    ----------
    observed : events by area (rows) and period (columns, in order of time), whole numbers. A period with no figure at
        all has no data: it is left out, not taken for nought. So is an area that lacks a figure for another period.
    centres : easting and northing of each area, in metres.
    population : people by area, or by area and period.
    max_share : the largest share that a circle may hold, of the population, or without one of the events.
    max_periods : the longest run of periods; by default half of them.
    current : look only at runs that include the last period, as one does month by month.

    The other parameters, and the errors, are those of `spatial_scan`.
    """
    validate_options(max_share, max_radius, replications, level, max_areas=max_areas)
    table = whole_counts(observed)
    held = table.loc[:, table.notna().any()]
    people = None if population is None else _people(population, held)
    size = pd.Series(1.0, index=held.index) if people is None else people.mean(axis=1, skipna=False)
    kept = _kept(held.sum(axis=1, skipna=False), size, size, centres)
    counts = held.loc[kept.codes].to_numpy(dtype=np.int64)
    weight = _product(counts) if people is None else people.loc[kept.codes].to_numpy()
    windows = Windows(
        kept.x,
        kept.y,
        size=weight.sum(axis=1),
        weight=weight,
        total=_total(counts),
        runs=_runs(counts.shape[1], max_periods, current=current),
        max_share=max_share,
        max_radius=max_radius,
        max_areas=_most_areas(max_areas, len(kept.codes)),
        direction=direction,
    )

    def draw(rng: np.random.Generator, count: int) -> Counts:
        return _permuted(counts, rng, count) if people is None else _multinomial(windows, rng, count)

    chance = _chance(windows, draw, replications, seed)
    found = pick_clusters(windows, counts, chance, level)
    clusters = clusters_table(
        found, windows, kept.codes, periods=list(held.columns), people=None if people is None else kept.size
    )
    without = [str(period) for period in table.columns if period not in held.columns]
    notes = [f"Left out because there is no data for them: {', '.join(without)}."] if without else []
    return Scan(
        clusters,
        clusters_by_area(found, kept.codes, observed.index),
        chance,
        kept.notes + notes + _cut(windows),
    )


def openshaw_circles(
    observed: pd.Series[Any],
    expected: pd.Series[Any],
    centres: pd.DataFrame,
    *,
    radius: float,
    step: float,
    level: float = 0.002,
) -> pd.DataFrame:
    """Draw circles of one size over a grid and keep those that hold more events than expected.

    The geographical analysis machine (Openshaw, Charlton, Wymer and Craft 1987, International Journal of
    Geographical Information Systems 1, 335-358): a quick look that makes no allowance for how many circles were
    drawn. What it shows needs `spatial_scan` before anything is said about it.

    Parameters
    ----------
    radius, step : metres. The grid starts in the south-west corner of the centres.
    level : circles with a p-value below this are kept.

    Returns
    -------
    One row a circle, from the south-west corner northwards: easting, northing, areas, observed, expected, p_value
    (the Poisson chance of more than `observed`, as the machine counts it).
    """
    from scipy.spatial import KDTree
    from scipy.stats import poisson

    table = pd.DataFrame({"observed": observed, "expected": expected}).join(centres[["easting", "northing"]])
    table = table.dropna().sort_index()
    points = table[["easting", "northing"]].to_numpy(dtype=float)
    low, high = points.min(axis=0), points.max(axis=0)
    axes = [low[axis] + step * np.arange(int((high[axis] - low[axis]) / step) + 1) for axis in (0, 1)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    inside = [sorted(near) for near in KDTree(points).query_ball_point(grid, radius)]
    figures = table[["observed", "expected"]].to_numpy(dtype=float)
    sums = np.array([figures[near].sum(axis=0) for near in inside])
    circles = pd.DataFrame(
        {"easting": grid[:, 0], "northing": grid[:, 1], "areas": [len(near) for near in inside]}
    )
    circles[["observed", "expected"]] = sums
    circles["p_value"] = poisson.sf(sums[:, 0], sums[:, 1])
    kept = circles[(circles["p_value"] < level) & (circles["areas"] > 0)]
    return kept.astype({"observed": np.int64}).reset_index(drop=True)


def validate_options(
    max_share: float, max_radius: float, replications: int, level: float, *, max_areas: int | None = None
) -> None:
    """Check the options of a scan, all at once.

    Raises
    ------
    ValueError
        One sentence for each option that is out of its range.
    """
    faults = []
    if not 0 < max_share <= 0.5:
        faults.append(f"max_share is {max_share:g}; give a share above 0 and at most 0.5.")
    if not max_radius > 0:
        faults.append(f"max_radius is {max_radius:g}; give metres above 0.")
    if max_areas is not None and max_areas < 1:
        faults.append(f"max_areas is {max_areas}; give at least 1, or leave it out.")
    if replications < 1:
        faults.append(f"replications is {replications}; give at least 1, or 999 as is usual.")
    if not 0 < level < 1:
        faults.append(f"level is {level:g}; give a p-value between 0 and 1.")
    if faults:
        raise ValueError(" ".join(faults))


def whole_counts(counts: pd.DataFrame) -> pd.DataFrame:
    """Return counts by area as floats, by code, missing where there is no figure.

    Raises
    ------
    ValueError
        A count is not a whole number from 0 up, or an area comes twice. It names the first area at fault, and how
        many there are.
    """
    twice = counts.index[counts.index.duplicated()]
    if len(twice):
        msg = f"{twice[0]} comes more than once among the areas ({len(twice)} rows too many). Give one row an area."
        raise ValueError(msg)
    values = np.column_stack([numbers(counts[column]) for column in counts])
    wrong = (values < 0) | (values != np.floor(values)) & ~np.isnan(values) | np.isinf(values)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        msg = (
            f"{counts.index[row]} has {values[row, column]:g} events. Counts are whole numbers from 0 up; "
            f"{wrong.sum()} of them are not."
        )
        raise ValueError(msg)
    return pd.DataFrame(values, index=counts.index, columns=counts.columns).sort_index()


def numbers(column: pd.Series[Any]) -> Floats:
    """Return a column of numbers as floats, whatever stands there for missing."""
    return np.asarray(column.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def left_out(reasons: dict[str, list[str]]) -> list[str]:
    """Say in sentences which areas were left out, and why."""
    notes = []
    for reason, codes in reasons.items():
        named = ", ".join(codes[:NAMED]) + (f" and {len(codes) - NAMED} more" if len(codes) > NAMED else "")
        if codes:
            notes.append(
                f"{len(codes)} area{'s were' if len(codes) > 1 else ' was'} left out: {reason} ({named})."
            )
    return notes


class _Kept(NamedTuple):
    """The areas that can be scanned, by code, and what is known of them."""

    codes: pd.Index[Any]
    observed: Ints
    size: Floats
    weight: Floats
    x: Ints
    y: Ints
    notes: list[str]


def _kept(
    observed: pd.Series[Any], size: pd.Series[Any], weight: pd.Series[Any], centres: pd.DataFrame
) -> _Kept:
    """Leave out the areas that cannot be scanned, and say which."""
    events = observed.to_numpy()
    people, expected = numbers(size.reindex(observed.index)), numbers(weight.reindex(observed.index))
    place = centres[["easting", "northing"]].reindex(observed.index).to_numpy(dtype=np.float64)
    tests = {
        "no figure is recorded": np.isnan(events),
        "population is not known": np.isnan(people) | np.isnan(expected),
        "nobody lives there": (people <= 0) | (expected <= 0),
        "position is not known": np.isnan(place).any(axis=1),
    }
    kept = np.ones(len(events), dtype=np.bool_)
    reasons = {}
    for reason, test in tests.items():
        out = kept & test
        lost = int(np.nansum(events[out]))
        reasons[f"{reason}, and {lost} events with it" if lost else reason] = (
            observed.index[out].astype(str).tolist()
        )
        kept &= ~out
    if kept.sum() < 2:
        msg = "There are fewer than two areas with a figure, a population and a position, so there is no map to scan."
        raise ValueError(msg)
    x, y = np.rint(place[kept] * PER_METRE).astype(np.int64).T
    return _Kept(
        codes=observed.index[kept],
        observed=events[kept].astype(np.int64),
        size=people[kept],
        weight=expected[kept],
        x=x
        - x.min(),  # from the corner of the map, so that squares of distances are not too large for 64 bits
        y=y - y.min(),
        notes=left_out(reasons),
    )


def _most_areas(asked: int | None, areas: int) -> int:
    """Return how many areas a circle may hold, as was asked or as the size of the map demands."""
    if asked is not None:
        return asked
    return MOST_IN_CIRCLE if areas > MANY_AREAS else areas


def _cut(windows: Windows) -> list[str]:
    """Say so where circles are smaller than the share alone would let them be."""
    if windows.max_areas is None or windows.max_areas >= windows.most_by_share:
        return []
    return [CUT.format(most=windows.max_areas, areas=windows.areas)]


def _total(counts: Ints) -> int:
    total = int(counts.sum())
    if not total:
        msg = "There are no events in the areas that can be scanned. Choose a measure or a period that has some."
        raise ValueError(msg)
    return total


def _people(population: pd.Series[Any] | pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """Return people by area and period, of those areas and periods that have data."""
    if isinstance(population, pd.Series):
        population = pd.DataFrame(dict.fromkeys(held.columns, population))
    known = population.reindex(index=held.index, columns=held.columns)
    return pd.DataFrame({period: numbers(known[period]) for period in known}, index=held.index)


def _product(counts: Ints) -> Floats:
    """Multiply each area's events by each period's: in proportion to what chance would bring together."""
    return np.outer(counts.sum(axis=1), counts.sum(axis=0)).astype(np.float64)


def _runs(periods: int, longest: int | None, *, current: bool) -> Ints:
    """List runs of periods as first and last, shorter ones first.

    Raises
    ------
    ValueError
        There are fewer than two periods, or `longest` is less than one.
    """
    most = periods // 2 if longest is None else min(longest, periods - 1)
    if most < 1:
        msg = (
            f"Periods with data: {periods}; longest run asked for: {longest if longest is not None else most}. A scan "
            f"over time needs at least two periods with data and runs of at least one."
        )
        raise ValueError(msg)
    runs = [(last - length + 1, last) for length in range(1, most + 1) for last in range(length - 1, periods)]
    return np.array([run for run in runs if not current or run[1] == periods - 1], dtype=np.int64)


def _chance(
    windows: Windows, draw: Callable[[np.random.Generator, int], Counts], replications: int, seed: int
) -> Floats:
    """Find the highest likelihood ratio of each chance map, ascending."""
    rng = np.random.default_rng(seed)
    step = max(1, HELD // windows.weight.size)
    parts = [
        largest_ratios(windows, draw(rng, min(step, replications - done)))
        for done in range(0, replications, step)
    ]
    return np.sort(np.concatenate(parts))


def _multinomial(windows: Windows, rng: np.random.Generator, count: int) -> Counts:
    """Let the events fall on areas and periods in proportion to what is expected: (areas, periods, count)."""
    share = (windows.weight / windows.weight.sum()).reshape(-1)
    drawn = rng.multinomial(windows.total, share, size=count).astype(count_type(windows.total))
    return np.ascontiguousarray(drawn.T).reshape(*windows.weight.shape, count)


def _permuted(counts: Ints, rng: np.random.Generator, count: int) -> Counts:
    """Deal the events' periods out among the events again, `count` times: (areas, periods, count)."""
    area, period = np.nonzero(counts)
    times = counts[area, period]
    area, period = np.repeat(area, times), np.repeat(period, times)
    drawn = np.empty((count, counts.size), dtype=count_type(len(area)))
    for each in range(count):
        drawn[each] = np.bincount(area * counts.shape[1] + rng.permutation(period), minlength=counts.size)
    return np.ascontiguousarray(drawn.T).reshape(*counts.shape, count)
