"""Maps for other tools, read back with geopandas (GDAL, which QGIS reads with)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import pytest

from geo.boundaries import Boundaries
from geo.files import read_geography
from geo.flows import Movements
from geo.layers import flow_layer, place_layer, save_geojson, save_geopackage, ward_layer

A, B, C = "E08000001", "E08000002", "E08000077"
HOSTILE = "=cmd()</name><script>\x00"


@pytest.fixture
def wards(folder: Callable[..., Path], squares: Callable[..., str]) -> Boundaries:
    squared = [("E05000001", 400000, 400000, 401000, 401000), ("E05000002", 401000, 400000, 402000, 401000)]
    files = {
        "a.geojson": squares(squared[:1], authority=A),
        "b.geojson": squares(squared[1:], authority=B),
    }
    found = read_geography(folder(files)).wards
    assert found is not None
    return found


def layers(wards: Boundaries) -> dict[str, geopandas.GeoDataFrame]:
    table = pd.DataFrame({"ward_code": ["E05000002", "E05000001"], "ward_name": [HOSTILE, "Alder"], "imd_decile": pd.array([None, 1], dtype="Int64"), "rate": [1.5, np.nan]})  # fmt: skip
    places = pd.DataFrame({"location_id": ["L1", "L2"], "name": [HOSTILE, "Lost"], "easting": [400500.0, np.nan], "northing": [400500.0, np.nan], "children": pd.array([3, None], dtype="Int64"), "last_seen": pd.to_datetime(["2024-05-01", None])})  # fmt: skip
    people = pd.DataFrame({"responsible": [A, C, C], "easting": [400100.0, 390000.0, 392000.0], "northing": [400100.0, 400000.0, 402000.0]})  # fmt: skip
    held = pd.DataFrame({"ward_code": ["E05000001", "E05000002"], "authority_code": [A, B]})
    movements = Movements(pd.DataFrame(), people, held, pd.Series({A: "Anyborough", B: "Otherborough"}), ())
    rows = [
        ("missing", A, B, "crossing", "", 3, 2),
        ("missing", C, B, "crossing", "", 1, 1),
        ("missing", A, "outside", "crossing", "", 1, 1),
        ("missing", A, A, "within", "", 9, 9),
    ]
    names = ["kind", "from_code", "to_code", "status", "why", "episodes", "children"]
    flows = pd.DataFrame(rows, columns=names).assign(first_on=pd.Timestamp("2024-01-02T10:00"))
    return {
        "wards": ward_layer(wards, table),
        "places": place_layer(places),
        "flows": flow_layer(flows, movements, wards),
    }


def rows(frame: geopandas.GeoDataFrame) -> list[dict[str, Any]]:
    plain = frame.drop(columns="geometry").astype(object)
    return plain.where(plain.notna(), None).to_dict("records")


EXPECTED: dict[str, list[dict[str, Any]]] = {
    "wards": [
        {"ward_code": "E05000001", "ward_name": "Alder", "imd_decile": 1, "rate": None},
        {"ward_code": "E05000002", "ward_name": "=cmd()</name><script>⟨U+0000⟩", "imd_decile": None, "rate": 1.5},
    ],
    "places": [{"location_id": "L1", "name": "=cmd()</name><script>⟨U+0000⟩", "children": 3, "last_seen": "2024-05-01"}],
    "flows": [
        {"kind": "missing", "from_code": A, "to_code": B, "episodes": 3, "children": 2, "first_on": "2024-01-02", "from_name": "Anyborough", "to_name": "Otherborough"},
        {"kind": "missing", "from_code": C, "to_code": B, "episodes": 1, "children": 1, "first_on": "2024-01-02", "from_name": None, "to_name": "Otherborough"},
    ],
}  # fmt: skip
SHAPES = {"wards": "MultiPolygon", "places": "Point", "flows": "LineString"}


def test_a_geopackage_reads_back_whole_in_national_grid(wards: Boundaries, tmp_path: Path) -> None:
    made = layers(wards)
    save_geopackage(made, tmp_path / "n.gpkg", written_on=date(2024, 5, 31))
    listed = dict(pyogrio.list_layers(tmp_path / "n.gpkg"))
    assert listed == SHAPES
    for name, frame in made.items():
        back = geopandas.read_file(tmp_path / "n.gpkg", layer=name)
        assert back.crs.to_epsg() == 27700
        assert rows(back) == EXPECTED[name]
        assert back.geometry.geom_equals(frame.geometry).all()


def test_geojson_reads_back_whole_in_degrees_with_a_layer_a_geometry_type(
    wards: Boundaries, tmp_path: Path
) -> None:
    made = layers(wards)
    save_geojson(made, tmp_path / "n.geojson")
    back = geopandas.read_file(tmp_path / "n.geojson")
    assert back.crs.to_epsg() == 4326
    written = json.loads((tmp_path / "n.geojson").read_text())
    assert set(written) == {"type", "features"}
    for name, frame in made.items():
        some = back[back["layer"] == name]
        assert set(some.geom_type) == {SHAPES[name]}
        held = [
            feature["properties"] for feature in written["features"] if feature["properties"]["layer"] == name
        ]
        assert held == [{"layer": name, **row} for row in EXPECTED[name]]
        apart = some.to_crs(27700).geometry.reset_index(drop=True).hausdorff_distance(frame.geometry)
        assert apart.max() < 0.05


def test_rings_run_as_rfc_7946_says(wards: Boundaries, tmp_path: Path) -> None:
    save_geojson(layers(wards), tmp_path / "n.geojson")
    back = geopandas.read_file(tmp_path / "n.geojson")
    areas = back[back["layer"] == "wards"].geometry
    assert all(part.exterior.is_ccw for shape in areas for part in shape.geoms)


def test_the_same_layers_give_the_same_bytes(wards: Boundaries, tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_geopackage(layers(wards), tmp_path / f"{name}.gpkg")
        save_geojson(layers(wards), tmp_path / f"{name}.geojson")
    for kind in ("gpkg", "geojson"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_layers_without_features_are_there_all_the_same(wards: Boundaries, tmp_path: Path) -> None:
    made = {name: frame.iloc[:0] for name, frame in layers(wards).items()}
    save_geopackage(made, tmp_path / "n.gpkg")
    assert dict(pyogrio.list_layers(tmp_path / "n.gpkg")) == SHAPES
    save_geojson(made, tmp_path / "n.geojson")
    assert json.loads((tmp_path / "n.geojson").read_text()) == {"type": "FeatureCollection", "features": []}


def test_greater_manchester_reads_back(realdata: Path, folder: Callable[..., Path], tmp_path: Path) -> None:
    """All 215 wards, each where geopandas puts the published file."""
    place = folder({}, realdata / "wards" / "gm_wards_WD25.geojson")
    found = read_geography(place).wards
    assert found is not None
    layer = ward_layer(found, pd.DataFrame({"ward_code": found.codes, "incidents": 1}))
    save_geopackage({"wards": layer}, tmp_path / "n.gpkg")
    back = geopandas.read_file(tmp_path / "n.gpkg", layer="wards").set_index("ward_code")
    published = (
        geopandas.read_file(realdata / "wards" / "gm_wards_WD25.geojson").to_crs(27700).set_index("WD25CD")
    )
    apart = back.geometry.centroid.distance(published.geometry.centroid.reindex(back.index))
    assert (len(back), bool((apart < 5).all())) == (215, True)
