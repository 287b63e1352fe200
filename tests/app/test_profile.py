"""Count a problem profile's numbers a second time, with pandas and geopandas from the demo's own CSV files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from app import profile
from app.analysis import Analysis, analyse
from app.profile import Numbers, build_scope, column, count, part_of, previous, shares_of, tally
from mapping.access import Viewer
from mapping.periods import Period
from mapping.profiles import Asked

DEMO = Path(__file__).resolve().parents[2] / "data" / "synthetic" / "demo"
YEAR = (date(2025, 4, 1), date(2026, 3, 31))
WARD = "E05999001"
TIMES = {
    "referrals": ["received_on", "opened_on", "closed_on"],
    "missing": ["reported_at", "found_at", "interview_held_at"],
    "events": ["started_at"],
    "people": ["date_of_birth"],
    "placements": ["started_on", "ended_on"],
}


@pytest.fixture(scope="module")
def demo() -> Analysis:
    return analyse(DEMO, linked=False)


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """The demo's tables as pandas reads them; a note in a cell that is no date is nothing."""
    found = {}
    for file in DEMO.glob("*.csv"):
        table = pd.read_csv(file, dtype=str)
        for name in TIMES.get(file.stem, ()):
            table[name] = pd.to_datetime(table[name], errors="coerce", format="ISO8601")
        found[file.stem] = table
    return found


@pytest.fixture(scope="module")
def wards() -> gpd.GeoDataFrame:
    shapes = gpd.read_file(DEMO / "geography" / "wards_WD25.geojson")
    return (
        shapes.set_crs(27700, allow_override=True) if shapes.total_bounds[0] > 1000 else shapes.to_crs(27700)
    )


def _under_18(tables: dict[str, pd.DataFrame], person: pd.Series, when: pd.Series) -> pd.Series:
    born = person.map(tables["people"].drop_duplicates("person_id").set_index("person_id")["date_of_birth"])
    years = when.dt.year - born.dt.year - (when.dt.strftime("%m%d") < born.dt.strftime("%m%d")).astype(int)
    return ~(years >= 18)


def _in_ward(rows: pd.DataFrame, wards: gpd.GeoDataFrame, east: str, north: str) -> pd.Series:
    ward = wards[wards.iloc[:, 0].eq(WARD) | wards.eq(WARD).any(axis=1)].geometry.iloc[0]
    points = gpd.GeoSeries.from_xy(rows[east].astype(float), rows[north].astype(float), crs=27700)
    return pd.Series(points.within(ward).to_numpy(), index=rows.index)


def _numbers(
    tables: dict[str, pd.DataFrame],
    since: date,
    until: date,
    *,
    concern: str = "",
    wards: gpd.GeoDataFrame | None = None,
) -> Numbers:
    """Count without any code of the product."""
    first, after = pd.Timestamp(since), pd.Timestamp(until) + pd.Timedelta(days=1)

    def dated(table: pd.DataFrame, name: str) -> pd.DataFrame:
        return table[(table[name] >= first) & (table[name] < after)]

    sites = tables["locations"].set_index("location_id")[["easting", "northing"]]
    people = tables["people"].set_index("person_id")
    referrals = tables["referrals"]
    theirs = None
    if concern:
        theirs = set(
            referrals[(referrals["concern"] == concern) & (referrals["received_on"] < after)]["person_id"]
        )
        referrals = referrals[referrals["concern"] == concern]
    referrals, missing = dated(referrals, "received_on"), dated(tables["missing"], "reported_at")
    events = dated(tables["events"], "started_at")
    part = tables["participation"].drop_duplicates()
    referrals = referrals[_under_18(tables, referrals["person_id"], referrals["received_on"])]
    missing = missing[_under_18(tables, missing["person_id"], missing["reported_at"])]
    if wards is not None:
        missing = missing.join(sites, on="missing_from")
        missing = missing[_in_ward(missing, wards, "easting", "northing")]
        events = events.join(sites, on="location_id", rsuffix="_site")
        for name in ("easting", "northing"):
            events[name] = events[name].fillna(events[f"{name}_site"])
        events = events[_in_ward(events, wards, "easting", "northing")]
        lived = referrals.join(people[["home_easting", "home_northing"]], on="person_id")
        placed = tables["placements"].merge(lived[["person_id", "received_on"]].reset_index(), on="person_id")
        active = placed[
            (placed["started_on"] <= placed["received_on"]) & ~(placed["ended_on"] < placed["received_on"])
        ]
        active = active.sort_values(["started_on", "location_id"]).drop_duplicates("index", keep="last")
        active = active.set_index("index").join(sites, on="location_id")
        lived.loc[active.index, ["home_easting", "home_northing"]] = active[
            ["easting", "northing"]
        ].to_numpy()
        referrals = referrals[_in_ward(lived, wards, "home_easting", "home_northing")]
    if theirs is not None:
        missing = missing[missing["person_id"].isin(theirs)]
        events = events[events["event_id"].isin(part[part["person_id"].isin(theirs)]["event_id"])]
    harmed = part[part["event_id"].isin(events["event_id"]) & (part["role"] == "harmed")]
    harmed = harmed[_under_18(tables, harmed["person_id"], harmed["event_id"].map(events.set_index("event_id")["started_at"]))]  # fmt: skip
    if theirs is not None:
        harmed = harmed[harmed["person_id"].isin(theirs)]
    held = missing[missing["interview_held_at"].notna()]
    waited = held["interview_held_at"] - held["found_at"]
    return Numbers(
        referrals=len(referrals),
        children_referred=referrals["person_id"].nunique(),
        missing_episodes=len(missing),
        children_missing=missing["person_id"].nunique(),
        children_missing_again=int((missing.groupby("person_id").size() > 1).sum()),
        interviews_held=len(held),
        within_72_hours=int((waited <= pd.Timedelta(hours=72)).sum()),
        incidents=int((events["kind"] == "incident").sum()),
        records_of_harm=len(harmed),
        children_harmed=harmed["person_id"].nunique(),
    )


