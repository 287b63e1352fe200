"""Put together what is known of areas of one level: boundaries, names, children, middles and neighbours."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from geo.boundaries import Boundaries, points_to_areas
from geo.cells import build_cells
from geo.deprivation import Deprivation, build_deprivation, lsoa_deciles
from geo.files import Geography
from geo.lookups import ward_authorities
from geo.neighbours import area_centres, build_neighbours
from geo.population import Population, lsoa_people, lsoa_population, no_ages, ward_population

if TYPE_CHECKING:
    from libpysal.graph import Graph

Level = Literal["ward", "lsoa"]

NO_WARDS = (
    "There are no ward boundaries: put an official boundary file into the geography folder of the case."
)
NO_LSOAS = (
    "There are no LSOA boundaries, nor population-weighted centroids of LSOAs: put an official file of either into the "
    "geography folder, or ask for wards."
)
NO_CHILDREN = (
    "No file gives the population aged 10 to 17 by {level}: put a population estimate by single year of age into the "
    "geography folder. Rates, and what is higher than chance explains, cannot be worked out without it."
)
CELLS = (
    "There are no LSOA boundaries: each LSOA is the ground nearer to its population-weighted centroid ({file}) than to "
    "any other, so that what is near an edge may count next door."
)


@dataclass(frozen=True, eq=False)
class Areas:
    """The wards or LSOAs that figures are of.

    Attributes
    ----------
    boundaries : in code order. Of LSOAs they may stand for the ground nearest to each centroid; see `build_cells`.
    table : on area_code: area_name (the code where the file has none), authority_code, upper_authority_code (None where
        not known), population (children aged 10 to 17; missing where no file says) and imd_decile (missing likewise).
    centres : on area_code: easting, northing, weighted; see `area_centres`.
    notes : which files were used, and what is missing.
    ages : children by area, a column a sex and year of age; see `Population.ages`.
    population_source : which file the children are from, of which year, and by which way they reach these areas.
    imd_edition : the edition of the deciles and the LSOAs it is published on; "" where no file gives any.
    """

    boundaries: Boundaries
    table: pd.DataFrame
    centres: pd.DataFrame
    notes: list[str] = field(default_factory=list)
    ages: pd.DataFrame = field(default_factory=no_ages)
    population_source: str = ""
    imd_edition: str = ""

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
    centres, weighed = _centres(wards, geography)
    deprivation = build_deprivation(geography)
    decile = deprivation.wards["imd_decile"]
    notes = [weighed, *found.notes, *said]
    return _put_together(wards, authority, found, centres, deprivation, decile, notes)


def _lsoas(geography: Geography) -> Areas:
    """Take the latest vintage of LSOAs that can be reached by a population: drawn ones first, else by centroids."""
    centroids = geography.of_kind("centroids")
    drawn = [geography.lsoas[vintage] for vintage in sorted(geography.lsoas, reverse=True)]
    if not drawn and not centroids:
        raise ValueError(NO_LSOAS)
    for areas in drawn or (build_cells(table, wards=geography.wards) for table in centroids):
        found = lsoa_population(geography, areas) if len(areas) else None
        if found is None:
            continue
        said = [] if drawn else [CELLS.format(file=areas.file)]
        centres, weighed = _lsoa_centres(areas, geography)
        deprivation = build_deprivation(geography)
        decile = lsoa_deciles(areas.codes, deprivation)
        return _put_together(
            areas,
            _authorities_of(areas, centres, geography),
            found,
            centres,
            deprivation,
            decile,
            [*said, weighed, *found.notes],
        )
    raise ValueError(NO_CHILDREN.format(level="LSOA"))


def _put_together(
    areas: Boundaries,
    authority: pd.DataFrame,
    people: Population,
    centres: pd.DataFrame,
    deprivation: Deprivation,
    decile: pd.Series[float],
    notes: list[str],
) -> Areas:
    """Join what is known by position into tables on area_code, and say where it is from."""
    codes = pd.Index(areas.codes, name="area_code")
    name = areas.frame["name"] if people.names is None else areas.frame["name"].fillna(people.names)
    columns = {
        "area_name": name.fillna(areas.codes).to_numpy(object),
        "authority_code": authority["authority_code"].to_numpy(object),
        "upper_authority_code": authority["upper_authority_code"].to_numpy(object),
        "population": people.children.to_numpy(dtype=float, na_value=np.nan),
        "imd_decile": decile.to_numpy(dtype=float, na_value=np.nan),
    }
    known = decile.notna().any()
    edition = f"IMD {deprivation.edition} on {deprivation.vintage}" if known else ""
    said = [f"Areas: {areas.vintage} ({areas.file}). Children aged 10 to 17: {people.source}."]
    if known:
        said.append(f"Deprivation: {edition}.")
    return Areas(
        areas,
        pd.DataFrame(columns, index=codes),
        centres,
        [*said, *notes],
        people.ages.set_axis(codes),
        people.source,
        edition,
    )


def _authorities_of(areas: Boundaries, middle: pd.DataFrame, geography: Geography) -> pd.DataFrame:
    """Return the authorities of LSOAs: as their file says, else those of the ward that the middle lies in."""
    frame = areas.frame[["authority_code", "upper_authority_code"]]
    if geography.wards is None or frame["authority_code"].notna().any():
        return frame
    authority, _ = ward_authorities(geography)
    at = points_to_areas(middle["easting"], middle["northing"], geography.wards)
    return pd.DataFrame({name: authority[name].array.take(at, allow_fill=True) for name in frame.columns})


def _lsoa_centres(areas: Boundaries, geography: Geography) -> tuple[pd.DataFrame, str]:
    """Take the population-weighted centroid of each LSOA, as far as there are any of the same census."""
    for table in geography.of_kind("centroids"):
        if table.vintage != areas.vintage:
            continue
        centres = area_centres(areas)
        own = table.frame.set_index("lsoa_code")[["easting", "northing"]].reindex(centres.index)
        weighted = own.notna().all(axis=1)
        centres.loc[weighted, ["easting", "northing"]] = own[weighted]
        return centres.assign(weighted=weighted.to_numpy()), _weighed(table.file, int((~weighted).sum()))
    return _centres(areas, geography)


def _weighed(file: str, without: int) -> str:
    rest = f"; {without} without any take the middle of their shape" if without else ""
    return f"The middle of an area is where its people live ({file}){rest}."


def _centres(areas: Boundaries, geography: Geography) -> tuple[pd.DataFrame, str]:
    """Find the middle of each area, by where people live as far as centroids and their people are known."""
    for centroids in geography.of_kind("centroids"):
        people = lsoa_people(geography, centroids.vintage, led=True)
        if people is None:
            continue
        points = centroids.frame.merge(people[0].set_axis(["lsoa_code", "weight"], axis=1), on="lsoa_code")
        centres = area_centres(areas, points=points)
        if (without := int((~centres["weighted"]).sum())) < len(centres):
            return centres, _weighed(centroids.file, without)
    return area_centres(areas), "The middle of an area is the middle of its shape."
