from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.files import Geography, read_geography
from geo.grid import lonlat_to_grid
from geo.lookups import GeographyMismatch
from geo.wards import COLUMNS, WardTable, build_wards, points_to_wards

Folder = Callable[..., Path]
Write = Callable[..., str]
Tables = dict[str, pd.DataFrame]
Case = Callable[..., Tables]

# Ward 1 and 2 are in Bury, ward 3 in Manchester; nothing is north of 406,000.
BURY = [("E05000001", 380000, 405000, 381000, 406000), ("E05000002", 381000, 405000, 382000, 406000)]
CITY = [("E05000003", 382000, 405000, 383000, 406000)]
ONE, TWO, THREE = (
    {"home_easting": easting, "home_northing": 405500.0} for easting in (380500.0, 381500.0, 382500.0)
)
AS_OF = date(2024, 12, 31)


@pytest.fixture
def place(folder: Folder, squares: Write) -> Geography:
    return read_geography(folder({
        "bury.geojson": squares(BURY),
        "city.geojson": squares(CITY, authority="E08000003"),
        "p.csv": "WD25CD,children_10_17\nE05000001,100\nE05000002,200\nE05000003,300\n",
        "imd.csv": "LSOA21CD,IMD_rank,IMD_decile\nE01000001,100,1\nE01000002,10000,3\nE01000003,30000,9\n",
        "l.csv": "LSOA21CD,WD25CD\nE01000001,E05000001\nE01000002,E05000002\nE01000003,E05000003\n",
    }))  # fmt: skip


@pytest.fixture
def hub(case: Case) -> Tables:
    """C1 and C2 are Bury's and at home; C3 is placed in Bury by Manchester; C4 by Bury in Manchester; A1 is grown."""
    born = {"date_of_birth": "2009-05-01"}
    return case(
        people=[
            {"person_id": "C1", "responsible_authority": "E08000002", "home_lsoa": "E01000001", **ONE, **born},
            {"person_id": "C2", "responsible_authority": "E08000002", **TWO},
            {"person_id": "C3", "responsible_authority": "E08000003", **THREE, **born},
            {"person_id": "C4", "responsible_authority": "E08000002", **ONE, **born},
            {"person_id": "A1", "is_child": False, "date_of_birth": "2006-02-28", **ONE},
        ],
        locations=[
            {"location_id": "HOME1", "easting": 380500, "northing": 405100},
            {"location_id": "CITY", "easting": 382500, "northing": 405100},
            {"location_id": "AWAY", "easting": 382500, "northing": 500000},
            {"location_id": "UNKNOWN"},
        ],
        placements=[
            {"person_id": "C3", "location_id": "HOME1", "started_on": "2024-02-01"},
            {"person_id": "C4", "location_id": "CITY", "started_on": "2024-02-01", "placing_authority": "E08000002"},
            {"person_id": "C1", "location_id": "CITY", "started_on": "2023-02-01", "ended_on": "2023-03-01"},
        ],
        missing=[
            {"episode_id": "M1", "person_id": "C1", "reported_at": "2024-03-01T22:00"},
            {"episode_id": "M2", "person_id": "C1", "reported_at": "2024-04-01T22:00", "missing_from": "CITY"},
            {"episode_id": "M3", "person_id": "C1", "reported_at": "2023-02-10T22:00"},
            {"episode_id": "M4", "person_id": "C3", "reported_at": "2024-01-31T22:00"},
            {"episode_id": "M5", "person_id": "C3", "reported_at": "2024-02-01T01:00"},
            {"episode_id": "M6", "person_id": "C3", "reported_at": "2024-05-01T01:00", "missing_from": "CITY"},
            {"episode_id": "M7", "person_id": "C3", "reported_at": "2024-06-01T01:00", "missing_from": "UNKNOWN"},
            {"episode_id": "M8", "person_id": "C2", "reported_at": "2024-06-01T01:00", "missing_from": "AWAY"},
            {"episode_id": "M9", "person_id": "A1", "reported_at": "2024-02-27T23:00"},
            {"episode_id": "MA", "person_id": "A1", "reported_at": "2024-02-28T00:00"},
            {"episode_id": "MB", "person_id": "C2", "reported_at": "2025-01-01T00:00"},
        ],
        events=[
            {"event_id": "E1", "kind": "incident", "started_at": "2024-01-01T10:00", "easting": 380001, "northing": 405001},
            {"event_id": "E2", "kind": "incident", "started_at": "2024-01-01T10:00", "location_id": "AWAY"},
            {"event_id": "E3", "kind": "arrest", "started_at": "2024-01-01T10:00", "location_id": "HOME1"},
            {"event_id": "E4", "kind": "incident", "started_at": "2025-01-01T00:00", "location_id": "HOME1"},
            {"event_id": "E5", "kind": "incident", "started_at": "2024-01-01T10:00"},
        ],
    )  # fmt: skip


