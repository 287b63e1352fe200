from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo.files import Geography, read_geography
from geo.places import Places, event_places, home_lsoas, home_places, location_places, lsoa_to_wards, nowhere

Folder = Callable[..., Path]
Write = Callable[..., str]
Case = Callable[..., dict[str, pd.DataFrame]]
TWO = [("E05000001", 380000, 405000, 381000, 406000), ("E05000002", 381000, 405000, 382000, 406000)]


@pytest.fixture
def place(folder: Folder, squares: Write) -> Geography:
    return read_geography(folder({
        "w.geojson": squares(TWO),
        "p.csv": "postcode,easting,northing,lsoa21\nBL0 0AA,381500,405500,E01000009\nBL0 0AB,390000,405500,E01000010\n",
        "l.csv": "LSOA21CD,WD25CD\nE01000001,E05000001\nE01000002,E05000002\nE01000003,E05000009\n",
        "c.csv": "LSOA11CD,LSOA21CD,CHGIND\nE01000031,E01000001,S\nE01000031,E01000002,S\nE01000002,E01000002,U\n",
        "lsoas.geojson": squares([("E01000001", 380000, 405000, 380500, 406000)], column="LSOA21CD"),
    }))  # fmt: skip


def test_a_home_is_at_its_coordinates_else_its_postcode_else_its_lsoa(case: Case, place: Geography) -> None:
    people: list[dict[str, Any]] = [
        {"person_id": "1", "home_easting": 380500, "home_northing": 405500, "home_postcode": "BL0 0AA"},
        {"person_id": "2", "home_postcode": "bl00aa", "home_lsoa": "E01000001"},
        {"person_id": "3", "home_postcode": "ZZ1 1ZZ", "home_lsoa": "E01000001"},
        {"person_id": "4", "home_lsoa": "E01000031"},
        {"person_id": "5", "home_easting": 370000, "home_northing": 405500, "home_lsoa": "E01000001"},
        {"person_id": "6", "home_postcode": "BL0 0AB"},
        {"person_id": "7", "home_lsoa": "E01000003"},
        {"person_id": "8", "home_lsoa": "E01999999"},
        {"person_id": "9"},
    ]

    homes = home_places(case(people=people)["people"], place)

    assert homes.ward.tolist() == [0, 1, 0, 0, -1, -1, -1, -1, -1]
    assert homes.placed.tolist() == [True] * 7 + [False] * 2
    assert homes.coverage() == {"total": 9, "in_ward": 4, "outside": 3, "no_place": 2}


def test_a_place_is_at_its_grid_point_else_longitude_and_latitude_else_postcode(
    case: Case, place: Geography
) -> None:
    locations: list[dict[str, Any]] = [
        {
            "location_id": "1",
            "easting": 380500,
            "northing": 405500,
            "longitude": -2.27664,
            "latitude": 53.54966,
        },
        {"location_id": "2", "longitude": -2.27664, "latitude": 53.54966},
        {"location_id": "3", "postcode": "BL0 0AA"},
        {"location_id": "4", "easting": 380500},
        {"location_id": "5"},
    ]

    sites = location_places(case(locations=locations)["locations"], place)

    assert sites.ward.tolist() == [0, 1, 1, -1, -1]
    assert np.hypot(sites.easting[1] - 381768, sites.northing[1] - 405926) < 3
    assert sites.placed.tolist() == [True, True, True, False, False]


def test_an_event_is_at_its_own_point_else_at_its_location(case: Case, place: Geography) -> None:
    tables = case(
        locations=[{"location_id": "L1", "easting": 381500, "northing": 405500}],
        events=[
            {"event_id": "1", "easting": 380500, "northing": 405500, "location_id": "L1"},
            {"event_id": "2", "location_id": "L1"},
            {"event_id": "3", "easting": 1000, "northing": 1000, "location_id": "L1"},
            {"event_id": "4", "location_id": "L9"},
            {"event_id": "5"},
        ],
    )
    sites = location_places(tables["locations"], place)

    happened = event_places(tables["events"], tables["locations"], sites, place)

    assert happened.ward.tolist() == [0, 1, -1, -1, -1]
    assert happened.coverage() == {"total": 5, "in_ward": 2, "outside": 1, "no_place": 2}


def test_the_lsoa_of_a_home_is_the_recorded_one_else_from_boundaries_else_from_its_postcode(
    case: Case, place: Geography
) -> None:
    people: list[dict[str, Any]] = [
        {"person_id": "1", "home_lsoa": "E01000077", "home_easting": 380100, "home_northing": 405500},
        {"person_id": "2", "home_easting": 380100, "home_northing": 405500},
        {"person_id": "3", "home_postcode": "BL0 0AA"},
        {"person_id": "4", "home_easting": 380900, "home_northing": 405500},
        {"person_id": "5"},
    ]
    table = case(people=people)["people"]

    found = home_lsoas(table, home_places(table, place), place, "LSOA21")

    assert found.fillna("none").tolist() == ["E01000077", "E01000001", "E01000009", "none", "none"]


def test_codes_of_either_census_lead_to_a_ward(place: Geography) -> None:
    codes = pd.Series(["E01000001", "E01000031", "E01000003", "E01999999", None], index=[5, 4, 3, 2, 1])

    found = lsoa_to_wards(codes, place)

    assert found.fillna("none").to_dict() == {
        5: "E05000001",
        4: "E05000001",
        3: "E05000009",
        2: "none",
        1: "none",
    }


def test_without_boundaries_places_have_no_ward(case: Case) -> None:
    people = case(
        people=[{"person_id": "1", "home_easting": 380500, "home_northing": 405500, "home_lsoa": "E01000001"}]
    )

    homes = home_places(people["people"], Geography())

    assert homes.coverage() == {"total": 1, "in_ward": 0, "outside": 1, "no_place": 0}


def test_rows_that_point_at_no_place_have_none() -> None:
    one = Places(np.array([1.0]), np.array([2.0]), np.array([0]), np.array([True]))

    assert one.take(np.array([0, -1])).ward.tolist() == [0, -1]
    assert one.take(np.array([0, -1])).placed.tolist() == [True, False]
    assert nowhere(0).take(np.array([-1, -1])).coverage() == {
        "total": 2,
        "in_ward": 0,
        "outside": 0,
        "no_place": 2,
    }
