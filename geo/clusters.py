"""Pick clusters out of the windows of a map, one after the other, and put them into tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from geo.windows import PER_METRE, SAME, Best, Floats, Ints, Windows, best_windows

# How many distances are held at a time.
HELD = 20_000_000
# The columns of a table of clusters.
COLUMNS = {
    "cluster": "int64",
    "direction": "object",
    "centre": "object",
    "radius": "float64",
    "areas": "int64",
    "area_codes": "object",
    "first_period": "object",
    "last_period": "object",
    "observed": "int64",
    "expected": "float64",
    "ratio": "float64",
    "relative_risk": "float64",
    "population": "float64",
    "log_likelihood_ratio": "float64",
    "p_value": "float64",
}


class Cluster(NamedTuple):
    """One window that was picked: areas and runs of periods by position."""

    centre: int
    members: Ints
    run: int
    observed: int
    expected: float
    ratio: float
    p_value: float


def pick_clusters(windows: Windows, counts: Ints, chance: Floats, level: float) -> list[Cluster]:
    """Pick the most likely cluster, then the next that shares no area with one before it, and so on."""
    best = best_windows(windows, counts, np.arange(windows.areas))
    found: list[Cluster] = []
    while best.ratio.max(initial=0.0) > 0:
        at = _first(windows, best)
        p_value = _p_value(best.ratio[at], chance)
        if found and p_value > level:
            break
        order, _ = windows.circles(np.array([at]))
        members = np.sort(order[0, : best.depth[at]])
        observed, expected = int(best.observed[at]), float(best.expected[at])
        found.append(
            Cluster(at, members, int(best.run[at]), observed, expected, float(best.ratio[at]), p_value)
        )
        if p_value > level:
            break
        _step_back(windows, counts, best, members)
    return found


def _first(windows: Windows, best: Best) -> int:
    """Return the centre of the highest ratio; of equal ones the narrowest circle, then the lowest code."""
    tied = np.flatnonzero(best.ratio == best.ratio.max())
    return int(tied[np.argmin([_square(windows, int(at), int(best.depth[at])) for at in tied])])


def _square(windows: Windows, centre: int, depth: int) -> int:
    """Return the square of the distance from a centre to the last of its areas."""
    square = (windows.x[centre] - windows.x) ** 2 + (windows.y[centre] - windows.y) ** 2
    return int(np.partition(square, depth - 1)[depth - 1])


def _p_value(ratio: float, chance: Floats) -> float:
    """Return the share of maps, this one among them, with a ratio as high."""
    as_high = len(chance) - int(np.searchsorted(chance, ratio - 2 * 10.0**-SAME, side="left"))
    return (as_high + 1) / (len(chance) + 1)


def _step_back(windows: Windows, counts: Ints, best: Best, members: Ints) -> None:
    """Take windows that share an area with `members` out of the running, in place."""
    running = np.flatnonzero(best.ratio > 0)
    limit = np.empty(len(running), dtype=np.int64)
    for some in np.array_split(np.arange(len(running)), max(1, len(running) * windows.areas // HELD)):
        centres = running[some]
        square = (windows.x[centres, None] - windows.x) ** 2 + (windows.y[centres, None] - windows.y) ** 2
        limit[some] = (square < square[:, members].min(axis=1, keepdims=True)).sum(axis=1)
    over = limit < best.depth[running]
    again = best_windows(windows, counts, running[over], limit[over])
    for name in ("ratio", "depth", "run", "observed", "expected"):
        getattr(best, name)[running[over]] = getattr(again, name)


def clusters_table(
    found: Sequence[Cluster],
    windows: Windows,
    codes: pd.Index[Any],
    *,
    periods: Sequence[Any] | None,
    people: Floats | None,
) -> pd.DataFrame:
    """Put clusters into a table, with codes and periods in the place of positions."""
    rows = []
    for number, each in enumerate(found, start=1):
        first, last = windows.runs[each.run]
        outside = (windows.total - each.observed) / (windows.total - each.expected)
        rows.append(
            {
                "cluster": number,
                "direction": "high" if each.observed > each.expected else "low",
                "centre": codes[each.centre],
                "radius": np.sqrt(_square(windows, each.centre, len(each.members))) / PER_METRE,
                "areas": len(each.members),
                "area_codes": "|".join(str(code) for code in codes[each.members]),
                "first_period": None if periods is None else periods[first],
                "last_period": None if periods is None else periods[last],
                "observed": each.observed,
                "expected": each.expected,
                "ratio": each.observed / each.expected,
                "relative_risk": each.observed / each.expected / outside if outside else np.inf,
                "population": np.nan if people is None else people[each.members].sum(),
                "log_likelihood_ratio": each.ratio,
                "p_value": each.p_value,
            }
        )
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=kind) for name, kind in COLUMNS.items()}
    )


def clusters_by_area(found: Sequence[Cluster], codes: pd.Index[Any], index: pd.Index[Any]) -> pd.DataFrame:
    """Say for each area which cluster it is in, and with which p-value."""
    number = pd.Series(pd.NA, index=codes, dtype="Int64")
    p_value = pd.Series(np.nan, index=codes)
    for row, each in enumerate(found, start=1):
        number.iloc[each.members] = row
        p_value.iloc[each.members] = each.p_value
    return pd.DataFrame({"scan_cluster": number, "scan_p": p_value}).reindex(index)
