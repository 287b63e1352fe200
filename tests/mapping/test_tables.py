"""Tests of reading the tables of a case as they are written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mapping.tables import CaseError, RawTable, find_tables, load_tables


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as opened:
        opened.execute("CREATE SCHEMA s")
        yield opened


@pytest.fixture
def case(tmp_path: Path) -> Path:
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "people.csv").write_text("person_id\nC1\n")
    return folder


def loaded(connection: duckdb.DuckDBPyConnection, case: Path) -> tuple[dict[str, RawTable], list[str]]:
    return load_tables(connection, case, schema="s")


def rows(connection: duckdb.DuckDBPyConnection, case: Path, table: str = "people") -> list[tuple[Any, ...]]:
    raw = loaded(connection, case)[0][table]
    return connection.execute(
        f"SELECT row, {', '.join(raw.columns)} FROM {raw.relation} ORDER BY row"
    ).fetchall()


def refusal(connection: duckdb.DuckDBPyConnection, case: Path) -> list[str]:
    with pytest.raises(CaseError) as caught:
        loaded(connection, case)
    return [fault.reason for fault in caught.value.faults]


# Which files ---------------------------------------------------------------------------------


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"There is no case folder .*nowhere\. Check the path\."):
        find_tables(tmp_path / "nowhere")


def test_file_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("person_id\nC1\n")
    with pytest.raises(CaseError, match=r"people\.csv is a file\. Give the folder that holds people\.csv"):
        find_tables(tmp_path / "people.csv")


def test_all_that_is_wrong_with_a_folder_is_said_at_once(tmp_path: Path) -> None:
    for name in ("events.csv", "events.parquet", "notes.csv"):
        (tmp_path / name).write_text("a\n1\n")
    with pytest.raises(CaseError) as caught:
        find_tables(tmp_path)
    assert [fault.reason for fault in caught.value.faults] == [
        "The table events is there twice, as events.csv and events.parquet. Keep one of the two.",
        f"{tmp_path} has no table people: add people.csv or people.parquet.",
    ]


def test_files_that_are_not_read_are_noted(case: Path) -> None:
    for name in ("notes.csv", "events.xls", "missing.tsv", "readme.txt", "old.xlsx", "~$old.xlsx", ".x.csv"):
        (case / name).write_text("a\n1\n")
    (case / "things.csv").mkdir()
    found = find_tables(case)
    assert found.files == {"people": case / "people.csv"}
    assert found.notes == [
        "events.xls was not read: save the table events as .csv or .parquet.",
        "missing.tsv was not read: save the table missing as .csv or .parquet.",
        "notes.csv is not a table of the contract and was not read.",
        "old.xlsx is not a table of the contract and was not read.",
    ]


def test_file_names_in_capitals_are_read(case: Path) -> None:
    (case / "people.csv").rename(case / "People.CSV")
    assert find_tables(case).files == {"people": case / "People.CSV"}


def test_link_to_a_table_is_read_and_a_broken_one_refused(
    connection: duckdb.DuckDBPyConnection, case: Path
) -> None:
    (case / "people.csv").rename(case.parent / "elsewhere.csv")
    (case / "people.csv").symlink_to(case.parent / "elsewhere.csv")
    assert rows(connection, case) == [(2, "C1")]
    (case.parent / "elsewhere.csv").unlink()
    assert refusal(connection, case) == [
        "people.csv leads to no file that can be read. Put the table itself there."
    ]


def test_folder_names_with_quotes_and_wildcards_are_names(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Keeps out reading another folder's Parquet where a name holds what SQL or a glob reads as a pattern."""
    for name in ("o'brien's [ab]*?", "o'brien's axx"):
        (tmp_path / name).mkdir()
        pd.DataFrame({"person_id": [name]}).to_parquet(tmp_path / name / "people.parquet")
    assert rows(connection, tmp_path / "o'brien's [ab]*?") == [(2, "o'brien's [ab]*?")]


