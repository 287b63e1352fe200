"""Turn every row of a case that names two people, places, things or events into a step between them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from mapping.contacts import CONTACT_TYPES, TYPE_NAMES
from mapping.evidence import BANDS, EPOCH, GRADE, Band, Evidence, grade_text
from mapping.links import CROWD
from mapping.records import Records

Integers = npt.NDArray[np.signedinteger[Any]]
Flags = npt.NDArray[np.bool_]

# What a path may pass through. A place is a school or another place; whatever is busy needs "busy" as well.
CLASSES = ("people", "things", "places", "events", "schools")
THROUGH = ("people", "things", "places", "events")
ANYTHING = (*CLASSES, "busy")
# What a user may write before an id that is in two tables.
PREFIXES: Mapping[str, str] = {**{kind: kind for kind in TYPE_NAMES}, "place": "location"}
# How a step is known where nobody stated it; a stated step has the kind of its association.
HOW = (
    *("used", "took_part", "seen", "found", "missing_from", "placed"),
    *("goes_to_school", "took_place"),
)
LEVELS = tuple(BANDS)
# A day before every other, for evidence without a date.
UNDATED = -1_000_000


class End(NamedTuple):
    """One person, thing, place or event: its kind (a contact type), its id, and its number in the graph."""

    kind: str
    id: str
    node: int


class Moments(NamedTuple):
    """The dated rows of every node, in node order: where each begins, and for each row its far end, level and days."""

    begins: Integers
    to: Integers
    level: Integers
    first_day: Integers
    last_day: Integers


@dataclass(frozen=True, eq=False)
class Steps:
    """Who and what the records join directly, as a graph in compressed sparse rows.

    Nodes are numbered people first, then things, places and events, each in the order of their ids. The
    neighbours of node v are `to[begins[v]:begins[v + 1]]`, in order.

    Attributes
    ----------
    schema : DuckDB schema with `nodes` (node, kind_k, id) and `rows` (a < b, how, table, row, ...).
    begins, to : the graph, each step in both directions; shapes (nodes + 1,) and (2 x steps,).
    level : of each step, the first band of LEVELS in which anything shows it.
    newest : of each step and band, the last day of its newest evidence (UNDATED where none has a date).
    classes : of each node, its place in CLASSES.
    busy : whether more than `crowd` people are tied to a place, thing or event.
    undated : rows without a date that each band holds.
    """

    records: Records
    schema: str
    begins: Integers
    to: Integers
    level: Integers
    newest: Integers
    classes: Integers
    busy: Flags
    undated: Mapping[str, int]
    crowd: int

    @cached_property
    def moments(self) -> Moments:
        """The dated rows as a graph of their own, for paths in the order of time."""
        found = self.records.connection.execute(
            f"""SELECT a AS one, b AS other, level, first_day, last_day FROM {self.schema}.rows WHERE last_day IS NOT NULL
            UNION ALL SELECT b, a, level, first_day, last_day FROM {self.schema}.rows WHERE last_day IS NOT NULL
            ORDER BY one, other, first_day, last_day, level"""
        ).fetchnumpy()
        plain = {name: np.asarray(values, dtype=np.int32) for name, values in found.items()}
        begins = _begins(plain["one"], len(self.classes))
        return Moments(begins, *(plain[name] for name in ("other", "level", "first_day", "last_day")))

    def ends(self, nodes: Sequence[int]) -> list[End]:
        """Return who or what some nodes are, in the order given."""
        wanted = pd.DataFrame({"node": np.asarray(nodes, dtype=np.int64)})
        with self._asked(wanted) as ask:
            found = ask(
                f"SELECT DISTINCT n.node, n.kind_k, n.id FROM asked JOIN {self.schema}.nodes n USING (node)"
            )
        known = {
            int(node): End(TYPE_NAMES[kind], str(name), int(node))
            for node, kind, name in found.itertuples(index=False)
        }
        return [known[int(node)] for node in nodes]

    @contextmanager
    def _asked(self, wanted: pd.DataFrame) -> Iterator[Any]:
        """Give a function that runs a query, with `asked` as a table of its own."""
        with self.records.connection.cursor() as cursor:
            cursor.register("asked", wanted)
            yield lambda query: cursor.execute(query.format_map(self.records.tables)).df()
            cursor.unregister("asked")


def build_steps(evidence: Evidence, *, as_of: date | None = None, crowd: int = CROWD) -> Steps:
    """Build the graph of all steps from evidence that is already limited to a viewer and a date.

    A step is what one row says; nothing is inferred from two rows:

    - person to person: a stated association;
    - person to thing: its use;
    - person to event: taking part; event to place: where it was;
    - person to place: seen there, found there, missing from there, placed there, at school there.

    Parameters
    ----------
    evidence : of all grades: `grades="all"`, so that bands can be compared.
    as_of : no day lies after it, and a placement without an end stands until it.
    crowd : a place, thing or event that more people are tied to is busy.
    """
    records = evidence.records
    schema = records.new_schema()
    records.execute(f"CREATE TABLE {schema}.nodes AS {_nodes()}")
    records.execute(f"CREATE TABLE {schema}.rows AS {_rows(schema, evidence, as_of)}")
    level = [f"max(last_day) FILTER (level <= {k}) AS newest_{k}" for k in range(len(LEVELS))]
    records.execute(
        f"CREATE TABLE {schema}.pairs AS SELECT a, b, min(level) AS level, {', '.join(level)} FROM {schema}.rows GROUP BY a, b"
    )
    return _graph(records, schema, crowd)


def _nodes() -> str:
    """Return the query for everyone and everything, numbered by kind and then by id."""
    each = []
    for k, (table, key) in enumerate(CONTACT_TYPES.values()):
        school = f"CASE WHEN kind = 'school' THEN {CLASSES.index('schools')} ELSE {k} END"
        classed = school if table == "locations" else str(k)
        number = key.removesuffix("_id") + "_n"
        each.append(
            f"SELECT {k} AS kind_k, {number} AS n, {key} AS id, {classed} AS class_k FROM {{{table}}}"
        )
    order = "CAST(row_number() OVER (ORDER BY kind_k, id) - 1 AS INTEGER)"
    return f"SELECT {order} AS node, kind_k, n, id, class_k FROM ({' UNION ALL '.join(each)})"


def _rows(schema: str, evidence: Evidence, as_of: date | None) -> str:
    """Return the query for every row as a step between two nodes, a < b."""
    levels = " ".join(
        f"WHEN grade // 10 <= {len(letters)} THEN {k}"
        for k, letters in enumerate(BANDS.values())
        if letters is not None
    )
    clipped = "first_day, last_day"
    if as_of is not None:
        limit = (as_of - EPOCH).days
        # Not least(), which passes over a day that is not recorded.
        clipped = ", ".join(
            f"CASE WHEN {day} > {limit} THEN {limit} ELSE {day} END AS {day}"
            for day in ("first_day", "last_day")
        )
    return f"""SELECT least(x.node, y.node) AS a, greatest(x.node, y.node) AS b, how, nature, "table", row, source_n, grade,
        CASE {levels} ELSE {len(LEVELS) - 1} END AS level, {clipped}, ongoing
    FROM ({_statements(evidence, as_of)}) r
    JOIN {schema}.nodes x ON x.kind_k = r.one_k AND x.n = r.one_n
    JOIN {schema}.nodes y ON y.kind_k = r.other_k AND y.n = r.other_n WHERE x.node <> y.node"""


def _statements(evidence: Evidence, as_of: date | None) -> str:
    """Return the query for what each row says: how, of which two, on whose word and when."""
    person, thing, place, event = range(4)
    cited, days = evidence.tables, "first_day, last_day"
    day = "date_diff('day', DATE '1970-01-01', CAST({} AS DATE))"
    standing = f"{(as_of - EPOCH).days}" if as_of is not None else day.format("t.started_on")
    own = GRADE.format(s="s")
    return f"""SELECT kind AS how, nature, 'associations' AS "table", row, {person} AS one_k, person_a_n AS one_n,
        {person} AS other_k, person_b_n AS other_n, source_n, grade, {days}, false AS ongoing FROM {cited["stated"]}
    UNION ALL SELECT 'used', NULL, 'thing_use', row, {person}, person_n, {thing}, thing_n, source_n, grade, {days}, false FROM {cited["things"]}
    UNION ALL SELECT 'took_part', NULL, 'participation', row, {person}, person_n, {event}, event_n, source_n, grade, {days}, false FROM {cited["events"]}
    UNION ALL SELECT 'seen', NULL, 'presence', row, {person}, person_n, {place}, location_n, source_n, grade, {days}, false FROM {cited["presence"]}
    UNION ALL SELECT 'found', NULL, 'missing', row, {person}, person_n, {place}, location_n, source_n, grade,
        coalesce(to_minute // 1440, last_day), coalesce(to_minute // 1440, last_day), false FROM {cited["missing"]} WHERE location_n IS NOT NULL
    UNION ALL SELECT 'missing_from', NULL, 'missing', row, {person}, person_n, {place}, missing_from_n, source_n, grade,
        from_minute // 1440, from_minute // 1440, false FROM {cited["missing"]} WHERE missing_from_n IS NOT NULL
    UNION ALL SELECT 'placed', NULL, 'placements', t.row, {person}, t.person_n, {place}, t.location_n, t.source_n, {own},
        {day.format("t.started_on")}, coalesce({day.format("t.ended_on")}, {standing}), t.ended_on IS NULL
        FROM {{placements}} t LEFT JOIN {{sources}} s ON s.source_n = t.source_n
    UNION ALL SELECT 'goes_to_school', NULL, 'people', row, {person}, person_n, {place}, school_n, NULL, NULL, NULL, NULL, true
        FROM {{people}} WHERE school_n IS NOT NULL
    UNION ALL SELECT 'took_place', NULL, 'events', t.row, {event}, t.event_n, {place}, t.location_n, t.source_n, {own},
        {day.format("t.started_at")}, {day.format("coalesce(t.ended_at, t.started_at)")}, false
        FROM {{events}} t LEFT JOIN {{sources}} s ON s.source_n = t.source_n WHERE t.location_n IS NOT NULL"""


def _graph(records: Records, schema: str, crowd: int) -> Steps:
    newest = ", ".join(f"coalesce(newest_{k}, {UNDATED}) AS newest_{k}" for k in range(len(LEVELS)))
    found = records.connection.execute(
        f"""SELECT a AS one, b AS other, level, {newest} FROM {schema}.pairs
        UNION ALL SELECT b, a, level, {newest} FROM {schema}.pairs ORDER BY one, other"""
    ).fetchnumpy()
    # As narrow as they can be: there are twenty million of each at a million people.
    plain = {name: np.asarray(values, dtype=np.int32) for name, values in found.items()}
    classes = records.connection.execute(f"SELECT class_k FROM {schema}.nodes ORDER BY node").fetchnumpy()
    classed = np.asarray(classes["class_k"], dtype=np.int8)
    busy = np.zeros(len(classed), dtype=np.bool_)
    busy[[node for (node,) in records.execute(_crowded(schema, crowd))]] = True
    without = [f"count(*) FILTER (last_day IS NULL AND level <= {k})" for k in range(len(LEVELS))]
    undated = records.execute(f"SELECT {', '.join(without)} FROM {schema}.rows")[0]
    return Steps(
        records,
        schema,
        _begins(plain["one"], len(classed)),
        plain["other"],
        plain["level"].astype(np.int8),
        np.stack([plain[f"newest_{k}"] for k in range(len(LEVELS))]),
        classed,
        busy,
        dict(zip(LEVELS, map(int, undated), strict=True)),
        crowd,
    )


def _begins(sorted_nodes: Integers, nodes: int) -> Integers:
    counts = np.bincount(sorted_nodes, minlength=nodes)
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])


def _crowded(schema: str, crowd: int) -> str:
    """Return the query for what more than `crowd` people are tied to, to a place also through events there."""
    return f"""WITH tied AS (
        SELECT r.b AS node, r.a AS person FROM {schema}.rows r JOIN {schema}.nodes p ON p.node = r.a AND p.kind_k = 0
            JOIN {schema}.nodes c ON c.node = r.b AND c.kind_k > 0),
    here AS (SELECT r.a AS node, t.person FROM {schema}.rows r JOIN tied t ON t.node = r.b WHERE r.how = 'took_place')
    SELECT node FROM (SELECT * FROM tied UNION ALL SELECT * FROM here) GROUP BY node HAVING count(DISTINCT person) > {int(crowd)}"""


# Ends ------------------------------------------------------------------------------------------


def find_end(steps: Steps, text: str) -> End:
    """Return the person, thing, place or event that a user means by an id, such as "P000023" or "thing:T000025".

    Raises
    ------
    ValueError
        No table has the id, or two of them have it and the text does not say which is meant.
    """
    found = _with_id(steps, text, TYPE_NAMES)
    prefix, colon, rest = text.partition(":")
    kinds = TYPE_NAMES
    if not found and colon and prefix in PREFIXES:
        text, kinds = rest, (PREFIXES[prefix],)
        found = _with_id(steps, text, kinds)
    if len(found) > 1:
        choices = " or ".join(f"{_said(end.kind)}:{end.id}" for end in found)
        msg = f"{text!r} is the id of a {' and of a '.join(_said(end.kind) for end in found)}. Say which: {choices}."
        raise ValueError(msg)
    if not found:
        raise ValueError(_unknown(steps, text, kinds))
    return found[0]


def _with_id(steps: Steps, text: str, kinds: Sequence[str]) -> list[End]:
    numbers = ", ".join(str(TYPE_NAMES.index(kind)) for kind in kinds)
    with steps.records.connection.cursor() as cursor:
        rows = cursor.execute(
            f"SELECT kind_k, id, node FROM {steps.schema}.nodes WHERE id = ? AND kind_k IN ({numbers}) ORDER BY node",
            [text],
        ).fetchall()
    return [End(TYPE_NAMES[kind], str(name), int(node)) for kind, name, node in rows]


def _unknown(steps: Steps, text: str, kinds: Sequence[str]) -> str:
    """Say that an id is in no table, which tables were searched, and which ids come near it."""
    numbers = ", ".join(str(TYPE_NAMES.index(kind)) for kind in kinds)
    with steps.records.connection.cursor() as cursor:
        rows = cursor.execute(
            f"""SELECT DISTINCT id FROM {steps.schema}.nodes WHERE kind_k IN ({numbers})
            ORDER BY jaro_winkler_similarity(id, ?) DESC, id LIMIT 50""",
            [text],
        ).fetchall()
    near = _near(text, [str(name) for (name,) in rows])
    said, tables = [_said(kind) for kind in kinds], [CONTACT_TYPES[kind][0] for kind in kinds]
    searched = f"looked for in {_listed(tables, 'and')}, as far as this viewer may see them at this date"
    advice = f"Near it: {', '.join(near)}." if near else "Check how it is written."
    return f"No {_listed(said, 'or')} has the id {text!r} ({searched}). {advice}"


def _near(text: str, names: Sequence[str], *, most: int = 3, least: float = 0.6) -> list[str]:
    """Return the names most like a text; of equally like ones the first."""
    like = [(difflib.SequenceMatcher(None, text, name).ratio(), -place) for place, name in enumerate(names)]
    return [names[-place] for ratio, place in sorted(like, reverse=True)[:most] if ratio >= least]


def _listed(words: Sequence[str], last: str) -> str:
    return f" {last} ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _said(kind: str) -> str:
    return "place" if kind == "location" else kind


# Evidence --------------------------------------------------------------------------------------

_DAY = "DATE '1970-01-01' + CAST({} AS INTEGER)"
_NATURE = """CASE WHEN bool_or(nature = 'harmful') AND bool_or(nature = 'protective') THEN 'mixed' WHEN bool_or(nature = 'harmful') THEN 'harmful'
        WHEN bool_or(nature = 'protective') THEN 'protective' WHEN bool_or(nature = 'neutral') THEN 'neutral' ELSE 'unknown' END"""


def step_table(steps: Steps, pairs: pd.DataFrame, *, grades: Band = "all") -> pd.DataFrame:
    """Return what each of some steps rests on, in the order given.

    Parameters
    ----------
    pairs : one, other (nodes), and since (a day since 1970-01-01, or empty): evidence that was over before
        that day is left out.

    Returns
    -------
    how (kinds joined by "|"), items, sources, best_grade, first_seen, last_seen, nature.
    """
    low, high = np.sort(pairs[["one", "other"]].to_numpy(dtype=np.int64), axis=1).T
    asked = pd.DataFrame(
        {"place": np.arange(len(pairs)), "a": low, "b": high, "since": pairs["since"].to_numpy()}
    )
    with steps._asked(asked) as ask:
        found: pd.DataFrame = ask(
            f"""SELECT q.place, string_agg(DISTINCT r.how, '|' ORDER BY r.how) AS how, count(DISTINCT (r."table", r.row)) AS items,
                count(DISTINCT r.source_n) AS sources, {grade_text("min(r.grade)")} AS best_grade,
                {_DAY.format("min(r.first_day)")} AS first_seen, {_DAY.format("max(r.last_day)")} AS last_seen, {_NATURE} AS nature
            FROM asked q JOIN {steps.schema}.rows r USING (a, b)
            WHERE r.level <= {LEVELS.index(grades)} AND (q.since IS NULL OR r.last_day >= q.since)
            GROUP BY q.place ORDER BY q.place"""
        )
    return found.drop(columns="place")


def step_items(
    steps: Steps, one: str | End, other: str | End, *, grades: Band = "all", since: date | None = None
) -> pd.DataFrame:
    """Return the rows that one step rests on, newest first, with everything an evidence panel shows.

    Columns: as `mapping.items.link_items`, with `tie` (how a person is tied to a place, thing or event, in
    place of `kind`) and `role` (a person's role in an event). `weight`, `other_table` and `other_row` are
    empty: a step rests on single rows. A placement that has not ended has no `date_to`.

    Parameters
    ----------
    since : leave out what was over before this day.
    """
    ends = sorted((as_end(steps, each) for each in (one, other)), key=lambda end: end.node)
    day = None if since is None else (since - EPOCH).days
    query = _ITEMS.format(schema=steps.schema, level=LEVELS.index(grades)).format_map(steps.records.tables)
    with steps.records.connection.cursor() as cursor:
        found: pd.DataFrame = cursor.execute(query, [ends[0].node, ends[1].node, day, day]).df()
    named = {end.kind: _name(steps, end) for end in ends if end.kind != "person"}
    ids = {f"{kind}_id": next((end.id for end in ends if end.kind == kind), None) for kind in TYPE_NAMES[1:]}
    people = [end.id for end in ends if end.kind == "person"] + [None, None]
    empty = {"weight": np.nan, "other_table": None, "other_row": None}
    # Of an event at a place, what is said is the event; `place` says where.
    said = {"what": named.get("event", next(iter(named.values()), "")), "place": named.get("location")}
    return found.assign(person_a=people[0], person_b=people[1], **ids, **empty, **said)[list(ITEM_COLUMNS)]


ITEM_COLUMNS = (
    *("person_a", "person_b", "date_from", "date_to", "kind", "tie", "nature", "weight", "table", "row"),
    *("other_table", "other_row", "what", "place", "thing_id", "event_id", "location_id", "role"),
    *("source_id", "source_kind", "agency", "recorded_on", "grade", "handling", "text"),
)

_STATED = f"r.how NOT IN ({', '.join(repr(how) for how in HOW)})"
_ITEMS = f"""SELECT {_DAY.format("r.first_day")} AS date_from, CASE WHEN NOT r.ongoing THEN {_DAY.format("r.last_day")} END AS date_to,
        CASE WHEN {_STATED} THEN r.how END AS kind, CASE WHEN NOT ({_STATED}) THEN r.how END AS tie, r.nature, r."table", r.row, p.role,
        s.source_id, s.kind AS source_kind, s.agency, s.recorded_on, {grade_text("r.grade")} AS grade, s.handling, s.text
    FROM {{schema}}.rows r LEFT JOIN {{{{sources}}}} s ON s.source_n = r.source_n
    LEFT JOIN {{{{participation}}}} p ON r."table" = 'participation' AND p.row = r.row
    WHERE r.a = ? AND r.b = ? AND r.level <= {{level}} AND (CAST(? AS BIGINT) IS NULL OR r.last_day >= CAST(? AS BIGINT))
    ORDER BY r.last_day DESC NULLS LAST, r."table", r.row, r.how"""


def exact_end(steps: Steps, kind: str, identity: str) -> End:
    """Return the person, thing, location or event with an id, of a kind that is known.

    Raises
    ------
    ValueError
        There is none.
    """
    found = _with_id(steps, identity, (kind,))
    if not found:
        raise ValueError(_unknown(steps, identity, (kind,)))
    return found[0]


def as_end(steps: Steps, end: str | End) -> End:
    """Return an end as it is, or the one that a text names; see `find_end`."""
    return end if isinstance(end, End) else find_end(steps, end)


def _name(steps: Steps, end: End) -> str:
    """Return what the records call a thing, place or event; "" where they do not."""
    column = {"thing": "label", "event": "summary", "location": "name"}[end.kind]
    table, key = CONTACT_TYPES[end.kind]
    query = f"SELECT {column} FROM {{{table}}} WHERE {key} = ?".format_map(steps.records.tables)
    with steps.records.connection.cursor() as cursor:
        return str(cursor.execute(query, [end.id]).fetchall()[0][0] or "")
