"""Use the pages on places in a real browser: when, where it lies thick, gaps by school, deprivation by measure."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

# The first cell of the row that has the focus.
WARD_OF_ROW = (
    "document.activeElement.parentElement.querySelector('td[data-testid^=\"glide-cell-1-\"]').innerText"
)


def test_places_answer_when_the_question_changes(browse: Callable[[Path], Any], demo: Path) -> None:
    page = browse(demo)
    page.title("Today")
    page.open("Hotspots")
    page.reads("Choose a row by its box, or with the arrow keys and then Shift and Space.")
    # The way from the map to a ward without a mouse: Tab to the table, arrow to a row, choose it.
    page.page.get_by_role("button", name="CSV, 32 rows").focus()
    for _ in range(8):
        page.page.keyboard.press("Tab")
        page.page.wait_for_timeout(300)
        if page.page.evaluate("document.activeElement.tagName") == "TD":
            break
    chosen = []
    for _ in range(2):
        page.page.keyboard.press("ArrowDown")
        page.page.wait_for_timeout(400)
        chosen.append(page.page.evaluate(WARD_OF_ROW))
        page.page.keyboard.press("Shift+Space")
        page.page.locator("h2", has_text=re.compile(f"^{chosen[-1]}$")).wait_for()
        page.settled()
    assert len(set(chosen)) == 2
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
