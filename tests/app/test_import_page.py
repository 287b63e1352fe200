"""The Import page: what a new copy would change, importing and undoing it, and records entered and corrected by hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from mapping.additions import correct_record
from mapping.entries import entry_history, load_entries
from mapping.imports import apply_import, compare_import, list_imports, undo_import
from mapping.store import open_store

Open = Callable[..., AppTest]
Shown = Callable[[AppTest], str]


def box(app: AppTest, label: str) -> Any:
    """Return the box of a label."""
    return next(each for each in (*app.text_input, *app.text_area) if each.label == label)


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path}/hub.sqlite"
    monkeypatch.setenv("CONTEXTMAP_STORE", url)
    return url


def test_a_copy_is_compared_imported_and_undone(
    store: str, case: Path, open_app: Open, shown: Shown, tmp_path: Path
) -> None:
    app = open_app(case, "import_case", role="analyst")
    app.text_input(key="import_path").input(str(case)).run()
    app.button(key="import_compare").click().run()
    assert not app.exception
    counts = app.dataframe[0].value
    assert counts["Changed rows"].sum() == counts["Unchanged rows"].sum() == 0
    app.button(key="import_apply").click().run()
    assert "Give your name first" in shown(app)
    app.session_state["user_name"] = "Al, analyst"
    app.run()
    app.button(key="import_apply").click().run()
    assert "Imported. What was there before stays in the history." in shown(app)
    copy = tmp_path / "copy"
    shutil.copytree(case, copy)
    people = (copy / "people.csv").read_text().splitlines()
    (copy / "people.csv").write_text("\n".join(people[:-1]) + "\n")
    app.text_input(key="import_path").input(str(copy)).run()
    app.button(key="import_compare").click().run()
    assert app.dataframe[0].value.set_index("Table").loc["people"].tolist() == [0, 0, len(people) - 2, 1]
    assert [error.value for error in app.exception] == []
    box(app, "Why is it undone?").input("wrong month").run()
    app.button(key="import_undo").click().run()
    assert "Undone. Its rows stay in the history." in shown(app)
    with open_store(store) as opened:
        assert list_imports(opened)[["by", "why", "undone"]].values.tolist() == [
            ["Al, analyst", "", True],
            ["Al, analyst", "wrong month", False],
        ]


def test_names_stay_hidden_in_what_would_change_until_they_are_shown(
    store: str, case: Path, open_app: Open, tmp_path: Path
) -> None:
    app = open_app(case, "import_case", role="analyst")
    app.text_input(key="import_path").input(str(case)).run()
    app.button(key="import_compare").click().run()
    app.selectbox(key="import_table").set_value("people").run()
    rows = app.dataframe[1].value
    said = {column: set(found) for column, found in rows.groupby("Column")["Will be"]}
    assert said["given_name"] == said["family_name"] == said["date_of_birth"] == {"recorded"}
    assert "C001" in said["person_id"]
    app.session_state["names_shown"] = True
    app.run()
    rows = app.dataframe[1].value
    assert "recorded" not in set(rows["Will be"])


def test_dates_written_day_first_are_told_of_and_turned_when_the_box_is_ticked(
    store: str, case: Path, open_app: Open, shown: Shown, write_case: Any
) -> None:
    copy = write_case("british", people="person_id,date_of_birth\nC001,31/03/2012\nC002,03/04/2011\n")
    app = open_app(case, "import_case", role="analyst")
    app.text_input(key="import_path").input(str(copy)).run()
    app.button(key="import_compare").click().run()
    assert (
        "2 dates are written day first, such as 31/03/2025, and cannot be used so: 03/04/2025 may be in March or in April. "
        "If it is the day that comes first, tick the box above and compare again."
    ) in shown(app)
    app.checkbox(key="import_day_first").check().run()
    app.button(key="import_compare").click().run()
    assert "written day first, such as 31/03/2025, and" not in shown(app)
    app.session_state["names_shown"] = True
    app.run()
    rows = next(frame.value for frame in app.dataframe if "Will be" in frame.value.columns)
    assert rows.loc[rows["Column"] == "date_of_birth", "Will be"].tolist() == ["2012-03-31", "2011-04-03"]


def test_what_is_imported_is_what_was_compared_and_a_copy_that_lost_rows_is_told(
    store: str, case: Path, open_app: Open, shown: Shown, tmp_path: Path
) -> None:
    with open_store(store) as opened:
        apply_import(opened, compare_import(opened, case), by="Jo")
        correct_record(opened, "people", "C001", {"sex": "X"}, by="Jo", why="asked")
    copy = tmp_path / "copy"
    shutil.copytree(case, copy)
    people = (copy / "people.csv").read_text()
    (copy / "people.csv").write_text("person_id,sex\nC001,U\n")
    app = open_app(case, "import_case", role="analyst")
    app.session_state["user_name"] = "Al, analyst"
    app.text_input(key="import_path").input(str(copy)).run()
    app.button(key="import_compare").click().run()
    assert "rows of people are not in this copy. Is it whole?" in shown(app)
    assert "1 value or row that somebody corrected or took out by hand would be otherwise" in shown(app)
    assert app.dataframe[1].value[["Row", "The copy says", "Stands", "By"]].values.tolist() == [
        ["C001", "U", "X", "Jo"]
    ]
    (copy / "people.csv").write_text(people)
    app.button(key="import_apply").click().run()
    assert not app.exception
    with open_store(store) as opened:
        assert compare_import(opened, copy).counts["people"]["new"] == people.count("\n") - 2


def test_an_import_that_somebody_else_made_meanwhile_is_not_undone(
    store: str, case: Path, open_app: Open, shown: Shown, tmp_path: Path
) -> None:
    with open_store(store) as opened:
        apply_import(opened, compare_import(opened, case), by="Jo")
    app = open_app(case, "import_case", role="analyst")
    app.session_state["user_name"] = "Al, analyst"
    app.run()
    copy = tmp_path / "copy"
    shutil.copytree(case, copy)
    (copy / "things.csv").unlink()
    box(app, "Why is it undone?").input("wrong month").run()

    def meanwhile(*arguments: Any, **options: Any) -> int:
        with open_store(store) as opened:
            apply_import(opened, compare_import(opened, copy), by="Jo")
        return undo_import(*arguments, **options)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("app.import_page.undo_import", meanwhile)
        app.button(key="import_undo").click().run()
    assert "Nothing was undone: somebody else imported or undid an import since you looked" in shown(app)


def test_only_who_sees_every_row_imports_and_names_stay_hidden(
    store: str, case: Path, open_app: Open, shown: Shown
) -> None:
    app = open_app(case, "import_case")
    assert "so that is for analysts" in shown(app)
    assert not [box for box in app.text_input if box.key == "import_path"]
    app.segmented_control(key="import_step").set_value("Correct or take out").run()
    app.text_input(key="correct_people_person_id").input("C001").run()
    rows = app.dataframe[0].value
    assert set(rows["given_name"]) | set(rows["family_name"]) == {"recorded"}
    assert "sources" not in app.selectbox(key="correct_table").options


def test_a_record_is_entered_and_a_row_corrected_by_hand(
    store: str, case: Path, open_app: Open, shown: Shown
) -> None:
    app = open_app(case, "import_case")
    app.session_state["user_name"] = "Jo, social work"
    app.segmented_control(key="import_step").set_value("Enter by hand").run()
    app.selectbox(key="enter_table").set_value("associations").run()
    app.text_input(key="enter_person_a_0").input("C001")
    app.text_input(key="enter_person_b_0").input("C012")
    app.selectbox(key="enter_kind_0").set_value("peer")
    press(app, "Enter it")
    assert "nothing says how it is known" in shown(app)
    box(app, "How do you know?").input("Told me on a visit")
    press(app, "Enter it")
    assert "Entered. It is part of the case from now on" in shown(app)
    # The boxes are empty again: pressed once more, nothing is entered twice.
    assert box(app, "Person a (needed)").value == ""
    press(app, "Enter it")
    assert len(load_entries(store, "record")) == 1
    app.segmented_control(key="import_step").set_value("Correct or take out").run()
    app.text_input(key="correct_people_person_id").input("C012").run()
    next(each for each in app.selectbox if each.label == "What is corrected?").set_value("ehcp")
    box(app, "What it should say (empty: nothing)").input("Y")
    app.text_input(key="correct_people_person_id").input("C011").run()
    assert box(app, "What it should say (empty: nothing)").value == ""  # that was typed for another child
    app.text_input(key="correct_people_person_id").input("C012").run()
    next(each for each in app.selectbox if each.label == "What is corrected?").set_value("ehcp")
    box(app, "What it should say (empty: nothing)").input("Y")
    box(app, "Why?").input("seen the plan")
    press(app, "Correct it")
    assert "Corrected." in shown(app)
    assert box(app, "Why?").value == ""
    first, second = load_entries(store, "record")
    assert (first.by, first.content["row"]["person_b"], first.content["source"]["text"]) == (
        "Jo, social work",
        "C012",
        "Told me on a visit",
    )
    # Long after the case's records ended, it keeps its own time.
    assert first.content["source"]["recorded_on"].startswith("2024-")
    assert (second.content, second.why) == (
        {"table": "people", "key": "C012", "row": {"ehcp": "Y"}},
        "seen the plan",
    )
    # Whoever sees every row can take a correction back, with a reason.
    app = open_app(case, "import_case", role="analyst")
    app.session_state["user_name"] = "Al, analyst"
    app.session_state["chosen"] = {"entered": second.entry_id}
    app.segmented_control(key="import_step").set_value("Correct or take out").run()
    take_back = next(button for button in app.button if button.label == "Take it back")
    app = take_back.click().run()
    assert "No reason is given for taking this away" in shown(app)
    app.text_input(key=f"take_back_why_{second.entry_id}").input("another child")
    next(button for button in app.button if button.label == "Take it back").click().run()
    assert "Taken back." in shown(app)
    assert [entry.entry_id for entry in load_entries(store, "record")] == [first.entry_id]
    with open_store(store) as opened:
        assert [(turn.by, turn.why, turn.removed) for turn in entry_history(opened, "record", second.entry_id)] == [
            ("Jo, social work", "seen the plan", False),
            ("Al, analyst", "another child", True),
        ]  # fmt: skip


def test_import_at_the_command_line_says_what_changes_and_every_command_takes_the_store(
    store: str, case: Path, open_app: Open, shown: Shown, tmp_path: Path, run: Any
) -> None:
    file = tmp_path / "hub.sqlite"
    ran = run("import", case, "--store", file, "--dry-run", "--by", "Jo")
    assert (ran.code, "Nothing was imported, as --dry-run asks." in ran.out) == (0, True)
    ran = run("analyse", store, "--out", tmp_path / "out")
    assert (ran.code, "holds no case yet. Import one first" in ran.err) == (1, True)
    ran = run("import", case, "--store", store, "--by", "Jo")
    assert (ran.code, "Import 1 is in" in ran.out) == (0, True)
    assert run("check", store).code == 0
    assert run("analyse", store, "--out", tmp_path / "out", "--resamples", "0").code == 0
    assert (tmp_path / "out" / "links.parquet").exists()
    app = open_app(store, "groups")
    assert not app.exception
    assert "Case <b>small</b>" in shown(app)
    ran = run("import", case, "--store", store)
    assert (ran.code, "Nothing to import: every row is in the store already" in ran.out) == (0, True)
    cut = tmp_path / "small"
    shutil.copytree(case, cut)
    people = (cut / "people.csv").read_text().splitlines()
    (cut / "people.csv").write_text("\n".join([*people[:-12], "C0,torn"]) + "\n")
    for options, code in (((), 1), (("--dry-run",), 0), (("--allow-vanished",), 0)):
        ran = run("import", cut, "--store", store, "--by", "Jo", *options)
        assert ran.code == code
        assert "Not imported: people row" in ran.err
        assert f"12 of {len(people) - 1} rows of people are not in this copy." in ran.err
        assert ("may not have arrived whole" in ran.err) == (code == 1)
    assert run("import", "--store", store, "--undo", "--why", "torn").code == 0
    assert run("import", "--store", store, "--undo").code == 2
    assert run("import", case, "--store", store, "--undo", "--why", "x").code == 2
    assert run("import", "--store", store, "--undo", "--why", "a test").code == 0
    assert run("import", tmp_path / "nowhere", "--store", store).code == 1


def test_a_job_of_a_user_without_a_name_says_that_it_needs_one(
    store: str, case: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        msg = "getpwuid(): uid not found: 54321"
        raise KeyError(msg)

    monkeypatch.setattr("getpass.getuser", nobody)
    ran = run("import", case, "--store", store)
    assert (ran.code, ran.err) == (
        2,
        "contextmap: nobody is named as importing or undoing: say --by NAME\n",
    )
