"""Find groups of children and their young peers: Leiden with the Constant Potts Model."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

import igraph as ig
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from mapping.links import UNIT, Links
from mapping.network import Integers, PeerNetwork, peer_network, to_igraph
from mapping.people import PEER_BANDS

RESOLUTION = 0.02
# A part of the network with more people than this is settled in rounds of two passes ...
ROUNDS_ABOVE = 100_000
# ... until a round adds less than this share to the quality of the whole.
SETTLED = 1e-4
# igraph draws from one generator for the whole process.
_drawing = threading.Lock()


def groups(links: Links, bands: str, *, resolution: float = RESOLUTION, seed: int = 0) -> str:
    """Write a table of who is in which group and return its name.

    Columns: person_n, community (a whole number within this run), group_id, age_band.

    Every child has a row; a child whom nothing links to a peer has a group of their own. Young peers
    (18 to 25, or of unknown age) have a row where a link ties them to another young person. Adults are in
    no group, so someone who touches two groups does not merge them.

    `group_id` is "g" and twelve hexadecimal digits of the MD5 of the members' ids in order: the same
    members have the same id whatever else is in the case, and any change of members changes it.

    Parameters
    ----------
    resolution : the Constant Potts Model's; people stay together where the mean weight of the links
        among them is above it (Traag, Van Dooren and Nesterov 2011, Physical Review E 84, 016114).
    seed : chooses among equally good groupings.

    Raises
    ------
    ValueError
        A resolution that is not above zero.
    """
    if resolution <= 0:
        msg = f"The resolution is {resolution}; it must be above zero."
        raise ValueError(msg)
    records = links.records
    schema = records.new_schema()
    network = peer_network(links, bands, PEER_BANDS)
    frame = pd.DataFrame(
        {"person_n": network.people, "community": partition(network, resolution=resolution, seed=seed)}
    )
    records.connection.register("arriving", frame)
    records.execute(
        f"""CREATE TABLE {schema}.member AS
        SELECT b.person_n, coalesce(m.community, -b.person_n) AS community, b.age_band
        FROM {bands} b LEFT JOIN arriving m ON m.person_n = b.person_n
        WHERE m.person_n IS NOT NULL OR b.age_band = 'child'"""
    )
    records.connection.unregister("arriving")
    records.execute(
        f"""CREATE TABLE {schema}.named AS SELECT community,
            'g' || substr(md5(string_agg(p.person_id, chr(31) ORDER BY p.person_id)), 1, 12) AS group_id
        FROM {schema}.member JOIN {{people}} p USING (person_n) GROUP BY community"""
    )
    records.execute(
        f"CREATE TABLE {schema}.groups AS SELECT m.person_n, m.community, n.group_id, m.age_band FROM {schema}.member m JOIN {schema}.named n USING (community)"
    )
    return f"{schema}.groups"


def groups_query(table: str) -> str:
    """Return the query for the `groups` result."""
    return f"SELECT p.person_id, g.group_id, g.age_band FROM {table} g JOIN {{people}} p USING (person_n)"


def summary_query(table: str, links: Links) -> str:
    """Return the query for the `group_summary` result.

    Density is the share of pairs that are linked; it and the dates are empty for a group of one.
    """
    return f"""WITH size AS (
        SELECT group_id, any_value(community) AS community, count(*) AS size, count(*) FILTER (age_band = 'child') AS children,
            count(*) FILTER (age_band = 'young_adult') AS young_adults, count(*) FILTER (age_band = 'unknown_age') AS unknown_age
        FROM {table} GROUP BY group_id),
    inside AS (
        SELECT a.community, count(*) AS links, sum(l.units) AS units, min(l.first_day) AS first_day, max(l.last_day) AS last_day
        FROM {links.links} l JOIN {table} a ON a.person_n = l.person_a_n
        JOIN {table} b ON b.person_n = l.person_b_n AND b.community = a.community GROUP BY a.community)
    SELECT group_id, size, children, young_adults, unknown_age, coalesce(links, 0) AS links,
        CASE WHEN size > 1 THEN coalesce(links, 0) / (size * (size - 1) / 2.0) END AS density,
        coalesce(units, 0) / {UNIT}.0 AS weight,
        DATE '1970-01-01' + CAST(first_day AS INTEGER) AS first_seen, DATE '1970-01-01' + CAST(last_day AS INTEGER) AS last_seen
    FROM size LEFT JOIN inside USING (community)"""


def partition(network: PeerNetwork, *, resolution: float = RESOLUTION, seed: int = 0) -> Integers:
    """Return the community of each node, shape (n,), numbered by the lowest node in it.

    Parts of the network that no link joins are settled apart, each with the same seed, and nodes are
    taken in an order that comes from the shape of the network, then from their ids. So neither the order
    of the rows nor a case that touches none of a part's people changes that part's groups.
    """
    nodes = len(network.people)
    if nodes == 0:
        return np.empty(0, dtype=np.int64)
    order = structural_order(network)
    place = np.empty(nodes, dtype=np.int64)
    place[order] = np.arange(nodes)
    low, high = np.sort(np.stack([place[network.one], place[network.other]]), axis=0)
    edges = np.argsort(low * nodes + high, kind="stable")
    low, high, units = low[edges], high[edges], network.units[edges]
    _, part = connected_components(coo_matrix((units, (low, high)), shape=(nodes, nodes)), directed=False)
    community = np.arange(nodes)
    for members, ends in _parts(part, low):
        local = (
            np.empty(0, dtype=np.int64)
            if len(members) < 2
            else _settle(members, low[ends], high[ends], units[ends], resolution, seed)
        )
        community[members] = members[local] if len(local) else members
    return _lowest_member(community[place])


def structural_order(network: PeerNetwork, *, rounds: int = 3) -> Integers:
    """Order nodes by the shape of the network around them (Weisfeiler and Lehman), ties by node.

    Each round folds the weights and marks of a node's neighbours into its own mark, in whole numbers
    that wrap, so the marks do not depend on any order.
    """
    nodes = len(network.people)
    ends = np.concatenate([network.one, network.other])
    others = np.concatenate([network.other, network.one])
    weight = _mixed(np.concatenate([network.units, network.units]).astype(np.uint64))
    by_end = np.argsort(ends, kind="stable")
    others, weight = others[by_end], weight[by_end]
    starts = np.searchsorted(ends[by_end], np.arange(nodes))
    mark = np.full(nodes, 1, dtype=np.uint64)
    for _ in range(rounds):
        mark = _mixed(mark ^ np.add.reduceat(weight * mark[others], starts))
    return np.lexsort((np.arange(nodes), mark))


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
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
    members: Integers, low: Integers, high: Integers, units: Integers, resolution: float, seed: int
) -> Integers:
    """Return the community of each member of one part, as positions within the part."""
    if len(members) == 2:
        return np.array([0, 0] if units[0] > resolution * UNIT else [0, 1])
    graph = to_igraph(len(members), np.searchsorted(members, low), np.searchsorted(members, high))
    weights = (units / UNIT).tolist()
    with _drawing:
        ig.set_random_number_generator(random.Random(seed))
        try:
            found = _leiden(graph, weights, resolution)
        finally:
            ig.set_random_number_generator(random)
    return _lowest_member(np.asarray(found, dtype=np.int64))


def _leiden(graph: ig.Graph, weights: list[float], resolution: float) -> list[int]:
    """Run Leiden until it settles; a very large part until a round gains next to nothing."""
    options = {"objective_function": "CPM", "weights": weights, "resolution": resolution}
    if graph.vcount() <= ROUNDS_ABOVE:
        return list(graph.community_leiden(n_iterations=-1, **options).membership)
    found = graph.community_leiden(n_iterations=2, **options)
    while True:
        again = graph.community_leiden(n_iterations=2, initial_membership=found.membership, **options)
        gain = (again.quality or 0.0) - (found.quality or 0.0)
        found = again
        if gain < SETTLED * abs(again.quality or 1.0):
            return list(found.membership)


def _lowest_member(community: Integers) -> Integers:
    """Renumber communities by the lowest node in each."""
    _, first, inverse = np.unique(community, return_index=True, return_inverse=True)
    return first[inverse].astype(np.int64)
