"""Convert coordinates to British National Grid metres, offline and the same on every machine."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]

BNG = 27700
# Easting and northing that Great Britain and its waters can have; used where a file does not say its CRS.
BNG_LIMITS = (-100_000.0, -100_000.0, 800_000.0, 1_400_000.0)
LONLAT_LIMITS = (-11.0, 48.0, 4.0, 62.0)
# WGS84 to OSGB36 by the seven-parameter shift (EPSG:1314 turned round), accurate to about 2 m. Written out,
# because the library would otherwise use a finer grid shift on machines that happen to have that file.
PIPELINE = (
    "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=push +v_3 "
    "+step +proj=cart +ellps=WGS84 "
    "+step +inv +proj=helmert +x=446.448 +y=-125.157 +z=542.06 +rx=0.15 +ry=0.247 +rz=0.842 +s=-20.489 "
    "+convention=position_vector +step +inv +proj=cart +ellps=airy +step +proj=pop +v_3 "
    "+step +proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=airy"
)


def lonlat_to_grid(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
    """Convert WGS84 longitude and latitude (degrees) to easting and northing (metres).

    Accurate to about 2 m (seven-parameter shift). What is not a number stays so.
    """
    import pyproj  # 0.1 s to import, and not needed where everything is in national grid already

    longitude, latitude = np.asarray(longitude, float), np.asarray(latitude, float)
    known = np.isfinite(longitude) & np.isfinite(latitude)
    easting, northing = np.full(longitude.shape, np.nan), np.full(longitude.shape, np.nan)
    if known.any():
        shift = pyproj.Transformer.from_pipeline(PIPELINE)
        easting[known], northing[known] = shift.transform(longitude[known], latitude[known])
    return easting, northing


def geometry_to_grid(geometry: npt.NDArray[Any], crs: str | None, *, file: str) -> npt.NDArray[Any]:
    """Convert shapes in any coordinate reference system to British National Grid.

    Parameters
    ----------
    geometry : array of shapely geometries.
    crs : what the file says (an authority code or WKT), or None where it says nothing: the numbers
        themselves then tell national grid metres from degrees.
    file : named in the error.

    Raises
    ------
    ValueError
        The file names no system and its numbers are neither national grid metres nor degrees of Britain.
    """
    kind = _kind(crs) if crs else _kind_by_numbers(geometry, file)
    if kind == "grid":
        return geometry
    if kind == "lonlat":
        return _transformed(geometry, lonlat_to_grid)
    import pyproj

    shift = pyproj.Transformer.from_crs(crs, BNG, always_xy=True)
    return _transformed(geometry, shift.transform)


def _kind(crs: str) -> str:
    """Tell national grid ("grid") and WGS84 degrees ("lonlat") from every other system ("other")."""
    if crs.upper() == f"EPSG:{BNG}":
        return "grid"
    if crs.upper() in {"EPSG:4326", "OGC:CRS84"}:
        return "lonlat"
    import pyproj

    system = pyproj.CRS.from_user_input(crs)
    code = system.to_epsg(min_confidence=20)
    if code == BNG or "british national grid" in system.name.lower().replace("_", " "):
        return "grid"
    return "lonlat" if code == 4326 or system.name.upper().startswith("WGS 84 (CRS84)") else "other"


def _kind_by_numbers(geometry: npt.NDArray[Any], file: str) -> str:
    west, south, east, north = shapely.total_bounds(geometry)
    for kind, (left, bottom, right, top) in {"lonlat": LONLAT_LIMITS, "grid": BNG_LIMITS}.items():
        if left <= west and bottom <= south and east <= right and north <= top:
            return kind
    msg = (
        f"{file} does not say its coordinate reference system, and its coordinates ({west:.0f}, {south:.0f} to "
        f"{east:.0f}, {north:.0f}) are neither British National Grid metres nor degrees in Britain. "
        f"Save it with its system named (for a shapefile, keep the .prj beside it)."
    )
    raise ValueError(msg)


def _transformed(geometry: npt.NDArray[Any], shift: Any) -> npt.NDArray[Any]:
    moved = shapely.transform(geometry, lambda xy: np.column_stack(shift(xy[:, 0], xy[:, 1])))
    return np.asarray(moved, dtype=object)
