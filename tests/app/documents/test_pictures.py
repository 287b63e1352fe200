from __future__ import annotations

import io

import geopandas as gpd
import numpy as np
import pandas as pd
from PIL import Image
from shapely import box

from app.documents import pictures

HOSTILE = "$\\frac{<b>}$ \u202e"
SHAPES = gpd.GeoDataFrame(
    {"code": ["W1", "W2", "W3"], "name": [HOSTILE, "Beech", "Cedar"]},
    geometry=[box(at * 1000, 0, at * 1000 + 1000, 1000) for at in range(3)],
    crs=27700,
)


def _colours(png: bytes) -> set[tuple[int, ...]]:
    with Image.open(io.BytesIO(png)) as image:
        assert image.width > 900
        return {pixel for _, pixel in image.convert("RGB").getcolors(image.width * image.height) or []}


def test_months_are_the_same_bytes_each_time() -> None:
    counts = pd.Series([3.0, np.nan, 5.0, 2.0], index=["2025-01", "2025-02", "2025-03", "2026-01"])
    first = pictures.months({"Missing episodes": counts}, {"Missing episodes": counts}, counted="number")
    assert first == pictures.months(
        {"Missing episodes": counts}, {"Missing episodes": counts}, counted="number"
    )
    assert (11, 83, 148) in _colours(first)  # the blue of the bars
    assert (180, 95, 6) in _colours(first)  # and the line of the year before


def test_wards_are_shaded_by_class_and_hatched_where_hidden() -> None:
    values = pd.Series({"W1": 9.0, "W2": 0.0})
    spots = pd.DataFrame({"easting": [500.0], "northing": [500.0], "kind": ["event"], "called": ["x"]})
    found = _colours(pictures.wards(SHAPES, {"All": values, "Without": values}, spots=spots))
    assert (8, 69, 148) in found  # the darkest of the seven blues


def test_a_map_without_any_number_is_drawn() -> None:
    assert _colours(pictures.wards(SHAPES, {"All": pd.Series(dtype=float)}))


def test_hours_bars_dates_and_networks_are_drawn() -> None:
    days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    hours = pd.DataFrame({"weekday": np.repeat(days, 24), "hour": np.tile(np.arange(24), 7), "weight": 1.0})
    assert _colours(pictures.week(hours))
    shares = pd.DataFrame({"children": [10.0, 5.0], "all": [6.0, 9.0]}, index=[1, 2])
    assert _colours(pictures.pairs_of_bars(shares, across="decile"))
    dated = pd.DataFrame({"events": [1, 0], "sightings": [2, 2]}, index=["2025-01", "2025-02"])
    assert _colours(pictures.dates(dated, counted="records"))
    nodes = pd.DataFrame({"id": ["a", "b"], "kind": ["child", "phone"], "name": [HOSTILE, "y"], "x": [0, 1], "y": [0, 1]})  # fmt: skip
    edges = pd.DataFrame({"source": ["a"], "target": ["b"], "harm": [1]})
    assert (180, 95, 6) in _colours(pictures.network(nodes, edges))
