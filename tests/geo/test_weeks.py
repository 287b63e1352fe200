"""Weeks of action as they are saved, and what visits found."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from geo.weeks import (
    Choices,
    Figures,
    PlannedVisit,
    VisitResult,
    Week,
    result_from_dict,
    validate_result,
    validate_week,
    visit_id,
    week_from_dict,
)

MONDAY = date(2025, 6, 2)
ID = visit_id(MONDAY, 1, kind="park", name="Quarry Field", easting=500.4, northing=500)
VISIT = PlannedVisit(
    ID, MONDAY, 1, 16, 26, 1, "P1", "Quarry Field", "park", "AB1 2CD", "E05000001", "Alder", 500, 500, 3, 2
)
WEEK = Week(
    name="June",
    choices=Choices(
        MONDAY,
        3,
        1,
        1,
        (16, 26),
        400,
        ("park", "school"),
        since=date(2024, 1, 1),
        must=("P1",),
        at_least=(("school", 1),),
    ),
    visits=(VISIT,),
    figures=Figures(9, 7, 3, 3, 3, 3, 1),
    viewer="planner",
    recorded_until=date(2025, 6, 1),
    briefing=("Speak to young people first.",),
    partners={"park": "Park wardens"},
    read=True,
)
RESULT = VisitResult(
    "plan1", ID, True, {"young_people": 4}, "Quiet.", "Lights are out.", "Parks", date(2025, 6, 9)
)


def test_a_week_and_a_result_come_back_as_they_were_kept() -> None:
    assert week_from_dict(json.loads(json.dumps(WEEK.to_dict()))) == WEEK
    assert result_from_dict(json.loads(json.dumps(RESULT.to_dict()))) == RESULT
    assert WEEK.last_day == MONDAY
    assert ID.startswith("20250602-1-")
    assert visit_id(MONDAY, 1, kind="park", name="Quarry Field", easting=500, northing=500) == ID
    with pytest.raises(ValueError, match="This entry is not a week of action: KeyError"):
        week_from_dict({"name": "June"})
    with pytest.raises(ValueError, match="This entry is not the result of a visit: KeyError"):
        result_from_dict({})


def test_what_is_wrong_is_said_at_once() -> None:
    validate_week(WEEK)
    validate_result(RESULT, WEEK)
    with pytest.raises(
        ValueError, match="it has no name; say what it is called; a team is at the same place twice"
    ):
        validate_week(replace(WEEK, name=" ", visits=(VISIT, VISIT)))
    wrong = VisitResult("plan1", "other", False, {"young_people": -1, "friends": 2}, follow_up="Call")
    with pytest.raises(
        ValueError,
        match=r"no such visit any more.*'friends' is nobody a team counts.*below 0.*people were spoken to.*"
        r"not said why the visit was not made.*nobody is named",
    ):
        validate_result(wrong, WEEK)
