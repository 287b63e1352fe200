"""Importing a case into a store: what would change is said, applied whole, and undone; what is checked out is the case."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mapping.additions import additions, correct_record, withdraw_record
from mapping.checkouts import find_case
from mapping.entries import standing_entries
from mapping.imports import (
    ImportedMeanwhileError,
    apply_import,
    check_out,
    compare_import,
    list_imports,
    undo_import,
)
from mapping.records import read_case
from mapping.store import Store, open_store

PEOPLE = "person_id,given_name,note\nC1,Ann,tall\nC2,Bo,\nC3,Cy,\n"
EVENTS = "event_id,kind,started_at\nE1,incident,2026-01-02T10:00\n"
TAKES_PART = "event_id,person_id,role\nE1,C1,present\nE1,C2,present\nE1,C2,present\n"


def counts(store: Store, case: Path) -> dict[str, list[int]]:
    """Return new, changed, unchanged, vanished by table."""
    return {
        row.table: [row.new, row.changed, row.unchanged, row.vanished]
        for row in compare_import(store, case).table().itertuples()
    }


def run(store: Store, case: Path, **said: str) -> int:
    return apply_import(
        store, compare_import(store, case), by="Jo", at=datetime(2026, 5, 1, tzinfo=UTC), **said
    )


def test_an_import_says_first_what_is_new_changed_unchanged_and_vanished(
    url: str, write_case: Any, tmp_path: Path
) -> None:
    with open_store(url) as store:
        first = write_case("hub", people=PEOPLE, events=EVENTS, participation=TAKES_PART)
        assert counts(store, first) == {
            "people": [3, 0, 0, 0],
            "events": [1, 0, 0, 0],
            "participation": [3, 0, 0, 0],
        }
        assert run(store, first) == 1
        assert counts(store, first) == {
            "people": [0, 0, 3, 0],
            "events": [0, 0, 1, 0],
            "participation": [0, 0, 3, 0],
        }
        second = write_case(
            "hub",
            people="person_id,given_name,note\nC3,Cy,\nC1,Anna,tall\nC4,Di,\n",
            events=EVENTS.replace("2026-01-02T10:00", "2026-01-02 10:00:00"),
            participation=TAKES_PART.replace("E1,C1,present\n", ""),
        )
        compared = compare_import(store, second)
        assert {row.table: [row.new, row.changed, row.unchanged, row.vanished] for row in compared.table().itertuples()} == {
            "people": [1, 1, 1, 1],
            "events": [0, 0, 1, 0],  # the same moment, written in another way
            "participation": [0, 0, 2, 1],
        }  # fmt: skip
        assert compared.shown("people", "changed").values.tolist() == [["C1", "given_name", "Ann", "Anna"]]
        assert compared.shown("people", "new").values.tolist() == [
            ["C4", "given_name", "", "Di"],
            ["C4", "person_id", "", "C4"],
        ]
        assert compared.shown("people", "vanished").values.tolist() == [
            ["C2", "given_name", "Bo", ""],
            ["C2", "person_id", "C2", ""],
        ]
        assert apply_import(store, compared, by="Al", why="nightly") == 2
        folder = check_out(store, tmp_path / "out")
        assert folder == tmp_path / "out" / "import-2" / "hub"
        people = pd.read_parquet(folder / "people.parquet")[["person_id", "given_name", "note"]]
        assert people.astype(object).where(people.notna(), None).values.tolist() == [
            ["C1", "Anna", "tall"],
            ["C3", "Cy", None],
            ["C4", "Di", None],
        ]
        assert pd.read_parquet(folder / "participation.parquet")["person_id"].tolist() == ["C2", "C2"]
        # C2 is gone from people, so their rows are set aside when the case is read, and told.
        assert read_case(folder).rejected["value"].tolist() == ["C2", "C2"]


def test_an_import_can_be_undone_and_its_rows_stay_in_the_history(
    url: str, write_case: Any, tmp_path: Path
) -> None:
    with open_store(url) as store:
        run(store, write_case("hub", people=PEOPLE))
        case = write_case("hub", people=PEOPLE.replace("Bo", "Bob"))
        run(store, case)
        assert undo_import(store, by="Al", why="wrong file") == 2
        assert counts(store, case) == {"people": [0, 1, 2, 0]}
        assert run(store, case) == 4
        assert [undo_import(store, by="Al", why="again") for _ in range(2)] == [4, 1]
        with pytest.raises(ValueError, match="There is no import to undo"):
            undo_import(store, by="Al", why="again")
        with pytest.raises(ValueError, match="holds no case yet"):
            check_out(store, tmp_path / "out")
        told = list_imports(store)
        assert told[["import_n", "case_name", "by", "why", "undone"]].values.tolist() == [
            [1, "hub", "Jo", "", True],
            [2, "hub", "Jo", "", True],
            [3, "hub", "Al", "wrong file", False],
            [4, "hub", "Jo", "", True],
            [5, "hub", "Al", "again", False],
            [6, "hub", "Al", "again", False],
        ]
        assert told["undoes"].dropna().tolist() == [2, 4, 1]
        assert told["at"][0] == datetime(2026, 5, 1, tzinfo=UTC)


def test_an_import_compared_before_another_is_refused(url: str, write_case: Any) -> None:
    with open_store(url) as store:
        case = write_case("hub", people=PEOPLE)
        compared = compare_import(store, case)
        run(store, case)
        with pytest.raises(ImportedMeanwhileError, match="Compare it again"):
            apply_import(store, compared, by="Al")
        with pytest.raises(ValueError, match="every row of the case is in the store already"):
            run(store, case)
        with pytest.raises(ValueError, match="nobody is named as importing it"):
            apply_import(store, compared, by=" ")
        assert len(list_imports(store)) == 1


def test_an_import_is_undone_only_by_who_has_seen_it(url: str, write_case: Any) -> None:
    with open_store(url) as store:
        run(store, write_case("hub", people=PEOPLE))
        seen = int(list_imports(store)["import_n"].iloc[-1])
        run(store, write_case("hub", people=PEOPLE.replace("Bo", "Bob")))
        with pytest.raises(
            ImportedMeanwhileError, match="Nothing was undone: somebody else imported or undid"
        ):
            undo_import(store, by="Al", why="wrong file", after=seen)
        assert undo_import(store, by="Al", why="wrong file", after=2) == 2


def test_a_moment_written_by_a_spreadsheet_is_no_change_beside_one_that_is(url: str, write_case: Any) -> None:
    missing = "episode_id,person_id,reported_at,found_at\nM1,C1,{},{}\n"
    with open_store(url) as store:
        run(store, write_case("hub", missing=missing.format("2026-01-02T10:00", "2026-01-03T10:00")))
        compared = compare_import(
            store, write_case("hub", missing=missing.format("2026-01-02 10:00:00", "2026-01-03 10:00:01"))
        )
        assert compared.shown("missing", "changed").values.tolist() == [
            ["M1", "found_at", "2026-01-03T10:00", "2026-01-03 10:00:01"]
        ]


def test_what_somebody_put_by_hand_stands_and_the_import_says_so_first(
    url: str, write_case: Any, tmp_path: Path
) -> None:
    people = "person_id,given_name,sex\nC1,Ann,F\nC2,Bo,M\nC3,Cy,\nC4,Di,F\nC5,Ed,M\nC6,Fay,F\n"
    with open_store(url) as store:
        run(store, write_case("hub", people=people))
        for key, changes in (
            ("C1", {"given_name": "Anne"}),  # the copy says a third thing
            ("C2", {"given_name": "Bob"}),  # the copy now says so too
            ("C3", {"sex": "M"}),  # the copy changes another value
            ("C6", {"sex": "X"}),  # the copy no longer has the row
        ):
            correct_record(store, "people", key, changes, by="Jo", why="asked the school")
        withdraw_record(store, "people", "C4", by="Jo", why="twice in the list")
        withdraw_record(store, "people", "C5", by="Jo", why="not a child we know")
        copy = write_case("hub", people="person_id,given_name,sex\nC1,Anna,F\nC2,Bob,M\nC3,Cyd,\nC4,Dee,F\n")
        compared = compare_import(store, copy)
        assert compared.by_hand.values.tolist() == [
            ["people", "C1", "given_name", "Anna", "Anne", "Jo", "asked the school"],
            ["people", "C6", "", "not in this copy", "the correction has no row any more", "Jo", "asked the school"],
            ["people", "C4", "", "", "taken out", "Jo", "twice in the list"],
        ]  # fmt: skip
        apply_import(store, compared, by="Al")
        assert list_imports(store)["counts"].iloc[-1]["by_hand"] == 3
        held = read_case(
            check_out(store, tmp_path / "out"), additions=additions(standing_entries(store, "record"))
        )
        assert held.table("people")["given_name"].tolist() == ["Anne", "Bob", "Cyd"]


def test_what_was_put_by_hand_is_told_of_ids_that_end_like_a_repetition(url: str, write_case: Any) -> None:
    with open_store(url) as store:
        run(store, write_case("hub", people="person_id,given_name\nC#7,Ann\n"))
        correct_record(store, "people", "C#7", {"given_name": "Anne"}, by="Jo", why="asked the school")
        compared = compare_import(store, write_case("hub", people="person_id,given_name\nC#7,Anna\n"))
        assert compared.by_hand.values.tolist() == [
            ["people", "C#7", "given_name", "Anna", "Anne", "Jo", "asked the school"]
        ]


def test_a_copy_of_the_tables_alone_keeps_the_maps_that_came_before(
    url: str, write_case: Any, tmp_path: Path
) -> None:
    geography = {"population.csv": "area_code,children_10_17\nE05000001,100\n"}
    with open_store(url) as store:
        run(store, write_case("whole", geography=geography, people=PEOPLE))
        run(store, write_case("nightly", people=PEOPLE.replace("Bo", "Bob")))
        folder = check_out(store, tmp_path / "out")
    assert (folder.name, sorted(file.name for file in folder.iterdir())) == (
        "nightly",
        ["geography", "people.parquet"],
    )
    assert (folder / "geography" / "population.csv").read_text() == geography["population.csv"]


def test_a_table_that_would_lose_many_rows_is_told(url: str, write_case: Any) -> None:
    many = "person_id\n" + "".join(f"C{number}\n" for number in range(150))
    episodes = "episode_id,person_id,reported_at\n" + "".join(
        f"M{number},C1,2026-01-01\n" for number in range(12)
    )
    with open_store(url) as store:
        run(store, write_case("hub", people=many, missing=episodes))
        without = compare_import(store, write_case("hub", people=many))
        assert without.losses == {"missing": (12, 12)}
        for left, lost in ((2, {"missing": (10, 12)}), (3, {})):
            some = "\n".join(episodes.splitlines()[: left + 1])
            assert compare_import(store, write_case("hub", people=many, missing=some)).losses == lost
        cut = "\n".join(many.splitlines()[:-15])
        assert compare_import(store, write_case("hub", people=cut, missing=episodes)).losses == {}
        cut = "\n".join(many.splitlines()[:-16])
        assert compare_import(store, write_case("hub", people=cut, missing=episodes)).losses == {"people": (16, 150)}  # fmt: skip


def test_rows_that_cannot_be_read_are_told_and_faulty_values_are_kept(url: str, write_case: Any) -> None:
    with open_store(url) as store:
        case = write_case("hub", people="person_id,sex\nC1,F,extra\nC2,boy\n")
        compared = compare_import(store, case)
        assert compared.unreadable == (
            "people row 2: has 3 values where the header names 2 columns. Check for a comma outside quotation marks.",
        )
        assert compared.shown("people", "new")[["column", "now"]].values.tolist() == [
            ["person_id", "C2"],
            ["sex", "boy"],
        ]
        apply_import(store, compared, by="Jo")
        assert json.loads(json.dumps(list_imports(store)["counts"][0]))["unreadable"] == 1


def test_a_case_named_by_a_url_is_the_case_in_the_store(
    url: str, write_case: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTEXTMAP_STORE", url)
    geography = {"population.csv": "area_code,children_10_17\nE05000001,100\n"}
    with open_store(url) as store:
        with pytest.raises(ValueError, match=r"holds no case yet\. Import one first"):
            find_case(url)
        run(store, write_case("hub", geography=geography, people=PEOPLE))
    folder = find_case(url)
    assert (folder.name, find_case(url)) == ("hub", folder)
    assert (folder / "geography" / "population.csv").read_text() == geography["population.csv"]
    with pytest.raises(ValueError, match=r"There is no store at sqlite:////nowhere/store\.sqlite"):
        find_case("sqlite:////nowhere/store.sqlite")
    assert find_case("some/folder") == Path("some/folder")


ROWS = st.dictionaries(st.sampled_from("ABCDE"), st.sampled_from(["x", "y", "ł,\"'"]), max_size=5)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS, min_size=1, max_size=4))
def test_whatever_was_imported_before_the_store_holds_the_last_case(
    tmp_path_factory: pytest.TempPathFactory, copies: list[dict[str, str]]
) -> None:
    root = tmp_path_factory.mktemp("imports")
    (root / "case").mkdir()
    with open_store(f"sqlite:///{root}/store.sqlite") as store:
        for copy in copies:
            frame = pd.DataFrame({"person_id": ["Z", *copy], "given_name": ["z", *copy.values()]})
            frame.to_csv(root / "case" / "people.csv", index=False)
            compared = compare_import(store, root / "case")
            if compared.changes:
                apply_import(store, compared, by="Jo")
        held = pd.read_parquet(check_out(store, root / "out") / "people.parquet")
        assert dict(zip(held["person_id"], held["given_name"], strict=True)) == {"Z": "z", **copies[-1]}


def test_dates_written_day_first_are_turned_where_that_is_asked_and_else_told_of(
    url: str, write_case: Any
) -> None:
    """The store keeps dates year first; a copy with the same dates in another order is then no change."""
    people = "person_id,date_of_birth,note\nC1,{},31/03/2025\nC2,{},\nC3,,\n"
    events = "event_id,kind,started_at\nE1,incident,{}\n"
    british = write_case(
        "hub", people=people.format("31/03/2012", "3.4.2011"), events=events.format("02/01/2026 10:00")
    )
    with open_store(url) as store:
        told = compare_import(store, british)
        assert told.day_first == 3
        turned = compare_import(store, british, dates="dmy")
        assert turned.day_first == 0
        apply_import(store, turned, by="Jo")
        found = turned.shown("people", "new")
        assert found.loc[found["column"] == "date_of_birth", "now"].tolist() == ["2012-03-31", "2011-04-03"]
        assert found.loc[found["column"] == "note", "now"].tolist() == ["31/03/2025"]
        plain = write_case(
            "plain",
            people=people.format("2012-03-31", "2011-04-03"),
            events=events.format("2026-01-02T10:00"),
        )
        assert counts(store, plain) == {"people": [0, 0, 3, 0], "events": [0, 0, 1, 0]}
        assert not compare_import(store, british, dates="dmy").changes
