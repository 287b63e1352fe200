"""Name groups so that a name follows a group through time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count

import numpy as np
import numpy.typing as npt

from mapping.evidence import EPOCH
from mapping.links import Links
from mapping.match import match_groups
from mapping.partition import UNIT, Integers, PeerNetwork, partition
from mapping.people import PEER_BANDS, PEER_UNDER

# Up to this many people, groups are followed month by month; above, each is named after its first link.
FOLLOWED_UP_TO = 20_000
NEVER = np.iinfo(np.int64).max
# The day of what has no date at all: always known.
UNKNOWN = -9_999_999
# Records that say they are older are followed from here.
EARLIEST = np.datetime64("1990-01-01")


@dataclass(frozen=True)
class Past:
    """Every item that links people, and until when each person is a young peer.

    Attributes
    ----------
    one, other : person_n of each side of each item, shape (m,).
    share, last_day, known_day : weight before ageing, day it was last so, day the hub knew it, shape (m,).
    ids : person_id by person_n.
    peer_until : day (since 1970-01-01) each person turns 26, by person_n; NEVER where no birthday is known.
    """

    one: Integers
    other: Integers
    share: npt.NDArray[np.float64]
    last_day: Integers
    known_day: Integers
    ids: npt.NDArray[np.object_]
    peer_until: Integers

    def network(self, day: int, half_life: float | None) -> tuple[PeerNetwork, Integers]:
        """Return the network of young peers as known on a day, and the day each of its links was first known."""
        kept = (
            (self.known_day <= day) & (self.peer_until[self.one] > day) & (self.peer_until[self.other] > day)
        )
        one, other, weight = self.one[kept], self.other[kept], self.share[kept]
        if half_life is not None:
            age = day - np.minimum(self.last_day[kept], day)
            weight = weight * np.exp(age * (-np.log(2) / half_life))
        pairs, place = np.unique(np.stack([one, other]), axis=1, return_inverse=True)
        units = np.zeros(pairs.shape[1], dtype=np.int64)
        np.add.at(units, place, np.rint(weight * UNIT).astype(np.int64))
        known = np.full(pairs.shape[1], NEVER)
        np.minimum.at(known, place, self.known_day[kept])
        people, ends = np.unique(pairs, return_inverse=True)
        ends = ends.reshape(pairs.shape)
        return PeerNetwork(people, ends[0], ends[1], units), known


def read_past(links: Links, bands: str) -> Past:
    """Fetch what following groups needs from links and age bands.

    The hub knew an item from its source's `recorded_on`, or without a source from its own first day; an
    item of two rows from the later of the two.
    """
    connection = links.records.connection
    known = ", ".join(
        f"coalesce(date_diff('day', DATE '1970-01-01', {side}.recorded_on), i.first_day, {UNKNOWN})"
        for side in ("sa", "sb")
    )
    query = f"""SELECT i.person_a_n, i.person_b_n, i.share, coalesce(i.last_day, {NEVER}) AS last_day, greatest({known}) AS known_day
        FROM {links.items} i LEFT JOIN {{sources}} sa ON sa.source_n = i.source_a_n LEFT JOIN {{sources}} sb ON sb.source_n = i.source_b_n
        ORDER BY ALL"""
    found = connection.execute(query.format_map(links.records.tables)).fetchnumpy()
    peers = ", ".join(f"'{band}'" for band in PEER_BANDS)
    # As `age_bands` has it: someone born on 29 February turns a year older on 1 March in other years.
    born = f"""SELECT p.person_n, p.person_id, CASE
            WHEN p.date_of_birth IS NOT NULL THEN date_diff('day', DATE '1970-01-01',
                make_date(year(p.date_of_birth) + {PEER_UNDER}, month(p.date_of_birth), 1)) + day(p.date_of_birth) - 1
            WHEN b.age_band IN ({peers}) THEN {NEVER} ELSE -{NEVER} END AS peer_until
        FROM {{people}} p JOIN {bands} b USING (person_n)"""
    who = connection.execute(born.format_map(links.records.tables)).fetchnumpy()
    top = int(np.max(who["person_n"], initial=-1)) + 1
    ids = np.full(top, "", dtype=object)
    ids[who["person_n"]] = who["person_id"]
    until = np.full(top, -NEVER)
    until[who["person_n"]] = who["peer_until"]
    numbers = (
        np.asarray(found[name], dtype=np.int64)
        for name in ("person_a_n", "person_b_n", "last_day", "known_day")
    )
    one, other, last, first_known = numbers
    return Past(one, other, np.asarray(found["share"], dtype=np.float64), last, first_known, ids, until)


def months(past: Past, until: int) -> list[int]:
    """Return the first day of each month between the first thing known about a link and a day.

    Every month counts, also one in which nothing was learnt: which months there are must not depend on
    what is known about others.
    """
    known = past.known_day[past.known_day > UNKNOWN]
    if not len(known):
        return []
    first = max(np.datetime64(int(known.min()), "D"), EARLIEST).astype("datetime64[M]") + 1
    last = np.datetime64(until - 1, "D").astype("datetime64[M]") + 1
    days: list[int] = np.arange(first, last).astype("datetime64[D]").astype(np.int64).tolist()
    return days


def follow_names(
    past: Past,
    now: PeerNetwork,
    community: Integers,
    *,
    as_of: date | None,
    half_life: float | None,
    resolution: float,
    seed: int,
) -> dict[int, str]:
    """Return the name of each present group of two or more, by community.

    The network is built and settled again as it was known on the first day of each month; a group that
    continues one of the month before (`match_groups`) keeps its name, and so does a present group. A group
    that continues none is named after the two of its members whose link was known first: "g" and twelve
    hexadecimal digits of the MD5 of their ids; where a living group has that name, after the next link.

    So the name does not depend on the day one looks: a group seen on two days of a month has the same one,
    whoever joins or leaves it in between.

    Parameters
    ----------
    past : from `read_past`, of the same records.
    now, community : the present network and the community of each of its nodes.
    """
    named = _Named(past)
    for day in [] if as_of is None else months(past, (as_of - EPOCH).days):
        network, known = past.network(day, half_life)
        named.carry(network, known, partition(network, resolution=resolution, seed=seed, tries=1))
        named.carried_on = day
    return named.carry(now, _known_days(past, now), community)


def _known_days(past: Past, network: PeerNetwork) -> Integers:
    """Return the day each link of a network was first known."""
    top = len(past.ids)
    key = network.people[network.one] * top + network.people[network.other]
    order = np.argsort(key)
    known = np.full(len(key), NEVER)
    item = past.one * top + past.other
    place = np.searchsorted(key[order], item)
    place[place == len(key)] = 0
    here = key[order][place] == item if len(key) else np.zeros(len(item), dtype=np.bool_)
    np.minimum.at(known, order[place[here]], past.known_day[here])
    return known


class _Named:
    """The living groups and their names, carried from one moment to the next."""

    def __init__(self, past: Past) -> None:
        self.past = past
        self.names: list[str] = []
        self.group_of = np.full(len(past.ids), -1, dtype=np.int64)
        self.carried_on = -NEVER

    def carry(self, network: PeerNetwork, known: Integers, community: Integers) -> dict[int, str]:
        """Name the groups of the next moment; return the name of each community of two or more."""
        labels, place, sizes = np.unique(community, return_inverse=True, return_counts=True)
        large = np.flatnonzero(sizes > 1)
        numbered = np.full(len(labels), -1, dtype=np.int64)
        numbered[large] = np.arange(len(large))
        group = numbered[place]
        group_of = np.full(len(self.past.ids), -1, dtype=np.int64)
        group_of[network.people] = group
        founding = _Founding(network, known, group, self.past.ids, self.carried_on)
        order = [founding.name(g, 0) for g in range(len(large))]
        matched = match_groups(self.group_of, group_of, before_order=self.names, after_order=order)
        names = [""] * len(large)
        for before, after in matched.continues.items():
            names[after] = self.names[before]
        living = set(names)
        for new in (g for g in founding.order() if not names[g]):
            names[new] = next(name for name in founding.candidates(new) if name not in living)
            living.add(names[new])
        self.names, self.group_of = names, group_of
        return {int(labels[at]): names[g] for g, at in enumerate(large)}


class _Founding:
    """The links within each group in the order in which they may name it.

    Links that became known since the groups were last carried come first: a group that is new since then
    was made by one of them, and stays named after it when an older acquaintance joins.
    """

    def __init__(
        self,
        network: PeerNetwork,
        known: Integers,
        group: Integers,
        ids: npt.NDArray[np.object_],
        since: int,
    ) -> None:
        inside = np.flatnonzero((group[network.one] >= 0) & (group[network.one] == group[network.other]))
        rank = np.argsort(np.argsort(ids, kind="stable"), kind="stable")
        ends = np.stack([network.people[network.one[inside]], network.people[network.other[inside]]])
        low, high = np.sort(rank[ends], axis=0)
        day, which = known[inside], group[network.one[inside]]
        in_order = np.lexsort((high, low, day, day <= since, which))
        by_rank = np.sort(ids)
        self.low, self.high = by_rank[low[in_order]], by_rank[high[in_order]]
        groups = int(group.max(initial=-1)) + 1
        self.bounds = np.searchsorted(which[in_order], np.arange(groups + 1))
        first = in_order[self.bounds[:-1]] if groups else in_order[:0]
        self._order = np.lexsort((high[first], low[first], day[first], day[first] <= since))

    def order(self) -> list[int]:
        """Return the groups in the order of their first links."""
        return [int(group) for group in self._order]

    def name(self, group: int, nth: int) -> str:
        """Return the name of a group after its nth link."""
        at = int(self.bounds[group]) + nth
        return name_of(self.low[at], self.high[at])

    def candidates(self, group: int) -> Iterator[str]:
        """Yield the names a group may have, the first choice first."""
        links = int(self.bounds[group + 1] - self.bounds[group])
        yield from (self.name(group, nth) for nth in range(links))
        at = int(self.bounds[group])
        yield from (name_of(self.low[at], self.high[at], str(again)) for again in count(2))


def name_of(*people: str) -> str:
    """Return a group's name from the ids of those it is named after."""
    return "g" + hashlib.md5("\x1f".join(people).encode()).hexdigest()[:12]
