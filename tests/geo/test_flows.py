"""What crosses the boundaries of authorities: every record in one place of the account, both counts, both directions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.files import Geography, read_geography
from geo.flows import (
    BY,
    KINDS,
    OUTSIDE,
    STATUSES,
    Movements,
    balance,
    both_ways,
    build_movements,
    classified,
    flow_table,
    shared_across,
    totals,
)

Case = Callable[..., dict[str, pd.DataFrame]]
A, B = "E08000001", "E08000002"
AS_OF = date(2024, 12, 31)
PEOPLE = [
    {"person_id": "C1", "responsible_authority": A, "home_easting": 100, "home_northing": 100},
    {"person_id": "C2", "responsible_authority": A, "home_easting": 600, "home_northing": 100},
    {"person_id": "C3", "responsible_authority": "E08000077", "home_easting": 9000, "home_northing": 100},
    {"person_id": "C4"},
    {"person_id": "OLD", "date_of_birth": "1980-01-01", "responsible_authority": A, "is_child": False},
]
LOCATIONS = [
    {"location_id": "LA", "kind": "park", "easting": 100, "northing": 100},
    {"location_id": "LB", "kind": "park", "easting": 1100, "northing": 100},
    {"location_id": "FAR", "kind": "park", "easting": 9500, "northing": 100},
    {"location_id": "NOWHERE", "kind": "park"},
]
MISSING = [
    {"episode_id": "M1", "person_id": "C1", "reported_at": "2024-01-05", "found_at": "2024-01-06", "missing_from": "LA", "found_at_location": "LB"},
    {"episode_id": "M2", "person_id": "C1", "reported_at": "2024-02-05", "found_at": "2024-02-06", "missing_from": "LB"},
    {"episode_id": "M3", "person_id": "C2", "reported_at": "2024-03-05", "missing_from": "FAR"},
    {"episode_id": "M4", "person_id": "C3", "reported_at": "2024-04-05", "missing_from": "FAR"},
    {"episode_id": "M5", "person_id": "C4", "reported_at": "2024-05-05", "missing_from": "NOWHERE"},
    {"episode_id": "M6", "person_id": "C3", "reported_at": "2024-06-05", "missing_from": "LB"},
    {"episode_id": "M7", "person_id": "OLD", "reported_at": "2024-06-05", "missing_from": "LB"},
    {"episode_id": "M8", "person_id": "C1", "reported_at": "2025-06-05", "missing_from": "LB"},
]  # fmt: skip
EVENTS = [
    {"event_id": "E1", "kind": "incident", "started_at": "2024-03-01", "location_id": "LB"},
    {"event_id": "E2", "kind": "intelligence", "started_at": "2024-04-01", "easting": 100, "northing": 100},
]
PARTICIPATION = [
    {"event_id": "E1", "person_id": "C1", "role": "present"},
    {"event_id": "E1", "person_id": "C1", "role": "harmed"},
    {"event_id": "E1", "person_id": "OLD", "role": "harmed"},
    {"event_id": "E2", "person_id": "C2", "role": "harmed"},
]
PLACED = [
    {"person_id": "C2", "location_id": "LB", "started_on": "2024-01-01", "ended_on": "2024-02-01", "placing_authority": A},
    {"person_id": "C4", "location_id": "LB", "started_on": "2024-05-01", "placing_authority": B},
]  # fmt: skip


@pytest.fixture
def two(folder: Callable[..., Path], squares: Callable[..., str]) -> Geography:
    """Two authorities side by side: A with two wards, B with one."""
    wards = [("E05000001", 0, 0, 500, 500), ("E05000002", 500, 0, 1000, 500)]
    files = {
        "a.geojson": squares(wards, authority=A),
        "b.geojson": squares([("E05000003", 1000, 0, 1500, 500)], authority=B),
    }
    return read_geography(folder(files))


@pytest.fixture
def movements(two: Geography, case: Case) -> Movements:
    """Everything of the small case that has two ends."""
    return built(two, case)


def built(
    geography: Geography, case: Case, *, people: list[dict[str, Any]] = PEOPLE, **options: Any
) -> Movements:
    tables = case(people=people, locations=LOCATIONS, events=EVENTS, missing=MISSING, placements=PLACED)
    tables["participation"] = pd.DataFrame(PARTICIPATION, dtype="str")
    seen = [("C1", "LB", "2024-07-01"), ("C2", "NOWHERE", "2024-07-02")]
    tables["presence"] = pd.DataFrame(seen, columns=["person_id", "location_id", "seen_at"])
    tables["presence"]["seen_at"] = pd.to_datetime(tables["presence"]["seen_at"]).astype("datetime64[us]")
    for name in ("missing", "placements", "participation", "presence"):
        tables[name]["row"] = range(2, 2 + len(tables[name]))
    return build_movements(geography, as_of=AS_OF, **tables, **options)


def listed(table: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return list(table[list(columns)].itertuples(index=False, name=None))


FLOW = ("from_code", "to_code", "status", "why", "episodes", "children")


def test_flows_go_from_the_responsible_authority_to_where_it_happened(movements: Movements) -> None:
    table = flow_table(classified(movements))
    assert listed(table[table["kind"] == "missing"], *FLOW) == [
        (A, B, "crossing", "", 1, 1),
        (A, OUTSIDE, "crossing", "", 1, 1),
        ("E08000077", B, "crossing", "", 1, 1),
        (A, A, "within", "", 1, 1),
        ("E08000077", OUTSIDE, "unknown", "both ends lie outside the map", 1, 1),
        (None, B, "unknown", "the authority of the child is not recorded", 1, 1),
    ]
    assert listed(table[table["kind"] != "missing"], "kind", *FLOW) == [
        ("found", A, B, "crossing", "", 1, 1),
        ("found", A, None, "unknown", "the place is not recorded", 1, 1),
        ("harmed", A, B, "crossing", "", 1, 1),
        ("harmed", A, A, "within", "", 1, 1),
        ("incident", A, B, "crossing", "", 1, 1),
        ("seen", A, B, "crossing", "", 1, 1),
        ("seen", A, None, "unknown", "the place is not recorded", 1, 1),
        ("placed", A, B, "crossing", "", 1, 1),
        ("placed", B, B, "within", "", 1, 1),
    ]
    assert movements.notes == (
        "1 missing episodes of people aged 18 or over when reported are not counted in wards.",
    )


def test_only_the_kinds_asked_for_are_listed(two: Geography, case: Case, movements: Movements) -> None:
    some = built(two, case, kinds=("harmed", "placed"))
    every = movements.rows[movements.rows["kind"].isin(["harmed", "placed"])].reset_index(drop=True)
    assert some.rows["kind"].unique().tolist() == ["harmed", "placed"]
    pd.testing.assert_frame_equal(some.rows, every)


def test_two_wards_of_one_authority_are_within_it(movements: Movements) -> None:
    rows = classified(movements, by="ward")
    harmed = flow_table(rows[rows["kind"] == "harmed"])
    assert listed(harmed, *FLOW) == [
        ("E05000001", "E05000003", "crossing", "", 1, 1),
        ("E05000002", "E05000001", "within", "", 1, 1),
    ]


def test_a_home_outside_the_map_is_elsewhere_for_what_happened_on_it(movements: Movements) -> None:
    table = flow_table(classified(movements, by="home"))
    assert listed(table[(table["kind"] == "missing") & (table["from_code"] == OUTSIDE)], *FLOW) == [
        (OUTSIDE, B, "crossing", "", 1, 1),
        (OUTSIDE, OUTSIDE, "unknown", "both ends lie outside the map", 1, 1),
    ]
    assert "the home of the child is not recorded" in set(table["why"])


def test_a_period_keeps_records_of_its_days_and_placements_that_go_on_in_it(movements: Movements) -> None:
    rows = classified(movements, since=date(2024, 2, 1), until=date(2024, 2, 29))
    assert listed(rows, "kind", "row") == [("missing", 3), ("found", 3), ("placed", 2)]
    rows = classified(movements, since=date(2024, 2, 5), until=date(2024, 2, 5))
    assert listed(rows, "kind", "row") == [("missing", 3)]
    rows = classified(movements, since=date(2024, 2, 2), until=date(2024, 2, 4))
    assert listed(rows, "kind", "row") == []
    assert listed(flow_table(rows), *FLOW) == []


def test_what_does_not_fit_is_refused(movements: Movements) -> None:
    with pytest.raises(
        ValueError, match=r"Flows are not counted by street\. Use one of responsible, home, ward\."
    ):
        classified(movements, by="street")
    with pytest.raises(ValueError, match=r"begins on 2024-02-01 and ends on 2024-01-01, before that"):
        classified(movements, since=date(2024, 2, 1), until=date(2024, 1, 1))


def test_without_boundaries_nothing_is_compared(case: Case) -> None:
    with pytest.raises(ValueError, match="There are no ward boundaries"):
        built(Geography(), case)


def test_the_county_answers_where_there_are_districts(
    folder: Callable[..., Path], squares: Callable[..., str], case: Case
) -> None:
    """Keeps out crossings between districts of one county, and counts of a county against its own district."""
    files = {
        "a.geojson": squares([("E05000001", 0, 0, 500, 500)], authority="E07000001", CTYUA25CD="E10000001"),
        "b.geojson": squares(
            [("E05000003", 1000, 0, 1500, 500)], authority="E07000002", CTYUA25CD="E10000001"
        ),
    }
    people = [
        {**PEOPLE[0], "responsible_authority": "E07000001"},
        {**PEOPLE[1], "responsible_authority": "E10000001"},
    ]
    moved = built(read_geography(folder(files)), case, people=people)
    assert set(moved.people["responsible"]) == {"E10000001"}
    table = flow_table(classified(moved))
    assert listed(table[table["kind"] == "harmed"], *FLOW) == [("E10000001", "E10000001", "within", "", 2, 2)]


def test_shared_contacts_cross_where_children_of_two_authorities_meet(movements: Movements) -> None:
    pairs = {"one": ["C1", "C2"], "two": ["C1", "C3"], "unsure": ["C1", "C4"], "adult": ["C1", "OLD"]}
    ties = pd.DataFrame(
        [("contact", name, person) for name, who in pairs.items() for person in [*who, who[0]]],
        columns=["kind", "shared_id", "person_id"],
    )
    shared, flows = shared_across(ties, movements)
    assert listed(shared, "shared_id", "children", "children_unknown", "areas", "codes", "status") == [
        ("two", 2, 0, 2, f"{A}|E08000077", "crossing"),
        ("one", 2, 0, 1, A, "within"),
        ("adult", 1, 0, 1, A, "within"),
        ("unsure", 2, 1, 1, A, "unknown"),
    ]
    assert listed(flows, "kind", *FLOW) == [("contact", A, "E08000077", "crossing", "", 1, 2)]
    _, wards = shared_across(ties, movements, by="ward")
    assert listed(wards, *FLOW) == [("E05000001", OUTSIDE, "crossing", "", 1, 2)]


def test_nothing_shared_gives_empty_tables(movements: Movements) -> None:
    nothing = pd.DataFrame({name: pd.Series(dtype=object) for name in ("kind", "shared_id", "person_id")})
    shared, flows = shared_across(nothing, movements)
    assert (len(shared), len(flows)) == (0, 0)


def test_row_order_makes_no_difference(two: Geography, case: Case, movements: Movements) -> None:
    turned = built(two, case, people=PEOPLE[::-1])
    pd.testing.assert_frame_equal(flow_table(classified(turned)), flow_table(classified(movements)))


codes = st.sampled_from([A, B, "E08000077", OUTSIDE, None])
ends = st.tuples(st.sampled_from(KINDS), st.sampled_from(["C1", "C2", "C3"]), codes, codes, codes)


def moved(records: list[tuple[Any, ...]]) -> Movements:
    names = ["kind", "person_id", "responsible", "home_authority", "authority"]
    rows = pd.DataFrame(records, columns=names, dtype=object)
    wards = {A: "E05000001", B: "E05000003", OUTSIDE: OUTSIDE}
    rows = rows.assign(
        table="x",
        row=range(len(rows)),
        on=pd.Timestamp("2024-01-01"),
        until=pd.Timestamp("2024-01-01"),
        home_ward=[wards.get(code) for code in rows["home_authority"]],
        ward=[wards.get(code) for code in rows["authority"]],
    )
    held = pd.DataFrame(
        {"ward_code": ["E05000001", "E05000003"], "ward_name": ["a", "b"], "authority_code": [A, B]}
    )
    people = pd.DataFrame(
        [(who, True, A, A, "E05000001") for who in ("C1", "C2")] + [("C3", True, B, None, None)],
        columns=["person_id", "is_child", "responsible", "home_authority", "home_ward"],
    )
    return Movements(rows, people, held, pd.Series(dtype="str"), ())


@settings(max_examples=50, deadline=None)
@given(records=st.lists(ends, min_size=1, max_size=40), by=st.sampled_from(list(BY)))
def test_every_record_and_every_child_is_accounted_for(records: list[tuple[Any, ...]], by: str) -> None:
    rows = classified(moved(records), by=by)
    table, summed, areas = flow_table(rows), totals(rows), balance(rows)
    assert set(rows["status"]) <= set(STATUSES)
    assert ((rows["status"] == "unknown") == (rows["why"] != "")).all()
    assert table["episodes"].sum() == summed["episodes"].sum() == len(records)
    for name in ("episodes", "children"):
        parts = summed[[f"{status}_{name}" for status in STATUSES]].sum(axis=1)
        assert (parts == summed[name]).all()
    who = {kind: {person for of, person, *_ in records if of == kind} for kind in KINDS}
    assert summed["children"].to_dict() == {kind: len(people) for kind, people in who.items() if people}
    own = areas["within_episodes"] + areas["sent_episodes"] + areas["unknown_episodes"]
    assert (own == areas["own_episodes"]).all()
    known = rows[rows["from_code"].notna()]
    assert areas["own_episodes"].sum() == len(known)
    assert (
        areas["sent_episodes"].sum()
        == areas["received_episodes"].sum()
        == (rows["status"] == "crossing").sum()
    )
    ways = both_ways(table)
    assert (
        ways[["episodes_a_to_b", "episodes_b_to_a"]].to_numpy().sum() == (rows["status"] == "crossing").sum()
    )


@settings(max_examples=30, deadline=None)
@given(tied=st.lists(st.tuples(st.sampled_from("XYZ"), st.sampled_from(["C1", "C2", "C3"])), max_size=12))
def test_every_shared_contact_has_one_status(tied: list[tuple[str, str]]) -> None:
    ties = pd.DataFrame([("contact", *pair) for pair in tied], columns=["kind", "shared_id", "person_id"])
    shared, flows = shared_across(ties, moved([]), by="responsible")
    children = {name: {person for of, person in tied if of == name} for name in {of for of, _ in tied}}
    assert {row["shared_id"]: row["children"] for row in shared.to_dict("records")} == {
        name: len(who) for name, who in children.items()
    }
    across = {name for name, who in children.items() if "C3" in who and len(who) > 1}
    assert set(shared.loc[shared["status"] == "crossing", "shared_id"]) == across
    assert flows["episodes"].sum() == len(across)


@pytest.fixture(scope="module")
def manchester(
    realdata: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Geography, pd.DataFrame, pd.DataFrame]:
    """Greater Manchester's 215 wards, 600 of its postcodes as homes, 3,000 burglaries as incidents."""
    place = tmp_path_factory.mktemp("manchester")
    (place / "wards.geojson").symlink_to(realdata / "wards" / "gm_wards_WD25.geojson")
    homes = pd.read_csv(realdata / "postcodes" / "gm_codepoint_open_may2025.csv").iloc[::120].head(600)
    points = pd.read_csv(realdata / "police" / "gmp_burglary_points_2016-02_onward.csv").iloc[::30].head(3000)
    return read_geography(place), homes.reset_index(drop=True), points.reset_index(drop=True)


