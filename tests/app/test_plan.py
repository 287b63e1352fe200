"""What the command `plan` writes, prints and says."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from app import plan as planning
from app.analysis import analyse, load_geography
from geo.coverage import Visit
from geo.plans import PLAN, change_plan
from mapping.access import Viewer

SQUARE = json.dumps(
    {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::27700"}},
        "features": [
            {
                "type": "Feature",
                "properties": {"WD25CD": f"E0500000{at}", "WD25NM": name},
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [
                        [[west, 0], [west + 1000, 0], [west + 1000, 1000], [west, 1000], [west, 0]]
                    ],
                },
            }
            for at, (name, west) in enumerate([("Alder", 0), ("Beech", 1000)], start=1)
        ],
    }
)
LOCATIONS = """
    location_id,kind,name,easting,northing
    P1,park,Quarry Field,500,500
    P2,licensed,The Loom,1500,500
    P3,school,Hill School,1900,900
    P4,park,Nowhere Green,,
    H1,home,1 Some Street,400,500
"""
EVENTS = """
    event_id,kind,started_at,location_id
    E1,incident,2025-05-26T21:00,P1
    E2,incident,2025-05-19T22:00,P1
    E3,incident,2025-05-20T21:00,P2
    E4,contact,2025-05-21T21:00,P2
"""
MISSING = """
    episode_id,person_id,reported_at,found_at,missing_from,found_at_location
    M1,C1,2025-05-12T15:00,2025-05-12T23:10,H1,P1
    M2,C2,2025-05-13T15:00,2025-05-13T20:10,H1,H1
