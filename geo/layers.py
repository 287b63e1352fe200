"""Write maps for other tools: wards, places and flows as GeoPackage or GeoJSON, in a stated coordinate system."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from datetime import date
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geo.boundaries import Boundaries
from geo.flows import CROSSING, Movements
from mapping.text import xml_safe

if TYPE_CHECKING:
    import geopandas

GRID, DEGREES = 27700, 4326
"""British National Grid, of GeoPackages; WGS 84 longitude and latitude, of GeoJSON (RFC 7946)."""
PRECISION = 7
"""Decimals of a degree in GeoJSON: a centimetre."""
UNDATED = date(2000, 1, 1)
"""What a file that does not say when it was written says."""


def ward_layer(boundaries: Boundaries, wards: pd.DataFrame) -> geopandas.GeoDataFrame:
    """Return the wards with their measures, in British National Grid.

    Parameters
    ----------
    boundaries : of the wards.
    wards : one row a ward, ward_code and any other columns; see `geo.wards.COLUMNS`.
    """
    import geopandas

    shapes = pd.DataFrame(
        {"ward_code": boundaries.codes, "geometry": [_whole(each) for each in boundaries.geometry]}
    )
    table = wards.merge(shapes, on="ward_code").sort_values("ward_code", ignore_index=True)
    return geopandas.GeoDataFrame(
        _plain(table.drop(columns="geometry")), geometry=list(table["geometry"]), crs=GRID
    )


def _whole(shape: Any) -> Any:
    """Return a shape as one of several parts, so that all of a layer are of one type."""
    return shapely.MultiPolygon([shape]) if shape.geom_type == "Polygon" else shape


def place_layer(places: pd.DataFrame) -> geopandas.GeoDataFrame:
    """Return places as points in British National Grid; those without a place on the map are left out.

    Parameters
    ----------
    places : easting, northing and any other columns.
    """
    import geopandas

    known = places[places["easting"].notna() & places["northing"].notna()].reset_index(drop=True)
    points = shapely.points(known["easting"].astype(float), known["northing"].astype(float))
    return geopandas.GeoDataFrame(
        _plain(known.drop(columns=["easting", "northing"])), geometry=list(points), crs=GRID
    )


def flow_layer(flows: pd.DataFrame, movements: Movements, boundaries: Boundaries) -> geopandas.GeoDataFrame:
    """Return what crosses from one area to another as straight lines in British National Grid.

    A line begins and ends inside an area; that of an authority without wards on the map in the middle (median) of
    the homes of its children. Flows with an end that has no place are left out.

    Parameters
    ----------
    flows : from `geo.flows.flow_table`.
    """
    import geopandas

    crossing = flows[flows["status"] == CROSSING].reset_index(drop=True)
    where = _middles(movements, boundaries)
    drawn = crossing[crossing["from_code"].isin(list(where)) & crossing["to_code"].isin(list(where))]
    drawn = drawn.reset_index(drop=True)
    lines = [
        shapely.LineString([where[one], where[other]])
        for one, other in zip(drawn["from_code"], drawn["to_code"], strict=True)
    ]
    names = {f"{end}_name": drawn[f"{end}_code"].map(movements.names) for end in ("from", "to")}
    table = drawn.drop(columns=["status", "why"]).assign(**names)
    return geopandas.GeoDataFrame(_plain(table), geometry=lines, crs=GRID)


def _middles(movements: Movements, boundaries: Boundaries) -> dict[str, tuple[float, float]]:
    homes = movements.people[movements.people["responsible"].notna()].groupby("responsible")
    middle = homes[["easting", "northing"]].median().dropna()
    found: dict[str, tuple[float, float]] = {
        str(code): (float(row["easting"]), float(row["northing"])) for code, row in middle.iterrows()
    }
    codes = movements.wards["authority_code"].to_numpy(object)
    for code in sorted(movements.on_map):
        found[code] = _inside(shapely.union_all(boundaries.geometry[codes == code]))
    return found | {
        code: _inside(shape) for code, shape in zip(boundaries.codes, boundaries.geometry, strict=True)
    }


def _inside(shape: Any) -> tuple[float, float]:
    point = shapely.point_on_surface(shape)
    return float(point.x), float(point.y)


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with columns that every map format holds: whole numbers, numbers, text."""
    out = {}
    for name, column in table.items():
        if pd.api.types.is_datetime64_any_dtype(column):
            out[name] = column.dt.strftime("%Y-%m-%d").astype(object).where(column.notna(), None)
        elif pd.api.types.is_bool_dtype(column.dtype):
            out[name] = column.astype("boolean").astype("Int64")
        elif pd.api.types.is_integer_dtype(column.dtype):
            out[name] = column.astype("Int64")
        elif pd.api.types.is_float_dtype(column.dtype):
            out[name] = column.astype("float64")
        else:
            out[name] = pd.Series([None if pd.isna(value) else xml_safe(value) for value in column], index=column.index, dtype=object)  # fmt: skip
    return pd.DataFrame(out, index=table.index)


def save_geopackage(
    layers: Mapping[str, geopandas.GeoDataFrame], path: str | PathLike[str], *, written_on: date | None = None
) -> None:
    """Write layers as one GeoPackage in British National Grid (EPSG:27700), which QGIS opens.

    Parameters
    ----------
    layers : layer name to features; a layer without features is written too.
    written_on : the day the file says it was written on, so that the same input gives the same bytes.
    """
    import pyogrio

    day = f"{written_on or UNDATED}T00:00:00Z"
    with tempfile.TemporaryDirectory() as folder:
        partial = Path(folder) / "layers.gpkg"
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": day})
        try:
            for name, frame in layers.items():
                kind = {"wards": "MultiPolygon", "places": "Point", "flows": "LineString"}.get(name)
                pyogrio.write_dataframe(
                    frame, partial, layer=name, driver="GPKG", append=partial.exists(), geometry_type=kind
                )
        finally:
            pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
        Path(path).write_bytes(partial.read_bytes())


def save_geojson(layers: Mapping[str, geopandas.GeoDataFrame], path: str | PathLike[str]) -> None:
    """Write layers as one GeoJSON file in longitude and latitude (RFC 7946), each feature with the name of its layer.

    Wards are areas, places points and flows lines, so QGIS opens them as three layers.
    """
    features = []
    for name, frame in layers.items():
        if frame.empty:
            continue
        drawn = frame.to_crs(DEGREES)
        drawn["geometry"] = shapely.orient_polygons(drawn.geometry.to_numpy())
        for feature in drawn.iterfeatures(na="null", drop_id=True):
            feature["properties"] = {
                "layer": name,
                **{key: _native(value) for key, value in feature["properties"].items()},
            }
            feature["geometry"]["coordinates"] = _rounded(feature["geometry"]["coordinates"])
            features.append(feature)
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, default=str)
    Path(path).write_text(f"{text}\n", encoding="utf-8")


def _native(value: Any) -> Any:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _rounded(coordinates: Any) -> Any:
    if isinstance(coordinates, float | int):
        return round(float(coordinates), PRECISION)
    return [_rounded(part) for part in coordinates]
