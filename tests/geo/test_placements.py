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
    DESCRIBED,
    NOTIFIED,
    describe_placements,
    distance_km,
    from_elsewhere,
    gatherings,
    notifications,
    out_of_area,
    placements_at,
    placements_by_authority,
    placements_when,
    stay_starts,
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


# Four places side by side ---------------------------------------------------------------------

WARDS = pd.DataFrame(
    {
        "ward_code": ["E05000001", "E05000002"],
        "authority_code": ["E08000002", "E08000003"],
        "upper_authority_code": [None, None],
    }
)
# L9 is known to lie outside every ward, L8 has no place.
SITES = pd.DataFrame(
    {
        "location_id": ["L1", "L2", "L8", "L9"],
        "name": ["Brook House", None, None, "Far House"],
        "kind": ["childrens_home", "foster_home", "foster_home", "childrens_home"],
        "provider": ["Lantern", "Lantern", None, "Harbour"],
        "easting": [380000.0, 390000.0, np.nan, 500000.0],
    }
)


def located(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Placements as `build_placements` gives them: person, location, from, to, by whom, ward."""
    frame = pd.DataFrame(
        rows, columns=["person_id", "location_id", "started_on", "ended_on", "placed_by", "ward_code"]
    )
    frame[["started_on", "ended_on"]] = frame[["started_on", "ended_on"]].astype("datetime64[us]")
    authority = dict(zip(WARDS["ward_code"], WARDS["authority_code"], strict=True))
    frame["authority_code"] = frame["ward_code"].map(authority)
    none = pd.Series(None, index=frame.index, dtype=object)
    frame["placed_from_elsewhere"] = from_elsewhere(frame["placed_by"], frame["authority_code"], none)
    return frame.assign(distance_km=np.where(frame["location_id"] == "L1", 12.0, np.nan))


BURY, CITY = "E08000002", "E08000003"
ROWS = [
    ("C1", "L1", "2024-01-01", "2024-02-01", CITY, "E05000001"),
    ("C1", "L1", "2024-02-01", None, CITY, "E05000001"),
    ("C2", "L2", "2024-03-01", None, CITY, "E05000002"),
    ("C3", "L9", "2024-03-01", None, BURY, None),
    ("C4", "L8", "2024-03-01", None, BURY, None),
    ("C5", "L1", "2023-03-01", "2023-09-01", BURY, "E05000001"),
]
PEOPLE = pd.DataFrame(
    {
        "person_id": ["C1", "C2", "C3", "C4", "C5"],
        "responsible_authority": [CITY, None, BURY, BURY, BURY],
    }
)
HOMES = pd.DataFrame({"person_id": ["C1", "C2"], "home_ward": ["E05000002", None]})
ON = date(2024, 6, 30)


@pytest.fixture
def described() -> pd.DataFrame:
    rows = located(ROWS)
    return describe_placements(
        rows,
        placements=rows.assign(placement_type="K2"),
        people=PEOPLE,
        locations=SITES,
        homes=HOMES,
        wards=WARDS,
        on=ON,
    )


def test_home_placement_and_responsible_authority_are_kept_apart(described: pd.DataFrame) -> None:
    columns = [
        *("person_id", "since", "current", "responsible_authority", "home_ward", "home_authority"),
        *("ward_code", "authority_code", "placed_from_elsewhere", "outside_map", "out_of_area"),
    ]
    shown = described[columns].astype(object)
    first, march = pd.Timestamp("2024-01-01"), pd.Timestamp("2024-03-01")

    assert list(described.columns) == list(DESCRIBED)
    assert shown.where(shown.notna(), None).values.tolist() == [
        # The second row of C1 is the same stay: it began in January.
        ["C1", first, False, CITY, "E05000002", CITY, "E05000001", BURY, True, False, True],
        ["C1", first, True, CITY, "E05000002", CITY, "E05000001", BURY, True, False, True],
        # Who is responsible is not known: who placed stands in.
        ["C2", march, True, None, None, None, "E05000002", CITY, False, False, False],
        # Known to lie outside every ward, so outside Bury; with no place at all nothing is claimed.
        ["C3", march, True, BURY, None, None, None, None, None, True, True],
        ["C4", march, True, BURY, None, None, None, None, None, False, None],
        ["C5", pd.Timestamp("2023-03-01"), False, BURY, None, None, "E05000001", BURY, False, False, False],
    ]


def test_a_place_outside_every_ward_is_outside_only_authorities_on_the_map() -> None:
    responsible = pd.Series([BURY, "E08000099", None, BURY])
    nothing = pd.Series([None] * 4, dtype=object)
    outside = pd.Series([True, True, True, False])

    found = out_of_area(responsible, nothing, nothing, outside=outside, mapped=[BURY])

    assert found.tolist() == [True, pd.NA, pd.NA, pd.NA]


@settings(max_examples=60, deadline=None)
@given(held=st.lists(spans, max_size=10))
def test_a_stay_is_days_in_a_row_at_one_place(held: list[tuple[Any, ...]]) -> None:
    held = [(who, place, start, end) for who, place, start, end in held if end is None or end >= start]
    frame = pd.DataFrame(held, columns=["person_id", "location_id", "started_on", "ended_on"])
    frame = frame.astype({"started_on": "datetime64[us]", "ended_on": "datetime64[us]"})

    found = stay_starts(frame)

    # By hand: the days each child was at a place, walked back until a day is missing.
    horizon = pd.Timestamp("2024-06-01")
    for row, (who, place, start, _) in enumerate(held):
        days = {
            day
            for other, at, first, last in held
            if (other, at) == (who, place)
            for day in pd.date_range(first, last if last is not None else horizon)
        }
        while start - pd.Timedelta(days=1) in days:
            start -= pd.Timedelta(days=1)
        assert found.iloc[row] == start


def test_where_placed_children_gather_is_counted_now_and_ever(described: pd.DataFrame) -> None:
    # C1 went missing twice from the second row, C5 once from the last, C4 once from nowhere known.
    episodes = pd.DataFrame({"person_id": ["C1", "C1", "C5", "C4", "C2"], "placement": [1, 1, 5, 4, -1]})

    found = gatherings(described, episodes, "provider")

    assert found.astype(object).fillna("none").values.tolist() == [
        # provider, places, children, by others, out of area, ever, episodes, children missing
        ["Lantern", 2, 2, 1, 1, 3, 3, 2],
        ["Harbour", 1, 1, 0, 1, 1, 0, 0],
        ["none", 1, 1, 0, 0, 1, 1, 1],
    ]
    assert gatherings(described, episodes, "ward_code")["children"].tolist() == [2, 1, 1]


def test_children_placed_by_others_are_listed_with_what_is_on_record_since() -> None:
    rows = located(
        [
            ("C1", "L1", "2024-01-01", None, CITY, "E05000001"),
            ("C2", "L1", "2024-04-01", None, CITY, "E05000001"),
            ("C3", "L1", "2024-05-01", None, CITY, "E05000001"),
            ("C4", "L1", "2024-05-01", None, BURY, "E05000001"),
        ]
    )
    held = describe_placements(
        rows, placements=rows.assign(placement_type="K2"), people=PEOPLE, locations=SITES, homes=HOMES, wards=WARDS, on=ON,
    )  # fmt: skip
    missing = pd.DataFrame(
        [
            ("C1", "2023-12-31T23:00", "2024-01-01T01:00", "2024-01-02"),  # before the stay
            ("C1", "2024-02-01T23:00", "2024-02-02T01:00", "2024-02-03"),
            ("C1", "2024-06-01T23:00", "2024-06-02T01:00", None),
            ("C1", "2024-06-30T23:30", None, None),
            ("C1", "2024-07-01T00:00", None, None),  # after the day
        ],
        columns=["person_id", "reported_at", "found_at", "interview_held_at"],
    )
    missing = missing.astype(dict.fromkeys(missing.columns[1:], "datetime64[us]"))
    referrals = pd.DataFrame(
        {"person_id": ["C1", "C1", "C3"], "received_on": ["2023-12-31", "2024-03-01", "2024-07-01"]}
    ).astype({"received_on": "datetime64[us]"})
    contacts = pd.DataFrame({"person_id": ["C1"], "on": ["2024-01-15T10:00"]}).astype(
        {"on": "datetime64[us]"}
    )

    found = notifications(held, missing=missing, referrals=referrals, contacts=contacts, on=ON)

    columns = [
        "person_id",
        "placed_by",
        "days",
        "missing_episodes",
        "returns",
        "interviews_held",
        "notified_by",
    ]
    assert list(found.columns) == list(NOTIFIED)
    assert found[columns].astype(object).fillna("none").values.tolist() == [
        # Nobody on record as told first, the newest stay before the older; C4 is Bury's own child.
        ["C3", CITY, 61, 0, 0, 0, "none"],
        ["C2", CITY, 91, 0, 0, 0, "none"],
        ["C1", CITY, 182, 3, 2, 1, "contact"],
    ]
    last = found.set_index("person_id").loc["C1"]
    assert (last["last_missing"], last["notified_on"]) == (
        pd.Timestamp("2024-06-30T23:30"),
        pd.Timestamp("2024-01-15T10:00"),
    )


def test_nobody_placed_gives_empty_lists(case: Case) -> None:
    rows = located([])
    held = describe_placements(
        rows,
        placements=rows.assign(placement_type=None),
        people=PEOPLE,
        locations=SITES,
        homes=HOMES,
        wards=WARDS,
        on=ON,
    )
    tables = case()
    empty = pd.DataFrame({"person_id": pd.Series(dtype="str"), "on": pd.Series(dtype="datetime64[us]")})

    found = notifications(
        held,
        missing=tables["missing"],
        referrals=empty.rename(columns={"on": "received_on"}),
        contacts=empty,
        on=ON,
    )

    assert (len(held), len(found), list(found.columns)) == (0, 0, list(NOTIFIED))
    nothing = pd.DataFrame({"person_id": [], "placement": pd.Series(dtype="int64")})
    assert len(gatherings(held, nothing, "provider")) == 0
