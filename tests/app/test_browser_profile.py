"""An analyst's problem profile in a real browser: ask, edit, keep, come back, and take the document away."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import docx
import pytest

pytestmark = pytest.mark.browser

MINE = "Harm has moved from the station to the park.\nThree shops have agreed to help."


def press(page: Any, name: str) -> None:
    page.page.get_by_role("button", name=name, exact=True).click()
    page.settled()


def show(page: Any, tab: str) -> None:
    page.page.get_by_role("tab", name=tab).click()
    page.settled()


def download(page: Any, name: str) -> bytes:
    with page.page.expect_download() as found:
        page.page.get_by_role("button", name=name, exact=True).click()
    return Path(found.value.path()).read_bytes()


def test_a_profile_from_the_question_to_the_document(browse: Any, demo: Path) -> None:
    page = browse(demo)
    page.open("Problem profile")
    page.reads("This is a preview of everything on record")
    page.page.get_by_label("Your name, kept with what you enter").fill("Analyst QV")
    page.page.keyboard.press("Tab")
    page.settled()
    page.page.get_by_label("Question", exact=True).fill("What happens in Aldrith?")
    page.pick("Area", "Aldrith")
    page.page.get_by_label("Owner", exact=True).fill("Analyst QV")
    press(page, "Begin this profile")
    page.reads("Kept: what is asked.", "in Aldrith (ward), ", "13 of 13 sections with generated text are still a draft.")  # fmt: skip

    show(page, "Words")
    page.page.get_by_role("textbox", name="Text of this section").fill(MINE)
    press(page, "Keep this section")
    page.reads("Kept: Summary.", "12 of 13 sections with generated text are still a draft.")
    show(page, "Sections")
    page.page.get_by_text("Grading key", exact=True).click()
    press(page, "Keep these sections")
    show(page, "Recommendations")
    page.page.get_by_label("What is to be done", exact=True).fill("Ask the park's owner about the lights")
    page.page.get_by_label("Who does it", exact=True).fill("Community safety")
    press(page, "Add this recommendation")
    page.reads("Ask the park's owner about the lights")

    # Another day: the page is opened anew, the document drawn up anew, and the words are still the analyst's.
    page.page.goto(f"http://{page.host}/")
    page.title("Today")
    page.open("Problem profile")
    page.pick("Problem profile", "What happens")
    page.reads("12 of 13 sections with generated text are still a draft.")
    inside = page.page.frame_locator("iframe")
    inside.get_by_text("Three shops have agreed to help.").wait_for()
    read = docx.Document(io.BytesIO(download(page, "Word")))
    said = [paragraph.text for paragraph in read.paragraphs]
    at = said.index("Summary")
    assert said[at + 1 : at + 3] == MINE.split("\n")
    assert read.paragraphs[0].text == "Problem profile: What happens in Aldrith?"
    heads = [paragraph.text for paragraph in read.paragraphs if paragraph.style.name == "Heading 1"]
    assert "Grading key" not in heads
    assert len(heads) == 16
    assert read.sections[0].header.paragraphs[0].text == "OFFICIAL-SENSITIVE"
    last = next(table for table in read.tables if table.cell(0, 0).text == "Aim")
    assert [cell.text for cell in last.rows[1].cells][:3] == ["Pursue", "Ask the park's owner about the lights", "Community safety"]  # fmt: skip
    assert download(page, "PDF").startswith(b"%PDF")


def test_the_pack_of_a_candidate_operation(browse: Any, demo: Path) -> None:
    page = browse(demo)
    page.open("Operations")
    page.pick("Candidate", "2.")
    read = docx.Document(io.BytesIO(download(page, "Word")))
    assert read.paragraphs[0].text == "Operation pack: candidate 2"
    assert len(read.inline_shapes) == 3
