"""The stand-alone page: whole, safe to open, and asking nobody for anything."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
import pytest

from mapping.kinds import KINDS
from mapping.page import MOST_NODES, chart_positions, network_to_html

MARKUP = "<img src=x onerror=alert(1)>"
SCRIPT = "</script><script>alert(2)</script>"
FORMULA = '=HYPERLINK("x")'
AS_OF = date(2023, 3, 31)


def network() -> nx.Graph:
    """Return one of everything, with names that try to be more than names."""
    graph = nx.Graph()
    graph.add_node("C1", kind="child", label=MARKUP, given_name="never shown")
    graph.add_node("C2", kind="child", label=SCRIPT)
    graph.add_node("C3", kind="young_adult", label="Ada \u202egnp.exe")
    graph.add_node("A1", kind="adult_of_concern", label="x" * 10_000)
    graph.add_node("A2", kind="protective_adult", label=FORMULA)
    graph.add_node("__proto__", kind="phone")
    graph.add_edge(
        "C2",
        "C1",
        weight=1.5,
        items=6,
        sources=3,
        kinds="peer|event",
        nature="neutral",
        first_seen=date(2022, 1, 2),
        last_seen=pd.Timestamp("2023-03-01"),
        best_grade="1A",
    )
    graph.add_edge(
        "C1",
        "A1",
        items=1,
        sources=1,
        kinds="exploitation",
        nature="harmful",
        last_seen=date(2022, 1, 2),
        best_grade=None,
    )
    graph.add_edge(
        "A2",
        "C1",
        items=2,
        sources=0,
        kinds=["family"],
        nature="protective",
        last_seen=pd.NaT,
        best_grade=pd.NA,
    )
    graph.add_edge("C2", "C3", items=1, sources=1, kinds="presence", nature=MARKUP, best_grade=MARKUP)
    graph.add_edge("__proto__", "C3", kinds="thing")
    return graph


class Read(HTMLParser):
    """Read the cells of each table, every tag with its attributes, and the text of some."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.marked: list[str] = []
        self.cell = self.marking = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.marking = dict(attrs).get("class") == "marking"
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")
            self.cell = True

    def handle_endtag(self, tag: str) -> None:
        self.cell = self.cell and tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        if self.cell:
            self.tables[-1][-1][-1] += data
        elif self.marking:
            self.marked.append(data.strip())
            self.marking = False


def written(graph: nx.Graph, folder: Path, **options: Any) -> str:
    network_to_html(
        graph,
        folder / "n.html",
        **{"title": f"Peers {MARKUP}", "as_of": AS_OF, "note": f"Seen by {SCRIPT}", **options},
    )
    return (folder / "n.html").read_text(encoding="utf-8")


def test_the_tables_say_everything_the_picture_shows(tmp_path: Path) -> None:
    things, links = Read(written(network(), tmp_path)).tables
    long = "x" * 119 + "…"
    assert things == [
        ["Name or initials", "Kind", "Record id"],
        [MARKUP, "child", "C1"],
        [SCRIPT, "child", "C2"],
        ["Ada ⟨U+202E⟩gnp.exe", "young adult (18 to 25)", "C3"],
        [long, "adult of concern", "A1"],
        [FORMULA, "protective adult", "A2"],
        ["__proto__", "phone", "__proto__"],
    ]
    long = "x" * 59 + "…"
    assert links == [
        [
            "Between",
            "And",
            "How it is known",
            "Nature",
            "Records",
            "Sources",
            "First seen",
            "Last seen",
            "Best grade",
        ],
        [
            MARKUP,
            SCRIPT,
            "at the same event; peers",
            "neutral",
            "6",
            "3",
            "2 January 2022",
            "1 March 2023",
            "1A",
        ],
        [MARKUP, FORMULA, "family", "protective", "2", "0", "", "", ""],
        [SCRIPT, "Ada ⟨U+202E⟩gnp.exe", "seen at the same place", MARKUP, "1", "1", "", "", "<img src=…"],
        [
            "Ada ⟨U+202E⟩gnp.exe",
            "__proto__",
            "used the same phone, vehicle or account",
            "",
            "",
            "",
            "",
            "",
            "",
        ],
        [long, MARKUP, "harm by exploitation", "harmful", "1", "1", "", "2 January 2022", ""],
    ]


