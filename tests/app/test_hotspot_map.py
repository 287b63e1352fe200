"""What is drawn over the map of hotspots."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from app import hotspot_map
from geo.areas import Areas, build_areas
from geo.files import read_geography
from geo.grid import lonlat_to_grid

SQUARES = {
    "A": {"type": "Polygon", "coordinates": [[[-2.4, 53.5], [-2.3, 53.5], [-2.3, 53.6], [-2.4, 53.6], [-2.4, 53.5]]]},
    "B": {"type": "Polygon", "coordinates": [[[-2.3, 53.5], [-2.2, 53.5], [-2.2, 53.6], [-2.3, 53.6], [-2.3, 53.5]]]},
}  # fmt: skip
OUTLINE = {"wards": SQUARES, "bounds": [-2.4, 53.5, -2.2, 53.6]}


def test_hatching_stays_inside_each_ward_and_slants_by_45_degrees() -> None:
    (drawn,) = hotspot_map.hatching({"A": SQUARES["A"]}, OUTLINE["bounds"])
    lines = shapely.geometry.shape(drawn)
    ward = shapely.geometry.shape(SQUARES["A"])
    assert ward.buffer(1e-9).contains(lines)
    start, end = np.asarray(max(lines.geoms, key=lambda part: part.length).coords)[[0, -1]]
    east, north = (end - start) * [math.cos(math.radians(53.55)), 1]
    assert north / east == pytest.approx(1, rel=1e-6)
    # A fifth of the ward's width apart at most, so that it reads as a pattern.
    assert len(lines.geoms) == 51


def test_layers_name_hotspots_clusters_and_the_chosen_ward() -> None:
    dash = [[-2.3, 53.5], [-2.29, 53.51]]
    layers = hotspot_map.hotspot_layers(OUTLINE, ["B", "elsewhere"], [dash], chosen="A")
    assert [(layer.id, len(layer.data["features"])) for layer in layers] == [
        ("under_hotspots", 1),
        ("under_hatching", 1),
        ("hotspots", 1),
        ("hatching", 1),
        ("chosen", 1),
        ("clusters", 1),
    ]
    assert layers[5].data["features"][0]["geometry"] == {"type": "LineString", "coordinates": dash}
    assert not any(layer.pickable for layer in layers)


@pytest.fixture
def areas(tmp_path: Path, square_wards: Callable[..., str]) -> Areas:
    (tmp_path / "w.geojson").write_text(square_wards())
    (tmp_path / "p.csv").write_text("WD25CD,children_10_17\nE05000001,100\nE05000002,200\n")
    return build_areas(read_geography(tmp_path))


@pytest.fixture
def square_wards() -> Callable[..., str]:
    def write() -> str:
        features = [
            {
                "type": "Feature",
                "properties": {"WD25CD": f"E0500000{at}", "WD25NM": f"Ward {at}"},
                "geometry": shapely.geometry.mapping(
                    shapely.box(379000 + 1000 * at, 405000, 380000 + 1000 * at, 406000)
                ),
            }
            for at in (1, 2)
        ]
        crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::27700"}}
        return json.dumps({"type": "FeatureCollection", "crs": crs, "features": features})

    return write


def test_a_circle_goes_around_the_middle_and_only_where_chance_does_not_explain_it(areas: Areas) -> None:
    clusters = pd.DataFrame(
        {"centre": ["E05000001", "E05000002"], "radius": [2000.0, 0.0], "p_value": [0.01, 0.2]}
    )
    drawn = hotspot_map.dashes(clusters, areas)
    assert len(drawn) == hotspot_map.DASHES
    points = np.array([point for dash in drawn for point in dash])
    east, north = lonlat_to_grid(points[:, 0], points[:, 1])
    distance = np.hypot(east - 380500, north - 405500)
    assert distance == pytest.approx(2120, abs=5)
    # Around a single area it is as large as that area.
    alone = hotspot_map.dashes(clusters.assign(p_value=[0.2, 0.01]), areas)
    east, north = lonlat_to_grid(*np.array(alone[0][0])[:, None])
    assert math.hypot(east[0] - 381500, north[0] - 405500) == pytest.approx(
        1.06 * math.sqrt(1e6 / math.pi), abs=5
    )
    assert hotspot_map.dashes(clusters.assign(p_value=0.5), areas) == []


def test_the_funnel_tells_what_is_outside_by_shape_as_well_as_colour() -> None:
    table = pd.DataFrame(
        {
            "area_code": ["A", "B", "C"],
            "area_name": ["One", "Two", "Three"],
            "population": [100.0, 200.0, 0.0],
            "rate": [50.0, 10.0, np.nan],
            "observed": [5.0, 2.0, 0.0],
            "funnel_position": ["above 99.8%", "within", None],
        }
    )
    chart: Any = hotspot_map.funnel_chart(table, chosen="B", repeat_factor=1.0)
    assert chart["layer"][2]["data"]["values"] == [
        {"ward": "One", "population": 100.0, "rate": 50.0, "where": "outside the 99.8% limits", "size": 55},
        {"ward": "Two", "population": 200.0, "rate": 10.0, "where": "within", "size": 160},
    ]
    assert {"shape", "color"} <= set(chart["layer"][2]["encoding"])
    assert hotspot_map.funnel_chart(table.assign(rate=np.nan), chosen=None, repeat_factor=1.0) is None
    assert hotspot_map.funnel_chart(table.assign(observed=0.0), chosen=None, repeat_factor=1.0) is None
