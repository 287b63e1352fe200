"""Read a case, validate every row against the contract, and set faulty rows and values aside."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import duckdb
import pandas as pd

from mapping.additions import Addition, apply_additions
from mapping.codes import Codes, load_codes
from mapping.contract import PARENTS, POINTS, TABLES, TIME_ORDER, Column, Table
from mapping.tables import CaseError, Fault, RawTable, load_tables

Dates = Literal["iso", "dmy"]

EASTINGS, NORTHINGS = (0, 700_000), (0, 1_300_000)
LONGITUDES, LATITUDES = (-9.0, 2.1), (49.8, 61.0)
YEARS = (1900, 2100)
# Tables in the order in which their references can be resolved.
ORDER = (
    "sources",
    "locations",
    "people",
    "events",
    "things",
    "associations",
    "participation",
    "presence",
    "thing_use",
    "missing",
    "placements",
    "referrals",
)
# The one handling code under which a source may be shared with everyone; any other is for analysts.
OPEN_HANDLING = "P"
# What may stand around a value without being part of it.
SPACES = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_serial = itertools.count(1)


def open_connection(*, memory_limit: str = "2GB") -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB that spills to a private temporary folder, removed when it closes."""
    connection = duckdb.connect(":memory:")
    spill = tempfile.mkdtemp(prefix="contextmap-")
    weakref.finalize(connection, shutil.rmtree, spill, ignore_errors=True)
    connection.execute(f"SET temp_directory = {_quote(spill)}")
    connection.execute(f"SET memory_limit = '{memory_limit}'")
    connection.execute("SET TimeZone = 'Europe/London'")
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    return connection


@dataclass(frozen=True)
class Records:
    """The rows of a case that can be used, as coded tables in DuckDB, and what was set aside.

    Each table has `row` (the row as a spreadsheet shows it: the header is row 1), the contract's
    columns with their types, and for every column of ids a column of whole numbers (`person_n` for
    `person_id`) that joins the tables; ids themselves stand only in the table they name.
    `source_lost` marks a row that named a source which was set aside: nobody can tell its handling.

    Attributes
    ----------
    connection : the DuckDB connection that holds the tables.
    tables : contract table to the name of the DuckDB table.
    rejected : table, row, column, value, reason; one row a fault, sorted.
    counts : table to rows read, kept, set aside, and values set aside.
    notes : sentences about files, columns and encodings.
    by_hand : those of them about what was entered, corrected and taken out by hand.
    owner : the connection this one was opened from, kept alive with it.
    schemas : the schemas that hold tables derived from these records; `forget` drops them.
    """

    connection: duckdb.DuckDBPyConnection
    tables: Mapping[str, str]
    rejected: pd.DataFrame
    counts: Mapping[str, Mapping[str, int]]
    notes: tuple[str, ...] = ()
    by_hand: frozenset[str] = frozenset()
    owner: duckdb.DuckDBPyConnection | None = None
    schemas: list[str] = field(default_factory=list)

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Return a query over the tables, each named in braces: `SELECT * FROM {people}`."""
        return self.connection.sql(query.format_map(self.tables))

    def execute(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query over the tables, each named in braces, and return its rows."""
        return self.connection.execute(query.format_map(self.tables)).fetchall()

    def table(self, name: str) -> pd.DataFrame:
        """Return one table with the contract's columns and ids, and `row`, in row order."""
        found: pd.DataFrame = self.sql(f"{self.decoded(name)} ORDER BY t.row").df()
        return found

    def decoded(self, name: str) -> str:
        """Return the query that writes a table's ids back in place of its numbers."""
        columns, joins = ["t.row"], ""
        for column in TABLES[name].columns:
            target = column.refers_to
            if target is None:
                columns.append(f"t.{column.name}")
                continue
            alias = f"r_{column.name}"
            key = TABLES[target].key
            columns.append(f"{alias}.{key} AS {column.name}")
            joins += f" LEFT JOIN {{{target}}} {alias} ON {alias}.{number_of(str(key))} = t.{number_of(column.name)}"
        return f"SELECT {', '.join(columns)} FROM {{{name}}} t{joins}"

    def with_tables(self, changed: Mapping[str, str], **other: Any) -> Records:
        """Return the same records with some tables replaced; the originals stay as they are."""
        return replace(self, tables={**self.tables, **changed}, **other)

    def new_schema(self) -> str:
        """Open a schema of its own for tables derived from these."""
        name = new_schema(self.connection)
        self.schemas.append(name)
        return name

    def branch(self) -> Records:
        """Return the same records on a connection of their own, so that threads do not share one."""
        cursor = self.connection.cursor()
        return replace(self, connection=cursor, owner=self.owner or self.connection, schemas=[])

    def forget(self) -> None:
        """Drop the tables derived from these records; the records themselves stay."""
        while self.schemas:
            self.connection.execute(f"DROP SCHEMA IF EXISTS {self.schemas.pop()} CASCADE")


