"""Switch between bands of grades in a real browser: whoever stays in a picture stays where they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.browser

# Every node of the chart on the page: where it is in the picture, and where on the screen.
NODES = """() => {
  const found = {};
  const look = (root) => root.querySelectorAll('*').forEach((element) => {
    if (element._cyreg && element._cyreg.cy) {
      const left = element.getBoundingClientRect();
      element._cyreg.cy.nodes().forEach((node) => {
        const at = node.position(), seen = node.renderedPosition();
        found[node.id()] = [at.x, at.y, left.x + seen.x, left.y + seen.y];
      });
    }
    if (element.shadowRoot) look(element.shadowRoot);
  });
  look(document);
  return found;
}"""


def nodes(page: Any) -> dict[str, list[float]]:
    """Return the nodes of the chart, once there is one, without the two that hold its frame."""
    page.page.wait_for_function(f"Object.keys(({NODES})()).length > 2")
    page.settled()
    return {name: at for name, at in page.page.evaluate(NODES).items() if not name.startswith("corner:")}


def switched(page: Any, band: str) -> dict[str, list[float]]:
    with page.answered():
        page.page.get_by_role("radio", name=band, exact=True).click()
    return nodes(page)


def test_nobody_moves_when_the_grades_are_switched(
    browse: Callable[[Path], Any],
    small_case: ModuleType,
    tmp_path: Path,
) -> None:
    page = browse(small_case.write_case(tmp_path / "case"))
    page.title("Today")
    page.open("Peer map")
    page.pick("Find a child", "C002")
    everyone = nodes(page)
    fewer = stays(everyone, switched(page, "A–B"))
    assert set(everyone) - set(fewer) == {"person:A1", "person:C011", "thing:T1"}
    # Drawn anew, too; a chart may be fitted before its border is there, which moves it by a few dots.
    page.open("Today")
    page.open("Peer map")
    stays(everyone, nodes(page), screen=10)
    assert set(stays(everyone, switched(page, "all"), screen=10)) == set(everyone)
    for name, box, text, bands in (
        ("Groups", "Group", "Group", ("A–B", "all")),
        ("Shared contacts", "Contact", "Quarry Field", ("A–B",)),
    ):
        page.open(name)
        page.pick(box, text)
        before = nodes(page)
        for band in bands:
            assert len(stays(before, switched(page, band))) >= 4, (name, band)


def stays(
    before: dict[str, list[float]], after: dict[str, list[float]], *, screen: float = 0.5
) -> dict[str, list[float]]:
    """Return those who were there before; nobody of them may have moved."""
    there = {name: at for name, at in after.items() if name in before}
    moved = {
        name: (before[name], at)
        for name, at in there.items()
        if not (near(before[name][:2], at[:2], 0.5) and near(before[name][2:], at[2:], screen))
    }
    assert moved == {}
    return there


def near(one: list[float], other: list[float], most: float) -> bool:
    return all(abs(a - b) < most for a, b in zip(one, other, strict=True))