def test_the_page_is_marked_says_its_date_and_that_a_name_is_no_proof(tmp_path: Path) -> None:
    page = written(network(), tmp_path, marking="OFFICIAL")
    assert Read(page).marked == ["OFFICIAL", "OFFICIAL"]
    assert "As of 31 March 2023: 6 people, places and things, 5 links between them." in page
    assert "A name on a map is not proof. Seen by &lt;/script&gt;" in page
    assert "never shown" not in page
    assert Read(written(network(), tmp_path)).marked == ["OFFICIAL-SENSITIVE", "OFFICIAL-SENSITIVE"]


def test_the_legend_says_what_is_in_the_picture_and_nothing_else(tmp_path: Path) -> None:
    entries = re.findall(r"</svg><span>(.*?)</span></li>", written(network(), tmp_path))
    assert entries == [
        "child (2)",
        "young adult (18 to 25) (1)",
        "adult of concern (1)",
        "protective adult (1)",
        "phone (1)",
        "somebody stated the link",
        "at the same place or event, or used the same thing",
        "both stated and seen",
        "protective link",
        "harm by an adult of concern: the arrow points to the person harmed",
        "thicker: 1 record, 2 to 4 records, 5 or more",
        "faded: nothing new for 180 days",
    ]
    child = nx.Graph()
    child.add_node("C1", kind="child")
    assert re.findall(r"</svg><span>(.*?)</span></li>", written(child, tmp_path)) == ["child (1)"]


def test_the_page_names_no_address_and_forbids_every_request(tmp_path: Path) -> None:
    read = Read(written(network(), tmp_path))
    policies = [
        attributes.get("content")
        for tag, attributes in read.tags
        if tag == "meta" and "http-equiv" in attributes
    ]
    assert policies == [
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
    ]
    fetching = [
        (tag, name)
        for tag, attributes in read.tags
        for name in attributes
        if name in {"src", "href", "srcset", "action", "onerror"}
    ]
    assert fetching == []
    assert {tag for tag, _ in read.tags} & {"link", "iframe", "img", "object", "base", "form", "a"} == set()


def test_a_name_cannot_end_the_script(tmp_path: Path) -> None:
    page = written(network(), tmp_path)
    plain = nx.relabel_nodes(network(), {})
    nx.set_node_attributes(plain, "AQ", "label")
    tags = [tag for tag, _ in Read(page).tags]
    assert tags == [tag for tag, _ in Read(written(plain, tmp_path, title="Peers", note="")).tags]
    assert tags.count("script") == 2
    assert r"\u003c/script\u003e" in page
    assert "sourceMappingURL" not in page


def test_children_are_all_the_same_size_however_many_links_they_have(tmp_path: Path) -> None:
    page = written(network(), tmp_path)
    assert len(re.findall(r'"group": "child"', page)) == 2
    nodes = page[page.index("nodes: new vis.DataSet(") : page.index("edges: new vis.DataSet(")]
    assert '"size"' not in nodes
    assert '"value"' not in nodes


def test_same_input_same_bytes_whatever_the_order_and_the_network_is_left_alone(tmp_path: Path) -> None:
    graph = network()
    turned = nx.Graph()
    turned.add_nodes_from(reversed(list(graph.nodes(data=True))))
    turned.add_edges_from(
        (other, one, values) for one, other, values in reversed(list(graph.edges(data=True)))
    )
    before = nx.to_dict_of_dicts(graph)
    assert written(graph, tmp_path) == written(turned, tmp_path)
    assert nx.to_dict_of_dicts(graph) == before


def test_given_positions_are_kept_in_shape(tmp_path: Path) -> None:
    graph = nx.Graph()
    graph.add_nodes_from(["a", "b", "c", "d"], kind="child")
    page = written(graph, tmp_path, positions={"a": (0, 0), "b": (1, 0), "c": (0, 0.5), "d": (1, 1)})
    assert re.findall(r'"x": (\d+), "y": (\d+)', page) == [
        ("0", "0"),
        ("220", "0"),
        ("0", "110"),
        ("220", "220"),
    ]
    assert '"physics": {"enabled": false}' in page


