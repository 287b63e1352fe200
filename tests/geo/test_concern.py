"""What counts as concern, where and when."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from geo.concern import COLUMNS, NO_PARTICIPATION, build_concern
from geo.places import Places


def at(easting: list[float]) -> Places:
    east = np.array(easting, dtype=float)
    known = np.isfinite(east)
    return Places(east, np.where(known, 0.0, np.nan), np.full(len(east), -1), known)


LOCATIONS = pd.DataFrame(
    {"location_id": ["H", "P", "S", "X"], "kind": ["home", "park", "childrens_home", "park"]}
)
SITES = at([1.0, 2.0, 3.0, np.nan])


def made(**options: Any) -> tuple[list[list[Any]], list[str]]:
    people = pd.DataFrame(
        {"person_id": ["C", "A"], "date_of_birth": pd.to_datetime(["2010-01-01", "1990-01-01"])}
    )
    events = pd.DataFrame(
        {
            "event_id": ["E1", "E2", "E3", "E4"],
            "kind": ["incident", "contact", "contact", "incident"],
            "started_at": pd.to_datetime(
                ["2025-06-02T21:30", "2025-06-03T09:00", "2025-06-03T10:00", "2025-07-01T00:00"]
            ),
        }
    )
    missing = pd.DataFrame(
        [
            ("C", "2025-06-02T20:00", "2025-06-03T01:10", "S", "P"),
            ("C", "2025-05-02T20:00", "2025-05-03T02:00", "H", "H"),
            ("C", "2025-06-02T20:00", None, "P", "X"),
            ("A", "2025-06-02T20:00", "2025-06-03T01:10", "P", "P"),
        ],
        columns=["person_id", "reported_at", "found_at", "missing_from", "found_at_location"],
    )
    missing[["reported_at", "found_at"]] = missing[["reported_at", "found_at"]].apply(pd.to_datetime)
    roles = pd.DataFrame({"event_id": ["E1", "E2", "E3"], "role": ["harmed", "may_have_harmed", "present"]})
    asked = {"participation": roles, "kinds": ["park"], "as_of": date(2025, 6, 30)} | options
    found, notes = build_concern(
        people=people,
        locations=LOCATIONS,
        events=events,
        missing=missing,
        sites=SITES,
        happened=at([7.0, 8.0, 9.0, 7.0]),
        **asked,
    )
    assert tuple(found.columns) == COLUMNS
    assert found["at"].dt.hour.tolist() == found["hour"].tolist()
    return found.drop(columns=["northing", "weight", "at", "source_id"]).values.tolist(), notes


def test_found_missing_incidents_and_harm() -> None:
    # Found in the park at 1:10 on a Tuesday; gone from the park, not from a home; E3 harmed nobody; E4 is later.
    assert made() == (
        [
            ["found", 2.0, 1, 1],
            ["went missing", 2.0, 0, 20],
            ["incident", 7.0, 0, 21],
            ["harm", 8.0, 1, 9],
        ],
        ["1 record of harm has no place or no time of day and is not counted in the plan."],
    )


def test_without_participation_only_incidents_count_and_that_is_said() -> None:
    rows, notes = made(participation=None)
    assert [row[0] for row in rows] == ["found", "went missing", "incident"]
    assert notes[0] == NO_PARTICIPATION


def test_kinds_and_days_limit_what_counts() -> None:
    rows, _ = made(kinds=["childrens_home"], since=date(2025, 6, 3))
    assert rows == [["found", 2.0, 1, 1], ["harm", 8.0, 1, 9]]
    rows, _ = made(kinds=["childrens_home"])
    assert ["went missing", 3.0, 0, 20] in rows
