"""Build the table of wards: deprivation, children, missing episodes, incidents and placements in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.boundaries import Boundaries, points_to_areas
from geo.deprivation import Deprivation, build_deprivation, lsoa_deciles
from geo.files import Geography
from geo.lookups import Positions, positions, validate_lookups, ward_authorities
from geo.placements import build_placements, placements_at, placements_when
from geo.places import Flags, Places, event_places, home_lsoas, home_places, location_places
from geo.population import ward_population

COLUMNS = {
    "ward_code": "str",
    "ward_name": "str",
    "ward_vintage": "str",
    "authority_code": "str",
    "authority_name": "str",
    "imd_rank_mean": "float64",
    "imd_decile": "Int64",
    "imd_edition": "str",
    "children_10_17": "Int64",
    "population_source": "str",
    "children_known": "Int64",
    "children_known_residents": "Int64",
    "missing_episodes": "Int64",
    "missing_episodes_residents": "Int64",
    "children_missing": "Int64",
    "children_missing_residents": "Int64",
    "incidents": "Int64",
    "events": "Int64",
    "placements": "Int64",
    "placed_by_others": "Int64",
}
# Text with missing values, typed the same when every value is missing.
TEXT = pd.StringDtype(na_value=np.nan)
ADULT_MONTHS = 18 * 12
ADULT_EPISODES = "{count} missing episodes of people aged 18 or over when reported are not counted in wards."
NO_WARDS = (
    "No ward boundaries are there: the wards table is empty, and no home, event or placement has a ward."
)


@dataclass(frozen=True, eq=False)
class WardTable:
    """What geography adds to a case.

    Attributes
    ----------
    wards : one row a boundary ward, in code order, with the columns of `COLUMNS`; a column whose source file is
        absent is null, not zero.
    homes : on the index of people: person_id, home_ward, home_lsoa, home_decile, lives_in_ward,
        placed_from_elsewhere (null where the authorities are not known).
    events : ward code of each event, on the index of events.
    missing : ward code of each missing episode, on the index of missing.
    locations : on the index of locations: location_id, easting, northing, ward_code.
    placements : on the index of placements: as `build_placements` says.
    coverage : for homes (of children), locations, events, missing and placements: total, in_ward, outside, no_place.
    notes : which files and methods the figures rest on, and what is missing.
    """

    wards: pd.DataFrame
    homes: pd.DataFrame
    events: pd.Series[str]
    missing: pd.Series[str]
    locations: pd.DataFrame
    placements: pd.DataFrame
    coverage: Mapping[str, Mapping[str, int]]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Case:
    """The tables of a case that have to do with places."""

    people: pd.DataFrame
    locations: pd.DataFrame
    events: pd.DataFrame
    missing: pd.DataFrame
    placements: pd.DataFrame

    @property
    def is_child(self) -> Flags:
        """Who is a child at the as-of date."""
        return np.asarray(self.people["is_child"].fillna(False).to_numpy(dtype=bool), dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class Located:
    """Where everything is.

    Attributes
    ----------
    sites, homes, happened : places of the rows of locations, people and events.
    placed : where the rows of placements stand.
    placements : the same rows as `build_placements` describes them, numbered from 0.
    current : those of them that are active at the as-of date, one a person.
    """

    sites: Places
    homes: Places
    happened: Places
    placed: Places
    placements: pd.DataFrame
    current: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Living:
    """Where each person lives at a date, and whether another authority placed them there (null where not known)."""

    places: Places
    elsewhere: pd.Series[bool]


@dataclass(frozen=True, eq=False)
class Episodes:
    """Where each missing episode belongs; which count; which are of children placed there by another authority."""

    places: Places
    person: Positions
    counted: Flags
    visiting: Flags
    notes: list[str]


def points_to_wards(
    easting: npt.ArrayLike, northing: npt.ArrayLike, boundaries: Boundaries
) -> pd.Series[str]:
    """Find the ward each point lies in.

    A point on a shared edge belongs to the ward with the lowest code. A point that is not a number, or lies in
    no ward, has none (missing).

    Parameters
    ----------
    easting, northing : British National Grid metres.
    boundaries : the wards.

    Returns
    -------
    One ward code a point, in the order given.
    """
    return _codes(boundaries, points_to_areas(easting, northing, boundaries))


def build_wards(
    geography: Geography | None,
    *,
    people: pd.DataFrame,
    locations: pd.DataFrame,
    events: pd.DataFrame,
    missing: pd.DataFrame,
    placements: pd.DataFrame,
    as_of: date,
    edition: str | None = None,
) -> WardTable:
    """Put a case on the map: the wards table, and the ward of every home, event, episode and placement.

    Home, placement, incident and responsible authority are four different places; none stands for another.

    - A **home** is at its coordinates, else at its postcode, else in the ward of its LSOA.
    - A child **lives** in the ward of their placement at the as-of date if they are placed, else of their home.
    - A **missing episode** belongs to the ward of `missing_from`, where that has a place; else of the placement
      the child was in when reported; else of their home. Episodes of people aged 18 or over when reported are
      not counted in wards.
    - A child is **placed from elsewhere** at a date when the placement active then was made by another
      authority than that of the ward it stands in (the placing authority; where that is not recorded, the
      child's responsible authority).
    - Columns that end in `_residents` leave out children whom another authority has placed in the authority the
      ward is in: at the as-of date for `children_known`, on the day of the report for missing episodes.

    Nothing dated after the as-of date is counted. What lies outside every ward is counted in `coverage`.

    Parameters
    ----------
    geography : from `read_geography`, or None.
    people, locations, events, missing, placements : tables of the case with the columns of the contract, dates
        and times as datetime64; `people` also with a yes-no column `is_child` (at the as-of date).
    as_of : the date.
    edition : of the Indices of Deprivation, "2019" say; by default the latest that joins.

    Raises
    ------
    GeographyMismatch
        Files of the geography folder do not join.
    """
    geography = geography or Geography()
    case = Case(people, locations, events, missing, placements)
    deprivation = build_deprivation(geography, edition=edition)
    figures, said = _figures(geography, deprivation)
    located = locate(case, geography, figures, as_of)
    lived = lives_at(case, located)
    episodes = missing_places(case, located, figures, as_of)
    notes = [*geography.notes, *deprivation.notes, *said, *episodes.notes]
    return WardTable(
        wards=_wards_table(figures, _counts(case, located, lived, episodes, len(figures), as_of)),
        homes=_homes_table(people, located.homes, lived, geography, deprivation),
        events=_codes(geography.wards, located.happened.ward, index=events.index),
        missing=_codes(geography.wards, episodes.places.ward, index=missing.index),
        locations=_locations_table(locations, located.sites, geography),
        placements=located.placements.set_axis(placements.index),
        coverage={
            "homes": located.homes.coverage(case.is_child),
            "locations": located.sites.coverage(),
            "events": located.happened.coverage(),
            "missing": episodes.places.coverage(),
            "placements": located.placed.coverage(),
        },
        notes=tuple(dict.fromkeys(notes)),
    )


def locate(case: Case, geography: Geography, figures: pd.DataFrame, as_of: date) -> Located:
    """Find the place of every location, home, event and placement."""
    people, locations = case.people, case.locations
    sites, homes = location_places(locations, geography), home_places(people, geography)
    happened = event_places(case.events, locations, sites, geography)
    placed = sites.take(positions(case.placements["location_id"], locations["location_id"]))
    placements = build_placements(
        case.placements, people=people, locations=locations, sites=sites, homes=homes, wards=figures
    ).reset_index(drop=True)
    return Located(sites, homes, happened, placed, placements, placements_at(placements, as_of))


def _figures(geography: Geography, deprivation: Deprivation) -> tuple[pd.DataFrame, list[str]]:
    """Return what the open files say of each boundary ward: names, authority, deprivation, population."""
    wards = geography.wards
    if wards is None:
        names = [*COLUMNS][: [*COLUMNS].index("children_known")]
        return pd.DataFrame(columns=[*names, "upper_authority_code"]), [NO_WARDS]
    notes = validate_lookups(geography)
    authority, said = ward_authorities(geography)
    population = ward_population(geography)
    known = deprivation.wards["imd_decile"].notna()
    frame = pd.DataFrame(
        {"ward_code": wards.codes, "ward_name": wards.frame["name"], "ward_vintage": wards.vintage}
    )
    frame = pd.concat([frame, authority, deprivation.wards], axis=1)
    frame["imd_edition"] = pd.Series(
        f"IMD {deprivation.edition} on {deprivation.vintage}", index=frame.index
    ).where(known)
    frame["children_10_17"] = population.children
    frame["population_source"] = pd.Series(population.source, index=frame.index).where(
        population.children.notna()
    )
    return frame, notes + said + population.notes


def lives_at(case: Case, located: Located) -> Living:
    """Put each person where they live: at their current placement if they are placed, else at home."""
    current = located.current
    at = positions(case.people["person_id"], current["person_id"])
    placed = at >= 0
    rows = np.where(placed, current.index.to_numpy()[at], -1) if len(current) else at
    elsewhere = pd.Series(False, index=case.people.index, dtype="boolean")
    elsewhere[placed] = current["placed_from_elsewhere"].array[at[placed]]
    return Living(located.homes.otherwise(located.placed.take(rows), where=placed), elsewhere)


def missing_places(case: Case, located: Located, figures: pd.DataFrame, as_of: date) -> Episodes:
    """Put each missing episode where the child went missing from."""
    missing, reported = case.missing, case.missing["reported_at"]
    person = positions(missing["person_id"], case.people["person_id"])
    then = placements_when(missing["person_id"], reported, located.placements)
    lived = located.homes.take(person).otherwise(located.placed.take(then), where=then >= 0)
    gone_from = located.sites.take(positions(missing["missing_from"], case.locations["location_id"]))
    places = gone_from.otherwise(lived, where=~gone_from.placed)
    adult = adult_at(reported, case.people["date_of_birth"], person)
    visiting = placed_by_others(places, then, located, numbered(figures["authority_code"]))
    notes = [ADULT_EPISODES.format(count=int(adult.sum()))] if adult.any() else []
    counted = until(reported, as_of) & ~adult
    return Episodes(places, told_apart(person, missing["person_id"]), counted, visiting, notes)


def placed_by_others(places: Places, then: Positions, located: Located, authority: Positions) -> Flags:
    """Tell which episodes are of children whom another authority had placed in the authority of the ward."""
    if not len(authority) or not len(located.placements):
        return np.zeros(len(then), dtype=np.bool_)
    away = located.placements["placed_from_elsewhere"].fillna(False).to_numpy(dtype=bool)
    there = (then >= 0) & (places.ward >= 0) & away[then]
    same = authority[places.ward] == authority[located.placed.ward[then]]
    return np.asarray(there & same, dtype=np.bool_)


def _counts(
    case: Case, located: Located, living: Living, episodes: Episodes, wards: int, as_of: date
) -> dict[str, npt.NDArray[np.int64]]:
    """Count in each ward what the case holds."""
    away = living.elsewhere.fillna(False).to_numpy(dtype=bool)
    lives, is_child = living.places.ward, case.is_child
    placed = is_child & (positions(case.people["person_id"], located.current["person_id"]) >= 0)
    ward, every, resident = episodes.places.ward, episodes.counted, episodes.counted & ~episodes.visiting
    happened, known = located.happened.ward, until(case.events["started_at"], as_of)
    incident = known & case.events["kind"].eq("incident").fillna(False).to_numpy(dtype=bool)
    return {
        "children_known": _count(lives[is_child], wards),
        "children_known_residents": _count(lives[is_child & ~away], wards),
        "missing_episodes": _count(ward[every], wards),
        "missing_episodes_residents": _count(ward[resident], wards),
        "children_missing": _count_children(ward[every], episodes.person[every], wards),
        "children_missing_residents": _count_children(ward[resident], episodes.person[resident], wards),
        "incidents": _count(happened[incident], wards),
        "events": _count(happened[known], wards),
        "placements": _count(lives[placed], wards),
        "placed_by_others": _count(lives[placed & away], wards),
    }


def _wards_table(figures: pd.DataFrame, counts: Mapping[str, npt.NDArray[np.int64]]) -> pd.DataFrame:
    """Put figures and counts together; what needs the authority of a ward is null where that is not known."""
    frame = figures.assign(**counts)[[*COLUMNS]]
    unknown = figures["authority_code"].isna()
    for name, kind in COLUMNS.items():
        if kind == "Int64":
            frame[name] = frame[name].astype("Float64").astype("Int64")
        elif kind == "float64":
            frame[name] = frame[name].astype("float64")
        else:
            frame[name] = frame[name].astype(TEXT)
        if name.endswith("_residents") or name == "placed_by_others":
            frame[name] = frame[name].mask(unknown)
    return frame


def _homes_table(
    people: pd.DataFrame, homes: Places, living: Living, geography: Geography, deprivation: Deprivation
) -> pd.DataFrame:
    lsoa = home_lsoas(people, homes, geography, deprivation.vintage)
    return pd.DataFrame(
        {
            "person_id": people["person_id"],
            "home_ward": _codes(geography.wards, homes.ward, index=people.index),
            "home_lsoa": lsoa.astype(TEXT),
            "home_decile": lsoa_deciles(lsoa, deprivation).astype("Int64"),
            "lives_in_ward": _codes(geography.wards, living.places.ward, index=people.index),
            "placed_from_elsewhere": living.elsewhere,
        }
    )


def _locations_table(locations: pd.DataFrame, sites: Places, geography: Geography) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "location_id": locations["location_id"],
            "easting": sites.easting,
            "northing": sites.northing,
            "ward_code": _codes(geography.wards, sites.ward, index=locations.index),
        }
    )


def _codes(boundaries: Boundaries | None, at: Positions, *, index: pd.Index | None = None) -> pd.Series[str]:
    """Return ward codes for positions; missing for -1."""
    if boundaries is None or not len(boundaries):
        return pd.Series(None, index=range(len(at)) if index is None else index, dtype=TEXT)
    return pd.Series(boundaries.codes.array.take(at, allow_fill=True), index=index, dtype=TEXT)


def _count(ward: Positions, wards: int) -> npt.NDArray[np.int64]:
    return np.bincount(ward[ward >= 0], minlength=wards).astype(np.int64)


def _count_children(ward: Positions, person: Positions, wards: int) -> npt.NDArray[np.int64]:
    """Count each person once in each ward."""
    inside = ward >= 0
    pairs = pd.unique(person[inside] * np.int64(max(wards, 1)) + ward[inside])
    return _count(pairs % max(wards, 1), wards)


def told_apart(person: Positions, ids: pd.Series[str]) -> Positions:
    """Number people who are not in the table of people, so that each still counts once."""
    unknown = person < 0
    numbered = person.copy()
    numbered[unknown] = person.max(initial=0) + 1 + pd.factorize(ids[unknown])[0]
    return numbered


def until(when: pd.Series[pd.Timestamp], as_of: date) -> Flags:
    """Tell which moments lie before the end of the as-of date."""
    return np.asarray((when < pd.Timestamp(as_of) + pd.Timedelta(days=1)).to_numpy(), dtype=np.bool_)


def adult_at(when: pd.Series[pd.Timestamp], born: pd.Series[pd.Timestamp], person: Positions) -> Flags:
    """Tell who had turned 18 at a moment of their own; people without a date of birth count as children."""
    if not len(born) or not len(person):
        return np.zeros(len(person), dtype=np.bool_)
    days = born.to_numpy().astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    grown = (months + ADULT_MONTHS).astype("datetime64[D]") + (days - months.astype("datetime64[D]"))
    birthday = np.where(person >= 0, grown[person], np.datetime64("NaT"))
    return np.asarray(when.to_numpy().astype("datetime64[D]") >= birthday, dtype=np.bool_)


def numbered(authority: pd.Series[str]) -> Positions:
    """Number the authorities, so that rows can be compared quickly."""
    return np.asarray(pd.factorize(authority)[0], dtype=np.int64)
