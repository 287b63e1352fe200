"""Leave out one report or one agency: which groups, memberships and shared contacts rest on it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from mapping.contacts import TYPE_NAMES, Ties
from mapping.jaccard import DISSOLVED, best_matches
from mapping.links import Links
from mapping.partition import Integers, resettle, to_igraph
from mapping.reports import Grouped, Reports, regroup
from mapping.resamples import heed

if TYPE_CHECKING:
    import igraph as ig

# Reports are left out this many at a time; one by one only where a group does not stay as it is without them.
TOGETHER = 4


@dataclass(frozen=True)
class Reliance:
    """What each group and each membership rests on, as places in the list of reports.

    Attributes
    ----------
    groups : for each group, the reports without which it is not there.
    members : for each node, the reports without which this person is not in the group.
    """

    groups: list[list[int]]
    members: list[list[int]]


def reliance(reports: Reports, grouped: Grouped, *, stop: threading.Event | None = None) -> Reliance:
    """Leave out each report in turn and settle the group it holds together again.

    A group can rest only on a report that puts two of its members together. Without that report (all its
    items go, also those with others) the members are settled again, one by one, among the groups next to
    theirs, which stay whole; everything further away is kept as it is. The present grouping stays unless
    another is better. The group is not there where no community has a Jaccard similarity above a half
    with it (Hennig 2008, Journal of Multivariate Analysis 99, 1154-1176); then no membership is either.

    Where a group stays as it is without several reports at once, and yet with all that links its members
    to others, it stays as it is without each of them. So reports are tried several at a time.

    Raises
    ------
    Stopped
        `stop` was set.
    """
    found = Reliance([[] for _ in grouped.communities], [[] for _ in grouped.group])
    for place in _surroundings(reports, grouped):
        heed(stop)
        inside = np.unique(np.concatenate([place.one[place.inside], place.other[place.inside]]))
        for report in place.upheld_by(inside[reports.source_id[inside] != ""]):
            gone, left = place.lost_without(report)
            if gone:
                found.groups[place.group].append(report)
            for node in place.members[left].tolist():
                found.members[node].append(report)
    return found


@dataclass(frozen=True)
class _Surroundings:
    """One group, person by person, and the groups next to it, each as one node.

    Attributes
    ----------
    group : which.
    members : its nodes in the network; they are the first nodes of the graph, shape (k,).
    graph, units, sizes : what links them to each other and to the groups next to them.
    edge, item_units, one, other : of each item: its link in the graph, its weight, and its reports.
    inside : whether an item is between two members.
    resolution, seed : of the search for groups.
    """

    group: int
    members: Integers
    graph: ig.Graph
    units: Integers
    sizes: Integers
    edge: Integers
    item_units: Integers
    one: Integers
    other: Integers
    inside: npt.NDArray[np.bool_]
    resolution: float
    seed: int

    def upheld_by(self, reports: Integers) -> Iterator[int]:
        """Yield the reports without which the group may not stay as it is."""
        for first in range(0, len(reports), TOGETHER):
            yield from self._narrowed(reports[first : first + TOGETHER])

    def _narrowed(self, reports: Integers) -> Iterator[int]:
        # What links members to others stays here: only so does it follow that each report can be spared.
        left_out = (np.isin(self.one, reports) | np.isin(self.other, reports)) & self.inside
        if self._stays(self._settled(left_out)):
            return
        if len(reports) == 1:
            yield int(reports[0])
            return
        half = len(reports) // 2
        yield from self._narrowed(reports[:half])
        yield from self._narrowed(reports[half:])

    def lost_without(self, report: int) -> tuple[bool, npt.NDArray[np.bool_]]:
        """Say whether the group is gone without a report, and which members are no longer in it, shape (k,)."""
        found = self._settled((self.one == report) | (self.other == report))
        people = np.repeat(found, self.sizes)
        group = np.where(np.arange(len(people)) < len(self.members), 0, -1)
        match = best_matches(group, people, groups=1)
        gone = bool(match.jaccard[0] <= DISSOLVED)
        return gone, gone | (found[: len(self.members)] != match.core[0])

    def _settled(self, left_out: npt.NDArray[np.bool_]) -> Integers:
        lost = np.bincount(self.edge[left_out], weights=self.item_units[left_out], minlength=len(self.units))
        present = np.maximum(np.arange(len(self.sizes)) - len(self.members) + 1, 0)
        units = self.units - lost.astype(np.int64)
        return resettle(self.graph, units, self.sizes, present, resolution=self.resolution, seed=self.seed)

    def _stays(self, community: Integers) -> bool:
        members, others = community[: len(self.members)], community[len(self.members) :]
        return bool((members == members[0]).all() and (others != members[0]).all())


def _surroundings(reports: Reports, grouped: Grouped) -> Iterator[_Surroundings]:
    """Yield each group with what is next to it."""
    network, group, groups = reports.network, grouped.group, len(grouped.communities)
    around = np.unique(grouped.community, return_inverse=True)[1]
    sizes = np.bincount(around)
    # Each link twice, once from each end; within a group once.
    ends = np.concatenate([network.one, network.other]), np.concatenate([network.other, network.one])
    link = np.tile(np.arange(len(network.one)), 2)
    inside = around[ends[0]] == around[ends[1]]
    kept = (group[ends[0]] >= 0) & ~(inside & (np.arange(len(link)) >= len(network.one)))
    one, other, link, inside = ends[0][kept], ends[1][kept], link[kept], inside[kept]
    by_group = _Slices(group[one], groups)
    members = _Slices(group, groups)
    first_item = np.searchsorted(reports.edge, np.arange(len(network.one) + 1))
    for k in range(groups):
        nodes, at = members[k], by_group[k]
        next_to, place = np.unique(around[other[at]][~inside[at]], return_inverse=True)
        end = np.empty(len(at), dtype=np.int64)
        end[inside[at]] = np.searchsorted(nodes, other[at][inside[at]])
        end[~inside[at]] = len(nodes) + place
        start = np.searchsorted(nodes, one[at])
        total = len(nodes) + len(next_to)
        pairs, edge = np.unique(start * total + end, return_inverse=True)
        counts = first_item[link[at] + 1] - first_item[link[at]]
        items = _ranges(first_item[link[at]], counts)
        units = np.bincount(np.repeat(edge, counts), weights=reports.units[items], minlength=len(pairs))
        yield _Surroundings(
            k,
            nodes,
            to_igraph(total, pairs // total, pairs % total),
            units.astype(np.int64),
            np.concatenate([np.ones(len(nodes), dtype=np.int64), sizes[next_to]]),
            np.repeat(edge, counts),
            reports.units[items],
            reports.one[items],
            reports.other[items],
            np.repeat(inside[at], counts),
            grouped.resolution,
            grouped.seed,
        )


class _Slices:
    """The places of each number in an array, in order."""

    def __init__(self, numbers: Integers, count: int) -> None:
        self._order = np.argsort(numbers, kind="stable")
        self._ends = np.searchsorted(numbers[self._order], np.arange(count + 1))

    def __getitem__(self, number: int) -> Integers:
        return self._order[self._ends[number] : self._ends[number + 1]]


def _ranges(first: Integers, counts: Integers) -> Integers:
    """Join runs of whole numbers: each from `first`, so many."""
    steps = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(first, counts) + steps


def agency_reliance(
    reports: Reports, grouped: Grouped, *, stop: threading.Event | None = None
) -> list[list[int]]:
    """Leave out each agency in turn and settle everything again: for each group, the agencies it rests on.

    A group can rest only on an agency of which a report puts two of its members together.

    Raises
    ------
    Stopped
        `stop` was set.
    """
    network, group, groups = reports.network, grouped.group, len(grouped.communities)
    ends = group[network.one[reports.edge]], group[network.other[reports.edge]]
    inside = (ends[0] == ends[1]) & (ends[0] >= 0)
    found: list[list[int]] = [[] for _ in grouped.communities]
    for agency in range(len(reports.agencies)):
        heed(stop)
        units = reports.without_agency(agency)
        community = regroup(network, units, resolution=grouped.resolution, seed=grouped.seed)
        there = best_matches(group, community, groups=groups).there
        its = (reports.agency[reports.one] == agency) | (reports.agency[reports.other] == agency)
        for k in np.unique(ends[0][inside & its]):
            if not there[k]:
                found[int(k)].append(agency)
    return found


def contact_reliance(ties: Ties, links: Links, bands: str) -> pd.DataFrame:
    """Return what each shared contact rests on: the reports, and the agencies, without which it ties fewer than two children.

    Columns: type_k, contact_n, rests_on, rests_on_agency (ids and names joined by "|"; "" for on no single one).
    A child is tied while one row that ties them is left; a tie to an adult rests on both reports of an
    item that has two.
    """
    ways = _WAYS.format(
        ties=f"{ties.schema}.ties",
        items=links.items,
        bands=bands,
        reached=f"{ties.schema}.reached",
        person=TYPE_NAMES.index("person"),
    )
    query = f"""WITH ways AS ({ways}), {_resting("report", "s.source_id")}, {_resting("agency", "nullif(s.agency, '')")}
    SELECT type_k, contact_n, coalesce(report.named, '') AS rests_on, coalesce(agency.named, '') AS rests_on_agency
    FROM {ties.schema}.reached LEFT JOIN report USING (type_k, contact_n) LEFT JOIN agency USING (type_k, contact_n)
    ORDER BY type_k, contact_n"""
    with ties.records.connection.cursor() as cursor:
        found: pd.DataFrame = cursor.execute(query.format_map(ties.records.tables)).df()
    return found


# One row for each way in which a child is tied to a contact, and the one or two reports it rests on.
_WAYS = """SELECT row_number() OVER () AS way, w.* FROM (
        SELECT type_k, contact_n, person_n, source_n AS one, source_n AS other FROM {ties} WHERE type_k <> {person}
        UNION ALL SELECT {person}, i.person_a_n, i.person_b_n, i.source_a_n, i.source_b_n FROM {items} i
            JOIN {bands} a ON a.person_n = i.person_a_n AND a.age_band IN ('young_adult', 'adult')
            JOIN {bands} b ON b.person_n = i.person_b_n AND b.age_band = 'child'
        UNION ALL SELECT {person}, i.person_b_n, i.person_a_n, i.source_b_n, i.source_a_n FROM {items} i
            JOIN {bands} a ON a.person_n = i.person_a_n AND a.age_band = 'child'
            JOIN {bands} b ON b.person_n = i.person_b_n AND b.age_band IN ('young_adult', 'adult')
    ) w SEMI JOIN {reached} USING (type_k, contact_n)"""


def _resting(name: str, what: str) -> str:
    """Return the tables that end in one called `name`: type_k, contact_n, and what the contact rests on."""
    return f"""{name}_way AS (
        SELECT DISTINCT way, type_k, contact_n, person_n, {what} AS given FROM ways JOIN {{sources}} s ON s.source_n = ways.one
        UNION SELECT way, type_k, contact_n, person_n, {what} FROM ways JOIN {{sources}} s ON s.source_n = ways.other),
    {name}_child AS (
        SELECT type_k, contact_n, person_n, given FROM (
            SELECT type_k, contact_n, person_n, given, count(*) AS through FROM {name}_way WHERE given IS NOT NULL GROUP BY ALL)
        JOIN (SELECT type_k, contact_n, person_n, count(*) AS ways FROM ways GROUP BY ALL) USING (type_k, contact_n, person_n)
        WHERE through = ways),
    {name} AS (
        SELECT type_k, contact_n, string_agg(given, '|' ORDER BY given) AS named FROM (
            SELECT type_k, contact_n, given, count(*) AS lost FROM {name}_child GROUP BY ALL)
        JOIN (SELECT type_k, contact_n, count(DISTINCT person_n) AS children FROM ways GROUP BY ALL) USING (type_k, contact_n)
        WHERE children - lost < 2 GROUP BY type_k, contact_n)"""