@pytest.fixture
def table(place: Geography, hub: Tables) -> WardTable:
    return build_wards(place, **hub, as_of=AS_OF)


def test_every_figure_of_a_small_hub(table: WardTable) -> None:
    wards = table.wards.set_index("ward_code").T

    assert table.wards.columns.tolist() == list(COLUMNS)
    assert wards["E05000001"].to_dict() == {
        "ward_name": "Ward 1",
        "ward_vintage": "WD25",
        "authority_code": "E08000002",
        "authority_name": "Anywhere",
        "imd_rank_mean": 100.0,
        "imd_decile": 1,
        "imd_edition": "IMD 2025 on LSOA21",
        "children_10_17": 100,
        "population_source": "population by WD25 (p.csv)",
        "children_known": 2,  # C1 at home and C3 placed; C4 has left for the city
        "children_known_residents": 1,
        "missing_episodes": 4,  # M1, M5, M7 (from the placement, as UNKNOWN has no place) and M9
        "missing_episodes_residents": 2,
        "children_missing": 3,
        "children_missing_residents": 2,
        "incidents": 1,
        "events": 2,
        "placements": 1,
        "placed_by_others": 1,
    }
    counts = [name for name, kind in COLUMNS.items() if kind == "Int64"][2:]
    assert wards.loc[counts, "E05000002"].tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    # C4; M2, M3 (from the placement of then, which Bury made), M4 (before C3 was placed) and M6 (C3 is placed in
    # Bury, not here, so is left out of Bury's figures only)
    assert wards.loc[counts, "E05000003"].tolist() == [1, 0, 4, 3, 2, 2, 0, 0, 1, 1]


def test_where_everyone_lives(table: WardTable) -> None:
    assert table.homes.astype(object).where(table.homes.notna(), None).values.tolist() == [
        ["C1", "E05000001", "E01000001", 1, "E05000001", False],
        ["C2", "E05000002", None, None, "E05000002", False],
        ["C3", "E05000003", None, None, "E05000001", True],
        ["C4", "E05000001", None, None, "E05000003", True],
        ["A1", "E05000001", None, None, "E05000001", False],
    ]


def test_events_episodes_places_and_placements_have_their_ward(table: WardTable) -> None:
    assert table.events.fillna("none").tolist() == ["E05000001", "none", "E05000001", "E05000001", "none"]
    assert table.missing.fillna("none").str[-1].tolist() == [
        "1",
        "3",
        "3",
        "3",
        "1",
        "3",
        "1",
        "e",
        "1",
        "1",
        "2",
    ]
    assert table.locations["ward_code"].fillna("none").tolist() == ["E05000001", "E05000003", "none", "none"]
    assert table.placements[["placed_by", "ward_code", "placed_from_elsewhere"]].values.tolist() == [
        ["E08000003", "E05000001", True],
        ["E08000002", "E05000003", True],
        ["E08000002", "E05000003", True],
    ]
    assert table.placements["distance_km"].round(3).tolist() == [2.04, 2.04, 2.04]


def test_nothing_outside_is_dropped_silently(table: WardTable) -> None:
    assert table.coverage == {
        "homes": {"total": 4, "in_ward": 4, "outside": 0, "no_place": 0},
        "locations": {"total": 4, "in_ward": 2, "outside": 1, "no_place": 1},
        "events": {"total": 5, "in_ward": 3, "outside": 1, "no_place": 1},
        "missing": {"total": 11, "in_ward": 10, "outside": 1, "no_place": 0},
        "placements": {"total": 3, "in_ward": 3, "outside": 0, "no_place": 0},
    }
    assert (
        table.notes[-1]
        == "1 missing episodes of people aged 18 or over when reported are not counted in wards."
    )


def test_a_placement_ended_by_the_date_leaves_the_child_at_home(place: Geography, hub: Tables) -> None:
    table = build_wards(place, **hub, as_of=date(2023, 2, 10))

    assert table.homes.loc[0, ["lives_in_ward", "placed_from_elsewhere"]].tolist() == ["E05000003", True]
    assert table.wards["missing_episodes"].tolist() == [0, 0, 1]


def test_grown_people_still_in_a_placement_are_not_counted_as_children_placed(
    place: Geography, hub: Tables
) -> None:
    stays = {"person_id": "A1", "location_id": "HOME1", "started_on": pd.Timestamp("2023-01-01")}
    hub["placements"] = pd.concat([hub["placements"], pd.DataFrame([stays])], ignore_index=True)

    table = build_wards(place, **hub, as_of=AS_OF)

    assert table.wards["placements"].tolist() == [1, 0, 1]


