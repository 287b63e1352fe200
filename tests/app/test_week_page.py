"""The page Week of action without a browser: who sees it, what it says where there is no plan, and what it keeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import words
from geo.weeks import KIND, week_from_dict
from mapping.entries import load_entries
from mapping.store import store_url

OpenApp = Callable[..., AppTest]
Shown = Callable[[AppTest], str]


@pytest.fixture(autouse=True)
def _own_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONTEXTMAP_STORE", str(tmp_path / "store.sqlite"))


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def visit_box(app: AppTest) -> Any:
    return next(box for box in app.selectbox if box.label == "Visit")


def test_a_planner_plans_saves_and_opens_the_week_again_without_people(
    open_app: OpenApp, shown: Shown, case: Path
) -> None:
    app = open_app(case, role="planner")
    app.switch_page("views/week_of_action.py").run()
    assert not app.exception
    page = shown(app)
    assert '<h1 class="cm-title">Week of action</h1>' in page
    assert not [who for who in ("C001", "A1") if f">{who}<" in page]
    press(app, "Save the plan")
    assert "Give your name first" in shown(app)
    assert load_entries(store_url(case), KIND) == []
    next(box for box in app.text_input if box.label.startswith("Your name")).set_value("Planner A").run()
    press(app, "Save the plan")
    entries = load_entries(store_url(case), KIND)
    kept = week_from_dict(entries[0].content)
    assert (kept.viewer, entries[0].by, entries[0].turn) == ("planner", "Planner A", 1)
    press(app, "Open it")
    assert not app.exception
    # A browser goes on showing the words it knows of a box of the same key: "Add a visit", over the results.
    keys = [visit_box(app).key]
    app.session_state["week_step"] = "Results"
    keys.append(visit_box(app.run()).key)
    assert len({*keys}) == 2
    app.session_state["week_step"] = "Did it work?"
    app.run()
    assert not app.exception
    last = words.day(kept.last_day)
    assert f"The last day of the week is {last}, and the records end on " in shown(app)
    assert "there is nothing after it to count yet" in shown(app)


def test_another_plan_is_not_called_saved_and_can_be_kept_as_a_week_of_its_own(
    open_app: OpenApp, shown: Shown, case: Path
) -> None:
    """A plan made after one was saved was called saved, and saving it could only replace the first."""
    app = open_app(case, "week_of_action")
    next(box for box in app.text_input if box.label.startswith("Your name")).set_value("Ann").run()
    press(app, "Save the plan")
    assert not [button for button in app.button if button.label == "Save the plan" and button.disabled]
    first = next(box for box in app.text_input if box.label == "Name of this week").value
    app.session_state["week_step"] = "Pack"
    press(app.run(), "Keep the briefing")
    app.session_state["week_step"] = "Plan"
    press(app.run(), "Save the plan")  # the briefing was written since, and stays
    url = store_url(case)
    assert [(entry.turn, week_from_dict(entry.content).name) for entry in load_entries(url, KIND)] == [
        (3, first)
    ]
    assert f"Saved as “{first}”." in shown(app.run())
    next(box for box in app.number_input if box.label == "Days").set_value(3)
    press(app, "Make the plan")
    assert f"Changed since it was saved as “{first}”" in shown(app)
    press(app, "Save as a new week")
    assert f"“{first}” is saved already" in shown(app)
    next(box for box in app.text_input if box.label == "Name of this week").set_value("Three days").run()
    press(app, "Save as a new week")
    kept = [(entry.turn, week_from_dict(entry.content)) for entry in load_entries(url, KIND)]
    assert [(turn, week.name, week.choices.days) for turn, week in kept] == [
        (3, first, 5),
        (1, "Three days", 3),
    ]


def test_choices_that_cannot_be_are_said_beside_the_choices(
    open_app: OpenApp, shown: Shown, case: Path
) -> None:
    app = open_app(case, "week_of_action")
    number: Any = next(box for box in app.number_input if box.label == "Schools, at least")
    number.set_value(50)
    press(app, "Make the plan")
    assert "50 places of the kind school must be visited, but only" in shown(app)
    assert "No plan can be made with these choices." in shown(app)
    number = next(box for box in app.number_input if box.label == "Schools, at least")
    number.set_value(0)
    next(box for box in app.date_input if box.label == "First day").set_value(date(2020, 1, 6))
    press(app, "Make the plan")
    assert "there is nothing to plan by" in shown(app)
    app.session_state["week_step"] = "Pack"
    app.run()
    assert not app.exception
    assert "No week of action is saved yet" in shown(app)
