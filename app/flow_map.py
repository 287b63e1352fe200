"""Draw flows between areas: curved lines in three widths over the boundaries of authorities and wards, no basemap."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pydeck as pdk

from app import kinds, maps
from app.text import markup, short
from geo.flows import OUTSIDE, SHARED, Movements

MOST = 150
"""Flows drawn; the table holds all."""
MANY = 60
"""With more lines than this each is half as wide."""
ROOM = (520, 540)
"""Pixels that the ends of flows are drawn in: their names, which reach out to both sides, are not cut off."""
WIDTHS = (1.6, 4.0, 8.0)
"""Of lines, in pixels: few, more, most."""
OUT, INTO, CHOSEN = kinds.BLUE, kinds.ORANGE, kinds.INK
BEND = 0.16
"""How far a line bends from a straight one, as a share of its length."""
APART = 0.3
"""Radians between two areas that lie outside the map, seen from its middle."""

Point = tuple[float, float]


def authority_shapes(shapes: Any) -> dict[str, Any]:
    """Return the outline of each authority as GeoJSON in longitude and latitude, and a point inside, on its code.

    Parameters
    ----------
    shapes : geopandas.GeoDataFrame with authority_code and polygons in British National Grid, one row a ward.
    """
    known = shapes[shapes["authority_code"].notna()]
    if known.empty:
        return {"outlines": {}, "points": {}}
    whole = known.dissolve(by="authority_code")[["geometry"]]
    west, south, east, north = shapes.total_bounds
    # Slivers between wards that do not quite touch would be drawn as lines inside.
    whole["geometry"] = whole.geometry.buffer(5).buffer(-5).simplify(max(east - west, north - south) / 1500)
    points = whole.geometry.representative_point().to_crs(4326)
    drawn = whole.to_crs(4326)
    return {
        "outlines": {code: shape.__geo_interface__ for code, shape in drawn.geometry.items()},
        "points": {code: (round(point.x, 5), round(point.y, 5)) for code, point in points.items()},
    }


def anchors(
    outline: Mapping[str, Any], authorities: Mapping[str, Any], movements: Movements
) -> dict[str, Point]:
    """Return where the line to or from each area begins, in longitude and latitude, on code.

    An authority without wards on the map stands beside it, in the direction in which the homes of its children lie; what
    lies outside the map without a name stands at its north-west.
    """
    found: dict[str, Point] = {code: tuple(point) for code, point in outline["points"].items()}
    found |= authorities["points"]
    beside = sorted(set(movements.people["responsible"].dropna()) - set(found))
    made = set(movements.rows["responsible"].dropna()) - set(found) - set(beside)
    return {**found, **_beside([*beside, *sorted(made)], outline["bounds"], movements)}


def _beside(codes: Sequence[str], bounds: Sequence[float], movements: Movements) -> dict[str, Point]:
    west, south, east, north = bounds
    flat = math.cos(math.radians((south + north) / 2))
    wanted = [(_bearing(code, movements), code) for code in codes] + [(0.75 * math.pi, OUTSIDE)]
    found: dict[str, Point] = {}
    last = -math.inf
    for bearing, code in sorted(wanted):
        last = max(bearing, last + APART)
        across = (east - west) / 2 * 1.12 + (north - south) / flat * 0.03
        upright = (north - south) / 2 * 1.12
        found[code] = (
            (west + east) / 2 + across * math.cos(last),
            (south + north) / 2 + upright * math.sin(last),
        )
    return found


def _bearing(code: str, movements: Movements) -> float:
    """Return the direction of the homes of an authority's children from the middle of all, counter-clockwise from east."""
    people = movements.people
    homes = people.loc[people["responsible"] == code, ["easting", "northing"]].dropna()
    inside = people.loc[people["home_authority"].isin(movements.on_map), ["easting", "northing"]].dropna()
    if homes.empty or inside.empty:
        return math.pi
    east, north = (homes.median() - inside.median()).to_numpy()
    return math.atan2(float(north), float(east))


def steps(values: pd.Series, limits: Sequence[float]) -> pd.Series:
    """Return the width of each flow: 0 few, 1 more, 2 most."""
    return pd.Series(
        np.clip(
            np.searchsorted(np.asarray(limits, dtype=float), values.to_numpy(dtype=float), side="right") - 1,
            0,
            2,
        ),
        index=values.index,
    )


