"""State every row that can link people as a mention: who, with what or where, when, on whose word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import narwhals as nw

from mapping.records import Records

Frame = nw.LazyFrame[Any]
Band = Literal["A-B", "A-C", "all"]
BANDS: Mapping[str, tuple[str, ...] | None] = {"A-B": ("A", "B"), "A-C": ("A", "B", "C"), "all": None}

# A grade as one whole number that sorts from best to worst, the letter first: 11 is 1A, 32 is 2C, 39 is C of no source grade.
GRADE = "(ascii({s}.information_grade) - 64) * 10 + coalesce(TRY_CAST({s}.source_grade AS INTEGER), 9)"
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Evidence:
    """The mentions that links and contacts are built from, as tables of whole numbers.

    Every table has row, person_n (stated: person_a_n, person_b_n), source_n, grade, first_day and
    last_day (days since 1970-01-01; null where not recorded); and
    stated: kind, nature; events: event_n, location_n, harmed, may_have_harmed, of_concern, protective;
    presence: location_n, minute; things: thing_n; missing: location_n, from_minute, to_minute.

    Attributes
    ----------
    tables : name to DuckDB table.
    counts : contract table to rows used, ungraded (left out because nobody graded them), graded_lower
        (left out because their grade is outside the band), untimed (a sighting without a time of day).
    """

    records: Records
    tables: Mapping[str, str]
    counts: Mapping[str, Mapping[str, int]]

    def frame(self, name: str) -> Frame:
        """Return one table as a Narwhals frame."""
        return nw.from_native(self.records.connection.table(self.tables[name]))


# Each row's own source, or else the source of the event or thing it hangs on.
_QUERIES: Mapping[str, tuple[str, str]] = {
    "stated": (
        "associations",
        """SELECT t.row, least(t.person_a_n, t.person_b_n) AS person_a_n, greatest(t.person_a_n, t.person_b_n) AS person_b_n,
            t.kind, coalesce(t.nature, CASE WHEN t.kind = 'exploitation' THEN 'harmful' ELSE 'unknown' END) AS nature,
            {first} AS first_day, {last} AS last_day, t.source_n AS source_n, {grade} AS grade
        FROM {associations} t LEFT JOIN {sources} s ON s.source_n = t.source_n""",
    ),
    "events": (
        "participation",
        """SELECT t.row, t.event_n, t.person_n, e.location_n, t.role = 'harmed' AS harmed, t.role = 'may_have_harmed' AS may_have_harmed,
            t.role = 'adult_of_concern' AS of_concern, t.role = 'protective' AS protective,
            {first} AS first_day, {last} AS last_day, coalesce(t.source_n, e.source_n) AS source_n, {grade} AS grade
        FROM {participation} t JOIN {events} e ON e.event_n = t.event_n
        LEFT JOIN {sources} s ON s.source_n = coalesce(t.source_n, e.source_n)""",
    ),
    "presence": (
        "presence",
        """SELECT t.row, t.person_n, t.location_n, CASE WHEN t.seen_at_timed THEN CAST(epoch(t.seen_at) // 60 AS BIGINT) END AS minute,
            {first} AS first_day, {last} AS last_day, t.source_n AS source_n, {grade} AS grade
        FROM {presence} t LEFT JOIN {sources} s ON s.source_n = t.source_n""",
    ),
    "things": (
        "thing_use",
        """SELECT t.row, t.thing_n, t.person_n, {first} AS first_day, {last} AS last_day,
            coalesce(t.source_n, e.source_n) AS source_n, {grade} AS grade
        FROM {thing_use} t JOIN {things} e ON e.thing_n = t.thing_n
        LEFT JOIN {sources} s ON s.source_n = coalesce(t.source_n, e.source_n)""",
    ),
    "missing": (
        "missing",
        """SELECT t.row, t.person_n, t.found_at_location_n AS location_n, t.missing_from_n,
            CAST(epoch(t.reported_at) // 60 AS BIGINT) AS from_minute, CAST(epoch(t.found_at) // 60 AS BIGINT) AS to_minute,
            {first} AS first_day, {last} AS last_day, t.source_n AS source_n, {grade} AS grade
        FROM {missing} t LEFT JOIN {sources} s ON s.source_n = t.source_n""",
    ),
}
_DATES = {
    "stated": ("t.first_seen, t.last_seen, s.recorded_on", "t.last_seen, t.first_seen, s.recorded_on"),
    "events": ("e.started_at", "e.ended_at, e.started_at"),
    "presence": ("t.seen_at", "t.seen_at"),
    "things": ("t.first_seen, t.last_seen, s.recorded_on", "t.last_seen, t.first_seen, s.recorded_on"),
    "missing": ("t.reported_at", "t.found_at, t.reported_at"),
}


def mentions(records: Records, *, grades: Band = "all", as_of: date | None = None) -> Evidence:
    """Write the mention tables of records that are already limited to a viewer and a date.

    Parameters
    ----------
    grades : "A-B" and "A-C" keep rows whose information grade is in the band; a row that nobody
        graded is in no band but "all". Grades are categories: they choose rows and never weigh them.
    as_of : no first or last day lies after it.
    """
    if grades not in BANDS:
        msg = f"{grades!r} is not a grade band. Use one of {', '.join(BANDS)}."
        raise ValueError(msg)
    schema = records.new_schema()
    tables, counts = {}, {}
    for name, (contract, query) in _QUERIES.items():
        first, last = (
            f"date_diff('day', DATE '1970-01-01', CAST(coalesce({dates}) AS DATE))" for dates in _DATES[name]
        )
        if as_of is not None:
            first, last = (_no_later(day, (as_of - EPOCH).days) for day in (first, last))
        filled = (
            query.replace("{first}", first).replace("{last}", last).replace("{grade}", GRADE.format(s="s"))
        )
        kept, graded = "true", "true"
        if (letters := BANDS[grades]) is not None:
            kept = f"grade // 10 <= {len(letters)}"
            graded = "grade IS NOT NULL"
        tables[name] = f"{schema}.{name}"
        records.execute(f"CREATE TABLE {tables[name]} AS SELECT * FROM ({filled}) WHERE {kept}")
        counts[contract] = _tally(records, contract, tables[name], filled, graded)
    return Evidence(records, tables, counts)


def _no_later(day: str, limit: int) -> str:
    # Not least(), which passes over a day that is not recorded.
    return f"CASE WHEN {day} > {limit} THEN {limit} ELSE {day} END"


def _tally(records: Records, contract: str, table: str, query: str, graded: str) -> dict[str, int]:
    total = int(records.execute(f"SELECT count(*) FROM {{{contract}}}")[0][0])
    used = int(records.execute(f"SELECT count(*) FROM {table}")[0][0])
    ungraded = 0
    if used < total:
        ungraded = int(records.execute(f"SELECT count(*) FROM ({query}) WHERE NOT ({graded})")[0][0])
    counts = {"used": used, "ungraded": ungraded, "graded_lower": total - used - ungraded}
    if contract == "presence":
        counts["untimed"] = int(records.execute(f"SELECT count(*) FROM {table} WHERE minute IS NULL")[0][0])
    return counts


def grade_text(grade: str) -> str:
    """Return SQL that writes a grade number the way a 3x5x2 form does: 1A, 2C; null stays null."""
    source = f"CASE WHEN {grade} % 10 BETWEEN 1 AND 3 THEN CAST({grade} % 10 AS VARCHAR) ELSE '' END"
    return f"CASE WHEN {grade} IS NOT NULL THEN {source} || chr(CAST(64 + {grade} // 10 AS INTEGER)) END"