def new_schema(connection: duckdb.DuckDBPyConnection) -> str:
    """Open a schema with a name used nowhere else in this process."""
    name = f"s{next(_serial)}"
    connection.execute(f"CREATE SCHEMA {name}")
    return name


def number_of(column: str) -> str:
    """Return the name of the whole-number column that stands for a column of ids."""
    return column.removesuffix("_id") + "_n"


def read_case(
    case: Path | str,
    *,
    dates: Dates = "iso",
    postcodes: Iterable[str] | None = None,
    strict: bool = False,
    additions: Sequence[Addition] = (),
    connection: duckdb.DuckDBPyConnection | None = None,
) -> Records:
    """Read and validate a case.

    Parameters
    ----------
    case : folder of tables, or workbook.
    dates : "iso" reads 2025-03-31; "dmy" reads 31/03/2025 as well. A date that could be either is never guessed.
    postcodes : postcodes that exist; one whose district they cover and that is not among them is set aside.
    strict : refuse the case where any row or value has a fault.
    additions : what people entered by hand, from `mapping.additions.load_additions`; checked as the files are.

    Raises
    ------
    CaseError
        The case cannot be read at all; or, with `strict`, has faults.
    """
    connection = connection or open_connection()
    schema = new_schema(connection)
    raw, notes = load_tables(connection, Path(case), schema=schema)
    read = {note for table in raw.values() for note in table.notes}
    raw = apply_additions(connection, raw, additions, schema=schema)
    reader = _Reader(connection, schema, dates, load_codes(), postcodes)
    for name in ORDER:
        reader.add(TABLES[name], raw.get(name))
    told = [note for table in raw.values() for note in table.notes]
    records = replace(reader.records([*notes, *told]), by_hand=frozenset(told) - read)
    if records.counts["people"]["kept"] == 0:
        reason = (
            "The table people has no row that can be used, so there is nobody to map. Check the file's rows."
        )
        raise CaseError([Fault("people", None, None, None, reason), *rejected_faults(records.rejected)])
    if strict and len(records.rejected):
        raise CaseError(rejected_faults(records.rejected))
    return records


def rejected_faults(rejected: pd.DataFrame) -> list[Fault]:
    """Return the rows of `rejected` as faults."""
    plain = rejected.astype(object).where(rejected.notna(), None)
    return [
        Fault(row["table"], row["row"], row["column"], row["value"], row["reason"])
        for row in plain.to_dict("records")
    ]


