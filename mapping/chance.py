"""Test what may be chance: how often two people were together, and what a shared contact brings about."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mapping.contacts import TIE_TABLES, TYPE_NAMES, Ties
from mapping.evidence import Evidence
from mapping.links import CROWD, WINDOW_HOURS, Links
from mapping.records import Records

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

RATE = 0.05
# The kinds of item that say no more than that two people were at one place at one time.
CO_PRESENCE = ("event", "presence", "missing")
# Occasions are compared with those of about their size, or time, where there are at least this many.
LEAST = 30
SIZES = (1, 2, 4, 8, 16, CROWD)
DAY = 24 * 60
# The tables that state a tie of a child to an adult or a thing, which is no occasion they both were at.
STATED = ("associations", "thing_use")
# Up to this many children, the number that a contact reaches by chance is counted out in full.
IN_FULL = 1_000
# Pairs whose chance is worked out at one time, which bounds memory.
CHUNK = 1_000_000


def build_occasions(links: Links, evidence: Evidence, *, window_hours: float = WINDOW_HOURS) -> Occasions:
    """Gather who was at which occasion, and which occasions are alike.

    An occasion is an event; or the sightings at a place up to the window after the first of them; or the
    missing episodes, ended at one place, that were all under way at one moment. One with more than CROWD people
    links nobody and is left out.

    Parameters
    ----------
    window_hours : the window that the links were built with.
    """
    occasions = Occasions(links, evidence, links.records.new_schema(), max(1, round(window_hours * 60)))
    occasions.write()
    return occasions


def validate_links(occasions: Occasions, *, rate: float = RATE) -> str:
    """Test the links that rest on co-presence only and return the name of a table of the results.

    The table has person_a_n < person_b_n, together (the occasions at which both were), p_value (how likely
    it is that two people are together so often or oftener where each is at as many occasions, and at which
    is chance) and validated (more than chance). A link that rests on anything else as well is not in it.

    This is the test of statistically validated networks (Tumminello et al. 2011, PLoS ONE 6(3), e17994):
    hypergeometric, one-sided, within strata of occasions that are alike. Here the times together are added
    over the strata, and the p-value is the exact upper tail of the sum. Occasions are compared

    - at a place with more than CROWD different people: with what was recorded there, of its size and year;
    - an event elsewhere: with all other events elsewhere, of its size and year;
    - sightings elsewhere: with all stretches of that time of day, of weekdays or weekends, of that year, in
      which anybody was seen anywhere;
    - episodes elsewhere: with the whole time in which anybody was missing, in stretches as long as two
      episodes of the two people.

    Two people who both were at crowded places and elsewhere are tested on all their occasions and on those
    elsewhere, and have twice the smaller p-value: to pass the same station every day must not hide that they
    meet where few do. The false discovery rate is controlled (Benjamini and Hochberg 1995, Journal of the Royal Statistical
    Society B 57, 289-300) over all pairs of people who were at any occasion, of whom those never together
    have a p-value of 1. Having been together once is never more than chance.

    Parameters
    ----------
    rate : the share of validated links that may be chance.

    Raises
    ------
    ValueError
        The rate is not above 0 and below 1.
    """
    if not 0 < rate < 1:
        msg = f"The rate is {rate}; it must be above 0 and below 1, as in 0.05."
        raise ValueError(msg)
    pairs = occasions.pairs()
    people = occasions.people()
    p_value = _anywhere_or_elsewhere(pairs["together"], pairs["in_crowds"], occasions.strata(pairs))
    validated = _more_than_chance(p_value, pairs["together"], people * (people - 1) // 2, rate=rate)
    found = pd.DataFrame({**pairs, "p_value": p_value, "validated": validated}).drop(columns="in_crowds")
    return _written(occasions.records, f"{occasions.schema}.validated", found)


def contact_chance(ties: Ties, occasions: Occasions, validated: str) -> str:
    """Test adults, things and places that connect children and return the name of a table of the results.

    The table has type_k, contact_n and p_value, for contacts of two or more children that can be tested.

    - Reach, for things and adults tied to two or more children by what is stated (an association, the use of
      a thing): how likely it is that one contact of its type has as many such children or more, where each
      child has as many contacts of the type, and which they are is chance. The number of children is then a
      sum of unequal chances (Poisson-binomial), counted out in full up to IN_FULL children and above that
      by the refined normal approximation (Volkova 1996, Theory of Probability and its Applications 40, 791-794).
    - Company, for places: how likely it is that children are together there so often, where each is there as
      often, and when is chance; and for adults, that one is together with children so often. The pairs of a
      contact are one family of tests (Simes 1986, Biometrika 73, 751-754), each pair as in
      `validate_links`, those together less than twice with a p-value of 1.

    An adult who can be tested for both has twice the smaller of the two. A place where fewer than two
    children were at any occasion, such as a home, is not in the table.

    Parameters
    ----------
    validated : the table that `validate_links` wrote.
    """
    found = pd.concat([_things(ties), _adults(ties, validated), _places(ties, occasions)], ignore_index=True)
    found = found.astype({"type_k": np.int64, "contact_n": np.int64, "p_value": np.float64})
    return _written(occasions.records, f"{occasions.schema}.contact_chance", found)


def _written(records: Records, table: str, frame: pd.DataFrame) -> str:
    records.connection.register("arriving", frame)
    records.connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM arriving")
    records.connection.unregister("arriving")
    return table


def _fetched(records: Records, query: str) -> dict[str, Integers]:
    found = records.connection.execute(query).fetchnumpy()
    return {name: np.asarray(column, dtype=np.int64) for name, column in found.items()}


# Occasions --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Strata:
    """How often each person was at occasions of each stratum.

    Attributes
    ----------
    one, other : person_n of the two of each pair.
    wide : strata that many people have a part in: universe, and times by person_n.
    narrow : strata of one place, a row for each pair and stratum that both have a part in, sorted by pair:
        pair, crowded (1 where the place is), universe, fewer, more (the times of the one with fewer and of the
        other).
    """

    one: Integers
    other: Integers
    wide: Sequence[tuple[int, Integers]]
    narrow: dict[str, Integers]


@dataclass(frozen=True)
class Occasions:
    """Who was at which occasion and which occasions are alike, as tables in one schema of DuckDB; see `build_occasions`.

    `came` has kind, place_n (-1 where none is recorded), occasion, person_n, day; `visits` those of it that are
    not events, with minute and minutes (how long). `sized` has kind, occasion, people, place_n (-1 but for
    crowded places), size, year. `degrees` has stratum, place_n (-1 for strata of many places), crowded, universe (null where
    it differs from pair to pair), person_n, times, minutes.
    """

    links: Links
    evidence: Evidence
    schema: str
    window: int

    @property
    def records(self) -> Records:
        """The records that the links were built from."""
        return self.links.records

    def run(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query and return its rows."""
        return self.records.connection.execute(query).fetchall()

    def kind(self, name: str) -> int:
        """Return the number that stands for a kind of item."""
        return list(self.links.kinds).index(name)

    def write(self) -> None:
        """Write all the tables."""
        self._write_visits()
        self._write_sizes()
        self.run(
            f"CREATE TABLE {self.schema}.degrees (stratum BIGINT, place_n BIGINT, crowded BOOLEAN, universe BIGINT, person_n BIGINT, times BIGINT, minutes BIGINT)"
        )
        self._compare_sizes()
        self._compare_times()
        self._compare_episodes()

    def people(self) -> int:
        """Return how many people were at any occasion."""
        return int(self.run(f"SELECT count(DISTINCT person_n) FROM {self.schema}.came")[0][0])

    def _write_visits(self) -> None:
        tables = self.evidence.tables
        moments = f"""SELECT {self.kind("presence")} AS kind, location_n AS place_n, person_n, minute AS begins, minute + {self.window} AS ends
                FROM {tables["presence"]} WHERE minute IS NOT NULL
            UNION ALL SELECT {self.kind("missing")}, location_n, person_n, from_minute, to_minute FROM {tables["missing"]}
                WHERE location_n IS NOT NULL AND from_minute IS NOT NULL AND to_minute IS NOT NULL"""
        found = _fetched(
            self.records, f"SELECT * FROM ({moments}) ORDER BY kind, place_n, ends, begins, person_n"
        )
        occasion = _gathered(found["kind"], found["place_n"], found["begins"], found["ends"])
        first = np.flatnonzero(np.diff(occasion, prepend=-1))
        frame = pd.DataFrame({**found, "occasion": occasion, "minute": found["begins"][first][occasion]})
        arrived = _written(self.records, f"{self.schema}.arrived", frame)
        self.run(
            f"""CREATE TABLE {self.schema}.visits AS
            SELECT kind, place_n, occasion, minute, person_n, max(ends - begins) AS minutes
            FROM {arrived} GROUP BY kind, place_n, occasion, minute, person_n"""
        )
        self.run(f"DROP TABLE {arrived}")
        self.run(
            f"""CREATE VIEW {self.schema}.came AS
            SELECT {self.kind("event")} AS kind, coalesce(location_n, -1) AS place_n, event_n AS occasion, person_n, first_day AS day
            FROM {self.links.in_event}
            UNION ALL SELECT kind, place_n, occasion, person_n, minute // {DAY} FROM {self.schema}.visits"""
        )

    def _write_sizes(self) -> None:
        size = " ".join(f"WHEN people <= {most} THEN {k}" for k, most in enumerate(SIZES))
        self.run(
            f"""CREATE TABLE {self.schema}.crowded AS SELECT kind, place_n FROM {self.schema}.came WHERE place_n >= 0
            GROUP BY kind, place_n HAVING count(DISTINCT person_n) > {CROWD}"""
        )
        self.run(
            f"""CREATE TABLE {self.schema}.sized AS
            SELECT kind, occasion, people, coalesce(c.place_n, -1) AS place_n, CASE {size} END AS size, {_year("day")} AS year
            FROM (SELECT kind, occasion, min(place_n) AS place_n, min(day) AS day, count(*) AS people
                FROM {self.schema}.came GROUP BY kind, occasion HAVING people <= {CROWD})
            LEFT JOIN {self.schema}.crowded c USING (kind, place_n)"""
        )

    def _compare_sizes(self) -> None:
        """Compare occasions of crowded places, and events elsewhere, with those of about their size."""
        alike = "kind, place_n, size, year"
        classes = self.run(
            f"""SELECT {alike}, count(*) FROM {self.schema}.sized WHERE place_n >= 0 OR kind = {self.kind("event")}
            GROUP BY {alike} ORDER BY {alike}"""
        )
        pools = self._pooled("classes", alike, classes, [row[:2] for row in classes])
        # People on their own meet nobody, so occasions that are all of one person have nothing to say.
        self.run(
            f"""INSERT INTO {self.schema}.degrees SELECT p.pool, p.place_n, p.place_n >= 0, p.universe, c.person_n, count(*), 0
            FROM {pools} p JOIN {self.schema}.sized z USING ({alike}) JOIN {self.schema}.came c USING (kind, occasion)
            WHERE p.pool IN (SELECT pool FROM {pools} WHERE size > 0)
            GROUP BY p.pool, p.place_n, p.universe, c.person_n"""
        )

    def _compare_times(self) -> None:
        """Compare sightings at quiet places with all stretches of time of their kind."""
        # Two moments fall in one stretch of twice the window as often as they fall within the window of each other.
        stretch = 2 * self.window
        alike = "weekend, part, year"

        def time_of(minute: str) -> str:
            begins = f"(({minute} // {stretch}) * {stretch})"
            return f"""CAST(({begins} // {DAY} + 3) % 7 >= 5 AS INTEGER) AS weekend, ({begins} % {DAY}) // {stretch} AS part,
                {_year(f"{begins} // {DAY}")} AS year"""

        classes = self.run(
            f"""SELECT {alike}, count(DISTINCT stretch) FROM (
                SELECT minute // {stretch} AS stretch, {time_of("minute")} FROM {self.evidence.tables["presence"]} WHERE minute IS NOT NULL)
            GROUP BY {alike} ORDER BY {alike}"""
        )
        pools = self._pooled("stretches", alike, classes, [None] * len(classes))
        self.run(
            f"""INSERT INTO {self.schema}.degrees SELECT (v.place_n + 1) * 1000000 + p.pool, v.place_n, false, p.universe, v.person_n, count(*), 0
            FROM (SELECT place_n, person_n, {time_of("minute")} FROM {self.schema}.visits
                ANTI JOIN {self.schema}.crowded USING (kind, place_n) WHERE kind = {self.kind("presence")}) v
            JOIN {pools} p USING ({alike}) GROUP BY v.place_n, p.pool, p.universe, v.person_n"""
        )

    def _compare_episodes(self) -> None:
        """Compare missing episodes that ended at quiet places with the whole time."""
        self.run(
            f"""INSERT INTO {self.schema}.degrees SELECT -1 - place_n, place_n, false, NULL, person_n, count(*), sum(minutes)
            FROM {self.schema}.visits ANTI JOIN {self.schema}.crowded USING (kind, place_n)
            WHERE kind = {self.kind("missing")} GROUP BY place_n, person_n"""
        )

    def _pooled(
        self, name: str, alike: str, classes: Sequence[tuple[Any, ...]], apart: Sequence[Hashable]
    ) -> str:
        """Write the pool of each class and how many occasions the pool has."""
        columns = [*alike.split(", "), "pool", "universe"]
        pools = _pools(apart, [row[-1] for row in classes])
        rows = [(*row[:-1], *pool) for row, pool in zip(classes, pools, strict=True)]
        frame = pd.DataFrame(rows, columns=columns, dtype=np.int64)
        return _written(self.records, f"{self.schema}.{name}", frame)

    def pairs(self) -> dict[str, Integers]:
        """Write `candidates`, the links to test, and return them: person_a_n, person_b_n, together, in_crowds.

        The last two are the occasions at which both were, and those of them at crowded places.
        """
        present = self.links.present
        mixed = [f"kind_{self.kind(name)}" for name in CO_PRESENCE if name != "event" and name in present]
        more = [f"kind_{self.kind(name)}" for name in sorted(present - set(CO_PRESENCE))]
        # Each item of an event is an occasion; several items of sightings can be one.
        self.run(
            f"""CREATE OR REPLACE TABLE {self.schema}.candidates AS SELECT person_a_n, person_b_n,
                CASE WHEN {" OR ".join(mixed) or "false"} THEN NULL ELSE items END AS together
            FROM {self.links.links} WHERE NOT ({" OR ".join(more) or "false"})"""
        )
        self.run(
            f"""CREATE OR REPLACE TABLE {self.schema}.met AS SELECT person_a_n, person_b_n, count(*) AS together FROM (
                SELECT person_a_n, person_b_n FROM {self.links.items} WHERE kind_k = {self.kind("event")}
                UNION ALL SELECT a.person_n, b.person_n FROM {self.schema}.sized
                    JOIN {self.schema}.visits a USING (kind, occasion) JOIN {self.schema}.visits b USING (kind, occasion)
                    WHERE a.person_n < b.person_n)
            SEMI JOIN (FROM {self.schema}.candidates WHERE together IS NULL) USING (person_a_n, person_b_n)
            GROUP BY person_a_n, person_b_n"""
        )
        self.run(
            f"""CREATE OR REPLACE TABLE {self.schema}.through AS
            SELECT a.person_n AS person_a_n, b.person_n AS person_b_n, count(*) AS together FROM {self.schema}.sized z
            JOIN {self.schema}.came a USING (kind, occasion) JOIN {self.schema}.came b USING (kind, occasion)
            WHERE z.place_n >= 0 AND a.person_n < b.person_n GROUP BY a.person_n, b.person_n"""
        )
        return _fetched(
            self.records,
            f"""SELECT person_a_n, person_b_n, coalesce(c.together, m.together, 0) AS together, coalesce(t.together, 0) AS in_crowds
            FROM {self.schema}.candidates c LEFT JOIN {self.schema}.met m USING (person_a_n, person_b_n)
            LEFT JOIN {self.schema}.through t USING (person_a_n, person_b_n) ORDER BY c.rowid""",
        )

    def companions(self, ties: Ties) -> dict[str, Integers]:
        """Write `brought`, children at occasions at places, and `companions`, those together there twice or oftener.

        Returns the columns of `companions`: place_n, person_a_n, person_b_n, together.
        """
        self.run(
            f"""CREATE OR REPLACE TABLE {self.schema}.brought AS SELECT kind, occasion, place_n, person_n FROM {self.schema}.came c
            SEMI JOIN {ties.schema}.shared s
                ON s.type_k = {TYPE_NAMES.index("location")} AND s.contact_n = c.place_n AND s.person_n = c.person_n"""
        )
        self.run(
            f"""CREATE OR REPLACE TABLE {self.schema}.companions AS
            SELECT a.place_n, a.person_n AS person_a_n, b.person_n AS person_b_n, count(*) AS together
            FROM {self.schema}.brought a JOIN {self.schema}.brought b USING (kind, occasion)
            SEMI JOIN {self.schema}.sized USING (kind, occasion) WHERE a.person_n < b.person_n
            GROUP BY a.place_n, a.person_n, b.person_n HAVING together > 1"""
        )
        return _fetched(self.records, f"SELECT * FROM {self.schema}.companions ORDER BY rowid")

    def strata(self, pairs: dict[str, Integers], *, table: str = "candidates") -> _Strata:
        """Return the strata in which both of each pair were at any occasion; of places, with place_n, those of the place."""
        one, other = pairs["person_a_n"], pairs["person_b_n"]
        top = 1 + max(int(side.max(initial=0)) for side in (one, other))
        found = self.run(
            f"SELECT DISTINCT stratum, universe FROM {self.schema}.degrees WHERE place_n < 0 ORDER BY stratum"
        )
        wide = [(int(universe), self._times(int(stratum), top)) for stratum, universe in found]
        here = "AND x.place_n = c.place_n" if "place_n" in pairs else ""
        return _Strata(one, other, wide, self._narrow(table, here))

    def _times(self, stratum: int, top: int) -> Integers:
        found = _fetched(
            self.records,
            f"SELECT person_n, times FROM {self.schema}.degrees WHERE place_n < 0 AND stratum = {stratum} AND person_n < {top}",
        )
        times = np.zeros(top, dtype=np.int64)
        times[found["person_n"]] = found["times"]
        return times

    def _narrow(self, table: str, here: str) -> dict[str, Integers]:
        missing = self.evidence.tables["missing"]
        span = f"(SELECT max(to_minute) - min(from_minute) FROM {missing} WHERE location_n IS NOT NULL)"
        # Two episodes overlap as often as two moments fall in one stretch as long as both episodes.
        stretches = f"({span} * x.times * y.times) // greatest(1, x.minutes * y.times + y.minutes * x.times)"
        return _fetched(
            self.records,
            f"""SELECT c.rowid AS pair, CAST(x.crowded AS INTEGER) AS crowded, least(x.times, y.times) AS fewer, greatest(x.times, y.times) AS more,
                greatest(coalesce(x.universe, {stretches}), x.times, y.times) AS universe
            FROM {self.schema}.{table} c
            JOIN {self.schema}.degrees x ON x.person_n = c.person_a_n AND x.place_n >= 0 {here}
            JOIN {self.schema}.degrees y ON y.person_n = c.person_b_n AND y.place_n >= 0 AND y.stratum = x.stratum
            ORDER BY pair, crowded, universe, fewer, more""",
        )


