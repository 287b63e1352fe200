"""A week of action as the page works with it: changed by hand, saved, opened again, and told to an audience."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from app import plan, week_map, week_page
from app import week as weeks
from app.analysis import analyse, load_geography
from app.known import known_of
from app.plan import WeekPlan
from app.week_page import Hand
from geo.coverage import Visit
from geo.weeks import Choices, week_from_dict
from mapping.access import Viewer

MONDAY = date(2025, 6, 2)
SQUARE = json.dumps(
    {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::27700"}},
        "features": [
            {
                "type": "Feature",
                "properties": {"WD25CD": "E05000001", "WD25NM": "Alder"},
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[0, 0], [4000, 0], [4000, 1000], [0, 1000], [0, 0]]],
                },
            }
        ],
    }
)
LOCATIONS = """
    location_id,kind,name,postcode,easting,northing
    P1,park,Quarry Field,AB1 2CD,500,500
    P2,licensed,The Loom,,1500,500
    P3,school,Hill School,,3900,900
"""
# Four at the park in the evening, one of them under handling conditions; two at the licensed place.
EVENTS = """
    event_id,kind,started_at,location_id,source_id
    E1,incident,2025-05-26T21:00,P1,S1
    E2,incident,2025-05-19T22:00,P1,S2
    E3,incident,2025-05-12T21:00,P1,S3
    E4,incident,2025-05-20T09:00,P1,
    E5,incident,2025-05-20T21:00,P2,S1
    E6,incident,2025-05-21T21:00,P2,
"""
SOURCES = """
    source_id,kind,agency,recorded_on,source_grade,information_grade,handling,action_code,sanitisation_code
    S1,intelligence,police,2025-05-27,1,A,P,,
    S2,intelligence,police,2025-05-20,2,B,C,A2,S1
    S3,community,youth_service,2025-05-13,,,P,,