@dataclass
class _Reader:
    """Turns raw tables into coded ones, gathering faults on the way."""

    connection: duckdb.DuckDBPyConnection
    schema: str
    dates: Dates
    codes: Codes
    postcodes: Iterable[str] | None
    tables: dict[str, str] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    raw: dict[str, RawTable] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.connection.execute(
            f"""CREATE TABLE {self.schema}.rejected ("table" VARCHAR, row BIGINT, "column" VARCHAR, value VARCHAR,
                reason VARCHAR, restricted BOOLEAN)"""
        )
        if self.postcodes is not None:
            known = pd.DataFrame({"postcode": pd.Series(list(self.postcodes), dtype="str")})
            self.connection.register("arriving", known)
            self.connection.execute(
                f"CREATE TABLE {self.schema}.postcodes AS SELECT DISTINCT {_postcode('postcode')} AS postcode FROM arriving"
            )
            self.connection.execute(
                f"CREATE TABLE {self.schema}.districts AS SELECT DISTINCT split_part(postcode, ' ', 1) AS district FROM {self.schema}.postcodes"
            )
            self.connection.unregister("arriving")

    def run(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def one(self, query: str) -> int:
        return int(self.run(query)[0][0] or 0)

    def add(self, table: Table, raw: RawTable | None) -> None:
        """Read one table: types, references, order of times, duplicates, in that order."""
        name = f"{self.schema}.{table.name}"
        self.tables[table.name] = name
        if raw is None:
            raw = RawTable(table.name, "(SELECT CAST(NULL AS BIGINT) AS row WHERE false)", {})
        self.raw[table.name] = raw
        for fault in raw.faults:
            self._reject_one(fault)
        self._type(table, raw, f"{self.schema}.typed_{table.name}")
        self._order_times(table)
        self._refer(table)
        self._drop_duplicates(table)
        self._mark_restricted(table, raw)
        self._count(table, raw)

    # Types ---------------------------------------------------------------------------------

    def _type(self, table: Table, raw: RawTable, target: str) -> None:
        """Parse every column; keep a bit for each fault, and look the faulty values up afterwards."""
        present = [column for column in table.columns if column.name in raw.columns]
        cleaned, parsed, checked, faults, required = ["row"], ["*"], ["row"], ["0"], 0
        for bit, column in enumerate(present):
            name, sql_type = column.name, raw.columns[column.name]
            cleaned.append(f"{_clean(column, sql_type)} AS {name}")
            parsed.append(f"{self._parse(column, sql_type)} AS {name}_read")
            value = _in_years(f"{name}_read") if column.kind in ("date", "time") else f"{name}_read"
            checked.append(f"{value} AS {name}")
            if column.required:
                required |= 1 << bit
                faults.append(f"CASE WHEN {value} IS NULL THEN {1 << bit} ELSE 0 END")
            elif column.kind not in ("id", "text"):
                faults.append(f"CASE WHEN {name} IS NOT NULL AND {value} IS NULL THEN {1 << bit} ELSE 0 END")
        checked += [
            f"CAST(NULL AS {_SQL_TYPES.get(column.kind, 'VARCHAR')}) AS {column.name}"
            for column in table.columns
            if column.name not in raw.columns
        ]
        if table.name == "presence":
            checked.append(f"{self._timed(raw, 'seen_at')} AS seen_at_timed")
        self.connection.execute(
            f"""CREATE TABLE {target} AS SELECT {", ".join(checked)}, CAST({" + ".join(faults)} AS BIGINT) AS faults
            FROM (SELECT {", ".join(parsed)} FROM (SELECT {", ".join(cleaned)} FROM {raw.relation}))"""
        )
        if self.one(f"SELECT count(*) FROM {target} WHERE faults <> 0"):
            self._reject_values(table, raw, target, present, required)
        self._points(table, target)

    def _reject_values(
        self, table: Table, raw: RawTable, target: str, present: Sequence[Column], required: int
    ) -> None:
        for bit, column in enumerate(present):
            if not self.one(f"SELECT count(*) FROM {target} WHERE faults & {1 << bit} <> 0"):
                continue
            self.connection.execute(
                f"""INSERT INTO {self.schema}.rejected
                SELECT '{table.name}', t.row, '{column.name}', CAST(r.{column.name} AS VARCHAR),
                    {self._reason(column, text_sql(f"r.{column.name}", raw.columns[column.name]))}, false
                FROM {target} t JOIN {raw.relation} r USING (row) WHERE t.faults & {1 << bit} <> 0"""
            )
        self.connection.execute(f"DELETE FROM {target} WHERE faults & {required} <> 0")

    def _timed(self, raw: RawTable, column: str) -> str:
        """Return the SQL that says whether a moment has a time of day; a Parquet column all at midnight holds days."""
        kind = raw.columns.get(column, "DATE")
        if not kind.startswith(("DATE", "TIMESTAMP")):
            return f"length({column}) > 10"
        local = f"timezone('Europe/London', {column})" if "TIME ZONE" in kind else column
        midnight = f"SELECT count(*) FROM {raw.relation} WHERE date_trunc('day', {local}) <> {local}"
        return "true" if kind.startswith("TIMESTAMP") and self.one(midnight) else "false"

    def _parse(self, column: Column, sql_type: str) -> str:
        """Return the SQL that reads a cleaned column, null where it cannot be read."""
        x = column.name
        if column.kind in ("date", "time"):
            if sql_type.startswith(("DATE", "TIMESTAMP")):
                local = f"timezone('Europe/London', {x})" if "TIME ZONE" in sql_type else x
                return f"CAST({local} AS {_SQL_TYPES[column.kind]})"
            return _time_parser(x, self.dates, whole=column.kind == "time")
        if column.kind in _RANGES:
            low, high = _RANGES[column.kind]
            number = f"CAST({x} AS DOUBLE)" if sql_type in _NUMBERS else f"TRY_CAST({x} AS DOUBLE)"
            return f"CASE WHEN {number} BETWEEN {low} AND {high} THEN {number} END"
        if column.kind == "code":
            codes = [_quote(code) for code in self.codes[str(column.codes)]]
            chosen = " ".join(f"WHEN lower({code}) THEN {code}" for code in codes)
            return f"CASE lower({x}) {chosen} END"
        if column.kind == "yes_no":
            return f"CASE WHEN upper({x}) IN ('Y', 'YES', 'TRUE') THEN 'Y' WHEN upper({x}) IN ('N', 'NO', 'FALSE') THEN 'N' END"
        if column.kind == "gss":
            return f"CASE WHEN regexp_full_match(upper({x}), '[EWSNJKLM][0-9]{{8}}') THEN upper({x}) END"
        if column.kind == "postcode":
            return self._postcode_parser(x)
        return x

    def _postcode_parser(self, x: str) -> str:
        areas = ", ".join(_quote(area) for area in sorted(self.codes.postcode_areas))
        written = _postcode(x)
        shape = f"regexp_full_match({written}, '(GIR 0AA)|[A-Z]{{1,2}}[0-9][A-Z0-9]? [0-9][A-Z]{{2}}')"
        good = f"{shape} AND regexp_extract({written}, '^[A-Z]+') IN ({areas})"
        if self.postcodes is not None:
            good += (
                f" AND (split_part({written}, ' ', 1) NOT IN (SELECT district FROM {self.schema}.districts)"
                f" OR {written} IN (SELECT postcode FROM {self.schema}.postcodes))"
            )
        return f"CASE WHEN {good} THEN {written} END"

    def _reason(self, column: Column, value: str) -> str:
        """Return the SQL for the sentence that says what is wrong with a value of a column."""
        empty = "'is empty; every row needs it'"
        reason = {
            "code": f"is not one of {', '.join(self.codes.lists.get(column.codes or '', {}))}",
            "yes_no": "is neither Y nor N",
            "easting": f"is not a British National Grid easting in metres (outside Great Britain: {EASTINGS[0]:,} to {EASTINGS[1]:,})",
            "northing": f"is not a British National Grid northing in metres (outside Great Britain: {NORTHINGS[0]:,} to {NORTHINGS[1]:,})",
            "longitude": f"is not a longitude in Great Britain ({LONGITUDES[0]} to {LONGITUDES[1]} degrees)",
            "latitude": f"is not a latitude in Great Britain ({LATITUDES[0]} to {LATITUDES[1]} degrees)",
            "gss": "is not a GSS code: a letter and eight digits, such as E08000002",
            "postcode": "is not a known postcode: check it against the address",
        }.get(column.kind, f"is not a date from {YEARS[0]} to {YEARS[1]} {_WRITTEN[self.dates]}")
        sentence = _quote(reason)
        if column.kind in ("date", "time"):
            day_first = (
                "is a date whose order is not certain: if the day comes first in this case, say --dates dmy"
            )
            if self.dates == "iso":
                pattern = r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}.*"
                sentence = f"CASE WHEN regexp_full_match({value}, '{pattern}') THEN {_quote(day_first)} ELSE {sentence} END"
        return f"CASE WHEN {value} IS NULL THEN {empty} ELSE {sentence} END"

    def _points(self, table: Table, target: str) -> None:
        """Set aside a coordinate without its other half."""
        for name, one, other in POINTS:
            if name != table.name:
                continue
            for lone, absent in ((one, other), (other, one)):
                where = f"{lone} IS NOT NULL AND {absent} IS NULL"
                reason = f"has no {absent} beside it; a point needs both"
                self._reject(table, target, lone, reason, where)
                self.connection.execute(f"UPDATE {target} SET {lone} = NULL WHERE {where}")

    def _reject(self, table: Table, target: str, column: str, reason: str, where: str) -> None:
        """Add a fault for every typed row where a condition holds, with the value as it is written."""
        if column not in self.raw[table.name].columns:
            return
        self.connection.execute(
            f"""INSERT INTO {self.schema}.rejected
            SELECT '{table.name}', row, '{column}', CAST({column} AS VARCHAR), {_quote(reason)}, false
            FROM {self.raw[table.name].relation} WHERE row IN (SELECT row FROM {target} WHERE {where})"""
        )

    def _reject_one(self, fault: Fault) -> None:
        values = [fault.table, fault.row, fault.column, fault.value, fault.reason]
        self.connection.execute(f"INSERT INTO {self.schema}.rejected VALUES (?, ?, ?, ?, ?, false)", values)

    def _order_times(self, table: Table) -> None:
        target = f"{self.schema}.typed_{table.name}"
        for name, earlier, later in TIME_ORDER:
            if name != table.name:
                continue
            # A day without a time of day is not before a time on that day.
            where = f"CAST({later} AS DATE) < CAST({earlier} AS DATE) OR ({later} < {earlier} AND date_trunc('day', {later}) <> {later})"
            if self.one(f"SELECT count(*) FROM {target} WHERE {where}") == 0:
                continue
            reason = f"is before {earlier}, which cannot be; one of the two dates is wrong"
            self._reject(table, target, later, reason, where)
            self.connection.execute(f"UPDATE {target} SET {later} = NULL WHERE {where}")
        if table.name == "associations":
            where = "person_a = person_b"
            reason = "is the same person as person_a; nobody is linked to themselves"
            self._reject(table, target, "person_b", reason, where)
            self.connection.execute(f"DELETE FROM {target} WHERE {where}")

    # References ----------------------------------------------------------------------------

    def _refer(self, table: Table) -> None:
        """Replace ids by whole numbers; a required id that leads nowhere sets the row aside."""
        target = f"{self.schema}.typed_{table.name}"
        picked, joins, dangling = ["t.row"], "", []
        for column in table.columns:
            if column.refers_to is None:
                picked.append(f"t.{column.name}")
                continue
            alias, key = f"r_{column.name}", TABLES[column.refers_to].key
            number = number_of(str(key))
            joins += f" LEFT JOIN {self.tables[column.refers_to]} {alias} ON {alias}.{key} = t.{column.name}"
            picked.append(f"{alias}.{number} AS {number_of(column.name)}")
            dangling.append((column, f"t.{column.name} IS NOT NULL AND {alias}.{number} IS NULL"))
        if table.name == "presence":
            picked.append("t.seen_at_timed")
        lost = next((where for column, where in dangling if column.name == "source_id"), "false")
        needed = [where for column, where in dangling if column.required]
        name = f"{self.schema}.{table.name}" if table.key is None else f"{self.schema}.referred_{table.name}"
        where = " WHERE NOT (" + " OR ".join(needed) + ")" if needed else ""
        for column, _ in dangling:
            reason = f"is not in the table {column.refers_to}, or was set aside there"
            self.connection.execute(
                f"""INSERT INTO {self.schema}.rejected
                SELECT '{table.name}', t.row, '{column.name}', t.{column.name}, {_quote(reason)}, false
                FROM {target} t ANTI JOIN {self.tables[str(column.refers_to)]} r ON r.{TABLES[str(column.refers_to)].key} = t.{column.name}
                WHERE t.{column.name} IS NOT NULL"""
            )
        self.connection.execute(
            f"CREATE TABLE {name} AS SELECT {', '.join(picked)}, ({lost}) AS source_lost FROM {target} t{joins}{where}"
        )
        self.connection.execute(f"DROP TABLE {target}")

    # Access --------------------------------------------------------------------------------

    def _mark_restricted(self, table: Table, raw: RawTable) -> None:
        """Mark the faults of rows that rest on a restricted source: they too are for analysts only.

        A row set aside is looked up as it is written; one that could not be read as a row at all may rest
        on any source, so it is for analysts only wherever the table has sources.
        """
        if table.name not in restricted_tables() and table.name != "sources":
            return
        if not raw.columns or not ("source_id" in raw.columns or table.name in PARENTS):
            return
        if not self.one(f"SELECT count(*) FROM {self.schema}.rejected WHERE \"table\" = '{table.name}'"):
            return
        self.connection.execute(
            f"""UPDATE {self.schema}.rejected SET restricted = true
            WHERE "table" = '{table.name}' AND row NOT IN (SELECT row FROM ({self._open_rows(table, raw)}))"""
        )

    def _open_rows(self, table: Table, raw: RawTable) -> str:
        """Return the query for the rows as written that rest on no restricted source, neither their own nor their parent's."""
        if table.name == "sources":
            return f"SELECT row FROM {self.tables['sources']} WHERE NOT restricted"
        where = "true"
        if "source_id" in raw.columns:
            source = text_sql("source_id", raw.columns["source_id"])
            shared = f"SELECT source_id FROM {self.tables['sources']} WHERE NOT restricted"
            where = f"({source} IS NULL OR {source} IN ({shared}))"
        if table.name in PARENTS:
            parent, key = PARENTS[table.name]
            above = self.raw[parent]
            if key in above.columns:
                named, its = text_sql(key, raw.columns[key]), text_sql(key, above.columns[key])
                closed = f"SELECT {its} FROM {above.relation} GROUP BY 1 HAVING NOT bool_or(row IN ({self._open_rows(TABLES[parent], above)}))"
                where += f" AND ({named} IS NULL OR {named} NOT IN (SELECT * FROM ({closed}) c(id) WHERE id IS NOT NULL))"
        return f"SELECT row FROM {raw.relation} WHERE {where}"

    def _restricted_sources(self) -> str:
        """Return the condition under which a source is for analysts only: some row of its id says anything but P."""
        raw = self.raw["sources"]
        if "handling" not in raw.columns:
            return "false"
        key, handling = (text_sql(name, raw.columns[name]) for name in ("source_id", "handling"))
        return f"source_id IN (SELECT {key} FROM {raw.relation} WHERE {key} IS NOT NULL AND upper({handling}) <> '{OPEN_HANDLING}')"

    # Duplicates ----------------------------------------------------------------------------

    def _drop_duplicates(self, table: Table) -> None:
        if table.key is None:
            self._drop_same_rows(table)
        else:
            self._number_keys(table)

    def _drop_same_rows(self, table: Table) -> None:
        """Keep one of rows that say the same thing, word for word."""
        name = self.tables[table.name]
        said = [number_of(c.name) if c.refers_to else c.name for c in table.columns]
        # Nor is a row whose source was set aside the same as one that names no source.
        said += ["source_lost"] + (["seen_at_timed"] if table.name == "presence" else [])
        columns = ", ".join(said)
        same = f"{self.schema}.same"
        self.connection.execute(
            f"CREATE TABLE {same} AS SELECT {columns}, min(row) AS first_row FROM {name} GROUP BY ALL HAVING count(*) > 1"
        )
        if self.one(f"SELECT count(*) FROM {same}"):
            on = " AND ".join(f"t.{c} IS NOT DISTINCT FROM s.{c}" for c in columns.split(", "))
            self.connection.execute(
                f"""INSERT INTO {self.schema}.rejected SELECT '{table.name}', t.row, NULL, NULL,
                'says the same as row ' || s.first_row || ', which is kept', false
                FROM {name} t JOIN {same} s ON {on} WHERE t.row > s.first_row"""
            )
            self.connection.execute(f"DELETE FROM {name} t USING {same} s WHERE {on} AND t.row > s.first_row")
        self.connection.execute(f"DROP TABLE {same}")

    def _restricted(self, alias: str) -> str:
        return f"({alias}.source_lost OR coalesce({alias}.source_n IN (SELECT source_n FROM {self.tables['sources']} WHERE restricted), false))"

    def _number_keys(self, table: Table) -> None:
        """Number the rows of a table, people and sources in the order of their ids; of rows with one id keep the fullest."""
        name, referred, key = self.tables[table.name], f"{self.schema}.referred_{table.name}", str(table.key)
        number = number_of(key)
        twice = f"(SELECT {key} FROM {referred} GROUP BY 1 HAVING count(*) > 1)"
        if self.one(f"SELECT count(*) FROM {twice}"):
            self._keep_fullest(table, referred, twice)
        extra = ""
        if table.name == "sources":
            extra = f", {self._restricted_sources()} AS restricted"
        # Links run from the lower id to the higher, and of several sources the lowest id stands first.
        ordered = table.name in ("people", "sources")
        order = f"CAST(row_number() OVER (ORDER BY {key}) AS INTEGER)" if ordered else "CAST(row AS INTEGER)"
        self.connection.execute(
            f"CREATE TABLE {name} AS SELECT {order} AS {number}, *{extra} FROM {referred}"
        )
        self.connection.execute(f"DROP TABLE {referred}")

    def _keep_fullest(self, table: Table, referred: str, twice: str) -> None:
        """Of rows with one id keep one, chosen by what they say and never by where they stand."""
        others = [number_of(c.name) if c.refers_to else c.name for c in table.columns if c.name != table.key]
        open_first = "0"
        if "source_n" in others:
            open_first = f"CASE WHEN {self._restricted('t')} THEN 1 ELSE 0 END"
        elif table.name == "sources":
            # Where handling is in doubt, the stricter row stands.
            open_first = f"CASE WHEN handling <> '{OPEN_HANDLING}' THEN 0 ELSE 1 END"
        filled = " + ".join(f"CASE WHEN {c} IS NULL THEN 1 ELSE 0 END" for c in others)
        content = ", ".join(f"{self._said(c)} NULLS LAST" for c in table.columns if c.name != table.key)
        ranked = f"{self.schema}.ranked"
        self.connection.execute(
            f"""CREATE TABLE {ranked} AS SELECT *, row_number() OVER (PARTITION BY {table.key}
                ORDER BY {open_first}, {filled}, {content}, row) AS place
            FROM {referred} t WHERE {table.key} IN {twice}"""
        )
        kept = f"(SELECT {table.key}, row AS kept_row FROM {ranked} WHERE place = 1)"
        self.connection.execute(
            f"""INSERT INTO {self.schema}.rejected SELECT '{table.name}', t.row, '{table.key}', t.{table.key},
                'is also the id of row ' || k.kept_row || ', which says more or comes first and is kept; give each its own id', false
            FROM {ranked} t JOIN {kept} k USING ({table.key}) WHERE t.place > 1"""
        )
        self.connection.execute(
            f"DELETE FROM {referred} WHERE row IN (SELECT row FROM {ranked} WHERE place > 1)"
        )
        self.connection.execute(f"DROP TABLE {ranked}")

    def _said(self, column: Column) -> str:
        """Return the SQL for what a row says in a column, as text: the id and not its number, which the order of rows decides."""
        if column.refers_to is None:
            return f"CAST(t.{column.name} AS VARCHAR)"
        key, number = str(TABLES[column.refers_to].key), number_of(column.name)
        whose = number_of(key)
        return f"(SELECT r.{key} FROM {self.tables[column.refers_to]} r WHERE r.{whose} = t.{number})"

    # Accounts ------------------------------------------------------------------------------

    def _count(self, table: Table, raw: RawTable) -> None:
        kept = self.one(f"SELECT count(*) FROM {self.tables[table.name]}")
        faults = self.one(f"SELECT count(*) FROM {self.schema}.rejected WHERE \"table\" = '{table.name}'")
        self.counts[table.name] = {
            "read": raw.rows,
            "kept": kept,
            "set_aside": raw.rows - kept,
            "faults": faults,
        }

    def records(self, notes: list[str]) -> Records:
        rejected = self.connection.execute(
            f'SELECT * FROM {self.schema}.rejected ORDER BY "table", row NULLS FIRST, "column" NULLS FIRST, reason'
        ).df()
        return Records(self.connection, self.tables, rejected, self.counts, tuple(notes))