def test_greater_manchester_agrees_with_a_spatial_join(
    manchester: tuple[Geography, pd.DataFrame, pd.DataFrame], realdata: Path, case: Case
) -> None:
    """Homes by the authority that Ordnance Survey gives each postcode, incidents by a spatial join of geopandas."""
    geography, homes, points = manchester
    wards = geopandas.read_file(realdata / "wards" / "gm_wards_WD25.geojson")
    at = geopandas.points_from_xy(points["Longitude"], points["Latitude"], crs=4326)
    joined = geopandas.sjoin(geopandas.GeoDataFrame(geometry=at), wards[["LAD25CD", "geometry"]], how="left")
    happened = joined[~joined.index.duplicated()]["LAD25CD"].to_numpy(object)
    who = np.arange(len(points)) % len(homes)
    lived = homes["lad"].to_numpy(object)
    burgled = _burgled(geography, homes, points, who, case)
    flows = flow_table(classified(burgled))
    harmed = flows[flows["kind"] == "harmed"]
    found = {(row["from_code"], row["to_code"]): row["episodes"] for row in harmed.to_dict("records")}
    ends = zip(lived[who], np.where(pd.isna(happened), OUTSIDE, happened), strict=True)
    wanted = pd.Series(list(ends)).value_counts().to_dict()
    assert sum(found.values()) == len(points)
    assert len(set(harmed["from_code"])) == 10
    # Points within 2 m of a border may fall on either side of it, since the shift between the grids is rounded.
    assert sum(abs(found.get(pair, 0) - wanted.get(pair, 0)) for pair in {*found, *wanted}) <= 6
    assert totals(classified(burgled, by="ward")).loc["harmed", "episodes"] == len(points)
    assert burgled.people["home_ward"].nunique() > 150