"""
CHOICES = Choices(MONDAY, 2, 1, 1, (18, 24), 400, ("park", "licensed", "school"), any_day=True)


@pytest.fixture
def case(write_case: Any) -> Path:
    return Path(
        write_case(geography={"wards.geojson": SQUARE}, locations=LOCATIONS, events=EVENTS, sources=SOURCES)
    )


def planned(
    case: Path, role: str = "social_worker", choices: Choices = CHOICES, *, as_of: date | None = None
) -> tuple[Any, Any, WeekPlan]:
    found, places = analyse(case, viewer=Viewer(role), as_of=as_of), load_geography(case)
    return found, places, weeks.build_chosen(found, places, choices)


def test_a_change_by_hand_says_what_it_costs_before_and_after(case: Path) -> None:
    _, _, built = planned(case, "analyst")
    assert (built.best.reached, weeks.visit_table(built, built.best)["place_id"].tolist()) == (
        5,
        ["P1", "P2"],
    )
    first, second = built.best.visits
    other = weeks.other_places(built, built.best, first)
    assert other[["place_id", "difference"]].values.tolist() == [["P2", -3], ["P3", -3]]
    assert other["called"][1] == "Hill School (school, Alder)"
    # The park on Tuesday, where a team is busy, reaches what it reached on Monday.
    assert weeks.other_slots(built, built.best, first)[["called", "difference", "free"]].values.tolist() == [
        ["Tuesday 3 June, 18:00 to 24:00", 0, False]
    ]
    assert weeks.free_places(built, built.best, 1)["difference"].tolist() == [0, 0]
    swap = weeks.Edit((Visit(MONDAY, 1, "P1"),), (Visit(MONDAY, 1, "P3"),), "Swapped")
    assert weeks.cost_said(weeks.last_change(built, [swap])) == (
        "It reaches 3 records fewer than before: 2 now, 3 fewer than the best plan found."
    )
    twice = weeks.Edit((), (Visit(MONDAY, 1, "P2"),), "Added")
    plan = weeks.edited(built, [swap, twice])
    assert weeks.broken_said(built, plan.visits) == [
        "Monday 2 June, 18:00 to 24:00, has 2 visits for 1 team."
    ]
    assert weeks.free_teams(built.task, plan.visits).tolist() == [-1, 0]
    assert weeks.comparison(built, plan)["reached"].tolist() == [2, 5, 5, 5, round(built.random)]
    assert second in plan.visits


def test_a_saved_week_opens_again_for_another_role_whose_places_have_other_ids(case: Path) -> None:
    found, _, built = planned(case)
    swap = weeks.Edit((Visit(MONDAY, 1, "P1"),), (Visit(MONDAY, 1, "P3"),), "Swapped")
    plan = weeks.edited(built, [swap])
    kept = weeks.save_week(
        built, plan, CHOICES, name=" June ", viewer="social_worker", addresses=weeks.addresses(found)
    )
    assert [(v.place_name, v.starts, v.ends, v.ward_name) for v in kept.visits] == [
        ("Hill School", 18, 24, "Alder"),
        ("The Loom", 18, 24, "Alder"),
    ]
    assert (kept.name, kept.figures.reached, kept.figures.best, kept.recorded_until) == (
        "June",
        2,
        4,
        date(2025, 5, 27),
    )
    _, _, planner = planned(case, "planner")
    edits, lost = weeks.reopened(planner, kept)
    again = weeks.visit_table(planner, weeks.edited(planner, edits))
    assert again["visit_id"].tolist() == [visit.visit_id for visit in kept.visits]
    assert again["place_id"].str.startswith("locations ").all()
    assert lost == []
    _, _, without = planned(
        case, "planner", Choices(MONDAY, 2, 1, 1, (18, 24), 400, ("park", "licensed"), any_day=True)
    )
    assert weeks.reopened(without, kept)[1] == [
        "Hill School is no longer among the places that can be visited, so its visit is not shown."
    ]


def test_places_asked_for_are_asked_for_by_the_ids_of_whoever_opens_the_week(case: Path) -> None:
    """A week that a planner saved with a place that must be visited could be opened by nobody else."""
    asked = replace(CHOICES, must=("P3",), must_not=("P2",))
    found, _, built = planned(case, choices=asked)
    saved = weeks.save_week(
        built, built.best, asked, name="June", viewer="social_worker", addresses=weeks.addresses(found)
    )
    saved = week_from_dict(json.loads(json.dumps(saved.to_dict())))
    planner, _, _ = planned(case, "planner")
    places = plan.list_places(planner, asked.kinds)
    ids = places.set_index("name")["place_id"]
    own, lost = weeks.own_choices(places, saved)
    assert (own, lost) == (replace(asked, must=(ids["Hill School"],), must_not=(ids["The Loom"],)), [])
    _, _, again = planned(case, "planner", own)
    assert weeks.reopened(again, saved) == ([], [])
    own, lost = weeks.own_choices(places[places["kind"] != "licensed"], saved)
    assert (own.must, own.must_not) == ((ids["Hill School"],), ())
    assert lost == [
        "1 place that had to be visited, or not to be, is not among those you can choose, and left out of the choices."
    ]


def test_a_saved_plan_stays_as_it_is_when_the_records_are_those_of_another_day(case: Path) -> None:
    """Its changes by hand were made again to another best plan, and the page called that the plan as it was saved."""
    _, _, now = planned(case)
    table = weeks.visit_table(now, now.best)
    base = tuple(zip(table["visit_id"], table["place_id"], strict=True))
    held = dict(zip(table["visit_id"], table["place_name"], strict=True))
    hand = Hand(CHOICES, saved=("week", 1, "June"), kept=(CHOICES, frozenset(held)), base=base, visits=held)
    assert week_page.on_ground(hand, now) == hand
    _, _, before = planned(case, as_of=date(2025, 5, 15))
    assert weeks.visit_table(before, before.best)["place_name"].tolist() == ["Quarry Field"]
    then = week_page.on_ground(hand, before)
    plan = weeks.edited(before, then.edits)
    assert weeks.visit_table(before, plan)["visit_id"].tolist() == list(held)
    (edit,) = then.edits
    said = weeks.cost_said(weeks.last_change(before, then.edits), whole=edit.whole)
    assert (edit.said, said) == (
        "As it was before the records changed",
        "It reaches 1 record, as much as the best plan.",
    )
    # Nobody saved or changed anything: the best plan of the records there are is what is wanted.
    assert week_page.on_ground(replace(hand, saved=None, kept=None), before).edits == ()


def test_each_audience_is_told_what_it_may_know(case: Path) -> None:
    found, places, built = planned(case, "analyst")
    kept = weeks.best_week(found, built, CHOICES.kinds)
    park = kept.visits[0].visit_id
    told = {
        audience: known_of(found, places, kept, audience=audience)[park]
        for audience in ("teams", "partners", "analysts")
    }
    hours = "within 400 m on any day from 18:00 to 24:00."
    assert {audience: held.why for audience, held in told.items()} == {
        "teams": f"2 records: 2 incidents {hours}",
        "partners": f"c (1 to 5) records {hours}",
        "analysts": f"3 records: 3 incidents {hours}",
    }
    assert told["teams"].lines == (
        "At all hours, 12 May 2025 to 26 May 2025: 3 records: 3 incidents.",
        "From police (1), youth service (1), no source recorded (1). Graded 1A (1); not graded (1).",
    )
    assert told["partners"].lines == ("At all hours: c (1 to 5) records.",)
    assert told["analysts"].lines[-1] == (
        "Under handling conditions (C): 1 record, A2 S1. Ask who graded them before anything is done with them."
    )
    worker, places, _ = planned(case)
    assert known_of(worker, places, kept)[park] == told["teams"]
    with pytest.raises(ValueError, match="A pack for analysts holds what is under handling conditions"):
        known_of(worker, places, kept, audience="analysts")
    with pytest.raises(ValueError, match="'press' is nobody a pack is made for"):
        known_of(worker, places, kept, audience="press")


def test_the_map_adds_records_up_in_squares_and_says_which_are_reached(case: Path) -> None:
    _, _, built = planned(case, "analyst")
    table = weeks.visit_table(built, built.best)
    visits = table.assign(starts=18, ends=24)
    met = week_map.met_records(built.concern, visits, reach=400, any_day=True)
    assert met.sum() == built.best.reached
    squares = week_map.cells(built.concern, met)
    assert squares.values.tolist() == [[500, 500, 500, 4, 3], [1500, 500, 500, 2, 2]]
    drawn = week_map.deck(None, squares, table, reach=400, chosen=table["visit_id"][0])
    assert [layer.id for layer in drawn.layers] == ["records", "visits", "numbers"]
    assert drawn.layers[1].data[0]["visit_id"] == table["visit_id"][0]
    assert [label["text"] for label in drawn.layers[2].data] == ["1", "2"]
    nothing = week_map.deck(None, squares[:0], table[:0], reach=400, chosen=None)
    assert nothing.layers[1].data == []


def test_places_are_at_a_peak_or_not_or_there_are_too_few_months(case: Path) -> None:
    _, _, built = planned(case, "analyst")
    peaks = pd.DataFrame({"at_peak": pd.array([True, pd.NA], dtype="boolean")}, index=["P1", "P2"])
    assert weeks.visit_table(built, built.best, peaks)["peak"].tolist() == [
        "at a peak",
        "too few months to say",
    ]


def test_squares_are_widened_until_there_are_few_enough_to_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    concern = pd.DataFrame({"easting": [10, 600, 1100, 2600], "northing": [5.0, 5.0, 5.0, 5.0]})
    met = [True, False, True, True]
    columns = ["easting", "northing", "side", "records", "reached"]
    found = week_map.cells(concern, met)
    assert found[columns].to_numpy().tolist() == [
        [0, 0, 500, 1, 1],
        [500, 0, 500, 1, 0],
        [1000, 0, 500, 1, 1],
        [2500, 0, 500, 1, 1],
    ]
    monkeypatch.setattr(week_map, "MOST_CELLS", 2)
    wide = week_map.cells(concern, met)
    assert wide[columns].to_numpy().tolist() == [[0, 0, 2000, 3, 2], [2000, 0, 2000, 1, 1]]
    assert "Records of concern in a square of 2000 m, at all hours" in week_map.legend(wide, reach=400)