def test_the_last_year_is_that_of_the_published_figures(
    demo: Analysis, tables: dict[str, pd.DataFrame]
) -> None:
    found = count(build_scope(demo, None, Asked(since=YEAR[0], until=YEAR[1])))
    assert found == _numbers(tables, *YEAR)
    # The figures of 2022/23 to which the demo is calibrated.
    assert (found.referrals, found.missing_episodes, found.children_missing) == (242, 4958, 1381)


def test_as_long_as_there_is_data_is_the_default(demo: Analysis, tables: dict[str, pd.DataFrame]) -> None:
    scope = build_scope(demo, None, Asked())
    assert scope.period == Period(date(2023, 4, 1), date(2026, 3, 31))
    assert count(scope) == _numbers(tables, scope.period.since, scope.period.until)


def test_a_ward_has_what_lies_within_its_boundary(
    demo: Analysis, tables: dict[str, pd.DataFrame], wards: gpd.GeoDataFrame
) -> None:
    scope = build_scope(demo, None, Asked(area=WARD, since=YEAR[0]))
    assert scope.area == "Aldrith (ward)"
    assert count(scope) == _numbers(tables, *YEAR, wards=wards)


def test_a_concern_has_the_children_referred_for_it(demo: Analysis, tables: dict[str, pd.DataFrame]) -> None:
    scope = build_scope(demo, None, Asked(concern="cse", until=date(2025, 9, 30)))
    assert count(scope) == _numbers(tables, date(2023, 4, 1), date(2025, 9, 30), concern="cse")


def test_an_authority_has_the_wards_on_its_map(demo: Analysis) -> None:
    scope = build_scope(demo, None, Asked(area="E08999001"))
    assert scope.wards == frozenset(demo.wards["ward_code"])
    known = profile.areas(demo)
    assert list(known)[:3] == ["", "E08999001", "E05999001"]
    assert known[""] == "everywhere on record"


def test_children_are_counted_once_however_they_came_to_be_known(demo: Analysis) -> None:
    scope = build_scope(demo, None, Asked(since=YEAR[0]))
    tables = (scope.referrals(), scope.episodes(), scope.harmed())
    assert scope.children == sorted({child for table in tables for child in table["person_id"]})


def test_episodes_of_placed_children_are_those_of_the_wards_table(demo: Analysis) -> None:
    scope = build_scope(demo, None, Asked())
    placed = int(scope.episodes()["placed"].sum())
    wards = demo.wards
    assert placed == int((wards["missing_episodes"] - wards["missing_episodes_residents"]).sum())


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Asked(area="E05000000"), "'E05000000' is neither a ward nor an authority on the map"),
        (Asked(until=date(2026, 4, 1)), "ends on 2026-04-01, after the last day on record, 2026-03-31"),
        (Asked(since=date(2026, 4, 1)), "begins on 2026-04-01 and ends on 2026-03-31"),
    ],
)
def test_what_cannot_be_answered_is_refused(demo: Analysis, asked: Asked, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_scope(demo, None, asked)


def test_who_sees_no_people_gets_no_profile() -> None:
    with pytest.raises(PermissionError, match="sees wards, not people"):
        profile.validate_viewer(Viewer("planner"))


def test_earlier_periods_are_as_long() -> None:
    spans = previous(Period(date(2025, 10, 1), date(2026, 3, 31)))
    assert [(span.since.isoformat(), span.until.isoformat()) for span in spans.values()] == [
        ("2025-10-01", "2026-03-31"),
        ("2025-04-01", "2025-09-30"),
        ("2024-10-01", "2025-03-31"),
        ("2025-04-01", "2026-03-31"),
        ("2024-04-01", "2025-03-31"),
    ]


def test_small_numbers_are_hidden_with_what_would_give_them_away() -> None:
    counts = pd.Series({"girls": 3, "boys": 1200, "not recorded": 9})
    assert column(counts, False).to_dict() == {
        "girls": "3",
        "boys": "1,200",
        "not recorded": "9",
        "Total": "1,212",
    }
    shown = column(counts, True)
    assert shown.to_dict() == {"girls": "c", "boys": "1,200", "not recorded": "c", "Total": "1,212"}
    assert shares_of(shown).to_dict() == {
        "girls": "c",
        "boys": "99.0%",
        "not recorded": "c",
        "Total": "100.0%",
    }
    assert part_of(98, 100, True) == ("c", "c")
    assert part_of(98, 100, False) == ("98", "98.0%")
    assert part_of(0, 0, False) == ("0", "no share")


def test_values_are_counted_by_their_meaning() -> None:
    values = pd.Series(["M", "F", "M", None, "<b>"])
    assert tally(values, "sex").to_dict() == {"female": 1, "male": 2, "<b>": 1, "not recorded": 1}
