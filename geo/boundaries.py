"""Hold the boundaries of areas in British National Grid and find the area each point lies in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.columns import UNKNOWN, Column, choose, code_level, recognise, vintage, year_in_name
from geo.grid import Floats, geometry_to_grid

if TYPE_CHECKING:
    import geopandas

Positions = npt.NDArray[np.int64]

ATTRIBUTES = ("name", "authority_code", "authority_name", "upper_authority_code")
ROLE_OF = {
    "authority_code": "authority_code",
    "authority_name": "authority_name",
    "upper_authority_code": "upper_authority_code",
}
# Two files may draw the same area at different detail; beyond this share of it they differ.
SAME_AREA = 0.02


@dataclass(frozen=True, eq=False)
class Boundaries:
    """Areas of one level and vintage, in code order.

    Attributes
    ----------
    level : "ward" or "lsoa".
    vintage : for example "WD25", or "unknown vintage" where no column says.
    file : the names of the files they were read from.
    frame : one row an area, sorted by code: code, name, authority_code, authority_name,
        upper_authority_code (None where the file does not say).
    geometry : array of shapely polygons in British National Grid (EPSG:27700), in the same order.
    hint : the vintage that the file name suggests, used only where nothing else says.
    """

    level: str
    vintage: str
    file: str
    frame: pd.DataFrame
    geometry: npt.NDArray[Any]
    hint: str = UNKNOWN

    @property
    def codes(self) -> pd.Series[str]:
        """The area codes, ascending."""
        return self.frame["code"]

    def __len__(self) -> int:
        """Count the areas."""
        return len(self.frame)

    def to_geopandas(self, *, crs: int = 27700) -> geopandas.GeoDataFrame:
        """Return the areas as a GeoDataFrame with `geometry` in EPSG:`crs` (4326 for longitude and latitude)."""
        import geopandas

        return geopandas.GeoDataFrame(self.frame.copy(), geometry=list(self.geometry), crs=27700).to_crs(crs)


def boundary_layers(path: Path) -> list[str | None]:
    """List the layers of a boundary file that have shapes; a GeoPackage may hold several.

    Raises
    ------
    ValueError
        The file cannot be read.
    """
    if path.suffix.lower() != ".gpkg":
        return [None]
    import pyogrio

    try:
        return [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    except Exception as error:  # GDAL raises many kinds
        msg = f"{path.name} cannot be read as a boundary file: {_first_line(error)}"
        raise ValueError(msg) from None


def load_boundaries(path: Path, *, layer: str | None = None) -> tuple[Boundaries | None, list[str]]:
    """Read one layer of a GeoJSON, GeoPackage or Shapefile as it is published, in any CRS.

    Returns
    -------
    boundaries : None where no column holds ward or LSOA codes, or the shapes are not areas.
    notes : sentences on what was put right or left out.

    Raises
    ------
    ValueError
        The file cannot be read, has no shapes, or names no coordinate reference system that can be told.
    """
    from pyogrio import raw  # imports geopandas: only where a boundary file is read

    try:
        info, _, wkb, fields = raw.read(path, layer=layer, force_2d=True)
    except Exception as error:  # GDAL raises many kinds
        msg = f"{path.name} cannot be read as a boundary file: {_first_line(error)}"
        raise ValueError(msg) from None
    if wkb is None or not len(wkb):
        msg = f"{path.name} has no shapes in it. Download it again."
        raise ValueError(msg)
    columns = recognise(info["fields"])
    values = {name: _text(field) for name, field in zip(info["fields"], fields, strict=True)}
    code = _code_column(columns, values)
    geometry = np.asarray(shapely.from_wkb(wkb), dtype=object)
    if code is None or not np.isin(shapely.get_type_id(geometry), (3, 6)).any():
        return None, [f"{path.name} was not recognised: no column holds ward or LSOA codes of areas."]
    level = code_level(next((value for value in values[code.name] if value), "")) or code.role.split("_")[0]
    hint = vintage(level, year_in_name(path.stem, "wd|wards?" if level == "ward" else "lsoa"))
    named = {"code": values[code.name]}
    for attribute in ATTRIBUTES:
        role = ROLE_OF.get(attribute, f"{code.role.removesuffix('_code')}_name")
        column = choose(columns, role)
        named[attribute] = values[column.name] if column else np.full(len(wkb), None)
    frame = pd.DataFrame(named)
    shapes = geometry_to_grid(geometry, info["crs"], file=path.name)
    area = Boundaries(level, vintage(level, code.year), path.name, frame, shapes, hint)
    return _cleaned(area)


def merge_boundaries(first: Boundaries, second: Boundaries) -> tuple[Boundaries, list[str]]:
    """Put two files of boundaries of the same level together: what either covers, each area once.

    Raises
    ------
    ValueError
        The same code is drawn differently in the two files, or they are of different vintages (unless
        every code of the one is in the other: then the later vintage, or the known one, is taken whole).
    """
    shared = np.intersect1d(first.codes, second.codes)
    if first.vintage != second.vintage:
        return _of_two_vintages(first, second, len(shared))
    of_first, of_second = (np.searchsorted(part.codes, shared) for part in (first, second))
    one, other = first.geometry[of_first], second.geometry[of_second]
    differs = shapely.area(shapely.symmetric_difference(one, other)) > SAME_AREA * shapely.area(one)
    if differs.any():
        msg = (
            f"{first.file} and {second.file} draw {differs.sum()} areas differently, {shared[differs][0]} for one. "
            f"Keep one of the two files."
        )
        raise ValueError(msg)
    fresh = ~second.codes.isin(shared).to_numpy()
    frame = pd.concat([first.frame, second.frame[fresh]], ignore_index=True)
    geometry = np.concatenate([first.geometry, second.geometry[fresh]])
    files = f"{first.file}, {second.file}" if fresh.any() else first.file
    notes = []
    if len(shared):
        notes.append(
            f"{first.file} and {second.file} both hold {len(shared)} areas of {first.vintage}; they are used once."
        )
    return _sorted(replace(first, file=files, frame=frame, geometry=geometry)), notes


def points_to_areas(easting: npt.ArrayLike, northing: npt.ArrayLike, boundaries: Boundaries) -> Positions:
    """Find the area each point lies in.

    A point on an edge that areas share belongs to the one with the lowest code, so that every point has
    one area at most whatever the order of rows. Points are put into a grid of cells first, so that each
    area is compared only with points near it: some two million points a second on 4,200 wards.

    Parameters
    ----------
    easting, northing : British National Grid metres; what is not a number lies nowhere.

    Returns
    -------
    One position in `boundaries.frame` a point; -1 where the point lies in no area.
    """
    x, y = np.asarray(easting, dtype=float), np.asarray(northing, dtype=float)
    found = np.full(len(x), -1, dtype=np.int64)
    if not len(boundaries) or not len(x):
        return found
    west, south, east, north = shapely.total_bounds(boundaries.geometry)
    with np.errstate(invalid="ignore"):
        near = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
    if not len(near):
        return found
    point, area = _candidates(x[near], y[near], boundaries.geometry, (west, south, east, north))
    shapely.prepare(boundaries.geometry)
    starts = np.searchsorted(area, np.arange(len(boundaries) + 1))
    for position in range(len(boundaries) - 1, -1, -1):  # downwards, so that the lowest code is written last
        some = near[point[starts[position] : starts[position + 1]]]
        if len(some):
            inside = shapely.intersects_xy(boundaries.geometry[position], x[some], y[some])
            found[some[inside]] = position
    return found


def _candidates(
    x: Floats, y: Floats, geometry: npt.NDArray[Any], bounds: tuple[float, ...]
) -> tuple[Positions, Positions]:
    """Pair each point with the areas that touch its cell of a grid; returns point and area positions, by area."""
    west, south, east, north = bounds
    side = int(np.clip(np.sqrt(len(x) / 16), 1, 256))
    width, height = max(east - west, 1.0) / side, max(north - south, 1.0) / side
    column = np.minimum(((x - west) / width).astype(np.int64), side - 1)
    row = np.minimum(((y - south) / height).astype(np.int64), side - 1)
    cell = column * side + row
    order = np.argsort(cell, kind="stable")
    starts = np.flatnonzero(np.diff(cell[order], prepend=-1))
    cells, counts = cell[order][starts], np.diff(starts, append=len(order))
    left, bottom = west + (cells // side) * width, south + (cells % side) * height
    margin = 0.001  # a millimetre, so that rounding cannot put a point outside its cell
    boxes = shapely.box(left - margin, bottom - margin, left + width + margin, bottom + height + margin)
    of_cell, of_area = shapely.STRtree(geometry).query(boxes, predicate="intersects")
    by_area = np.argsort(of_area, kind="stable")
    of_cell, of_area = of_cell[by_area], of_area[by_area]
    lengths = counts[of_cell]
    first = np.repeat(starts[of_cell] - (np.cumsum(lengths) - lengths), lengths)
    return order[first + np.arange(lengths.sum())], np.repeat(of_area, lengths)


def _of_two_vintages(first: Boundaries, second: Boundaries, shared: int) -> tuple[Boundaries, list[str]]:
    older, newer = sorted((first, second), key=lambda part: (part.vintage != UNKNOWN, part.vintage))
    if shared == len(older) == len(newer):
        return newer, [
            f"{older.file} ({older.vintage}) holds the same areas as {newer.file} ({newer.vintage}), which is used."
        ]
    if UNKNOWN in (first.vintage, second.vintage) and not shared:
        return merge_boundaries(replace(older, vintage=newer.vintage), newer)
    msg = (
        f"There are {first.level} boundaries of two vintages: {first.file} ({first.vintage}, {len(first)} areas) and "
        f"{second.file} ({second.vintage}, {len(second)} areas), with {shared} codes in both. "
        f"Keep the one the records are to be shown on."
    )
    raise ValueError(msg)


def _cleaned(area: Boundaries) -> tuple[Boundaries, list[str]]:
    """Leave out features without a code or shape, put invalid shapes right, join areas in several features."""
    notes = []
    geometry, code = area.geometry, area.codes.fillna("").to_numpy()
    kept = (code != "") & ~shapely.is_missing(geometry) & ~shapely.is_empty(geometry)
    if not kept.all():
        notes.append(f"{area.file}: {(~kept).sum()} features without a code or a shape were left out.")
    frame, geometry = area.frame[kept].reset_index(drop=True), geometry[kept]
    wrong = ~shapely.is_valid(geometry)
    if wrong.any():
        geometry[wrong] = shapely.make_valid(geometry[wrong])
        notes.append(f"{area.file}: {wrong.sum()} shapes that cross themselves were put right.")
    if frame["code"].duplicated().any():
        notes.append(f"{area.file}: areas drawn in several features were joined by their code.")
        parts = frame.groupby("code", sort=True).indices
        geometry = np.array([shapely.union_all(geometry[rows]) for rows in parts.values()], dtype=object)
        frame = frame.drop_duplicates("code").sort_values("code", ignore_index=True)
    return _sorted(replace(area, frame=frame, geometry=geometry)), notes


def _sorted(area: Boundaries) -> Boundaries:
    order = area.codes.argsort(kind="stable").to_numpy()
    return replace(area, frame=area.frame.iloc[order].reset_index(drop=True), geometry=area.geometry[order])


def _code_column(columns: list[Column], values: dict[str, npt.NDArray[Any]]) -> Column | None:
    """Choose the column of codes: the smaller areas where both are there, `area_code` where its values tell."""
    for role in ("lsoa_code", "ward_code"):
        column = choose(columns, role)
        if column:
            return column
    column = choose(columns, "area_code")
    if column and code_level(next((value for value in values[column.name] if value), "")):
        return column
    return None


def _text(field: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a field's values as stripped text, None where empty."""
    texts = ["" if value is None else str(value).strip() for value in field]
    return np.array([text or None for text in texts], dtype=object)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
