"""Count what was recorded at visited places, at places like them and around both, before a week of action and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.displacement import Displacement, weighted_displacement

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LENGTH = 91
"""Days counted before and after, where there are as many."""
SHORTEST = 28
MOST_EARLIER = 8
TREATED, CONTROL, AROUND_TREATED, AROUND_CONTROL, ELSEWHERE = range(5)
ZONES = ("visited places", "places left alone", "around the visited", "around those left alone")
SHORT = f"Fewer than {SHORTEST} days after the week are on record: far too few to tell a change from chance. Look again later."
UNALIKE = (
    "The places left alone had {control:,} records before the week, those visited {treated:,}: they are not as high, so part of "
    "any difference is that high places fall by themselves."
)
FEW_CONTROLS = "Only {found} of {wanted} places to compare with were far enough from the visited ones."


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a week of action changed, as far as the records tell.

    Attributes
    ----------
    difference : the weighted displacement difference with its interval and warnings.
    counts : one row a zone (ZONES): places, before, after, change.
    earlier : counts at the visited places in periods as long before those, oldest first.
    control : the places compared with: place_id, name, kind, easting, northing, before.
    before, after : first and last day of the two periods.
    notes : what the reader must know, the warnings of the difference among them.
    """

    difference: Displacement
    counts: pd.DataFrame
    earlier: tuple[int, ...]
    control: pd.DataFrame
    before: tuple[date, date]
    after: tuple[date, date]
    notes: tuple[str, ...]


def evaluate_week(
    concern: pd.DataFrame,
    places: pd.DataFrame,
    visited: pd.DataFrame,
    *,
    first: date,
    last: date,
    until: date,
    reach: float,
    length: int = LENGTH,
) -> Evaluation:
    """Compare the records before and after a week of action where teams were with those where none was.

    All records at any hour are counted. Places left alone are of those that could have been visited, more than three
    times `reach` from every visited one, as many as were visited, each the one whose count before is nearest to that of
    a visited place. Around is the ring from `reach` to twice that. A record counts in one zone only.

    Parameters
    ----------
    concern : easting, northing, at (when), as `geo.concern.build_concern` lists it, without a first day.
    places : place_id, name, kind, easting, northing of all places that could have been visited.
    visited : easting, northing of the places that were, one row or more each.
    first, last : days of the week; neither period holds any of them.
    until : the last day on record.
    length : days of each period; fewer where fewer are on record after the week.

    Raises
    ------
    ValueError
        Nothing after the week is on record, nothing was visited, or there is no place to compare with.
    """
    days = min(length, (until - last).days)
    before, after = (
        (first - timedelta(days=days), first - timedelta(days=1)),
        (last + timedelta(days=1), last + timedelta(days=days)),
    )
    _validate(visited, days, last, until)
    treated = np.unique(_points(visited), axis=0)
    when = pd.to_datetime(concern["at"]).dt.normalize().to_numpy()
    in_before = _between(when, before)
    control = choose_control(places, treated, _points(concern)[in_before], reach=reach)
    zone = zones(_points(concern), treated, _points(control), reach=reach)
    counts = [
        (int((zone[in_before] == at).sum()), int((zone[_between(when, after)] == at).sum()))
        for at in range(len(ZONES))
    ]
    earlier = _earlier(when[zone == TREATED], when, before[0], days)
    difference = weighted_displacement(
        *counts[:2],
        around_treated=counts[AROUND_TREATED],
        around_control=counts[AROUND_CONTROL],
        earlier=earlier,
    )
    table = pd.DataFrame(
        [
            (name, size, pair[0], pair[1], pair[1] - pair[0])
            for name, size, pair in zip(ZONES, (len(treated), len(control)) * 2, counts, strict=True)
        ],
        columns=["zone", "places", "before", "after", "change"],
    )
    notes = [*difference.notes, *_notes(days, counts, len(control), len(treated))]
    return Evaluation(difference, table, earlier, control, before, after, tuple(notes))