# Encodings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "notes"),
    [
        ("utf-8", []),
        ("utf-8-sig", ["people.csv was read as UTF-8 with a byte-order mark."]),
        ("cp1252", ["people.csv was read as Windows-1252."]),
    ],
)
def test_encodings_that_are_read_are_said(
    connection: duckdb.DuckDBPyConnection, case: Path, encoding: str, notes: list[str]
) -> None:
    (case / "people.csv").write_bytes("person_id,given_name\nC1,Zoë – “Z”\n".encode(encoding))
    raw = loaded(connection, case)[0]["people"]
    assert connection.execute(f"SELECT * FROM {raw.relation}").fetchall() == [(2, "C1", "Zoë – “Z”")]
    assert list(raw.notes) == notes


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            "person_id\nC1\n".encode("utf-16"),
            "people.csv is not UTF-8 or Windows-1252 text (it looks like UTF-16 or a binary file). Save it as CSV (UTF-8).",
        ),
        (
            "person_id\nC1\n".encode("utf-16-le"),
            "people.csv is not UTF-8 or Windows-1252 text (it looks like UTF-16 or a binary file). Save it as CSV (UTF-8).",
        ),
        (
            b"person_id\nC1\nZo\x81\xff\n",
            "people.csv is in another encoding than UTF-8 or Windows-1252 (line 3). Save it as CSV (UTF-8).",
        ),
        (
            b"PK\x03\x04rest",
            "people.csv is a workbook or a zip file under a .csv name, not CSV. Save it as CSV (UTF-8).",
        ),
        (b"PAR1rest", "people.csv is a Parquet file under a .csv name, not CSV. Save it as CSV (UTF-8)."),
        (b"%PDF-1.7", "people.csv is a PDF document under a .csv name, not CSV. Save it as CSV (UTF-8)."),
        (b"", "people.csv is empty. Give it a header row (person_id, ...) or remove it."),
        (b" \n\n", "people.csv is empty. Give it a header row (person_id, ...) or remove it."),
        (b"\xef\xbb\xbf\n", "people.csv is empty. Give it a header row (person_id, ...) or remove it."),
        (
            b'{"people": [{"person_id": "C1"}]}',
            "people.csv is not a people table: none of its required columns (person_id) is in the first row, "
            'which reads \'{"people": [{"person_id": "C1"}]}\'.',
        ),
        (
            b"person_id;given_name\nC1;Zo\n",
            "people.csv is not a people table: none of its required columns (person_id) is in the first row, "
            "which reads 'person_id;given_name'. The values look separated by semicolons; commas are needed.",
        ),
        (
            b'person_id,given_name\nC1,Zo\nC2,"Al\nC3,Di\n',
            "people.csv is not CSV that can be read: after row 2 (line 4), unexpected end of data. "
            "Look for a quotation mark that is never closed.",
        ),
        (
            b"person_id,Person_ID\nC1,C2\n",
            "people.csv has the column person_id twice. Keep one of the two.",
        ),
    ],
)
def test_files_that_are_not_a_table_are_refused_with_one_sentence(
    connection: duckdb.DuckDBPyConnection, case: Path, content: bytes, reason: str
) -> None:
    (case / "people.csv").write_bytes(content)
    assert refusal(connection, case) == [reason]


def test_every_file_that_cannot_be_read_is_said(connection: duckdb.DuckDBPyConnection, case: Path) -> None:
    (case / "events.csv").write_text("event_id,kind\nE1,incident\n")
    (case / "things.parquet").write_text("not Parquet")
    (case / "missing.csv").write_text("")
    assert refusal(connection, case) == [
        "events.csv has no column started_at, which every row of events needs. Add it to the header.",
        "missing.csv is empty. Give it a header row (episode_id, person_id, reported_at, ...) or remove it.",
        "things.parquet is not a Parquet file, or is damaged. Write it again.",
    ]


def test_a_value_longer_than_the_limit_of_python_is_read(
    connection: duckdb.DuckDBPyConnection, case: Path
) -> None:
    """Keeps out an error from inside the csv module at 131,072 characters, in the header or below it."""
    long = "x" * 200_000
    (case / "people.csv").write_text(f"person_id,given_name,{long}\nC1,{long},\nC2,short\n")
    assert rows(connection, case) == [(2, "C1", long)]


