"""Tests of what the Connect page works out and draws, and of the page itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import ways
from mapping.paths import Paths
from mapping.steps import ITEM_COLUMNS, End

OpenApp = Callable[..., AppTest]
Shown = Callable[[AppTest], str]


def table(*paths: str, direction: str | None = None) -> pd.DataFrame:
    """Paths such as "C1 T1 C2" as the table of their steps."""
    kinds = {"C": "person", "T": "thing", "L": "location", "E": "event"}
    rows = [
        (number, step, kinds[one[0]], one, kinds[other[0]], other, "used", 2, 1, "1A", pd.Timestamp("2025-01-01"), pd.Timestamp("2025-01-02"), "unknown")
        for number, path in enumerate(paths, 1)
        for step, (one, other) in enumerate(zip(path.split(), path.split()[1:], strict=False), 1)
    ]  # fmt: skip
    columns = ["path", "step", "from_kind", "from_id", "to_kind", "to_id", "how", "items", "sources", "best_grade", "first_seen", "last_seen", "nature"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


# The picture -----------------------------------------------------------------------------------


def test_one_end_is_left_the_other_right_and_each_step_a_column() -> None:
    where = ways.left_to_right(table("C1 T1 C2", "C1 L1 C2", "C1 C3 E1 C2"), "person:C1", "person:C2")
    assert (where["x"] / ways.ACROSS).astype(int).to_dict() == {
        "event:E1": 2, "location:L1": 1, "person:C1": 0, "person:C2": 3, "person:C3": 1, "thing:T1": 1,
    }  # fmt: skip
    assert (where["y"] / ways.DOWN).to_dict() == {
        "event:E1": 0.0, "location:L1": -1.0, "person:C1": 0.0, "person:C2": 0.0, "person:C3": 0.0, "thing:T1": 1.0,
    }  # fmt: skip


def test_a_path_that_runs_back_is_drawn_from_the_same_end() -> None:
    there = ways.left_to_right(table("C1 T1 L1 C2"), "person:C1", "person:C2")
    back = ways.left_to_right(table("C2 L1 T1 C1"), "person:C1", "person:C2")
    pd.testing.assert_frame_equal(there, back)


def test_no_two_symbols_stand_on_one_another() -> None:
    where = ways.left_to_right(
        table("C1 T1 C3 C2", "C1 T2 C3 C2", "C1 T1 C4 C2", "C1 C4 C2"), "person:C1", "person:C2"
    )
    assert not where.duplicated().any()
    assert np.isfinite(where.to_numpy()).all()


def test_a_step_on_several_paths_is_drawn_once() -> None:
    drawn = ways.drawn_steps(table("C1 C3 T1 C2", "C2 T1 C3 C1"))
    assert drawn[["id", "source", "target", "stated", "seen", "kinds"]].values.tolist() == [
        ["step:person:C1|person:C3", "person:C1", "person:C3", True, False, "used"],
        ["step:person:C3|thing:T1", "person:C3", "thing:T1", False, True, "used"],
        ["step:person:C2|thing:T1", "thing:T1", "person:C2", False, True, "used"],
    ]


# Words -----------------------------------------------------------------------------------------


def test_the_list_of_paths_is_text_whatever_a_name_is(hostile: dict[str, str]) -> None:
    end = End("person", "C1", 0)
    found = Paths(end, end, table("C1 T1 C2", "C1 L1 C2"), 2, 2)
    said = ways.paths_html(found, lambda *_: hostile["markup"], lambda *_: "phone", most=1)
    assert "<img" not in said
    assert "&lt;img src=x onerror=alert(1)&gt; used &lt;img" in said
    assert "<b>Path 1</b>: 2 steps through a phone<div>1. " in said
    assert "1 January 2025 to 2 January 2025, 2 rows, best grade ● 1A" in said
    assert "Path 2" not in said


def test_what_to_do_before_two_ends_are_chosen() -> None:
    assert ways.empty_answer(None, None, 3400) == (
        "Choose two of 3,400 people, places and things to see whether records connect them, through what, and on whose word."
    )
    assert ways.empty_answer("person:C1", None, 1) == "Choose the other end to see how the two are connected."
    assert ways.empty_answer("person:C1", "person:C1", 1).startswith("Both boxes hold the same.")


def test_a_role_in_an_event_is_said_with_what_happened() -> None:
    items = pd.DataFrame([dict.fromkeys(ITEM_COLUMNS)] * 3).assign(
        role=["harmed", "present", None], what=["a fight", "", "red phone"], tie="took_part"
    )
    said = ways.worded_items(items)
    assert said["what"].tolist() == ["was harmed: a fight", "was present", "red phone"]
    assert "kind" not in said
    assert "kind" in ways.worded_items(items.assign(kind=["peer", None, None]))


# The page --------------------------------------------------------------------------------------


def connect(app: AppTest, one: str, other: str) -> AppTest:
    """Choose two ends as the boxes do."""
    app.session_state["chosen"] = {
        **app.session_state["chosen"],
        "connect_one": one,
        "connect_other": other,
    }
    return app.run()


def test_an_empty_page_says_what_to_do(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = open_app(case, "connect")
    assert not app.exception
    said = shown(app)
    assert "Choose two of 18 people, places and things to see whether records connect them" in said
    assert "somebody used a phone, was seen at a place" in said
    labels = [option for box in app.selectbox if box.label == "From" for option in box.options]
    assert labels[:2] == ["Nobody and nothing chosen", "UV (A1)"]
    assert {"AQ (C001)", "handset ending 041 (phone T1)", "Quarry Field (park or open space L1)"} <= set(
        labels
    )
    app = connect(app, "person:C002", "person:C002")
    assert not app.exception
    assert "Both boxes hold the same." in shown(app)


def test_two_children_the_phone_between_them_and_the_rows_it_rests_on(
    open_app: OpenApp, shown: Shown, case: Path
) -> None:
    app = connect(open_app(case, "connect"), "person:C002", "person:C011")
    assert not app.exception
    said = shown(app)
    assert (
        "BQ (C002) and KQ (C011) are 2 steps apart, through a phone. On A-B evidence alone nothing joins them."
        in said
    )
    assert "Steps apart by grades used: A-B: no path; A-C: 2 steps; all: 2 steps." in said
    assert "Left out of the middle of paths: 1 school." in said
    assert "For scale: two people taken at random are within 2 steps of each other in " in said
    assert "<b>Path 1</b>: 2 steps through a phone<div>1. BQ (C002) used handset ending 041" in said
    assert "Ben" not in said
    steps = next(each.value for each in app.dataframe if "What the records say" in each.value.columns)
    assert steps[["Path", "Step", "What the records say", "Rows", "Best grade"]].values.tolist() == [
        [1, 1, "BQ (C002) used handset ending 041", 1, "2C"],
        [1, 2, "KQ (C011) used handset ending 041", 1, "2C"],
    ]
    app.session_state["chosen"] = {**app.session_state["chosen"], "step": "step:person:C002|thing:T1"}
    said = shown(app.run())
    assert not app.exception
    assert "BQ (C002) and handset ending 041</h2>" in said
    assert "<p>BQ (C002) used handset ending 041.</p>" in said
    assert "<b>Rests on one report.</b>" in said
    assert "Seen together at the park." in said
    assert "thing_use row 2" in said
    app.session_state["grade_band"] = "A-B"
    said = shown(app.run())
    assert not app.exception
    assert "No path joins BQ (C002) and KQ (C011) on the evidence and through the things chosen. On A-C or all evidence they are 2 steps apart." in said  # fmt: skip
    assert "There is no path to draw." in said


def test_all_paths_and_ways_in_time(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = connect(open_app(case, "connect"), "person:C002", "person:C011")
    app.segmented_control(key="connect_mode").set_value("time").run()
    assert not app.exception
    said = shown(app)
    assert "Something could have passed both ways in up to 6 steps." in said
    assert "From BQ (C002) to KQ (C011), the earliest way" in said
    assert {"Direction", "Not before", "Earliest by"} <= {
        name for each in app.dataframe for name in each.value.columns
    }
    app.segmented_control(key="connect_mode").set_value("all").run()
    app.segmented_control(key="connect_length").set_value(3).run()
    assert not app.exception
    assert "1 path of up to 3 steps." in shown(app)
    app.segmented_control(key="connect_length").set_value(4).run()
    assert "4 paths of up to 4 steps." in shown(app)
    assert "<b>Path 2</b>: 4 steps through a child, an adult of concern and a child<div>" in shown(app)


def test_schools_join_nobody_unless_they_are_let_in(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = connect(open_app(case, "connect", role="analyst"), "person:C005", "person:C010")
    assert "Through anything at all, the two are 2 steps apart." in shown(app)
    app.button_group(key="connect_through").set_value(["schools"]).run()
    assert not app.exception
    assert "EQ (C005) and JQ (C010) are 2 steps apart, through a school." in shown(app)


def test_names_that_are_more_than_names_stay_text(
    open_app: OpenApp, shown: Shown, small_case: ModuleType, tmp_path: Path, hostile: dict[str, str]
) -> None:
    case = small_case.write_case(tmp_path / "hostile", name=hostile["markup"])
    app = connect(open_app(case, "connect"), "person:C002", "person:C011")
    app.session_state["chosen"] = {**app.session_state["chosen"], "step": "step:person:C002|thing:T1"}
    app.run()
    assert not app.exception
    assert "<img src=x" not in shown(app)


def test_a_planner_has_no_such_page(open_app: OpenApp, shown: Shown, case: Path) -> None:
    app = open_app(case, role="planner")
    assert "Connect" not in shown(app)
    with pytest.raises(ValueError, match="Could not find a navigation page"):
        app.switch_page("views/connect.py")
