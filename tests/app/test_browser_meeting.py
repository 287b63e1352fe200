"""The daily meeting as its chair runs it: begin, step with the keys, decide, ask for an action, close, take the minutes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import docx
import pytest

pytestmark = pytest.mark.browser


def test_a_meeting_from_its_beginning_to_its_minutes(browse: Any, demo: Path) -> None:
    seen = browse(demo)
    page = seen.page
    seen.open("Daily meeting")
    for box, text in (
        ("Your name, kept", "Jo, chair"),
        ("Chair", "Jo"),
        ("Who is present", "Jo, social work\nAl, police"),
    ):
        page.get_by_label(box, exact=box == "Chair").fill(text)
        page.keyboard.press("Tab")
        seen.settled()
    page.get_by_role("button", name="Begin the meeting").click()
    page.get_by_text("1 of 55").wait_for()
    seen.settled()
    first = page.locator("h2.cm-item").inner_text()

    # The arrow keys do nothing until they are switched on, and nothing to who types.
    page.locator("h2.cm-item").click()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(800)
    assert page.locator("h2.cm-item").inner_text() == first
    # With the keyboard alone: the switch takes no arrow keys for itself.
    page.get_by_role("button", name="Arrow keys step: off").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Arrow keys step: on").wait_for()
    seen.settled()
    page.keyboard.press("ArrowRight")
    page.get_by_text("2 of 55").wait_for()
    seen.settled()
    second = page.locator("h2.cm-item").inner_text()
    page.get_by_label("Why, or what exactly").fill("seen twice this week")
    page.get_by_label("Why, or what exactly").press("ArrowLeft")
    page.wait_for_timeout(800)
    assert page.locator("h2.cm-item").inner_text() == second

    page.get_by_role("radio", name="Strategy meeting").click()
    page.get_by_label("Action", exact=True).fill("Visit the home")
    page.get_by_role("button", name="Record and go on").click()
    page.get_by_text("The action was not kept: say who does it.").wait_for()
    assert page.get_by_label("Action", exact=True).input_value() == "Visit the home"
    page.get_by_label("Who does it").fill("Al, police")
    page.get_by_role("button", name="Record and go on").click()
    page.get_by_text("3 of 55").wait_for()
    seen.settled()
    page.get_by_role("button", name="New referrals: 7").click()
    seen.settled()
    assert "referred on" in page.locator("h2.cm-item").inner_text()
    page.get_by_text("Close the meeting").click()
    page.get_by_role("button", name="Close it and write the minutes").click()
    page.get_by_text("The meeting is closed. Its minutes are here.").wait_for()
    seen.settled()
    # One straight after the other.
    taken = {}
    for name in ("Word", "PDF", "Word", "Web page", "PDF"):
        with page.expect_download() as asked:
            page.get_by_role("button", name=name, exact=True).click()
        taken[name] = Path(asked.value.path()).read_bytes()
    assert (taken["PDF"][:5], b"Minutes of the daily risk meeting" in taken["Web page"]) == (b"%PDF-", True)
    minutes = docx.Document(io.BytesIO(taken["Word"]))
    tables = [[[cell.text for cell in row.cells] for row in table.rows] for table in minutes.tables]
    assert tables[0][1][:2] == ["Jo", "Jo, social work; Al, police"]
    assert tables[1:] == [
        [["About", "Decision", "Why"], [second, "Strategy meeting", "seen twice this week"]],
        [
            ["What", "Who", "By", "About", "State"],
            ["Visit the home", "Al, police", "7 April 2026", second, "open"],
        ],
    ]
    # The next meeting starts from there: nothing new, and what is still so.
    answer = page.locator("p.cm-answer").inner_text()
    assert answer == (
        "The last meeting looked at 31 March 2026; 38 things on the agenda, compared with 31 March 2026: "
        "6 missing now and 32 return interviews due."
    )