def _year(day: str) -> str:
    return f"coalesce(year(DATE '1970-01-01' + CAST({day} AS INTEGER)), 0)"


def _gathered(*columns: Integers) -> Integers:
    """Number the occasions of stays (kind, place, begins, ends), sorted by kind, place and end.

    A stay belongs to the occasion of its place that is under way when it begins; an occasion lasts until
    the first of its stays ends. So all stays of an occasion share a moment, and every stay has one occasion.
    """
    numbers, number, here, until = [], -1, (-1, -1), 0
    for kind, place, begins, ends in zip(*(column.tolist() for column in columns), strict=True):
        if (kind, place) != here or begins > until:
            number, here, until = number + 1, (kind, place), ends
        numbers.append(number)
    return np.array(numbers, dtype=np.int64)


def _pools(apart: Sequence[Hashable], counts: Sequence[int]) -> list[tuple[int, int]]:
    """Pool neighbouring classes until each pool has LEAST occasions: the pool of each class, and its total.

    Classes with different `apart` are never pooled, so such a pool may stay smaller.
    """
    found: list[tuple[int, int]] = []
    pool = 0
    for _, numbers in groupby(range(len(counts)), key=lambda k: apart[k]):
        pools: list[list[int]] = [[]]
        for k in numbers:
            if sum(counts[j] for j in pools[-1]) >= LEAST:
                pools.append([])
            pools[-1].append(k)
        if len(pools) > 1 and sum(counts[j] for j in pools[-1]) < LEAST:
            last = pools.pop()
            pools[-1] += last
        for members in pools:
            found += [(pool, sum(counts[j] for j in members))] * len(members)
            pool += 1
    return found