def limits(values: pd.Series) -> list[float]:
    """Return the lower ends of the three widths; fewer where the values do not tell so many apart."""
    return maps.breaks(values, cuts=(0.0, 0.6, 0.9))


def deck(
    outline: Mapping[str, Any],
    authorities: Mapping[str, Any],
    where: Mapping[str, Point],
    table: pd.DataFrame,
    *,
    measure: str,
    widths: Sequence[float],
    area: str | None = None,
    chosen: str | None = None,
    authority_of: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    near: bool = False,
    size: tuple[int, int] = ROOM,
) -> pdk.Deck:
    """Return the map of flows.

    Parameters
    ----------
    outline, authorities, where : from `app.maps.outlines`, `authority_shapes` and `anchors`.
    table : from `app.flows.listed`; what crosses is drawn, up to MOST flows in its order.
    measure : the column that widths stand for, "children" or "episodes"; widths are its limits.
    area : an authority: what leaves it and what comes in are drawn in two colours.
    names : what to call the areas that are named on the map, on code.
    near : show only the part of the map where lines are.
    """
    drawn = drawable(table, where)
    lines = [
        _flow(row, where, step, area=area, chosen=chosen, authority_of=authority_of or {})
        for row, step in zip(drawn.to_dict("records"), steps(drawn[measure], widths), strict=True)
    ]
    if len(lines) > MANY:
        lines = [{**line, "width": line["width"] / 2} for line in lines]
    lines.sort(key=lambda line: (line["chosen"], -line["width"]))
    scale = (outline["bounds"][3] - outline["bounds"][1]) / (120 if len(lines) > MANY or near else 60)
    layers = [
        maps.line_layer(
            "wards",
            list(outline["wards"].values()),
            kinds.PALE_BORDER,
            0.6,
            filled=True,
            get_fill_color=kinds.rgb(kinds.FAINT),
        ),
        maps.line_layer("authorities", list(authorities["outlines"].values()), kinds.BORDER, 2.0),
        _lines_layer(lines),
        _arrows_layer([line for line in lines if not line["shared"]], scale),
        _names_layer(where, names or {}),
    ]
    ends = [where[code] for code in {*drawn["from_code"], *drawn["to_code"]}]
    bounds = _frame([] if near and ends else outline["bounds"], ends)
    return pdk.Deck(
        layers=layers,
        initial_view_state=maps.view(bounds, size),
        map_provider=None,
        tooltip={"text": "{tip}"},
    )


def drawable(table: pd.DataFrame, where: Mapping[str, Point]) -> pd.DataFrame:
    """Return the flows that are drawn: what crosses between two areas that have a place, the first MOST."""
    some = table[table["status"] == "crossing"]
    return some[some["from_code"].isin(list(where)) & some["to_code"].isin(list(where))].head(MOST)


def _flow(
    row: Mapping[str, Any],
    where: Mapping[str, Point],
    step: int,
    *,
    area: str | None,
    chosen: str | None,
    authority_of: Mapping[str, str],
) -> dict[str, Any]:
    shared = row["kind"] in SHARED
    one, other = where[row["from_code"]], where[row["to_code"]]
    into = area is not None and authority_of.get(row["to_code"], row["to_code"]) == area and not shared
    mine = row["flow"] == chosen
    between = "and" if shared else "to"
    return {
        "path": [list(point) for point in curve(one, other, bend=0.0 if shared else BEND)],
        "flow": row["flow"],
        "shared": shared,
        "chosen": mine,
        "colour": CHOSEN if mine else INTO if into else OUT,
        "width": WIDTHS[int(step)] + 2.0 * mine,
        "tip": f"{short(row['from_name'], limit=60)} {between} {short(row['to_name'], limit=60)}\n{int(row['episodes']):,} records, {int(row['children']):,} children",
    }


