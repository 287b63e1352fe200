"""Use the pages on places in a real browser: when, where it lies thick, gaps by school, deprivation by measure."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser


def test_places_answer_when_the_question_changes(browse: Callable[[Path], Any], demo: Path) -> None:
    page = browse(demo)
    page.title("Today")
    page.open("Hotspots")
    page.page.get_by_text("Where they lie thick").click()
    page.settled()
    page.reads("Dense places: ", "to the square kilometre")
    page.open("When")
    page.pick("What", "Incidents")
    page.reads("Incidents: hours of the week", "Hours of the week, the busiest first")
    page.open("Gaps")
    page.page.get_by_text(re.compile(r"^School \(")).first.click()
    page.settled()
    page.reads("School: children referred for each child expected")
    with page.page.expect_download() as given:
        page.page.get_by_role("button", name="Every comparison as CSV").click()
    assert ",c," in Path(given.value.path()).read_text(encoding="utf-8")
    page.open("Deprivation")
    page.pick("Measure", "Incidents")
    page.reads("Incidents belong to places")
