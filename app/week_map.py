"""Draw a week of action: where harm was recorded, each visit, and what it reaches; no basemap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pydeck as pdk

from app import kinds, maps
from app.text import markup, short

CELL = 500
"""Metres: records are shown in squares of this size or larger, so that no record shows where somebody lives."""
MOST_CELLS = 4_000
"""Squares are doubled in width until there are no more: smaller ones would be specks on the screen, and slow to draw."""
REACHED, MISSED, CHOSEN = kinds.BLUE, kinds.LINE, kinds.ORANGE


def cells(concern: pd.DataFrame, met: Any) -> pd.DataFrame:
    """Return squares of the grid with what is recorded in each: easting, northing (lower left), side (metres), records, reached.

    Parameters
    ----------
    met : for each record whether the plan reaches it.
    """
    side = CELL
    while len((concern[["easting", "northing"]] // side).drop_duplicates()) > MOST_CELLS:
        side *= 2
    square = (concern[["easting", "northing"]] // side * side).astype("int64")
    table = square.assign(side=side, records=1, reached=np.asarray(met, dtype="int64"))
    return table.groupby(["easting", "northing", "side"], as_index=False)[["records", "reached"]].sum()


def met_records(concern: pd.DataFrame, visits: pd.DataFrame, *, reach: float, any_day: bool) -> Any:
    """Tell which records some visit reaches: near it, at its hours and on its weekday.

    Parameters
    ----------
    visits : easting, northing, day, starts, ends (hours from the midnight before).
    """
    met = np.zeros(len(concern), dtype=bool)
    hours = (concern["weekday"] * 24 + concern["hour"]).to_numpy()
    for row in visits.to_dict("records"):
        days = range(7) if any_day else [row["day"].weekday()]
        wanted = [(day * 24 + hour) % 168 for day in days for hour in range(row["starts"], row["ends"])]
        near = np.hypot(concern["easting"] - row["easting"], concern["northing"] - row["northing"]) <= reach
        met |= near.to_numpy() & np.isin(hours, wanted)
    return met


def deck(
    outline: Mapping[str, Any] | None,
    squares: pd.DataFrame,
    visits: pd.DataFrame,
    *,
    reach: float,
    chosen: str | None,
) -> pdk.Deck:
    """Return the map: wards in outline, squares shaded by what is recorded, a disc for what each visit reaches.

    Parameters
    ----------
    outline : from `app.maps.outlines`; None where there are no boundaries.
    squares : from `cells`.
    visits : visit_id, number, place_name, time, weekday, team, easting, northing, concern_alone.
    """
    layers = [_square_layer(squares), *_visit_layers(visits, reach, chosen)]
    if outline is None:
        bounds = _bounds(squares, visits)
        return pdk.Deck(
            layers=layers,
            initial_view_state=maps.view(bounds, maps.NARROWEST),
            map_provider=None,
            tooltip={"text": "{tip}"},
        )
    empty = pd.Series(np.nan, index=list(outline["wards"]))
    base = maps.deck(outline, empty, limits=[], measure="records", size=maps.NARROWEST)
    base.layers = [_ward_layer(outline), *layers]
    return base


def _ward_layer(outline: Mapping[str, Any]) -> pdk.Layer:
    features = [
        {
            "type": "Feature",
            "geometry": geometry,
            "properties": {"tip": short(outline["names"].get(code, code), limit=60)},
        }
        for code, geometry in outline["wards"].items()
    ]
    return maps.shapes_layer(
        "wards",
        features,
        filled=True,
        get_fill_color=[250, 250, 250, 255],
        get_line_color=[160, 168, 176, 255],
        get_line_width=0.8,
    )


def _square_layer(squares: pd.DataFrame) -> pdk.Layer:
    limits = maps.breaks(squares["records"])
    colours = maps.shades(squares["records"], limits)
    side = _side(squares)
    corners = [(0, 0), (side, 0), (side, side), (0, side)]
    lonlat = [
        _lonlat(squares["easting"].to_numpy() + east, squares["northing"].to_numpy() + north)
        for east, north in corners
    ]
    data = [
        {
            "ring": [[round(float(x[at]), 5), round(float(y[at]), 5)] for x, y in lonlat],
            "fill": kinds.rgb(colours.iloc[at], 230),
            "tip": f"{row['records']} recorded in this square of {side} m, {row['reached']} of them reached",
        }
        for at, row in enumerate(squares.to_dict("records"))
    ]
    return pdk.Layer(
        "PolygonLayer", data=data, id="records", pickable=True, stroked=False, filled=True, get_polygon="ring",
        get_fill_color="fill",
    )  # fmt: skip


def _side(squares: pd.DataFrame) -> int:
    """Return the width of the squares in metres."""
    return int(squares["side"].iloc[0]) if len(squares) else CELL


def _visit_layers(visits: pd.DataFrame, reach: float, chosen: str | None) -> list[pdk.Layer]:
    """Return a disc for each place and the numbers of its visits beside it."""
    x, y = _lonlat(visits["easting"].to_numpy(dtype=float), visits["northing"].to_numpy(dtype=float))
    table = visits.assign(at=[[round(float(a), 5), round(float(b), 5)] for a, b in zip(x, y, strict=True)])
    data, labels = [], []
    for _, held in table.groupby(["easting", "northing"], sort=True):
        picked = held[held["visit_id"] == chosen]
        first = (picked if len(picked) else held).iloc[0]
        numbers = ", ".join(str(number) for number in held["number"])
        tip = "\n".join(
            [
                short(first["place_name"], limit=60),
                *(
                    f"{row['number']}: {row['weekday']} {row['time']}, team {row['team']}, {row['concern_alone']} within reach"
                    for row in held.to_dict("records")
                ),
            ]
        )
        data.append(
            {
                "at": first["at"], "visit_id": first["visit_id"], "tip": tip,
                "line": kinds.rgb(CHOSEN if len(picked) else REACHED), "width": 4 if len(picked) else 2,
                "fill": kinds.rgb(CHOSEN if len(picked) else REACHED, 40),
            }
        )  # fmt: skip
        labels.append({"at": first["at"], "text": numbers})
    discs = pdk.Layer(
        "ScatterplotLayer", data=data, id="visits", pickable=True, get_position="at", get_radius=reach,
        radius_min_pixels=7, stroked=True, filled=True, get_fill_color="fill", get_line_color="line",
        get_line_width="width", line_width_units=pdk.types.String("pixels"),
    )  # fmt: skip
    names = pdk.Layer(
        "TextLayer", data=labels, id="numbers", pickable=False, get_position="at", get_text="text", get_size=13,
        get_color=[20, 28, 36, 255], background=True, get_background_color=[255, 255, 255, 225],
        background_padding=[3, 1, 3, 1], get_pixel_offset=[0, -14],
        font_family=pdk.types.String("Source Sans, sans-serif"), character_set=pdk.types.String("auto"),
    )  # fmt: skip
    return [discs, names]


def legend(squares: pd.DataFrame, *, reach: float) -> str:
    """Return what squares, discs and numbers mean, as HTML."""
    disc = f"border:2px solid {REACHED};border-radius:50%;background:{kinds.PALE_BLUE}40"
    said = f'<span class="cm-key"><span class="cm-swatch" style="{disc}"></span><span>what a visit reaches ({markup(f"{reach:g}")} m), with the numbers of the visits in the table</span></span>'
    shades = maps.legend(
        maps.breaks(squares["records"]),
        f"Records of concern in a square of {_side(squares)} m, at all hours",
        whole=True,
    )
    return f'{shades}<div class="cm-legend" role="note" aria-label="What the discs mean">{said}</div>'


def _bounds(squares: pd.DataFrame, visits: pd.DataFrame) -> list[float]:
    points = pd.concat([squares[["easting", "northing"]], visits[["easting", "northing"]]])
    if points.empty:
        return [-2.4, 53.4, -2.1, 53.6]
    x, y = _lonlat(
        points["easting"].agg(["min", "max"]).to_numpy(dtype=float),
        points["northing"].agg(["min", "max"]).to_numpy(dtype=float),
    )
    return [float(x[0]), float(y[0]), float(x[1]), float(y[1])]


def _lonlat(easting: Any, northing: Any) -> tuple[Any, Any]:
    import geopandas

    points = geopandas.GeoSeries.from_xy(easting, northing, crs=27700).to_crs(4326)
    return points.x.to_numpy(), points.y.to_numpy()