def test_a_child_placed_where_nothing_is_known_lives_in_no_ward(place: Geography, case: Case) -> None:
    people = [{"person_id": "C1", **ONE}]
    placements = [{"person_id": "C1", "location_id": "L1", "started_on": "2024-01-01"}]
    tables = case(people=people, placements=placements, locations=[{"location_id": "L1"}])

    table = build_wards(place, **tables, as_of=AS_OF)

    assert table.wards["children_known"].sum() == 0
    assert table.homes.loc[0, "home_ward"] == "E05000001"
    assert table.homes[["lives_in_ward", "placed_from_elsewhere"]].isna().all(axis=None)


@pytest.mark.parametrize("geography", [None, Geography()])
def test_without_geography_the_columns_are_there_and_empty(geography: Geography | None, hub: Tables) -> None:
    table = build_wards(geography, **hub, as_of=AS_OF)

    assert (list(table.wards.columns), len(table.wards)) == (list(COLUMNS), 0)
    assert {name: str(kind) for name, kind in table.wards.dtypes.items()} == COLUMNS
    assert [str(table.homes[name].dtype) for name in ("home_ward", "home_lsoa", "home_decile")] == [
        "str",
        "str",
        "Int64",
    ]
    assert table.homes[["home_ward", "home_decile", "lives_in_ward"]].isna().all(axis=None)
    assert (len(table.events), table.events.notna().sum()) == (5, 0)
    assert table.coverage["events"] == {"total": 5, "in_ward": 0, "outside": 4, "no_place": 1}
    assert table.notes[0] == "No file gives deprivation: imd_rank_mean and imd_decile are empty."


def test_an_empty_case_gives_every_ward_with_zeros(place: Geography, case: Case) -> None:
    table = build_wards(place, **case(), as_of=AS_OF)

    assert table.wards["ward_code"].tolist() == ["E05000001", "E05000002", "E05000003"]
    assert table.wards[
        ["children_known", "missing_episodes_residents", "placed_by_others"]
    ].sum().tolist() == [0, 0, 0]


def test_a_column_whose_file_is_absent_is_null_not_zero(folder: Folder, squares: Write, hub: Tables) -> None:
    bare = read_geography(folder({"w.geojson": squares(BURY, authority=None)}))

    wards = build_wards(bare, **hub, as_of=AS_OF).wards

    null = [name for name in COLUMNS if wards[name].isna().all()]
    assert null == [
        "authority_code", "authority_name", "imd_rank_mean", "imd_decile", "imd_edition", "children_10_17",
        "population_source", "children_known_residents", "missing_episodes_residents", "children_missing_residents",
        "placed_by_others",
    ]  # fmt: skip
    assert wards["children_known"].tolist() == [2, 1]


def test_the_upper_tier_authority_of_a_ward_places_at_home(
    folder: Folder, squares: Write, case: Case
) -> None:
    county = read_geography(folder({"w.geojson": squares(BURY, authority="E07000120", UTLACD="E10000017")}))
    tables = case(
        people=[{"person_id": name, **ONE} for name in ("C1", "C2", "C3")],
        locations=[{"location_id": "L1", "easting": 380500, "northing": 405100}],
        placements=[
            {"person_id": name, "location_id": "L1", "started_on": "2024-01-01", "placing_authority": by}
            for name, by in (("C1", "E10000017"), ("C2", "E07000120"), ("C3", "E08000002"))
        ],
    )

    table = build_wards(county, **tables, as_of=AS_OF)

    assert table.homes["placed_from_elsewhere"].tolist() == [False, False, True]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_row_order_does_not_matter(place: Geography, hub: Tables, data: st.DataObject) -> None:
    mixed = {
        name: frame.iloc[data.draw(st.permutations(range(len(frame))))].reset_index(drop=True)
        for name, frame in hub.items()
    }

    straight, turned = build_wards(place, **hub, as_of=AS_OF), build_wards(place, **mixed, as_of=AS_OF)

    pd.testing.assert_frame_equal(straight.wards, turned.wards)
    pd.testing.assert_frame_equal(
        straight.homes,
        turned.homes.sort_values("person_id", key=lambda ids: ids.map(order)).reset_index(drop=True),
    )
    assert straight.coverage == turned.coverage


def order(person_id: str) -> str:
    """Children before the adult, as `hub` lists them."""
    return person_id.replace("A", "Z")


def test_inputs_are_not_changed(place: Geography, hub: Tables) -> None:
    before = {name: frame.copy() for name, frame in hub.items()}

    build_wards(place, **hub, as_of=AS_OF)

    for name, frame in hub.items():
        pd.testing.assert_frame_equal(frame, before[name])


