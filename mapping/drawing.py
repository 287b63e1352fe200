"""Draw a network as one SVG picture that any viewer opens, however large it is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any

import networkx as nx

from mapping.kinds import HARM_COLOUR, KINDS, PROTECTIVE_COLOUR, SHIELD, Kind, kind_svg
from mapping.layout import Positions, chart_positions, spread
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
from mapping.text import one_line, shortened, xml_safe

NAMED_UP_TO = 1_000
"""Above this many nodes names are left to what a viewer shows of each symbol: side by side they would cover it all."""
LABEL_LENGTH = 24
MARGIN, ROW = 70, 26
NARROWEST, WIDEST = 940, 4_800
WIDTHS = (2, 4, 7)

Point = tuple[float, float]


def network_to_svg(
    graph: nx.Graph[Any],
    path: str | PathLike[str],
    *,
    title: str,
    marking: str = "OFFICIAL-SENSITIVE",
    note: str = "",
    as_of: date | None = None,
    half_life: float | None = 180,
    positions: Positions | None = None,
) -> None:
    """Write a network as SVG 1.1 without a script, a style sheet or anything from elsewhere.

    Shapes, colours and lines are those of the pages. The picture has a title and a description for those who do not
    see it, each symbol and line says what it is, and the marking stands at the top and at the bottom. All children are
    drawn the same size. The same input gives the same bytes.

    Parameters
    ----------
    graph, as_of, half_life, positions
        as for `mapping.page.network_to_html`.
    note
        what the reader must know, after what the picture shows.

    Raises
    ------
    ValueError
        A node is of no known kind, or has no position where others have.
    """
    nodes = nodes_of(graph)
    links = links_of(graph, nodes, as_of=as_of, half_life=half_life)
    if positions is not None and (lost := sorted(str(node) for node in graph if node not in positions)):
        msg = f"{len(lost)} nodes have no position, {lost[0]} first. Give all of them, or none."
        raise ValueError(msg)
    placed = chart_positions(graph) if positions is None else spread(positions, graph)
    entries = legend(nodes, links, half_life)
    words = (title, _said(nodes, links, as_of), note, marking)
    where = [(float(placed[node.key][0]), float(placed[node.key][1])) for node in nodes]
    Path(path).write_text(_picture(nodes, links, where, entries, words), encoding="utf-8")


def _said(nodes: list[Node], links: list[Link], as_of: date | None) -> str:
    when = f"As of {date_words(as_of)}: " if as_of else ""
    what = counted(f"{len(nodes):,}", "symbol")
    return f"{when}{what}, {counted(f'{len(links):,}', 'link')} between them."


def _picture(
    nodes: list[Node],
    links: list[Link],
    where: list[Point],
    entries: list[Entry],
    words: tuple[str, str, str, str],
) -> str:
    title, said, note, marking = words
    left, top = (min((point[axis] for point in where), default=0.0) - MARGIN for axis in (0, 1))
    right, bottom = (max((point[axis] for point in where), default=0.0) + MARGIN for axis in (0, 1))
    right = max(right, left + NARROWEST)
    width = round(right - left)
    # Words grow with the picture, or they could not be read where the whole of a large one is seen.
    scale = max(1.0, width / WIDEST)
    top -= 4.2 * ROW * scale
    below = bottom
    bottom += (len(entries) + 2.5) * ROW * scale
    height = round(bottom - top)
    listed = "; ".join(entry.words for entry in entries)
    named = len(nodes) <= NAMED_UP_TO
    drawn = [_node(node, point, named=named) for node, point in zip(nodes, where, strict=True)]
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1" width="{width}" '
        f'height="{height}" viewBox="{left:g} {top:g} {width} {height}" role="img" aria-labelledby="title desc" '
        f'font-family="system-ui, Segoe UI, Arial, sans-serif">',
        f'<title id="title">{_text(title, 200)}</title>',
        f'<desc id="desc">{_text(said, 300)} {_text(note, 1_000)} {_text(listed, 2_000)}.</desc>',
        f"<defs>{''.join(_symbol(kind) for kind in _used(nodes))}{_shield()}</defs>",
        f'<rect x="{left:g}" y="{top:g}" width="{width}" height="{height}" fill="#ffffff"/>',
        f'<g id="links" fill="none">{"".join(_line(link, where, nodes) for link in links)}</g>',
        f'<g id="nodes">{"".join(drawn)}</g>',
        _scaled(left, top, scale, _heading(width / scale, words)),
        _scaled(
            left, below, scale, _legend(entries) + _marked(width / scale, (len(entries) + 2.1) * ROW, marking)
        ),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _scaled(left: float, top: float, scale: float, drawn: str) -> str:
    return f'<g transform="translate({left:g} {top:g}) scale({scale:g})">{drawn}</g>'


def _text(value: object, length: int) -> str:
    return escape(shortened(xml_safe(one_line(value)), length), quote=True)


def _used(nodes: Iterable[Node]) -> list[Kind]:
    there = {node.kind.name for node in nodes}
    return [kind for name, kind in KINDS.items() if name in there]


def _symbol(kind: Kind) -> str:
    """Return a symbol once, its middle at 0, 0, for every node of its kind to use."""
    inner = kind_svg(kind).split(">", 1)[1].removesuffix("</svg>")
    size = 0.6 if kind.shape == "triangle" else 0.84
    return f'<g id="kind-{kind.name}" transform="scale({size}) translate(-24 -24)">{inner}</g>'


def _shield() -> str:
    return f'<path id="shield" fill="{PROTECTIVE_COLOUR}" fill-rule="evenodd" stroke="#ffffff" stroke-width="1.2" transform="translate(-12 -12)" d="{SHIELD}"/>'


def _heading(width: float, words: tuple[str, str, str, str]) -> str:
    title, said, note, marking = words
    lines = [
        _marked(width, ROW * 0.8, marking),
        f'<text x="20" y="{ROW * 1.9:g}" font-size="20" font-weight="bold" fill="#1f2933">{_text(title, 60)}</text>',
        f'<text x="20" y="{ROW * 2.8:g}" font-size="14" fill="#3d4852">{_text(said, 110)}</text>',
        f'<text x="20" y="{ROW * 3.5:g}" font-size="14" fill="#3d4852">{_text(note, 130)}</text>',
    ]
    return "".join(lines)


def _marked(width: float, y: float, marking: str) -> str:
    return f'<text class="marking" x="{width / 2:g}" y="{y:g}" text-anchor="middle" font-size="14" font-weight="bold" fill="#0b5394">{_text(marking, 60)}</text>'


def _node(node: Node, point: Point, *, named: bool) -> str:
    label = ""
    if named:
        label = f'<text y="36" text-anchor="middle" font-size="13" fill="#1f2933" stroke="#ffffff" stroke-width="3" paint-order="stroke">{_text(node.name, LABEL_LENGTH)}</text>'
    reference = f"#kind-{node.kind.name}"
    return (
        f'<g transform="translate({point[0]:g} {point[1]:g})"><title>{_text(node.name, 120)}: {_text(node.kind.label, 60)}</title>'
        f'<use href="{reference}" xlink:href="{reference}"/>{label}</g>'
    )


def _line(link: Link, where: list[Point], nodes: list[Node]) -> str:
    """Return a line: dashed where the two were only seen together, double where it is stated as well."""
    (x, y), (to_x, to_y) = where[link.one], where[link.other]
    colour, width = link_colour(link), WIDTHS[link.step - 1]
    faded = ' stroke-opacity="0.35"' if link.faded else ""
    dashed = ' stroke-dasharray="8 6"' if link.basis == "seen" else ""
    way = f"M{x:g} {y:g}L{to_x:g} {to_y:g}"
    drawn = f'<path d="{way}" stroke="{colour}" stroke-width="{width + 4 * (link.basis == "both")}"{dashed}{faded}/>'
    if link.basis == "both":
        drawn += f'<path d="{way}" stroke="#ffffff" stroke-width="{width}"/>'
    if link.nature == "protective":
        drawn += f'<use href="#shield" xlink:href="#shield" x="{(x + to_x) / 2:g}" y="{(y + to_y) / 2:g}"/>'
    if link.harm:
        drawn += _arrow((x, y), (to_x, to_y), 14 if nodes[link.other].kind.shape == "triangle" else 22)
    return f"<g><title>{_text('; '.join(link_words(link).splitlines()), 400)}</title>{drawn}</g>"


def _arrow(one: Point, other: Point, room: float) -> str:
    """Return the head of an arrow that ends at the edge of the symbol it points to."""
    across, down = other[0] - one[0], other[1] - one[1]
    length = math.hypot(across, down) or 1.0
    x, y = across / length, down / length
    tip = (other[0] - room * x, other[1] - room * y)
    back = (tip[0] - 16 * x, tip[1] - 16 * y)
    left, right = ((back[0] - side * y, back[1] + side * x) for side in (7, -7))
    return f'<path fill="{HARM_COLOUR}" d="M{tip[0]:.1f} {tip[1]:.1f}L{left[0]:.1f} {left[1]:.1f}L{right[0]:.1f} {right[1]:.1f}z"/>'


def _legend(entries: list[Entry]) -> str:
    rows = []
    for number, entry in enumerate(entries):
        y = number * ROW
        drawn = f'<g transform="translate(20 {y})">{entry.drawn}</g>'
        if entry.kind is not None:
            reference = f"#kind-{entry.kind.name}"
            drawn = f'<use href="{reference}" xlink:href="{reference}" transform="translate(43 {y + 9}) scale(0.55)"/>'
        rows.append(
            f'{drawn}<text x="80" y="{y + 14}" font-size="14" fill="#1f2933">{_text(entry.words, 120)}</text>'
        )
    return f'<g id="legend">{"".join(rows)}</g>'
