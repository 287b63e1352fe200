"""What users are told about their data is what the code does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import typer

from app.analysis import RESULTS, analyse
from app.cli import cli
from mapping.codes import BUNDLED, load_codes
from mapping.contract import TABLES
from mapping.records import read_case
from mapping.tables import CaseError
from mapping.template import (
    BEGIN,
    END,
    HOLDS,
    LISTS,
    README,
    build_template,
    contract_as_markdown,
    save_template,
    tables_part,
)

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
TEMPLATE = ROOT / "docs" / "template.xlsx"


def test_the_tables_in_the_page_are_those_of_the_contract() -> None:
    assert tables_part(PAGE) == contract_as_markdown(), "run python -m mapping.template"


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="has not both lines"):
        tables_part(f"{END} nothing here")
    assert tables_part(f"{BEGIN}\n\ntables\n\n{END}") == "tables\n"


def test_every_column_is_described() -> None:
    described = {table: tuple(columns) for table, columns in HOLDS.items()}
    assert described == {name: table.names for name, table in TABLES.items()}


def test_every_code_stands_in_the_page_with_its_meaning() -> None:
    codes = load_codes(BUNDLED)
    used = {column.codes for table in TABLES.values() for column in table.columns if column.codes}
    absent = [
        (name, code)
        for name in sorted(used)
        for code, meaning in codes[name].items()
        if f"| {code} | {meaning} |" not in section(f"List: {name.replace('_', ' ').replace('nrm', 'NRM')}")
    ]
    assert absent == []


def test_links_within_the_page_lead_somewhere() -> None:
    headings = {anchor(line.lstrip("# ")) for line in PAGE.splitlines() if re.match(r"#{1,4} ", line)}
    wanted = set(re.findall(r"\]\(#([^)]+)\)", PAGE))
    files = {name for name in re.findall(r"\]\(([\w.]+)\)", PAGE) if not (ROOT / "docs" / name).exists()}
    assert (wanted - headings, files) == (set(), set())


def test_every_column_of_every_result_is_explained(filled: Path) -> None:
    result = analyse(filled)
    unexplained = {
        name: missing
        for name in RESULTS
        if (missing := sorted(set(result.fetch(name).columns) - first_cells(section(name))))
    }
    assert unexplained == {}


def test_no_result_is_explained_that_is_not_written(filled: Path) -> None:
    result = analyse(filled)
    invented = {
        name: extra
        for name in RESULTS
        if (extra := sorted(first_cells(section(name)) - set(result.fetch(name).columns)))
    }
    assert invented == {}


def test_every_part_of_the_summary_is_explained(filled: Path) -> None:
    assert first_cells(section("summary.json")) == set(analyse(filled).summary)


# The workbook ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundled() -> openpyxl.Workbook:
    return openpyxl.load_workbook(TEMPLATE)


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """The template with the example of every column filled in, and a second person to be linked to."""
    book = openpyxl.load_workbook(TEMPLATE)
    for name, columns in HOLDS.items():
        book[name].append([example for _, example in columns.values()])
    book["people"].append(["P000124"])
    book["locations"].append(["L000002", "park"])
    book["locations"].append(["L000003", "childrens_home"])
    book.save(tmp_path / "case.xlsx")
    return tmp_path / "case.xlsx"


def test_the_bundled_template_is_the_one_the_contract_makes(bundled: openpyxl.Workbook) -> None:
    assert contents(bundled) == contents(build_template()), "run python -m mapping.template"


def test_the_template_is_written_the_same_every_time(tmp_path: Path) -> None:
    save_template(tmp_path / "one.xlsx")
    save_template(tmp_path / "other.xlsx")
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "other.xlsx").read_bytes()


def test_the_template_has_a_sheet_a_table_and_no_rows(bundled: openpyxl.Workbook) -> None:
    assert bundled.sheetnames == [README, *TABLES, LISTS]
    found = {name: list(bundled[name].iter_rows(values_only=True)) for name in TABLES}
    assert found == {name: [table.names] for name, table in TABLES.items()}


def test_required_headers_are_told_apart_by_more_than_colour(bundled: openpyxl.Workbook) -> None:
    for name, table in TABLES.items():
        bold = {cell.value for cell in bundled[name][1] if cell.font.bold}
        said = {cell.value for cell in bundled[name][1] if "Needed in every row" in cell.comment.text}
        assert bold == said == set(table.required)


def test_columns_of_codes_have_drop_down_lists(bundled: openpyxl.Workbook) -> None:
    codes = load_codes(BUNDLED)
    for name, table in TABLES.items():
        offered = dict(drop_downs(bundled, name))
        wanted = {c.name: list(codes[c.codes]) for c in table.columns if c.codes}
        wanted |= {c.name: ["Y", "N"] for c in table.columns if c.kind == "yes_no"}
        assert offered == wanted


def test_cells_to_fill_in_are_text(bundled: openpyxl.Workbook) -> None:
    kinds = {sheet: d.number_format for sheet in TABLES for d in bundled[sheet].column_dimensions.values()}
    assert set(kinds.values()) == {"@"}


def test_an_unfilled_template_says_that_nobody_is_there() -> None:
    with pytest.raises(CaseError, match=r"^The sheet people of template\.xlsx has no rows\.$"):
        read_case(TEMPLATE)


def test_a_filled_template_is_read_without_a_fault(filled: Path) -> None:
    records = read_case(filled)
    assert records.rejected.to_dict("records") == []
    kept = {name: counts["kept"] for name, counts in records.counts.items()}
    assert kept == {**dict.fromkeys(TABLES, 1), "people": 2, "locations": 3}
    assert records.notes == tuple(
        f"The sheet {name} of case.xlsx is not a table of the contract and was not read."
        for name in (README, LISTS)
    )


def test_dates_typed_as_dates_into_the_template_are_read(filled: Path) -> None:
    book = openpyxl.load_workbook(filled)
    book["people"]["D2"] = pd.Timestamp("2011-05-06").to_pydatetime()
    book["missing"]["C2"] = pd.Timestamp("2025-03-30T20:05").to_pydatetime()
    book.save(filled)
    records = read_case(filled)
    assert records.table("people")["date_of_birth"][0] == pd.Timestamp("2011-05-06")
    assert records.table("missing")["reported_at"][0] == pd.Timestamp("2025-03-30T20:05")


def test_a_filled_template_is_analysed(filled: Path) -> None:
    links = analyse(filled).links
    assert links[["person_a", "person_b", "items", "kinds"]].values.tolist() == [
        ["P000123", "P000124", 1, "peer"]
    ]


# The command line --------------------------------------------------------------------------


def test_the_readme_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = sorted(typer.main.get_command(cli).commands)
    absent = [name for name in commands if not re.search(rf"\bcontextmap {re.escape(name)}\b", readme)]
    assert absent == []


def section(title: str) -> str:
    """The text under the heading that is exactly `title`, up to the next heading of its level or above."""
    found = re.search(rf"^(#+) {re.escape(title)}$\n(.*?)(?=^#{{1,3}} |\Z)", results_first(), re.M | re.S)
    assert found, f"docs/data.md has no heading {title}"
    return found[2]


def results_first() -> str:
    """The page with its results before its tables, for headings such as `links` that only results have."""
    before, after = PAGE.split("## Results")
    return "## Results" + after + before


def first_cells(text: str) -> set[str]:
    """The names in the first cell of each row of the tables in a text."""
    cells = re.findall(r"^\| ([^|]+?) \|", text, re.M)
    return {name for cell in cells[1:] for name in cell.split(", ")} - {"---"}


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def drop_downs(book: openpyxl.Workbook, name: str) -> Iterator[tuple[str, list[str]]]:
    """The codes each column of a sheet offers."""
    for rule in book[name].data_validations.dataValidation:
        if rule.type != "list":
            continue
        header = book[name].cell(1, next(iter(rule.sqref.ranges)).min_col).value
        if rule.formula1.startswith('"'):
            yield header, rule.formula1.strip('"').split(",")
        else:
            cells = rule.formula1.split("!")[1].replace("$", "")
            yield header, [cell.value for (cell,) in book[LISTS][cells]]


def contents(book: openpyxl.Workbook) -> dict[str, Any]:
    """Everything in a workbook that a user meets."""
    return {
        sheet.title: (
            [
                [(c.value, bool(c.font.b), c.comment.text if c.comment else None) for c in row]
                for row in sheet
            ],
            [(r.type, r.formula1, str(r.sqref), r.error) for r in sheet.data_validations.dataValidation],
            sheet.freeze_panes,
        )
        for sheet in book.worksheets
    }