def test_wards_of_2017_are_refused_on_boundaries_of_2025(realdata: Path, folder: Folder, hub: Tables) -> None:
    place = folder(
        None,
        realdata / "wards/gm_wards_WD25.geojson",
        realdata / "population/gm_wd16_mid2016_single_year_age.csv",
        realdata / "lookups/gm_wd17_lad17.csv",
    )

    expected = r"215 of 215 ward codes of gm_wards_WD25\.geojson \(WD25\) are not in gm_wd16_mid2016_single_year_age\.csv \(WD17\)"
    with pytest.raises(GeographyMismatch, match=expected):
        build_wards(read_geography(place), **hub, as_of=AS_OF)


def test_the_crimes_of_june_2019_land_in_wards(realdata: Path, folder: Folder, case: Case) -> None:
    # Counted independently with geopandas.sjoin on the file's longitude and latitude.
    import geopandas

    crimes = pd.read_csv(realdata / "police/2019-06-greater-manchester-street_MANCHESTER-LA-SUBSET.csv")
    easting, northing = lonlat_to_grid(crimes["Longitude"].to_numpy(), crimes["Latitude"].to_numpy())
    events = pd.DataFrame({
        "event_id": crimes.index.astype(str), "kind": "incident", "started_at": pd.Timestamp("2019-06-30"),
        "location_id": None, "easting": easting, "northing": northing,
    })  # fmt: skip
    tables = {**case(), "events": events}
    whole = read_geography(folder(None, realdata / "wards/gm_wards_WD25.geojson"))
    city = read_geography(folder(None, realdata / "wards/E08000003_wards_WD25.geojson"))

    everywhere, inside = (build_wards(each, **tables, as_of=date(2019, 6, 30)) for each in (whole, city))

    assert everywhere.coverage["events"] == {"total": 8828, "in_ward": 8828, "outside": 0, "no_place": 0}
    assert inside.coverage["events"] == {"total": 8828, "in_ward": 8820, "outside": 8, "no_place": 0}
    points = geopandas.GeoDataFrame(
        geometry=geopandas.points_from_xy(crimes["Longitude"], crimes["Latitude"]), crs=4326
    )
    areas = geopandas.read_file(realdata / "wards/gm_wards_WD25.geojson")[["WD25CD", "geometry"]]
    counted = geopandas.sjoin(points, areas)["WD25CD"].value_counts()
    expected = counted.reindex(everywhere.wards["ward_code"]).fillna(0).astype(int)
    assert (everywhere.wards["incidents"].to_numpy(int) - expected.to_numpy()).tolist() == [0] * 215


def test_postcodes_and_centroids_lie_in_their_own_ward(realdata: Path, folder: Folder) -> None:
    wards = read_geography(folder(None, realdata / "wards/gm_wards_WD25.geojson")).wards
    assert wards is not None
    postcodes = pd.read_csv(realdata / "postcodes/gm_codepoint_open_may2025.csv")
    best_fit = pd.read_csv(realdata / "lookups/lookup_lsoa21_ward24_ltla24.csv").set_index("lsoa21_code")[
        "ward24_code"
    ]
    centroids = pd.read_csv(realdata / "lookups/lsoa21_pwc_england_wales_bng.csv")
    centroids["ward"] = centroids["LSOA21CD"].map(best_fit)
    centroids = centroids[centroids["ward"].isin(wards.codes)]

    of_postcodes = (
        points_to_wards(postcodes["easting"], postcodes["northing"], wards).to_numpy()
        == postcodes["ward"].to_numpy()
    )
    of_centroids = (
        points_to_wards(centroids["x"], centroids["y"], wards).to_numpy() == centroids["ward"].to_numpy()
    )

    # The shares the data set's own description gives.
    assert (len(of_postcodes), round(100 * of_postcodes.mean(), 2)) == (72135, 99.96)
    assert (len(of_centroids), round(100 * of_centroids.mean(), 2)) == (1702, 99.82)


def test_every_home_in_an_lsoa_of_bury_gets_its_decile(realdata: Path, folder: Folder, case: Case) -> None:
    names = ["wards/E08000002_wards_WD25.geojson", "deprivation/imd2019_england_lsoa11.csv", "lookups/lookup_lsoa11_lsoa21_ltla22.csv",
             "lookups/lookup_lsoa21_ward24_ltla24.csv"]  # fmt: skip
    best_fit = pd.read_csv(realdata / names[3])
    people = [
        {"person_id": code, "home_lsoa": code}
        for code in best_fit.loc[best_fit["ltla24_name"] == "Bury", "lsoa21_code"]
    ]

    table = build_wards(
        read_geography(folder(None, *(realdata / name for name in names))), **case(people=people), as_of=AS_OF
    )

    assert (len(table.homes), (table.homes["home_decile"] == 1).sum()) == (120, 12)
    assert (table.wards["children_known"].sum(), len(table.wards)) == (120, 17)
    assert np.array_equal(
        table.homes["home_ward"].value_counts().sort_index().to_numpy(),
        table.wards["children_known"].to_numpy(int),
    )
