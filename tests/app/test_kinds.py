from __future__ import annotations

import re
from pathlib import Path

import pytest

from app import kinds
from mapping.kinds import KINDS


@pytest.mark.parametrize(
    ("grade", "sign", "words"),
    [
        ("1A", "● 1A", "reliable source, known directly to the source"),
        ("2C", "◐ 2C", "untested source, known indirectly to the source"),
        ("3E", "○ 3E", "source not reliable, suspected to be false"),
        (None, "◌ not graded", "no grade recorded"),
    ],
)
def test_grades_have_a_shape_and_a_letter(grade: str | None, sign: str, words: str) -> None:
    assert kinds.grade_sign(grade) == sign
    assert kinds.grade_words(grade) == words


def test_every_contact_has_a_kind_of_its_own() -> None:
    assert kinds.contact_kind("location", "park") == "park"
    assert kinds.contact_kind("location", "hotel") == "place"
    assert kinds.contact_kind("thing", "vehicle") == "vehicle"
    assert kinds.contact_kind("event", "incident") == "event"
    assert kinds.contact_kind("person", None) == "adult"
    places = [
        kinds.place_kind(code)
        for code in ("home", "school", "foster_home", "transport", "food_outlet", "online", "<b>")
    ]
    assert set(places) <= set(KINDS)


def test_a_legend_holds_what_the_picture_holds_and_fetches_nothing() -> None:
    said = kinds.legend_html(["child", "phone"], bases=["both"], protective=True)
    assert "child" in said
    assert "phone" in said
    assert "both stated and seen" in said
    assert "school" not in said
    assert "http" not in said


def test_colours_are_named_in_one_place() -> None:
    """One look: a colour anywhere else has a name from app/kinds.py; style sheets have their own words."""
    app = Path(__file__).resolve().parents[2] / "app"
    style = {app / "kinds.py", app / "frame.py", app / "documents" / "web.py"}
    strays = [
        f"{path.relative_to(app)}: {found}"
        for path in sorted(set(app.rglob("*.py")) - style)
        for found in re.findall(r"#[0-9a-fA-F]{6}\b", path.read_text(encoding="utf-8"))
    ]
    assert strays == []
