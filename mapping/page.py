"""Write a network as one HTML page that anybody can open and that asks no host for anything."""

from __future__ import annotations

from datetime import date
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import quote

import networkx as nx
import pyvis
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from pyvis.network import Network as Picture

from mapping.kinds import HARM_COLOUR, KINDS, PROTECTIVE_COLOUR, SHIELD, Kind, kind_svg
from mapping.layout import Positions, chart_positions, spread
from mapping.markings import MARKING, marking_fault
from mapping.symbols import (
    Entry,
    Link,
    Node,
    counted,
    date_words,
    legend,
    link_colour,
    link_words,
    links_of,
    nodes_of,
)
from mapping.text import one_line, shortened

MOST_NODES = 1_000
"""Nodes above which a stand-alone page is refused.

Loaded in headless Chromium with software rendering on two cores: 50 nodes in
0.6 s, 400 in 0.9 s, 1,000 in 1.1 s, 2,000 in 2.2 s, and then each movement
drawn in 0.02 to 0.05 s. What gives out first is the eye: above about 150 nodes
names can be read only closer up, and one connected part of 2,000 takes 6 s to
lay out.
"""

LABEL_LENGTH = 24


def network_to_html(
    graph: nx.Graph[Any],
    path: str | PathLike[str],
    *,
    title: str,
    marking: str = MARKING,
    note: str = "",
    as_of: date | None = None,
    half_life: float | None = 180,
    positions: Positions | None = None,
    most_nodes: int = MOST_NODES,
) -> None:
    """Write a network as one HTML page that needs nothing else and asks no host for anything.

    The page has the picture (vis-network, through pyvis), what its shapes and
    lines mean, and the same nodes and links as two tables. Text from the case
    is shown as text. All children are drawn the same size. The same input
    gives the same bytes.

    Parameters
    ----------
    graph
        nodes have `kind` (of mapping.kinds.KINDS) and may have `label`; edges
        may have `items`, `sources` (counts), `kinds` ("peer|event", or a list),
        `nature`, `first_seen`, `last_seen`, `best_grade`, and `basis` (stated,
        seen or both; worked out from `kinds` where absent).
    marking
        OFFICIAL or OFFICIAL-SENSITIVE, shown at the top and at the bottom.
    note
        what the reader must know, after "A name on a map is not proof."
    as_of
        what the hub knew by this date; links whose newest item is more than
        `half_life` days older are drawn faded.
    positions
        node to (x, y), y downwards, any scale; worked out where not given.
    most_nodes
        above this many nodes the page is refused.

    Raises
    ------
    ValueError
        Too many nodes, a marking that may not be used, a node of unknown kind
        or without a position.
    """
    _validate(graph, marking, positions, most_nodes)
    nodes = nodes_of(graph)
    links = links_of(graph, nodes, as_of=as_of, half_life=half_life)
    placed = chart_positions(graph) if positions is None else spread(positions, graph)
    page = _page(
        _picture(nodes, links, placed, title),
        nodes,
        links,
        marking=marking,
        note=note,
        as_of=as_of,
        half_life=half_life,
    )
    Path(path).write_bytes(page.encode())


def _validate(graph: nx.Graph[Any], marking: str, positions: Positions | None, most_nodes: int) -> None:
    faults = []
    if fault := marking_fault(marking):
        faults.append(fault)
    if len(graph) > most_nodes:
        faults.append(
            f"This network has {len(graph):,} people, places and things; a stand-alone page stays usable up to {most_nodes:,}. "
            "Choose one group or one child, or export GraphML."
        )
    unknown = sorted(
        {str(kind) for kind in (graph.nodes[node].get("kind") for node in graph) if kind not in KINDS}
    )
    if unknown:
        faults.append(
            f"No such kind of node: {', '.join(unknown[:5])}. Give every node a kind of mapping.kinds.KINDS."
        )
    lost = [str(node) for node in graph if positions is not None and node not in positions]
    if lost:
        faults.append(f"{len(lost)} nodes have no position, {min(lost)} first. Give all of them, or none.")
    if faults:
        raise ValueError("\n".join(faults))


def _data_address(svg: str) -> str:
    return f"data:image/svg+xml,{quote(svg)}"


def _picture(nodes: list[Node], links: list[Link], placed: Positions, title: str) -> Picture:
    """Return the pyvis picture; its ids are numbers, so that no id from a case is one of the script's own names."""
    picture = Picture(
        height="640px", width="100%", directed=True, heading=one_line(title), cdn_resources="in_line"
    )
    picture.options = _options({node.kind for node in nodes})
    for number, node in enumerate(nodes):
        x, y = placed[node.key]
        words = f"{node.name}\n{node.kind.label}"
        picture.add_node(
            number,
            shortened(node.name, LABEL_LENGTH),
            shape="image",
            group=node.kind.name,
            title=words,
            x=x,
            y=y,
        )
    for link in links:
        picture.add_edge(link.one, link.other, **_line(link))
    return picture


