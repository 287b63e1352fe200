"""Go round the demo by its tour, and see what a page says when it fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import tour

OpenApp = Callable[..., AppTest]
Shown = Callable[[AppTest], str]


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def labels(app: AppTest) -> set[str]:
    return {button.label for button in app.button}


def test_the_tour_of_the_demo_goes_from_page_to_page_and_stays_closed(
    open_app: OpenApp, shown: Shown, demo: Path
) -> None:
    app = open_app(demo)
    assert "First time here?" in shown(app)
    press(app, "Show me round")
    for number, step in enumerate(tour.STEPS, start=1):
        said = shown(app)
        assert f"Tour, step {number} of 5: {step.title}." in said
        assert f'<h1 class="cm-title">{step.title}</h1>' in said
        if number < len(tour.STEPS):
            press(app, f"Next: {tour.STEPS[number].title}")
    press(app, "Done")
    assert "cm-tour" not in shown(app).split("</style>")[-1]
    app.switch_page("views/today.py").run()
    assert "First time here?" not in shown(app)
    press(app, "Tour")
    assert "Tour, step 1 of 5: Today." in shown(app)


def test_the_tour_can_be_declined_and_asked_for_later(open_app: OpenApp, shown: Shown, demo: Path) -> None:
    app = press(open_app(demo), "No, thank you")
    assert "First time here?" not in shown(app)
    assert "Tour" in labels(app)


def test_no_tour_of_a_real_case_or_for_those_who_see_no_people(
    open_app: OpenApp, shown: Shown, case: Path, demo: Path
) -> None:
    assert "First time here?" not in shown(open_app(case))
    assert "First time here?" not in shown(open_app(demo, role="planner"))


def test_a_page_that_fails_says_so_calmly_and_in_the_log(
    open_app: OpenApp, shown: Shown, case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("secret column of Ada Quill")

    monkeypatch.setattr("app.answers.missing_now", fail)
    app = open_app(case)
    said = shown(app)
    assert "The page Today could not be drawn." in said
    # Streamlit's own box is out of sight, and holds no detail either (showErrorDetails).
    assert '[data-testid="stException"] {display: none;}' in said
    assert "secret" not in said
    assert "KeyError" not in said
    (log,) = (tmp_path / "log").iterdir()
    kept = json.loads(log.read_text().splitlines()[-1])
    assert {name: kept[name] for name in ("action", "role", "page", "error")} == {
        "action": "a page failed",
        "role": "social_worker",
        "page": "Today",
        "error": "KeyError",
    }
    assert "secret" not in log.read_text()