# Two people -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Draws:
    """One stratum of some pairs: where `pair` stands among them and which of the shapes it has.

    A shape is a draw of `fewer` out of `universe` of which `more` are marked.
    """

    pair: Integers
    shape: Integers
    universe: Integers
    fewer: Integers
    more: Integers


def _anywhere_or_elsewhere(together: Integers, in_crowds: Integers, strata: _Strata) -> Floats:
    """Return the p-value of each pair: of all their occasions, or where they differ of those away from crowded places.

    Pairs who could have met at crowded places and elsewhere have twice the smaller of the two: passing the
    same station every day must not hide that two people also meet where few do.
    """
    chance = _pair_chance(together, strata)
    rows = strata.narrow
    crowded = rows["crowded"] == 1
    pairs = np.unique(rows["pair"][crowded])
    share = np.isin(pairs, rows["pair"][~crowded])
    for _, times in strata.wide:
        share |= (times[strata.one[pairs]] > 0) & (times[strata.other[pairs]] > 0)
    pairs = pairs[share]
    chosen = np.isin(rows["pair"], pairs) & ~crowded
    narrow = {name: column[chosen] for name, column in rows.items()}
    narrow["pair"] = np.searchsorted(pairs, narrow["pair"])
    elsewhere = _Strata(strata.one[pairs], strata.other[pairs], strata.wide, narrow)
    apart = _pair_chance((together - in_crowds)[pairs], elsewhere)
    chance[pairs] = np.minimum(2 * np.minimum(chance[pairs], apart), 1.0)
    return chance