# Rows ----------------------------------------------------------------------------------------


def test_header_only_is_an_empty_table(connection: duckdb.DuckDBPyConnection, case: Path) -> None:
    (case / "people.csv").write_text("person_id,given_name\n")
    assert rows(connection, case) == []
    assert loaded_rows(case) == 0


def loaded_rows(case: Path) -> int:
    with duckdb.connect(":memory:") as other:
        other.execute("CREATE SCHEMA s")
        return loaded(other, case)[0]["people"].rows


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("ragged", [False, True])
def test_row_numbers_are_those_a_spreadsheet_shows(
    connection: duckdb.DuckDBPyConnection, case: Path, ending: str, ragged: bool
) -> None:
    lines = ["person_id,given_name", 'C1,"two', 'lines, ""one"" comma"', "", "C2,Al", ",", '"C3",Di', "", " "]
    lines += ["C4"] if ragged else []
    (case / "people.csv").write_bytes(ending.join(lines).encode() + ending.encode())
    raw = loaded(connection, case)[0]["people"]
    assert connection.execute(f"SELECT * FROM {raw.relation} ORDER BY row").fetchall() == [
        (2, "C1", f'two{ending}lines, "one" comma'),
        (4, "C2", "Al"),
        (6, "C3", "Di"),
    ]
    assert raw.rows == 3 + ragged
    assert [(f.row, f.column, f.value, f.reason) for f in raw.faults] == (
        [
            (
                9,
                None,
                "C4",
                "has 1 values where the header names 2 columns. Check for a comma outside quotation marks.",
            )
        ]
        if ragged
        else []
    )


def test_a_row_with_too_many_values_is_set_aside_whole(
    connection: duckdb.DuckDBPyConnection, case: Path
) -> None:
    (case / "people.csv").write_text('person_id,given_name\nC1,Al, the tall\n"C2","Di, the short"\n')
    raw = loaded(connection, case)[0]["people"]
    assert connection.execute(f"SELECT * FROM {raw.relation}").fetchall() == [(3, "C2", "Di, the short")]
    assert [(f.table, f.row, f.value) for f in raw.faults] == [("people", 2, "C1,Al, the tall")]


def test_header_over_two_lines_leaves_values_as_text(
    connection: duckdb.DuckDBPyConnection, case: Path
) -> None:
    """Keeps out numbers guessed for the columns of a header that goes over a line end."""
    (case / "people.csv").write_text('"remark,\nlong",person_id,"say ""who"""\n1,007,2\n')
    assert rows(connection, case) == [(2, "007")]


def test_header_is_matched_whatever_its_case_and_spaces(
    connection: duckdb.DuckDBPyConnection, case: Path
) -> None:
    (case / "people.csv").write_text(" Person_ID ,GIVEN_NAME\nC1,Al\n")
    assert rows(connection, case) == [(2, "C1", "Al")]


@pytest.mark.parametrize(
    ("header", "note"),
    [
        (
            "person_id,mood",
            ["people.csv has a column that the contract does not name, kept and not read: mood."],
        ),
        (
            "person_id,mood,mood,x",
            ["people.csv has columns that the contract does not name, kept and not read: mood, x."],
        ),
        (
            "person_id,,",
            ["people.csv has a column that the contract does not name, kept and not read: (no name)."],
        ),
        (
            'person_id,"\'; DROP TABLE people; --"',
            [
                "people.csv has a column that the contract does not name, kept and not read: '; DROP TABLE people; --."
            ],
        ),
        (
            "person_id," + ",".join(f"c{i}" for i in range(3000)),
            [
                "people.csv has columns that the contract does not name, kept and not read: "
                + ", ".join(f"c{i}" for i in range(20))
                + " and 2,980 more."
            ],
        ),
    ],
)
@pytest.mark.parametrize("short_row", [False, True])
def test_columns_beyond_the_contract_are_noted(
    connection: duckdb.DuckDBPyConnection, case: Path, header: str, note: list[str], short_row: bool
) -> None:
    width = header.count(",")
    text = f"{header}\nC1{',1' * width}\n" + ("C2,1,1,1,1\n" if short_row else "")
    (case / "people.csv").write_text(text)
    raw = loaded(connection, case)[0]["people"]
    assert connection.execute(f"SELECT * FROM {raw.relation}").fetchall() == [(2, "C1")]
    assert list(raw.notes) == note


