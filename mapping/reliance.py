"""Leave out one report or one agency: which groups, memberships and shared contacts rest on it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from mapping.apart import heed
from mapping.contacts import TYPE_NAMES, Ties
from mapping.jaccard import DISSOLVED, best_matches
from mapping.links import Links
from mapping.partition import TRIES, Integers, resettle, to_igraph
from mapping.reports import Grouped, Reports, regroup

if TYPE_CHECKING:
    from mapping.graphs import ig

# Reports are left out this many at a time; one by one only where a group does not stay as it is without them.
TOGETHER = 4
# ... with so many searches; what may matter is looked into with as many as groups are found with.
QUICK = 2


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
    items go, also those with others) its members and those of the groups next to it are settled again, one
    by one; the groups next to those stay whole, and everything further away is kept as it is. The present
    grouping stays unless another is better. The group is not there where no community has a Jaccard
    similarity above a half with it (Hennig 2008, Journal of Multivariate Analysis 99, 1154-1176); then no
    membership is either.

    First the members alone are settled again, the groups next to theirs whole. Where a group stays as it is
    without several reports at once, and yet with all that links its members to others, it stays as it is
    without each of them. So reports are tried several at a time, and only what may matter is looked into.

    Raises
    ------
    Stopped
        `stop` was set.
    """
    found = Reliance([[] for _ in grouped.communities], [[] for _ in grouped.group])
    near = _Near(reports, grouped)
    for k in range(len(grouped.communities)):
        heed(stop)
        doubtful = list(_upheld_by(near.around(k)))
        if not doubtful:
            continue
        group = near.around(k, wide=True)
        for report in doubtful:
            gone, left = group.lost_without(report)
            if gone:
                found.groups[k].append(report)
            for node in group.members[left].tolist():
                found.members[node].append(report)
    return found


@dataclass(frozen=True)
class _Around:
    """One group and what is next to it, as a small graph: some people one by one, then whole groups.

    Attributes
    ----------
    members : the group's nodes in the network; they are the first nodes of the graph, shape (k,).
    graph, units : what links them to each other and to what is next to them.
    sizes, present : how many people each node stands for, and which group they are in now.
    edge, item_units, one, other : of each item: its link in the graph, its weight, and its reports.
    inside : whether an item is between two members.
    reports : the reports of those items, each once.
    resolution, seed : of the search for groups.
    """

    members: Integers
    graph: ig.Graph
    units: Integers
    sizes: Integers
    present: Integers
    edge: Integers
    item_units: Integers
    one: Integers
    other: Integers
    inside: npt.NDArray[np.bool_]
    reports: Integers
    resolution: float
    seed: int

    def stays_without(self, reports: Integers) -> bool:
        """Say whether the group stays as it is without some reports, and with all that links it to others."""
        left_out = (np.isin(self.one, reports) | np.isin(self.other, reports)) & self.inside
        found = self._settled(left_out, tries=QUICK)
        members, others = found[: len(self.members)], found[len(self.members) :]
        return bool((members == members[0]).all() and (others != members[0]).all())

    def lost_without(self, report: int) -> tuple[bool, npt.NDArray[np.bool_]]:
        """Say whether the group is gone without a report, and which members are no longer in it, shape (k,)."""
        found = self._settled((self.one == report) | (self.other == report), tries=TRIES)
        people = np.repeat(found, self.sizes)
        group = np.where(np.arange(len(people)) < len(self.members), 0, -1)
        match = best_matches(group, people, groups=1)
        gone = bool(match.jaccard[0] <= DISSOLVED)
        return gone, gone | (found[: len(self.members)] != match.core[0])

    def _settled(self, left_out: npt.NDArray[np.bool_], *, tries: int) -> Integers:
        lost = np.bincount(self.edge[left_out], weights=self.item_units[left_out], minlength=len(self.units))
        units = self.units - lost.astype(np.int64)
        return resettle(
            self.graph,
            units,
            self.sizes,
            self.present,
            resolution=self.resolution,
            seed=self.seed,
            tries=tries,
        )


def _upheld_by(group: _Around) -> Iterator[int]:
    """Yield the reports without which a group may not stay as it is."""
    for first in range(0, len(group.reports), TOGETHER):
        yield from _narrowed(group, group.reports[first : first + TOGETHER])


