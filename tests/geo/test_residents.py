"""Episodes by who placed the child: a small hub by hand, the demo against pandas, and the same map without placed children."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo.areas import build_areas
from geo.files import Geography, read_geography
from geo.hotspot_table import build_hotspots
from geo.measures import area_counts, build_occurrences
from geo.residents import (
    HERE,
    ONLY_WITH,
    ONLY_WITHOUT,
    STAYS,
    flag_hotspots,
    placed_episodes,
    split_wards,
    wards_of,
    with_and_without,
)

Folder = Callable[..., Path]
Write = Callable[..., str]
Tables = dict[str, pd.DataFrame]
Case = Callable[..., Tables]

DEMO = Path(__file__).resolve().parents[2] / "data" / "synthetic" / "demo"
BURY, CITY = "E08000002", "E08000003"
SQUARES = [("E05000001", 380000, 405000, 381000, 406000), ("E05000002", 381000, 405000, 382000, 406000)]
NEXT = [("E05000003", 382000, 405000, 383000, 406000)]
AS_OF = date(2024, 12, 31)


@pytest.fixture
def place(folder: Folder, squares: Write) -> Geography:
    return read_geography(folder({
        "bury.geojson": squares(SQUARES),
        "city.geojson": squares(NEXT, authority=CITY),
        "p.csv": "WD25CD,children_10_17\nE05000001,100\nE05000002,200\nE05000003,0\n",
    }))  # fmt: skip


@pytest.fixture
def hub(case: Case) -> Tables:
    """C1 lives in Bury; C2 is placed there by the city, C3 by Bury, C4 by nobody knows whom; C5 is grown up."""
    at = {"home_easting": 380500.0, "home_northing": 405500.0, "date_of_birth": "2009-05-01"}
    ward = {
        f"L{n}": {"location_id": f"L{n}", "kind": "childrens_home", "easting": 380500.0 + 1000 * n, "northing": 405500.0}
        for n in range(4)
    }  # fmt: skip
    gone = [
        ("M1", "C1", "2024-05-01T20:00", "L0"),
        ("M2", "C2", "2024-05-01T20:00", "L0"),  # from the placement
        ("M3", "C2", "2024-05-02T20:00", "L1"),  # from elsewhere in Bury: placed there all the same
        ("M4", "C2", "2024-05-03T20:00", "L2"),  # from the city, where nobody placed them
        ("M5", "C3", "2024-05-01T20:00", None),  # from the placement, Bury's own
        ("M6", "C4", "2024-05-01T20:00", None),
        ("M7", "C2", "2023-05-01T20:00", "L0"),  # before the placement
        ("M8", "C5", "2024-05-01T20:00", "L0"),  # of age by then
        ("M9", "C1", "2025-05-01T20:00", "L0"),  # after the day
        ("M10", "C1", "2024-05-01T20:00", "L3"),  # outside every ward
    ]
    placed = {"location_id": "L0", "started_on": "2024-01-01"}
    return case(
        people=[{"person_id": f"C{n}", **at} for n in range(1, 5)]
        + [{"person_id": "C5", **at, "date_of_birth": "2000-01-01", "is_child": False}],
        locations=list(ward.values()),
        placements=[
            {"person_id": "C2", "placing_authority": CITY, **placed},
            {"person_id": "C3", "placing_authority": BURY, **placed},
            {"person_id": "C4", **placed},
        ],
        missing=[
            {"episode_id": episode, "person_id": person, "reported_at": when, "missing_from": where}
            for episode, person, when, where in gone
        ],
    )


def episodes_of(hub: Tables, place: Geography) -> pd.DataFrame:
    tables = {name: hub[name] for name in ("people", "locations", "missing", "placements")}
    return placed_episodes(place, as_of=AS_OF, **tables)


def test_an_episode_is_of_a_placed_child_where_they_were_placed_that_day(
    hub: Tables, place: Geography
) -> None:
    found = episodes_of(hub, place)

    episode = hub["missing"]["episode_id"].reindex(found.index)
    shown = found[["ward_code", "placement", "here"]].astype(object)
    assert shown.where(shown.notna(), None).set_axis(episode).T.to_dict("list") == {
        "M1": ["E05000001", -1, "not_placed"],
        "M2": ["E05000001", 0, "others"],
        "M3": ["E05000002", 0, "others"],
        "M4": ["E05000003", 0, "not_placed"],
        "M5": ["E05000001", 1, "own"],
        "M6": ["E05000001", 2, "unknown"],
        "M7": ["E05000001", -1, "not_placed"],
        "M10": [None, -1, None],
    }


def test_each_wards_episodes_and_children_are_split(hub: Tables, place: Geography) -> None:
    wards = wards_of(place)
    people = pd.Series([100.0, 200.0, 0.0], index=wards["ward_code"])

    found = split_wards(episodes_of(hub, place), wards, people).set_index("ward_code")

    columns = ["episodes", "children", *[f"episodes_{name}" for name in HERE], "children_only_others"]
    assert found[columns].values.tolist() == [
        # C2 is also there by an episode from before the placement: no child is only a placed one.
        [5, 4, 2, 1, 1, 1, 0],
        [1, 1, 0, 0, 1, 0, 1],
        [1, 1, 1, 0, 0, 0, 0],
    ]
    assert found["children_others"].tolist() == [1, 1, 0]
    rates = found[["rate", "rate_without", "rate_own", "rate_others"]].astype(float)
    assert rates.fillna(-1).values.tolist() == [[50, 40, 10, 10], [5, 0, 0, 5], [-1, -1, -1, -1]]


def test_who_placed_is_not_claimed_where_the_authority_of_a_ward_is_not_known(
    hub: Tables, folder: Folder, squares: Write
) -> None:
    place = read_geography(folder({"wards.geojson": squares(SQUARES, authority=None)}))
    wards = wards_of(place)

    episodes = episodes_of(hub, place)
    found = split_wards(episodes, wards, pd.Series(dtype="float64"))

    assert episodes["here"].isna().all()
    assert found["episodes"].tolist() == [5, 1]
    assert found[[f"episodes_{name}" for name in HERE]].isna().all(axis=None)
    assert found["rate"].isna().all()


def test_without_boundaries_there_are_no_wards(hub: Tables) -> None:
    found = episodes_of(hub, Geography())

    assert found["ward_code"].isna().all()
    assert len(split_wards(found, wards_of(Geography()), pd.Series(dtype="float64"))) == 0


def test_the_split_agrees_with_the_measures_of_hotspots(hub: Tables, place: Geography) -> None:
    areas = build_areas(place)
    tables = {name: hub[name] for name in ("people", "locations", "events", "missing", "placements")}
    nothing = pd.DataFrame(
        {"person_id": pd.Series(dtype="str"), "received_on": pd.Series(dtype="datetime64[us]")}
    )
    occurrences = build_occurrences(
        areas, place, referrals=nothing, participation=None, as_of=AS_OF, **tables
    )
    split = split_wards(episodes_of(hub, place), wards_of(place), pd.Series(dtype="float64")).set_index(
        "ward_code"
    )
    others = split["episodes_others"]

    for measure, expected in {
        "missing_episodes": split["episodes"],
        "missing_episodes_residents": split["episodes"] - others,
        "children_missing": split["children"],
        "children_missing_residents": split["children"] - split["children_only_others"],
    }.items():
        assert area_counts(occurrences, areas, measure).tolist() == expected.tolist(), measure


def test_the_share_of_the_demo_is_what_pandas_finds_from_its_files() -> None:
    """A reader of the CSV files alone: who was placed by another authority when reported missing from the borough."""
    read = {name: pd.read_csv(DEMO / f"{name}.csv", dtype=str) for name in ("missing", "placements", "people", "locations")}  # fmt: skip
    both = read["missing"].merge(read["placements"], on="person_id")
    day = both["reported_at"].str[:10]
    both = both[(both["started_on"] <= day) & (both["ended_on"].isna() | (both["ended_on"] >= day))]
    last = both.sort_values(["started_on", "location_id"]).drop_duplicates("episode_id", keep="last")
    theirs = set(last.loc[last["placing_authority"] != "E08999001", "episode_id"])
    places = read_geography(DEMO / "geography")
    typed = {
        "people": read["people"].assign(
            date_of_birth=pd.to_datetime(read["people"]["date_of_birth"]),
            home_easting=read["people"]["home_easting"].astype(float),
            home_northing=read["people"]["home_northing"].astype(float),
            is_child=True,
        ),
        "locations": read["locations"].astype(
            dict.fromkeys(("easting", "northing", "longitude", "latitude"), float)
        ),
        "missing": read["missing"].assign(
            reported_at=pd.to_datetime(read["missing"]["reported_at"], format="ISO8601")
        ),
        "placements": read["placements"].assign(
            started_on=pd.to_datetime(read["placements"]["started_on"]),
            ended_on=pd.to_datetime(read["placements"]["ended_on"]),
        ),
    }

    found = placed_episodes(places, as_of=date(2026, 3, 31), **typed)

    ids = read["missing"]["episode_id"].reindex(found.index)
    assert set(ids[found["here"] == "others"]) == theirs & set(ids[found["ward_code"].notna()])
    assert (len(theirs), len(read["missing"])) == (2894, 13150)
    assert round(len(theirs) / len(read["missing"]), 4) == 0.2201


def test_hotspots_are_those_of_the_hotspots_page() -> None:
    areas = build_areas(read_geography(DEMO / "geography"))
    counts = np.random.default_rng(3).poisson(areas.table["population"] / 20)
    observed = pd.Series(counts, index=areas.table.index, dtype="float64")
    observed.iloc[:4] *= 5

    found = flag_hotspots(observed, areas, seed=7)
    whole = build_hotspots(observed, areas, replications=9, seed=7).table

    assert found["hotspot"].sum() > 0
    assert found["hotspot"].tolist() == whole["hotspot"].tolist()
    assert found["rate"].tolist() == pytest.approx(whole["rate"].tolist())


def test_both_maps_side_by_side_say_which_hotspots_stay() -> None:
    found = pd.DataFrame(
        [("W1", "A", 10.0, 50.0, True), ("W2", "B", 8.0, 40.0, True), ("W3", "C", 0.0, 0.0, False), ("W4", "D", np.nan, np.nan, None), ("W5", "E", 4.0, 40.0, False)],
        columns=["area_code", "area_name", "observed", "rate", "hotspot"],
    )  # fmt: skip
    without = pd.DataFrame(
        [("W5", 4.0, 40.0, True), ("W1", 4.0, 20.0, False), ("W2", 8.0, 40.0, True), ("W3", 0.0, 0.0, False), ("W4", np.nan, np.nan, None)],
        columns=["area_code", "observed", "rate", "hotspot"],
    )  # fmt: skip

    table = with_and_without(found, without)

    columns = ["area_code", "explained", "rate_difference", "rank", "rank_without", "change"]
    shown = table[columns].astype(object)
    assert shown.where(shown.notna(), None).values.tolist() == [
        ["W1", 0.6, 30.0, 1, 3, ONLY_WITH],
        ["W2", 0.0, 0.0, 2, 1, STAYS],
        ["W5", 0.0, 0.0, 2, 1, ONLY_WITHOUT],
        ["W3", None, 0.0, 4, 4, ""],
        ["W4", None, None, None, None, None],
    ]
