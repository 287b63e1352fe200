"""Say which areas touch, and where the middle of each area is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geo.boundaries import Boundaries, points_to_areas

if TYPE_CHECKING:
    from libpysal.graph import Graph


def build_neighbours(boundaries: Boundaries, *, gap: float = 0.0) -> Graph:
    """Link the areas that share an edge or a corner (queen contiguity).

    Parameters
    ----------
    gap : metres. Areas that are drawn no further apart than this count as touching, for boundaries whose edges
        do not quite meet. 0 asks for a shared point.

    Returns
    -------
    A libpysal Graph on the area codes, ascending, each link with weight 1. An area that touches no other (an
    island) is in `.isolates`; nothing is invented to give it neighbours.

    Raises
    ------
    ValueError
        `gap` is negative.
    """
    import geopandas
    from libpysal.graph import Graph

    if gap < 0:
        msg = f"Areas cannot be {gap:g} metres apart. Give a gap of 0 or more."
        raise ValueError(msg)
    shapes = geopandas.GeoSeries(list(boundaries.geometry), index=boundaries.codes.to_list(), crs=27700)
    if gap:
        return Graph.build_fuzzy_contiguity(shapes, buffer=gap / 2)
    return Graph.build_contiguity(shapes, rook=False, strict=True)


def area_centres(boundaries: Boundaries, *, points: pd.DataFrame | None = None) -> pd.DataFrame:
    """Find the middle of each area, weighted by where people live if that is known.

    Parameters
    ----------
    points : easting, northing (British National Grid metres) and weight, for example the population-weighted
        centroids of LSOAs with their people. The middle of an area is the weighted mean of the points in it.

    Returns
    -------
    One row an area, indexed by code in code order: easting, northing, and `weighted`, which is False where the
    area holds no point with a weight, so that the middle of its shape had to do.
    """
    shape = shapely.centroid(boundaries.geometry)
    codes = pd.Index(boundaries.codes, name="area_code")
    centres = pd.DataFrame({"easting": shapely.get_x(shape), "northing": shapely.get_y(shape)}, index=codes)
    centres["weighted"] = False
    if points is None:
        return centres
    inside = points_to_areas(points["easting"], points["northing"], boundaries)
    weight = np.where(inside >= 0, points["weight"].to_numpy(dtype=float, na_value=0.0), 0.0)
    known = weight > 0
    size = len(boundaries)
    total = np.bincount(inside[known], weight[known], minlength=size)
    found = total > 0
    for axis in ("easting", "northing"):
        moment = np.bincount(
            inside[known], (weight * points[axis].to_numpy(dtype=float))[known], minlength=size
        )
        centres.loc[found, axis] = moment[found] / total[found]
    centres["weighted"] = found
    return centres
