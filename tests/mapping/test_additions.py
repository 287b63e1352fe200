"""Records entered by hand, corrected and taken out: what the case then says, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mapping.additions import (
    Addition,
    add_record,
    additions,
    correct_record,
    load_additions,
    withdraw_record,
)
from mapping.entries import entry_history, remove_entry, standing_entries
from mapping.records import read_case
from mapping.row_keys import row_key
from mapping.store import Store, open_store, store_url

PEOPLE = """
    person_id,given_name,date_of_birth
    C1,Ann,2011-04-03
    C2,Bo,2012-01-01
"""
ASSOCIATIONS = """
    person_a,person_b,kind,first_seen
    C1,C2,peer,2026-01-01
    C1,C2,family,2026-01-02
"""


@pytest.fixture
def case(write_case: Any) -> Path:
    return write_case(people=PEOPLE, associations=ASSOCIATIONS)


def opened(case: Path) -> Store:
    return open_store(store_url(case))


def rows(case: Path, table: str, *columns: str) -> list[list[object]]:
    found = read_case(case, additions=load_additions(case)).table(table)[list(columns)]
    return found.astype(object).where(found.notna(), None).values.tolist()


def test_a_link_entered_by_hand_rests_on_a_source_of_its_own(case: Path) -> None:
    with opened(case) as store:
        person = add_record(
            store, "people", {"given_name": "Cy"}, by="Jo", at=datetime(2026, 5, 1, tzinfo=UTC)
        )
        cy = person.content["row"]["person_id"]
        assert cy == f"ENTERED-{person.entry_id}"
        link = add_record(
            store,
            "associations",
            {"person_a": "C1", "person_b": cy, "kind": "peer", "nature": "protective"},
            by="Jo, social worker",
            how="Ann told me on the visit",
            agency="Children's services",
            recorded_on=date(2026, 5, 1),
        )
        assert (link.by, link.why) == ("Jo, social worker", "Ann told me on the visit")
        assert additions(standing_entries(store, "record"))[1] == Addition(
            "sources", "", tuple(sorted(link.content["source"].items()))
        )
    source = f"ENTERED-S-{link.entry_id}"
    assert rows(case, "people", "row", "person_id", "given_name") == [
        [2, "C1", "Ann"],
        [3, "C2", "Bo"],
        [4, cy, "Cy"],
    ]
    assert rows(case, "associations", "row", "person_b", "kind", "nature", "source_id") == [
        [2, "C2", "peer", None, None],
        [3, "C2", "family", None, None],
        [4, cy, "peer", "protective", source],
    ]
    assert rows(
        case, "sources", "source_id", "kind", "agency", "recorded_on", "information_grade", "text"
    ) == [
        [
            source,
            "social_care",
            "Children's services",
            pd.Timestamp("2026-05-01"),
            None,
            "Ann told me on the visit",
        ]
    ]
    assert "associations: 1 row entered by hand." in read_case(case, additions=load_additions(case)).notes


def test_a_correction_changes_one_row_and_can_be_corrected_and_taken_back(case: Path) -> None:
    key = row_key("associations", {"person_a": "C1", "person_b": "C2", "kind": "peer"})
    with opened(case) as store:
        correct_record(store, "associations", key, {"nature": "harmful"}, by="Jo", why="as reported", after=0)
        changed = {"nature": "neutral", "first_seen": "2026-02-01"}
        entry = correct_record(store, "associations", key, changed, by="Al", why="spoke to both", after=1)
        assert rows(case, "associations", "kind", "nature", "first_seen") == [
            ["peer", "neutral", pd.Timestamp("2026-02-01")],
            ["family", None, pd.Timestamp("2026-01-02")],
        ]
        remove_entry(store, "record", entry.entry_id, by="Al", why="wrong pair")
    assert rows(case, "associations", "kind", "nature") == [["peer", None], ["family", None]]


def test_a_row_written_in_error_is_taken_out_and_one_that_is_not_there_is_said(case: Path) -> None:
    with opened(case) as store:
        key = row_key("associations", {"person_a": "C1", "person_b": "C2", "kind": "family"})
        withdraw_record(store, "associations", key, by="Jo", why="another family")
        withdraw_record(store, "associations", "C1|C9|peer|", by="Jo", why="not so")
    records = read_case(case, additions=load_additions(case))
    assert records.table("associations")["kind"].tolist() == ["peer"]
    assert records.counts["associations"] == {"read": 1, "kept": 1, "set_aside": 0, "faults": 0}
    assert [note for note in records.notes if note.startswith("associations")] == [
        "associations: 1 row taken out as written in error.",
        "associations: the row 'C1|C9|peer|' that somebody corrected or took out is not in the case any more.",
    ]


def test_a_second_correction_of_a_row_keeps_what_the_first_corrected(case: Path) -> None:
    with opened(case) as store:
        correct_record(store, "people", "C1", {"given_name": "Anna"}, by="Jo", why="as she writes it")
        correct_record(store, "people", "C1", {"date_of_birth": "2011-04-04"}, by="Al", why="certificate")
        entry = correct_record(store, "people", "C1", {"given_name": "Anne"}, by="Jo", why="misread")
        assert (entry.turn, [each.by for each in entry_history(store, "record", entry.entry_id)]) == (3, ["Jo", "Al", "Jo"])  # fmt: skip
        assert rows(case, "people", "given_name", "date_of_birth")[0] == ["Anne", pd.Timestamp("2011-04-04")]
        remove_entry(store, "record", entry.entry_id, by="Al", why="another child")
        correct_record(store, "people", "C1", {"given_name": "Ana"}, by="Jo", why="as she writes it")
    assert rows(case, "people", "given_name", "date_of_birth")[0] == ["Ana", pd.Timestamp("2011-04-03")]


def test_what_was_entered_by_hand_is_corrected_and_taken_out_like_any_other_row(case: Path) -> None:
    with opened(case) as store:
        one, other = (add_record(store, "people", {"given_name": name}, by="Jo") for name in ("Cy", "Di"))
        keys = [entry.content["row"]["person_id"] for entry in (one, other)]
        correct_record(store, "people", keys[0], {"given_name": "Cyd"}, by="Al", why="spelt so")
        withdraw_record(store, "people", keys[1], by="Al", why="entered twice")
    assert rows(case, "people", "row", "given_name") == [[2, "Ann"], [3, "Bo"], [4, "Cyd"]]
    records = read_case(case, additions=load_additions(case))
    assert [note for note in records.notes if note.startswith("people")] == [
        "people: 2 rows entered by hand, 1 row corrected, 1 row taken out as written in error."
    ]


def test_rows_of_typed_parquet_tables_are_added_to_and_corrected(tmp_path: Path) -> None:
    case = tmp_path / "typed"
    case.mkdir()
    pd.DataFrame({"person_id": [1.0, 2.0], "date_of_birth": pd.to_datetime(["2011-04-03", None])}).to_parquet(
        case / "people.parquet"
    )
    pd.DataFrame(
        {"episode_id": ["E1"], "person_id": [1], "reported_at": pd.to_datetime(["2026-03-01 22:30"])}
    ).to_parquet(case / "missing.parquet")
    with opened(case) as store:
        correct_record(
            store, "people", "2", {"date_of_birth": "2012-05-06"}, by="Jo", why="birth certificate"
        )
        add_record(
            store, "missing", {"person_id": "2", "reported_at": "2026-03-02T01:15"}, by="Jo", how="called in"
        )
    assert rows(case, "people", "person_id", "date_of_birth") == [
        ["1", pd.Timestamp("2011-04-03")],
        ["2", pd.Timestamp("2012-05-06")],
    ]
    assert rows(case, "missing", "person_id", "reported_at") == [
        ["1", pd.Timestamp("2026-03-01 22:30")],
        ["2", pd.Timestamp("2026-03-02 01:15")],
    ]


def test_a_faulty_reference_is_set_aside_as_in_a_file(case: Path) -> None:
    with opened(case) as store:
        row = {"person_a": "C1", "person_b": "C9", "kind": "peer"}
        add_record(store, "associations", row, by="Jo", how="heard")
    records = read_case(case, additions=load_additions(case))
    assert records.rejected[["table", "row", "column", "value"]].values.tolist() == [
        ["associations", 4, "person_b", "C9"]
    ]


def test_every_fault_is_said_at_once_and_nothing_is_kept(case: Path) -> None:
    with opened(case) as store:
        with pytest.raises(
            ValueError,
            match=r"associations has no column colour; associations needs person_b; kind 'friend' is not in its list"
            r".*first_seen '1 May' is not a date.*nothing says how it is known",
        ):
            add_record(
                store,
                "associations",
                {"person_a": "C1", "kind": "friend", "first_seen": "1 May", "colour": "red"},
                by="Jo",
            )
        with pytest.raises(ValueError, match="'friends' is not a table of a case"):
            add_record(store, "friends", {}, by="Jo")
        with pytest.raises(ValueError, match=r"ehcp 'yes' is neither Y nor N; no reason is given"):
            correct_record(store, "people", "C1", {"ehcp": "yes"}, by="Jo", why="")
        with pytest.raises(ValueError, match="nothing is corrected"):
            correct_record(store, "people", "C1", {}, by="Jo", why="x")
        with pytest.raises(ValueError, match="kind cannot be emptied"):
            correct_record(store, "associations", "C1|C2|peer|", {"kind": ""}, by="Jo", why="x")
        assert standing_entries(store, "record") == []


def test_the_same_row_has_the_same_key_however_its_times_are_written() -> None:
    row = {"person_id": "C1", "location_id": "L1"}
    keys = {
        row_key("presence", {**row, "seen_at": text}) for text in ("2026-03-01T22:30", "2026-03-01 22:30:00")
    }
    assert keys == {"C1|L1|2026-03-01T22:30:00|"}
    assert row_key("people", {"person_id": " C1 "}) == "C1"