def test_a_page_is_refused_with_every_fault_at_once(tmp_path: Path) -> None:
    graph = nx.empty_graph(MOST_NODES + 1)
    with pytest.raises(
        ValueError,
        match=(
            r"'SECRET' is not a marking for this tool: use OFFICIAL or OFFICIAL-SENSITIVE\. SECRET and above do not belong here\.\n"
            r"This network has 1,001 people, places and things; a stand-alone page stays usable up to 1,000\. "
            r"Choose one group or one child, or export GraphML\.\n"
            r"No such kind of node: None\. Give every node a kind of mapping\.kinds\.KINDS\.\n"
            r"1001 nodes have no position, 0 first\. Give all of them, or none\."
        ),
    ):
        network_to_html(graph, tmp_path / "n.html", title="All", marking="SECRET", positions={})
    assert not (tmp_path / "n.html").exists()


def test_symbols_do_not_cover_each_other_and_parts_stand_apart() -> None:
    graph = nx.disjoint_union_all(
        [nx.complete_graph(12), nx.star_graph(30), nx.path_graph(5), nx.empty_graph(8)]
    )
    placed = chart_positions(graph)
    assert set(placed) == set(graph)
    points = list(placed.values())
    assert (
        min(
            abs(complex(*one) - complex(*other))
            for place, one in enumerate(points)
            for other in points[:place]
        )
        >= 70
    )
    assert chart_positions(nx.Graph(reversed(list(graph.edges)))).keys() <= placed.keys()
    assert chart_positions(nx.Graph()) == {}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync = pytest.importorskip("playwright.sync_api", reason="the browser tests need Playwright")
    chromium = Path(os.environ.get("CONTEXTMAP_CHROMIUM", "/usr/bin/chromium"))
    if not chromium.exists():
        pytest.skip(f"{chromium} is not installed; name a Chromium in CONTEXTMAP_CHROMIUM")
    with sync.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.browser
def test_a_browser_opens_the_page_and_shows_hostile_names_as_text(browser: Any, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    written(network(), tmp_path)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    seen: list[str] = []
    page.on("console", lambda message: seen.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: seen.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (seen.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    address = (tmp_path / "n.html").as_uri()
    page.on(
        "request",
        lambda request: request.url == address or request.url.startswith("data:") or seen.append(request.url),
    )
    page.goto(address)
    page.wait_for_selector("html[data-drawn=yes]")
    tooltip = page.locator(".vis-tooltip")
    for number, words in {
        0: f"{MARKUP}\nchild",
        1: f"{SCRIPT}\nchild",
        2: "Ada ⟨U+202E⟩gnp.exe\nyoung adult (18 to 25)",
    }.items():
        spot = page.evaluate(f"network.canvasToDOM(network.getPosition({number}))")
        page.locator("#mynetwork canvas").hover(position=spot)
        expect(tooltip).to_have_text(words, use_inner_text=True)
        expect(tooltip).to_be_visible()
        assert set(tooltip.locator("*").evaluate_all("found => found.map(tag => tag.tagName)")) == {"BR"}
    middle = page.evaluate(
        "(([one, other]) => network.canvasToDOM({x: (one.x + other.x) / 2, y: (one.y + other.y) / 2}))([network.getPosition(1), network.getPosition(2)])"
    )
    page.locator("#mynetwork canvas").hover(position=middle)
    expect(tooltip).to_contain_text("seen at the same place")
    scale = page.evaluate("network.getScale()")
    page.get_by_role("button", name="Closer").press("Enter")
    assert page.evaluate("network.getScale()") == pytest.approx(1.3 * scale)
    page.get_by_role("button", name="Whole picture").press("Enter")
    assert page.title() == f"OFFICIAL-SENSITIVE: Peers {MARKUP}"
    assert page.locator("h1").inner_text() == f"Peers {MARKUP}"
    assert page.locator("img").count() == 0
    page.close()
    assert seen == []


@pytest.mark.browser
def test_a_browser_draws_every_kind_and_refuses_a_request_the_page_might_make(
    browser: Any, tmp_path: Path
) -> None:
    graph = nx.Graph()
    graph.add_nodes_from((name, {"kind": name}) for name in KINDS)
    graph.add_edges_from(pairwise(KINDS), kinds="peer|event", nature="protective")
    written(graph, tmp_path)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    seen: list[str] = []
    page.on("console", lambda message: seen.append(message.text))
    page.goto((tmp_path / "n.html").as_uri())
    page.wait_for_selector("html[data-drawn=yes]")
    assert seen == []
    page.evaluate("fetch('http://127.0.0.1:9/').catch(() => null)")
    page.close()
    assert len(seen) >= 1
    assert all("Content Security Policy" in text or "Content-Security-Policy" in text for text in seen)
