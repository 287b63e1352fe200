"""Part a network into communities: Leiden with the Constant Potts Model, the same for the same network."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from mapping.graphs import ig

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

RESOLUTION = 0.02
# Weights are whole billionths, so that no sum depends on the order of the rows.
UNIT = 1_000_000_000
# A part of the network with up to this many people is settled this many times, and the best kept.
TRIES, TRIES_UP_TO = 10, 1_000
# A part with more people than this is settled pass by pass ...
PASSES_ABOVE = 100_000
# ... until a pass adds less than this share to the quality of the whole.
SETTLED = 1e-3
# A few people and the groups around them are settled again in so many passes. Not until they settle: from a
# given start, or with nodes that stand for several people, igraph may then never end.
RESETTLE_PASSES = 4
# igraph draws from one generator for the whole process.
DRAWING = threading.Lock()


@dataclass(frozen=True)
class PeerNetwork:
    """The links among some people, as arrays.

    Attributes
    ----------
    people : person_n of each node, shape (n,).
    one, other : node of each end of each edge, shape (m,).
    units : weight of each edge in whole billionths, shape (m,).
    """

    people: Integers
    one: Integers
    other: Integers
    units: Integers

    @property
    def weights(self) -> Floats:
        """Edge weights, shape (m,)."""
        return self.units / UNIT


def to_igraph(nodes: int, one: Integers, other: Integers) -> ig.Graph:
    """Return an undirected igraph; a list of pairs is its quickest way in."""
    from mapping.graphs import (
        ig,  # where groups are settled in a program of their own, only that program needs it
    )

    return ig.Graph(n=nodes, edges=list(zip(one.tolist(), other.tolist(), strict=True)))


def partition(
    network: PeerNetwork, *, resolution: float = RESOLUTION, seed: int = 0, tries: int = TRIES
) -> Integers:
    """Return the community of each node, shape (n,), numbered by the lowest node in it.

    Parts of the network that no link joins are settled apart, each with the same seed, and nodes are
    taken in an order that comes from the shape of the network, then from their ids. So neither the order
    of the rows nor a case that touches none of a part's people changes that part's groups.

    Parameters
    ----------
    tries : how many times a part of up to TRIES_UP_TO people is settled, to keep the best.
    """
    from scipy.sparse import coo_matrix  # as igraph: only where groups are settled
    from scipy.sparse.csgraph import connected_components

    nodes = len(network.people)
    if nodes == 0:
        return np.empty(0, dtype=np.int64)
    place = _inverse(structural_order(network))
    low, high = np.sort(np.stack([place[network.one], place[network.other]]), axis=0)
    edges = np.argsort(low * nodes + high, kind="stable")
    low, high, units = low[edges], high[edges], network.units[edges]
    _, part = connected_components(coo_matrix((units, (low, high)), shape=(nodes, nodes)), directed=False)
    community = np.arange(nodes)
    for members, ends in _parts(part, low):
        local = (
            np.empty(0, dtype=np.int64)
            if len(members) < 2
            else _settle(members, low[ends], high[ends], units[ends], resolution, seed, tries)
        )
        community[members] = members[local] if len(local) else members
    return _lowest_member(community[place])


def _inverse(order: Integers) -> Integers:
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return place


def structural_order(network: PeerNetwork, *, rounds: int = 3) -> Integers:
    """Order nodes by the shape of the network around them (Weisfeiler and Lehman), ties by node.

    Each round folds the weights and marks of a node's neighbours into its own mark, in whole numbers
    that wrap, so the marks do not depend on any order.
    """
    from scipy.sparse import coo_matrix

    nodes = len(network.people)
    ends = np.concatenate([network.one, network.other])
    others = np.concatenate([network.other, network.one])
    weight = mixed(np.concatenate([network.units, network.units]).astype(np.uint64))
    around = coo_matrix((weight, (ends, others)), shape=(nodes, nodes)).tocsr()
    mark = np.full(nodes, 1, dtype=np.uint64)
    for _ in range(rounds):
        mark = mixed(mark ^ np.add.reduceat(around.data * mark[around.indices], around.indptr[:-1]))
    return np.argsort(mark, kind="stable")


def mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Spread whole numbers over all 64 bits (the finisher of SplitMix64), never to zero's even numbers."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (values ^ (values >> np.uint64(31))) | np.uint64(1)


def _parts(part: npt.NDArray[np.int32], low: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Yield the nodes and the edges of each part of the network, both in order."""
    nodes = np.argsort(part, kind="stable")
    node_ends = np.cumsum(np.bincount(part))
    edges = np.argsort(part[low], kind="stable")
    edge_ends = np.cumsum(np.bincount(part[low], minlength=len(node_ends)))
    node_start = edge_start = 0
    for node_end, edge_end in zip(node_ends.tolist(), edge_ends.tolist(), strict=True):
        yield nodes[node_start:node_end], edges[edge_start:edge_end]
        node_start, edge_start = node_end, edge_end


