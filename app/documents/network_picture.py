"""Draw a placed chart as a picture that can be printed or sent on: SVG, and PNG for documents."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree as Xml

import pandas as pd

from app import kinds
from mapping.kinds import ICON_PLACE, ICON_PLACES, KINDS, OUTLINES, Kind
from mapping.markings import MARKING
from mapping.text import one_line, shortened, xml_safe

SIZE = 36.0
"""Width of a symbol in the units of the chart."""

LETTERS, MARK_LETTERS = 12.0, 11.0
WIDEST_NAME = 34
_MARGIN = 76.0
_WIDTHS = {1: 1.6, 2: 3.0, 3: 5.0}
_INK, _PALE, _WHITE = kinds.INK, kinds.PALE_BORDER, kinds.WHITE
_KEY_ROW, _KEY_WIDTH = 24.0, 190.0
SVG = "http://www.w3.org/2000/svg"


def frame(nodes: pd.DataFrame) -> tuple[float, float, float, float]:
    """Return left, top, width and height of what is drawn, with room for names."""
    if nodes.empty:
        return 0.0, 0.0, 400.0, 200.0
    # Names are about half as wide as high a letter, and stand under their symbol, in its middle.
    half = nodes["name"].map(lambda name: len(shortened(one_line(name), WIDEST_NAME)) * LETTERS * 0.27)
    half = half.clip(lower=SIZE)
    left, right = float((nodes["x"] - half).min()), float((nodes["x"] + half).max())
    top, bottom = float(nodes["y"].min()) - SIZE, float(nodes["y"].max()) + SIZE * 1.6
    return left - 12, top - 12, right - left + 24, bottom - top + 24


def chart_svg(
    nodes: pd.DataFrame, edges: pd.DataFrame, *, title: str, words: str, lines: Sequence[str] = ()
) -> str:
    """Return a chart as SVG that asks no host for anything and says in words what it shows.

    Parameters
    ----------
    nodes
        id, kind, name, x, y, and optionally mark (of app.kinds.MARKS).
    edges
        source, target, basis, nature, step, faded, harm, among, as `app.charts.chart_edges` makes them.
    title, words
        what the picture is called, and what it shows, for those who do not see it.
    lines
        short lines under the title, such as purpose, owner and dates.

    Returns
    -------
    The SVG as text; text from the case is text in it, and the same chart gives the same text.
    """
    left, top, width, height = frame(nodes)
    named = [name for name in KINDS if (nodes["kind"] == name).any()]
    columns = max(1, int(max(width, 640) // _KEY_WIDTH))
    key_height = (math.ceil(len(named) / columns) + 1) * _KEY_ROW
    whole = max(width, 640.0)
    box = (left - (whole - width) / 2, top - _MARGIN - 20, whole, height + _MARGIN * 2 + 20 + key_height)
    Xml.register_namespace("", SVG)
    root = Xml.Element(
        f"{{{SVG}}}svg",
        {
            "viewBox": " ".join(f"{part:.1f}" for part in box),
            "width": f"{box[2]:.0f}",
            "height": f"{box[3]:.0f}",
            "role": "img",
            "aria-labelledby": "title words",
            "font-family": "DejaVu Sans, Verdana, Arial, sans-serif",
        },
    )
    _tag(root, "title", text=title, id="title")
    _tag(root, "desc", text=words, id="words")
    _tag(root, "rect", x=box[0], y=box[1], width=box[2], height=box[3], fill=_WHITE)
    middle, bottom = box[0] + box[2] / 2, box[1] + box[3]
    for y in (box[1] + 18, bottom - 10):
        _write(root, middle, y, MARKING, size=13, weight="bold", fill=kinds.BLUE)
    _write(root, middle, box[1] + 42, title, size=17, weight="bold")
    for number, line in enumerate(lines):
        _write(root, middle, box[1] + 60 + 15 * number, line, size=10, fill=kinds.QUIET)
    _svg_edges(root, nodes, edges)
    for node in nodes.to_dict("records"):
        _svg_node(root, node)
    _svg_key(root, named, box[0] + 16, top + height + 26, columns)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _tag(parent: Xml.Element, name: str, *, text: str = "", **values: Any) -> Xml.Element:
    attributes = {
        key.replace("_", "-"): f"{value:.1f}" if isinstance(value, float) else str(value)
        for key, value in values.items()
    }
    made = Xml.SubElement(parent, f"{{{SVG}}}{name}", attributes)
    if text:
        made.text = xml_safe(one_line(text))
    return made


def _write(
    parent: Xml.Element,
    x: float,
    y: float,
    text: str,
    *,
    size: float,
    weight: str = "normal",
    fill: str = _INK,
    anchor: str = "middle",
) -> None:
    _tag(
        parent,
        "text",
        text=shortened(one_line(text), 120),
        x=x,
        y=y,
        font_size=size,
        font_weight=weight,
        fill=fill,
        text_anchor=anchor,
        stroke=_WHITE,
        stroke_width=3,
        paint_order="stroke",
    )


def _strokes(edge: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the lines an edge is drawn with, one over the other: colour, width, dash and how clear it is."""
    colour = (
        kinds.PROTECTIVE if edge["nature"] == "protective" else kinds.HARM if edge["harm"] else kinds.LINE
    )
    clear, width = (0.3 if edge["faded"] else 0.9), _WIDTHS[int(edge["step"])]
    if edge["among"]:
        clear, width = 0.28, 1.2
    if edge["basis"] == "both" and not edge["among"]:
        yield {"colour": colour, "width": width + 4, "dash": "", "clear": clear}
        yield {"colour": _WHITE, "width": width, "dash": "", "clear": 1.0}
    else:
        dash = "7 5" if edge["basis"] == "seen" else ""
        yield {"colour": colour, "width": width, "dash": dash, "clear": clear}


