"""Draw hotspots: hatching over wards higher than chance, dashed circles around clusters, the funnel beside."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pydeck as pdk
import shapely

from app import kinds
from geo.areas import Areas
from geo.funnel import funnel_limits

DARK, CIRCLE, CHOSEN = "#1f2933", "#b45f06", "#e8b70c"
LINES = 70
"""Hatching lines from one side of the map to the other."""
DASHES = 36
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
    return [
        _lines("hotspots", [outline["wards"][code] for code in codes], DARK, 2.6),
        _lines("hatching", hatched, DARK, 1.1),
        _lines("chosen", [outline["wards"][chosen]] if chosen in outline["wards"] else [], CHOSEN, 4.5),
        _lines("clusters", [{"type": "LineString", "coordinates": part} for part in circles], CIRCLE, 2.4),
    ]


def _lines(name: str, shapes: list[dict[str, Any]], colour: str, width: float) -> pdk.Layer:
    features = [{"type": "Feature", "geometry": shape, "properties": {}} for shape in shapes]
    return pdk.Layer(
        "GeoJsonLayer",
        data={"type": "FeatureCollection", "features": features},
        id=name,
        pickable=False,
        stroked=True,
        filled=False,
        get_line_color=kinds.rgb(colour),
        get_line_width=width,
        line_width_units=pdk.types.String("pixels"),
    )


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


def legend(*, clusters: int, month: bool) -> str:
    """Return what hatching and dashes mean, as HTML."""
    hatch = (
        f"background:repeating-linear-gradient(135deg,{DARK} 0 1px,#ffffff 1px 5px);border:2px solid {DARK}"
    )
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
        "layer": [
            {
                "data": {"values": lines},
                "mark": {"type": "line", "color": "#78828c", "strokeWidth": 1.3},
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
                "mark": {"type": "line", "color": "#b45f06", "strokeWidth": 1},
                "encoding": {"x": axis_x, "y": {**axis_y, "field": "target"}},
            },
            {
                "data": {"values": points},
                "mark": {
                    "type": "point",
                    "filled": True,
                    "opacity": 1,
                    "stroke": "#ffffff",
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
                        "scale": {"domain": where, "range": ["#4292c6", "#b45f06", "#1f2933"]},
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
