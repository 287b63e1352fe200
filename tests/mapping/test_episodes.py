"""Episodes and children, always both."""

from __future__ import annotations

from datetime import date

import pandas as pd

from mapping.episodes import episodes_in, figures, times_missing
from mapping.periods import Period

MISSING = pd.DataFrame(
    {
        "person_id": ["C1", "C1", "C2", "C3", "C3", "C3", "C4", "C5"],
        "reported_at": pd.to_datetime(
            ["2025-04-01T00:00", "2026-03-31T23:59", "2025-05-01T10:00", *["2025-06-01T10:00"] * 3, "2026-04-01T00:00", "2025-07-01T12:00"]
        ),
    }
)  # fmt: skip
BORN = pd.Series(
    pd.to_datetime(["2009-01-01", "2007-05-01", None, "2009-01-01"]), index=["C1", "C2", "C3", "C4"]
)
YEAR = Period(date(2025, 4, 1), date(2026, 3, 31))


def test_episodes_of_children_and_of_those_of_unknown_age_count() -> None:
    found = episodes_in(MISSING, BORN, YEAR)
    # C2 turned 18 on the day of the report; C4's is a day late; nobody knows how old C3 and C5 are.
    assert found["person_id"].tolist() == ["C1", "C1", "C3", "C3", "C3", "C5"]


def test_children_repeats_and_episodes() -> None:
    person = episodes_in(MISSING, BORN, YEAR)["person_id"]
    assert figures(person).to_dict() == {
        "episodes": 6,
        "children": 3,
        "children_repeat": 2,
        "children_three_or_more": 1,
        "episodes_repeat": 3,
    }
    assert times_missing(person).to_dict() == {"C1": "twice", "C3": "three_or_more", "C5": "once"}
