from __future__ import annotations

from pathlib import Path

import igraph as ig
import networkx as nx
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_mutual_info_score

from mapping.partition import UNIT, PeerNetwork, partition, resettle, structural_order, to_igraph


def network(edges: list[tuple[int, int, float]], *, people: list[int] | None = None) -> PeerNetwork:
    """A network from (person, person, weight); nodes are the people that have an edge, in order."""
    ids = (
        np.unique([end for one, other, _ in edges for end in (one, other)])
        if people is None
        else np.array(people)
    )
    one, other = (np.searchsorted(ids, [edge[side] for edge in edges]) for side in (0, 1))
    units = np.array([round(edge[2] * UNIT) for edge in edges], dtype=np.int64)
    return PeerNetwork(ids.astype(np.int64), one.astype(np.int64), other.astype(np.int64), units)


def as_sets(found: PeerNetwork, labels: list[int]) -> set[frozenset[int]]:
    by_label: dict[int, set[int]] = {}
    for person, label in zip(found.people.tolist(), labels, strict=True):
        by_label.setdefault(label, set()).add(person)
    return {frozenset(members) for members in by_label.values()}


def communities(found: PeerNetwork, **options: float) -> set[frozenset[int]]:
    return as_sets(found, partition(found, **options).tolist())


def quality(found: PeerNetwork, labels: set[frozenset[int]], resolution: float) -> float:
    """The Constant Potts Model's quality, from its definition: weight inside less resolution times pairs inside."""
    inside = 0.0
    where = {person: k for k, members in enumerate(labels) for person in members}
    for one, other, units in zip(found.one, found.other, found.units, strict=True):
        if where[int(found.people[one])] == where[int(found.people[other])]:
            inside += units / UNIT
    return inside - resolution * sum(len(members) * (len(members) - 1) / 2 for members in labels)


def clique(members: range, weight: float = 1.0) -> list[tuple[int, int, float]]:
    return [(a, b, weight) for a in members for b in members if a < b]


def test_two_cliques_and_a_weak_tie_are_two_communities() -> None:
    edges = [*clique(range(1, 6)), *clique(range(6, 11)), (5, 6, 0.1)]
    assert communities(network(edges), resolution=0.05) == {frozenset(range(1, 6)), frozenset(range(6, 11))}


def test_a_pair_stays_together_only_above_the_resolution() -> None:
    above, below = network([(1, 2, 0.021)]), network([(1, 2, 0.019)])
    assert communities(above, resolution=0.02) == {frozenset({1, 2})}
    assert communities(below, resolution=0.02) == {frozenset({1}), frozenset({2})}


def test_no_people_have_no_communities() -> None:
    empty = PeerNetwork(*(np.empty(0, dtype=np.int64) for _ in range(4)))
    assert partition(empty).tolist() == []


def test_football_conferences_are_found_as_well_as_by_igraph_alone(realdata: Path) -> None:
    """115 teams in 12 conferences: igraph's own Leiden with the same objective is the independent run."""
    graph = nx.read_gml(realdata / "networks" / "football.gml", label="id")
    edges = [(int(a), int(b), 1.0) for a, b in graph.edges]
    found = network(edges)
    conferences = [graph.nodes[person]["value"] for person in found.people.tolist()]
    labels = partition(found, resolution=0.3).tolist()
    alone = ig.Graph(
        n=len(found.people), edges=list(zip(found.one.tolist(), found.other.tolist(), strict=True))
    )
    theirs = [
        alone.community_leiden(objective_function="CPM", resolution=0.3, n_iterations=-1).membership
        for _ in range(5)
    ]
    best = max(quality(found, as_sets(found, run), 0.3) for run in theirs)
    assert quality(found, as_sets(found, labels), 0.3) >= best - 1e-9
    assert adjusted_mutual_info_score(conferences, labels) > 0.85


graphs = st.lists(
    st.tuples(st.integers(1, 14), st.integers(1, 14), st.sampled_from([0.25, 0.5, 0.75, 1.0, 2.0])),
    min_size=1,
    max_size=40,
).map(
    lambda raw: [(a, b, w) for (a, b), w in {(min(a, b), max(a, b)): w for a, b, w in raw if a != b}.items()]
)


