"""Open a case in a real browser in which every name tries to be more: no console error, no request to another host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser


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
