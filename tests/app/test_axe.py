"""Open every page of the demo in a real browser, as somebody who cannot use a mouse, sees little or has it twice as large.

No console error, no request to another host (`browse` sees to both), and a group through to its evidence:
one walk for all of it, because to open every page is what takes long.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mapping.contexts import ContextCase
from mapping.entries import keep_entry
from mapping.meetings import begin_meeting
from mapping.store import open_store

pytestmark = pytest.mark.browser

# Everything that stands out to the right, tables aside: they scroll by themselves.
WIDER = """() => [...document.querySelectorAll("[data-testid='stMain'] *")].filter(element => {
  const box = element.getBoundingClientRect();
  return box.width > 0 && box.height > 0 && box.right > innerWidth + 2 && getComputedStyle(element).position !== 'absolute'
    && !element.closest("[data-testid='stDataFrame'], table, pre, [style*='overflow'], .cm-wide, svg, canvas")
    && ![...(function* () { for (let up = element.parentElement; up; up = up.parentElement) yield up; })()]
      .some(up => ['auto', 'scroll', 'hidden'].includes(getComputedStyle(up).overflowX) && up.dataset.testid !== 'stMain' && up.scrollWidth > up.clientWidth);
}).slice(0, 3).map(element => element.outerHTML.slice(0, 160))"""
SIDEWAYS = "Math.max(document.documentElement.scrollWidth, document.querySelector(\"[data-testid='stMain']\").scrollWidth) - innerWidth"
# Pictures that do not say in words what they show.
SILENT = """() => [
  ...[...document.querySelectorAll("[data-testid='stDeckGlJsonChart'], [data-testid='stVegaLiteChart']")].filter(each => !each.closest('[aria-label]') && !each.querySelector('[aria-label]')),
  ...[...document.querySelectorAll('iframe')].filter(each => !each.title),
  ...[...document.querySelectorAll("[data-testid='stMain'] img")].filter(each => !each.hasAttribute('alt')),
].map(each => each.outerHTML.slice(0, 160))"""
FOCUSED = """() => { const at = document.activeElement; return at ? (at.getAttribute('aria-label') || at.innerText || at.tagName).trim().slice(0, 60) : ''; }"""

MODERATE = ("heading-order", "landmark-unique")
"""Findings of less weight that no page has either: who listens to a page goes from heading to heading."""

# What stands on a page besides its title, and the pages that draw a map.
READS = {
    "Shared contacts": ("Where these children live",),
    "Wards": ("All wards together", "Band inside the border: deprivation decile"),
    "Operations": ("candidate",),
    "Duplicates": ("decides",),
    "Placements": (
        "What of each hotspot children placed by others explain",
        "Children placed here by other authorities",
    ),
    "Dashboard": ("referrals received", "Each month against the two years before"),
}
MAPS = ("Groups", "Wards", "Hotspots", "Placements", "Across boundaries")
CANVAS = "[data-testid='stDeckGlJsonChart'] canvas"


class Inspector:
    """Looks at what a browser shows, and keeps what is wrong with it."""

    def __init__(self, seen: Any, axe: Any) -> None:
        self.seen, self.axe = seen, axe
        self.faults: list[tuple[object, ...]] = []

    def look(self, name: str) -> None:
        page = self.seen.page
        for found in self.axe.run(page).response["violations"]:
            if found["impact"] in ("serious", "critical") or found["id"] in MODERATE:
                nodes = [node["html"][:200] for node in found["nodes"][:3]]
                self.faults.append((name, found["id"], nodes))
        self._note(name, "a picture without words", page.evaluate(SILENT))
        # 1280 dots at 200% are 640 wide and 450 high.
        for width, height in ((1280, 900), (640, 450)):
            page.set_viewport_size({"width": width, "height": height})
            # A chart is drawn anew for another width, which takes its time on a busy machine.
            for _ in range(40):
                self.seen.settled()
                if page.evaluate(SIDEWAYS) <= 2 and not page.evaluate(WIDER):
                    break
            self._note(name, f"sideways at {width}", max(0, page.evaluate(SIDEWAYS) - 2))
            self._note(name, f"cut off at {width}", page.evaluate(WIDER))
        page.set_viewport_size({"width": 1280, "height": 900})
        self.seen.settled()

    def _note(self, name: str, what: str, found: object) -> None:
        if found:
            self.faults.append((name, what, found))


@pytest.fixture
def begun(hub: Path) -> None:
    """In the store there is a meeting that is open and a context that has a case."""
    meeting = begin_meeting(
        as_of=date(2026, 3, 31),
        since=date(2026, 3, 24),
        chair="Jo",
        present=["Jo", "Al"],
        role="social_worker",
        grades="all",
    )
    context = ContextCase(
        "location",
        "L000001",
        "The park",
        "social_worker",
        "Adults give children alcohol here",
        "Al, police",
        date(2026, 3, 1),
        date(2026, 3, 29),
        weights={"neighbourhood": "most"},
        children=("P000198",),
    )
    with open_store(f"sqlite:///{hub}") as opened:
        keep_entry(opened, "meeting", meeting.to_dict(), by="Jo")
        keep_entry(opened, "context", context.to_dict(), by="Jo")


@pytest.mark.usefixtures("begun")
def test_every_page_can_be_used_by_everyone(
    browse: Callable[[Path], Any], browser_pages: list[str], demo: Path
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    seen = browse(demo)
    seen.title("Today")
    seen.reads("missing now")
    page = seen.page
    inspector = Inspector(seen, axe)
    inspector.look("Today")
    # The way to the next page by keyboard alone: Tab goes on and never stays.
    stops = []
    for _ in range(25):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(FOCUSED))
    assert len(set(stops)) > 15, stops
    page.get_by_role("button", name="Show me round").focus()
    page.keyboard.press("Enter")
    seen.reads("Tour, step 1 of 5")
    seen.settled()
    for name in browser_pages:
        seen.open(name, title="" if name == "Problem profile" else None)
        seen.reads(*READS.get(name, ()))
        if name in MAPS:
            page.locator(CANVAS).first.wait_for()
        inspector.look(name)
        if name in FURTHER:
            FURTHER[name](seen, inspector)
    assert inspector.faults == []


def a_link_of_a_group(seen: Any, inspector: Inspector) -> None:
    seen.pick("Group", "Group")
    seen.page.locator("[class*='st-key-pick_link_chart'] canvas, canvas[data-id^='layer']").first.wait_for()
    seen.reads("Links in Group")
    seen.choose_row("pick_link_table_group_links", 0)
    seen.reads("Back to the group", "Linked: ", "The same ")
    seen.page.locator(".cm-card", has_text=" row ").first.wait_for()
    inspector.look("Groups, a link of a group")


def a_child(seen: Any, inspector: Inspector) -> None:
    seen.pick("Find a child", "P000198")
    seen.title("Peer map of ")
    seen.reads("Everyone and everything linked to this child")
    inspector.look("Peer map, a child")


def a_context(seen: Any, inspector: Inspector) -> None:
    seen.choose_row("pick_context_table_contexts", 0)
    seen.reads("Back to opening a case")
    inspector.look("Contexts, a case")


def the_help_of_a_figure(seen: Any, _: Inspector) -> None:
    seen.page.get_by_role("button", name="What is this?").first.click()
    seen.page.get_by_text("What it cannot tell you.").first.wait_for()
    seen.page.keyboard.press("Escape")


def a_flow(seen: Any, _: Inspector) -> None:
    seen.pick("Flow", "authority E08999003 to")
    seen.page.locator(".cm-card", has_text="missing row ").first.wait_for()


# What is done on a page after it was looked at.
FURTHER = {
    "Daily meeting": lambda seen, _: seen.reads("1 of "),
    "Groups": a_link_of_a_group,
    "Peer map": a_child,
    "Contexts": a_context,
    "Dashboard": the_help_of_a_figure,
    "Across boundaries": a_flow,
}
