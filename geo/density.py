"""Draw where incidents lie thick: a smooth surface on a grid, and the dense places themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.boundaries import Boundaries, points_to_areas

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Kernel = Literal["epanechnikov", "quartic"]

# Each kernel is SCALE x (1 - (distance / bandwidth)^2)^POWER / (pi x bandwidth^2): 1 in all over its circle.
SCALE = {"epanechnikov": 2.0, "quartic": 3.0}
POWER = {"epanechnikov": 1, "quartic": 2}
SQUARE_KM = 1_000_000.0
# How many pairs of a cell and an incident are held at a time.
PAIRS = 5_000_000


@dataclass(frozen=True, eq=False)
class DensePlaces:
    """Where incidents lie denser than around.

    Attributes
    ----------
    places : one row a place, most incidents first: place (1, 2, ...), incidents, easting, northing (the middle: medians,
        metres), radius (metres from there to the furthest incident).
    place : on the index of the incidents, the number of the place each is in; missing for those in none.
    minimum : the fewest incidents that were called a place.
    """

    places: pd.DataFrame
    place: pd.Series[Any]
    minimum: int


def kernel_density(
    incidents: pd.DataFrame,
    *,
    bandwidth: float,
    cell: float = 100.0,
    kernel: Kernel = "quartic",
    within: Boundaries | None = None,
) -> pd.DataFrame:
    """Spread each incident over the circle around it and add up, cell by cell.

    Exact, without approximation; scikit-learn's KernelDensity gives the same for the Epanechnikov kernel, and takes a
    hundred times as long on a grid, since both kernels end at the bandwidth. The bandwidth decides what is seen more
    than anything else does: say it beside every picture. A surface is a picture and no test: it shows something for any
    scatter of points.

    Parameters
    ----------
    incidents : easting and northing in metres; those that lack one are left out.
    bandwidth : metres at which an incident stops counting.
    cell : side of a square cell in metres. Cells lie on whole multiples of it, so that two surfaces can be laid on
        each other.
    kernel : "quartic", as is usual in crime mapping, or "epanechnikov".
    within : the areas that the data covers. Cells with their middle outside are left out.

    Returns
    -------
    One row a cell that an incident reaches, from the south-west northwards: easting, northing (its middle), density
    (incidents per square kilometre) and edge_share, how much of the circle around the cell lies in the areas the data
    covers (1 is all of it; missing without `within`). Nothing is known of what happens beyond the edge: where the
    share is below 1 the density is too low by about that factor, and it is left so.

    Raises
    ------
    ValueError
        The bandwidth is not wider than a cell, or the cell has no size.
    """
    if not 0 < cell < bandwidth:
        msg = f"The bandwidth is {bandwidth:g} metres and a cell {cell:g}. Give cells smaller than the bandwidth."
        raise ValueError(msg)
    known = incidents[["easting", "northing"]].astype("float64").dropna().to_numpy()
    points, counts = np.unique(known, axis=0, return_counts=True)
    if not len(points):
        return pd.DataFrame(columns=["easting", "northing", "density", "edge_share"], dtype="float64")
    column, row, density = _added_up(points, counts.astype(np.float64), bandwidth, cell, kernel)
    table = pd.DataFrame({"easting": (column + 0.5) * cell, "northing": (row + 0.5) * cell})
    table["density"] = density * SQUARE_KM
    table["edge_share"] = np.nan
    if within is not None:
        inside, table["edge_share"] = _edge(column, row, bandwidth, cell, kernel, within)
        table = table[inside]
    return table.reset_index(drop=True)


def dense_places(incidents: pd.DataFrame, *, minimum: int, finest: bool = False) -> DensePlaces:
    """Find places where incidents lie denser than around, of any shape, without saying how dense.

    HDBSCAN (Campello, Moulavi and Sander 2013, Advances in Knowledge Discovery and Data Mining, 160-172), through
    scikit-learn. Like any way of grouping points it finds something in points scattered by chance too, and takes no
    account of how many people are there: use it to draw what a test has found, not in its place. Points that were
    snapped to the same spot make places by themselves. Time grows with the square of the number of incidents: a second
    for 10,000, a minute or so for 90,000.

    Parameters
    ----------
    incidents : easting and northing in metres; those that lack one are in no place.
    minimum : the fewest incidents that make a place, and the number over which density is judged.
    finest : take the smallest dense places there are, the leaves of the tree of places within places, and not those that
        last longest as the density that is asked for rises; a whole town can be one of the latter.

    Raises
    ------
    ValueError
        `minimum` is below 2.
    """
    if minimum < 2:
        msg = f"The fewest incidents that make a place are {minimum}. Give at least 2; below 6 a place may tell on people."
        raise ValueError(msg)
    from sklearn.cluster import HDBSCAN

    label = pd.Series(pd.NA, index=incidents.index, dtype="Int64")
    known = np.flatnonzero(incidents[["easting", "northing"]].notna().all(axis=1))
    place = incidents[["easting", "northing"]].iloc[known].to_numpy(dtype=np.float64)
    order = np.lexsort((place[:, 1], place[:, 0]))
    known, place = known[order], place[order]
    if len(place) < minimum:
        return DensePlaces(_places(place, np.full(len(place), -1, dtype=np.int64))[0], label, minimum)
    how = "leaf" if finest else "eom"
    found = HDBSCAN(min_cluster_size=minimum, cluster_selection_method=how, copy=True).fit_predict(place)
    found = found.astype(np.int64)
    places, number = _places(place, found)
    label.iloc[known[number > 0]] = number[number > 0]
    return DensePlaces(places, label, minimum)


def _added_up(
    points: Floats, counts: Floats, bandwidth: float, cell: float, kernel: Kernel
) -> tuple[Ints, Ints, Floats]:
    """Return column, row and density of every cell that some point may reach, by column and then row."""
    reach = int(np.ceil(bandwidth / cell)) + 1
    step = np.arange(-reach, reach + 1)
    across, up = (part.ravel() for part in np.meshgrid(step, step, indexing="ij"))
    home = np.floor(points / cell).astype(np.int64)
    corner = home.min(axis=0) - reach
    wide, tall = (int(side) for side in home.max(axis=0) - corner + reach + 1)
    surface = np.zeros(wide * tall)
    size = max(1, PAIRS // len(across))
    for start in range(0, len(points), size):
        block = slice(start, start + size)
        column, row = home[block, :1] + across, home[block, 1:] + up
        square = ((column + 0.5) * cell - points[block, :1]) ** 2 + (
            (row + 0.5) * cell - points[block, 1:]
        ) ** 2
        weight = counts[block, None] * _weight(square, bandwidth, kernel)
        at = (column - corner[0]) * tall + row - corner[1]
        surface += np.bincount(at.ravel(), weight.ravel(), minlength=len(surface))
    reached = np.flatnonzero(surface > 0)
    return reached // tall + corner[0], reached % tall + corner[1], surface[reached]


def _weight(square: Floats, bandwidth: float, kernel: Kernel) -> Floats:
    """Return the height of the kernel at the square of a distance, per square metre."""
    left = np.clip(1 - square / bandwidth**2, 0, None)
    return np.asarray(SCALE[kernel] * left ** POWER[kernel] / (np.pi * bandwidth**2))


def _edge(
    column: Ints, row: Ints, bandwidth: float, cell: float, kernel: Kernel, within: Boundaries
) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Say which cells lie in the areas, and how much of the kernel around each does, cell by cell."""
    from scipy.signal import fftconvolve

    reach = int(np.ceil(bandwidth / cell)) + 1
    west, south = column.min() - reach, row.min() - reach
    wide, tall = int(column.max() - west) + reach + 1, int(row.max() - south) + reach + 1
    easting = np.repeat((np.arange(wide) + west + 0.5) * cell, tall)
    northing = np.tile((np.arange(tall) + south + 0.5) * cell, wide)
    covered = (points_to_areas(easting, northing, within) >= 0).reshape(wide, tall)
    step = (np.arange(-reach, reach + 1) * cell) ** 2
    window = _weight((step[:, None] + step[None, :]).astype(np.float64), bandwidth, kernel)
    share = fftconvolve(covered.astype(np.float64), window / window.sum(), mode="same")
    at = column - west, row - south
    return covered[at], np.clip(share[at].round(6), 0, 1)


def _places(place: Floats, found: Ints) -> tuple[pd.DataFrame, Ints]:
    """Number the places by how many incidents they hold, then from the west; 0 is none."""
    rows = []
    for label in range(int(found.max(initial=-1)) + 1):
        inside = place[found == label]
        middle = np.median(inside, axis=0)
        radius = float(np.hypot(*(inside - middle).T).max())
        rows.append((len(inside), float(middle[0]), float(middle[1]), radius, label))
    rows.sort(key=lambda each: (-each[0], *each[1:]))
    number = np.zeros(len(rows) + 1, dtype=np.int64)  # its last, reached by -1, stays 0
    for at, each in enumerate(rows, start=1):
        number[each[-1]] = at
    columns = ["incidents", "easting", "northing", "radius"]
    table = pd.DataFrame([each[:-1] for each in rows], columns=columns)
    table.insert(0, "place", np.arange(1, len(rows) + 1))
    return table.astype({"incidents": "int64"}), number[found]
