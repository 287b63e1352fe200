"""What the When page and the command `times` say of hours, months and near repeats."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import when
from app.analysis import analyse, load_geography
from app.commands.times import WHATS
from mapping.access import Viewer

OpenApp = Callable[..., AppTest]
Shown = Callable[[AppTest], str]
DEMO = Path(__file__).resolve().parents[2] / "data" / "synthetic" / "demo"
# Three Marches of 5, 5 and 40 episodes of as many children, on Fridays at 20:30.
PEOPLE = "person_id,date_of_birth,home_easting,home_northing\n" + "".join(
    f"C{number:02},2012-01-01,{430000 + 10 * number},470000\n" for number in range(40)
)
MISSING = "episode_id,person_id,reported_at\n" + "".join(
    f"M{day:%y}{number:02},C{number:02},{day}T20:30\n"
    for day, many in ((date(2023, 3, 3), 5), (date(2024, 3, 1), 5), (date(2025, 3, 7), 40))
    for number in range(many)
)
EVENTS = """event_id,kind,started_at,ended_at,easting,northing
E1,incident,2025-03-03T22:00,2025-03-04T02:00,430000,470000
E2,incident,2025-03-04,,430000,470000
E3,arrest,2025-03-05T10:15,,430000,470000
E4,arrest,2025-03-05T11:15,,431000,470000
E5,contact,2025-03-06T11:15,,,
E6,contact,2025-03-09T11:15,,,
"""
TAKING = "event_id,person_id,role\nE1,C01,present\nE1,C02,harmed\nE2,C01,present\n"


@pytest.fixture
def moments(write_case: Any) -> when.Moments:
    case = write_case(people=PEOPLE, missing=MISSING, events=EVENTS, participation=TAKING)
    return when.build_moments(analyse(case, linked=False, as_of=date(2025, 3, 31)), None)


@pytest.fixture(scope="module")
def demo() -> when.Moments:
    """Everything dated in the demo."""
    return when.build_moments(analyse(DEMO, linked=False), load_geography(DEMO))


# Hours and months -------------------------------------------------------------------------------------


def test_an_interval_and_a_day_without_a_time_are_shared_out(moments: when.Moments) -> None:
    found = when.find_when(moments, "incidents")
    hours = found.hours.set_index(["weekday", "hour"])["weight"]
    # E1 from Monday 22:00 to Tuesday 02:00, E2 on some hour of Tuesday.
    assert hours[[("Monday", 21), ("Monday", 22), ("Tuesday", 1), ("Tuesday", 2)]].round(4).tolist() == [
        0.0,
        0.25,
        0.2917,
        0.0417,
    ]
    assert hours.sum() == pytest.approx(2)
    assert found.notes[1:4] == (
        "Of 1 incident only the day is known: shared out evenly over its 24 hours.",
        "1 incident lasted, or happened at some time in an interval: shared out over it.",
        "With 2 incidents the hours of the week show no pattern yet.",
    )
    assert found.children == 2


def test_a_month_is_set_against_the_two_years_before_by_episodes_and_children(moments: when.Moments) -> None:
    found = when.find_when(moments, "missing_episodes", since=date(2025, 1, 1))
    columns = ["month", "counted", "observed", "year_before", "two_years_before", "usual", "said"]
    assert found.months[columns].values.tolist() == [
        ["2025-03", "all", 40.0, 5.0, 5.0, 5.0, "more than usual, beyond chance (8.00 times)"],
        ["2025-03", "children", 40.0, 5.0, 5.0, 5.0, "more than usual, beyond chance (8.00 times)"],
    ]
    assert when.answer(found) == (
        "40 missing episodes of 40 children from 1 January 2025 up to 31 March 2025: 100% of them in the evening "
        "(18:00 to midnight), most on Fridays (100%; 14% would be even)."
    )
    assert when.further(found) == [
        "March 2025 had 40 where the two years before lead one to expect 5: more than usual, beyond chance (8.00 times)."
    ]


def test_months_in_words() -> None:
    row = {"years": 2, "observed": 5.0, "usual": 10.0, "ratio": 0.5, "q_value": 0.01}
    assert [
        when.against_usual({**row, **other})
        for other in ({}, {"q_value": 0.2}, {"years": 0}, {"ratio": float("nan")}, {"ratio": float("inf")})
    ] == [
        "fewer than usual, beyond chance (0.50 times)",
        "chance could explain it (0.50 times)",
        "nothing to compare with",
        "none now and none before",
        "fewer than usual, beyond chance (none before)",
    ]


def test_what_was_asked_is_checked(moments: when.Moments) -> None:
    with pytest.raises(ValueError, match=r"^thefts is none of missing_episodes, incidents"):
        when.find_when(moments, "thefts")
    with pytest.raises(ValueError, match=r"^There is no ward E05000001 here\. There are no ward boundaries"):
        when.find_when(moments, "incidents", area="E05000001")
    assert tuple(when.KINDS) == WHATS


# Near repeats -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("incidents", "Near repeats cannot be told: all incidents are at one place, so none is nearer than another."),
        ("arrests", "Near repeats cannot be told: all arrests are of one day."),
        ("contacts", "Near repeats need two contacts with a place, and there are no contacts."),
        ("referrals", "Near repeats are not looked for: a referral has no place of its own."),
        ("stop_searches", "Near repeats need two stop and searches with a place, and there are no stop and searches."),
    ],
)  # fmt: skip
def test_where_near_repeats_cannot_be_tested_it_is_said(moments: when.Moments, what: str, why: str) -> None:
    found = when.find_when(moments, what)
    assert (found.repeats.empty, found.permutations, found.notes[-1]) == (True, 0, why)
    # Every table can still be shown.
    assert when.repeat_lines(found) == []
    assert [len(table(found)) for table in (when.repeat_rows, when.hour_rows)] == [0, 168]


def test_planted_near_repeats_of_the_demo_are_found_and_said(demo: when.Moments) -> None:
    found = when.find_when(demo, "incidents", permutations=199)
    assert len(found.repeats) == 20
    assert when.repeat_lines(found)[0].startswith("Up to 250 m away, within 7 days: ")
    assert "times as often as chance gives." in when.further(found)[-1]
    again = when.find_when(demo, "incidents", permutations=199)
    pd.testing.assert_frame_equal(found.repeats, again.repeats)


def test_one_cell_alone_can_be_found_however_few_the_shuffles() -> None:
    cells = len(when.DISTANCES) * len(when.WEEKS)
    assert cells / (when.LEAST + 1) <= when.LEVEL


def test_a_cell_that_stands_out_by_itself_only_is_said_to_be_one_of_many() -> None:
    row = {"near_repeat": False, "p_value": 0.004, "observed": 9, "expected": 5.0}
    assert [
        when.repeat_said({**row, **other}) for other in ({"near_repeat": True}, {}, {"p_value": 0.2})
    ] == [
        "more than chance",
        "could be chance, with so many cells compared",
        "no more than chance explains",
    ]


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0, 1, "at the same place"),
        (1, 251, "up to 250 m away"),
        (251, 501, "250 m to 500 m away"),
        (501, 1001, "500 m to 1 km away"),
        (1001, float("inf"), "more than 1 km away"),
    ],
)
def test_distances_in_words(low: float, high: float, said: str) -> None:
    assert when.distance_said(low, high) == said


def test_a_ward_and_without_placed_children_are_part_of_the_whole(demo: when.Moments) -> None:
    assert demo.areas is not None
    whole = when.find_when(demo, "missing_episodes", since=date(2026, 1, 1), permutations=9)
    ward = demo.areas.table.index[0]
    part = when.find_when(demo, "missing_episodes", area=ward, since=date(2026, 1, 1), permutations=9)
    fewer = when.find_when(demo, "missing_episodes", since=date(2026, 1, 1), placed=False, permutations=9)
    assert 0 < len(part.rows) < len(whole.rows)
    assert 0 < len(fewer.rows) < len(whole.rows)
    assert part.where == demo.areas.table["area_name"].iloc[0]
    assert f"in {part.where} from" in when.answer(part)


# The command ------------------------------------------------------------------------------------------


def test_the_command_writes_what_the_page_shows(run: Any, write_case: Any, tmp_path: Path) -> None:
    case = write_case(people=PEOPLE, missing=MISSING)
    out = tmp_path / "out"
    code, printed, _ = run("times", case, "--out", out, "--since", "2025-01-01", "--permutations", "19")
    assert (code, printed.endswith(f"Written to {out}.\n")) == (0, True)
    assert sorted(path.name for path in out.iterdir()) == list(when.FILES)
    assert pd.read_parquet(out / "hours.parquet")["weight"].sum() == 40
    assert pd.read_parquet(out / "months.parquet").columns.tolist() == list(when.MONTHS)
    summary = json.loads((out / "summary.json").read_text())
    assert summary["settings"] == {
        "viewer": "analyst",
        "what": "missing_episodes",
        "where": "",
        "since": "2025-01-01",
        "permutations": 0,
        "seed": 0,
    }
    assert summary["results"] == {"counted": 40, "children": 40}


def test_bands_that_do_not_rise_and_words_for_numbers_are_refused(
    run: Any, write_case: Any, tmp_path: Path
) -> None:
    case = write_case(people=PEOPLE, missing=MISSING)
    code, _, said = run("times", case, "--out", tmp_path / "out", "--distances", "0,5,5")
    assert (code, "distances are" in said) == (1, True)
    code, _, said = run("times", case, "--out", tmp_path / "out", "--days", "a week")
    assert (code, "--days 'a week' is not written as numbers with commas" in said) == (2, True)
    assert not (tmp_path / "out").exists()


def test_every_column_is_explained() -> None:
    page = (DEMO.parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    for name, columns in (
        ("hours", ("weekday", "hour", "weight", "certain", "share")),
        ("months", tuple(when.MONTHS)),
        ("repeats", (*when.REPEATS, "said")),
    ):
        part = page.split(f"### {name}\n")[1].split("\n### ")[0]
        named = {
            each.strip()
            for line in part.splitlines()
            for cell in line.split("|")[1:2]
            for each in cell.split(",")
        }
        assert named - {"column", "---"} == set(columns)


# The page ---------------------------------------------------------------------------------------------


def test_the_page_shows_each_kind(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = open_app(case, "when")
    assert not app.exception
    assert "4 missing episodes of 3 children from" in shown(app)
    box = next(found for found in app.selectbox if found.label == "What")
    assert box.options == ["Missing episodes", "Incidents", "Referrals"]
    box.select("incidents").run()
    assert not app.exception
    assert "1 incident of 3 children" in shown(app)
    assert "Near repeats need two incidents with a place, and there is 1 incident." in shown(app)
    next(found for found in app.selectbox if found.label == "Where").select("E05000004").run()
    assert not app.exception
    assert "No incident is on record in Dogwood" in shown(app)


def test_a_planner_sees_when_but_not_who(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = open_app(case, role="planner")
    app.switch_page("views/when.py").run()
    assert not app.exception
    next(found for found in app.selectbox if found.label == "What").select("incidents").run()
    assert not app.exception
    assert "Who took part in events is not for this viewer: children are not counted." in shown(app)


def test_a_case_without_dates_or_places_says_so(open_app: OpenApp, shown: Shown, write_case: Any) -> None:
    app = open_app(write_case(people="person_id,date_of_birth\nC1,2010-01-01\n"), "when")
    assert not app.exception
    assert "No missing episode is on record" in shown(app)
    assert "Choose another kind, another ward or a longer period." in shown(app)


def test_who_may_see_no_people_gets_no_children(write_case: Any) -> None:
    case = write_case(people=PEOPLE, events=EVENTS, participation=TAKING)
    analysis = analyse(case, linked=False, viewer=Viewer("planner"))
    found = when.find_when(when.build_moments(analysis, None), "incidents")
    assert found.children is None
    assert set(found.months["counted"]) <= {"all"}