def _options(kinds: set[Kind]) -> dict[str, Any]:
    groups = {
        kind.name: {
            "shape": "image",
            "image": _data_address(kind_svg(kind)),
            "size": 14 if kind.shape == "triangle" else 20,
        }
        for kind in sorted(kinds, key=lambda kind: kind.name)
    }
    font = {
        "size": 15,
        "color": "#1f2933",
        "face": "system-ui, Segoe UI, Arial, sans-serif",
        "strokeWidth": 4,
        "strokeColor": "#ffffff",
    }
    return {
        "groups": {"useDefaultGroups": False, **groups},
        "nodes": {"font": font},
        "edges": {"smooth": False, "hoverWidth": 1, "selectionWidth": 1},
        "interaction": {
            "hover": True,
            "tooltipDelay": 100,
            "keyboard": {"enabled": True, "bindToWindow": False},
        },
        "layout": {"improvedLayout": False, "randomSeed": 1},
        "physics": {"enabled": False},
    }


def _line(link: Link) -> dict[str, Any]:
    """Return how vis-network draws a link: see https://visjs.github.io/vis-network/docs/network/edges.html."""
    colour = link_colour(link)
    opacity = 0.35 if link.faded else 1.0
    width = (2, 4, 7)[link.step - 1]
    line: dict[str, Any] = {
        "width": width,
        "arrows": "",
        "dashes": [8, 6] if link.basis == "seen" else False,
        "title": link_words(link),
    }
    line["color"] = {"color": colour, "hover": colour, "highlight": colour, "opacity": opacity}
    if link.basis == "both":
        # There is no double line: a white line on a wider coloured one makes two. Only a curve
        # may have a line behind it, so this one is a curve that does not bend.
        pale = {"color": "#ffffff", "hover": "#ffffff", "highlight": "#ffffff", "opacity": 1}
        line |= {
            "color": pale,
            "background": {"enabled": True, "color": _faint(colour, opacity), "size": width + 4},
            "smooth": {"enabled": True, "type": "curvedCW", "roundness": 0},
        }
    if link.harm:
        # A picture, since an arrowhead of the library takes the colour of the line: white where it is double.
        line["arrows"] = {
            "to": {
                "enabled": True,
                "type": "image",
                "src": _data_address(_arrow_svg()),
                "imageWidth": 18,
                "imageHeight": 18,
            }
        }
    line["shield"] = link.nature == "protective"
    return line


def _faint(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def _shield_svg() -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="48" height="48" viewBox="-2 -1 28 26">'
        f'<path fill="{PROTECTIVE_COLOUR}" fill-rule="evenodd" stroke="#ffffff" stroke-width="1.2" d="{SHIELD}"/></svg>'
    )


def _arrow_svg() -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="48" height="48" viewBox="0 0 24 24">'
        f'<path fill="{HARM_COLOUR}" d="M12 0l9 22h-18z"/></svg>'
    )


def _page(
    picture: Picture,
    nodes: list[Node],
    links: list[Link],
    *,
    marking: str,
    note: str,
    as_of: date | None,
    half_life: float | None,
) -> str:
    """Return the page: our own template with pyvis's data, since pyvis's template asks a host for its styles."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True
    )
    environment.globals.update(
        marking=marking,
        note=shortened(one_line(note), 1_000),
        answer=_answer(len(nodes), len(links), as_of),
        legend=[(_drawn(entry), entry.words) for entry in legend(nodes, links, half_life)],
        node_rows=[
            {"name": node.name, "kind": node.kind.label, "id": shortened(one_line(node.key))}
            for node in nodes
        ],
        link_rows=[link.row for link in links],
        drawing_library=_drawing_library(),
        shield=_data_address(_shield_svg()),
    )
    picture.heading = shortened(picture.heading, 200)
    picture.templateEnv, picture.path = environment, "page.html"
    return str(picture.generate_html())


def _drawing_library() -> Markup:
    """Return the vis-network script that pyvis brings, without the line that sends a debugger looking for its source."""
    folder = Path(pyvis.__file__).parent / "templates" / "lib" / "vis-9.1.2"
    text = (folder / "vis-network.min.js").read_text(encoding="utf-8")
    return Markup(text.split("//# sourceMappingURL")[0])


def _answer(nodes: int, links: int, as_of: date | None) -> str:
    when = f"As of {date_words(as_of)}: " if as_of else ""
    if not nodes:
        return f"{when}there is nobody and nothing to show."
    who = "one person, place or thing" if nodes == 1 else f"{nodes:,} people, places and things"
    return f"{when}{who}, {counted(f'{links:,}', 'link')} between them."


def _drawn(entry: Entry) -> Markup:
    return _stroke(entry.drawn) if entry.kind is None else _inline(kind_svg(entry.kind), 26)


def _stroke(drawn: str) -> Markup:
    return Markup(f'<svg aria-hidden="true" width="46" height="18" viewBox="0 0 46 18">{drawn}</svg>')


def _inline(svg: str, size: int) -> Markup:
    return Markup(
        svg.replace('width="48" height="48"', f'aria-hidden="true" width="{size}" height="{size}"', 1)
    )