def _pair_chance(together: Integers, strata: _Strata) -> Floats:
    """Return how likely each pair is to be together so often or oftener, shape (pairs,)."""
    chance = np.ones(len(together))
    for start in range(0, len(together), CHUNK):
        part = slice(start, min(start + CHUNK, len(together)))
        draws = list(_draws(strata, part))
        times = together[part]
        for k in np.unique(times[times > 0]).tolist():
            chosen = np.flatnonzero(times == k)
            chance[start + chosen] = _tail_of_sum(k, chosen, len(times), draws)
    # Underflow is not impossibility.
    return np.clip(chance, np.finfo(np.float64).tiny, 1.0)


def _draws(strata: _Strata, part: slice) -> Iterator[_Draws]:
    """Yield the strata of some pairs, each pair at most once in each, always in the same order."""
    for universe, times in strata.wide:
        one, other = times[strata.one[part]], times[strata.other[part]]
        fewer, more = np.minimum(one, other), np.maximum(one, other)
        pair = np.flatnonzero(fewer)
        yield _shaped(pair, np.full(len(pair), universe), fewer[pair], more[pair])
    first, last = np.searchsorted(strata.narrow["pair"], [part.start, part.stop])
    rows = {name: column[first:last] for name, column in strata.narrow.items()}
    begins = np.flatnonzero(np.diff(rows["pair"], prepend=-1))
    rank = np.arange(len(rows["pair"])) - np.repeat(begins, np.diff(np.append(begins, len(rows["pair"]))))
    for place in range(int(rank.max(initial=-1)) + 1):
        chosen = rank == place
        pair = rows["pair"][chosen] - part.start
        yield _shaped(pair, *(rows[name][chosen] for name in ("universe", "fewer", "more")))