def _narrowed(group: _Around, reports: Integers) -> Iterator[int]:
    if group.stays_without(reports):
        return
    if len(reports) == 1:
        yield int(reports[0])
        return
    half = len(reports) // 2
    yield from _narrowed(group, reports[:half])
    yield from _narrowed(group, reports[half:])


class _Near:
    """Finds what is next to each group."""

    def __init__(self, reports: Reports, grouped: Grouped) -> None:
        network = reports.network
        self._reports, self._grouped = reports, grouped
        self._whole = np.unique(grouped.community, return_inverse=True)[1]
        self._people = _Slices(self._whole, int(self._whole.max(initial=-1)) + 1)
        self._members = _Slices(grouped.group, len(grouped.communities))
        # Each link from both of its ends.
        self._links = _Slices(np.concatenate([network.one, network.other]), len(network.people))
        self._end = np.concatenate([network.other, network.one])
        self._first_item = np.searchsorted(reports.edge, np.arange(len(network.one) + 1))

    def around(self, k: int, *, wide: bool = False) -> _Around:
        """Return a group and what is next to it; `wide` takes the people next to it one by one as well."""
        members = self._members[k]
        nodes = members
        if wide:
            next_to = np.unique(self._whole[self._end[self._links.of(members)]])
            others = self._people.of(next_to[next_to != self._whole[members[0]]])
            nodes = np.concatenate([members, others])
        halves = self._links.of(nodes)
        links = halves % len(self._reports.network.one)
        start = np.repeat(np.arange(len(nodes)), self._links.counts(nodes))
        place = np.full(len(self._whole), -1)
        place[nodes] = np.arange(len(nodes))
        end = place[self._end[halves]]
        beyond, at = np.unique(self._whole[self._end[halves[end < 0]]], return_inverse=True)
        end[end < 0] = len(nodes) + at
        # Each link between two of these people was found from both ends.
        once = start < end
        return self._graph(members, nodes, beyond, start[once], end[once], links[once])

    def _graph(
        self,
        members: Integers,
        nodes: Integers,
        beyond: Integers,
        start: Integers,
        end: Integers,
        link: Integers,
    ) -> _Around:
        reports, total = self._reports, len(nodes) + len(beyond)
        pairs, edge = np.unique(start * total + end, return_inverse=True)
        items, counts = _ranges(self._first_item, link)
        units = np.bincount(np.repeat(edge, counts), weights=reports.units[items], minlength=len(pairs))
        inside = np.repeat(end < len(members), counts)
        held = np.unique(np.concatenate([reports.one[items][inside], reports.other[items][inside]]))
        return _Around(
            members,
            to_igraph(total, pairs // total, pairs % total),
            units.astype(np.int64),
            np.concatenate([np.ones(len(nodes), dtype=np.int64), self._people.counts(beyond)]),
            np.unique(np.concatenate([self._whole[nodes], beyond]), return_inverse=True)[1],
            np.repeat(edge, counts),
            reports.units[items],
            reports.one[items],
            reports.other[items],
            inside,
            held[reports.source_id[held] != ""],
            self._grouped.resolution,
            self._grouped.seed,
        )


class _Slices:
    """The places of each number in an array, in order."""

    def __init__(self, numbers: Integers, count: int) -> None:
        self._order = np.argsort(numbers, kind="stable")
        self._first = np.searchsorted(numbers[self._order], np.arange(count + 1))

    def __getitem__(self, number: int) -> Integers:
        return self._order[self._first[number] : self._first[number + 1]]

    def of(self, numbers: Integers) -> Integers:
        """Return the places of several numbers, one after the other."""
        return self._order[_ranges(self._first, numbers)[0]]

    def counts(self, numbers: Integers) -> Integers:
        """Return how many places each of several numbers has."""
        return self._first[numbers + 1] - self._first[numbers]


def _ranges(first: Integers, which: Integers) -> tuple[Integers, Integers]:
    """Join the runs first[k] up to first[k + 1] for each k of `which`; return them and how long each is."""
    counts = first[which + 1] - first[which]
    steps = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(first[which], counts) + steps, counts


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