def _settle(
    members: Integers,
    low: Integers,
    high: Integers,
    units: Integers,
    resolution: float,
    seed: int,
    tries: int,
) -> Integers:
    """Return the community of each member of one part, as positions within the part."""
    if len(members) == 2:
        return np.array([0, 0] if units[0] > resolution * UNIT else [0, 1])
    one, other = np.searchsorted(members, low), np.searchsorted(members, high)
    if len(members) > PASSES_ABOVE:
        near = _near(len(members), one, other)
        one, other = near[one], near[other]
    from mapping.graphs import ig

    graph = to_igraph(len(members), one, other)
    weights = (units / UNIT).tolist()
    with DRAWING:
        ig.set_random_number_generator(random.Random(seed))
        try:
            times = tries if len(members) <= TRIES_UP_TO else 1
            found = max((_leiden(graph, weights, resolution) for _ in range(times)), key=_quality)
        finally:
            ig.set_random_number_generator(random)
    community = np.asarray(found.membership, dtype=np.int64)
    return _lowest_member(community[near] if len(members) > PASSES_ABOVE else community)


def _near(nodes: int, one: Integers, other: Integers) -> Integers:
    """Number nodes so that neighbours are near each other, which lets memory be read in runs (reverse Cuthill-McKee)."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    ends = coo_matrix(
        (np.ones(2 * len(one), np.int8), (np.r_[one, other], np.r_[other, one])), shape=(nodes, nodes)
    )
    return _inverse(reverse_cuthill_mckee(ends.tocsr(), symmetric_mode=True).astype(np.int64))


def _leiden(graph: ig.Graph, weights: list[float], resolution: float) -> ig.VertexClustering:
    """Run Leiden until it settles; a very large part until a pass gains next to nothing."""
    options = {"objective_function": "CPM", "weights": weights, "resolution": resolution}
    if graph.vcount() <= PASSES_ABOVE:
        return graph.community_leiden(n_iterations=-1, **options)
    found = graph.community_leiden(n_iterations=1, **options)
    while True:
        again = graph.community_leiden(n_iterations=1, initial_membership=found.membership, **options)
        gain = _quality(again) - _quality(found)
        found = again
        if gain < SETTLED * abs(_quality(found)):
            return found


def _quality(found: ig.VertexClustering) -> float:
    """The quality of a grouping, rounded so that the last digits of a sum decide nothing."""
    return round(float(found.quality or 0.0), 9)


def resettle(
    graph: ig.Graph,
    units: Integers,
    sizes: Integers,
    present: Integers,
    *,
    resolution: float,
    seed: int = 0,
    tries: int = TRIES,
) -> Integers:
    """Return the best community found of each node of a small graph; the present one unless another is better.

    Parameters
    ----------
    units : weight of each edge in whole billionths.
    sizes : how many people each node stands for.
    present : community of each node as it is.
    tries : how many searches start from everyone alone; one more starts from the present.
    """
    from mapping.graphs import ig

    one, other = np.array(graph.get_edgelist(), dtype=np.int64).reshape(-1, 2).T

    def quality(community: Integers) -> int:
        inside = int(units[community[one] == community[other]].sum())
        together = np.bincount(community, weights=sizes)
        return inside - round(resolution * UNIT * float(together @ together) / 2)

    options = {
        "objective_function": "CPM",
        "weights": (units / UNIT).tolist(),
        "node_weights": sizes.tolist(),
        "resolution": resolution,
        "n_iterations": RESETTLE_PASSES,
    }
    starts = [present.tolist(), *[None] * tries]
    with DRAWING:
        ig.set_random_number_generator(random.Random(seed))
        try:
            found = [graph.community_leiden(initial_membership=start, **options) for start in starts]
        finally:
            ig.set_random_number_generator(random)
    return max([present, *(np.asarray(each.membership, dtype=np.int64) for each in found)], key=quality)


def _lowest_member(community: Integers) -> Integers:
    """Renumber communities by the lowest node in each."""
    _, first, inverse = np.unique(community, return_index=True, return_inverse=True)
    return first[inverse].astype(np.int64)