def _shaped(pair: Integers, universe: Integers, fewer: Integers, more: Integers) -> _Draws:
    """Find the different shapes among some draws."""
    top = int(more.max(initial=0)) + 1
    levels, level = _distinct(universe, int(universe.max(initial=0)) + 1)
    key = (level * top + fewer) * top + more
    shapes, shape = _distinct(key, len(levels) * top * top)
    at, rest = np.divmod(shapes, top * top)
    return _Draws(pair, shape, levels[at], *np.divmod(rest, top))


def _distinct(key: Integers, limit: int) -> tuple[Integers, Integers]:
    """As np.unique with its inverse, without sorting where the keys are small."""
    if limit > 10 * len(key) + 1_000_000:
        return np.unique(key, return_inverse=True)
    there = np.zeros(limit, dtype=np.bool_)
    there[key] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[key]


def _tail_of_sum(k: int, chosen: Integers, pairs: int, draws: Sequence[_Draws]) -> Floats:
    """Return the chance that the draws of each chosen pair add up to k or more, shape (len(chosen),)."""
    position = np.full(pairs, -1)
    position[chosen] = np.arange(len(chosen))
    above = np.zeros(len(chosen))
    below = np.zeros((k, len(chosen)))
    below[0] = 1.0
    for draw in draws:
        at = position[draw.pair]
        among = at >= 0
        used, shape = _distinct(draw.shape[among], len(draw.universe))
        exactly, at_least = _hypergeometric(draw.universe[used], draw.fewer[used], draw.more[used], k)
        at = at[among]
        before = below[:, at]
        # Only sums of positive terms, so that small chances keep their digits.
        above[at] += sum(before[j] * at_least[k - j][shape] for j in range(k))
        for total in range(k):
            below[total, at] = sum(before[j] * exactly[total - j][shape] for j in range(total + 1))
    return above