_WRITTEN = {
    "iso": "written year first, such as 2025-03-31 or 2025-03-31T18:45",
    "dmy": "written day first, such as 31/03/2025 or 31/03/2025 18:45, or year first, such as 2025-03-31",
}
_DAY_FIRST = "([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})(.*)"
_SQL_TYPES = {
    "date": "DATE",
    "time": "TIMESTAMP",
    "easting": "DOUBLE",
    "northing": "DOUBLE",
    "longitude": "DOUBLE",
    "latitude": "DOUBLE",
}
_NUMBERS = ("DOUBLE", "FLOAT", "INTEGER", "BIGINT", "SMALLINT", "UINTEGER", "UBIGINT", "HUGEINT")
_RANGES = {"easting": EASTINGS, "northing": NORTHINGS, "longitude": LONGITUDES, "latitude": LATITUDES}


def _clean(column: Column, sql_type: str) -> str:
    """Return the SQL for a column as written, without the spaces around it; null where it is empty."""
    dated = column.kind in ("date", "time") and sql_type.startswith(("DATE", "TIMESTAMP"))
    if dated or (column.kind in _RANGES and sql_type in _NUMBERS):
        return column.name
    return text_sql(column.name, sql_type)


def text_sql(column: str, sql_type: str) -> str:
    """Return the SQL for a value as text without the spaces around it, null where nothing is left; 7.0 is written 7."""
    written = column if sql_type == "VARCHAR" else f"CAST({column} AS VARCHAR)"
    if sql_type in ("DOUBLE", "FLOAT"):
        whole = f"{column} = floor({column}) AND abs({column}) < 1e15"
        written = f"CASE WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) ELSE {written} END"
    # Nearly every value begins and ends with a plain character; the full list of spaces is slow to try.
    plain = " AND ".join(f"unicode({end}) BETWEEN 33 AND 126" for end in (written, f"right({written}, 1)"))
    return f"CASE WHEN {plain} THEN {written} ELSE nullif(trim({written}, '{SPACES}'), '') END"


