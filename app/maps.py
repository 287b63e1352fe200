"""Draw wards: any measure as shades of one colour, deprivation as a band, no basemap."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pydeck as pdk

from app import kinds
from app.text import markup, plain, short

NAMED, MOST_NAMED = 6, 12
"""Wards named on the map: the chosen one, what is hatched (no more than the second), and where the measure is highest."""
CROWDED = 60
"""Wards beyond which bands are thinner and names smaller, so that shades and hatching are still seen."""
NAME_WIDTH, NAME_HEIGHT = 7, 20
"""Pixels of a letter of a name across, and of a name from top to bottom."""
NARROWEST = (600, 520)
"""Pixels a map is drawn in at the least, so that nothing is cut off where the page is shown twice as large."""

CUTS = (0.0, 0.25, 0.5, 0.75, 0.9)
"""Where classes begin: the highest tenth has a shade of its own."""


def breaks(values: pd.Series, *, cuts: Sequence[float] = CUTS) -> list[float]:
    """Return rising class limits: the lower end of each class after the first.

    Quantiles of the values above zero, rounded to what can be read; zero has
    a class of its own. Fewer where the values do not tell so many apart.
    """
    known = values.dropna()
    above = known[known > 0]
    if above.empty:
        return []
    limits = above.quantile(list(cuts)).to_list()
    whole = bool((above == above.round()).all())
    rounded = [_rounded(cut, whole=whole) for cut in limits]
    out = [min(rounded[0], float(above.min()))]
    for cut in rounded[1:]:
        if cut > out[-1]:
            out.append(cut)
    return out


def _rounded(value: float, *, whole: bool) -> float:
    if value <= 0:
        return 0.0
    size = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(math.ceil(value)) if whole and value < 10 else float(round(value / size) * size)


def shades(values: pd.Series, limits: Sequence[float]) -> pd.Series:
    """Return the colour of each value: white where not known, else a shade by class."""
    colours = _palette(len(limits) + 1)
    place = np.searchsorted(
        np.asarray(limits, dtype=float), values.fillna(0).to_numpy(dtype=float), side="right"
    )
    found = pd.Series(
        [colours[min(int(step), len(colours) - 1)] for step in place], index=values.index, dtype=object
    )
    return found.mask(values.isna(), kinds.NO_DATA)


def _palette(classes: int) -> list[str]:
    if classes <= 1:
        return [kinds.BLUES[0]]
    steps = np.linspace(0, len(kinds.BLUES) - 1, classes).round().astype(int)
    return [kinds.BLUES[step] for step in steps]


def legend(
    limits: Sequence[float],
    measure: str,
    *,
    deciles: bool = False,
    unknown: bool = False,
    whole: bool = False,
) -> str:
    """Return the legend in HTML: what each shade, the band and white mean; `whole` as in `ranges`."""
    colours = _palette(len(limits) + 1)
    said = ["0", *ranges(limits, whole=whole)]
    parts = [_swatch(colour, words) for colour, words in zip(colours, said, strict=False)]
    if unknown:
        parts.append(_swatch(kinds.NO_DATA, "not known"))
    band = ""
    if deciles:
        few = [
            _swatch(kinds.DECILES[decile - 1], words)
            for decile, words in (
                (1, "1, most deprived tenth of England"),
                (5, "5"),
                (10, "10, least deprived"),
            )
        ]
        band = f'<div class="cm-legend"><span class="cm-key"><b>Band inside the border: deprivation decile</b></span>{"".join(few)}</div>'
    return f'<div class="cm-legend" role="note" aria-label="What the colours mean"><span class="cm-key"><b>{markup(measure)}</b></span>{"".join(parts)}</div>{band}'


def ranges(limits: Sequence[float], *, whole: bool = False) -> list[str]:
    """Return in words what each class holds: from one limit up to the next, or more; of whole numbers, from the first to the last."""
    if not limits:
        return []
    between = [
        _class(low, high, whole=whole and float(low).is_integer() and float(high).is_integer())
        for low, high in itertools.pairwise(limits)
    ]
    return [*between, f"{limits[-1]:,.10g} or more"]


def _class(low: float, high: float, *, whole: bool) -> str:
    if not whole:
        return f"{low:,.10g} up to {high:,.10g}"
    return f"{low:,.10g}" if high == low + 1 else f"{low:,.10g} to {high - 1:,.10g}"


def in_words(
    outline: Mapping[str, Any],
    values: pd.Series,
    measure: str,
    *,
    hatched: Iterable[str] = (),
    table: str = "the table below has the same numbers",
) -> str:
    """Return what a map of a measure shows, for who does not see it: where it is highest, and what is hatched."""

    def called(codes: Iterable[str]) -> list[str]:
        return [short(plain(outline["names"].get(code, code)), limit=60) for code in codes]

    above = values[values > 0].sort_index().sort_values(ascending=False, kind="stable")
    top = called(above.index[:3])
    parts = [f"Map of {len(outline['wards'])} wards", f"{short(measure, limit=120)}"]
    if top:
        parts.append(f"highest in {', '.join(top)}")
    if over := called(sorted(hatched)):
        rest = f" and {len(over) - MOST_NAMED} more" if len(over) > MOST_NAMED else ""
        parts.append(f"hatched as higher than chance explains: {', '.join(over[:MOST_NAMED])}{rest}")
    return "; ".join([*parts, table])


def _swatch(colour: str, words: str) -> str:
    return f'<span class="cm-key"><span class="cm-swatch" style="background-color:{colour}"></span><span>{markup(words)}</span></span>'


def outlines(shapes: Any, *, tolerance_m: float | None = None) -> dict[str, Any]:
    """Return what the map draws of ward boundaries, worked out once a case.

    Parameters
    ----------
    shapes
        geopandas.GeoDataFrame with ward_code, ward_name and polygons in
        British National Grid (EPSG:27700).
    tolerance_m
        how far a simplified border may stray, in metres; by default a
        five-hundredth of the width of the map.

    Returns
    -------
    dict
        wards: ward_code to GeoJSON geometry in longitude and latitude; bands:
        the same, drawn in from the border; points: ward_code to a point
        inside; names; bounds (west, south, east, north).
    """
    west, south, east, north = shapes.total_bounds
    width = max(east - west, north - south, 1.0)
    simple = shapes.copy()
    simple["geometry"] = shapes.geometry.simplify(tolerance_m or width / 1500)
    inset = width / 220
    bands = simple.copy()
    bands["geometry"] = [
        polygon.buffer(-min(inset, math.sqrt(max(polygon.area, 1.0)) / 12)) for polygon in simple.geometry
    ]
    points = simple.copy()
    points["geometry"] = simple.geometry.representative_point()
    return {
        "wards": _geometries(simple),
        "bands": _geometries(bands[~bands.geometry.is_empty]),
        "points": {
            code: [round(point.x, 5), round(point.y, 5)]
            for code, point in zip(points["ward_code"], points.to_crs(4326).geometry, strict=True)
        },
        "names": dict(zip(simple["ward_code"].astype(str), simple["ward_name"].astype(str), strict=True)),
        "bounds": [float(value) for value in simple.to_crs(4326).total_bounds],
    }


def _geometries(shapes: Any) -> dict[str, Any]:
    drawn = shapes.to_crs(4326)
    drawn["geometry"] = drawn.geometry.set_precision(1e-5)
    features = json.loads(drawn[["ward_code", "geometry"]].to_json())["features"]
    return {feature["properties"]["ward_code"]: feature["geometry"] for feature in features}


def deck(
    outline: Mapping[str, Any],
    values: pd.Series,
    *,
    limits: Sequence[float],
    measure: str,
    deciles: pd.Series | None = None,
    chosen: str | None = None,
    hatched: Iterable[str] = (),
    around: Iterable[Sequence[float]] = (),
    size: tuple[int, int] = NARROWEST,
) -> pdk.Deck:
    """Return the map of a measure by ward.

    Parameters
    ----------
    outline
        from `outlines`.
    values, deciles
        on ward_code; deciles are 1 (most deprived) to 10.
    limits
        class limits from `breaks`: the same limits give the same scale.
    hatched
        codes of wards that are higher than chance explains: named first, and said so where one points at them.
    around
        points in longitude and latitude that the view holds besides the wards.
    """
    colours = shades(values, limits)
    over = set(hatched)
    known = values.to_dict()
    features = [
        {
            "type": "Feature",
            "id": code,
            "geometry": geometry,
            "properties": {
                "ward_code": code,
                "tip": _tip(
                    outline["names"].get(code, code),
                    known.get(code),
                    measure,
                    None if deciles is None else deciles.get(code),
                    over=code in over,
                ),
                "fill": kinds.rgb(colours.get(code, kinds.NO_DATA)),
                "line": [31, 41, 51, 255] if code == chosen else [120, 130, 140, 255],
                "width": 3.5 if code == chosen else 0.8,
            },
        }
        for code, geometry in outline["wards"].items()
    ]
    features.sort(key=lambda feature: feature["properties"]["ward_code"] == chosen)
    layers = [
        shapes_layer(
            "wards",
            features,
            pickable=True,
            filled=True,
            get_fill_color="properties.fill",
            get_line_color="properties.line",
            get_line_width="properties.width",
        )
    ]
    if deciles is not None:
        layers.append(_band_layer(outline, deciles))
    layers += _name_layers(outline, values, chosen, over)
    return pdk.Deck(
        layers=layers,
        initial_view_state=view(_holding(outline["bounds"], around), size),
        map_provider=None,
        tooltip={"text": "{tip}"},
    )


def _holding(bounds: Sequence[float], points: Iterable[Sequence[float]]) -> list[float]:
    """Return bounds that hold these points too."""
    west, south, east, north = bounds
    across, up = zip(*points, strict=True) if (points := [*points]) else ((), ())
    return [min([west, *across]), min([south, *up]), max([east, *across]), max([north, *up])]


def _tip(name: str, value: Any, measure: str, decile: Any, *, over: bool) -> str:
    said = "not known" if value is None or pd.isna(value) else f"{value:,.6g}"
    parts = [short(name, limit=60), f"{measure}: {said}"]
    if decile is not None and not pd.isna(decile):
        parts.append(f"deprivation decile: {int(decile)}")
    if over:
        parts.append("hatched: higher than chance explains")
    return "\n".join(parts)


def _band_layer(outline: Mapping[str, Any], deciles: pd.Series) -> pdk.Layer:
    known = deciles.dropna().astype(int).clip(1, 10).to_dict()
    features = [
        {
            "type": "Feature",
            "geometry": geometry,
            "properties": {"line": kinds.rgb(kinds.DECILES[known[code] - 1])},
        }
        for code, geometry in outline["bands"].items()
        if code in known
    ]
    width = 3 if len(outline["wards"]) <= CROWDED else 1.4
    return shapes_layer("deciles", features, get_line_color="properties.line", get_line_width=width)


def shapes_layer(
    name: str,
    features: Sequence[Mapping[str, Any]],
    *,
    pickable: bool = False,
    filled: bool = False,
    **drawn: Any,
) -> pdk.Layer:
    """Return GeoJSON features as a layer with lines as wide as so many pixels; `drawn` is what deck.gl takes besides."""
    return pdk.Layer(
        "GeoJsonLayer",
        data={"type": "FeatureCollection", "features": list(features)},
        id=name,
        pickable=pickable,
        stroked=True,
        filled=filled,
        line_width_units=pdk.types.String("pixels"),
        **drawn,
    )


def line_layer(
    name: str, geometries: Sequence[Mapping[str, Any]], colour: str, width: float, **drawn: Any
) -> pdk.Layer:
    """Return GeoJSON geometries as a layer of lines in one colour and width (pixels)."""
    features = [{"type": "Feature", "geometry": shape, "properties": {}} for shape in geometries]
    return shapes_layer(name, features, get_line_color=kinds.rgb(colour), get_line_width=width, **drawn)


def _name_layers(
    outline: Mapping[str, Any], values: pd.Series, chosen: str | None, hatched: set[str]
) -> list[pdk.Layer]:
    ranked = values.sort_index().sort_values(ascending=False, kind="stable")
    first = [str(code) for code in ranked.index if code in hatched]
    rest = [str(code) for code in ranked[ranked > 0].head(4 * NAMED).index]
    most = max(NAMED, min(len(first), MOST_NAMED))
    named = _apart([*([str(chosen)] if chosen is not None else []), *first, *rest], outline, most)
    data = [{"at": outline["points"][code], "text": _named(outline, code)} for code in named]
    return [names_layer(data, size=14 if len(outline["wards"]) <= CROWDED else 12)]


def names_layer(data: Sequence[Mapping[str, Any]], *, size: int = 14) -> pdk.Layer:
    """Return names on the map, letters as high as so many pixels: each has "at", longitude and latitude, and "text"."""
    return pdk.Layer(
        "TextLayer",
        data=list(data),
        id="names",
        get_position="at",
        get_text="text",
        get_size=size,
        get_color=[20, 28, 36, 255],
        background=True,
        get_background_color=[255, 255, 255, 215],
        background_padding=[4, 2, 4, 2],
        font_family=pdk.types.String("Source Sans, sans-serif"),
        character_set=pdk.types.String("auto"),
    )


def _apart(codes: Iterable[str], outline: Mapping[str, Any], most: int) -> list[str]:
    """Return the first of these wards whose names do not lie on each other, no more than `most`."""
    bounds = outline["bounds"]
    wide = 512 * 2 ** view(bounds, NARROWEST).zoom / 360
    high = wide / math.cos(math.radians((bounds[1] + bounds[3]) / 2))
    kept: dict[str, tuple[float, float, float]] = {}
    for code in dict.fromkeys(codes):
        if code not in outline["points"] or len(kept) >= most:
            continue
        x, y = outline["points"][code]
        half = (NAME_WIDTH * len(_named(outline, code)) + 8) / 2
        if all(
            abs(x - a) * wide > half + other or abs(y - b) * high > NAME_HEIGHT
            for a, b, other in kept.values()
        ):
            kept[code] = (x, y, half)
    return [*kept]


def _named(outline: Mapping[str, Any], code: str) -> str:
    return short(plain(outline["names"].get(code, code)), limit=28)


def view(bounds: Sequence[float], size: tuple[int, int]) -> pdk.ViewState:
    """Return the view that shows all of west, south, east and north in a picture of so many pixels."""
    west, south, east, north = bounds
    across = math.log2(size[0] * 360 / 512 / max(east - west, 1e-6))
    upright = math.log2(
        size[1] * 360 / 512 * math.cos(math.radians((south + north) / 2)) / max(north - south, 1e-6)
    )
    return pdk.ViewState(
        longitude=(west + east) / 2,
        latitude=(south + north) / 2,
        zoom=min(across, upright) - 0.12,
        min_zoom=5,
        max_zoom=15,
    )
