"""A planner's week in a real browser: choose, plan, change by hand, see the cost, save, and take the pack away."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
from icalendar import Calendar

pytestmark = pytest.mark.browser


def reached(page: Any) -> int:
    """How many records the plan reaches, from the sentence at the top."""
    return int(
        re.search(r"visits? reach(?:es)? ([\d,]+) of", page.page.locator(".cm-answer").inner_text())[
            1
        ].replace(",", "")
    )  # type: ignore[index]


def press(page: Any, name: str) -> None:
    page.page.get_by_role("button", name=name, exact=True).click()
    page.settled()


def test_a_week_from_choices_to_the_pack_and_what_it_came_to(browse: Any, demo: Path) -> None:
    page = browse(demo)
    page.open("Week of action")
    best = reached(page)
    # Two days with two teams, well before the end of the records, so that there is an afterwards.
    page.page.get_by_role("spinbutton", name="day, First day").focus()
    page.page.keyboard.type("08122025")
    page.page.keyboard.press("Tab")
    for box, number in (("Days", "2"), ("Teams at once", "2")):
        page.page.get_by_label(box, exact=True).fill(number)
        page.page.keyboard.press("Tab")
    press(page, "Make the plan")
    page.reads("Monday 8 December 2025")
    page.settled()
    chosen = reached(page)
    assert 0 < chosen < best
    # Take the first visit out, see the cost, take that back, and swap it instead.
    page.pick("Visit", "1: Monday")
    page.page.get_by_role("radio", name="Take it out").click()
    page.settled()
    page.reads("fewer than now")
    page.page.locator(".st-key-week_change button").click()
    page.settled()
    page.reads("Took out", "fewer than the best plan found")
    assert reached(page) < chosen
    press(page, "Undo")
    assert reached(page) == chosen
    page.pick("Visit", "1: Monday")
    page.page.locator(".st-key-week_change button").click()
    page.settled()
    page.reads("Swapped")
    page.page.get_by_label("Name of this week").fill("December evenings")
    page.page.get_by_label("Your name, kept with what you enter").fill("Planner A")
    page.page.keyboard.press("Tab")
    page.settled()
    press(page, "Save the plan")
    page.reads("Saved as “December evenings”, turn 1.")

    page.page.get_by_role("radio", name="Pack", exact=True).click()
    page.settled()
    with page.page.expect_download() as download:
        page.page.locator(".st-key-download_week_pack button").click()
    held = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    rows = list(csv.DictReader(io.StringIO(held.read("visits.csv").decode("utf-8-sig"))))
    calendar = Calendar.from_ical(held.read("visits.ics"))
    document = docx.Document(io.BytesIO(held.read("day_sheets.docx")))
    assert len(rows) == 8
    assert {row["date"] for row in rows} == {"2025-12-08", "2025-12-09"}
    assert sorted(str(event["uid"]).rsplit("-", 1)[0] for event in calendar.walk("vevent")) == sorted(
        row["visit_id"] for row in rows
    )
    headings = [each.text for each in document.paragraphs if each.style.name.startswith("Heading")]
    assert {"The week at a glance", "Briefing for all teams", "Monday 8 December 2025: team 1"} <= {*headings}
    assert all(any(row["place"] in each for each in headings) for row in rows)
    assert held.read("day_sheets.pdf").startswith(b"%PDF")

    page.page.get_by_role("radio", name="Results", exact=True).click()
    page.settled()
    page.pick("Visit", "Mon 14:00")
    page.page.get_by_label("Young people", exact=True).fill("6")
    page.page.get_by_label("What was found (or why the visit was not made)").fill("Lights out by the gate.")
    press(page, "Keep the result")
    page.reads("1 of 8 visits has a result; 1 made, 6 people spoken to")

    page.page.get_by_role("radio", name="Did it work?", exact=True).click()
    page.settled()
    page.reads("95% interval", "picked at", "Places left alone that the visited ones are compared with")
