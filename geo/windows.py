"""Lay circles, and cylinders over time, on a map of areas and weigh what lies in each against what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Counts = npt.NDArray[np.signedinteger]
Flags = npt.NDArray[np.bool_]
Direction = Literal["high", "low", "both"]

# Distances are compared as whole millimetres, so that equal distances are equal on every machine.
PER_METRE = 1000
# Likelihood ratios that differ by less than this are the same: sums of floats may differ in their last digits.
SAME = 9
# A replication is first searched only for windows above this log likelihood ratio, which nearly always finds
# some; only where nothing was found is it searched again, further down.
FLOORS = (4.0, 1.0, 0.0)
# How many replications are looked at first, to learn how high the others are likely to reach.
FEW = 16
# How many numbers are held at a time: the running counts of a block of centres, and the distances of another.
CELLS = 12_000_000
DISTANCES = 8_000_000
# Up to so many places in circles are kept rather than worked out again (five bytes each).
KEPT = 100_000_000


@dataclass(frozen=True, eq=False)
class Windows:
    """Every circle around every area, with every run of periods, that a scan looks at.

    A circle holds every area whose centre is no further from its own centre than its radius, so areas at equal
    distances enter together and the order of areas makes no difference. A purely spatial scan has one period.

    Attributes
    ----------
    x, y : centre of each area, in whole millimetres.
    size : what the share that a circle may hold is counted in (people, or events), one number an area.
    weight : (areas, periods), in proportion to the events expected. Whole numbers keep sums exact.
    total : how many events there are.
    runs : (runs, 2) first and last period of each cylinder, both included; shorter runs first.
    max_share : the largest share of `size` that a circle may hold.
    max_radius : in metres.
    max_areas : the most areas that a circle may hold; None for as many as the share allows.
    direction : whether more than expected, fewer, or both are looked for.
    """

    x: Ints
    y: Ints
    size: Floats
    weight: Floats
    total: int
    runs: Ints = field(default_factory=lambda: np.zeros((1, 2), dtype=np.int64))
    max_share: float = 0.5
    max_radius: float = np.inf
    direction: Direction = "high"
    max_areas: int | None = None

    @property
    def areas(self) -> int:
        """Count the areas."""
        return len(self.x)

    def circles(self, centres: Ints) -> tuple[Counts, Flags]:
        """Order the areas around each centre.

        Returns
        -------
        order : (centres, depth) positions of areas, nearest first; `areas` where a centre has no more circles.
        ends : (centres, depth) whether a circle closes here: it is small enough, and the next area is further away.
        """
        if self.areas * (self.most + 1) > KEPT:
            return self._circles(centres)
        order, ends = self._all_circles
        return _trimmed(order[centres], ends[centres], self.areas)

    @cached_property
    def most(self) -> int:
        """Return how many areas a circle holds at most."""
        return self.most_by_share if self.max_areas is None else min(self.most_by_share, self.max_areas)

    @cached_property
    def most_by_share(self) -> int:
        """Return how many areas the share lets a circle hold at most: as many of the smallest as fit into it."""
        return int(np.searchsorted(np.cumsum(np.sort(self.size)), self._limit, side="right"))

    @cached_property
    def _all_circles(self) -> tuple[Counts, Flags]:
        """Keep the circles around all centres, which are gone through several times."""
        order = np.full((self.areas, min(self.most + 1, self.areas)), self.areas, dtype=np.int32)
        ends = np.zeros(order.shape, dtype=np.bool_)
        for block in self.blocks(size=max(1, DISTANCES // self.areas)):
            some, closed = self._circles(block)
            order[block, : some.shape[1]], ends[block, : some.shape[1]] = some, closed
        return _trimmed(order, ends, self.areas)

    @property
    def _limit(self) -> float:
        return self.max_share * float(self.size.sum()) * (1 + 1e-12)

    def _circles(self, centres: Ints) -> tuple[Counts, Flags]:
        square = (self.x[centres, None] - self.x) ** 2 + (self.y[centres, None] - self.y) ** 2
        order = _nearest_first(square, self.most)
        square = np.take_along_axis(square, order, axis=1)
        allowed = np.cumsum(self.size[order], axis=1) <= self._limit
        allowed &= np.arange(order.shape[1]) < self.most
        if np.isfinite(self.max_radius):
            allowed &= square <= round(self.max_radius * PER_METRE) ** 2
        last = np.full((len(centres), 1), order.shape[1] == self.areas)
        return _trimmed(order, allowed & np.hstack([np.diff(square, axis=1) > 0, last]), self.areas)

    def blocks(self, *, size: int) -> Iterator[Ints]:
        """Cut the centres into blocks of at most `size`, in order."""
        for start in range(0, self.areas, size):
            yield np.arange(start, min(start + size, self.areas))

    def expected(self, order: Counts) -> Iterator[tuple[int, Floats]]:
        """Yield each run of periods with the events expected in each circle, (centres, depth)."""
        held = np.zeros((self.areas + 1, self.weight.shape[1]))
        held[:-1] = np.cumsum(self.weight, axis=1)
        sums = np.cumsum(held[order], axis=1)
        scale = self.total / self.weight.sum()
        for number, (first, last) in enumerate(self.runs):
            before = sums[:, :, first - 1] if first else 0.0
            yield number, (sums[:, :, last] - before) * scale


@dataclass(frozen=True, eq=False)
class Best:
    """The window with the highest likelihood ratio around each centre.

    Attributes
    ----------
    ratio : log likelihood ratio; 0 where no window differs from what was expected in the direction asked for.
    depth : how many areas it holds.
    run : which run of periods.
    observed, expected : events in it.
    """

    ratio: Floats
    depth: Ints
    run: Ints
    observed: Ints
    expected: Floats

    @classmethod
    def nothing(cls, centres: int) -> Best:
        """Return a row a centre in which nothing has been found yet."""
        depth, run, observed = (np.zeros(centres, dtype=np.int64) for _ in range(3))
        return cls(np.zeros(centres), depth, run, observed, np.zeros(centres))


def log_likelihood_ratio(
    observed: npt.ArrayLike, expected: npt.ArrayLike, total: int, *, direction: Direction = "high"
) -> Floats:
    """Weigh the events in a window against those expected there (Poisson; Kulldorff 1997).

    log of (c/e)^c ((C-c)/(C-e))^(C-c), for c events where e were expected of C in all; 0 where the difference is
    not in the direction asked for.
    """
    from scipy.special import rel_entr

    c, e = np.asarray(observed, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    inside = np.clip(e, 0.0, total)
    ratio = rel_entr(c, inside) + rel_entr(total - c, total - inside)
    wanted = {"high": c > e, "low": c < e, "both": c != e}[direction]
    return np.where(wanted, ratio, 0.0)


def best_windows(windows: Windows, counts: Ints, centres: Ints, limit: Ints | None = None) -> Best:
    """Find the window with the highest likelihood ratio around each of `centres`.

    Parameters
    ----------
    counts : (areas, periods) events.
    limit : how many of the areas nearest to each of `centres` a window may hold; None for all.

    Of windows with equal ratios the one with the shorter run of periods comes first, then the one with fewer areas.
    """
    parts = []
    # Some three arrays of this shape are held at a time.
    step = max(1, min(DISTANCES // windows.areas, DISTANCES // (windows.areas * counts.shape[1])))
    for start in range(0, len(centres), step):
        some = slice(start, start + step)
        parts.append(_best_of_block(windows, counts, centres[some], None if limit is None else limit[some]))
    names = ("ratio", "depth", "run", "observed", "expected")
    return Best(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def largest_ratios(windows: Windows, counts: Counts) -> Floats:
    """Find the highest log likelihood ratio of each replication.

    Running counts over the areas around each centre are added up for all replications at a time, as whole
    numbers. Which counts are high enough to matter follows from what was expected, so only few logarithms are
    ever taken.

    Parameters
    ----------
    counts : (areas, periods, replications).
    """
    few = _down_from(windows, counts[:, :, :FEW], FLOORS)
    rest = counts[:, :, FEW:]
    if not rest.shape[2]:
        return few
    # Nearly all maps have a window as high as the lowest of a few maps, so little below that need be weighed.
    lowest = float(few.min())
    return np.concatenate(
        [few, _down_from(windows, rest, (lowest, *(floor for floor in FLOORS if floor < lowest)))]
    )


def count_type(total: int) -> type[np.signedinteger]:
    """Return the narrowest whole number that holds every count up to `total`."""
    return np.int16 if total < np.iinfo(np.int16).max else np.int32


def _trimmed(order: Counts, ends: Flags, nothing: int) -> tuple[Counts, Flags]:
    """Put `nothing` after the last circle of each centre, and cut off what no centre reaches."""
    depth = np.where(ends.any(axis=1), ends.shape[1] - np.argmax(ends[:, ::-1], axis=1), 0)
    widest = max(int(depth.max(initial=0)), 1)
    return np.where(np.arange(widest) < depth[:, None], order[:, :widest], nothing), ends[:, :widest]


def _nearest_first(square: Ints, most: int) -> Counts:
    """Order areas by distance; no more than are needed where no circle can hold more than `most` of them."""
    if most + 2 > square.shape[1] // 4:
        return np.argsort(square, axis=1, kind="stable")
    near = np.argpartition(square, most + 1, axis=1)[:, : most + 2]
    near.sort(axis=1)
    return np.take_along_axis(
        near, np.argsort(np.take_along_axis(square, near, axis=1), axis=1, kind="stable"), 1
    )


def _best_of_block(windows: Windows, counts: Ints, centres: Ints, limit: Ints | None) -> Best:
    order, ends = windows.circles(centres)
    if limit is not None:
        ends = ends & (np.arange(ends.shape[1]) < limit[:, None])
    held = np.zeros((windows.areas + 1, counts.shape[1]), dtype=np.int64)
    held[:-1] = np.cumsum(counts, axis=1)
    sums = np.cumsum(held[order], axis=1)
    rows = np.arange(len(centres))
    found = Best.nothing(len(centres))
    for number, expected in windows.expected(order):
        first, last = windows.runs[number]
        observed = sums[:, :, last] - (sums[:, :, first - 1] if first else 0)
        ratio = log_likelihood_ratio(observed, expected, windows.total, direction=windows.direction)
        ratio = np.where(ends, ratio.round(SAME), 0.0)
        at = np.argmax(ratio, axis=1)
        better = ratio[rows, at] > found.ratio
        found.ratio[better] = ratio[rows, at][better]
        found.depth[better], found.run[better] = at[better] + 1, number
        found.observed[better] = observed[rows, at][better]
        found.expected[better] = expected[rows, at][better]
    return found


def _down_from(windows: Windows, counts: Counts, floors: Sequence[float]) -> Floats:
    """Search each replication for windows above the first floor, and where there are none above the next."""
    best = np.zeros(counts.shape[2])
    left = np.arange(counts.shape[2])
    for floor in floors:
        best[left] = _largest_above(windows, counts[:, :, left] if len(left) < len(best) else counts, floor)
        left = left[best[left] == 0]
        if not len(left):
            break
    return best


def _largest_above(windows: Windows, counts: Counts, floor: float) -> Floats:
    """Find the highest ratio of each replication if it is above `floor`, else 0."""
    replications = counts.shape[2]
    bars = Bars.build(windows.total, floor, windows.direction)
    best = np.zeros(replications)
    # Period by period, so that what is added up and compared at a time lies together in memory.
    held = np.zeros((counts.shape[1], windows.areas + 1, replications), dtype=counts.dtype)
    np.cumsum(np.moveaxis(counts, 1, 0), axis=0, dtype=counts.dtype, out=held[:, :-1])
    for block in windows.blocks(size=max(1, DISTANCES // windows.areas)):
        order, ends = windows.circles(block)
        step = max(1, CELLS // (order.shape[1] * replications * len(held)))
        for start in range(0, len(block), step):
            some = slice(start, start + step)
            sums = [_running_sums(period, order[some]) for period in held]
            _raise_best(best, windows, sums, order[some], ends[some], bars)
    return best


def _running_sums(table: Counts, order: Counts) -> Counts:
    """Add up the rows of `table` in the order of areas around each centre: (depth, centres, columns)."""
    sums = np.empty((order.shape[1], order.shape[0], table.shape[1]), dtype=table.dtype)
    np.take(table, order.T, axis=0, out=sums, mode="clip")
    for depth in range(1, len(sums)):  # row by row: several times as fast as cumsum along the first axis
        np.add(sums[depth - 1], sums[depth], out=sums[depth])
    return sums


def _raise_best(
    best: Floats, windows: Windows, sums: Sequence[Counts], order: Counts, ends: Flags, bars: Bars
) -> None:
    """Raise `best`, in place, to the ratios of the windows that clear the bars."""
    for number, expected in windows.expected(order):
        first, last = windows.runs[number]
        observed = sums[last] - sums[first - 1] if first else sums[last]
        expected = expected.T
        high, low = bars.at(expected, ends.T, observed.dtype)
        clears = observed >= high[:, :, None]
        if bars.low is not None:
            clears |= observed <= low[:, :, None]
        depth, centre, replication = np.unravel_index(_marked(clears.reshape(-1)), clears.shape)
        ratio = log_likelihood_ratio(
            observed[depth, centre, replication],
            expected[depth, centre],
            windows.total,
            direction=windows.direction,
        )
        np.maximum.at(best, replication, ratio)


def _marked(flags: Flags) -> Ints:
    """Find the few that are true; eight are looked at together, which is ten times as fast as one by one."""
    whole = len(flags) - len(flags) % 8
    some = np.flatnonzero(flags[:whole].view(np.uint64))
    near = np.concatenate([(some[:, None] * 8 + np.arange(8)).reshape(-1), np.arange(whole, len(flags))])
    found: Ints = near[flags[near]]
    return found


@dataclass(frozen=True, eq=False)
class Bars:
    """How many events a window needs for its log likelihood ratio to reach a floor.

    Attributes
    ----------
    high : by number of events, the most that may be expected for so many to be high enough; None where high
        windows are not looked for.
    low : by number of events, the least that must be expected for so few to be low enough; None likewise.
    """

    high: Floats | None
    low: Floats | None

    @classmethod
    @lru_cache(maxsize=8)
    def build(cls, total: int, floor: float, direction: Direction) -> Bars:
        """Solve for the bars by halving, for every number of events up to `total`."""
        events = np.arange(total + 1, dtype=np.float64)
        high = None if direction == "low" else _bar(events, np.zeros(total + 1), total, floor)
        low = None if direction == "high" else _bar(events, np.full(total + 1, float(total)), total, floor)
        if high is not None:
            high[0] = -1.0
        if low is not None:
            low[-1] = np.inf
        return cls(high, low)

    def at(self, expected: Floats, ends: Flags, kind: np.dtype[np.signedinteger]) -> tuple[Counts, Counts]:
        """Return the fewest events that are high enough and the most that are low enough, window by window."""
        high, low = np.full(expected.shape, np.iinfo(kind).max, kind), np.full(expected.shape, -1, kind)
        if self.high is not None:
            fewest = np.searchsorted(self.high, expected, side="left")
            reached = ends & (fewest < len(self.high))
            high[reached] = fewest[reached]
        if self.low is not None:
            low[ends] = (np.searchsorted(self.low, expected, side="right") - 1)[ends]
        return high, low


def _bar(events: Floats, far: Floats, total: int, floor: float) -> Floats:
    """Halve the way from `events` (ratio 0) to `far` (ratio highest) until the ratio is just below `floor`."""
    near, far = events.copy(), far.copy()
    for _ in range(60):
        middle = (near + far) / 2
        enough = log_likelihood_ratio(events, middle, total, direction="both") >= floor
        far, near = np.where(enough, middle, far), np.where(enough, near, middle)
    # The near side of the answer: a window on the bar is weighed exactly rather than missed.
    return near
