"""Read the tables of a case folder as they are: CSV, Parquet or a workbook, each row numbered as a spreadsheet shows it."""

from __future__ import annotations

import codecs
import csv
import glob
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from mapping.contract import REQUIRED_TABLES, TABLES, Table

SUFFIXES = (".csv", ".parquet")
# What a file begins with when it is something else under a .csv name.
SIGNATURES = {
    b"PK\x03\x04": "a workbook or a zip file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet file",
    b"\x89PNG": "a picture",
    b"\x1f\x8b": "a compressed file",
}
# A value may be as long as it likes; Python's own limit is 131,072 characters.
csv.field_size_limit(1 << 30)
# At most this many columns that nobody reads are named in a note.
NAMED = 20
ENCODING_NAMES = {"utf-8-sig": "UTF-8 with a byte-order mark", "utf-8": "UTF-8", "cp1252": "Windows-1252"}


@dataclass(frozen=True)
class Fault:
    """One thing wrong with the input: where it is, what stands there and what to do about it."""

    table: str
    row: int | None
    column: str | None
    value: str | None
    reason: str


class CaseError(ValueError):
    """The case folder cannot be read at all; `faults` says everything that stands in the way."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Gather the faults; the message holds a sentence for each."""
        self.faults = tuple(faults)
        super().__init__("\n".join(fault.reason for fault in self.faults))


@dataclass(frozen=True)
class RawTable:
    """A table as written: the DuckDB table or scan that holds it, and what was noticed while reading.

    Attributes
    ----------
    relation : SQL that can stand after FROM; has a column `row` and the columns of `columns`.
    columns : contract columns that the file has, with their DuckDB types.
    extra : other columns, kept in the file and not read.
    faults : rows that could not be read as a row of this table.
    notes : sentences about the file as a whole (its encoding, columns not read).
    rows : rows read, faulty ones included.
    """

    name: str
    relation: str
    columns: dict[str, str]
    extra: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    rows: int = 0


@dataclass
class Found:
    """The files of a case, by table, and the names of files that belong to none."""

    files: dict[str, Path] = field(default_factory=dict)
    workbook: Path | None = None
    notes: list[str] = field(default_factory=list)


def find_tables(case: Path) -> Found:
    """Find which file holds which table of a case.

    Parameters
    ----------
    case : a folder of NAME.csv or NAME.parquet files (one of the two a table), or a workbook
        (.xlsx) with a sheet a table, or a folder that holds one workbook and no tables.

    Raises
    ------
    CaseError
        There is no such folder, a table is there twice, or `people` is missing.
    """
    if not case.exists():
        raise CaseError(
            [Fault("", None, None, str(case), f"There is no case folder {case}. Check the path.")]
        )
    if case.is_file():
        if case.suffix.lower() != ".xlsx":
            msg = f"{case} is a file. Give the folder that holds people.csv and the other tables, or an .xlsx workbook."
            raise CaseError([Fault("", None, None, str(case), msg)])
        return Found(workbook=case)
    found, faults = Found(), []
    for path in sorted(case.iterdir()):
        name, suffix = path.stem.lower(), path.suffix.lower()
        if path.is_dir() or path.name.startswith((".", "~$")):
            continue
        if suffix not in SUFFIXES or name not in TABLES:
            if suffix in (*SUFFIXES, ".xlsx"):
                found.notes.append(f"{path.name} is not a table of the contract and was not read.")
            elif name in TABLES:
                found.notes.append(f"{path.name} was not read: save the table {name} as .csv or .parquet.")
            continue
        if not path.is_file():
            reason = f"{path.name} leads to no file that can be read. Put the table itself there."
            faults.append(Fault(name, None, None, path.name, reason))
        if name in found.files:
            reason = f"The table {name} is there twice, as {found.files[name].name} and {path.name}. Keep one of the two."
            faults.append(Fault(name, None, None, path.name, reason))
        found.files[name] = path
    workbooks = [path for path in case.glob("*.xlsx") if not path.name.startswith("~$")]
    if not found.files and len(workbooks) == 1:
        return Found(workbook=workbooks[0])
    faults += [
        Fault(name, None, None, None, f"{case} has no table {name}: add {name}.csv or {name}.parquet.")
        for name in REQUIRED_TABLES
        if name not in found.files
    ]
    if faults:
        raise CaseError(faults)
    return found