def _ends(nodes: pd.DataFrame, edges: pd.DataFrame) -> Iterator[tuple[dict[str, Any], Any, Any]]:
    where = nodes.set_index("id")[["x", "y"]].astype(float)
    # The child's own links lie over those between the others.
    for edge in edges.sort_values(["among", "id"], ascending=[False, True]).to_dict("records"):
        if edge["source"] in where.index and edge["target"] in where.index:
            yield edge, tuple(where.loc[edge["source"]]), tuple(where.loc[edge["target"]])


def _svg_edges(root: Xml.Element, nodes: pd.DataFrame, edges: pd.DataFrame) -> None:
    lines = _tag(root, "g", fill="none")
    for edge, (x, y), (to_x, to_y) in _ends(nodes, edges):
        for stroke in _strokes(edge):
            line = _tag(lines, "line", x1=x, y1=y, x2=to_x, y2=to_y, stroke=stroke["colour"])
            line.set("stroke-width", f"{stroke['width']:.1f}")
            line.set("stroke-opacity", f"{stroke['clear']:.2f}")
            if stroke["dash"]:
                line.set("stroke-dasharray", stroke["dash"])
        if edge["nature"] == "protective":
            _tag(lines, "circle", cx=(x + to_x) / 2, cy=(y + to_y) / 2, r=4.5, fill=kinds.PROTECTIVE)
        if edge["harm"]:
            points = " ".join(f"{px:.1f},{py:.1f}" for px, py in arrow(x, y, to_x, to_y))
            _tag(lines, "polygon", points=points, fill=kinds.HARM)


def arrow(x: float, y: float, to_x: float, to_y: float) -> list[tuple[float, float]]:
    """Return the three corners of an arrowhead that ends at the edge of the symbol it points at."""
    length = math.hypot(to_x - x, to_y - y) or 1.0
    ux, uy = (to_x - x) / length, (to_y - y) / length
    tip = (to_x - ux * SIZE * 0.55, to_y - uy * SIZE * 0.55)
    base = (tip[0] - ux * 13, tip[1] - uy * 13)
    return [tip, (base[0] - uy * 6.5, base[1] + ux * 6.5), (base[0] + uy * 6.5, base[1] - ux * 6.5)]


def _svg_node(root: Xml.Element, node: dict[str, Any]) -> None:
    kind = KINDS[node["kind"]]
    group = _tag(root, "g")
    _tag(group, "title", text=f"{node['name']}: {kind.label}{kinds.MARK_SIGNS.get(node.get('mark', ''), '')}")
    mark = node.get("mark", "")
    if mark:
        colour, style = kinds.MARKS[mark]
        ring = _tag(group, "circle", cx=float(node["x"]), cy=float(node["y"]), r=SIZE * 0.72, fill="none")
        ring.set("stroke", colour)
        ring.set("stroke-width", "4")
        if style == "dashed":
            ring.set("stroke-dasharray", "6 4")
    _svg_symbol(group, kind, float(node["x"]), float(node["y"]), SIZE)
    below = float(node["y"]) + SIZE * (0.95 if mark else 0.82)
    _write(group, float(node["x"]), below + 2, shortened(one_line(node["name"]), WIDEST_NAME), size=LETTERS)
    if mark:
        colour = kinds.MARKS[mark][0]
        sign = kinds.MARK_SIGNS[mark].strip()
        _write(group, float(node["x"]), below + 16, sign, size=MARK_LETTERS, weight="bold", fill=colour)


def _svg_symbol(parent: Xml.Element, kind: Kind, x: float, y: float, size: float) -> None:
    scale = size / 48
    group = _tag(
        parent, "g", transform=f"translate({x - size / 2:.1f} {y - size / 2:.1f}) scale({scale:.3f})"
    )
    _tag(group, "path", d=OUTLINES[kind.shape], fill=kind.colour)
    left, top, inner = ICON_PLACES.get(kind.shape, ICON_PLACE)
    _tag(
        group,
        "path",
        d=kind.icon,
        fill=_WHITE,
        fill_rule="evenodd",
        transform=f"translate({left} {top}) scale({inner})",
    )


