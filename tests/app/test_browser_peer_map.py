"""A social worker's journey: find a child, open evidence, add a link, mark a place, move, save, come back, leave with a page."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import docx
import pytest

pytestmark = pytest.mark.browser


CHILD = "P000198"
# Where the chart's nodes are, on screen and on the chart.
NODES = """() => {
  const found = [...document.querySelectorAll('div')].find(element => element._cyreg);
  found.scrollIntoView({block: 'center'});
  const box = found.getBoundingClientRect();
  return Object.fromEntries(found._cyreg.cy.nodes().map(node => [node.id(), {
    left: box.x + node.renderedPosition().x, top: box.y + node.renderedPosition().y,
    x: node.position().x, y: node.position().y, mark: node.data('mark') || '', name: node.data('name')}]));
}"""


def nodes(page: Any) -> dict[str, Any]:
    page.locator("canvas[data-id^='layer']").first.wait_for()
    return page.evaluate(NODES)


def drag(seen: Any, node: str, right: int, down: int) -> None:
    now = nodes(seen.page)[node]
    seen.page.mouse.move(now["left"], now["top"])
    seen.page.mouse.down()
    seen.page.mouse.move(now["left"] + right / 2, now["top"] + down / 2, steps=4)
    seen.page.mouse.move(now["left"] + right, now["top"] + down, steps=4)
    with seen.answered():
        seen.page.mouse.up()


def stands(seen: Any, node: str, place: dict[str, Any]) -> None:
    """Wait until a node is where it should be."""
    seen.page.wait_for_function(
        f"([node, x, y]) => {{ const now = ({NODES})()[node]; return Math.abs(now.x - x) < 2 && Math.abs(now.y - y) < 2; }}",
        arg=[node, place["x"], place["y"]],
    )
    seen.settled()


def status(seen: Any) -> Any:
    return seen.page.locator("p.cm-line[role=status]")


def open_map(seen: Any) -> None:
    seen.open("Peer map")
    seen.pick("Find a child", CHILD)
    seen.title("Peer map of ")


def taken(page: Any, name: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    return Path(download.value.path()).read_bytes()


def test_a_peer_map_from_finding_the_child_to_the_page_that_is_taken_away(
    browse: Any, demo: Path, hub: Path
) -> None:
    seen = browse(demo)
    page = seen.page
    open_map(seen)
    page.get_by_label("Your name, kept").fill("Jo Reed")
    page.keyboard.press("Tab")
    seen.settled()

    # What is typed whole means who is in the case, though the box offers to add it as new; the name is left as it was.
    seen.pick("Who or what?", "P003344")
    page.get_by_role("combobox", name="How do they know each other?").click()
    page.get_by_role("option", name="Family").wait_for()
    assert page.get_by_role("option", name="Uses this phone").count() == 0
    page.keyboard.press("Escape")

    # The chart's own downloads, without marking and log, are not offered.
    page.get_by_role("button", name="Restore toolbar").click()
    page.locator("summary[title='Selection']").wait_for()
    assert not page.locator("summary[title='Export']").is_visible()

    # A row of the table opens to what the link rests on.
    seen.choose_row("pick_link_table_peer_map", 0)
    page.locator(".cm-card", has_text=" row ").first.wait_for()
    page.get_by_role("button", name="Back to the child").click()
    seen.settled()

    # Three boxes add somebody; words that blame get a hint and are kept.
    seen.pick("Who or what?", "Una Vane")
    seen.pick("How do they know each other?", "keeps them safe")
    page.get_by_label("How do you know?").fill("Her aunt told me; a neighbour says she is promiscuous")
    page.keyboard.press("Tab")
    page.get_by_text("You wrote").wait_for()
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("Added by hand, just now.").wait_for()
    seen.settled()
    added = next(node for node in nodes(page) if node.startswith("person:ENTERED-"))

    # A place is marked by the young person's word.
    place = next(node for node in nodes(page) if node.startswith("location:"))
    now = nodes(page)[place]
    page.mouse.click(now["left"], now["top"])
    page.get_by_text("By the young person's word, ").first.wait_for()
    seen.settled()
    page.get_by_role("radio", name="not safe").first.click()
    page.get_by_text("Not saved yet.").wait_for()
    seen.settled()

    # What is moved stays, can be taken back and made again.
    before = nodes(page)[added]
    drag(seen, added, 60, 45)
    moved = nodes(page)[added]
    assert (moved["x"], moved["y"]) != (before["x"], before["y"])
    page.get_by_role("button", name="Undo").click()
    stands(seen, added, before)
    page.get_by_role("button", name="Redo").click()
    stands(seen, added, moved)

    # Saved for a purpose; from then on every change is kept.
    page.get_by_text("Save this map:").click()
    page.get_by_text("With the young person: to know who").click()
    page.get_by_role("button", name="Save the map").click()
    page.get_by_text("every change is kept").wait_for()
    seen.settled()
    drag(seen, place, 25, 30)
    last = nodes(page)

    # The page, the picture and the page that opens anywhere.
    document = docx.Document(io.BytesIO(taken(page, "One page, Word")))
    said = "\n".join(paragraph.text for paragraph in document.paragraphs)
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    assert "With the young person: to know who matters for their safety. Owner: Jo Reed." in said
    assert any("UV (ENTERED-" in cell and "(protective)" in cell for cell in cells)
    assert cells[cells.index("Not safe") + 1] in last[place]["name"]
    assert len(document.inline_shapes) == 1
    svg = ElementTree.fromstring(taken(page, "Picture, SVG"))
    texts = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert "✕ not safe" in texts
    assert len([text for text in texts if text and text.startswith("UV (ENTERED-")]) == 1
    assert taken(page, "One page, PDF").startswith(b"%PDF")
    html = taken(page, "page to send on")
    assert b"UV (ENTERED-" in html
    assert b"//cdn" not in html

    # Tomorrow, in another browser: the map is there, everything where it was put.
    page.goto(page.url.rsplit("/", 1)[0])
    seen.title("Today")
    open_map(seen)
    status(seen).get_by_text("Saved map.").wait_for()
    again = nodes(page)
    assert again[place]["mark"] == "unsafe"
    assert set(last) == set(again)
    apart = [
        abs(again[node]["x"] - last[node]["x"]) + abs(again[node]["y"] - last[node]["y"])
        for node in last
        if not node.startswith("corner")
    ]
    assert max(apart) < 2

    # Somebody else saves at the same time: it is said, and neither change is lost.
    with sqlite3.connect(hub) as database:
        database.execute(
            'INSERT INTO entries (kind, entry_id, turn, content, "by", at, why, removed) '
            "SELECT kind, entry_id, turn + 1, json_set(content, '$.notes', 'Theirs'), 'Sam Lee', at, 'notes', removed "
            "FROM entries WHERE kind = 'peer_map' ORDER BY turn DESC LIMIT 1"
        )
    page.get_by_label("Your name, kept").fill("Jo Reed")
    page.keyboard.press("Tab")
    seen.settled()
    status(seen).get_by_text("every change is kept").wait_for()
    with sqlite3.connect(hub) as database:
        database.execute(
            'INSERT INTO entries (kind, entry_id, turn, content, "by", at, why, removed) '
            "SELECT kind, entry_id, turn + 1, json_set(content, '$.notes', 'Theirs again'), 'Sam Lee', at, 'notes', removed "
            "FROM entries WHERE kind = 'peer_map' ORDER BY turn DESC LIMIT 1"
        )
    drag(seen, place, -20, -10)
    page.get_by_text("Somebody else saved this map while you worked on it.").wait_for()
    page.get_by_text("Sam Lee saved it at").wait_for()
    page.get_by_role("button", name="Put my change on top of theirs").click()
    status(seen).get_by_text("every change is kept").wait_for()
    with sqlite3.connect(hub) as database:
        notes, x = database.execute(
            "SELECT json_extract(content, '$.notes'), json_extract(content, ?) FROM entries "
            "WHERE kind = 'peer_map' ORDER BY turn DESC LIMIT 1",
            (f'$.positions."{place}"[0]',),
        ).fetchone()
    assert notes == "Theirs again"
    assert abs(x - again[place]["x"]) > 2