# Workbooks -----------------------------------------------------------------------------------


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, lines in sheets.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line)
    book.save(path)
    return path


def test_workbook_cells_are_the_text_a_csv_would_hold(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    book = workbook(
        tmp_path / "case.xlsx",
        {
            "People": [
                ["person_id", "date_of_birth", "home_easting", "given_name", None],
                [1, datetime(2010, 3, 31), 385000.0, "=1+1", None],
                [None, None, None, None, None],
                ["C2", "2010-03-31", 385000.5, None, None],
                [3.5],
            ],
            "Presence": [
                ["person_id", "location_id", "seen_at"],
                [1, "L1", datetime(2025, 3, 31, 18, 45)],
            ],
            "Notes": [["about"]],
            "events": [["event_id", "kind", "started_at"]],
        },
    )
    tables, notes = loaded(connection, book)
    people = connection.execute(f"SELECT * FROM {tables['people'].relation} ORDER BY row").fetchall()
    assert [(row[0], *(value or None for value in row[1:])) for row in people] == [
        (2, "1", None, "2010-03-31", "385000"),
        (4, "C2", None, "2010-03-31", "385000.5"),
        (5, "3.5", None, None, None),
    ]
    presence = connection.execute(f"SELECT * FROM {tables['presence'].relation}").fetchall()
    assert presence == [(2, "1", "L1", "2025-03-31T18:45:00")]
    assert notes == ["The sheet Notes of case.xlsx is not a table of the contract and was not read."]
    assert set(tables) == {"people", "presence"}


def test_workbook_alone_in_a_folder_is_the_case(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    workbook(tmp_path / "export.xlsx", {"people": [["person_id"], ["C1"]]})
    assert rows(connection, tmp_path) == [(2, "C1")]


def test_workbook_without_people_is_refused(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    book = workbook(tmp_path / "x.xlsx", {"things": [["thing_id", "kind"], ["T1", "phone"]]})
    assert refusal(connection, book) == ["x.xlsx has no sheet people: add one."]
    workbook(book, {"people": [["person_id"]]})
    assert refusal(connection, book) == ["The sheet people of x.xlsx has no rows."]


def test_damaged_workbook_is_refused(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"PK\x03\x04 not really")
    assert refusal(connection, tmp_path / "x.xlsx") == [
        "x.xlsx is not a workbook that can be read (BadZipFile). Save it again as .xlsx."
    ]


# Parquet -------------------------------------------------------------------------------------


def test_parquet_keeps_its_types_and_row_numbers(connection: duckdb.DuckDBPyConnection, case: Path) -> None:
    (case / "people.csv").unlink()
    table = pa.table({"Person_ID": pa.array([7, 8]), "mood": ["a", "b"], "home_easting": [1.5, float("nan")]})
    pq.write_table(table, case / "people.parquet")
    raw = loaded(connection, case)[0]["people"]
    assert raw.columns == {"person_id": "BIGINT", "home_easting": "DOUBLE"}
    assert connection.execute(f"SELECT * FROM {raw.relation}").fetchall() == [(2, 7, 1.5), (3, 8, None)]
    assert list(raw.notes) == [
        "people.parquet has a column that the contract does not name, kept and not read: mood."
    ]
    assert (raw.rows, raw.extra) == (2, ("mood",))


def test_parquet_index_of_pandas_is_not_a_column(connection: duckdb.DuckDBPyConnection, case: Path) -> None:
    (case / "people.csv").unlink()
    pd.DataFrame({"person_id": ["C1"]}, index=["z"]).to_parquet(case / "people.parquet")
    assert loaded(connection, case)[0]["people"].notes == ()
