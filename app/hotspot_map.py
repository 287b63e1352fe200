"""Draw hotspots: hatching over wards higher than chance, dashed circles around clusters, the funnel beside."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pydeck as pdk
import shapely

from app import kinds
from app.maps import line_layer
from geo.areas import Areas
from geo.funnel import funnel_limits

DARK, CIRCLE, CHOSEN = kinds.INK, kinds.ORANGE, kinds.CHOSEN
LINES = 70
"""Hatching lines from one side of the map to the other."""
DASHES = 36
DENSE = kinds.DENSE
SMALLEST_RING = 120.0
"""Metres: a dense place at one spot is drawn so wide."""
CHANCE = 0.05
"""Clusters are drawn up to this p-value."""


def hotspot_layers(
    outline: Mapping[str, Any],
    hot: Iterable[str],
    circles: Iterable[list[list[float]]],
    *,
    chosen: str | None = None,
) -> list[pdk.Layer]:
    """Return what is drawn over the shades: hatching and a thick border for hotspots, dashes around clusters.

    Parameters
    ----------
    outline
        from `app.maps.outlines`.
    hot
        codes of the hotspots.
    chosen
        the ward to draw a border of its own around.
    circles
        dashes in longitude and latitude, from `dashes`.
    """
    codes = sorted(set(hot) & set(outline["wards"]))
    hatched = hatching({code: outline["wards"][code] for code in codes}, outline["bounds"])
    borders = [outline["wards"][code] for code in codes]
    # White beneath the dark: without it nothing shows on the darkest shade, least of all in black and white.
    return [
        line_layer("under_hotspots", borders, kinds.WHITE, 5.0),
        line_layer("under_hatching", hatched, kinds.WHITE, 3.0),
        line_layer("hotspots", borders, DARK, 2.6),
        line_layer("hatching", hatched, DARK, 1.2),
        line_layer("chosen", [outline["wards"][chosen]] if chosen in outline["wards"] else [], CHOSEN, 4.5),
        line_layer(
            "clusters", [{"type": "LineString", "coordinates": part} for part in circles], CIRCLE, 2.4
        ),
    ]


def hatching(shapes: Mapping[str, Any], bounds: Iterable[float]) -> list[dict[str, Any]]:
    """Return slanting lines inside each shape, evenly spaced over the whole map, as GeoJSON in the order of codes."""
    west, south, east, north = bounds
    # A degree of longitude is shorter than one of latitude: lines slant by 45 degrees on the ground.
    slope = math.cos(math.radians((south + north) / 2))
    height = north - south
    starts = np.linspace(south - (east - west) * slope, north, LINES)
    lines = shapely.linestrings(
        [[(west, start), (east, start + (east - west) * slope)] for start in starts if height > 0]
    )
    drawn = []
    for code in sorted(shapes):
        inside = shapely.intersection(lines, shapely.geometry.shape(shapes[code]))
        kept = shapely.union_all(inside[~shapely.is_empty(inside)])
        if not kept.is_empty:
            drawn.append(shapely.geometry.mapping(kept))
    return drawn


def dashes(clusters: pd.DataFrame, areas: Areas) -> list[list[list[float]]]:
    """Return the circle around each cluster that chance does not explain, as dashes in longitude and latitude.

    The circle goes around the middles of its areas; around a single one it is as large as that area.
    """
    import geopandas

    found = clusters[clusters["p_value"] <= CHANCE]
    size = dict(zip(areas.boundaries.codes, shapely.area(areas.boundaries.geometry), strict=True))
    angles = np.linspace(0, 2 * math.pi, 4 * DASHES, endpoint=False).reshape(DASHES, 4)[:, :3]
    parts = []
    for row in found.to_dict("records"):
        middle = areas.centres.loc[row["centre"]]
        radius = max(row["radius"], math.sqrt(size[row["centre"]] / math.pi)) * 1.06
        points = np.stack(
            [middle["easting"] + radius * np.cos(angles), middle["northing"] + radius * np.sin(angles)],
            axis=-1,
        )
        parts += [shapely.linestrings(dash) for dash in points]
    drawn = geopandas.GeoSeries(parts, crs=27700).to_crs(4326) if parts else []
    return [[[round(x, 5), round(y, 5)] for x, y in line.coords] for line in drawn]


def surface_layers(
    cells: Sequence[Mapping[str, Any]], places: pd.DataFrame, *, levels: int
) -> list[pdk.Layer]:
    """Return the surface of a measure as cells in shades, and its dense places as circles with their number.

    Parameters
    ----------
    cells
        from `app.dense.cells`: corners, and the class from 1 up.
    places
        from `app.dense.find_dense`: place, easting, northing, radius (metres).
    levels
        how many classes there are.
    """
    shades = [kinds.rgb(kinds.BLUES[min(step + 1, len(kinds.BLUES) - 1)]) for step in range(levels)]
    data = [{"polygon": cell["at"], "fill": [*shades[cell["level"] - 1][:3], 215]} for cell in cells]
    at, rings = _rings(places)
    numbers = [{"at": point, "text": str(number)} for point, number in zip(at, places["place"], strict=True)]
    return [
        pdk.Layer(
            "PolygonLayer",
            data=data,
            id="surface",
            get_polygon="polygon",
            get_fill_color="fill",
            stroked=False,
            filled=True,
            pickable=False,
        ),
        line_layer("dense", [{"type": "LineString", "coordinates": ring} for ring in rings], DENSE, 2.4),
        pdk.Layer(
            "TextLayer",
            data=numbers,
            id="dense_numbers",
            get_position="at",
            get_text="text",
            get_size=14,
            get_color=kinds.rgb(DENSE),
            background=True,
            get_background_color=[255, 255, 255, 225],
            background_padding=[4, 2, 4, 2],
            font_family=pdk.types.String("Source Sans, sans-serif"),
        ),
    ]


def _rings(places: pd.DataFrame) -> tuple[list[list[float]], list[list[list[float]]]]:
    """Return the middle of each dense place and the circle around it, in longitude and latitude."""
    import geopandas

    angles = np.linspace(0, 2 * math.pi, DASHES + 1)
    parts: list[Any] = []
    for row in places.to_dict("records"):
        radius = max(float(row["radius"]), SMALLEST_RING)
        parts.append(shapely.Point(row["easting"], row["northing"]))
        ring = np.stack(
            [row["easting"] + radius * np.cos(angles), row["northing"] + radius * np.sin(angles)], axis=-1
        )
        parts.append(shapely.linestrings(ring))
    drawn = list(geopandas.GeoSeries(parts, crs=27700).to_crs(4326)) if parts else []
    lines = [[[round(x, 5), round(y, 5)] for x, y in part.coords] for part in drawn]
    return [line[0] for line in lines[::2]], lines[1::2]


def surface_legend(limits: Sequence[float], *, what: str) -> str:
    """Return what the shades of the surface and the numbered circles mean, as HTML."""
    keys = []
    for step, low in enumerate(limits):
        high = f" up to {limits[step + 1]:,.3g}" if step + 1 < len(limits) else " or more"
        shade = kinds.BLUES[min(step + 1, len(kinds.BLUES) - 1)]
        keys.append(
            f'<span class="cm-key"><span class="cm-swatch" style="background-color:{shade}"></span><span>{low:,.3g}{high}</span></span>'
        )
    keys.append(
        f'<span class="cm-key"><span class="cm-swatch" style="border:2px solid {DENSE};border-radius:50%"></span>'
        "<span>circle with a number: dense place</span></span>"
    )
    return (
        '<div class="cm-legend" role="note" aria-label="What the colours mean"><span class="cm-key">'
        f"<b>{what} to the square kilometre</b></span>{''.join(keys)}</div>"
    )


def legend(*, clusters: int, month: bool) -> str:
    """Return what hatching and dashes mean, as HTML."""
    hatch = f"background:repeating-linear-gradient(135deg,{DARK} 0 1px,{kinds.WHITE} 1px 5px);border:2px solid {DARK}"
    parts = [
        f'<span class="cm-key"><span class="cm-swatch" style="{hatch}"></span><span>hatched, thick border: higher than chance explains</span></span>'
    ]
    if not month:
        dashed = f"border:2px dashed {CIRCLE};border-radius:50%"
        said = (
            "dashed circle: cluster that chance does not explain"
            if clusters
            else "no cluster that chance does not explain"
        )
        parts.append(
            f'<span class="cm-key"><span class="cm-swatch" style="{dashed}"></span><span>{said}</span></span>'
        )
    return (
        f'<div class="cm-legend" role="note" aria-label="What patterns and lines mean">{"".join(parts)}</div>'
    )


def funnel_chart(table: pd.DataFrame, *, chosen: str | None, repeat_factor: float) -> dict[str, Any] | None:
    """Return the funnel plot as a Vega-Lite specification with its data; None where no area has a rate.

    Parameters
    ----------
    table
        of one measure, as `geo.hotspot_table.build_hotspots` gives it.
    """
    shown = table[table["rate"].notna()]
    together = 1000 * shown["observed"].sum() / shown["population"].sum() if len(shown) else 0.0
    if not together > 0:
        return None
    sizes = pd.Series(
        np.linspace(max(shown["population"].min() * 0.9, 1), shown["population"].max() * 1.05, 60)
    )
    limits = funnel_limits(sizes, target=together, repeat_factor=repeat_factor)
    lines = [
        {"population": float(size), "rate": float(value), "line": name}
        for name, column in limits.items()
        for size, value in zip(sizes, column, strict=True)
    ]
    target = [{"population": float(size), "target": together} for size in sizes]
    points = [
        {
            "ward": str(row["area_name"])[:60],
            "population": float(row["population"]),
            "rate": round(float(row["rate"]), 1),
            "where": "outside the 99.8% limits"
            if "99.8" in str(row["funnel_position"])
            else "outside the 95% limits"
            if "95" in str(row["funnel_position"])
            else "within",
            "size": 160 if row["area_code"] == chosen else 55,
        }
        for row in shown.to_dict("records")
    ]
    axis_x = {
        "field": "population",
        "type": "quantitative",
        "title": "Children aged 10 to 17",
        "scale": {"zero": False},
    }
    axis_y = {"field": "rate", "type": "quantitative", "title": "Per 1,000"}
    where = ["within", "outside the 95% limits", "outside the 99.8% limits"]
    return {
        "description": "Funnel plot: the rate of each ward against its children, with the limits within which chance alone would leave it; the table has the same rates.",
        "height": 290,
        "config": kinds.DARK_WORDS,
        "layer": [
            {
                "data": {"values": lines},
                "mark": {"type": "line", "color": kinds.BORDER, "strokeWidth": 1.3},
                "encoding": {
                    "x": axis_x,
                    "y": axis_y,
                    "detail": {"field": "line", "type": "nominal"},
                    "strokeDash": {
                        "condition": {"test": "indexof(datum.line, '998') > 0", "value": [5, 4]},
                        "value": [1, 0],
                    },
                },
            },
            {
                "data": {"values": target},
                "mark": {"type": "line", "color": kinds.ORANGE, "strokeWidth": 1},
                "encoding": {"x": axis_x, "y": {**axis_y, "field": "target"}},
            },
            {
                "data": {"values": points},
                "mark": {
                    "type": "point",
                    "filled": True,
                    "opacity": 1,
                    "stroke": kinds.WHITE,
                    "strokeWidth": 0.5,
                },
                "encoding": {
                    "x": axis_x,
                    "y": axis_y,
                    "shape": {
                        "field": "where",
                        "type": "nominal",
                        "title": None,
                        "scale": {"domain": where, "range": ["circle", "triangle-up", "diamond"]},
                        "legend": {"orient": "bottom", "labelLimit": 300, "symbolSize": 110},
                    },
                    "color": {
                        "field": "where",
                        "type": "nominal",
                        "title": None,
                        "scale": {"domain": where, "range": [kinds.BLUES[4], kinds.ORANGE, kinds.INK]},
                        "legend": {"orient": "bottom", "labelLimit": 300, "symbolSize": 110},
                    },
                    "size": {"field": "size", "type": "quantitative", "scale": None, "legend": None},
                    "tooltip": [
                        {"field": "ward", "title": "Ward"},
                        {"field": "rate", "title": "Per 1,000"},
                        {"field": "population", "title": "Children"},
                    ],
                },
            },
        ],
    }
