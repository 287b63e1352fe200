"""Say where children are placed, by which authority, and who is placed from elsewhere at a date."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from geo.grid import Floats
from geo.lookups import Positions, positions
from geo.places import Places


def placements_at(placements: pd.DataFrame, on: date | pd.Timestamp) -> pd.DataFrame:
    """Return the placement of each placed person at a date: one row a person.

    A placement is active when started_on <= date and ended_on is missing or >= date. Of several, the one that
    started last counts, then the one with the highest location_id, so that the order of rows does not matter.

    Parameters
    ----------
    placements : person_id, location_id, started_on, ended_on (dates), and any other columns.
    on : the date.

    Returns
    -------
    The chosen rows of `placements` with their index, by person_id.
    """
    day = pd.Timestamp(on).normalize()
    active = placements[(placements["started_on"] <= day) & ~(placements["ended_on"] < day)]
    return active.sort_values(["person_id", "started_on", "location_id"], kind="stable").drop_duplicates(
        "person_id", keep="last"
    )


def placements_when(
    person: pd.Series[str], when: pd.Series[pd.Timestamp], placements: pd.DataFrame
) -> Positions:
    """Find the placement that each person was in at a moment of their own (a missing episode, say).

    Parameters
    ----------
    person, when : person_id and moment, row by row.
    placements : as for `placements_at`.

    Returns
    -------
    For each row the position of a row of `placements`, -1 where the person was in none.
    """
    found = np.full(len(person), -1, dtype=np.int64)
    if placements.empty or person.empty:
        return found
    rows = np.flatnonzero(positions(person, placements["person_id"].drop_duplicates()) >= 0)
    asked = pd.DataFrame(
        {"row": rows, "person_id": person.to_numpy()[rows], "day": when.dt.normalize().to_numpy()[rows]}
    )
    held = placements[["person_id", "location_id", "started_on", "ended_on"]].assign(
        placement=np.arange(len(placements))
    )
    both = asked.merge(held, on="person_id")
    both = both[(both["started_on"] <= both["day"]) & ~(both["ended_on"] < both["day"])]
    last = both.sort_values(["row", "started_on", "location_id"], kind="stable").drop_duplicates(
        "row", keep="last"
    )
    found[last["row"].to_numpy()] = last["placement"].to_numpy()
    return found


def build_placements(
    placements: pd.DataFrame,
    *,
    people: pd.DataFrame,
    locations: pd.DataFrame,
    sites: Places,
    homes: Places,
    wards: pd.DataFrame,
) -> pd.DataFrame:
    """Say of each placement where it stands, who made it, and how far from home it is.

    Parameters
    ----------
    placements, people, locations : tables of the case.
    sites, homes : where `locations` and the homes of `people` are.
    wards : ward_code, authority_code, upper_authority_code, one row a boundary ward.

    Returns
    -------
    On the index of `placements`: person_id, location_id, started_on, ended_on, placed_by (placing_authority, or
    where that is missing the child's responsible_authority), ward_code, authority_code (of that ward),
    placed_from_elsewhere (null where either authority is unknown), distance_km (from home, a straight line).
    """
    person = positions(placements["person_id"], people["person_id"])
    at, home = sites.take(positions(placements["location_id"], locations["location_id"])), homes.take(person)
    frame = placements[["person_id", "location_id", "started_on", "ended_on"]].copy()
    responsible = people["responsible_authority"].array.take(person, allow_fill=True)
    frame["placed_by"] = placements["placing_authority"].where(
        placements["placing_authority"].notna(), pd.Series(responsible, index=placements.index)
    )
    for name in ("ward_code", "authority_code", "upper_authority_code"):
        frame[name] = wards[name].array.take(at.ward, allow_fill=True) if len(wards) else None
    frame["placed_from_elsewhere"] = from_elsewhere(
        frame["placed_by"], frame["authority_code"], frame["upper_authority_code"]
    )
    frame["distance_km"] = distance_km(home.easting, home.northing, at.easting, at.northing)
    return frame.drop(columns="upper_authority_code")


def from_elsewhere(
    placed_by: pd.Series[str], authority: pd.Series[str], upper_authority: pd.Series[str]
) -> pd.Series[bool]:
    """Tell which placements were made by another authority than that of the ward they stand in.

    In counties with districts the county places children, so a placement is also at home where `placed_by` is
    the upper-tier authority of its ward.

    Parameters
    ----------
    placed_by : GSS code of the authority that made each placement.
    authority, upper_authority : GSS codes of the ward each placement stands in.

    Returns
    -------
    True, False, or null where `placed_by` or `authority` is not known.
    """
    own = placed_by.eq(authority).fillna(False).astype(bool) | placed_by.eq(upper_authority).fillna(
        False
    ).astype(bool)
    return (~own).astype("boolean").mask(placed_by.isna() | authority.isna())


def placements_by_authority(located: pd.DataFrame) -> pd.DataFrame:
    """Count children and placements in each ward by the authority that placed them.

    Parameters
    ----------
    located : one row a placement: person_id, ward_code, placed_by (GSS code), placed_from_elsewhere.

    Returns
    -------
    placed_by, ward_code, placements, children, placed_from_elsewhere; rows by placed_by and ward_code. An
    authority or a ward that is not known is missing, not left out.
    """
    columns = ["placed_by", "ward_code"]
    groups = located.groupby(columns, dropna=False, sort=True)
    counted = groups.agg(
        placements=("person_id", "size"),
        children=("person_id", "nunique"),
        placed_from_elsewhere=("placed_from_elsewhere", "first"),
    )
    return counted.reset_index()


def distance_km(easting: Floats, northing: Floats, other_easting: Floats, other_northing: Floats) -> Floats:
    """Measure the straight line between two points of the British National Grid, in kilometres.

    Missing where either point is. It is the way the crow flies, not the way a child travels.
    """
    return np.hypot(np.subtract(easting, other_easting), np.subtract(northing, other_northing)) / 1000.0
