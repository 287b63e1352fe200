"""Put together what is known of areas of one level: boundaries, names, children, middles and neighbours."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from geo.boundaries import Boundaries, points_to_areas
from geo.files import Geography
from geo.lookups import positions, ward_authorities
from geo.neighbours import area_centres, build_neighbours
from geo.population import lsoa_people, ward_population

if TYPE_CHECKING:
    from libpysal.graph import Graph

Level = Literal["ward", "lsoa"]

NO_WARDS = (
    "There are no ward boundaries: put an official boundary file into the geography folder of the case."
)
NO_LSOAS = "There are no LSOA boundaries: put an official boundary file of LSOAs into the geography folder, or ask for wards."
NO_CHILDREN = (
    "No file gives the population aged 10 to 17 by {level}: put a population estimate by single year of age into the "
    "geography folder. Rates, and what is higher than chance explains, cannot be worked out without it."
)


@dataclass(frozen=True, eq=False)
class Areas:
    """The wards or LSOAs that figures are of.

    Attributes
    ----------
    boundaries : in code order.
    table : on area_code: area_name (the code where the file has none), authority_code, upper_authority_code (None where not known) and population
        (children aged 10 to 17; missing where no file says).
    centres : on area_code: easting, northing, weighted; see `area_centres`.
    notes : which files were used, and what is missing.
    """

    boundaries: Boundaries
    table: pd.DataFrame
    centres: pd.DataFrame
    notes: list[str] = field(default_factory=list)

    @cached_property
    def neighbours(self) -> Graph:
        """Which areas touch."""
        return build_neighbours(self.boundaries)

    @cached_property
    def beside(self) -> dict[Hashable, list[Hashable]]:
        """The codes of the areas that each area touches; none for an island."""
        linked = self.neighbours.adjacency
        near = linked[linked != 0].index.to_frame(index=False).groupby("focal")["neighbor"].agg(list)
        return {code: near.get(code, []) for code in self.table.index}


def build_areas(geography: Geography | None, *, level: Level = "ward") -> Areas:
    """Put the areas of one level together from the files of a geography folder.

    Raises
    ------
    ValueError
        There are no boundaries of that level, or no population of children by that level.
    """
    places = geography or Geography()
    return _wards(places) if level == "ward" else _lsoas(places)


def _wards(geography: Geography) -> Areas:
    wards = geography.wards
    if wards is None or not len(wards):
        raise ValueError(NO_WARDS)
    found = ward_population(geography)
    if not found.children.notna().any():
        raise ValueError(NO_CHILDREN.format(level="ward"))
    authority, said = ward_authorities(geography)
    table = _table(wards, authority, found.children)
    centres, weighed = _centres(wards, geography)
    return Areas(
        wards, table, centres, [f"Children aged 10 to 17: {found.source}.", weighed, *found.notes, *said]
    )


def _lsoas(geography: Geography) -> Areas:
    """Take the latest vintage of LSOAs for which there is a population."""
    if not geography.lsoas:
        raise ValueError(NO_LSOAS)
    for vintage in sorted(geography.lsoas, reverse=True):
        for population in geography.of_kind("population", level="lsoa"):
            if population.vintage != vintage or not population.frame["children_10_17"].notna().any():
                continue
            areas = geography.lsoas[vintage]
            at = positions(areas.codes, population.frame["code"])
            children = population.frame["children_10_17"].astype("Float64").array.take(at, allow_fill=True)
            table = _table(areas, _authorities_of(areas, geography), pd.Series(children))
            centres, weighed = _centres(areas, geography)
            return Areas(
                areas, table, centres, [f"Children aged 10 to 17: {population.file} ({vintage}).", weighed]
            )
    raise ValueError(NO_CHILDREN.format(level="LSOA"))


def _table(areas: Boundaries, authority: pd.DataFrame, children: pd.Series[float]) -> pd.DataFrame:
    columns = {
        "area_name": areas.frame["name"].fillna(areas.codes).to_numpy(object),
        "authority_code": authority["authority_code"].to_numpy(object),
        "upper_authority_code": authority["upper_authority_code"].to_numpy(object),
        "population": children.to_numpy(dtype=float, na_value=np.nan),
    }
    return pd.DataFrame(columns, index=pd.Index(areas.codes, name="area_code"))


def _authorities_of(areas: Boundaries, geography: Geography) -> pd.DataFrame:
    """Return the authorities of LSOAs: as their file says, else those of the ward that the middle lies in."""
    frame = areas.frame[["authority_code", "upper_authority_code"]]
    if geography.wards is None or frame["authority_code"].notna().any():
        return frame
    authority, _ = ward_authorities(geography)
    middle = area_centres(areas)
    at = points_to_areas(middle["easting"], middle["northing"], geography.wards)
    return pd.DataFrame({name: authority[name].array.take(at, allow_fill=True) for name in frame.columns})


def _centres(areas: Boundaries, geography: Geography) -> tuple[pd.DataFrame, str]:
    """Find the middle of each area, by where people live as far as centroids and their people are known."""
    for centroids in geography.of_kind("centroids"):
        people = lsoa_people(geography, centroids.vintage)
        if people is None:
            continue
        points = centroids.frame.merge(people[0].set_axis(["lsoa_code", "weight"], axis=1), on="lsoa_code")
        centres = area_centres(areas, points=points)
        if (without := int((~centres["weighted"]).sum())) < len(centres):
            rest = f"; {without} without any take the middle of their shape" if without else ""
            return centres, f"The middle of an area is where its people live ({centroids.file}){rest}."
    return area_centres(areas), "The middle of an area is the middle of its shape."
