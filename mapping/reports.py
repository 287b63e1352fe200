"""Hold what links peers item by item with the reports each rests on, so that reports can be left out or drawn again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mapping.groups import Settling
from mapping.links import Links
from mapping.partition import Integers, PeerNetwork, partition

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Reports:
    """The items of the links among peers and the reports they rest on, as arrays.

    A report is a row of `sources`. An item rests on one report or on two (two sightings, each from its
    own). What names no report stands in for one: all items of an event together, any other item alone.

    Attributes
    ----------
    network : the links that all items together add up to.
    edge : the link of each item, as its place in the network, ascending, shape (k,).
    units : weight of each item in whole billionths, shape (k,).
    one, other : the reports of each item, as places in what follows; the same where it rests on one, shape (k,).
    key : a number for each report, spread over 64 bits, made from its id alone, shape (r,).
    source_id : of each report; empty where there is none, shape (r,).
    agency : of each report, as its place in `agencies`; -1 where not recorded, shape (r,).
    agencies : in order.
    """

    network: PeerNetwork
    edge: Integers
    units: Integers
    one: Integers
    other: Integers
    key: Hashes
    source_id: npt.NDArray[np.object_]
    agency: Integers
    agencies: tuple[str, ...]

    def weigh(self, times: Integers) -> Integers:
        """Return the weight of each link, shape (m,), where each report counts as many times as said, shape (r,).

        An item of two reports counts the one number times the other: each copy of the first goes with
        each copy of the second.
        """
        if not len(self.edge):
            return np.zeros(len(self.network.units), dtype=np.int64)
        twice = np.where(self.one == self.other, 1, times[self.other])
        first = np.searchsorted(self.edge, np.arange(len(self.network.units)))
        return np.asarray(np.add.reduceat(self.units * times[self.one] * twice, first), dtype=np.int64)

    def without_agency(self, agency: int) -> Integers:
        """Return the weight of each link without any report of one agency, shape (m,)."""
        return self.weigh((self.agency != agency).astype(np.int64))


@dataclass(frozen=True)
class Grouped:
    """The groups of two or more that a network was settled into, and how.

    Attributes
    ----------
    everyone : person_n, community of everyone in the table of groups, in order of person_n.
    communities : the community of each group, in order, shape (g,).
    community, group : of each node of the network; `group` is a place in `communities`, -1 for someone in
        a group of their own, shape (n,).
    resolution, seed : of the search for groups.
    """

    everyone: pd.DataFrame
    communities: Integers
    community: Integers
    group: Integers
    resolution: float
    seed: int


def read_groups(settling: Settling, group_table: str) -> Grouped:
    """Fetch the table of groups as arrays over the network that was settled."""
    with settling.links.records.connection.cursor() as cursor:
        found = cursor.execute(f"SELECT person_n, community FROM {group_table} ORDER BY person_n").df()
    everyone = found.astype("int64")
    person, of_person = (everyone[name].to_numpy() for name in ("person_n", "community"))
    community = of_person[np.searchsorted(person, settling.network.people)]
    communities, place, size = np.unique(community, return_inverse=True, return_counts=True)
    several = size > 1
    group = np.where(several[place], (np.cumsum(several) - 1)[place], -1)
    return Grouped(everyone, communities[several], community, group, settling.resolution, settling.seed)


def regroup(network: PeerNetwork, units: Integers, *, resolution: float, seed: int) -> Integers:
    """Return the community of each node where links weigh `units`, numbered by the lowest node; 0 is no link."""
    kept = units > 0
    used, ends = np.unique(np.stack([network.one[kept], network.other[kept]]), return_inverse=True)
    ends = ends.reshape(2, -1)
    found = partition(
        PeerNetwork(network.people[used], ends[0], ends[1], units[kept]), resolution=resolution, seed=seed
    )
    community = np.arange(len(network.people))
    community[used] = used[found]
    return community


def read_reports(links: Links, network: PeerNetwork) -> Reports:
    """Fetch the items of the links of a peer network.

    Where nothing names a report, the key comes from what the record says (of what event; else of whom,
    what, where and when), so that it does not depend on the order of the rows.
    """
    found = _fetched(links, _ITEMS.format(items=links.items))
    node = np.full(int(max(found["b"].max(initial=0), network.people.max(initial=0))) + 1, -1)
    node[network.people] = np.arange(len(network.people))
    one, other = node[found["a"]], node[found["b"]]
    peers = (one >= 0) & (other >= 0)
    edge = _places(network, one[peers], other[peers])
    order = np.argsort(edge, kind="stable")
    found = {name: values[peers][order] for name, values in found.items()}
    return _numbered(links, network, edge[order], found)


_OWN = """chr(31) || CASE WHEN e.event_id IS NOT NULL THEN e.event_id ELSE concat_ws(chr(31), i.kind_k, a.person_id, b.person_id,
    coalesce(t.thing_id, ''), coalesce(l.location_id, ''), coalesce(i.first_day, -1), coalesce(i.last_day, -1)) END"""
_ITEMS = f"""SELECT i.person_a_n AS a, i.person_b_n AS b, i.units,
        coalesce(i.source_a_n, i.source_b_n, -1) AS one, coalesce(i.source_b_n, i.source_a_n, -1) AS other,
        CASE WHEN i.source_a_n IS NULL AND i.source_b_n IS NULL THEN md5_number_lower({_OWN}) ELSE 0 END AS own
    FROM {{items}} i JOIN {{{{people}}}} a ON a.person_n = i.person_a_n JOIN {{{{people}}}} b ON b.person_n = i.person_b_n
    LEFT JOIN {{{{events}}}} e ON e.event_n = i.event_n LEFT JOIN {{{{things}}}} t ON t.thing_n = i.thing_n
    LEFT JOIN {{{{locations}}}} l ON l.location_n = i.location_n"""
_SOURCES = "SELECT source_n, source_id, coalesce(agency, '') AS agency, md5_number_lower(source_id) AS key FROM {sources} ORDER BY source_n"


def _fetched(links: Links, query: str) -> dict[str, npt.NDArray[Any]]:
    """Run a query on a connection of its own, so that threads do not share one."""
    with links.records.connection.cursor() as cursor:
        found = cursor.execute(query.format_map(links.records.tables)).fetchnumpy()
    texts, hashes = ("source_id", "agency"), ("own", "key")
    kinds = {**dict.fromkeys(texts, object), **dict.fromkeys(hashes, np.uint64)}
    return {name: np.asarray(values, dtype=kinds.get(name, np.int64)) for name, values in found.items()}


def _places(network: PeerNetwork, one: Integers, other: Integers) -> Integers:
    """Find the links that join pairs of nodes, the lower node first in both."""
    nodes = len(network.people)
    known = network.one * nodes + network.other
    order = np.argsort(known, kind="stable")
    return np.asarray(order[np.searchsorted(known[order], one * nodes + other)], dtype=np.int64)


def _numbered(
    links: Links, network: PeerNetwork, edge: Integers, found: dict[str, npt.NDArray[Any]]
) -> Reports:
    """Number the reports that items rest on: those of `sources` first, then what stands in for one."""
    sources = _fetched(links, _SOURCES)
    named = np.unique(np.concatenate([found["one"], found["other"]]))
    named = named[named >= 0]
    at = np.searchsorted(sources["source_n"], named)
    alone = found["one"] < 0
    own, place = np.unique(found["own"][alone], return_inverse=True)
    one, other = (np.searchsorted(named, found[side]) for side in ("one", "other"))
    one[alone] = other[alone] = len(named) + place
    agencies = tuple(sorted({str(name) for name in sources["agency"][at]} - {""}))
    number = {name: k for k, name in enumerate(agencies)}
    agency = [number.get(str(name), -1) for name in sources["agency"][at]] + [-1] * len(own)
    return Reports(
        network,
        edge,
        np.asarray(found["units"], dtype=np.int64),
        one,
        other,
        np.concatenate([np.asarray(sources["key"][at], dtype=np.uint64), np.asarray(own, dtype=np.uint64)]),
        np.array([*sources["source_id"][at], *[""] * len(own)], dtype=object),
        np.array(agency, dtype=np.int64),
        agencies,
    )