def _postcode(x: str) -> str:
    """Return the SQL for a postcode in capitals with one space before its last three characters."""
    plain = f"replace(upper({x}), ' ', '')"
    return f"(substr({plain}, 1, length({plain}) - 3) || ' ' || right({plain}, 3))"


def _in_years(value: str) -> str:
    return f"CASE WHEN year({value}) BETWEEN {YEARS[0]} AND {YEARS[1]} THEN {value} END"


def day_first_sql(x: str) -> str:
    """Return the SQL for whether a text begins like a date written day first, such as 31/03/2025."""
    return f"regexp_full_match({x}, '{_DAY_FIRST}')"


def year_first_sql(x: str) -> str:
    """Return the SQL for a text with a date written day first turned year first; any other text as it is."""
    day, month, year, rest = (f"regexp_extract({x}, '^{_DAY_FIRST}$', {i})" for i in (1, 2, 3, 4))
    turned = f"{year} || '-' || lpad({month}, 2, '0') || '-' || lpad({day}, 2, '0') || {rest}"
    return f"(CASE WHEN {day_first_sql(x)} THEN {turned} ELSE {x} END)"


def _time_parser(x: str, dates: Dates, *, whole: bool) -> str:
    """Return SQL that reads an ISO 8601 date or time (and day-first ones under "dmy") as local time in the United Kingdom."""
    if dates == "dmy":
        x = year_first_sql(x)
    day = f"(substr({x}, 5, 1) = '-' AND substr({x}, 8, 1) = '-')"
    time = "[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
    clock = f"regexp_full_match(substr({x}, 11), '{time}')"
    zoned = f"regexp_full_match(substr({x}, 11), '{time}(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)')"
    # 2025-03-31T18:45, with or without seconds: told by its colons, which is quicker than a pattern.
    # The last digit tells it from 10:3Z, which would be read without its zone.
    begun = (
        f"substr({x}, 11, 1) IN ('T', ' ') AND substr({x}, 14, 1) = ':' AND right({x}, 1) BETWEEN '0' AND '9'"
    )
    usual = f"({begun} AND (length({x}) = 16 OR (length({x}) = 19 AND substr({x}, 17, 1) = ':')))"
    value = (
        f"CASE WHEN NOT {day} THEN NULL"
        f" WHEN length({x}) = 10 THEN TRY_CAST(TRY_CAST({x} AS DATE) AS TIMESTAMP)"
        f" WHEN {usual} OR {clock} THEN TRY_CAST({x} AS TIMESTAMP)"
        f" WHEN {zoned} THEN timezone('Europe/London', TRY_CAST({x} AS TIMESTAMPTZ)) END"
    )
    return value if whole else f"CAST({value} AS DATE)"


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def restricted_tables() -> tuple[str, ...]:
    """Return the tables whose rows may rest on a source, parents before the rows that hang on them."""
    with_source = [
        name
        for name in ORDER
        if name != "sources" and any(column.name == "source_id" for column in TABLES[name].columns)
    ]
    return tuple(sorted(with_source, key=lambda name: name in PARENTS))
