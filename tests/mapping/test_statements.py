"""What somebody says about a young person becomes rows that the reader of a case accepts as they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from mapping.codes import load_codes
from mapping.contract import TABLES
from mapping.records import read_case
from mapping.statements import WAYS, Statement, statement_rows, validate_statement

TODAY = date(2026, 5, 4)


def said(way: str, other: str | None = None, called: str = "") -> Statement:
    return Statement("C1", other, called, way, "she told me", TODAY)


def test_a_known_person_gets_a_link_alone_and_a_new_one_a_row_too() -> None:
    assert statement_rows(said("peer", "B7"), new_id="n1") == [
        ("associations", {"person_a": "B7", "person_b": "C1", "kind": "peer", "nature": "unknown", "first_seen": "2026-05-04", "last_seen": "2026-05-04"})
    ]  # fmt: skip
    assert statement_rows(said("protective", called="  Una  Mary  Vane "), new_id="n1") == [
        ("people", {"person_id": "n1", "given_name": "Una Mary", "family_name": "Vane"}),
        ("associations", {"person_a": "C1", "person_b": "n1", "kind": "other", "nature": "protective", "first_seen": "2026-05-04", "last_seen": "2026-05-04"}),
    ]  # fmt: skip
    assert statement_rows(said("harmful", called="Boy"), new_id="n1")[0] == (
        "people",
        {"person_id": "n1", "given_name": "Boy", "family_name": ""},
    )


def test_places_and_things() -> None:
    assert statement_rows(said("park", called="Quarry Field"), new_id="n2") == [
        ("locations", {"location_id": "n2", "kind": "park", "name": "Quarry Field"}),
        ("presence", {"person_id": "C1", "location_id": "n2", "seen_at": "2026-05-04"}),
    ]
    assert statement_rows(said("phone", "T1"), new_id="n3") == [
        ("thing_use", {"thing_id": "T1", "person_id": "C1", "first_seen": "2026-05-04", "last_seen": "2026-05-04"})
    ]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_every_way_makes_rows_the_contract_accepts(
    way: str, write_case: Callable[..., Path], tmp_path: Path
) -> None:
    tables: dict[str, list[dict[str, str]]] = {"people": [{"person_id": "C1"}]}
    for table, row in statement_rows(said(way, called="Some One"), new_id="n1"):
        assert set(row) <= set(TABLES[table].names)
        tables.setdefault(table, []).append(row)
    records = read_case(write_case(**tables))
    assert records.rejected.empty


def test_ways_use_codes_of_the_contract() -> None:
    codes = load_codes()
    lists = {"person": "association_kind", "location": "location_kind", "thing": "thing_kind"}
    assert [way.name for way in WAYS.values() if way.kind not in codes[lists[way.of]]] == []
    assert [way.name for way in WAYS.values() if way.nature and way.nature not in codes["nature"]] == []


def test_all_that_is_missing_is_said_at_once() -> None:
    with pytest.raises(
        ValueError,
        match=r"Nothing was added: say who or what; say how they know each other; say how you know.*; 05/05/2026 is still to come",
    ):
        validate_statement(Statement("C1", None, " ", "", "", date(2026, 5, 5)), today=TODAY)
    with pytest.raises(ValueError, match="nobody is linked with themselves"):
        validate_statement(said("peer", "C1"), today=TODAY)
    validate_statement(said("peer", "C2"), today=TODAY)