def curve(one: Point, other: Point, *, bend: float, points: int = 24) -> list[Point]:
    """Return a line from one point to another that bends to the left, so that the way back lies beside it."""
    flat = math.cos(math.radians((one[1] + other[1]) / 2))
    x, y = (other[0] - one[0]) * flat, other[1] - one[1]
    middle = (
        (one[0] + other[0]) / 2 - bend * 2 * y / flat / 2,
        (one[1] + other[1]) / 2 + bend * 2 * x / 2,
    )
    line = []
    for t in np.linspace(0.0, 1.0, points):
        a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t**2
        line.append(
            tuple(round(a * p + b * q + c * r, 6) for p, q, r in zip(one, middle, other, strict=True))
        )
    return line  # type: ignore[return-value]


def arrow(path: Sequence[Sequence[float]], size: float) -> list[list[float]]:
    """Return the head of an arrow near the end of a line, a triangle in longitude and latitude."""
    tip, before = path[-3], path[-6]
    flat = math.cos(math.radians(tip[1]))
    x, y = (tip[0] - before[0]) * flat, tip[1] - before[1]
    length = math.hypot(x, y) or 1.0
    x, y = x / length * size, y / length * size
    back = (tip[0] - 2 * x / flat, tip[1] - 2 * y)
    left, right = ([back[0] - side * y / flat, back[1] + side * x] for side in (1, -1))
    return [[tip[0], tip[1]], left, right, [tip[0], tip[1]]]


def _lines_layer(lines: Iterable[Mapping[str, Any]]) -> pdk.Layer:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "LineString", "coordinates": line["path"]},
            "properties": {
                "flow": line["flow"],
                "tip": line["tip"],
                "line": kinds.rgb(line["colour"], 255 if line["chosen"] else 205),
                "width": line["width"],
            },
        }
        for line in lines
    ]
    return maps.shapes_layer(
        "flows",
        features,
        pickable=True,
        get_line_color="properties.line",
        get_line_width="properties.width",
        line_cap_rounded=True,
    )


def _arrows_layer(lines: Iterable[Mapping[str, Any]], scale: float) -> pdk.Layer:
    features = [
        {
            "type": "Feature",
            "geometry": {
                "type": "Polygon",
                "coordinates": [arrow(line["path"], scale * (0.45 + line["width"] / 12))],
            },
            "properties": {"fill": kinds.rgb(line["colour"])},
        }
        for line in lines
    ]
    return maps.shapes_layer(
        "arrows",
        features,
        filled=True,
        get_fill_color="properties.fill",
        get_line_color=[255, 255, 255, 255],
        get_line_width=0.8,
    )


def _names_layer(where: Mapping[str, Point], names: Mapping[str, str]) -> pdk.Layer:
    data = [
        {"at": list(where[code]), "text": short(name, limit=28)}
        for code, name in sorted(names.items())
        if code in where
    ]
    return maps.names_layer(data)


def _frame(bounds: Sequence[float], points: Sequence[Point]) -> list[float]:
    """Return the bounds of the map with everything in them that lines go to."""
    across, upright = [*bounds[0::2]], [*bounds[1::2]]
    across += [point[0] for point in points]
    upright += [point[1] for point in points]
    room = 0.0 if bounds else 0.02
    return [min(across) - room, min(upright) - room, max(across) + room, max(upright) + room]


def legend(widths: Sequence[float], said: str, *, area: str = "", shared: bool = False) -> str:
    """Return what widths, colours and arrows mean, as HTML."""
    parts = [
        _key(OUT, width, words) for width, words in zip(WIDTHS, maps.ranges(widths, whole=True), strict=False)
    ]
    if area and not shared:
        parts += [
            _key(OUT, WIDTHS[1], f"begins in {area}"),
            _key(INTO, WIDTHS[1], f"comes into {area} from elsewhere"),
        ]
    way = "no direction" if shared else "the arrow points to where it happened"
    return (
        f'<div class="cm-legend" role="note" aria-label="What lines mean"><span class="cm-key"><b>{markup(said)}</b></span>'
        f'{"".join(parts)}<span class="cm-key"><span>{way}</span></span></div>'
    )


def _key(colour: str, width: float, said: str) -> str:
    swatch = f"display:inline-block;width:2rem;height:{width:g}px;background-color:{colour}"
    return f'<span class="cm-key"><span style="{swatch}"></span><span>{markup(said)}</span></span>'
