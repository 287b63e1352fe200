"""Counts by area and month of a small hub, worked out by hand, and against the table of wards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo.areas import Areas, build_areas
from geo.files import Geography, read_geography
from geo.measures import (
    COUNTED,
    MEASURES,
    area_counts,
    area_months,
    build_occurrences,
    children_taking,
    describe_outside,
    incidents_unknown,
    outside,
    runs,
    validate_measure,
)
from geo.wards import build_wards

Folder = Callable[..., Path]
Write = Callable[..., str]
Tables = dict[str, pd.DataFrame]
Case = Callable[..., Tables]

BURY = [("E05000001", 380000, 405000, 381000, 406000), ("E05000002", 381000, 405000, 382000, 406000)]
CITY = [("E05000003", 382000, 405000, 383000, 406000)]
LSOAS = [
    ("E01000001", 380000, 405000, 380500, 406000),
    ("E01000002", 380500, 405000, 381000, 406000),
    ("E01000003", 382000, 405000, 383000, 406000),
]
ONE, TWO, THREE = (
    {"home_easting": easting, "home_northing": 405500.0} for easting in (380600.0, 381500.0, 382500.0)
)
AS_OF = date(2024, 12, 31)


@pytest.fixture
def place(folder: Folder, squares: Write) -> Geography:
    ages = ",".join(str(age) for age in range(18))
    one_each = ",".join(["1"] * 18)
    return read_geography(folder({
        "bury.geojson": squares(BURY),
        "city.geojson": squares(CITY, authority="E08000003"),
        "lsoas.geojson": squares(LSOAS, authority=None, column="LSOA21CD"),
        "p.csv": "WD25CD,children_10_17\nE05000001,100\nE05000002,200\nE05000003,300\n",
        "q.csv": f"LSOA21CD,{ages}\n" + "".join(f"{code},{one_each}\n" for code in ("E01000001", "E01000003")),
    }))  # fmt: skip


@pytest.fixture
def hub(case: Case) -> Tables:
    """C1 and C2 live in Bury; C3 is placed in Bury by Manchester from February; A1 turned 18 in February."""
    born = {"date_of_birth": "2009-05-01"}
    return case(
        people=[
            {"person_id": "C1", "responsible_authority": "E08000002", **ONE, **born},
            {"person_id": "C2", "responsible_authority": "E08000002", **TWO},
            {"person_id": "C3", "responsible_authority": "E08000003", **THREE, **born},
            {"person_id": "A1", "is_child": False, "date_of_birth": "2006-02-28", **ONE},
        ],
        locations=[{"location_id": "HOME1", "easting": 380100, "northing": 405100}],
        placements=[{"person_id": "C3", "location_id": "HOME1", "started_on": "2024-02-01"}],
        missing=[
            {"episode_id": "M1", "person_id": "C1", "reported_at": "2024-03-01T22:00"},
            {"episode_id": "M2", "person_id": "C1", "reported_at": "2024-05-01T22:00"},
            {"episode_id": "M3", "person_id": "C3", "reported_at": "2024-03-31T22:00"},
            {"episode_id": "M4", "person_id": "C3", "reported_at": "2024-01-31T22:00"},
            {"episode_id": "M5", "person_id": "A1", "reported_at": "2024-02-28T00:00"},
        ],
        events=[
            {"event_id": "E1", "kind": "incident", "started_at": "2024-03-01T10:00", "location_id": "HOME1"},
            {"event_id": "E2", "kind": "incident", "started_at": "2024-03-02T10:00", "location_id": "HOME1"},
            {"event_id": "E3", "kind": "incident", "started_at": "2024-03-03T10:00", "location_id": "HOME1"},
            {"event_id": "E4", "kind": "arrest", "started_at": "2024-03-03T10:00", "location_id": "HOME1"},
        ],
    )  # fmt: skip


@pytest.fixture
def referrals() -> pd.DataFrame:
    rows = [
        ("C1", "2024-03-01"),
        ("C1", "2024-05-01"),
        ("C3", "2024-01-15"),
        ("C3", "2024-03-01"),
        ("A1", "2024-03-01"),
        ("C2", "2025-01-01"),
    ]
    found = pd.DataFrame(rows, columns=["person_id", "received_on"])
    return found.assign(received_on=pd.to_datetime(found["received_on"]))


@pytest.fixture
def participation() -> pd.DataFrame:
    """E1 is of C3 alone and an adult, E2 of C1 and C3, E3 of nobody on record."""
    rows = [("E1", "C3"), ("E1", "A1"), ("E2", "C1"), ("E2", "C3"), ("E9", "C1")]
    return pd.DataFrame(rows, columns=["event_id", "person_id"])


def counted(
    place: Geography,
    hub: Tables,
    referrals: pd.DataFrame,
    participation: pd.DataFrame | None,
    areas: Areas | None,
) -> pd.DataFrame:
    return build_occurrences(
        areas, place, **hub, referrals=referrals, participation=participation, as_of=AS_OF
    )


def test_every_measure_by_ward(
    place: Geography, hub: Tables, referrals: pd.DataFrame, participation: pd.DataFrame
) -> None:
    areas = build_areas(place)
    rows = counted(place, hub, referrals, participation, areas)
    found = pd.DataFrame({name: area_counts(rows, areas, name) for name in MEASURES})
    assert found.T.to_dict("list") == {
        "E05000001": [3, 2, 2, 1, 3, 2, 3, 2, 2, 1],
        "E05000002": [0, 0, 0, 0, 0, 0, 0, 0, 1, 1],
        "E05000003": [1, 1, 1, 1, 0, 0, 1, 1, 0, 0],
    }
    assert MEASURES[:4] == (
        "missing_episodes",
        "missing_episodes_residents",
        "children_missing",
        "children_missing_residents",
    )


def test_counts_are_those_of_the_table_of_wards(
    place: Geography, hub: Tables, referrals: pd.DataFrame
) -> None:
    areas = build_areas(place)
    rows = counted(place, hub, referrals, None, areas)
    wards = build_wards(place, **hub, as_of=AS_OF).wards.set_index("ward_code")
    shared = [name for name in MEASURES if name in wards]
    assert len(shared) == 7
    for name in shared:
        assert area_counts(rows, areas, name).tolist() == wards[name].tolist()


def test_every_measure_by_lsoa(
    place: Geography, hub: Tables, referrals: pd.DataFrame, participation: pd.DataFrame
) -> None:
    areas = build_areas(place, level="lsoa")
    assert areas.table.drop(columns="imd_decile").astype(object).values.tolist() == [
        ["E01000001", "E08000002", None, 8.0],
        ["E01000002", "E08000002", None, pytest.approx(np.nan, nan_ok=True)],
        ["E01000003", "E08000003", None, 8.0],
    ]
    rows = counted(place, hub, referrals, participation, areas)
    found = pd.DataFrame({name: area_counts(rows, areas, name) for name in MEASURES})
    # C1 lives in the second LSOA; the home C3 is placed in is in the first; C2's home is in none.
    assert found.T.to_dict("list") == {
        "E01000001": [1, 0, 1, 0, 3, 2, 1, 0, 1, 0],
        "E01000002": [2, 2, 1, 1, 0, 0, 2, 2, 1, 1],
        "E01000003": [1, 1, 1, 1, 0, 0, 1, 1, 0, 0],
    }


def test_a_recorded_lsoa_comes_before_the_place_of_a_home(
    place: Geography, hub: Tables, referrals: pd.DataFrame
) -> None:
    hub["people"].loc[1, "home_lsoa"] = "E01000003"
    areas = build_areas(place, level="lsoa")
    rows = counted(place, hub, referrals, None, areas)
    assert area_counts(rows, areas, "children_known").tolist() == [1, 1, 1]


def test_months_without_data_are_not_nought(
    place: Geography, hub: Tables, referrals: pd.DataFrame, participation: pd.DataFrame
) -> None:
    areas = build_areas(place)
    rows = counted(place, hub, referrals, participation, areas)
    found = area_months(rows, areas, "missing_episodes_residents", as_of=date(2024, 5, 30))
    assert found.columns.tolist() == ["2024-01", "2024-02", "2024-03", "2024-04", "2024-05"]
    assert found.astype(object).where(found.notna(), None).values.tolist() == [
        [0, None, 1, None, None],
        [0, None, 0, None, None],
        [1, None, 0, None, None],
    ]
    assert area_months(rows, areas, "children_missing", as_of=AS_OF)["2024-03"].tolist() == [2, 0, 0]
    with pytest.raises(ValueError, match="children_known_residents is a count at one day and has no months"):
        area_months(rows, areas, "children_known_residents", as_of=AS_OF)


def test_incidents_of_residents_are_not_known_to_who_may_not_see_people(
    place: Geography, hub: Tables, referrals: pd.DataFrame
) -> None:
    areas = build_areas(place)
    rows = counted(place, hub, referrals, None, areas)
    assert incidents_unknown(rows)
    assert area_counts(rows, areas, "incidents_residents").isna().all()
    assert area_counts(rows, areas, "incidents").tolist() == [3, 0, 0]


def test_only_what_may_be_of_one_child_comes_in_runs(
    place: Geography, hub: Tables, referrals: pd.DataFrame, participation: pd.DataFrame
) -> None:
    rows = counted(place, hub, referrals, participation, build_areas(place))
    # In ward 1 C1 has two episodes and C3 one, in ward 3 C3 has one: (4 + 1 + 1) / 4.
    assert runs(rows, "missing_episodes") == 1.5
    assert [runs(rows, name) for name in ("children_missing", "incidents", "children_known")] == [1, 1, 1]


def test_the_order_of_rows_does_not_matter(
    place: Geography, hub: Tables, referrals: pd.DataFrame, participation: pd.DataFrame
) -> None:
    areas = build_areas(place)
    rows = counted(place, hub, referrals, participation, areas)
    turned = {name: table.iloc[::-1].reset_index(drop=True) for name, table in hub.items()}
    other = counted(place, turned, referrals.iloc[::-1], participation.iloc[::-1], areas)
    for name in MEASURES:
        pd.testing.assert_series_equal(area_counts(rows, areas, name), area_counts(other, areas, name))


def test_age_and_sex_are_those_of_the_day(
    place: Geography, hub: Tables, referrals: pd.DataFrame, participation: pd.DataFrame
) -> None:
    hub["people"]["sex"] = ["F", "M", None, "M"]
    hub["people"].loc[0, "date_of_birth"] = pd.Timestamp("2009-03-02")
    rows = counted(place, hub, referrals, participation, build_areas(place))
    episodes = rows[rows["counted"] == "episode"]
    assert episodes[["age", "sex"]].astype(object).where(
        episodes[["age", "sex"]].notna(), None
    ).values.tolist() == [
        [14, "F"],  # C1 the day before the fifteenth birthday
        [15, "F"],
        [14, None],
        [14, None],
    ]
    children = rows[rows["counted"] == "child"]
    assert children["age"].fillna(-1).tolist() == [15, -1, 15]
    assert rows.loc[rows["counted"] == "incident", ["age", "sex"]].isna().all(None)


def test_what_is_in_no_area_is_counted(
    place: Geography, hub: Tables, referrals: pd.DataFrame, participation: pd.DataFrame
) -> None:
    areas = build_areas(place, level="lsoa")
    rows = counted(place, hub, referrals, participation, areas)
    assert outside(rows, "children_known") == (1, 3)
    assert describe_outside(rows, "children_known") == [
        "1 of 3 children known are in none of these areas: their place is outside all of them, or not known."
    ]
    assert describe_outside(rows, "incidents") == []


def test_a_child_in_several_areas_and_in_none_is_one_child() -> None:
    rows = pd.DataFrame(
        [["A", "P1"], ["B", "P1"], [None, "P1"], [None, "P1"], ["A", "P2"]], columns=["area_code", "person"]
    ).assign(counted=COUNTED["children_missing"].counted, placed=False)
    assert outside(rows, "children_missing") == (1, 2)
    assert outside(rows, "missing_episodes_residents") == (2, 5)
    assert describe_outside(rows, "missing_episodes_residents") == [
        "2 of 5 missing episodes without placed children are in none of these areas: their place is outside all of them, or not known."
    ]


def test_a_measure_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match=r"arrests is not a measure\. Give one of missing_episodes, "):
        validate_measure("arrests")


def test_without_boundaries_or_population_a_sentence_says_what_to_do(folder: Folder, squares: Write) -> None:
    with pytest.raises(ValueError, match="There are no ward boundaries"):
        build_areas(None)
    bare = read_geography(folder({"bury.geojson": squares(BURY)}))
    with pytest.raises(ValueError, match="No file gives the population aged 10 to 17 by ward"):
        build_areas(bare)
    with pytest.raises(ValueError, match="There are no LSOA boundaries"):
        build_areas(bare, level="lsoa")


def test_when_and_where_each_occurrence_was(
    place: Geography, hub: Tables, referrals: pd.DataFrame, participation: pd.DataFrame
) -> None:
    hub["events"].loc[0, "ended_at"] = pd.Timestamp("2024-03-01T12:00")
    hub["events"].loc[1, "started_at"] = pd.Timestamp("2024-03-02")
    rows = counted(place, hub, referrals, participation, build_areas(place))
    found = rows[rows["counted"] == "incident"].set_index("event_id").sort_index()
    assert found["timed"].tolist()[:2] == [True, False]
    assert found["until"].tolist()[:2] == [pd.Timestamp("2024-03-01T12:00"), pd.Timestamp("2024-03-03")]
    assert found[["easting", "northing"]].iloc[0].tolist() == [380_100, 405_100]
    assert rows.loc[rows["counted"] == "referral", "easting"].isna().all()
    # Without any area the same things are listed, in none.
    nowhere = counted(place, hub, referrals, participation, None)
    assert nowhere["area_code"].isna().all()
    assert nowhere["counted"].value_counts().to_dict() == rows["counted"].value_counts().to_dict()


def test_children_taking_part_are_those_who_were_children_that_day(
    hub: Tables, participation: pd.DataFrame
) -> None:
    found = children_taking(participation, hub["people"], hub["events"])
    # A1 had turned 18, and E9 is no event.
    assert found.values.tolist() == [["E1", 1], ["E2", 0], ["E2", 1]]