def _hypergeometric(universe: Integers, fewer: Integers, more: Integers, most: int) -> tuple[Floats, Floats]:
    """Return the chance of exactly x (shape (most, n)) and of at least x (shape (most + 1, n)) of the marked in a draw.

    scipy.stats gives the same numbers; to load it takes longer than everything here.
    """
    exactly, at_least = np.zeros((most, len(fewer))), np.zeros((most + 1, len(fewer)))
    tail = np.zeros(len(fewer))
    plain = _log_factorial(more) + _log_factorial(universe - more) + _log_factorial(fewer)
    plain += _log_factorial(universe - fewer) - _log_factorial(universe)
    for x in range(int(fewer.max(initial=0)), -1, -1):
        can = np.flatnonzero((fewer >= x) & (universe - fewer - more + x >= 0))
        rest = (more[can] - x, fewer[can] - x, (universe - fewer - more)[can] + x)
        chance = np.exp(plain[can] - math.lgamma(x + 1) - sum(_log_factorial(n) for n in rest))
        tail[can] += chance
        if x < most:
            exactly[x, can] = chance
        if x <= most:
            at_least[x] = tail
    return exactly, at_least


def _log_factorial(numbers: Integers) -> Floats:
    different, where = np.unique(numbers, return_inverse=True)
    return np.array([math.lgamma(number + 1) for number in different.tolist()])[where]