def choose_control(places: pd.DataFrame, treated: Floats, recorded: Floats, *, reach: float) -> pd.DataFrame:
    """Choose places left alone whose counts are nearest to those of the visited, one for each.

    Parameters
    ----------
    places : place_id, easting, northing and more.
    treated, recorded : points that were visited; points recorded before.

    Returns
    -------
    The rows chosen, in the order of their ids, with `before`: what was recorded within `reach`.

    Raises
    ------
    ValueError
        No place is far enough from the visited ones.
    """
    from scipy.spatial import cKDTree

    known = places[places["easting"].notna() & places["northing"].notna()].sort_values("place_id")
    away = cKDTree(treated).query(_points(known))[0] > 3 * reach
    free = known[away].assign(before=_near(_points(known[away]), recorded, reach))
    if free.empty:
        msg = f"No place is more than {3 * reach:g} m from every visited one, so there is nothing to compare with. Use a smaller reach."
        raise ValueError(msg)
    chosen: list[Any] = []
    for count in sorted(_near(treated, recorded, reach), reverse=True):
        left = free.drop(index=chosen)
        if left.empty:
            break
        # Of several as near, the higher: a quiet place makes any work look good.
        order = left.assign(apart=(left["before"] - count).abs()).sort_values(
            ["apart", "before", "place_id"], ascending=[True, False, True]
        )
        chosen.append(order.index[0])
    found: pd.DataFrame = free.loc[chosen].sort_values("place_id", ignore_index=True)
    return found


def zones(points: Floats, treated: Floats, control: Floats, *, reach: float) -> Ints:
    """Say in which zone each point lies: TREATED, CONTROL, the ring around either, or ELSEWHERE."""
    from scipy.spatial import cKDTree

    if not len(points):
        return np.empty(0, dtype=np.int64)
    to_treated, to_control = (cKDTree(each).query(points)[0] for each in (treated, control))
    nearer = to_treated <= to_control
    return np.select(
        [
            to_treated <= reach,
            to_control <= reach,
            nearer & (to_treated <= 2 * reach),
            to_control <= 2 * reach,
        ],
        [TREATED, CONTROL, AROUND_TREATED, AROUND_CONTROL],
        ELSEWHERE,
    ).astype(np.int64)


def place_peaks(
    concern: pd.DataFrame, visited: pd.DataFrame, *, until: date, reach: float, length: int = LENGTH
) -> pd.DataFrame:
    """Say of each place whether what is recorded around it is at a peak.

    Returns
    -------
    On the index of `visited`: latest (records in the last `length` days), earlier (their mean in periods as long before),
    periods (how many of those there are), at_peak (more now than in any of them; missing with fewer than two).
    """
    when = pd.to_datetime(concern["at"]).dt.normalize().to_numpy()
    points, rows = _points(concern), []
    start = until - timedelta(days=length - 1)
    for at in _points(visited):
        mine = when[np.hypot(*(points - at).T) <= reach]
        earlier = _earlier(mine, when, start, length)
        latest = int(_between(mine, (start, until)).sum())
        peak = latest > max(earlier) if len(earlier) > 1 else None
        rows.append((latest, float(np.mean(earlier)) if earlier else np.nan, len(earlier), peak))
    found = pd.DataFrame(rows, columns=["latest", "earlier", "periods", "at_peak"], index=visited.index)
    return found.astype({"at_peak": "boolean"})


def _earlier(mine: Any, every: Any, start: date, days: int) -> tuple[int, ...]:
    """Count in the periods before a day, oldest first, as far back as the records go."""
    if not len(every):
        return ()
    began = pd.Timestamp(every.min()).date()
    found = []
    for back in range(1, MOST_EARLIER + 1):
        first = start - timedelta(days=days * back)
        if first < began:
            break
        found.append(int(_between(mine, (first, first + timedelta(days=days - 1))).sum()))
    return tuple(reversed(found))


def _notes(days: int, counts: Sequence[tuple[int, int]], found: int, wanted: int) -> list[str]:
    notes = [SHORT] if days < SHORTEST else []
    if found < wanted:
        notes.append(FEW_CONTROLS.format(found=found, wanted=wanted))
    treated, control = counts[TREATED][0], counts[CONTROL][0]
    if control < 0.8 * treated:
        notes.append(UNALIKE.format(control=control, treated=treated))
    return notes


def _validate(visited: pd.DataFrame, days: int, last: date, until: date) -> None:
    if days < 1:
        msg = f"The last day of the week is {last}, and the records end on {until}: there is nothing after it to count yet. Come back when later records are in the case."
        raise ValueError(msg)
    if visited.empty:
        msg = "No visit was made, so there is nothing to compare. Enter which visits were made first."
        raise ValueError(msg)


def _near(centres: Floats, points: Floats, reach: float) -> Ints:
    from scipy.spatial import cKDTree

    if not len(points) or not len(centres):
        return np.zeros(len(centres), dtype=np.int64)
    near = cKDTree(points).query_ball_point(centres, reach, return_length=True)
    return np.asarray(near, dtype=np.int64)


def _points(table: pd.DataFrame) -> Floats:
    return table[["easting", "northing"]].to_numpy(dtype=np.float64)


def _between(when: Any, days: tuple[date, date]) -> npt.NDArray[np.bool_]:
    return np.asarray((when >= np.datetime64(days[0])) & (when <= np.datetime64(days[1])), dtype=np.bool_)
