"""Measure how far a network comes apart when nodes are taken out, and find the nodes that hold it together.

Borgatti 2006, "Identifying sets of key players in a social network", Computational & Mathematical
Organization Theory 12, 21-34. A longest way that counts is from An and Liu 2016, The R Journal 8(1), 257-268.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from mapping.partition import Integers

Bits = npt.NDArray[np.uint64]
Nodes = Collection[int] | Integers
Measure = Literal["fragmentation", "distance_weighted"]
MEASURES: tuple[Measure, Measure] = ("fragmentation", "distance_weighted")
# What is compared: a measure, the other one, and how many links are taken out.
Effect = tuple[Fraction, Fraction, int]
Weigh = Callable[[Sequence[int]], Effect]
# Ways are followed from 64 nodes at a time in each whole number, and from so many numbers' worth at once.
WORDS_AT_ONCE = 2_000_000

# A set is looked for from so many first choices.
STARTS = 5


@dataclass(frozen=True)
class Graph:
    """An undirected graph as arrays: `neighbour[start[i]:start[i + 1]]` are the nodes linked to node i.

    Attributes
    ----------
    nodes : how many nodes; they are numbered from 0.
    start : shape (nodes + 1,).
    neighbour : shape (2 x links,).
    """

    nodes: int
    start: Integers
    neighbour: Integers


def build_graph(nodes: int, one: Sequence[int] | Integers, other: Sequence[int] | Integers) -> Graph:
    """Return the graph of links between `one` and `other`; repeated links and links to oneself add nothing.

    Raises
    ------
    ValueError
        A link names a node that is not there.
    """
    ends = np.array([np.asarray(one, dtype=np.int64), np.asarray(other, dtype=np.int64)])
    if ends.size and (ends.min() < 0 or ends.max() >= nodes):
        msg = f"A link names node {ends.max() if ends.max() >= nodes else ends.min()}, and the nodes are 0 to {nodes - 1}."
        raise ValueError(msg)
    ends = ends[:, ends[0] != ends[1]]
    both = np.concatenate([ends, ends[::-1]], axis=1)
    key = np.unique(both[0] * max(nodes, 1) + both[1])
    start = np.searchsorted(key, np.arange(nodes + 1) * max(nodes, 1))
    return Graph(nodes, start.astype(np.int64), (key % max(nodes, 1)).astype(np.int64))


def pairs_by_distance(
    graph: Graph,
    *,
    among: Nodes | None = None,
    without: Collection[int] = (),
    within: int | None = None,
) -> list[int]:
    """Count pairs of nodes by how many links apart they are.

    Parameters
    ----------
    among : the nodes whose pairs count; all where not given. Ways may lead through any node.
    without : nodes taken out: they are in no pair and no way leads through them.
    within : the longest way that counts, in links; None for any length.

    Returns
    -------
    list
        entry d is how many pairs are d links apart; entry 0, how many no way joins.
    """
    gone = np.zeros(graph.nodes, dtype=np.bool_)
    gone[list(without)] = True
    counted = np.arange(graph.nodes) if among is None else np.unique(np.fromiter(among, dtype=np.int64))
    counted = counted[~gone[counted]]
    block = 64 * max(1, WORDS_AT_ONCE // max(1, len(graph.neighbour) + graph.nodes))
    ordered = [0]
    for first in range(0, len(counted), block):
        for distance, found in enumerate(
            _spread(graph, counted[first : first + block], counted, gone, within), start=1
        ):
            ordered += [0] * (distance + 1 - len(ordered))
            ordered[distance] += found
    pairs = len(counted) * (len(counted) - 1) // 2
    joined = [found // 2 for found in ordered]
    return [pairs - sum(joined), *joined[1:]]


def _spread(
    graph: Graph, sources: Integers, counted: Integers, gone: npt.NDArray[np.bool_], within: int | None
) -> list[int]:
    """Count nodes newly reached at each distance from each source: breadth first, one bit a source."""
    place = np.arange(len(sources))
    fresh: Bits = np.zeros((graph.nodes, -(-len(sources) // 64)), dtype=np.uint64)
    fresh[sources, place // 64] |= np.uint64(1) << (place % 64).astype(np.uint64)
    reached = fresh.copy()
    # An empty stretch would take its neighbour's first value.
    linked = np.flatnonzero(np.diff(graph.start))
    if not len(linked):
        return []
    out: list[int] = []
    while within is None or len(out) < within:
        arriving: Bits = np.zeros_like(fresh)
        arriving[linked] = np.bitwise_or.reduceat(fresh[graph.neighbour], graph.start[linked], axis=0)
        arriving &= ~reached
        arriving[gone] = 0
        if not arriving.any():
            break
        out.append(int(np.bitwise_count(arriving[counted]).sum()))
        reached |= arriving
        fresh = arriving
    return out


def fragmentation(
    graph: Graph,
    *,
    among: Nodes | None = None,
    without: Collection[int] = (),
    within: int | None = None,
) -> float:
    """Return the share of pairs of nodes that no way joins (Borgatti 2006): 0 whole, 1 all apart.

    Parameters are those of `pairs_by_distance`. Undefined (nan) where fewer than two nodes are left.
    """
    found = pairs_by_distance(graph, among=among, without=without, within=within)
    return float(apart(found, "fragmentation")) if sum(found) else float("nan")


def distance_weighted_fragmentation(
    graph: Graph,
    *,
    among: Nodes | None = None,
    without: Collection[int] = (),
    within: int | None = None,
    step: int = 1,
) -> float:
    """Return 1 less the mean over pairs of 1 / distance (Borgatti 2006): 0 all one step apart, 1 no way between any.

    Parameters
    ----------
    graph, among, without, within : as in `pairs_by_distance`.
    step : how many links make one step of distance; 2 where nodes of one kind are linked through nodes of
        another. Part of a step counts as a whole one.

    Undefined (nan) where fewer than two nodes are left.
    """
    found = pairs_by_distance(graph, among=among, without=without, within=within)
    return float(apart(found, "distance_weighted", step=step)) if sum(found) else float("nan")


def distance_weighted_reach(
    graph: Graph,
    members: Collection[int],
    *,
    among: Nodes | None = None,
    within: int | None = None,
    step: int = 1,
) -> float:
    """Return the mean over nodes of 1 / distance from the nearest of some members (Borgatti 2006).

    A member's own place adds nothing, so a set reaches at most the share of nodes outside it.

    Parameters
    ----------
    graph, among, within, step : as in `distance_weighted_fragmentation`.

    Undefined (nan) where `among` is empty.
    """
    counted = range(graph.nodes) if among is None else [int(node) for node in among]
    links = nearest(graph, members, within=within)
    near = sum((Fraction(1, -(-links[node] // step)) for node in counted if links.get(node)), Fraction(0))
    return float(near / len(counted)) if len(counted) else float("nan")


def nearest(graph: Graph, members: Collection[int], *, within: int | None = None) -> dict[int, int]:
    """Return how many links each node in reach is from the nearest of some members; a member is 0 from itself."""
    distance = dict.fromkeys((int(member) for member in members), 0)
    edge, steps = list(distance), 0
    while edge and (within is None or steps < within):
        steps += 1
        around = np.unique(
            np.concatenate([graph.neighbour[graph.start[n] : graph.start[n + 1]] for n in edge])
        )
        edge = [int(node) for node in around if int(node) not in distance]
        distance |= dict.fromkeys(edge, steps)
    return distance


def apart(found: Sequence[int], measure: Measure, *, step: int = 1) -> Fraction:
    """Return a measure of pairs counted by distance, as a fraction, so that what is equal compares as equal.

    Parameters
    ----------
    found : from `pairs_by_distance`; with no pair left, all is apart.
    """
    pairs = sum(found)
    if not pairs:
        return Fraction(1)
    if measure == "fragmentation":
        return Fraction(found[0], pairs)
    return 1 - sum((Fraction(found[d], -(-d // step)) for d in range(1, len(found))), Fraction(0)) / pairs


@dataclass
class Removals:
    """Counts pairs by distance with nodes taken out, working out again only the parts that lose a node."""

    graph: Graph
    among: Integers
    within: int | None
    parts: list[tuple[Graph, Integers]] = field(init=False)
    part_of: Integers = field(init=False)
    place: Integers = field(init=False)
    _kept: dict[tuple[int, frozenset[int]], list[int]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Take the graph apart into its connected parts."""
        self.part_of = components(self.graph)
        self.place = np.zeros(self.graph.nodes, dtype=np.int64)
        counted = np.zeros(self.graph.nodes, dtype=np.bool_)
        counted[self.among] = True
        self.parts = []
        order = np.argsort(self.part_of, kind="stable")
        bounds = np.searchsorted(self.part_of[order], np.arange(self.part_of.max(initial=-1) + 2))
        for first, last in pairwise(bounds):
            inside = order[first:last]
            self.place[inside] = np.arange(len(inside))
            self.parts.append((_inside(self.graph, inside, self.place), np.flatnonzero(counted[inside])))
        self._all = [self._part(part, frozenset()) for part in range(len(self.parts))]
        self._joined = _added(found[1:] for found in self._all)

    def pairs(self, without: Collection[int]) -> list[int]:
        """Return what `pairs_by_distance` does for these nodes taken out."""
        gone: dict[int, set[int]] = {}
        for node in without:
            gone.setdefault(int(self.part_of[node]), set()).add(int(self.place[node]))
        changed = [
            (self._all[part][1:], self._part(part, frozenset(nodes))[1:]) for part, nodes in gone.items()
        ]
        joined = _added([self._joined, *(after for _, after in changed)])
        for before, _ in changed:
            for distance, count in enumerate(before):
                joined[distance] -= count
        left = len(self.among) - len(set(without) & set(self.among.tolist()))
        return [left * (left - 1) // 2 - sum(joined), *joined]

    def _part(self, part: int, without: frozenset[int]) -> list[int]:
        key = (part, without)
        if key not in self._kept:
            graph, among = self.parts[part]
            self._kept[key] = pairs_by_distance(graph, among=among, without=without, within=self.within)
        return self._kept[key]


def _added(counts: Iterable[Sequence[int]]) -> list[int]:
    out: list[int] = []
    for found in counts:
        out += [0] * (len(found) - len(out))
        for place, count in enumerate(found):
            out[place] += count
    return out


def components(graph: Graph) -> Integers:
    """Return the part each node lies in, numbered by the lowest node in it."""
    from scipy.sparse import csr_matrix  # for those who ask what would be interrupted only
    from scipy.sparse.csgraph import connected_components

    shape = (graph.nodes, graph.nodes)
    links = csr_matrix((np.ones(len(graph.neighbour), dtype=np.int8), graph.neighbour, graph.start), shape)
    part: Integers = connected_components(links, directed=False)[1].astype(np.int64)
    return part


def _inside(graph: Graph, nodes: Integers, place: Integers) -> Graph:
    """Return one connected part as a graph of its own."""
    sizes = graph.start[nodes + 1] - graph.start[nodes]
    start = np.concatenate([[0], np.cumsum(sizes)])
    at = np.repeat(graph.start[nodes] - start[:-1], sizes) + np.arange(start[-1])
    return Graph(len(nodes), start, place[graph.neighbour[at]])


def key_set(
    graph: Graph,
    candidates: Sequence[int],
    k: int,
    *,
    among: Nodes | None = None,
    within: int | None = None,
    step: int = 1,
    measure: Measure = "distance_weighted",
    include: Sequence[int] = (),
    starts: int = STARTS,
) -> list[int]:
    """Return the k candidates whose taking out leaves the network most apart, as far as the search can tell.

    One is chosen after another, each time the one that adds most; then, as long as exchanging a chosen
    one for another makes it better, the best such exchange is made (Borgatti 2006). Where Borgatti starts
    again from sets drawn by chance, this starts from each of the few nodes that do most on their own, and
    keeps the best. Equal sets are settled by the other measure, then by how many links they have (so that
    nodes which hide one another, because each joins what the other does, are found together), then by the
    lowest nodes. It is not certain to find the best set of all: that would take trying every set.

    Parameters
    ----------
    graph, among, within, step : as in `distance_weighted_fragmentation`.
    candidates : the nodes to choose from.
    measure : what is to be large.
    include : nodes that are in the set whatever they add; they count towards k.
    starts : from how many first choices to start.

    Returns
    -------
    list
        k nodes: those to include, then the others in the order in which each adds most.

    Raises
    ------
    ValueError
        k is less than 1, less than there are nodes to include, or more than there are candidates.
    """
    counted = np.arange(graph.nodes) if among is None else np.unique(np.fromiter(among, dtype=np.int64))
    removals = Removals(graph, counted, within)
    return chosen_set(removals, candidates, k, step=step, measure=measure, include=include, starts=starts)


def chosen_set(
    removals: Removals,
    candidates: Sequence[int],
    k: int,
    *,
    step: int = 1,
    measure: Measure = "distance_weighted",
    include: Sequence[int] = (),
    starts: int = STARTS,
) -> list[int]:
    """Search as `key_set` does, on counts of pairs that may already be known in part."""
    listed = sorted(set(candidates) | set(include))
    if not max(1, len(set(include))) <= k <= len(listed):
        msg = f"A set of {k} cannot be chosen from {len(listed)} candidates with {len(set(include))} of them given. Ask for {max(1, len(set(include)))} to {len(listed)}."
        raise ValueError(msg)
    links = np.diff(removals.graph.start)

    def effect(nodes: Sequence[int]) -> Effect:
        found = removals.pairs(nodes)
        shares = [apart(found, name, step=step) for name in MEASURES]
        first, second = shares if measure == MEASURES[0] else reversed(shares)
        return first, second, int(links[list(nodes)].sum())

    first = sorted(set(listed) - set(include), key=lambda node: effect([*include, node]), reverse=True)
    begun = [_greedy(listed, k, effect, [*include, node][:k]) for node in first[: max(1, starts)]]
    found = [_exchanged(chosen, listed, effect, include) for chosen in begun or [list(include)]]
    best = max(found, key=effect)
    return _greedy(sorted(best), k, effect, include)


def _exchanged(
    chosen: Sequence[int], listed: Sequence[int], effect: Weigh, include: Sequence[int]
) -> Sequence[int]:
    """Make the best exchange of one node for another for as long as it makes the set better."""
    while True:
        swaps: list[Sequence[int]] = [
            [node for node in chosen if node != leaving] + [entering]
            for leaving in sorted(set(chosen) - set(include))
            for entering in listed
            if entering not in chosen
        ]
        if not swaps:
            return chosen
        better = max(swaps, key=effect)
        if effect(better) <= effect(chosen):
            return chosen
        chosen = better


def _greedy(
    listed: Sequence[int],
    k: int,
    effect: Weigh,
    include: Sequence[int],
) -> list[int]:
    """Choose one after another, each time the one that adds most, those to include first."""
    chosen: list[int] = []
    while len(chosen) < k:
        left = [node for node in include if node not in chosen] or listed
        chosen = [*chosen, max((n for n in left if n not in chosen), key=lambda n: effect([*chosen, n]))]
    return chosen
