"""Tests of who is a child, a young adult or an adult at a date."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta

from mapping.people import age_bands
from mapping.records import Records, read_case


def bands(records: Records, as_of: date | None) -> dict[str, tuple[Any, str, bool]]:
    found = records.sql(f"SELECT * FROM {age_bands(records, as_of)} JOIN {{people}} USING (person_n)").df()
    return {
        row.person_id: (None if pd.isna(row.age) else int(row.age), row.age_band, bool(row.of_concern))
        for row in found.itertuples()
    }


@pytest.mark.parametrize(
    ("born", "as_of", "age", "band"),
    [
        ("2008-06-15", date(2026, 6, 14), 17, "child"),
        ("2008-06-15", date(2026, 6, 15), 18, "young_adult"),
        ("2000-06-15", date(2026, 6, 14), 25, "young_adult"),
        ("2000-06-15", date(2026, 6, 15), 26, "adult"),
        ("2008-02-29", date(2026, 2, 28), 17, "child"),
        ("2008-02-29", date(2026, 3, 1), 18, "young_adult"),
        ("2012-02-29", date(2028, 2, 29), 16, "child"),
        ("1901-01-01", date(2026, 1, 1), 125, "adult"),
        ("2026-01-02", date(2026, 1, 1), None, "child"),
    ],
)
def test_ages_around_birthdays(write_case: Any, born: str, as_of: date, age: int | None, band: str) -> None:
    records = read_case(write_case(people=[{"person_id": "C1", "date_of_birth": born}]))
    assert bands(records, as_of) == {"C1": (age, band, False)}


@pytest.mark.parametrize(
    "as_of", [date(2025, 6, 15), date(2026, 2, 28), date(2028, 2, 29), date(2027, 12, 31)]
)
def test_ages_are_those_of_dateutil(write_case: Any, as_of: date) -> None:
    """Every birthday of 30 years against dateutil; it keeps those of 29 February on the 28th, the law on 1 March."""
    born = [day.date() for day in pd.date_range("1995-01-01", "2024-12-31", freq="D")]
    case = write_case(people=[{"person_id": str(day), "date_of_birth": str(day)} for day in born])
    expected = {}
    for day in born:
        leap = (day.month, day.day) == (2, 29) and (as_of.month, as_of.day) == (2, 28)
        expected[str(day)] = relativedelta(as_of, day).years - leap
    assert {person: age for person, (age, _, _) in bands(read_case(case), as_of).items()} == expected


def test_people_without_a_date_of_birth(write_case: Any) -> None:
    case = write_case(
        people="person_id\n" + "\n".join(["R", "P", "M", "N", "A", "B", "X", "Y", "Z", "RA"]),
        locations="location_id,kind\nL1,home\n",
        referrals="referral_id,person_id,received_on\nR1,R,2025-01-01\nR2,RA,2025-01-01\n",
        placements="person_id,location_id,started_on\nP,L1,2025-01-01\n",
        missing="episode_id,person_id,reported_at\nM1,M,2025-01-01\n",
        events="event_id,kind,started_at\nE1,incident,2025-01-01\n",
        participation="event_id,person_id,role\nE1,A,adult_of_concern\nE1,RA,adult_of_concern\nE1,B,may_have_harmed\n",
        associations="person_a,person_b,kind\nX,R,exploitation\nP,Y,exploitation\nZ,N,exploitation\nN,A,exploitation\n",
    )
    assert bands(read_case(case), date(2025, 6, 1)) == {
        "R": (None, "child", False),
        "P": (None, "child", False),
        "M": (None, "child", False),
        "RA": (None, "child", False),
        "N": (None, "unknown_age", False),
        "B": (None, "unknown_age", False),
        "Z": (None, "unknown_age", False),
        "A": (None, "adult", True),
        "X": (None, "adult", True),
        "Y": (None, "adult", True),
    }


def test_people_of_known_age_keep_their_band_whatever_is_said_of_them(write_case: Any) -> None:
    case = write_case(
        people="person_id,date_of_birth\nC,2010-01-01\nD,2010-01-01\nY,2004-01-01\nA,1980-01-01\nO,1980-01-01\n",
        events="event_id,kind,started_at\nE1,incident,2025-01-01\n",
        participation="event_id,person_id,role\nE1,C,adult_of_concern\nE1,Y,adult_of_concern\n",
        associations="person_a,person_b,kind\nA,C,exploitation\nC,D,exploitation\nO,A,exploitation\n",
        referrals="referral_id,person_id,received_on\nR1,O,2025-01-01\n",
    )
    assert bands(read_case(case), date(2025, 6, 1)) == {
        "C": (15, "child", False),
        "D": (15, "child", False),
        "Y": (21, "young_adult", True),
        "A": (45, "adult", True),
        "O": (45, "adult", False),
    }


def test_without_a_date_nobody_has_an_age(write_case: Any) -> None:
    records = read_case(write_case(people="person_id,date_of_birth\nC1,2010-01-01\nC2,1950-01-01\n"))
    assert bands(records, None) == {"C1": (None, "unknown_age", False), "C2": (None, "unknown_age", False)}
