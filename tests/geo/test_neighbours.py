from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from geo.boundaries import Boundaries, load_boundaries
from geo.neighbours import area_centres, build_neighbours


def boundaries(*boxes: tuple[float, float, float, float]) -> Boundaries:
    """Make areas A, B, ... from boxes (west, south, east, north) in metres."""
    codes = [chr(ord("A") + at) for at in range(len(boxes))]
    frame = pd.DataFrame({"code": pd.Series(codes, dtype="str")})
    return Boundaries(
        "ward", "WD25", "a.geojson", frame, np.array([shapely.box(*box) for box in boxes], dtype=object)
    )


def linked(graph: object) -> set[tuple[str, str]]:
    """List each pair of neighbours once."""
    pairs = graph.adjacency[graph.adjacency > 0].index  # type: ignore[attr-defined]
    return {(a, b) for a, b in pairs if a < b}


def test_areas_that_share_an_edge_or_a_corner_are_neighbours_and_an_island_has_none() -> None:
    found = build_neighbours(boundaries((0, 0, 10, 10), (10, 0, 20, 10), (10, 10, 20, 20), (50, 50, 60, 60)))

    assert linked(found) == {("A", "B"), ("A", "C"), ("B", "C")}
    assert found.isolates.tolist() == ["D"]
    assert found.unique_ids.tolist() == ["A", "B", "C", "D"]


def test_a_gap_is_bridged_only_where_asked_for() -> None:
    areas = boundaries((0, 0, 10, 10), (11, 0, 20, 10))

    assert linked(build_neighbours(areas)) == set()
    assert linked(build_neighbours(areas, gap=2)) == {("A", "B")}
    assert linked(build_neighbours(areas, gap=0.5)) == set()
    with pytest.raises(ValueError, match="cannot be -1 metres apart"):
        build_neighbours(areas, gap=-1)


def test_greater_manchester_is_in_one_piece(realdata: Path) -> None:
    wards, _ = load_boundaries(realdata / "wards/gm_wards_WD25.geojson")
    lsoas, _ = load_boundaries(realdata / "wards/gm_lsoa2021_super_generalised.geojson")
    assert wards is not None
    assert lsoas is not None

    # As many links, counted both ways, as shapely finds pairs of shapes that touch.
    for areas, links in ((wards, 1216), (lsoas, 10_110)):
        found = build_neighbours(areas)
        of, near = shapely.STRtree(areas.geometry).query(areas.geometry, predicate="intersects")
        assert found.n_edges == (of != near).sum() == links
        assert not len(found.isolates)


def test_the_middle_is_where_people_live_if_that_is_known() -> None:
    areas = boundaries((0, 0, 10, 10), (10, 0, 20, 10), (20, 0, 30, 10))
    points = pd.DataFrame(
        {"easting": [1, 5, 12, 99], "northing": [1, 9, 2, 99], "weight": [300, 100, 0, 50]},
        index=[4, 5, 6, 7],
    )

    expected = pd.DataFrame(
        {"easting": [2.0, 15.0, 25.0], "northing": [3.0, 5.0, 5.0], "weighted": [True, False, False]},
        index=pd.Index(["A", "B", "C"], name="area_code", dtype="str"),
    )
    pd.testing.assert_frame_equal(area_centres(areas, points=points), expected)
    assert area_centres(areas)["easting"].tolist() == [5.0, 15.0, 25.0]