@given(graphs.filter(bool), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_edges_does_not_matter(edges: list[tuple[int, int, float]], random) -> None:
    shuffled = list(edges)
    random.shuffle(shuffled)
    turned = [(b, a, w) if random.random() < 0.5 else (a, b, w) for a, b, w in shuffled]
    assert communities(network(turned), resolution=0.3) == communities(network(edges), resolution=0.3)


@example([(1, 2, 0.25), (1, 3, 0.5), (1, 6, 0.5), (2, 4, 0.5), (3, 5, 0.25)], [(1, 2, 0.25)])
@given(graphs.filter(bool), graphs.filter(bool))
@settings(max_examples=60, deadline=None)
def test_people_whom_nothing_links_to_a_group_do_not_change_it(
    edges: list[tuple[int, int, float]], others: list[tuple[int, int, float]]
) -> None:
    """Locality: another case beside this one leaves its groups as they are, wherever its ids sort."""
    before = communities(network(edges), resolution=0.3)
    for shift in (100, -100):
        beside = [(a + shift, b + shift, w) for a, b, w in others]
        after = communities(network([*edges, *beside]), resolution=0.3)
        assert {members for members in after if max(members) <= 14 and min(members) >= 1} == before


@given(graphs.filter(bool), st.permutations(range(1, 15)))
@settings(max_examples=60, deadline=None)
def test_other_ids_give_as_good_a_partition(edges: list[tuple[int, int, float]], names: list[int]) -> None:
    """Where the shape of the network tells people apart the groups are the same; where it does not, as good."""
    renamed = network([(names[a - 1], names[b - 1], w) for a, b, w in edges])
    plain = network(edges)
    marks = structural_order(plain)
    assert sorted(marks.tolist()) == list(range(len(plain.people)))
    first, second = communities(plain, resolution=0.3), communities(renamed, resolution=0.3)
    assert quality(renamed, second, 0.3) == pytest.approx(quality(plain, first, 0.3), abs=1e-6)


def test_ids_are_of_no_account_where_people_differ() -> None:
    """Weights that are all different tell every person apart, so renaming changes nothing but names."""
    rng = np.random.default_rng(5)
    pairs = {tuple(sorted(pair)) for pair in rng.integers(1, 41, (160, 2)).tolist() if pair[0] != pair[1]}
    edges = [
        (a, b, round(float(w), 6))
        for (a, b), w in zip(sorted(pairs), rng.uniform(0.1, 2, len(pairs)), strict=True)
    ]
    before = communities(network(edges), resolution=0.2)
    for seed in range(5):
        names = dict(zip(range(1, 41), np.random.default_rng(seed).permutation(40) + 1, strict=True))
        after = communities(network([(int(names[a]), int(names[b]), w) for a, b, w in edges]), resolution=0.2)
        assert after == {frozenset(int(names[p]) for p in members) for members in before}


def test_a_seed_gives_one_partition_and_every_seed_a_good_one() -> None:
    rng = np.random.default_rng(1)
    group = np.arange(120) // 12
    edges = [
        (a, b, 1.0)
        for a in range(120)
        for b in range(a + 1, 120)
        if rng.random() < (0.6 if group[a] == group[b] else 0.01)
    ]
    found = network(edges, people=list(range(120)))
    runs = [partition(found, resolution=0.1, seed=seed).tolist() for seed in (0, 0, 1, 2)]
    assert runs[0] == runs[1]
    assert all(adjusted_mutual_info_score(group, run) > 0.95 for run in runs)


def test_every_community_holds_together() -> None:
    """No community is in two pieces, which some parallel algorithms do not promise."""
    rng = np.random.default_rng(3)
    pairs = {tuple(sorted(pair)) for pair in rng.integers(0, 300, (900, 2)).tolist() if pair[0] != pair[1]}
    found = network(
        [(a, b, float(w)) for (a, b), w in zip(sorted(pairs), rng.uniform(0.05, 1, len(pairs)), strict=True)]
    )
    graph = nx.Graph(sorted(pairs))
    for members in communities(found, resolution=0.05):
        assert nx.is_connected(graph.subgraph(members))


def test_a_very_large_part_is_settled_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above a size, people are numbered by neighbourhood and settled pass by pass; planted groups are found as well."""
    monkeypatch.setattr("mapping.partition.PASSES_ABOVE", 100)
    rng = np.random.default_rng(2)
    group = np.arange(360) // 12
    edges = [
        (a, b, 1.0)
        for a in range(360)
        for b in range(a + 1, 360)
        if rng.random() < (0.6 if group[a] == group[b] else 0.005)
    ]
    found = network(edges, people=list(range(360)))
    labels = partition(found, resolution=0.1)
    assert adjusted_mutual_info_score(group, labels) > 0.95
    assert labels.tolist() == partition(found, resolution=0.1).tolist()


@pytest.mark.parametrize(
    ("between", "community"),
    [
        # A pair and a neighbour group of three: the second person goes where the weight less 0.1 a pair is more.
        ([0.5, 0.4], [0, 0, 1]),
        ([0.3, 0.7], [0, 1, 1]),
        # 0.3 - 0.1 for the pair is as good as 0.5 - 0.3 for the neighbours: what is stays.
        ([0.3, 0.5], [0, 0, 1]),
        ([0.05, 0.2], [0, 1, 2]),
    ],
)
def test_a_few_people_are_settled_again_among_groups_that_stay_whole(
    between: list[float], community: list[int]
) -> None:
    graph = to_igraph(3, np.array([0, 1]), np.array([1, 2]))
    units, sizes = (np.array(between) * UNIT).round().astype(np.int64), np.array([1, 1, 3])
    found = resettle(graph, units, sizes, np.array([0, 0, 1]), resolution=0.1)
    assert np.unique(found, return_inverse=True)[1].tolist() == community
