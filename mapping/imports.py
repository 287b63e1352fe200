"""Import a case into a store: what an import would change is said first, it is applied whole, and it can be undone."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import sqlalchemy as sa

from mapping.contract import TABLES
from mapping.entries import Entry, standing_entries
from mapping.records import ORDER, Dates, day_first_sql, open_connection, text_sql, year_first_sql
from mapping.row_keys import row_key_sql
from mapping.store import Store, as_utc, metadata, now, reading, writing
from mapping.tables import RawTable, load_tables

# Rows written at a time.
BATCH = 5_000
# Rows of a change shown with their values.
MOST_SHOWN = 200
# A table that would lose this many rows, and more than one in so many of its rows, may not have arrived whole.
FEW, LARGE_SHARE = 10, 10
# A moment as spreadsheets, databases and people write it to the minute, as a value in JSON.
_MOMENT = r'"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::00(?:\.0+)?)?"'
_imports = sa.Table(
    "imports",
    metadata,
    sa.Column("import_n", sa.Integer, primary_key=True),
    sa.Column("undoes", sa.Integer, sa.ForeignKey("imports.import_n"), unique=True),
    sa.Column("case_name", sa.String(200), nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),
)
_rows = sa.Table(
    "case_rows",
    metadata,
    sa.Column("case_row_n", sa.Integer, primary_key=True),
    sa.Column("import_n", sa.Integer, sa.ForeignKey("imports.import_n"), nullable=False),
    sa.Column("table_name", sa.String(40), nullable=False),
    sa.Column("row_key", sa.Text, nullable=False),
    sa.Column("content", sa.Text),
    sa.Index("case_rows_by_key", "table_name", "row_key", "import_n"),
)
CHANGES = ("new", "changed", "unchanged", "vanished")


class ImportedMeanwhileError(ValueError):
    """Somebody else imported or undid something since this import was compared."""


@dataclass(frozen=True)
class Comparison:
    """What importing a case would change; nothing is changed yet.

    Attributes
    ----------
    case : the folder or workbook.
    counts : table to the number of rows that are new, changed, unchanged and vanished.
    unreadable : sentences on rows that cannot be read as rows at all, and so are not imported.
    after : the last import when this was compared.
    connection : holds the table `difference`: table_name, row_key, content (null: vanished), was, change;
        without the rows that are unchanged.
    by_hand : where the copy says otherwise than somebody corrected by hand, whose word stands: table, row_key,
        column, now (what the copy says), stands, by, why; of rows taken out by hand, no column.
    day_first : how many dates are written day first and kept so, which no reader of the store can use.
    """

    case: Path
    counts: Mapping[str, Mapping[str, int]]
    unreadable: tuple[str, ...]
    after: int
    connection: duckdb.DuckDBPyConnection
    by_hand: pd.DataFrame
    day_first: int = 0

    @property
    def changes(self) -> bool:
        """Whether anything would change."""
        return any(
            count for each in self.counts.values() for name, count in each.items() if name != "unchanged"
        )

    def table(self) -> pd.DataFrame:
        """Return one row a table: table, new, changed, unchanged, vanished."""
        rows = [{"table": name, **each} for name, each in self.counts.items()]
        return pd.DataFrame(rows, columns=["table", *CHANGES])

    @property
    def losses(self) -> dict[str, tuple[int, int]]:
        """The tables that would lose so many rows that the copy may not be whole: how many, of how many."""
        held = {name: sum(each.values()) - each["new"] for name, each in self.counts.items()}
        return {
            name: (each["vanished"], held[name])
            for name, each in self.counts.items()
            if each["vanished"] >= FEW and each["vanished"] * LARGE_SHARE > held[name]
        }

    def shown(self, table: str, change: str, *, limit: int = MOST_SHOWN) -> pd.DataFrame:
        """Return rows of one change with what they say: row_key, column, was, now; by key.

        A new row has an empty `was`, a vanished one an empty `now`; of a changed row the columns that differ.
        """
        rows = self.connection.execute(
            "SELECT row_key, was, content FROM difference WHERE table_name = ? AND change = ? ORDER BY row_key LIMIT ?",
            [table, change, limit],
        ).fetchall()
        said = [
            (key, column, before, after)
            for key, was, content in rows
            for column, before, after in _differing(was, content)
        ]
        return pd.DataFrame(said, columns=["row_key", "column", "was", "now"], dtype="str")


def _differing(was: str | None, content: str | None) -> Iterator[tuple[str, str, str]]:
    before, after = (json.loads(text) if text else {} for text in (was, content))
    for column in dict.fromkeys([*before, *after]):
        one, other = before.get(column, ""), after.get(column, "")
        if _same_moment(one) != _same_moment(other):
            yield column, one, other


def _same_moment(text: str) -> str:
    """Return a value with a moment to the minute written in one way."""
    return re.sub(f"^{_MOMENT}$", r"\1T\2", f'"{text}"')


def compare_import(
    store: Store,
    case: Path | str,
    *,
    dates: Dates = "iso",
    connection: duckdb.DuckDBPyConnection | None = None,
) -> Comparison:
    """Compare a case with what the store holds, row by row, before anything is imported.

    A row is known again by its id, or where its table has none by who, what and when it names; of rows that
    name the same, the first is compared with the first. Rows are kept as they are written, faulty values too:
    what can be used of them is decided when the case is read. A moment that is only written in another way,
    as by a spreadsheet, is not a change.

    Parameters
    ----------
    dates : "dmy" turns dates written day first, such as 31/03/2025, year first, which is how the store keeps them.

    Raises
    ------
    CaseError
        The case cannot be read at all.
    """
    case, connection = Path(case), connection or open_connection()
    connection.execute("CREATE SCHEMA importing")
    raw, _ = load_tables(connection, case, schema="importing", everything=True)
    day_first = 0
    if dates == "dmy":
        raw = {name: _year_first(table) for name, table in raw.items()}
    else:
        day_first = sum(_day_first(connection, table) for table in raw.values())
    _write_arriving(connection, raw)
    after = _write_standing(store, connection)
    same = f"regexp_replace(%s.content, {_quote(_MOMENT)}, '\"\\1T\\2\"', 'g')"
    connection.execute(
        f"""CREATE TABLE difference AS SELECT coalesce(a.table_name, s.table_name) AS table_name,
            coalesce(a.row_key, s.row_key) AS row_key, a.content, s.content AS was,
            CASE WHEN s.row_key IS NULL THEN 'new' WHEN a.row_key IS NULL THEN 'vanished'
                WHEN {same % "a"} = {same % "s"} THEN 'unchanged' ELSE 'changed' END AS change
        FROM arriving a FULL JOIN standing s ON a.table_name = s.table_name AND a.row_key = s.row_key"""
    )
    found = connection.execute("SELECT table_name, change, count(*) FROM difference GROUP BY ALL").fetchall()
    counts = {name: dict.fromkeys(CHANGES, 0) for name in ORDER}
    for name, change, count in found:
        counts[name][change] = count
    counts = {name: each for name, each in counts.items() if any(each.values())}
    unreadable = tuple(
        f"{fault.table} row {fault.row}: {fault.reason}" for table in raw.values() for fault in table.faults
    )
    # Whoever looks at a comparison keeps it open meanwhile: no more is held than they can look at.
    connection.execute("DROP SCHEMA importing CASCADE; DROP TABLE arriving; DROP TABLE standing")
    connection.execute("DELETE FROM difference WHERE change = 'unchanged'")
    by_hand = _by_hand(connection, standing_entries(store, "record"))
    return Comparison(case, counts, unreadable, after, connection, by_hand, day_first)


def _dated(table: RawTable) -> list[str]:
    """Return the columns of dates and times that are text."""
    columns = TABLES[table.name].columns
    return [
        each.name
        for each in columns
        if each.kind in ("date", "time") and table.columns.get(each.name) == "VARCHAR"
    ]


def _year_first(table: RawTable) -> RawTable:
    """Return a table whose dates are written year first."""
    if not (dated := _dated(table)):
        return table
    turned = ", ".join(f"{year_first_sql(f'trim({name})')} AS {name}" for name in dated)
    return replace(table, relation=f"(SELECT * REPLACE ({turned}) FROM {table.relation})")


def _day_first(connection: duckdb.DuckDBPyConnection, table: RawTable) -> int:
    """Count the dates of a table that are written day first."""
    if not (dated := _dated(table)):
        return 0
    each = " + ".join(f"count_if({day_first_sql(f'trim({name})')})" for name in dated)
    found = connection.execute(f"SELECT {each} FROM {table.relation}").fetchall()
    return int(found[0][0])


def _by_hand(connection: duckdb.DuckDBPyConnection, entries: Sequence[Entry]) -> pd.DataFrame:
    """Return where what would be imported says otherwise than what somebody corrected or took out by hand."""
    # A row that names the same as one before it has a number after its key; an id may end in one too.
    query = """SELECT was, content FROM difference
        WHERE table_name = $1 AND (row_key = $2 OR regexp_replace(row_key, '#\\d+$', '') = $2) ORDER BY ALL"""
    found = []
    for entry in entries:
        table, key, said = entry.content["table"], entry.content.get("key"), entry.content["row"]
        rows = connection.execute(query, [table, key]).fetchall() if key else []
        found += [
            (table, key, *told, entry.by, entry.why)
            for was, content in rows
            for told in _otherwise(was, content, said)
        ]
    columns = ["table", "row_key", "column", "now", "stands", "by", "why"]
    return pd.DataFrame(found, columns=columns, dtype="str")


def _otherwise(
    was: str | None, content: str | None, said: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """Give the column, what would be imported and what stands, where a row would be other than somebody put it."""
    if said and content is None:
        yield "", "not in this copy", "the correction has no row any more"
    elif not said and content is not None:
        yield "", "", "taken out"
    elif said:
        for column, _, now in _differing(was, content):
            if column in said and _same_moment(now) != _same_moment(said[column]):
                yield column, now, said[column]


def _write_arriving(connection: duckdb.DuckDBPyConnection, raw: Mapping[str, RawTable]) -> None:
    """Write the rows of a case as text under their keys; the second of a key is told from the first by a number."""
    connection.execute("CREATE TABLE arriving (table_name VARCHAR, row_key VARCHAR, content VARCHAR)")
    for name, table in raw.items():
        described = connection.execute(f"DESCRIBE SELECT * FROM {table.relation}").fetchall()
        types = {column: kind for column, kind, *_ in described if column != "row"}
        columns = sorted(types)
        called = ", ".join(_quote(column.removeprefix("+").strip()) for column in columns)
        values = ", ".join(_written(connection, table, column, types[column]) for column in columns)
        content = f"to_json(map_from_entries(list_filter(list_zip([{called}], [{values}]), lambda pair: pair[2] <> '')))"
        key = row_key_sql(TABLES[name], table.columns)
        connection.execute(
            f"""INSERT INTO arriving
            SELECT '{name}', row_key || CASE WHEN again > 1 THEN '#' || again ELSE '' END, content
            FROM (SELECT row_key, content, row_number() OVER (PARTITION BY row_key ORDER BY content, row) AS again
                FROM (SELECT row, {key} AS row_key, {content}::VARCHAR AS content FROM {table.relation}))"""
        )


def _written(connection: duckdb.DuckDBPyConnection, table: RawTable, column: str, sql_type: str) -> str:
    """Return the SQL for a value as text; moments that are all at midnight are days."""
    name = '"' + column.replace('"', '""') + '"'
    if sql_type.startswith("TIMESTAMP"):
        timed = f"SELECT 1 FROM {table.relation} WHERE date_trunc('day', {name}) <> {name} LIMIT 1"
        if not connection.execute(timed).fetchall():
            return f"CAST(CAST({name} AS DATE) AS VARCHAR)"
    return text_sql(name, sql_type)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _write_standing(store: Store, connection: duckdb.DuckDBPyConnection) -> int:
    """Write the rows that the store holds now; return the number of the last import."""
    connection.execute("CREATE TABLE standing (table_name VARCHAR, row_key VARCHAR, content VARCHAR)")
    with reading(store) as database:
        after = _last(database)
        result = database.execution_options(stream_results=True).execute(_standing())
        for batch in result.partitions(BATCH * 10):
            frame = pd.DataFrame([tuple(row) for row in batch], columns=["table_name", "row_key", "content"])
            connection.register("batch", frame)
            connection.execute("INSERT INTO standing SELECT * FROM batch")
            connection.unregister("batch")
    return after


def _last(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(sa.func.max(_imports.c.import_n))).scalar() or 0)


def _counting() -> sa.Select[Any]:
    """Return the query for the imports that count: neither undone nor an undoing."""
    undone = sa.select(_imports.c.undoes).where(_imports.c.undoes.is_not(None))
    return sa.select(_imports.c.import_n).where(
        _imports.c.undoes.is_(None), _imports.c.import_n.not_in(undone)
    )


def _standing() -> sa.Select[Any]:
    """Return the query for the rows that stand: each in the last import that counts and names it."""
    counting = _counting().subquery()
    latest = (
        sa.select(_rows.c.table_name, _rows.c.row_key, sa.func.max(_rows.c.import_n).label("import_n"))
        .where(_rows.c.import_n.in_(sa.select(counting.c.import_n)))
        .group_by(_rows.c.table_name, _rows.c.row_key)
        .subquery()
    )
    return (
        sa.select(_rows.c.table_name, _rows.c.row_key, _rows.c.content)
        .join(
            latest,
            sa.and_(
                _rows.c.table_name == latest.c.table_name,
                _rows.c.row_key == latest.c.row_key,
                _rows.c.import_n == latest.c.import_n,
            ),
        )
        .where(_rows.c.content.is_not(None))
    )


def apply_import(
    store: Store, comparison: Comparison, *, by: str, why: str = "", at: datetime | None = None
) -> int:
    """Apply a comparison: what is new, changed or vanished is written beside what was there before.

    Returns
    -------
    The number of the import.

    Raises
    ------
    ValueError
        Nobody is named, or nothing would change.
    ImportedMeanwhileError
        Somebody else imported or undid something since it was compared.
    OSError
        The store cannot be written; nothing was imported.
    """
    if not by.strip():
        msg = "Nothing was imported: nobody is named as importing it. Give your name."
        raise ValueError(msg)
    if not comparison.changes:
        msg = "Nothing was imported: every row of the case is in the store already, word for word."
        raise ValueError(msg)
    rows = comparison.connection.execute(
        "SELECT table_name, row_key, content FROM difference WHERE change <> 'unchanged' ORDER BY ALL"
    )
    with writing(store, "The import") as database:
        if _last(database) != comparison.after:
            raise ImportedMeanwhileError(_MEANWHILE)
        said = {
            "import_n": comparison.after + 1,
            "case_name": comparison.case.resolve().name,
            "by": by.strip()[:200],
            "at": now() if at is None else as_utc(at),
            "why": why.strip(),
            "counts": {
                "tables": {name: dict(each) for name, each in comparison.counts.items()},
                "unreadable": len(comparison.unreadable),
                "by_hand": len(comparison.by_hand),
                "geography": _geography(comparison.case),
            },
        }
        database.execute(sa.insert(_imports).values(said))
        while batch := rows.fetchmany(BATCH):
            database.execute(
                sa.insert(_rows),
                [
                    {"import_n": said["import_n"], "table_name": table, "row_key": key, "content": content}
                    for table, key, content in batch
                ],
            )
    return comparison.after + 1


_MEANWHILE = "Nothing was imported: somebody else imported or undid an import since this case was compared. Compare it again."


_UNDONE_MEANWHILE = (
    "Nothing was undone: somebody else imported or undid an import since you looked. Look at the list again."
)


def _geography(case: Path) -> str:
    """Return the geography folder of a case, which stays where it is; "" where it has none."""
    folder = case.resolve() / "geography"
    return str(folder) if folder.is_dir() else ""


def undo_import(
    store: Store, *, by: str, why: str, at: datetime | None = None, after: int | None = None
) -> int:
    """Undo the last import that counts; its rows stay in the history, and what stood before stands again.

    Parameters
    ----------
    after : the last import or undoing that whoever undoes it has seen; None to undo whatever is the last.

    Returns
    -------
    The number of the import that was undone.

    Raises
    ------
    ValueError
        There is no import to undo, or who or why is missing.
    ImportedMeanwhileError
        Somebody else imported or undid something since it was looked at.
    """
    if not by.strip() or not why.strip():
        msg = "Nothing was undone: say who undoes the import, and why."
        raise ValueError(msg)
    with writing(store, "The undoing of the import") as database:
        if after is not None and _last(database) != after:
            raise ImportedMeanwhileError(_UNDONE_MEANWHILE)
        last = database.execute(_counting().order_by(_imports.c.import_n.desc()).limit(1)).scalar()
        if last is None:
            msg = "There is no import to undo."
            raise ValueError(msg)
        row = database.execute(sa.select(_imports).where(_imports.c.import_n == last)).mappings().one()
        database.execute(
            sa.insert(_imports).values(
                import_n=_last(database) + 1,
                undoes=last,
                case_name=row["case_name"],
                by=by.strip()[:200],
                at=now() if at is None else as_utc(at),
                why=why.strip(),
                counts={},
            )
        )
    return int(last)


def list_imports(store: Store) -> pd.DataFrame:
    """Return every import and undoing: import_n, undoes, case_name, by, at (UTC), why, counts, undone; in order."""
    with reading(store) as connection:
        rows = [
            dict(row)
            for row in connection.execute(sa.select(_imports).order_by(_imports.c.import_n)).mappings()
        ]
    undone = {row["undoes"] for row in rows}
    return pd.DataFrame(
        [{**row, "at": row["at"].replace(tzinfo=UTC), "undone": row["import_n"] in undone} for row in rows],
        columns=[*_imports.c.keys(), "undone"],
    )


def check_out(store: Store, root: Path) -> Path:
    """Write the case that a store holds as a case folder under `root`; return the folder.

    It is named after the last import, so that it is written once for each and readers of an earlier one
    keep theirs. The geography folder is the one of the last import that had one, of those still there: a
    nightly copy of the tables need not bring the maps again.

    Raises
    ------
    ValueError
        The store holds no case.
    """
    with reading(store) as connection:
        after = _last(connection)
        row = (
            connection.execute(
                sa.select(_imports)
                .where(_imports.c.import_n.in_(_counting()))
                .order_by(_imports.c.import_n.desc())
                .limit(1)
            )
            .mappings()
            .first()
        )
    if row is None:
        msg = f"The store {store.where} holds no case yet. Import one first: contextmap import CASE --store URL."
        raise ValueError(msg)
    folder = root / f"import-{after}" / str(row["case_name"]).removesuffix(".xlsx")
    if folder.is_dir():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".writing-", dir=root))
    with open_connection() as connection:
        _write_standing(store, connection)
        for name in ORDER:
            _write_table(connection, name, partial)
    if places := _last_geography(store):
        (partial / "geography").symlink_to(places, target_is_directory=True)
    folder.parent.mkdir(exist_ok=True)
    try:
        partial.rename(folder)
    except OSError:  # another has just written the same
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _last_geography(store: Store) -> Path | None:
    """Return the geography folder of the last import that counts and named one that is still there."""
    query = sa.select(_imports.c.counts).where(_imports.c.import_n.in_(_counting()))
    with reading(store) as connection:
        named = connection.execute(query.order_by(_imports.c.import_n.desc())).scalars().all()
    found = (Path(counts["geography"]) for counts in named if counts.get("geography"))
    return next((folder for folder in found if folder.is_dir()), None)


def _write_table(connection: duckdb.DuckDBPyConnection, name: str, folder: Path) -> None:
    """Write one table of the standing rows as Parquet, in the order of their keys."""
    rows = connection.execute(
        "SELECT content FROM standing WHERE table_name = ? ORDER BY row_key", [name]
    ).fetchall()
    if not rows:
        return
    contents = [json.loads(content) for (content,) in rows]
    extra = sorted({column for content in contents for column in content} - set(TABLES[name].names))
    columns: Sequence[str] = [*TABLES[name].names, *extra]
    frame = pd.DataFrame(
        {column: pd.array([content.get(column) for content in contents], dtype="str") for column in columns}
    )
    frame.to_parquet(folder / f"{name}.parquet", index=False)
