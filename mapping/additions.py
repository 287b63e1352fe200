"""Add to the records of a case what people enter by hand, correct rows and take rows out; each says who, when and why."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from mapping.codes import load_codes
from mapping.contract import TABLES, Table
from mapping.row_keys import row_key_sql
from mapping.storage import may_be_kept, store_url
from mapping.tables import RawTable

if TYPE_CHECKING:
    from mapping.entries import Entry
    from mapping.store import Store

Row = tuple[tuple[str, str], ...]
# Ids given to what is entered by hand.
PREFIX = "ENTERED"


@dataclass(frozen=True)
class Addition:
    """One change to the rows of a case.

    Attributes
    ----------
    table : which table.
    key : the key of the row that is corrected or taken out; "" for a new row.
    row : column and text, sorted: a new row, or what is corrected in one; empty where the row is taken out.
    """

    table: str
    key: str
    row: Row

    @property
    def withdrawn(self) -> bool:
        """Whether it takes a row out."""
        return bool(self.key) and not self.row


def add_record(
    store: Store,
    table: str,
    row: Mapping[str, str],
    *,
    by: str,
    how: str = "",
    agency: str = "",
    kind: str = "social_care",
    recorded_on: date | None = None,
    handling: str = "",
    role: str = "",
    at: datetime | None = None,
) -> Entry:
    """Add a row to a table of the case, with a source of its own that says how it is known.

    Parameters
    ----------
    row : column to text, dates as ISO 8601; the id of a person, place, thing or event may be left out, and
        is then given.
    by : who enters it.
    how : the answer to "how do you know?"; needed where the table's rows rest on a source and `row` names none.
    agency, kind, recorded_on : of the source; by default today. It is not graded: grading is an analyst's job.
    handling : code of the list `handling`; C is for those only who see restricted reports.
    role : the role in which it is entered, from `mapping.access.ROLES`.

    Returns
    -------
    The entry of kind "record"; its content has `table`, `row` and, where there is one, `source`.

    Raises
    ------
    ValueError
        The row has a fault; all are said.
    """
    from mapping.entries import keep_entry

    entry_id = uuid.uuid4().hex[:12]
    whole = {name: str(value).strip() for name, value in row.items() if str(value).strip()}
    known = TABLES.get(table)
    if known is not None and known.key and known.key not in whole:
        whole[known.key] = f"{PREFIX}-{entry_id}"
    faults = _faults(table, whole, whole=True)
    content: dict[str, object] = {"table": table, **({"role": role} if role else {})}
    if known is not None and "source_id" in known.names and "source_id" not in whole:
        if not how.strip():
            faults.append("nothing says how it is known")
        day = recorded_on or (at or datetime.now()).date()
        source = {
            "source_id": f"{PREFIX}-S-{entry_id}",
            "kind": kind,
            "agency": agency.strip(),
            "recorded_on": day.isoformat(),
            "text": how.strip(),
            "handling": handling,
        }
        faults += _faults("sources", source, whole=True)
        whole["source_id"] = source["source_id"]
        content["source"] = {name: value for name, value in source.items() if value}
    _refuse(faults)
    return keep_entry(
        store, "record", {**content, "row": whole}, by=by, why=how, entry_id=entry_id, after=0, at=at
    )


def correct_record(
    store: Store,
    table: str,
    key: str,
    changes: Mapping[str, str],
    *,
    by: str,
    why: str,
    after: int | None = None,
) -> Entry:
    """Correct values of one row of the case; what was written before stays in the file and in the history.

    What was corrected in the row before stays corrected, where it is not corrected again.

    Parameters
    ----------
    key : the row's key, from `mapping.row_keys.row_key`.
    changes : column to its corrected text; "" empties it.

    Raises
    ------
    ValueError
        A value has a fault, nothing is changed, or who or why is missing.
    """
    from mapping.entries import entry_history, keep_entry

    said = {name: str(value).strip() for name, value in changes.items()}
    faults = _faults(table, said, whole=False)
    if not said:
        faults.append("nothing is corrected")
    if not why.strip():
        faults.append("no reason is given")
    _refuse(faults)
    entry_id = _entry_id(table, key)
    last = next(iter(entry_history(store, "record", entry_id)[-1:]), None)
    before = last.content["row"] if last is not None and not last.removed else {}
    seen = after if after is not None or last is None else last.turn
    content = {"table": table, "key": key, "row": {**before, **said}}
    return keep_entry(store, "record", content, by=by, why=why, entry_id=entry_id, after=seen)


def withdraw_record(
    store: Store, table: str, key: str, *, by: str, why: str, after: int | None = None
) -> Entry:
    """Take a row out of the case, because it was written in error; it stays in the file and in the history.

    Raises
    ------
    ValueError
        There is no such table, or who or why is missing.
    """
    from mapping.entries import keep_entry

    faults = _faults(table, {}, whole=False)
    if not why.strip():
        faults.append("no reason is given")
    _refuse(faults)
    content = {"table": table, "key": key, "row": {}}
    return keep_entry(store, "record", content, by=by, why=why, entry_id=_entry_id(table, key), after=after)


def _entry_id(table: str, key: str) -> str:
    """Return the entry that holds every correction of one row."""
    return f"{table}:{uuid.uuid5(uuid.NAMESPACE_URL, key).hex[:16]}"


def _refuse(faults: Sequence[str]) -> None:
    if faults:
        msg = f"This was not kept: {'; '.join(faults)}."
        raise ValueError(msg)


def _faults(table: str, row: Mapping[str, str], *, whole: bool) -> list[str]:
    """Return what is wrong with a row, one phrase a fault."""
    if table not in TABLES:
        return [f"{table!r} is not a table of a case (use one of {', '.join(TABLES)})"]
    known, codes = TABLES[table], load_codes()
    unknown = [name for name in row if name not in known.names]
    faults = [f"{table} has no column {name}" for name in unknown]
    if whole:
        faults += [f"{table} needs {name}" for name in known.required if not row.get(name)]
    for name, value in row.items():
        if name in unknown or not value:
            continue
        column = known.column(name)
        if column.codes is not None and value not in codes[column.codes]:
            faults.append(
                f"{name} {value!r} is not in its list (use one of {', '.join(codes[column.codes])})"
            )
        if column.kind in ("date", "time") and not _is_iso(value):
            faults.append(
                f"{name} {value!r} is not a date (write it year first, such as 2025-03-31 or 2025-03-31T18:45)"
            )
        if column.kind == "yes_no" and value not in ("Y", "N"):
            faults.append(f"{name} {value!r} is neither Y nor N")
    if not whole:
        faults += [f"{name} cannot be emptied" for name in known.required if row.get(name) == ""]
    return faults


def _is_iso(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def additions(entries: Iterable[Entry]) -> tuple[Addition, ...]:
    """Return the changes that entries of kind "record" make, in the order in which they were begun."""
    found = []
    for entry in entries:
        content = entry.content
        if source := content.get("source"):
            found.append(Addition("sources", "", tuple(sorted(source.items()))))
        found.append(
            Addition(content["table"], content.get("key", ""), tuple(sorted(content["row"].items())))
        )
    return tuple(found)


def load_additions(case: Path | str, decisions: Path | str | None = None) -> tuple[Addition, ...]:
    """Load what was entered by hand about a case; none where nothing was.

    Parameters
    ----------
    decisions : the store, a file or a database URL; by default what CONTEXTMAP_STORE names, or the file
        beside the case, where there is one.
    """
    if not may_be_kept(case, decisions):
        return ()
    from mapping.entries import load_entries  # takes a while to load

    return additions(load_entries(store_url(case, decisions), "record"))


def apply_additions(
    connection: duckdb.DuckDBPyConnection,
    raw: Mapping[str, RawTable],
    changes: Sequence[Addition],
    *,
    schema: str,
) -> dict[str, RawTable]:
    """Return the tables as written with the changes applied; the files stay as they are.

    New rows come after those of the file. A correction or withdrawal of a row that is not there does
    nothing and is said in the table's notes.
    """
    changed = dict(raw)
    for name in dict.fromkeys(change.table for change in changes):
        own = [change for change in changes if change.table == name]
        changed[name] = _apply(connection, TABLES[name], raw.get(name), own, schema)
    return changed


def _apply(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    raw: RawTable | None,
    changes: Sequence[Addition],
    schema: str,
) -> RawTable:
    raw = raw or RawTable(table.name, "(SELECT CAST(NULL AS BIGINT) AS row WHERE false)", {})
    named = {column for change in changes for column, _ in change.row}
    columns = dict(raw.columns) | {
        column: "VARCHAR" for column in table.names if column in named and column not in raw.columns
    }
    absent = "".join(f", CAST(NULL AS VARCHAR) AS {name}" for name in columns if name not in raw.columns)
    relation = f"{schema}.entered_{table.name}"
    connection.execute(f"CREATE TABLE {relation} AS SELECT *{absent} FROM {raw.relation}")
    result = replace(raw, relation=relation, columns=columns)
    # First, so that what was entered by hand can be corrected and taken out like any other row.
    added = [change for change in changes if not change.key]
    _insert(connection, relation, columns, added)
    corrected, withdrawn, lost = 0, 0, []
    for change in (each for each in changes if each.key):
        where = f"{row_key_sql(table, columns)} = ?"
        if change.withdrawn:
            done = connection.execute(f"DELETE FROM {relation} WHERE {where}", [change.key]).fetchone()
            withdrawn += _count(done)
        else:
            values = ", ".join(
                f"{name} = TRY_CAST(nullif(?, '') AS {columns[name]})" for name, _ in change.row
            )
            done = connection.execute(
                f"UPDATE {relation} SET {values} WHERE {where}",
                [*(value for _, value in change.row), change.key],
            ).fetchone()
            corrected += _count(done)
        if not _count(done):
            lost.append(change.key)
    rows = raw.rows + len(added) - withdrawn
    return replace(
        result, rows=rows, notes=(*raw.notes, *_notes(table, len(added), corrected, withdrawn, lost))
    )


def _count(done: tuple[object, ...] | None) -> int:
    return int(str(done[0])) if done else 0


def _insert(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    columns: Mapping[str, str],
    added: Sequence[Addition],
) -> None:
    """Put new rows after the last of the file."""
    last = connection.execute(f"SELECT coalesce(max(row), 1) FROM {relation}").fetchone()
    first = int(last[0] if last else 1) + 1
    for number, change in enumerate(added, start=first):
        names = ["row", *(name for name, _ in change.row)]
        values = ["?", *(f"TRY_CAST(? AS {columns[name]})" for name, _ in change.row)]
        connection.execute(
            f"INSERT INTO {relation} ({', '.join(names)}) VALUES ({', '.join(values)})",
            [number, *(value for _, value in change.row)],
        )


def _notes(table: Table, added: int, corrected: int, withdrawn: int, lost: Sequence[str]) -> tuple[str, ...]:
    said = [
        f"{count:,} {'row' if count == 1 else 'rows'} {done}"
        for count, done in (
            (added, "entered by hand"),
            (corrected, "corrected"),
            (withdrawn, "taken out as written in error"),
        )
        if count
    ]
    notes = [f"{table.name}: {', '.join(said)}."] if said else []
    notes += [
        f"{table.name}: the row {key!r} that somebody corrected or took out is not in the case any more."
        for key in lost
    ]
    return tuple(notes)
