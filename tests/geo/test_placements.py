from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.placements import (
    distance_km,
    from_elsewhere,
    placements_at,
    placements_by_authority,
    placements_when,
)

Case = Callable[..., dict[str, pd.DataFrame]]

PLACED: list[dict[str, Any]] = [
    {"person_id": "C1", "location_id": "L1", "started_on": "2024-01-01", "ended_on": "2024-06-30"},
    {"person_id": "C1", "location_id": "L2", "started_on": "2024-06-30", "ended_on": None},
    {"person_id": "C2", "location_id": "L1", "started_on": "2024-03-01", "ended_on": "2024-03-31"},
    {"person_id": "C3", "location_id": "L3", "started_on": "2024-05-01", "ended_on": None},
]


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2023, 12, 31), {}),
        (date(2024, 1, 1), {"C1": "L1"}),
        (date(2024, 3, 31), {"C1": "L1", "C2": "L1"}),
        (date(2024, 4, 1), {"C1": "L1"}),
        (date(2024, 6, 30), {"C1": "L2", "C3": "L3"}),
        (date(2030, 1, 1), {"C1": "L2", "C3": "L3"}),
    ],
)
def test_a_placement_is_active_from_its_first_day_to_its_last(
    case: Case, on: date, expected: dict[str, str]
) -> None:
    found = placements_at(case(placements=PLACED)["placements"], on)

    assert dict(zip(found["person_id"], found["location_id"], strict=True)) == expected


def test_each_moment_finds_the_placement_of_then(case: Case) -> None:
    placements = case(placements=PLACED)["placements"]
    person = pd.Series(["C1", "C1", "C1", "C2", "C2", "C9", "C3"])
    when = pd.Series(pd.to_datetime([
        "2023-12-31T23:59", "2024-06-29T23:00", "2024-06-30T00:01", "2024-03-31T22:00", "2024-04-01T00:00", "2024-05-05T01:00", "2024-05-01T00:00",
    ]))  # fmt: skip

    assert placements_when(person, when, placements).tolist() == [-1, 0, 1, 2, -1, -1, 3]
    assert placements_when(person, when, placements.iloc[:0]).tolist() == [-1] * 7
    assert placements_when(person[:0], when[:0], placements).tolist() == []


days = st.integers(0, 40).map(lambda number: pd.Timestamp("2024-01-01") + pd.Timedelta(days=number))
spans = st.tuples(st.sampled_from("AB"), st.sampled_from("XYZ"), days, st.one_of(st.none(), days))


@settings(max_examples=60, deadline=None)
@given(held=st.lists(spans, max_size=12), on=days)
def test_one_moment_or_one_date_give_the_same_placement(
    held: list[tuple[Any, ...]], on: pd.Timestamp
) -> None:
    frame = pd.DataFrame(held, columns=["person_id", "location_id", "started_on", "ended_on"])
    frame = frame.astype(
        {
            "person_id": "str",
            "location_id": "str",
            "started_on": "datetime64[us]",
            "ended_on": "datetime64[us]",
        }
    )
    then = placements_when(pd.Series(["A", "B"]), pd.Series([on, on]), frame)
    locations = frame["location_id"]
    by_moment = {person: locations.iloc[row] for person, row in zip("AB", then, strict=True) if row >= 0}
    now = placements_at(frame, on)

    assert dict(zip(now["person_id"], now["location_id"], strict=True)) == by_moment
    # By hand: of those active the one that started last, then the highest location.
    for person in "AB":
        active = [
            (start, place)
            for who, place, start, end in held
            if who == person and start <= on and (end is None or end >= on)
        ]
        assert by_moment.get(person) == (max(active)[1] if active else None)


def test_placed_from_elsewhere_needs_both_authorities() -> None:
    placed_by = pd.Series(["E08000006", "E08000002", None, "E08000006", "E10000017"])
    stands_in = pd.Series(["E08000002", "E08000002", "E08000002", None, "E07000120"])
    upper = pd.Series(["E08000002", "E08000002", "E08000002", None, "E10000017"])

    assert from_elsewhere(placed_by, stands_in, upper).tolist() == [True, False, pd.NA, pd.NA, False]


def test_placements_are_counted_by_who_placed_and_where() -> None:
    located = pd.DataFrame(
        [
            ("C1", "E05000001", "E08000006", True),
            ("C1", "E05000001", "E08000006", True),
            ("C2", "E05000001", "E08000006", True),
            ("C3", "E05000001", "E08000002", False),
            ("C4", None, "E08000002", None),
            ("C5", "E05000002", None, None),
        ],
        columns=["person_id", "ward_code", "placed_by", "placed_from_elsewhere"],
    ).astype({"placed_from_elsewhere": "boolean"})

    found = placements_by_authority(located)

    assert found.astype(object).fillna("none").values.tolist() == [
        ["E08000002", "E05000001", 1, 1, False],
        ["E08000002", "none", 1, 1, "none"],
        ["E08000006", "E05000001", 3, 2, True],
        ["none", "E05000002", 1, 1, "none"],
    ]


def test_distance_is_a_straight_line_in_kilometres() -> None:
    found = distance_km(
        np.array([0.0, 0.0, np.nan]),
        np.array([0.0, 0.0, 0.0]),
        np.array([3000.0, 0.0, 1.0]),
        np.array([4000.0, 0.0, 1.0]),
    )

    assert found.tolist()[:2] == [5.0, 0.0]
    assert np.isnan(found[2])