def _burgled(
    geography: Geography, homes: pd.DataFrame, points: pd.DataFrame, who: Any, case: Case
) -> Movements:
    from geo.grid import lonlat_to_grid

    easting, northing = lonlat_to_grid(points["Longitude"].to_numpy(), points["Latitude"].to_numpy())
    people = [
        {"person_id": f"C{n}", "responsible_authority": row.lad, "home_easting": row.easting, "home_northing": row.northing}
        for n, row in enumerate(homes.itertuples())
    ]  # fmt: skip
    events = [
        {"event_id": f"E{n}", "kind": "incident", "started_at": f"{month}-01", "easting": x, "northing": y}
        for n, (month, x, y) in enumerate(zip(points["Month"], easting, northing, strict=True))
    ]
    tables = case(people=people, events=events)
    part = {"event_id": [f"E{n}" for n in range(len(points))], "person_id": [f"C{n}" for n in who]}
    tables["participation"] = pd.DataFrame(part).assign(role="harmed", row=range(2, 2 + len(points)))
    tables["presence"] = pd.DataFrame(
        {"person_id": [], "location_id": [], "seen_at": pd.to_datetime([]), "row": []}
    )
    for name in ("missing", "placements"):
        tables[name]["row"] = []
    return build_movements(geography, as_of=date(2019, 1, 31), **tables)