def load_tables(
    connection: duckdb.DuckDBPyConnection, case: Path, *, schema: str, everything: bool = False
) -> tuple[dict[str, RawTable], list[str]]:
    """Load every table of a case into DuckDB as written; returns the tables and notes on the folder.

    Parameters
    ----------
    everything : also columns that the contract does not name, under `extra_column` of their names.

    Raises
    ------
    CaseError
        With every file that cannot be read, not only the first.
    """
    found = find_tables(case)
    tables: dict[str, RawTable] = {}
    faults: list[Fault] = []
    if found.workbook is not None:
        sheets, notes = _read_workbook(found.workbook)
        found.notes += notes
        readers = {name: (found.workbook.name + ", sheet " + name, rows) for name, rows in sheets.items()}
        for name, (label, rows) in readers.items():
            try:
                tables[name] = _load_rows(
                    connection, TABLES[name], rows, label=label, schema=schema, everything=everything
                )
            except CaseError as error:
                faults += error.faults
        faults += [
            Fault(name, None, None, None, f"{found.workbook.name} has no sheet {name}: add one.")
            for name in REQUIRED_TABLES
            if name not in sheets
        ]
    for name, path in found.files.items():
        read = _load_parquet if path.suffix.lower() == ".parquet" else _load_csv
        try:
            tables[name] = read(connection, TABLES[name], path, schema, everything=everything)
        except CaseError as error:
            faults += error.faults
    if faults:
        raise CaseError(faults)
    return tables, found.notes


def extra_column(name: str) -> str:
    """Return what a column that the contract does not name is called in a loaded table."""
    return f"+{name}"


def _load_parquet(
    connection: duckdb.DuckDBPyConnection, table: Table, path: Path, schema: str, *, everything: bool
) -> RawTable:
    del schema
    quoted = glob.escape(str(path)).replace("'", "''")
    scan = f"read_parquet('{quoted}', file_row_number = true)"
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
        rows = connection.execute(f"SELECT count(*) FROM read_parquet('{quoted}')").fetchone()
    except duckdb.Error:
        reason = f"{path.name} is not a Parquet file, or is damaged. Write it again."
        raise CaseError([Fault(table.name, None, None, path.name, reason)]) from None
    types = {column: kind for column, kind, *_ in described if column != "file_row_number"}
    known, extra = _match_columns(table, list(types), path.name)
    picked = "".join(f", {_column(actual, types[actual])} AS {name}" for name, actual in known.items())
    for name in _others(list(types), known) if everything else ():
        picked += f", {_column(name, types[name])} AS {_quoted(extra_column(name))}"
    return RawTable(
        table.name,
        f"(SELECT file_row_number + 2 AS row{picked} FROM {scan})",
        {name: types[actual] for name, actual in known.items()},
        extra=extra,
        notes=_extra_note(path.name, extra),
        rows=int(rows[0]) if rows else 0,
    )


