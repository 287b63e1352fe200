"""Say where what is counted lies thick: dense places with their children and wards, and the surface around them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from app import words
from app.hotspots import Counts
from app.text import markup, plain
from geo.areas import Areas
from geo.density import dense_places, kernel_density
from geo.measures import COUNTED, RESIDENTS, chosen_rows

LEAST = 6
"""Fewest that are called a dense place, and a hundredth of all where that is more: below 6 a place may tell on children."""
MOST = 20_000
"""Points beyond which dense places are not looked for: time grows with their square."""
CELLS = 70
"""Cells of the surface from one side of the map to the other; the bandwidth is three cells."""
CORNERS = ((-1, -1), (1, -1), (1, 1), (-1, 1))
STEPS = (0.05, 0.2, 0.4, 0.6, 0.8)
"""Where classes of the surface begin, as shares of the highest that the scale knows."""
PLACES = {
    "place": "int64",
    "counted": "int64",
    "children": "Int64",
    "spots": "int64",
    "first_day": "datetime64[us]",
    "last_day": "datetime64[us]",
    "easting": "float64",
    "northing": "float64",
    "radius": "float64",
    "area_codes": "str",
    "area_names": "str",
}
NO_POINTS = "{measure} are counted where children live or are known to live, which is no place to draw: dense places are of episodes and incidents."
HOMES = "Children mostly go missing from where they live, so dense places of episodes are for those who see people only."
TOO_MANY = "Dense places are not looked for among more than {most:,} points: choose a month."


@dataclass(frozen=True, eq=False)
class Dense:
    """Where a measure lies thick.

    Attributes
    ----------
    places : one row a place, most first, with the columns of `PLACES`.
    points : on and off the map: easting, northing of what was looked at.
    minimum : the fewest that were called a place.
    notes : what was left out, and why there is nothing.
    """

    places: pd.DataFrame
    points: pd.DataFrame
    minimum: int
    notes: tuple[str, ...]


def find_dense(
    counts: Counts,
    measure: str,
    *,
    month: str | None = None,
    minimum: int | None = None,
    sees_people: bool = True,
) -> Dense:
    """Find the dense places of a measure; see `geo.density.dense_places`.

    Parameters
    ----------
    measure : one of `geo.measures.MEASURES`; only episodes, children missing and incidents have places of their own.
    month : such as "2026-03"; by default everything up to the as-of date.
    minimum : fewest that make a place; by default `LEAST`, or a hundredth of all where that is more.
    """
    none = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in PLACES.items()})
    nothing = pd.DataFrame(columns=["easting", "northing"], dtype="float64")
    counted = COUNTED[measure.removesuffix(RESIDENTS)].counted
    if counted not in ("episode", "incident"):
        name = measure.removesuffix(RESIDENTS).replace("_", " ").capitalize()
        return Dense(none, nothing, minimum or LEAST, (NO_POINTS.format(measure=name),))
    if counted == "episode" and not sees_people:
        return Dense(none, nothing, minimum or LEAST, (HOMES,))
    rows, _ = chosen_rows(counts.occurrences, measure)
    if month is not None:
        rows = rows[rows["on"].dt.strftime("%Y-%m") == month]
    known = rows[rows["easting"].notna() & rows["northing"].notna()].reset_index(drop=True)
    least = minimum or max(LEAST, round(len(known) / 100))
    lost = len(rows) - len(known)
    notes = (
        [f"{words.number(lost)} of {words.number(len(rows))} have no place on record and are left out."]
        if lost
        else []
    )
    if len(known) > MOST:
        return Dense(none, known[["easting", "northing"]], least, (*notes, TOO_MANY.format(most=MOST)))
    found = dense_places(known, minimum=least, finest=True)
    table = _described(found.places, known, found.place, counts)
    if table.empty:
        one = len(known) > 1 and len(known[["easting", "northing"]].drop_duplicates()) == 1
        notes.append(
            f"All {words.number(len(known))} are at one spot, so none lie closer together than others."
            if one
            else f"No {least} of {words.number(len(known))} lie closer together than those around them."
        )
    return Dense(table, known[["easting", "northing"]], least, tuple(notes))


def _described(places: pd.DataFrame, rows: pd.DataFrame, place: pd.Series, counts: Counts) -> pd.DataFrame:
    """Add children, days, spots and wards to the dense places."""
    inside = rows[place.notna()].assign(place=place.dropna().astype("int64"))
    by_place = inside.groupby("place")
    table = places.set_index("place").rename(columns={"incidents": "counted"})
    table["children"] = _children(inside, counts).reindex(table.index)
    table["spots"] = inside.drop_duplicates(["place", "easting", "northing"]).groupby("place").size()
    table["first_day"], table["last_day"] = by_place["on"].min(), by_place["on"].max()
    codes = (
        inside.dropna(subset=["area_code"]).groupby(["place", "area_code"]).size().reset_index(name="there")
    )
    codes = codes.sort_values(["place", "there", "area_code"], ascending=[True, False, True])
    names = codes["area_code"].map(counts.areas.table["area_name"]).map(plain)
    for column, values in (("area_codes", codes["area_code"]), ("area_names", names)):
        table[column] = values.groupby(codes["place"]).agg("|".join).reindex(table.index)
    table[["area_codes", "area_names"]] = table[["area_codes", "area_names"]].fillna("")
    return table.rename_axis("place").reset_index()[[*PLACES]].astype(PLACES)


def _children(inside: pd.DataFrame, counts: Counts) -> pd.Series:
    """Count the different children of each place; missing where it is not known who took part."""
    if inside.empty:
        return pd.Series(dtype="Int64")
    if (inside["person"] >= 0).all():
        return inside.groupby("place")["person"].nunique().astype("Int64")
    if counts.taking is None:
        return pd.Series(dtype="Int64")
    rows = inside[["place", "event_id"]].merge(counts.taking, on="event_id")
    found = rows.groupby("place")["person"].nunique()
    return found.reindex(inside["place"].unique(), fill_value=0).astype("Int64")


@dataclass(frozen=True)
class Grid:
    """How a surface is drawn: the side of a cell and the bandwidth, in metres."""

    cell: float
    bandwidth: float


def grid_of(areas: Areas) -> Grid:
    """Choose cells that the eye can tell apart on a map of these areas: round numbers of 25 metres."""
    west, south, east, north = areas.boundaries.to_geopandas().total_bounds
    cell = max(25.0, round(max(east - west, north - south) / CELLS / 25) * 25.0)
    return Grid(cell, 3 * cell)


def surface(points: pd.DataFrame, areas: Areas) -> pd.DataFrame:
    """Spread points over the cells of the map; see `geo.density.kernel_density`."""
    grid = grid_of(areas)
    return kernel_density(points, bandwidth=grid.bandwidth, cell=grid.cell, within=areas.boundaries)


def steps(highest: float) -> list[float]:
    """Return where the classes of a surface begin, per square kilometre."""
    return [share * highest for share in STEPS]


def cells(found: pd.DataFrame, areas: Areas, *, highest: float) -> list[dict[str, Any]]:
    """Return the cells of a surface from its lowest class up: corners in longitude and latitude, and the class.

    Cells that reach out of the areas are drawn whole; those below the lowest class are left out.
    """
    import geopandas

    level = np.searchsorted(steps(highest), found["density"].to_numpy(dtype=float), side="right")
    kept = found[level > 0]
    half = grid_of(areas).cell / 2
    easting, northing = (kept[name].to_numpy(dtype=float) for name in ("easting", "northing"))
    corners = [(easting + across * half, northing + up * half) for across, up in CORNERS]
    points = geopandas.points_from_xy(*np.concatenate(corners, axis=1), crs=27700).to_crs(4326)
    at = np.column_stack([points.x, points.y]).round(5).reshape(len(CORNERS), len(kept), 2)
    stacked = at.swapaxes(0, 1).tolist()
    return [{"at": at, "level": int(step)} for at, step in zip(stacked, level[level > 0], strict=True)]


def place_lines(found: Dense, *, most: int = 6) -> list[str]:
    """Return the dense places with the most in sentences of HTML."""
    lines = []
    for row in found.places.head(most).to_dict("records"):
        where = markup(" and ".join(row["area_names"].split("|")[:2]) or "outside every ward", limit=80)
        children = (
            ""
            if pd.isna(row["children"])
            else f" of {words.count(int(row['children']), 'child', 'children')}"
        )
        spots = (
            "at one spot"
            if row["spots"] == 1
            else f"at {words.number(int(row['spots']))} spots within {row['radius']:,.0f} m of its middle"
        )
        lines.append(
            f'<div class="cm-row">Dense place {row["place"]}, {where}: <span class="cm-figure">{words.number(int(row["counted"]))}</span>'
            f"{children}, {spots}; {words.span(row['first_day'], row['last_day'])}</div>"
        )
    return lines


def place_rows(found: Dense) -> pd.DataFrame:
    """Return the dense places as the page lists them."""
    table = found.places
    names = (
        table["area_names"].str.split("|").map(lambda parts: words.listing([part for part in parts if part]))
    )
    return table.assign(
        wards=names,
        radius=table["radius"].round(),
        first_day=table["first_day"].dt.normalize(),
        last_day=table["last_day"].dt.normalize(),
    )


def limits_said(found: Dense, grid: Grid) -> Iterable[str]:
    """Return what to know of the picture."""
    yield (
        f"Each is spread over a circle of {grid.bandwidth:,.0f} m, in cells of {grid.cell:,.0f} m. Another circle gives another picture, and chance alone "
        "gives a picture too: it draws, it does not test."
    )
    yield f"A dense place holds {found.minimum} or more that lie closer together than what is around them, whatever number of children lives there."
    yield from found.notes
