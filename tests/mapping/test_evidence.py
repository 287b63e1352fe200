"""Tests of the mentions that links and contacts are built from."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pytest

from mapping.evidence import grade_text, mentions
from mapping.records import Records, read_case


@pytest.fixture
def records(write_case: Any) -> Records:
    case = write_case(
        locations="location_id,kind\nL1,park\n",
        sources="""
        source_id,kind,recorded_on,source_grade,information_grade
        SA,health,2025-02-01,1,A
        SB,health,2025-02-01,,B
        SC,health,2025-02-01,3,C
        SE,health,2025-02-01,2,E
        SN,health,2025-02-01,1,
        """,
        associations="""
        person_a,person_b,kind,nature,first_seen,last_seen,source_id
        C2,C1,peer,protective,2025-01-01,2025-03-01,SA
        C1,C2,exploitation,,2025-01-01,,SB
        C1,C2,family,,,2025-01-05,SC
        C1,C2,online,,,,SE
        C1,C2,school,,,,SN
        C1,C2,other,,,,
        """,
        events="event_id,kind,started_at,ended_at,source_id\nE1,incident,2025-01-01T10:00,2025-01-02T10:00,SC\n",
        participation="event_id,person_id,role,source_id\nE1,C1,harmed,\nE1,C2,may_have_harmed,SA\nE1,C3,adult_of_concern,SN\n",
        presence="person_id,location_id,seen_at,source_id\nC1,L1,2025-01-01,SA\nC1,L1,2025-01-02T10:30,\n",
        things="thing_id,kind,source_id\nT1,phone,SB\n",
        thing_use="thing_id,person_id,first_seen,source_id\nT1,C1,,\nT1,C2,2025-01-01,SE\n",
        missing="episode_id,person_id,reported_at,found_at,source_id\nM1,C1,2025-01-01T10:00,2025-01-03T10:00,SA\n",
    )
    return read_case(case)


def kept(records: Records, grades: Any, name: str) -> list[int]:
    cited = mentions(records, grades=grades)
    return [row for (row,) in records.execute(f"SELECT row FROM {cited.tables[name]} ORDER BY row")]


@pytest.mark.parametrize(
    ("grades", "stated", "events", "things"),
    [
        ("A-B", [2, 3], [3], [2]),
        ("A-C", [2, 3, 4], [2, 3], [2]),
        ("all", [2, 3, 4, 5, 6, 7], [2, 3, 4], [2, 3]),
    ],
)
def test_bands_choose_rows_by_the_grade_of_their_own_source_or_else_of_what_they_hang_on(
    records: Records, grades: str, stated: list[int], events: list[int], things: list[int]
) -> None:
    assert kept(records, grades, "stated") == stated
    assert kept(records, grades, "events") == events
    assert kept(records, grades, "things") == things


def test_rows_left_out_are_counted(records: Records) -> None:
    assert mentions(records, grades="A-B").counts == {
        "associations": {"used": 2, "ungraded": 2, "graded_lower": 2},
        "participation": {"used": 1, "ungraded": 1, "graded_lower": 1},
        "presence": {"used": 1, "ungraded": 1, "graded_lower": 0, "untimed": 1},
        "thing_use": {"used": 1, "ungraded": 0, "graded_lower": 1},
        "missing": {"used": 1, "ungraded": 0, "graded_lower": 0},
    }
    assert mentions(records).counts == {
        "associations": {"used": 6, "ungraded": 0, "graded_lower": 0},
        "participation": {"used": 3, "ungraded": 0, "graded_lower": 0},
        "presence": {"used": 2, "ungraded": 0, "graded_lower": 0, "untimed": 1},
        "thing_use": {"used": 2, "ungraded": 0, "graded_lower": 0},
        "missing": {"used": 1, "ungraded": 0, "graded_lower": 0},
    }


def test_a_band_that_does_not_exist_is_refused(records: Records) -> None:
    with pytest.raises(ValueError, match=r"'A-D' is not a grade band\. Use one of A-B, A-C, all\."):
        mentions(records, grades="A-D")  # type: ignore[arg-type]


def days(records: Records, name: str, as_of: date | None) -> list[tuple[Any, ...]]:
    table = mentions(records, as_of=as_of).tables[name]
    day = "CAST(DATE '1970-01-01' + CAST({} AS INTEGER) AS VARCHAR)".format
    return records.execute(f"SELECT row, {day('first_day')}, {day('last_day')} FROM {table} ORDER BY row")


def test_days_come_from_the_row_and_else_from_its_source(records: Records) -> None:
    assert days(records, "stated", None) == [
        (2, "2025-01-01", "2025-03-01"),
        (3, "2025-01-01", "2025-01-01"),
        (4, "2025-01-05", "2025-01-05"),
        (5, "2025-02-01", "2025-02-01"),
        (6, "2025-02-01", "2025-02-01"),
        (7, None, None),
    ]
    assert days(records, "events", None) == [(row, "2025-01-01", "2025-01-02") for row in (2, 3, 4)]
    assert days(records, "missing", None) == [(2, "2025-01-01", "2025-01-03")]


def test_no_day_lies_after_the_date_and_none_is_made_up(records: Records) -> None:
    assert days(records, "stated", date(2025, 1, 3)) == [
        (2, "2025-01-01", "2025-01-03"),
        (3, "2025-01-01", "2025-01-01"),
        (4, "2025-01-03", "2025-01-03"),
        (5, "2025-01-03", "2025-01-03"),
        (6, "2025-01-03", "2025-01-03"),
        (7, None, None),
    ]


def test_natures_roles_and_minutes(records: Records) -> None:
    cited = mentions(records)
    stated = records.execute(
        f"SELECT row, person_a_n, person_b_n, nature FROM {cited.tables['stated']} ORDER BY row"
    )
    assert stated == [
        (2, 1, 2, "protective"),
        (3, 1, 2, "harmful"),
        *[(row, 1, 2, "unknown") for row in (4, 5, 6, 7)],
    ]
    roles = "row, harmed, may_have_harmed, of_concern, protective"
    assert records.execute(f"SELECT {roles} FROM {cited.tables['events']} ORDER BY row") == [
        (2, True, False, False, False),
        (3, False, True, False, False),
        (4, False, False, True, False),
    ]
    minutes = records.execute(f"SELECT minute FROM {cited.tables['presence']} ORDER BY row")
    assert minutes == [(None,), ((date(2025, 1, 2) - date(1970, 1, 1)).days * 1440 + 10 * 60 + 30,)]


@pytest.mark.parametrize(
    ("number", "text"), [(11, "1A"), (23, "3B"), (39, "C"), (19, "A"), (52, "2E"), ("NULL", None)]
)
def test_grades_are_written_as_on_a_form(number: Any, text: str | None) -> None:
    assert duckdb.execute(f"SELECT {grade_text(f'CAST({number} AS INTEGER)')}").fetchall() == [(text,)]
