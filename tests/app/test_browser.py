"""Open every page in a real browser: no console error, no request to another host, a group through to its evidence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser


def test_every_page_of_the_demo_and_a_group_through_to_the_evidence_of_a_link(
    browse: Callable[[Path], Any],
    demo: Path,
) -> None:
    page = browse(demo)
    page.title("Today")
    page.reads("missing now")
    page.open("Groups")
    page.page.locator("[data-testid='stDeckGlJsonChart'] canvas").first.wait_for()
    page.pick("Group", "Group")
    page.page.locator("[class*='st-key-pick_link_chart'] canvas, canvas[data-id^='layer']").first.wait_for()
    page.reads("Links in Group")
    page.choose_row("pick_link_table_group_links", 0)
    page.reads("Back to the group", "Linked: ", "The same ")
    page.page.locator(".cm-card", has_text=" row ").first.wait_for()
    page.open("Shared contacts")
    page.reads("Where these children live")
    page.open("Peer map")
    page.pick("Find a child", "P0000")
    page.title("Peer map of ")
    page.reads("Everyone and everything linked to this child")
    page.open("Wards")
    page.page.locator("[data-testid='stDeckGlJsonChart'] canvas").first.wait_for()
    page.reads("All wards together", "Band inside the border: deprivation decile")
    page.open("Operations")
    page.reads("candidate")
    page.open("Connect")
    page.open("Duplicates")
    page.reads("decides")
    page.open("Hotspots")
    page.page.locator("[data-testid='stDeckGlJsonChart'] canvas").first.wait_for()
    page.open("Placements")
    page.page.locator("[data-testid='stDeckGlJsonChart'] canvas").first.wait_for()
    page.reads(
        "What of each hotspot children placed by others explain", "Children placed here by other authorities"
    )
    page.open("Gaps")
    page.open("Deprivation")
    page.open("Dashboard")
    page.reads("referrals received", "Each month against the two years before")
    page.page.get_by_role("button", name="What is this?").first.click()
    page.page.get_by_text("What it cannot tell you.").first.wait_for()
    page.page.keyboard.press("Escape")
    page.open("Week of action")
    page.open("Across boundaries")
    page.page.locator("[data-testid='stDeckGlJsonChart'] canvas").first.wait_for()
    page.pick("Flow", "authority E08999003 to")
    page.page.locator(".cm-card", has_text="missing row ").first.wait_for()


@pytest.mark.parametrize("kinds", [["markup", "markdown", "direction"], ["long"]])
def test_hostile_names_do_nothing_in_a_browser(
    browse: Callable[[Path], Any],
    small_case: object,
    tmp_path: Path,
    hostile: dict[str, str],
    kinds: list[str],
) -> None:
    case = small_case.write_case(tmp_path / "case", name=" ".join(hostile[kind] for kind in kinds))  # type: ignore[attr-defined]
    page = browse(case)
    page.title("Today")
    page.page.get_by_role("button", name="Initials").click()
    page.page.get_by_label("Why do you need full names?").fill("to see what names do")
    page.page.keyboard.press("Enter")
    page.page.get_by_role("button", name="Show full names").click()
    page.settled()
    page.page.keyboard.press("Escape")
    for name in ("Groups", "Shared contacts", "Wards", "Peer map"):
        page.open(name)
        if name == "Groups":
            page.pick("Group", "Group")
            page.reads("Links in Group")
            page.choose_row("pick_link_table_group_links", 0)
            page.reads("Linked: ")
        if name == "Wards":
            canvas = page.page.locator("[data-testid='stDeckGlJsonChart']").first.bounding_box()
            assert canvas is not None
            page.page.mouse.move(
                canvas["x"] + canvas["width"] / 2 - 40, canvas["y"] + canvas["height"] / 2 - 40
            )
            page.page.wait_for_timeout(400)
        assert page.page.locator("img[src='x']").count() == 0
        assert page.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 2")
    page.pick("Find a child", "C001")
    page.title("Peer map of ")
    assert page.page.locator("img[src='x']").count() == 0
