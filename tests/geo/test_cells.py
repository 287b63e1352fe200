from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import KDTree

from geo.boundaries import points_to_areas
from geo.cells import build_cells
from geo.files import read_geography
from geo.neighbours import build_neighbours
from geo.tables import OpenTable

Folder = Callable[..., Path]
Write = Callable[..., str]
WARDS = [("E05000001", 0, 0, 1000, 1000), ("E05000002", 1000, 0, 2000, 1000)]
POINTS = "LSOA21CD,x,y\nE01000001,250,500\nE01000002,750,500\nE01000003,1250,500\nE01000004,1750,500\nE01000009,9000,500\n"


def table(points: list[tuple[float, float]]) -> OpenTable:
    codes = [f"E0100{at:04}" for at in range(len(points))]
    frame = pd.DataFrame(points, columns=["easting", "northing"]).assign(lsoa_code=codes)
    return OpenTable("centroids", "points.csv", "LSOA21", frame)


def test_each_lsoa_has_the_ground_nearest_to_it_within_the_wards(folder: Folder, squares: Write) -> None:
    places = read_geography(folder({"w.geojson": squares(WARDS), "c.csv": POINTS}))

    cells = build_cells(places.of_kind("centroids")[0], wards=places.wards)

    assert (cells.level, cells.vintage, cells.file) == ("lsoa", "LSOA21", "c.csv")
    assert cells.codes.tolist() == ["E01000001", "E01000002", "E01000003", "E01000004"]
    assert shapely.area(cells.geometry).tolist() == [500_000.0] * 4
    assert points_to_areas([10, 510, 1400, 1990, 2010], [10, 990, 500, 1, 1], cells).tolist() == [
        0,
        1,
        2,
        3,
        -1,
    ]
    near = build_neighbours(cells)
    assert [near[code].index.tolist() for code in ("E01000001", "E01000002")] == [
        ["E01000002"],
        ["E01000001", "E01000003"],
    ]


def test_without_wards_the_ground_ends_a_kilometre_out(folder: Folder) -> None:
    cells = build_cells(table([(0.0, 0.0), (1000.0, 0.0)]))
    assert shapely.total_bounds(cells.geometry).round().tolist() == [-1000.0, -1000.0, 2000.0, 1000.0]


def test_of_equal_centroids_the_lowest_code_has_the_ground() -> None:
    cells = build_cells(table([(0.0, 0.0), (0.0, 0.0), (1000.0, 0.0)]))
    assert cells.codes.tolist() == ["E01000000", "E01000002"]
    assert build_cells(table([(5.0, 5.0)])).codes.tolist() == ["E01000000"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=2, max_size=30, unique=True))
def test_every_point_is_in_the_cell_of_the_nearest_centroid(points: list[tuple[int, int]]) -> None:
    cells = build_cells(table([(float(x), float(y)) for x, y in points]))
    asked = np.random.default_rng(len(points)).uniform(0, 5000, (200, 2))
    at = points_to_areas(asked[:, 0], asked[:, 1], cells)
    apart, nearest = KDTree(np.array(points, dtype=float)).query(asked, k=2)
    inside = (at >= 0) & (apart[:, 1] - apart[:, 0] > 1e-6)
    assert (at[inside] == nearest[inside, 0]).all()
    whole = shapely.convex_hull(shapely.multipoints(np.array(points, dtype=float))).buffer(1000)
    assert shapely.area(cells.geometry).sum() == pytest.approx(whole.area)