def _svg_key(root: Xml.Element, named: list[str], x: float, y: float, columns: int) -> None:
    for number, name in enumerate(named):
        left, top = x + number % columns * _KEY_WIDTH, y + number // columns * _KEY_ROW
        _svg_symbol(root, KINDS[name], left + 8, top, 16)
        _write(root, left + 22, top + 4, KINDS[name].label, size=10, anchor="start")
    top = y + math.ceil(len(named) / columns) * _KEY_ROW
    said = "Solid: stated. Dashed: seen at the same place or event. Double: both. Green: protective. Arrow: harm by an adult."
    _write(root, x, top + 4, said, size=10, anchor="start", fill=kinds.QUIET)


def chart_png(nodes: pd.DataFrame, edges: pd.DataFrame, *, width_cm: float, height_cm: float) -> bytes:
    """Return a chart as PNG of a given size, with the symbols, lines and marks of the SVG.

    The whole chart is fitted in; symbols and names keep a size that can be read in print.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    left, top, width, height = frame(nodes)
    figure = Figure(figsize=(width_cm / 2.54, height_cm / 2.54), dpi=200, facecolor=_WHITE)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    # Wider or higher than the room there is: the other way is filled up, so that circles stay round.
    grown = max(width / width_cm, height / height_cm)
    spare_x, spare_y = grown * width_cm - width, grown * height_cm - height
    axes.set_xlim(left - spare_x / 2, left + width + spare_x / 2)
    axes.set_ylim(top + height + spare_y / 2, top - spare_y / 2)
    points = 72 / 2.54 / grown  # points of print for each unit of the chart
    for edge, one, other in _ends(nodes, edges):
        _png_edge(axes, edge, one, other, points)
    size = max(SIZE, 17 / points)
    for node in nodes.to_dict("records"):
        _png_node(axes, node, size=size, letters=min(max(LETTERS * points, 5.5), 9.0))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _png_edge(axes: Any, edge: dict[str, Any], one: Any, other: Any, points: float) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Polygon

    for stroke in _strokes(edge):
        axes.add_line(
            Line2D(
                (one[0], other[0]),
                (one[1], other[1]),
                color=stroke["colour"],
                alpha=stroke["clear"],
                linewidth=max(0.6, stroke["width"] * points),
                linestyle=(0, (4, 3)) if stroke["dash"] else "-",
                zorder=1,
            )
        )
    if edge["nature"] == "protective":
        middle = (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
        axes.plot(*middle, marker="o", markersize=4.5, color=kinds.PROTECTIVE, zorder=2)
    if edge["harm"]:
        axes.add_patch(Polygon(arrow(*one, *other), color=kinds.HARM, zorder=2))


def _png_node(axes: Any, node: dict[str, Any], *, size: float, letters: float) -> None:
    from matplotlib.patches import Circle, PathPatch
    from matplotlib.patheffects import withStroke
    from matplotlib.transforms import Affine2D

    kind, x, y, mark = KINDS[node["kind"]], float(node["x"]), float(node["y"]), node.get("mark", "")
    scale = size / 48
    place = Affine2D().scale(scale).translate(x - size / 2, y - size / 2)
    left, top, inner = ICON_PLACES.get(kind.shape, ICON_PLACE)
    if mark:
        colour, style = kinds.MARKS[mark]
        ring = {"edgecolor": colour, "linewidth": 2.2, "linestyle": "--" if style == "dashed" else "-"}
        axes.add_patch(Circle((x, y), size * 0.72, fill=False, zorder=3, **ring))
    outline = place.transform_path(svg_path(OUTLINES[kind.shape]))
    axes.add_patch(PathPatch(outline, facecolor=kind.colour, linewidth=0, zorder=3))
    icon = (Affine2D().scale(inner).translate(left, top) + place).transform_path(svg_path(kind.icon))
    axes.add_patch(PathPatch(icon, facecolor=_WHITE, linewidth=0, zorder=4))
    halo = [withStroke(linewidth=2, foreground=_WHITE)]
    said = shortened(xml_safe(one_line(node["name"])), WIDEST_NAME)
    common = {"ha": "center", "va": "top", "zorder": 5, "path_effects": halo, "parse_math": False}
    below = y + size * (0.8 if mark else 0.58)
    axes.text(x, below, said, fontsize=letters, color=_INK, **common)
    if mark:
        colour, sign = kinds.MARKS[mark][0], kinds.MARK_SIGNS[mark].strip()
        axes.text(x, below, f"\n{sign}", fontsize=letters, color=colour, weight="bold", **common)


def svg_path(data: str) -> Any:
    """Return SVG path data as a path of matplotlib."""
    from fontTools.pens.recordingPen import RecordingPen
    from fontTools.svgLib.path import parse_path
    from matplotlib.path import Path

    pen = RecordingPen()
    parse_path(data, pen)
    codes: list[int] = []
    points: list[tuple[float, float]] = []
    kinds_of = {
        "moveTo": [Path.MOVETO],
        "lineTo": [Path.LINETO],
        "curveTo": [Path.CURVE4] * 3,
        "qCurveTo": [Path.CURVE3] * 2,
    }
    for command, ends in pen.value:
        if command in kinds_of:
            codes += kinds_of[command]
            points += [(float(x), float(y)) for x, y in ends]
        elif command == "closePath" and points:
            codes.append(Path.CLOSEPOLY)
            points.append(points[-1])
    return Path(points, codes)
