"""Test whether events that are near in place are also near in time, beyond chance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.hotspots import false_discovery

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Metric = Literal["euclidean", "manhattan"]

# Powers of the Minkowski distance.
POWER = {"euclidean": 2.0, "manhattan": 1.0}
DISTANCES = (0.0, 1.0, 101.0, 201.0, 301.0)
DAYS = (0, 8, 15, 22)


COLUMNS = (
    *("distance_from", "distance_to", "days_from", "days_to"),
    *("observed", "expected", "ratio", "p_value", "q_value", "near_repeat"),
)


def count_near(events: pd.DataFrame, *, reach: float, metric: Metric = "euclidean") -> int:
    """Count the pairs of events that are up to `reach` metres apart, which is what the time of the test depends on.

    Parameters
    ----------
    events : easting and northing in metres, none missing.
    """
    from scipy.spatial import KDTree

    tree = KDTree(events[["easting", "northing"]].to_numpy(dtype=np.float64))
    return int(tree.count_neighbors(tree, reach, p=POWER[metric]) - len(events)) // 2


def near_repeats(
    events: pd.DataFrame,
    *,
    distances: Sequence[float] = DISTANCES,
    days: Sequence[int] = DAYS,
    metric: Metric = "euclidean",
    permutations: int = 999,
    level: float = 0.05,
    seed: int = 0,
) -> pd.DataFrame:
    """Count pairs of events by how far apart they are in place and in time, and compare with chance.

    Knox's test with bands (Knox 1964, Applied Statistics 13, 25-29; as near-repeat victimisation, Johnson and others
    2007, Journal of Quantitative Criminology 23, 201-219). Under chance the places stay as they are and the dates are
    dealt out again: places that are always busy and seasons that are busy everywhere make no near repeat. pointpats has
    the same test for one distance and one time; its counts and ours agree.

    Parameters
    ----------
    events : easting, northing (metres) and date (dates or times; or whole numbers of any unit, for example months,
        where no day is known). Events that lack one are left out.
    distances : where bands begin, in metres: the first band is from the first number up to, but not with, the second;
        the last has no end. (0, 1, 101) makes the same place, up to 100 metres, and further.
    days : where bands of time begin, in days (or in the unit of `date`), likewise.
    metric : "euclidean" as the crow flies, "manhattan" along a grid of streets.
    permutations : no p-value is below 1 / (permutations + 1).
    level : of false discoveries over all cells of the table.

    Returns
    -------
    One row a cell, by distance and then by days: distance_from, distance_to, days_from, days_to (what they go up to,
    not included; infinity in the last), observed (pairs), expected (on average over the permutations), ratio, p_value
    (of as many pairs or more), q_value (adjusted for the number of cells) and near_repeat (q_value at most `level`).

    Raises
    ------
    ValueError
        Bands do not begin at 0 and rise, fewer than two events can be used, or `permutations` is less than one.
    """
    validate_bands(distances, days, permutations)
    place, time = _usable(events)
    first, last, ends = _near_pairs(place, np.asarray(distances, dtype=float), metric)
    # The smaller the numbers, the quicker they are compared.
    small = time.astype(np.min_scalar_type(-int(time.max()) - 1))
    pairs_by_time = _pairs_by_time(time, days)
    shape = (len(distances), len(days))

    def table(times: npt.NDArray[Any]) -> Ints:
        apart = np.abs(times.take(first) - times.take(last))
        near = np.zeros(shape, dtype=np.int64)
        for place, (start, end) in enumerate(pairwise(ends)):
            below = [np.count_nonzero(apart[start:end] < edge) for edge in days[1:]]
            near[place] = np.diff([0, *below, end - start])
        # Far pairs are what is left, so they need not be listed.
        near[-1] = pairs_by_time - near[:-1].sum(axis=0)
        return near

    observed = table(small)
    rng = np.random.default_rng(seed)
    total, as_many = np.zeros(shape), np.ones(shape)
    for _ in range(permutations):
        chance = table(rng.permutation(small))
        total += chance
        as_many += chance >= observed
    return _cells(distances, days, observed, total / permutations, as_many / (permutations + 1), level)


def validate_bands(distances: Sequence[float], days: Sequence[int], permutations: int) -> None:
    """Check bands and permutations, all at once.

    Raises
    ------
    ValueError
        One sentence for each that is wrong.
    """
    faults = []
    for name, edges in (("distances", distances), ("days", days)):
        if not len(edges) or edges[0] != 0 or any(b <= a for a, b in pairwise(edges)):
            faults.append(f"{name} are {tuple(edges)}; give where each band begins, from 0 and rising.")
    if permutations < 1:
        faults.append(f"permutations is {permutations}; give at least 1, or 999 as is usual.")
    if faults:
        raise ValueError(" ".join(faults))


def _usable(events: pd.DataFrame) -> tuple[Floats, Ints]:
    """Return places, and whole days, of the events that have both, in an order of their own."""
    whole = events[["easting", "northing", "date"]].dropna()
    if len(whole) < 2:
        msg = f"Only {len(whole)} of {len(events)} events have a place and a date, so there are no pairs to compare."
        raise ValueError(msg)
    date = whole["date"]
    numbered = pd.api.types.is_integer_dtype(date)
    day = np.asarray(
        date if numbered else pd.to_datetime(date, format="ISO8601").to_numpy(dtype="datetime64[D]")
    ).astype(np.int64)
    place = whole[["easting", "northing"]].to_numpy(dtype=np.float64)
    order = np.lexsort((place[:, 1], place[:, 0], day))
    return place[order], day[order] - day.min()


def _near_pairs(place: Floats, distances: Floats, metric: Metric) -> tuple[Ints, Ints, Ints]:
    """List the pairs that are nearer than where the last band begins, each once and by band, and where bands end."""
    from scipy.spatial import KDTree

    reach = float(distances[-1])
    pairs = KDTree(place).query_pairs(reach, p=POWER[metric], output_type="ndarray").astype(np.int64)
    apart = np.abs(place[pairs[:, 0]] - place[pairs[:, 1]])
    length = apart.sum(axis=1) if metric == "manhattan" else np.hypot(apart[:, 0], apart[:, 1])
    near = length < reach
    band = np.searchsorted(distances, length[near], side="right") - 1
    order = np.argsort(band, kind="stable")
    ends = np.searchsorted(band[order], np.arange(len(distances)))
    return pairs[near, 0][order], pairs[near, 1][order], ends.astype(np.int64)


def _pairs_by_time(time: Ints, days: Sequence[int]) -> Ints:
    """Count all pairs of events in each band of time; `time` is in order."""
    # For each event, how many later ones are less than so many days after it.
    below = [np.searchsorted(time, time + edge, side="left").sum() for edge in days]
    own = len(time) * (len(time) + 1) // 2
    upto = np.array([*(int(count) - own for count in below), len(time) * (len(time) - 1) // 2])
    upto[0] = 0
    return np.diff(upto)


def _cells(
    distances: Sequence[float],
    days: Sequence[int],
    observed: Ints,
    expected: Floats,
    p_value: Floats,
    level: float,
) -> pd.DataFrame:
    rows, columns = observed.shape
    ends = [*distances[1:], np.inf], [*days[1:], np.inf]
    table = pd.DataFrame(
        {
            "distance_from": np.repeat(np.asarray(distances, dtype=float), columns),
            "distance_to": np.repeat(ends[0], columns),
            "days_from": np.tile(np.asarray(days), rows),
            "days_to": np.tile(ends[1], rows),
            "observed": observed.ravel(),
            "expected": expected.ravel(),
        }
    )
    table["ratio"] = table["observed"] / table["expected"].where(table["expected"] > 0)
    table["p_value"] = p_value.ravel()
    table["q_value"] = false_discovery(table["p_value"])
    return table.assign(near_repeat=table["q_value"] <= level)
