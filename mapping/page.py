"""Write a network as one HTML page that anybody can open and that asks no host for anything."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from os import PathLike
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import igraph as ig
import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyvis
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from pyvis.network import Network as Picture

from mapping.codes import load_codes
from mapping.kinds import HARM_COLOUR, KINDS, LINK_COLOUR, PROTECTIVE_COLOUR, SHIELD, Kind, kind_svg
from mapping.text import one_line, shortened

Points = npt.NDArray[np.float64]
Positions = Mapping[Hashable, tuple[float, float]]
Basis = Literal["stated", "seen", "both"]

MARKINGS = ("OFFICIAL", "OFFICIAL-SENSITIVE")
MOST_NODES = 1_000
"""Nodes above which a stand-alone page is refused.

Loaded in headless Chromium with software rendering on two cores: 50 nodes in
0.6 s, 400 in 0.9 s, 1,000 in 1.1 s, 2,000 in 2.2 s, and then each movement
drawn in 0.02 to 0.05 s. What gives out first is the eye: above about 150 nodes
names can be read only closer up, and one connected part of 2,000 takes 6 s to
lay out.
"""

LABEL_LENGTH = 24
_GAP = 110
"""Pixels between linked nodes where nothing pulls them closer or further."""
_ROOM = 1.3 * _GAP
_OCCASIONS = {
    "event": "at the same event",
    "presence": "seen at the same place",
    "thing": "used the same phone, vehicle or account",
    "missing": "found at the same place after going missing at the same time",
}


def network_to_html(
    graph: nx.Graph[Any],
    path: str | PathLike[str],
    *,
    title: str,
    marking: str = "OFFICIAL-SENSITIVE",
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
    names = {node: _name(node, values) for node, values in graph.nodes(data=True)}
    nodes = [_Node(node, names[node], KINDS[graph.nodes[node]["kind"]]) for node in sorted(graph, key=str)]
    order = list(KINDS)
    nodes.sort(key=lambda node: order.index(node.kind.name))
    links = _links(graph, nodes, as_of=as_of, half_life=half_life)
    placed = chart_positions(graph) if positions is None else _spread(positions, graph)
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
    if marking not in MARKINGS:
        faults.append(f"The marking {marking!r} may not be used here: choose {' or '.join(MARKINGS)}.")
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


@dataclass(frozen=True)
class _Node:
    """One symbol of the picture."""

    key: Hashable
    name: str
    kind: Kind


@dataclass(frozen=True)
class _Link:
    """One line of the picture: from and to are places in the list of nodes."""

    one: int
    other: int
    basis: Basis
    nature: str
    harm: bool
    step: int
    faded: bool
    row: dict[str, str]


def _name(node: Hashable, values: Mapping[str, Any]) -> str:
    return shortened(one_line(values.get("label")) or one_line(node))


def _links(
    graph: nx.Graph[Any], nodes: list[_Node], *, as_of: date | None, half_life: float | None
) -> list[_Link]:
    place = {node.key: number for number, node in enumerate(nodes)}
    links = []
    for one, other, values in graph.edges(data=True):
        first, second = sorted((place[one], place[other]))
        links.append(_link(first, second, nodes, values, as_of=as_of, half_life=half_life))
    return sorted(links, key=lambda link: (link.one, link.other))


def _link(
    one: int,
    other: int,
    nodes: list[_Node],
    values: Mapping[str, Any],
    *,
    as_of: date | None,
    half_life: float | None,
) -> _Link:
    kinds = _kinds(values.get("kinds"))
    nature = one_line(values.get("nature"))
    concern = [nodes[end].kind.name == "adult_of_concern" for end in (one, other)]
    harm = nature == "harmful" and concern[0] != concern[1]
    if harm and concern[1]:
        one, other = other, one
    items = values.get("items")
    last = values.get("last_seen")
    return _Link(
        one,
        other,
        basis=values.get("basis") or _basis(kinds),
        nature=nature,
        harm=harm,
        step=1 if pd.isna(items) else 1 + (items >= 2) + (items >= 5),
        faded=as_of is not None
        and half_life is not None
        and not pd.isna(last)
        and (as_of - _day(last)).days > half_life,
        row={
            "one": shortened(nodes[one].name, 60),
            "other": shortened(nodes[other].name, 60),
            "how": "; ".join(_kind_words(kind) for kind in kinds),
            "nature": shortened(load_codes().meaning("nature", nature), 60),
            "records": _count(items),
            "sources": _count(values.get("sources")),
            "first_seen": _date_words(values.get("first_seen")),
            "last_seen": _date_words(last),
            "grade": shortened(one_line(values.get("best_grade")), 10),
        },
    )


def _kinds(kinds: Any) -> list[str]:
    if kinds is None or isinstance(kinds, float):
        return []
    parts = kinds.split("|") if isinstance(kinds, str) else kinds
    return sorted({one_line(part) for part in parts} - {""})


def _basis(kinds: Iterable[str]) -> Basis:
    """Return whether somebody stated a link, the two were seen together, or both."""
    stated = {kind in load_codes()["association_kind"] for kind in kinds}
    if stated == {True, False}:
        return "both"
    return "seen" if stated == {False} else "stated"


def _kind_words(kind: str) -> str:
    words = _OCCASIONS.get(kind) or load_codes()["association_kind"].get(kind) or kind.replace("_", " ")
    return shortened(words, 80)


def _count(value: Any) -> str:
    return "" if pd.isna(value) else f"{int(value):,}"


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _date_words(value: date | None) -> str:
    if value is None or pd.isna(value):
        return ""
    return f"{value.day} {value:%B %Y}"


def chart_positions(graph: nx.Graph[Any]) -> dict[Hashable, tuple[float, float]]:
    """Return where each node stands in a picture, (x, y) in whole pixels, y downwards.

    Each connected part is laid out by itself (Kamada and Kawai 1989,
    Information Processing Letters 31(1), 7-15, from a circle in order of id: no
    chance enters), then the parts are put side by side in rows, the largest
    first. The order of nodes and edges in the input does not matter.
    """
    parts = [sorted(part, key=str) for part in nx.connected_components(nx.Graph(graph))]
    parts.sort(key=lambda part: (-len(part), str(part[0])))
    found = [_part_positions(graph, part) for part in parts]
    ways = [_in_rows(parts, found, widest) for widest in _widths(found)]
    return min(ways, key=_extent, default={})


def _part_positions(graph: nx.Graph[Any], part: list[Hashable]) -> Points:
    """Return the positions of one connected part, shape (n, 2), its top left corner at 0, 0."""
    place = {node: number for number, node in enumerate(part)}
    edges = sorted(
        {
            tuple(sorted((place[one], place[other])))
            for one, other in graph.subgraph(part).edges
            if one != other
        }
    )
    layout = ig.Graph(n=len(part), edges=edges).layout_kamada_kawai()
    found = np.asarray(layout.coords, dtype=np.float64).reshape(-1, 2)
    nearest = _nearest(found)
    # Never closer than two thirds of a gap, so that no symbol covers another.
    scale = _GAP * max(1.0, min(3.0, 0.67 / nearest)) if len(part) > 1 else 1.0
    found = found * scale
    return np.asarray(found - found.min(axis=0))


def _nearest(points: Points) -> float:
    """Return the distance between the two points that are closest, or 1 where there are no two."""
    if len(points) < 2:
        return 1.0
    apart = np.hypot(*(points[:, None, :] - points[None, :, :]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    return max(float(apart.min()), 1e-6)


def _widths(found: list[Points]) -> list[float]:
    """Return the widths that rows of parts may have: from a column of parts to a single row."""
    sizes = [part.max(axis=0)[0] + _ROOM for part in found]
    longest = min(sum(sizes), 40 * max(sizes, default=0.0))
    return [float(width) for width in np.linspace(max(sizes, default=0.0), longest, 40)] if sizes else []


def _extent(placed: Positions) -> float:
    """Return how much must be seen to see everything in a frame twice as wide as it is high."""
    across, down = ([point[axis] for point in placed.values()] for axis in (0, 1))
    return max((max(across) - min(across) + _ROOM) / 2, max(down) - min(down) + _ROOM)


def _in_rows(
    parts: list[list[Hashable]], found: list[Points], widest: float
) -> dict[Hashable, tuple[float, float]]:
    """Return all parts side by side in rows no wider than `widest`."""
    placed: dict[Hashable, tuple[float, float]] = {}
    left = top = row = 0.0
    for part, points in zip(parts, found, strict=True):
        width, height = points.max(axis=0) + _ROOM
        if left and left + width > widest + 1e-6:
            left, top, row = 0.0, top + row, 0.0
        for node, (x, y) in zip(part, points, strict=True):
            placed[node] = (round(left + x), round(top + y))
        left, row = left + width, max(row, height)
    return placed


def _spread(positions: Positions, graph: nx.Graph[Any]) -> dict[Hashable, tuple[float, float]]:
    """Return given positions scaled alike so that the symbols have room."""
    points = np.array([positions[node] for node in graph], dtype=np.float64).reshape(-1, 2)
    if len(points) < 2:
        return dict.fromkeys(graph, (0.0, 0.0))
    points = points - points.min(axis=0)
    extent = max(float(points.max()), 1e-9)
    points = points * (_GAP * math.sqrt(len(points)) / extent)
    return {node: (round(x), round(y)) for node, (x, y) in zip(graph, points, strict=True)}


def _data_address(svg: str) -> str:
    return f"data:image/svg+xml,{quote(svg)}"


def _picture(nodes: list[_Node], links: list[_Link], placed: Positions, title: str) -> Picture:
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


def _line(link: _Link) -> dict[str, Any]:
    """Return how vis-network draws a link: see https://visjs.github.io/vis-network/docs/network/edges.html."""
    colour = _colour(link)
    opacity = 0.35 if link.faded else 1.0
    width = (2, 4, 7)[link.step - 1]
    line: dict[str, Any] = {
        "width": width,
        "arrows": "",
        "dashes": [8, 6] if link.basis == "seen" else False,
        "title": _words(link),
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


def _colour(link: _Link) -> str:
    if link.nature == "protective":
        return PROTECTIVE_COLOUR
    return HARM_COLOUR if link.harm else LINK_COLOUR


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


def _words(link: _Link) -> str:
    """Return what a line says when it is pointed at."""
    row = link.row
    lines = [
        f"{row['one']} {'→' if link.harm else '–'} {row['other']}",
        row["how"],
        f"Nature: {row['nature']}" if row["nature"] else "",
        f"Rests on {_of(row['records'], 'record')} from {_of(row['sources'] or 'no', 'source')}"
        if row["records"]
        else "",
        f"First seen {row['first_seen']}, last seen {row['last_seen']}"
        if row["last_seen"]
        else "No date recorded",
        f"Best grade {row['grade']}" if row["grade"] else "Not graded",
    ]
    return "\n".join(line for line in lines if line)


def _of(count: str, noun: str) -> str:
    return f"{count} {noun}" if count == "1" else f"{count} {noun}s"


def _page(
    picture: Picture,
    nodes: list[_Node],
    links: list[_Link],
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
        legend=_legend(nodes, links, half_life),
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
    when = f"As of {_date_words(as_of)}: " if as_of else ""
    if not nodes:
        return f"{when}there is nobody and nothing to show."
    who = "one person, place or thing" if nodes == 1 else f"{nodes:,} people, places and things"
    return f"{when}{who}, {_of(f'{links:,}', 'link')} between them."


def _legend(nodes: list[_Node], links: list[_Link], half_life: float | None) -> list[tuple[Markup, str]]:
    """Return symbol and words of what the picture holds, and nothing else."""
    counts = {kind: sum(node.kind.name == kind for node in nodes) for kind in KINDS}
    entries = [
        (_inline(kind_svg(KINDS[kind]), 26), f"{KINDS[kind].label} ({count})")
        for kind, count in counts.items()
        if count
    ]
    grey = LINK_COLOUR
    offered = [
        ("stated", f'<path d="M1 9h44" stroke="{grey}" stroke-width="3"/>', "somebody stated the link"),
        (
            "seen",
            f'<path d="M1 9h44" stroke="{grey}" stroke-width="3" stroke-dasharray="8 6"/>',
            "at the same place or event, or used the same thing",
        ),
        ("both", f'<path d="M1 6h44M1 12h44" stroke="{grey}" stroke-width="2.5"/>', "both stated and seen"),
    ]
    entries += [
        (_stroke(drawn), words)
        for basis, drawn, words in offered
        if any(link.basis == basis for link in links)
    ]
    shield = f'<path d="M1 9h44" stroke="{PROTECTIVE_COLOUR}" stroke-width="3"/><path fill="{PROTECTIVE_COLOUR}" fill-rule="evenodd" stroke="#fff" transform="translate(15 1) scale(.66)" d="{SHIELD}"/>'
    arrow = f'<path d="M1 9h36" stroke="{HARM_COLOUR}" stroke-width="3"/><path fill="{HARM_COLOUR}" d="M45 9l-12-6v12z"/>'
    steps = f'<path d="M1 3h44" stroke="{grey}" stroke-width="1.5"/><path d="M1 8h44" stroke="{grey}" stroke-width="3"/><path d="M1 14.5h44" stroke="{grey}" stroke-width="5"/>'
    pale = f'<path d="M1 9h44" stroke="{grey}" stroke-opacity=".35" stroke-width="3"/>'
    entries += [(_stroke(shield), "protective link")] * any(link.nature == "protective" for link in links)
    entries += [(_stroke(arrow), "harm by an adult of concern: the arrow points to the person harmed")] * any(
        link.harm for link in links
    )
    entries += [(_stroke(steps), "thicker: 1 record, 2 to 4 records, 5 or more")] * bool(links)
    entries += [(_stroke(pale), f"faded: nothing new for {half_life:g} days" if half_life else "")] * any(
        link.faded for link in links
    )
    return entries


def _stroke(drawn: str) -> Markup:
    return Markup(f'<svg aria-hidden="true" width="46" height="18" viewBox="0 0 46 18">{drawn}</svg>')


def _inline(svg: str, size: int) -> Markup:
    return Markup(
        svg.replace('width="48" height="48"', f'aria-hidden="true" width="{size}" height="{size}"', 1)
    )