"""
PARTICIPATION = "event_id,person_id,role\nE4,C3,harmed\n"


@pytest.fixture
def week(write_case: Any) -> Path:
    """A case with three concerns at a park on Mondays, and one at a licensed place on Tuesday and Wednesday."""
    tables = {"locations": LOCATIONS, "events": EVENTS, "missing": MISSING, "participation": PARTICIPATION}
    return Path(write_case(geography={"wards.geojson": SQUARE}, **tables))


def test_the_command_prints_the_plan_day_by_day_and_writes_it(run: Any, week: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, printed, _ = run(
        "plan", week, "--teams", 1, "--days", 3, "--slots", 1, "--hours", "16-24", "--out", out
    )
    assert code == 0
    assert printed.splitlines()[-7:] == [
        "  16:00 to 24:00  team 1  P1  Quarry Field (park, Alder): 3 recorded within 400 m on Mondays 16:00 to 24:00.",
        "Tuesday 3 June 2025",
        "  16:00 to 24:00  team 1  P2  The Loom (licensed, Beech): 1 recorded within 400 m on Tuesdays 16:00 to 24:00.",
        "Wednesday 4 June 2025",
        "  16:00 to 24:00  team 1  P2  The Loom (licensed, Beech): 1 recorded within 400 m on Wednesdays 16:00 to 24:00.",
        "Counted until 26 May 2025: 1 time a missing child was found, 3 incidents and 1 other event with somebody harmed.",
        "3 visits reach 5 of 5 records of concern (100%); no plan can reach more with these teams, days and hours. "
        f"One visit chosen after the other reaches 5; places drawn at random 1. With a team everywhere all the time in these days and hours it would be 5. Written to {out}.",
    ]
    assert "1 place cannot be visited: no position is known." in printed
    assert "Most of these visits rest on fewer than 5 records each" in printed
    written = pd.read_parquet(out / "plan.parquet")
    assert tuple(written.columns) == PLAN
    assert written[["day", "place_id", "concern_added"]].values.tolist() == [
        [date(2025, 6, 2), "P1", 3],
        [date(2025, 6, 3), "P2", 1],
        [date(2025, 6, 4), "P2", 1],
    ]
    assert pd.read_parquet(out / "plan_wards.parquet").values.tolist() == [
        ["E05000001", "Alder", 3, 3, 3, 1.0, 1],
        ["E05000002", "Beech", 2, 2, 2, 1.0, 2],
    ]
    summary = json.loads((out / "summary.json").read_text())
    assert [summary[name] for name in ("reached", "bound", "gap", "optimal", "within_reach")] == [
        5,
        5,
        0,
        True,
        5,
    ]


def test_a_planner_gets_a_plan_without_people(run: Any, week: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = ("--teams", 1, "--days", 3, "--slots", 1, "--hours", "16-24", "--viewer", "planner", "--out", out)
    code, printed, _ = run("plan", week, *asked, "--must", "Hill School", "--start", "2025-06-09")
    assert code == 0
    assert "Who took part in events is not among these records" in printed
    written = pd.read_parquet(out / "plan.parquet")
    assert written["place_name"].tolist() == ["Quarry Field", "The Loom", "Hill School"]
    assert written["place_id"].str.match(r"locations \d+$").all()
    everything = printed + (out / "summary.json").read_text() + written.to_csv()
    assert not [who for who in ("C1", "C2", "C3", "P1", "1 Some Street") if who in everything]


def test_wrong_use_and_faults_are_sentences(run: Any, week: Path, tmp_path: Path) -> None:
    asked = (
        "plan",
        week,
        "--teams",
        1,
        "--days",
        1,
        "--slots",
        1,
        "--viewer",
        "planner",
        "--out",
        tmp_path / "out",
    )
    for more, code, said in (
        (("--reach", 5, "--minutes", 5), 2, "--reach and --minutes say the same thing."),
        (("--at-least", "school"), 2, "--at-least 'school' is not written as school=3."),
        (("--at-least", "school=9"), 1, "9 places of the kind school must be visited, but only 1 can be."),
        (("--minutes", 0), 1, "A walk of 0 minutes with a detour of 1.3 cannot be."),
        (("--hours", "evening"), 2, "--hours 'evening' is not written as 8-24."),
        (("--hours", "20-8"), 1, "hours are 20 to 8; give a start from 0 to 23"),
        (("--kinds", "home,park"), 1, "home cannot be visited. Use kinds out of childrens_home, "),
        (("--must", "Z9"), 1, "Z9 is no place of the kinds that are visited."),
        (
            ("--must", "The Loom", "--must", "Hill School"),
            1,
            "No plan keeps all rules: visits in all 1, places that must be visited 2, no floor.",
        ),
    ):
        found, _, complained = run(*asked, *more)
        assert (found, said in complained) == (code, True), complained
    assert not (tmp_path / "out").exists()


def test_a_name_of_two_places_is_refused() -> None:
    places = pd.DataFrame({"place_id": ["A", "B", "C"], "name": ["Same", "Same", "Other"]})
    assert planning.named(places, ["Other", "A"]) == ("C", "A")
    with pytest.raises(ValueError, match=r"Same is the name of 2 places: A, B\. Give the id\. Z is no place"):
        planning.named(places, ["Same", "Z"])


def test_a_change_by_hand_says_its_cost(week: Path) -> None:
    found = analyse(week, viewer=Viewer("planner"))
    built = planning.build_week(found, load_geography(week), teams=1, days=1, slots=1, hours=(16, 24))
    monday, (park, _, school) = date(2025, 6, 2), built.task.places["place_id"]
    swap = change_plan(
        built.task, built.best, remove=[Visit(monday, 1, park)], add=[Visit(monday, 1, school)]
    )
    assert (swap.reached, swap.difference, swap.loss, swap.broken) == (0, -3, 3, ())


def test_a_floor_is_named_where_choosing_freely_reaches_more(week: Path) -> None:
    found = analyse(week, viewer=Viewer("planner"))
    asked: dict[str, Any] = {"teams": 1, "days": 2, "slots": 1, "hours": (16, 24)}
    built = planning.build_week(found, load_geography(week), **asked, floor_visits=1)
    assert planning.answer(built) == (
        "2 visits reach 4 of 4 records of concern (100%); no plan that keeps the floor can reach more with these teams, "
        "days and hours. One visit chosen after the other, without regard to the floor, reaches 4; places drawn at "
        "random 1. With a team everywhere all the time in these days and hours it would be 4."
    )


def test_a_school_is_visited_because_it_is_asked_for_and_days_gone_by_see_only_what_was_before(
    week: Path,
) -> None:
    found, places = analyse(week, viewer=Viewer("planner")), load_geography(week)
    asked: dict[str, Any] = {"teams": 1, "days": 2, "slots": 1, "hours": (16, 24)}
    built = planning.build_week(found, places, **asked, at_least=(("school", 1),))
    assert built.table["place_name"].tolist() == ["Quarry Field", "Hill School"]
    earlier = planning.build_week(found, places, **asked, start=date(2025, 5, 19))
    assert (earlier.until, earlier.counted["incident"], earlier.table["place_name"].tolist()) == (
        date(2025, 5, 18),
        0,
        ["Quarry Field"],
    )


def test_nothing_recorded_is_said(write_case: Any) -> None:
    case = write_case(locations=LOCATIONS)
    built = planning.build_week(
        analyse(case, viewer=Viewer("planner")), None, teams=1, days=1, start=date(2025, 6, 2)
    )
    assert planning.answer(built) == (
        "No concern with a place and a time is recorded, so there is nothing to plan by."
    )
    assert planning.used(built) == "Counted: nothing."