def _column(name: str, kind: str) -> str:
    quoted = _quoted(name)
    # Not a number is how some programs write that nothing is recorded.
    return f"CASE WHEN NOT isnan({quoted}) THEN {quoted} END" if kind in ("DOUBLE", "FLOAT") else quoted


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _others(names: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """Return the columns that the contract does not name, each once whatever its case."""
    folded = {name.strip().lower(): name for name in reversed(names)}
    return [name for name in names if name in folded.values() and name not in known.values()]


def _load_csv(
    connection: duckdb.DuckDBPyConnection, table: Table, path: Path, schema: str, *, everything: bool
) -> RawTable:
    text, encoding = _decode(table, path)
    notes = () if encoding == "utf-8" else (f"{path.name} was read as {ENCODING_NAMES[encoding]}.",)
    whole = _whole_csv(text)
    if whole is not None:
        return _store(
            connection, table, whole, label=path.name, schema=schema, notes=notes, everything=everything
        )
    rows = _csv_rows(table, path.name, text)
    return _load_rows(
        connection, table, rows, label=path.name, schema=schema, notes=notes, everything=everything
    )


def _decode(table: Table, path: Path) -> tuple[str, str]:
    """Decode a CSV file as UTF-8 or Windows-1252, or say what it is instead."""
    raw = path.read_bytes()
    if not raw.removeprefix(codecs.BOM_UTF8).strip():
        reason = (
            f"{path.name} is empty. Give it a header row ({', '.join(table.required)}, ...) or remove it."
        )
        raise CaseError([Fault(table.name, None, None, path.name, reason)])
    kind = next((what for begin, what in SIGNATURES.items() if raw.startswith(begin)), None)
    if kind is not None:
        reason = f"{path.name} is {kind} under a .csv name, not CSV. Save it as CSV (UTF-8)."
        raise CaseError([Fault(table.name, None, None, path.name, reason)])
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in raw:
        reason = f"{path.name} is not UTF-8 or Windows-1252 text (it looks like UTF-16 or a binary file). Save it as CSV (UTF-8)."
        raise CaseError([Fault(table.name, None, None, path.name, reason)])
    for encoding in ("utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "utf-8", "cp1252"):
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError as error:
            where = error.start
    line = raw[:where].count(b"\n") + 1
    reason = f"{path.name} is in another encoding than UTF-8 or Windows-1252 (line {line}). Save it as CSV (UTF-8)."
    raise CaseError([Fault(table.name, None, None, path.name, reason)])


def _whole_csv(text: str) -> pa.Table | None:
    """Read a CSV in which every row has as many values as the header; None where one has not."""
    if text.count('"') % 2 or "\r" in text.replace("\r\n", ""):
        return None
    names = _header(text)
    if len(set(names)) != len(names):
        return None
    options = pa_csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, null_values=[]
    )
    parse = pa_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)
    try:
        return pa_csv.read_csv(
            io.BytesIO(text.encode()),
            read_options=pa_csv.ReadOptions(block_size=1 << 26),
            convert_options=options,
            parse_options=parse,
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return None


def _header(text: str) -> list[str]:
    """Return the values of the first row, which may go over several lines."""
    end = text.find("\n") + 1 or len(text)
    while text.count('"', 0, end) % 2 and end < len(text):
        end = text.find("\n", end) + 1 or len(text)
    return next(csv.reader(io.StringIO(text[:end], newline="")), [])


def _csv_rows(table: Table, label: str, text: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    count = 0
    try:
        for values in reader:
            count += 1
            yield values
    except csv.Error as error:
        reason = f"{label} is not CSV that can be read: after row {count} (line {reader.line_num}), {error}. Look for a quotation mark that is never closed."
        raise CaseError([Fault(table.name, count + 1, None, label, reason)]) from None


def _load_rows(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    rows: Iterator[list[str]],
    *,
    label: str,
    schema: str,
    everything: bool,
    notes: tuple[str, ...] = (),
) -> RawTable:
    """Load rows one by one, setting aside those with more values than the header names."""
    header = [name.strip() for name in next(rows, [])]
    width = len(header)
    numbers: list[int] = []
    kept: list[list[str]] = []
    faults: list[Fault] = []
    for number, values in enumerate(rows, start=2):
        if not any(value.strip() for value in values):
            continue
        if len(values) != width:
            reason = f"has {len(values)} values where the header names {width} columns. Check for a comma outside quotation marks."
            faults.append(Fault(table.name, number, None, ",".join(values), reason))
            continue
        numbers.append(number)
        kept.append(values)
    columns = list(zip(*kept, strict=True)) if kept else [()] * width
    arrays = [pa.array(column, pa.string()) for column in columns]
    whole = pa.table([*arrays, pa.array(numbers, pa.int64())], names=[*header, "\x00row"])
    return _store(
        connection,
        table,
        whole,
        label=label,
        schema=schema,
        notes=notes,
        faults=tuple(faults),
        everything=everything,
    )


def _store(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    whole: pa.Table,
    *,
    label: str,
    schema: str,
    everything: bool,
    notes: tuple[str, ...] = (),
    faults: tuple[Fault, ...] = (),
) -> RawTable:
    """Put a table of text into DuckDB under its contract column names."""
    if "\x00row" not in whole.column_names:
        numbers = pa.array(np.arange(2, whole.num_rows + 2))
        whole = whole.append_column("\x00row", numbers).filter(pc.invert(_blank(whole)))
    names = [name for name in whole.column_names if name != "\x00row"]
    known, extra = _match_columns(table, names, label)
    others = _others(names, known) if everything else []
    arrays = [whole.column(names.index(actual)) for actual in (*known.values(), *others)]
    called = ["row", *known, *(extra_column(name) for name in others)]
    arrow = pa.table([whole.column("\x00row"), *arrays], names=called)
    connection.register("arriving", arrow)
    relation = f"{schema}.raw_{table.name}"
    connection.execute(f"CREATE TABLE {relation} AS SELECT * FROM arriving")
    connection.unregister("arriving")
    return RawTable(
        table.name,
        relation,
        dict.fromkeys(known, "VARCHAR"),
        extra=extra,
        faults=faults,
        notes=(*notes, *_extra_note(label, extra)),
        rows=arrow.num_rows + len(faults),
    )


def _blank(whole: pa.Table) -> pa.Array:
    """Mark the rows in which every value is blank, as spreadsheets leave them at the end."""
    blank = pa.array(np.ones(whole.num_rows, bool))
    for column in whole.columns:
        blank = pc.and_(blank, pc.equal(pc.utf8_trim_whitespace(column), ""))
    return blank


def _match_columns(table: Table, names: list[str], label: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Match a file's column names to the contract's, whatever their case; say what is missing or there twice."""
    folded: dict[str, str] = {}
    faults = []
    for name in names:
        plain = name.strip().lower()
        if plain in folded and plain in table.names:
            reason = f"{label} has the column {plain} twice. Keep one of the two."
            faults.append(Fault(table.name, 1, plain, name, reason))
        folded.setdefault(plain, name)
    missing = [name for name in table.required if name not in folded]
    if len(missing) == len(table.required):
        begins = ", ".join(names)[:60]
        hint = " The values look separated by semicolons; commas are needed." if ";" in begins else ""
        reason = f"{label} is not a {table.name} table: none of its required columns ({', '.join(missing)}) is in the first row, which reads {begins!r}.{hint}"
        faults.append(Fault(table.name, 1, None, begins, reason))
    elif missing:
        reason = f"{label} has no column {', '.join(missing)}, which every row of {table.name} needs. Add it to the header."
        faults.append(Fault(table.name, 1, missing[0], None, reason))
    if faults:
        raise CaseError(faults)
    known = {name: folded[name] for name in table.names if name in folded}
    return known, tuple(
        name.strip() or "(no name)"
        for plain, name in folded.items()
        if plain not in known and not plain.startswith("__index_level_")
    )


def _extra_note(label: str, extra: tuple[str, ...]) -> tuple[str, ...]:
    if not extra:
        return ()
    columns = "a column" if len(extra) == 1 else "columns"
    named = ", ".join(extra[:NAMED]) + (f" and {len(extra) - NAMED:,} more" if len(extra) > NAMED else "")
    return (f"{label} has {columns} that the contract does not name, kept and not read: {named}.",)


def _read_workbook(path: Path) -> tuple[dict[str, Iterator[list[str]]], list[str]]:
    """Read the sheets of a workbook that are named after tables."""
    import openpyxl  # only where a workbook is given

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises many kinds for a damaged file
        reason = f"{path.name} is not a workbook that can be read ({type(error).__name__}). Save it again as .xlsx."
        raise CaseError([Fault("", None, None, path.name, reason)]) from None
    sheets: dict[str, Iterator[list[str]]] = {}
    notes = []
    for sheet in book.worksheets:
        name = sheet.title.strip().lower()
        if name not in TABLES:
            notes.append(
                f"The sheet {sheet.title} of {path.name} is not a table of the contract and was not read."
            )
            continue
        rows = [[_cell_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
        if not rows or not any(any(row) for row in rows[1:]):
            if name in REQUIRED_TABLES:
                reason = f"The sheet {sheet.title} of {path.name} has no rows."
                raise CaseError([Fault(name, None, None, None, reason)])
            continue
        width = max((i + 1 for i, value in enumerate(rows[0]) if value), default=0)
        sheets[name] = iter([_fitted(row, width) for row in rows])
    return sheets, notes


def _fitted(row: list[str], width: int) -> list[str]:
    """Return a row as wide as the header, where what it has beyond the header is empty."""
    return row if any(row[width:]) else row[:width] + [""] * (width - len(row))


def _cell_text(value: Any) -> str:
    """Write one workbook cell as the text a CSV would hold."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
