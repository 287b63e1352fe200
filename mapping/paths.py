"""Find how two people, places or things are connected: paths of steps, each of which opens to its rows."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from mapping.evidence import BANDS, Band
from mapping.steps import (
    ANYTHING,
    CLASSES,
    LEVELS,
    THROUGH,
    UNDATED,
    End,
    Flags,
    Integers,
    Steps,
    as_end,
    step_table,
)

MOST_SHORTEST, MOST_PATHS = 20, 100
LENGTH, LONGEST = 4, 6
# Beginnings of paths looked at before a search stops and says so.
MOST_LOOKED = 100_000
# Paths are counted up to here; beyond it there are "this many or more".
MOST_COUNTED = 1_000_000
PATH_COLUMNS = (
    *("path", "step", "from_kind", "from_id", "to_kind", "to_id", "how", "items", "sources", "best_grade"),
    *("first_seen", "last_seen", "nature"),
)
TIME_COLUMNS = (*PATH_COLUMNS, "direction", "rule", "since", "reached")

__all__ = [
    "ANYTHING",
    "CLASSES",
    "THROUGH",
    "Paths",
    "distance",
    "paths_up_to",
    "shortest_paths",
    "time_respecting",
    "usual_distances",
]


@dataclass(frozen=True)
class Paths:
    """Some paths between two ends, and how much of what there is they are.

    Attributes
    ----------
    one, other : the ends.
    table : one row a step, in order of path and step: PATH_COLUMNS (or TIME_COLUMNS).
    listed : how many paths the table has.
    found : how many there are; at most MOST_COUNTED are counted. Where `more` is true, at least this many.
    more : whether there are more than are listed.
    stopped : whether the search gave up after MOST_LOOKED beginnings of paths.
    """

    one: End
    other: End
    table: pd.DataFrame
    listed: int
    found: int
    more: bool = False
    stopped: bool = False


class _Part(NamedTuple):
    """Part of a graph: its nodes in order, its steps from both ends, and how strong each step is."""

    nodes: Integers
    begins: Integers
    origin: Integers
    to: Integers
    strength: Integers


@dataclass(frozen=True)
class _Seen:
    """The graph as one search sees it: the nodes it may enter and the band of grades."""

    steps: Steps
    open: Flags
    level: int

    def onward(self, nodes: Integers) -> tuple[Integers, Integers]:
        """Return the steps from some nodes that count, and the place among `nodes` each sets out from."""
        origin, edge = _spread(self.steps.begins, nodes)
        good = (self.steps.level[edge] <= self.level) & self.open[self.steps.to[edge]]
        return origin[good], edge[good]

    def next_layer(self, frontier: Integers, found: Integers) -> Integers:
        """Return the nodes one step beyond a frontier that were not found before, in order."""
        to = self.steps.to[self.onward(frontier)[1]]
        return np.unique(to[found[to] < 0])

    def distances(
        self, start: int, limit: int, *, beyond: int | None = None, far_end: Integers | None = None
    ) -> Integers:
        """Return how many steps each node is from one, -1 where further than the limit.

        Parameters
        ----------
        beyond, far_end : after so many steps follow only nodes that are near enough to the other end, given
            how far each is from there.
        """
        found = np.full(len(self.open), -1, dtype=np.int64)
        found[start] = 0
        frontier = np.array([start], dtype=np.int64)
        for reach in range(1, limit + 1):
            frontier = self.next_layer(frontier, found)
            if beyond is not None and far_end is not None and reach > beyond:
                left = far_end[frontier]
                frontier = frontier[(left >= 0) & (left <= limit - reach)]
            found[frontier] = reach
        return found

    def apart(self, one: int, other: int) -> int | None:
        """Return how many steps two nodes are apart, searching from both; None where no path joins them."""
        found = [np.full(len(self.open), -1, dtype=np.int64) for _ in range(2)]
        frontiers, reach = [np.array([node], dtype=np.int64) for node in (one, other)], [0, 0]
        found[0][one] = found[1][other] = 0
        while len(frontiers[0]) and len(frontiers[1]):
            side = int(len(frontiers[1]) < len(frontiers[0]))
            frontiers[side] = self.next_layer(frontiers[side], found[side])
            reach[side] += 1
            found[side][frontiers[side]] = reach[side]
            if (found[1 - side][frontiers[side]] >= 0).any():
                return sum(reach)
        return None

    def between(self, one: int, other: int, limit: int) -> _Part:
        """Return what lies on walks of up to some steps between two nodes."""
        half = (limit + 1) // 2
        near = self.distances(other, limit - half)
        there = self.distances(one, limit, beyond=half, far_end=near)
        back = self.distances(other, limit, beyond=limit - half, far_end=there)
        return self.part((there >= 0) & (back >= 0) & (there + back <= limit))

    def part(self, within: Flags) -> _Part:
        """Return what lies within some nodes."""
        nodes = np.flatnonzero(within)
        origin, edge = self.onward(nodes)
        kept = within[self.steps.to[edge]]
        origin, edge = origin[kept], edge[kept]
        begins = np.searchsorted(origin, np.arange(len(nodes) + 1))
        to = np.searchsorted(nodes, self.steps.to[edge])
        return _Part(nodes, begins, origin, to, self.strength(edge))

    def strength(self, edge: Integers) -> Integers:
        """Return whole numbers that put steps in order: those better graded first, then those seen lately."""
        worst = len(LEVELS) - 1 - self.steps.level[edge].astype(np.int64)
        span = 2 * abs(UNDATED)
        found: Integers = worst * span + self.steps.newest[self.level][edge] - UNDATED + 1
        return found


def _spread(begins: Integers, nodes: Integers) -> tuple[Integers, Integers]:
    """Return the places of all rows of some nodes, and for each the place of its node."""
    first = begins[nodes]
    counts = begins[nodes + 1] - first
    origin = np.repeat(np.arange(len(nodes)), counts)
    before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)[:-1]])
    return origin, np.arange(len(origin)) + (first - before)[origin]


def _seen(steps: Steps, one: End, other: End, through: Collection[str], grades: Band) -> _Seen:
    """Close what a path may not pass through; its two ends are always open."""
    if grades not in BANDS:
        msg = f"{grades!r} is not a grade band. Use one of {', '.join(BANDS)}."
        raise ValueError(msg)
    if one.node == other.node:
        msg = f"Both ends are the {one.kind} {one.id}. A path needs two different ends."
        raise ValueError(msg)
    passable = open_nodes(steps, through)
    passable[[one.node, other.node]] = True
    return _Seen(steps, passable, LEVELS.index(grades))


def open_nodes(steps: Steps, through: Collection[str]) -> Flags:
    """Return which nodes a path may pass through.

    Parameters
    ----------
    through : some of ANYTHING: classes of nodes, and "busy" for those among them that are busy.

    Raises
    ------
    ValueError
        Something else is named.
    """
    if unknown := sorted(set(through) - set(ANYTHING)):
        msg = f"A path cannot be asked to pass through {', '.join(map(repr, unknown))}. Use some of {', '.join(ANYTHING)}."
        raise ValueError(msg)
    classes = [place for place, name in enumerate(CLASSES) if name in through]
    passable: Flags = np.isin(steps.classes, classes)
    return passable if "busy" in through else passable & ~steps.busy


def left_out(steps: Steps, through: Collection[str]) -> dict[str, int]:
    """Return how many busy places, things and events, and how many schools, paths are kept from passing through."""
    wanted, passable = open_nodes(steps, {*through, "busy"}), open_nodes(steps, through)
    joined = np.diff(steps.begins) > 0
    schools = (steps.classes == CLASSES.index("schools")) & joined & ~wanted
    return {"busy": int((wanted & ~passable).sum()), "schools": int(schools.sum())}


def distance(
    steps: Steps,
    one: str | End,
    other: str | End,
    *,
    through: Collection[str] = THROUGH,
    grades: Band = "all",
) -> int | None:
    """Return how many steps two ends are apart; None where no path joins them.

    Parameters
    ----------
    one, other : ids as `find_end` reads them.
    through : what a path may pass through; by default neither schools nor what is busy.
    grades : only evidence whose information grade is in this band.
    """
    first, second = as_end(steps, one), as_end(steps, other)
    seen = _seen(steps, first, second, through, grades)
    return seen.apart(first.node, second.node)


def shortest_paths(
    steps: Steps,
    one: str | End,
    other: str | End,
    *,
    through: Collection[str] = THROUGH,
    grades: Band = "all",
    most: int = MOST_SHORTEST,
) -> Paths:
    """Return the paths with the fewest steps, the strongest first.

    A path is as strong as its weakest step: steps whose best evidence is graded A or B come before those of
    C, and those before the rest; within these, steps seen lately come first. Ties are settled by id. The
    order is for reading: it is no probability, and nothing is multiplied.

    Parameters
    ----------
    most : paths listed at most; `found` says how many there are.

    Raises
    ------
    ValueError
        An id that is not there or is ambiguous, two ends that are one, or `most` below 1.
    """
    first, second = as_end(steps, one), as_end(steps, other)
    seen = _seen(steps, first, second, through, grades)
    _positive("most", most)
    apart = seen.apart(first.node, second.node)
    if apart is None:
        return Paths(first, second, _table(steps, [], grades), 0, 0)
    part = seen.between(first.node, second.node, apart)
    search = _Search(part, *_places(part, first, second), apart)
    paths = search.best(most)
    found = search.count()
    return Paths(first, second, _table(steps, paths, grades), len(paths), found, found > len(paths))


def paths_up_to(
    steps: Steps,
    one: str | End,
    other: str | End,
    *,
    length: int = LENGTH,
    through: Collection[str] = THROUGH,
    grades: Band = "all",
    most: int = MOST_PATHS,
) -> Paths:
    """Return every path of up to some steps that passes nothing twice: fewest steps first, then the strongest.

    The search looks only where both ends are near enough, and always goes on from the beginning whose end
    can be the strongest, so the first `most` paths are found without finding the others.

    Parameters
    ----------
    length : steps, from 1 to LONGEST.
    most : paths listed at most; where there are more, `more` says so and they are not counted.

    Raises
    ------
    ValueError
        As `shortest_paths`, or a length out of range.
    """
    first, second = as_end(steps, one), as_end(steps, other)
    seen = _seen(steps, first, second, through, grades)
    _positive("most", most)
    _in_range(length)
    part = seen.between(first.node, second.node, length)
    paths: list[tuple[int, ...]] = []
    looked = 0
    for steps_long in range(1, length + 1):
        if not len(part.nodes) or len(paths) > most or looked >= MOST_LOOKED:
            break
        search = _Search(part, *_places(part, first, second), steps_long, looked)
        paths += search.best(most + 1 - len(paths))
        looked = search.looked
    listed = paths[:most]
    more, stopped = len(paths) > most, looked >= MOST_LOOKED
    return Paths(
        first, second, _table(steps, listed, grades), len(listed), len(listed), more or stopped, stopped
    )


def _places(part: _Part, one: End, other: End) -> tuple[int, int]:
    """Return where two ends stand among the nodes of a part; -1 where they do not."""
    places = np.searchsorted(part.nodes, [one.node, other.node])
    return int(places[0]), int(places[1])


def _positive(name: str, value: int) -> None:
    if value < 1:
        msg = f"{name} is {value}; it must be 1 or more."
        raise ValueError(msg)


def _in_range(length: int) -> None:
    if not 1 <= length <= LONGEST:
        msg = f"A length of {length} steps is out of range. Use 1 to {LONGEST}: through longer paths nearly everyone is connected."
        raise ValueError(msg)


class _Search:
    """Paths of exactly some steps between two nodes of a part, the strongest first (A*, Hart and others 1968)."""

    def __init__(self, part: _Part, source: int, target: int, length: int, looked: int = 0) -> None:
        """Work out how strong a walk of each length from each node to the target can be at best.

        A walk may pass a node twice and a path may not, so this is never below what a path can be, and
        whoever follows the best beginning first finds the paths in order.
        """
        self.part, self.source, self.target, self.length, self.looked = part, source, target, length, looked
        self.reach = [np.full(len(part.nodes), -1, dtype=np.int64)]
        self.reach[0][target] = np.iinfo(np.int64).max
        for left in range(1, length + 1):
            best = np.full(len(part.nodes), -1, dtype=np.int64)
            np.maximum.at(best, part.origin, np.minimum(part.strength, self.reach[-1][part.to]))
            best[target] = -1
            if left < length:
                best[source] = -1
            self.reach.append(best)

    def best(self, most: int) -> list[tuple[int, ...]]:
        """Return up to `most` paths as nodes of the whole graph; of equal ones those with the lower ids."""
        paths = []
        for path in self._in_order():
            paths.append(tuple(int(self.part.nodes[place]) for place in path))
            if len(paths) == most:
                break
        return paths

    def _in_order(self) -> Iterator[tuple[int, ...]]:
        top = int(self.reach[self.length][self.source])
        start: tuple[int, ...] = (self.source,)
        waiting = [(-top, start, int(np.iinfo(np.int64).max))] if top >= 0 else []
        while waiting and self.looked < MOST_LOOKED:
            _, path, weakest = heapq.heappop(waiting)
            if len(path) > self.length:
                yield path
                continue
            self.looked += 1
            for bound, place, so_far in self._onward(path, weakest):
                heapq.heappush(waiting, (-bound, (*path, place), so_far))

    def _onward(self, path: tuple[int, ...], weakest: int) -> Iterator[tuple[int, int, int]]:
        """Give each next node of a path: how strong the whole can be at best, the node, and how strong it is so far."""
        rows = slice(self.part.begins[path[-1]], self.part.begins[path[-1] + 1])
        to = self.part.to[rows]
        so_far = np.minimum(self.part.strength[rows], weakest)
        bound = np.minimum(so_far, self.reach[self.length - len(path)][to])
        for value, place, strength in zip(bound.tolist(), to.tolist(), so_far.tolist(), strict=True):
            if value >= 0 and place not in path:
                yield value, place, strength

    def count(self) -> int:
        """Return how many walks of this length there are, counted up to MOST_COUNTED; of the least length each is a path."""
        ways = np.zeros(len(self.part.nodes), dtype=np.int64)
        ways[self.target] = 1
        for _ in range(self.length):
            onward = np.zeros_like(ways)
            np.add.at(onward, self.part.origin, ways[self.part.to])
            ways = np.minimum(onward, MOST_COUNTED)
        return int(ways[self.source])


# In the order of time ------------------------------------------------------------------------

_NEVER, _ALWAYS = np.iinfo(np.int64).max, np.iinfo(np.int64).min


def time_respecting(
    steps: Steps,
    one: str | End,
    other: str | End,
    *,
    length: int = LONGEST,
    through: Collection[str] = THROUGH,
    grades: Band = "all",
) -> Paths:
    """Return paths along which something could have passed, from one end to the other and back.

    A step can be taken on any day from the first to the last of a row that shows it, never before the day
    of the step before it (Kempe, Kleinberg and Kumar 2002, Journal of Computer and System Sciences 64, 820;
    Holme and Saramaki 2012, Physics Reports 519, 97). Two steps may be taken on one day, in either order:
    most rows have no time of day. Rows without a date are left out: `Steps.undated` counts them.

    For each direction two paths are given: the one by which the far end is reached on the earliest day
    (of these, with the fewest steps), and the one with the fewest steps (of these, the earliest). Ties
    are settled by id. Where one path is both, it is given once.

    Parameters
    ----------
    length : steps, from 1 to LONGEST.

    Returns
    -------
    Paths
        table has, beside PATH_COLUMNS: direction ("there" or "back"), rule ("earliest", "fewest" or
        "earliest|fewest"), since (the day from which the step could be taken; empty for the first) and
        reached (the earliest day by which it could have been). A step lists the dated rows that were not
        over by `since`.
    """
    first, second = as_end(steps, one), as_end(steps, other)
    seen = _seen(steps, first, second, through, grades)
    _in_range(length)
    told: list[tuple[str, str, _Trip]] = []
    for direction, start, goal in (("there", first, second), ("back", second, first)):
        arrivals = _arrivals(seen, start.node, goal.node, length)
        told += [(direction, rule, trip) for rule, trip in _trips(seen, arrivals, start.node, goal.node)]
    paths = [tuple(trip.nodes) for _, _, trip in told]
    table = _table(steps, paths, grades, [trip.days for _, _, trip in told])
    for name, place in (("direction", 0), ("rule", 1)):
        table[name] = pd.Series([told[path - 1][place] for path in table["path"]], dtype="str")
    return Paths(first, second, table[list(TIME_COLUMNS)], len(paths), len(paths))


class _Trip(NamedTuple):
    """A path in the order of time: its nodes, and the day each is reached (_ALWAYS at the start)."""

    nodes: list[int]
    days: list[int]


def _arrivals(seen: _Seen, start: int, goal: int, length: int) -> list[Integers]:
    """Return the earliest day each node can be reached within 0, 1, 2, ... steps, until nothing changes."""
    moments = seen.steps.moments
    arrive = np.full(len(seen.open), _NEVER, dtype=np.int64)
    arrive[start] = _ALWAYS
    found, frontier = [arrive], np.array([start], dtype=np.int64)
    while len(frontier) and len(found) <= length:
        before = found[-1]
        origin, row = _spread(moments.begins, frontier)
        here, to = before[frontier][origin], moments.to[row]
        day = np.maximum(here, moments.first_day[row])
        # What comes later than the goal is reached already cannot lead to it any earlier.
        good = (here <= moments.last_day[row]) & (moments.level[row] <= seen.level)
        good &= seen.open[to] & (day < before[goal])
        now = before.copy()
        np.minimum.at(now, to[good], day[good])
        frontier = np.flatnonzero(now < before)
        frontier = frontier[frontier != goal]
        found.append(now)
    return found


def _trips(seen: _Seen, arrivals: list[Integers], start: int, goal: int) -> list[tuple[str, _Trip]]:
    """Return the earliest trip and the one of fewest steps, once where they are the same; none where there is none."""
    days = [int(arrive[goal]) for arrive in arrivals]
    if days[-1] == _NEVER:
        return []
    fewest = next(taken for taken, day in enumerate(days) if day < _NEVER)
    earliest = days.index(days[-1])
    if fewest == earliest:
        return [("earliest|fewest", _trip(seen, arrivals, start, goal, fewest))]
    return [
        ("earliest", _trip(seen, arrivals, start, goal, earliest)),
        ("fewest", _trip(seen, arrivals, start, goal, fewest)),
    ]


def _trip(seen: _Seen, arrivals: list[Integers], start: int, goal: int, taken: int) -> _Trip:
    """Go back from the goal, at each step to the lowest node from which it could be reached on its day."""
    moments = seen.steps.moments
    nodes, days = [goal], [int(arrivals[taken][goal])]
    while nodes[-1] != start:
        taken -= 1
        _, row = _spread(moments.begins, np.array([nodes[-1]], dtype=np.int64))
        before = arrivals[taken][moments.to[row]]
        good = (before <= moments.last_day[row]) & (moments.level[row] <= seen.level)
        good &= np.maximum(before, moments.first_day[row]) == days[-1]
        nodes.append(int(moments.to[row][good].min()))
        days.append(int(arrivals[taken][nodes[-1]]))
    return _Trip(nodes[::-1], days[::-1])


# Tables ----------------------------------------------------------------------------------------


def _table(
    steps: Steps,
    paths: Sequence[tuple[int, ...]],
    grades: Band,
    days: Sequence[Sequence[int]] | None = None,
) -> pd.DataFrame:
    """Return one row a step with what it rests on; with days, also when it could be taken."""
    legs = [
        (place, leg, *ends)
        for place, path in enumerate(paths, 1)
        for leg, ends in enumerate(pairwise(path), 1)
    ]
    frame = pd.DataFrame(legs, columns=["path", "step", "one", "other"]).astype("int64")
    since, reached = _days(paths, days)
    ends = {end.node: end for end in steps.ends(sorted({node for path in paths for node in path}))}
    named = {
        f"{side}_{name}": pd.Series([getattr(ends[node], name) for node in frame[column]], dtype="str")
        for side, column in (("from", "one"), ("to", "other"))
        for name in ("kind", "id")
    }
    rests = step_table(steps, frame[["one", "other"]].assign(since=since), grades=grades)
    out = pd.concat([frame.assign(**named), rests], axis=1)
    if days is None:
        return out[list(PATH_COLUMNS)]
    dated = {name: _as_dates(values) for name, values in (("since", since), ("reached", reached))}
    return out.assign(**dated)


def _days(
    paths: Sequence[tuple[int, ...]], days: Sequence[Sequence[int]] | None
) -> tuple[pd.Series[int], pd.Series[int]]:
    """Return for each step the day its near end was reached (empty at the start) and the day its far end was."""
    if days is None:
        days = [[_ALWAYS] * len(path) for path in paths]
    near = [None if day == _ALWAYS else day for trip in days for day in trip[:-1]]
    far = [None if day == _ALWAYS else day for trip in days for day in trip[1:]]
    return pd.Series(near, dtype="Int64"), pd.Series(far, dtype="Int64")


def _as_dates(days: pd.Series[int]) -> pd.Series[pd.Timestamp]:
    counted = pd.to_timedelta(days.astype("float64"), unit="D")
    return (pd.Timestamp("1970-01-01") + counted).astype("datetime64[us]")


# What is usual ---------------------------------------------------------------------------------


def usual_distances(
    steps: Steps, *, grades: Band = "all", people: int = 30, length: int = LENGTH, seed: int = 0
) -> pd.DataFrame:
    """Return how many pairs of people are within 1, 2, 3, ... steps, so that a short path can be judged.

    Drawn without replacement, some of the people with any step at all are measured to all others of them,
    along paths that pass through what they may by default.

    Parameters
    ----------
    people : how many to draw.

    Returns
    -------
    steps, within (pairs), pairs (measured).
    """
    joined = (steps.classes == CLASSES.index("people")) & (np.diff(steps.begins) > 0)
    known = np.flatnonzero(joined)
    drawn = np.random.default_rng(seed).choice(known, size=min(people, len(known)), replace=False)
    seen = _Seen(steps, open_nodes(steps, THROUGH), LEVELS.index(grades))
    within = np.zeros(length, dtype=np.int64)
    for start in drawn:
        reached = seen.distances(int(start), length)[known]
        within += [int(((reached > 0) & (reached <= far)).sum()) for far in range(1, length + 1)]
    pairs = len(drawn) * max(len(known) - 1, 0)
    return pd.DataFrame({"steps": range(1, length + 1), "within": within, "pairs": pairs})