def _more_than_chance(p_value: Floats, together: Integers, tests: int, *, rate: float) -> Truths:
    """Apply Benjamini-Hochberg to pairs that were together more than once; the other tests have a p-value of 1."""
    often = together > 1
    ordered = np.sort(p_value[often])
    passed = ordered * tests <= rate * np.arange(1, len(ordered) + 1)
    validated: Truths = often & (p_value <= ordered[passed].max(initial=0.0))
    return validated


# One contact ------------------------------------------------------------------------------


def _things(ties: Ties) -> pd.DataFrame:
    return _reach(ties, TYPE_NAMES.index("thing"))


def _adults(ties: Ties, validated: str) -> pd.DataFrame:
    type_k = TYPE_NAMES.index("person")
    rows = ties.records.connection.execute(
        f"""SELECT s.contact_n, r.children AS tests, CASE WHEN v.together > 1 THEN v.p_value ELSE 1 END AS p_value
        FROM {ties.schema}.shared s JOIN {ties.schema}.reached r USING (type_k, contact_n) JOIN {validated} v
            ON v.person_a_n = least(s.contact_n, s.person_n) AND v.person_b_n = greatest(s.contact_n, s.person_n)
        WHERE s.type_k = {type_k}"""
    ).df()
    each = pd.concat([_reach(ties, type_k), _simes(rows)]).groupby("contact_n")["p_value"]
    either = (each.min() * each.size()).clip(upper=1.0)
    return either.reset_index().assign(type_k=type_k)


def _places(ties: Ties, occasions: Occasions) -> pd.DataFrame:
    """Test places by how often their children were there together."""
    pairs = occasions.companions(ties)
    p_value = _pair_chance(pairs["together"], occasions.strata(pairs, table="companions"))
    rows = pd.DataFrame({"contact_n": pairs["place_n"], "p_value": p_value})
    places = _fetched(
        ties.records,
        f"""SELECT place_n AS contact_n, children * (children - 1) // 2 AS tests FROM (
            SELECT place_n, count(DISTINCT person_n) AS children FROM {occasions.schema}.brought GROUP BY place_n)
        WHERE children > 1""",
    )
    tested = pd.DataFrame(places)
    # A place where nobody was together twice has a p-value of 1, and so has no row of its own among the pairs.
    rows = pd.concat([rows.merge(tested, on="contact_n"), tested.assign(p_value=1.0)])
    return _simes(rows).assign(type_k=TYPE_NAMES.index("location"))


