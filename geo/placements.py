"""Say where children are placed, by which authority, and who is placed from elsewhere at a date."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from geo.grid import Floats
from geo.lookups import Positions, positions
from geo.places import Places

DESCRIBED = (
    *("person_id", "location_id", "name", "kind", "provider", "placement_type"),
    *("started_on", "ended_on", "since", "current"),
    *("placed_by", "responsible_authority", "home_ward", "home_authority", "ward_code", "authority_code"),
    *("placed_from_elsewhere", "outside_map", "out_of_area", "distance_km"),
)
LISTED = (
    *("person_id", "placed_by", "location_id", "name", "kind", "provider", "placement_type"),
    *("ward_code", "authority_code", "since"),
)
NOTIFIED = (
    *LISTED,
    *("days", "missing_episodes", "last_missing", "returns", "interviews_held"),
    *("notified_on", "notified_by"),
)


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


def out_of_area(
    responsible: pd.Series[str],
    authority: pd.Series[str],
    upper_authority: pd.Series[str],
    *,
    outside: pd.Series[bool],
    mapped: Iterable[str],
) -> pd.Series[bool]:
    """Tell which children are placed outside the authority that is responsible for them.

    Parameters
    ----------
    responsible : GSS code of the authority responsible for each child.
    authority, upper_authority : GSS codes of the ward each placement stands in; missing outside every ward.
    outside : placements that have a place, and it lies in no ward.
    mapped : the authorities whose wards are all on the map: a placement outside every ward is outside these.

    Returns
    -------
    True, False, or null where the responsible authority or the place is not known.
    """
    found = from_elsewhere(responsible, authority, upper_authority)
    return found.mask(outside.astype(bool) & responsible.isin(list(mapped)), True)


def stay_starts(placements: pd.DataFrame) -> pd.Series[pd.Timestamp]:
    """Return the first day of the stay that each placement is part of.

    Records begin a new row when something about a placement changes (its legal status, say) though the child has not
    moved. Rows of one person at one location that lie over each other or follow within a day are one stay.

    Parameters
    ----------
    placements : person_id, location_id, started_on, ended_on.

    Returns
    -------
    One day a row, on the index of `placements`.
    """
    rows = placements[["person_id", "location_id", "started_on", "ended_on"]].reset_index(drop=True)
    rows = rows.sort_values(["person_id", "location_id", "started_on", "ended_on"], kind="stable")
    same = [rows["person_id"], rows["location_id"]]
    over = rows["ended_on"].fillna(pd.Timestamp("2200-01-01")).groupby(same).cummax()
    before = over.groupby(same).shift()
    anew = ~(rows["started_on"] <= before + pd.Timedelta(days=1))
    found = rows["started_on"].groupby(anew.cumsum()).transform("min").sort_index()
    return found.set_axis(placements.index)


def describe_placements(
    located: pd.DataFrame,
    *,
    placements: pd.DataFrame,
    people: pd.DataFrame,
    locations: pd.DataFrame,
    homes: pd.DataFrame,
    wards: pd.DataFrame,
    on: date | pd.Timestamp,
) -> pd.DataFrame:
    """Put home, placement and responsible authority of every placement side by side, each by itself.

    Parameters
    ----------
    located : from `build_placements`, on the index of `placements`.
    placements, people : tables of a case.
    locations : location_id, name, kind, provider, easting, northing.
    homes : person_id, home_ward.
    wards : ward_code, authority_code, upper_authority_code, one row a boundary ward.
    on : the day that says which placements are current.

    Returns
    -------
    One row a placement, on the index of `located`, with the columns of `DESCRIBED`: since is the first day of the stay
    (`stay_starts`), current whether it is the child's placement on the day, and out_of_area is by the responsible
    authority (where that is missing, by placed_by). Whatever is not known is missing; nothing stands in for it.
    """
    frame = located.assign(
        placement_type=placements["placement_type"],
        since=stay_starts(placements),
        responsible_authority=_taken(people, "person_id", "responsible_authority", located["person_id"]),
        home_ward=_taken(homes, "person_id", "home_ward", located["person_id"]),
    )
    for name in ("name", "kind", "provider", "easting"):
        frame[name] = _taken(locations, "location_id", name, located["location_id"])
    frame["home_authority"] = _taken(wards, "ward_code", "authority_code", frame["home_ward"])
    upper = _taken(wards, "ward_code", "upper_authority_code", frame["ward_code"])
    on_map = {*wards["authority_code"].dropna(), *wards["upper_authority_code"].dropna()}
    frame["outside_map"] = frame["easting"].notna() & frame["ward_code"].isna() & bool(len(wards))
    frame["out_of_area"] = out_of_area(
        frame["responsible_authority"].where(frame["responsible_authority"].notna(), frame["placed_by"]),
        frame["authority_code"],
        upper,
        outside=frame["outside_map"],
        mapped=on_map,
    )
    frame["current"] = frame.index.isin(placements_at(located, on).index)
    return frame[[*DESCRIBED]]


def _taken(table: pd.DataFrame, key: str, column: str, of: pd.Series[str]) -> pd.Series[Any]:
    """Return a column of a table for each key of `of`; missing where the key is not in the table."""
    at = positions(of, table[key])
    values = table[column].array.take(at, allow_fill=True) if len(table) else [None] * len(of)
    return pd.Series(values, index=of.index)


def gatherings(described: pd.DataFrame, episodes: pd.DataFrame, by: str) -> pd.DataFrame:
    """Count placed children, and missing episodes from placements, by provider, place or ward.

    Parameters
    ----------
    described : from `describe_placements`, numbered from 0.
    episodes : missing episodes, one row each: person_id, and placement (the row of `described` that the child was in
        when reported, -1 where in none).
    by : "provider", "location_id" or "ward_code".

    Returns
    -------
    by (missing where not recorded), places, children (placed now), placed_by_others, out_of_area (of those now),
    children_ever, missing_episodes and children_missing (reported while placed there, over the whole record), rows by
    children now, then ever, most first, then by name.
    """
    from_placement = episodes[episodes["placement"] >= 0]
    at = from_placement["placement"].to_numpy()
    gone = pd.DataFrame(
        {
            by: described[by].to_numpy(object)[at],
            "person_id": from_placement["person_id"].to_numpy(object),
        }
    )
    groups = described.groupby(by, dropna=False)
    now = described[described["current"]].groupby(by, dropna=False)
    left = gone.groupby(by, dropna=False)["person_id"]
    counted = pd.DataFrame(
        {
            "places": groups["location_id"].nunique(),
            "children": now["person_id"].nunique(),
            "placed_by_others": now["placed_from_elsewhere"].sum(),
            "out_of_area": now["out_of_area"].sum(),
            "children_ever": groups["person_id"].nunique(),
            "missing_episodes": left.size(),
            "children_missing": left.nunique(),
        }
    )
    counted = counted.fillna(0).astype("int64").rename_axis(by).reset_index()
    return counted.sort_values(
        ["children", "children_ever", by], ascending=[False, False, True], ignore_index=True
    )


def notifications(
    described: pd.DataFrame,
    *,
    missing: pd.DataFrame,
    referrals: pd.DataFrame,
    contacts: pd.DataFrame,
    on: date | pd.Timestamp,
) -> pd.DataFrame:
    """List the children whom other authorities have placed on the map, and what is on record of them since.

    A child who is placed in another area is notified to the authority of that area. Records have no place of their own
    for a notification: a referral, or a contact with a professional, since the stay began is the nearest sign that
    somebody was told.

    Parameters
    ----------
    described : from `describe_placements`.
    missing : person_id, reported_at, found_at, interview_held_at.
    referrals : person_id, received_on.
    contacts : person_id, on; events of the kind "contact" that name the person.
    on : the day; nothing later is counted.

    Returns
    -------
    One row a child: person_id, placed_by, location_id, name, kind, provider, placement_type, ward_code,
    authority_code, since, days, missing_episodes, last_missing, returns (episodes that ended), interviews_held,
    notified_on (first sign), notified_by ("referral", "contact", or missing: none on record). Those without a sign come first, then the newest stays.

    Source: notification of placement, Care Planning, Placement and Case Review (England)
    Regulations 2010, regulation 13.
    """
    day = pd.Timestamp(on).normalize() + pd.Timedelta(days=1)
    here = described[described["current"] & described["placed_from_elsewhere"].fillna(False).astype(bool)]
    listed = here[[*LISTED]].assign(days=(day - here["since"]).dt.days).reset_index(drop=True)
    gone = _since(listed, missing, "reported_at", day)
    held = gone["interview_held_at"].notna() & (gone["interview_held_at"] < day)
    by_child = gone.assign(held=held, back=gone["found_at"] < day).groupby("person_id")
    for name, counted in {
        "missing_episodes": by_child.size(),
        "returns": by_child["back"].sum(),
        "interviews_held": by_child["held"].sum(),
    }.items():
        listed[name] = counted.reindex(listed["person_id"]).fillna(0).to_numpy(dtype="int64")
    listed["last_missing"] = by_child["reported_at"].max().reindex(listed["person_id"]).to_numpy()
    signs = pd.concat(
        [
            _since(listed, referrals, "received_on", day)[["person_id", "received_on"]]
            .set_axis(["person_id", "notified_on"], axis=1)
            .assign(notified_by="referral"),
            _since(listed, contacts, "on", day)[["person_id", "on"]]
            .set_axis(["person_id", "notified_on"], axis=1)
            .assign(notified_by="contact"),
        ]
    )
    first = signs.sort_values(["person_id", "notified_on", "notified_by"]).drop_duplicates("person_id")
    listed = listed.merge(first, on="person_id", how="left")
    listed["told"] = listed["notified_on"].notna()
    listed = listed.sort_values(["told", "since", "person_id"], ascending=[True, False, True])
    return listed[[*NOTIFIED]].reset_index(drop=True)


def _since(listed: pd.DataFrame, rows: pd.DataFrame, when: str, day: pd.Timestamp) -> pd.DataFrame:
    """Return the rows of listed people that are dated within their stay, and not after the day."""
    both = rows.merge(listed[["person_id", "since"]], on="person_id")
    return both[(both[when] >= both["since"]) & (both[when] < day)]
