"""What the Operations page and the command `operations` say and write."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import operations
from app.analysis import analyse
from mapping.access import Viewer
from mapping.operations import CELLS, SUMMARY, TABLE

OpenApp = Callable[..., AppTest]
Shown = Callable[[AppTest], str]
DEMO = Path(__file__).resolve().parents[2] / "data" / "synthetic" / "demo"
PEOPLE = "person_id,date_of_birth\nA1,1980-01-01\nC1,2011-01-01\nC2,2011-01-01\nC3,2011-01-01\n"
HARM = "person_a,person_b,kind,nature,last_seen\nA1,C1,exploitation,harmful,2025-01-01\nA1,C2,exploitation,harmful,2025-02-01\n"


def choose(app: AppTest, **chosen: str) -> AppTest:
    """Choose as a click in a picture does."""
    app.session_state["chosen"] = {**app.session_state["chosen"], **chosen}
    return app.run()


# The command ----------------------------------------------------------------------------------------


def test_the_command_writes_and_lists_operations(run: Any, write_case: Any, tmp_path: Path) -> None:
    case = write_case(people=PEOPLE, associations=HARM)
    out = tmp_path / "out"
    code, printed, _ = run("operations", case, "--out", out)
    assert code == 0
    written = pd.read_parquet(out / "operations.parquet")
    (identity,) = written["operation_id"].unique()
    assert printed == (
        f"  1  {identity}  one person and several children who do not know each other: 2 children, 1 contact\n"
        f"1 candidate operation: 1 around one person. Written to {out}.\n"
    )
    assert written.columns.tolist() == list(TABLE)
    assert written.drop(columns="operation_id").values.tolist() == [
        [1, "one_person", "contact", "person", "A1", 2, True],
        [1, "one_person", "victim", "person", "C1", 1, False],
        [1, "one_person", "victim", "person", "C2", 1, False],
    ]
    cells = pd.read_parquet(out / "operation_cells.parquet")
    assert cells[["person_id", "contact_type", "contact_id", "evidence"]].values.tolist() == [
        ["C1", "person", "A1", 1],
        ["C2", "person", "A1", 1],
    ]
    (missing,) = pd.read_parquet(out / "operation_summary.parquet")["what_is_missing"]
    assert missing.splitlines()[0] == "No report is named for any of it."
    summary = json.loads((out / "summary.json").read_text())
    assert summary["results"] == {"operations": 1, "cells": 2, "shapes": {"one_person": 1}}
    assert summary["as_of"] == "2025-02-01"
    # The same again, as known a month earlier: one child, and so no operation.
    code, printed, _ = run("operations", case, "--out", out, "--as-of", "2025-01-15")
    assert (code, "No adult, thing or place on record" in printed) == (0, True)
    assert pd.read_parquet(out / "operations.parquet").columns.tolist() == list(TABLE)


def test_the_command_refuses_a_planner_and_a_folder_of_other_things(
    run: Any, write_case: Any, tmp_path: Path
) -> None:
    case = write_case(people=PEOPLE, associations=HARM)
    code, _, complaint = run("operations", case, "--out", tmp_path / "out", "--viewer", "planner")
    assert (code, complaint) == (1, "contextmap: This viewer sees wards, not people, and so no operations.\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    code, _, complaint = run("operations", case, "--out", tmp_path / "other")
    assert (code, "holds other things than an earlier result" in complaint) == (1, True)
    assert not (tmp_path / "out").exists()
    code, _, complaint = run("operations", case)
    assert code == 2


@pytest.mark.parametrize(
    ("name", "columns"), [("operations", TABLE), ("operation_cells", CELLS), ("operation_summary", SUMMARY)]
)
def test_every_column_is_explained(name: str, columns: tuple[str, ...]) -> None:
    page = (DEMO.parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    part = page.split(f"### {name}\n")[1].split("\n### ")[0]
    cells = [row.split("|")[1] for row in part.splitlines() if row.startswith("|")]
    explained = {column.strip() for cell in cells for column in cell.split(",")}
    assert set(columns) - explained == set()


# What the page is made of -----------------------------------------------------------------------------------


def test_the_grid_and_what_a_cell_of_it_stands_for(write_case: Any) -> None:
    found = analyse(write_case(people=PEOPLE, associations=HARM)).operations
    (identity,) = found.summary["operation_id"]
    called = {"person": pd.Series({"A1": "AB (A1)"})}
    contacts = operations.contacts_of(
        found, identity, called, {"person": pd.Series({"A1": "adult_of_concern"})}
    )
    assert contacts[["key", "called", "kind"]].values.tolist() == [
        ["person:A1", "AB (A1)", "adult_of_concern"]
    ]
    children = operations.children_of(found, identity)
    shown = operations.grid(found, identity, contacts, children, pd.Series({"C1": "CD (C1)"}))
    assert shown.columns.tolist() == ["Child", "AB (A1)", "Records"]
    assert shown.values.tolist() == [["CD (C1)", 1, 1], ["C2", 1, 1], ["All these children", 2, 2]]
    assert operations.part((0, "AB (A1)"), contacts, children) == "cell:C1|person:A1"
    assert operations.part((2, "AB (A1)"), contacts, children) == "contact:person:A1"
    assert operations.part((1, "Records"), contacts, children) == "child:C2"
    assert operations.part((2, "Records"), contacts, children) is None
    assert operations.part(None, contacts, children) is None


def test_two_contacts_of_one_name_have_columns_of_their_own(write_case: Any) -> None:
    both = HARM + HARM.split("\n", 1)[1].replace("A1", "A2")
    found = analyse(write_case(people=PEOPLE + "A2,1980-01-01\n", associations=both)).operations
    (identity,) = found.summary["operation_id"]
    same = {"person": pd.Series({"A1": "One name", "A2": "One name"})}
    contacts = operations.contacts_of(found, identity, same, {"person": pd.Series(dtype=object)})
    assert contacts["called"].tolist() == ["One name A1", "One name A2"]


def test_candidates_that_share_children_name_each_other(write_case: Any) -> None:
    more = "A2,C2,exploitation,harmful,2025-02-01\nA2,C3,exploitation,harmful,2025-02-01\n"
    people = PEOPLE + "A2,1980-01-01\n"
    found = analyse(write_case(people=people, associations=HARM + more)).operations
    assert [operations.elsewhere(found, one) for one in found.summary["operation_id"]] == [
        ["1 of its children is also in candidate 2."],
        ["1 of its children is also in candidate 1."],
    ]


# The page ------------------------------------------------------------------------------------------------------


def test_the_page_lists_candidates_and_opens_one(open_app: OpenApp, shown: Shown) -> None:
    app = open_app(DEMO, "operations", role="analyst")
    assert not app.exception
    said = shown(app)
    found = analyse(DEMO, viewer=Viewer("analyst")).operations
    assert operations.answer(found) in said
    assert "people decide what they are. None of them is a fact." in said
    listed = app.dataframe[0].value
    assert listed["Rank"].tolist()[:3] == [1, 2, 3]
    assert listed["Shape"].tolist()[:3] == [
        "Several people and several children, some of whom know each other",
        "One place and several children, some of whom know each other",
        "One online account and several children who do not know each other",
    ]
    first = found.summary["operation_id"].iloc[0]
    app = choose(app, operation=first)
    assert not app.exception
    said = shown(app)
    assert (
        "10 children tied to 2 adults of concern, 1 phone and 1 vehicle; 10 of the children to two or more of them."
        in said
    )
    assert "What is missing" in said
    one = found.summary[found.summary["contacts"] == 1].iloc[0]
    assert operations.facts(one, "1 park")[0] == f"{one['victims']} children tied to 1 park."
    assert "No home address is recorded for any of the 2 adults." in said
    grid = app.dataframe[0].value
    assert grid["Child"].iloc[-1] == "All these children"
    assert "Phone 07700 900942" in grid.columns
    assert len(grid) == 11
    app = choose(app, operation_part="contact:thing:T000071")
    assert not app.exception
    assert "10 records tie 10 children of this candidate to it." in shown(app)
    assert "Used it" in shown(app)


def test_a_cell_opens_to_its_rows(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = open_app(case, "operations")
    cells = analyse(case).operations.cells
    (mine,) = cells.loc[cells["person_id"] == "C001", "operation_id"]
    app = choose(app, operation=mine, operation_part="cell:C001|person:A1")
    assert not app.exception
    said = shown(app)
    assert "1 record ties this child to this contact." in said
    assert "untested source, known indirectly to the source" in said
    assert "associations row" in said
    assert next(button for button in app.button if button.label == "Back to the candidate")


def test_an_empty_page_says_what_to_do(open_app: OpenApp, shown: Shown, write_case: Any) -> None:
    app = open_app(write_case(people=PEOPLE), "operations")
    assert not app.exception
    assert "No adult, thing or place on record brings together children" in shown(app)
    assert "Otherwise record who harmed whom" in shown(app)


@pytest.mark.parametrize("kind", ["markup", "direction"])
def test_hostile_names_are_text(
    open_app: OpenApp,
    shown: Shown,
    small_case: ModuleType,
    tmp_path: Path,
    hostile: dict[str, str],
    kind: str,
) -> None:
    case = small_case.write_case(tmp_path / "case", name=hostile[kind])
    app = open_app(case, "operations", role="analyst")
    app.session_state["names_shown"] = True
    first = analyse(case).operations.summary["operation_id"].iloc[0]
    app = choose(app, operation=first, operation_part="contact:person:A1")
    assert not app.exception
    text = shown(app)
    assert "<img src=x" not in text
    assert "\u202e" not in text
    for frame in app.dataframe:
        assert not any("\u202e" in str(column) for column in frame.value.columns)