def _simes(rows: pd.DataFrame) -> pd.DataFrame:
    """Return contact_n and the p-value of all its tests together, from contact_n, p_value and tests (how many there are)."""
    rows = rows.sort_values(["contact_n", "p_value"], ignore_index=True)
    rank = rows.groupby("contact_n").cumcount() + 1
    p_value = (rows["p_value"] * rows["tests"] / rank).clip(upper=1.0)
    return p_value.groupby(rows["contact_n"]).min().rename("p_value").reset_index()


def _reach(ties: Ties, type_k: int) -> pd.DataFrame:
    """Return type_k, contact_n and p_value of contacts of one type that are stated to have two children or more."""
    tables = ", ".join(str(TIE_TABLES.index(name)) for name in STATED)
    stated = f"SELECT DISTINCT contact_n, person_n FROM {ties.schema}.many WHERE type_k = {type_k} AND table_k IN ({tables})"
    contacts = _fetched(
        ties.records,
        f"SELECT contact_n, count(*) AS children FROM ({stated}) GROUP BY contact_n ORDER BY contact_n",
    )
    children = _fetched(
        ties.records,
        f"""SELECT contacts, count(*) AS children FROM (SELECT count(*) AS contacts FROM ({stated}) GROUP BY person_n)
        GROUP BY contacts ORDER BY contacts""",
    )
    reached = contacts["children"][contacts["children"] > 1]
    tied = children["contacts"] / max(1, len(contacts["contact_n"]))
    p_value = _reach_chance(reached, children["children"], tied)
    contact = contacts["contact_n"][contacts["children"] > 1]
    return pd.DataFrame({"type_k": type_k, "contact_n": contact, "p_value": p_value})


def _reach_chance(reached: Integers, children: Integers, tied: Floats) -> Floats:
    """Return the chance of reaching at least each number of children, where so many are tied with such chances."""
    in_full = reached <= IN_FULL
    chance = np.zeros(len(reached))
    chance[~in_full] = [_refined_normal(k, children, tied) for k in reached[~in_full].tolist()]
    most = int(reached[in_full].max(initial=1))
    exactly, at_least = np.zeros(most + 1), np.zeros(most + 1)
    exactly[0] = at_least[0] = 1.0
    for number, one in zip(children.tolist(), tied.tolist(), strict=True):
        more, or_more = _binomial(number, one, most)
        at_least[1:] += np.convolve(exactly[:most], or_more[1:])[:most]
        exactly = np.convolve(exactly, more)[: most + 1]
    chance[in_full] = at_least[reached[in_full]]
    return np.clip(chance, np.finfo(np.float64).tiny, 1.0)


def _binomial(children: int, tied: float, most: int) -> tuple[Floats, Floats]:
    """Return the chance of exactly and of at least 0 to `most` of some children being tied, shape (most + 1,)."""
    if tied >= 1.0:
        exactly = (np.arange(most + 1) == children).astype(np.float64)
        return exactly, (np.arange(most + 1) <= children).astype(np.float64)
    mean = children * tied
    # What lies further out adds nothing that a number of this size could hold.
    top = min(children, math.ceil(max(most, mean) + 12 * math.sqrt(mean * (1 - tied))) + 60)
    x = np.arange(top + 1)
    ways = math.lgamma(children + 1) - _log_factorial(x) - _log_factorial(children - x)
    chance = np.exp(ways + x * math.log(tied) + (children - x) * math.log1p(-tied))
    or_more = np.cumsum(chance[::-1])[::-1]
    blank = np.zeros(max(0, most - top))
    return np.append(chance, blank)[: most + 1], np.append(or_more, blank)[: most + 1]


def _refined_normal(reached: int, children: Integers, tied: Floats) -> float:
    """Return roughly the chance of reaching at least so many children."""
    spread = math.sqrt(float(np.sum(children * tied * (1 - tied))))
    mean = float(np.sum(children * tied))
    if spread == 0.0:
        return float(reached <= mean + 0.5)
    skewness = float(np.sum(children * tied * (1 - tied) * (1 - 2 * tied))) / spread**3
    x = (reached - 0.5 - mean) / spread
    density = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return 0.5 * math.erfc(x / math.sqrt(2)) - skewness * (1 - x * x) * density / 6
