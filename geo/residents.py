"""Split what each ward counts by who placed the child there, and say what the map is without placed children."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from geo.areas import Areas
from geo.files import Geography
from geo.hotspots import area_hotspots
from geo.lookups import ward_authorities
from geo.placements import placements_when
from geo.wards import Case, locate, missing_places, numbered

HERE = ("not_placed", "own", "others", "unknown")
"""Who placed the child of an episode in the authority the ward is in: nobody, the ward's own authority, another one, or
somebody who is not recorded."""
ONLY_WITH, STAYS, ONLY_WITHOUT = "only with placed children", "stays one", "only without placed children"


def placed_episodes(
    geography: Geography,
    *,
    people: pd.DataFrame,
    locations: pd.DataFrame,
    missing: pd.DataFrame,
    placements: pd.DataFrame,
    as_of: date,
) -> pd.DataFrame:
    """Say of each missing episode which ward it belongs to, and who had placed the child there on that day.

    Where an episode belongs is as in `build_wards`. A child is placed there by an authority when, on the day of the
    report, they were in a placement in the same authority as the ward of the episode. Episodes of people aged 18 or
    over that day, and reported after the as-of date, are left out.

    Parameters
    ----------
    geography : from `read_geography`.
    people, locations, missing, placements : as for `build_wards`.
    as_of : the date.

    Returns
    -------
    One row an episode, on the index of `missing`: person_id, reported_at, ward_code (missing outside every ward),
    placement (position of a row of `placements`, -1 where in none), here (one of `HERE`; missing outside every ward and
    where the authority of the ward is not known).
    """
    wards = wards_of(geography)
    events = pd.DataFrame(columns=["location_id", "easting", "northing"])
    case = Case(people, locations, events, missing, placements)
    located = locate(case, geography, wards, as_of)
    episodes = missing_places(case, located, wards, as_of)
    then = placements_when(missing["person_id"], missing["reported_at"], located.placements)
    authority = np.append(numbered(wards["authority_code"]), -1)
    at = authority[episodes.places.ward]
    placed = np.append(located.placed.ward, -1)[then]
    there = (then >= 0) & (at >= 0) & (authority[placed] == at)
    away = located.placements["placed_from_elsewhere"].array.take(then, allow_fill=True)
    unknown = there & pd.isna(away)
    own = there & ~unknown & ~episodes.visiting
    here = np.select([episodes.visiting, own, unknown], ["others", "own", "unknown"], "not_placed")
    found = pd.DataFrame(
        {
            "person_id": missing["person_id"],
            "reported_at": missing["reported_at"],
            "ward_code": pd.Series(
                wards["ward_code"].array.take(episodes.places.ward, allow_fill=True), index=missing.index
            ),
            "placement": then,
            "here": pd.Series(here, index=missing.index, dtype="str").where(at >= 0),
        }
    )
    return found[episodes.counted]


def wards_of(geography: Geography) -> pd.DataFrame:
    """Return ward_code, ward_name and the authorities of the boundary wards, in code order; no rows without boundaries."""
    if geography.wards is None:
        names = (
            "ward_code",
            "ward_name",
            "authority_code",
            "authority_name",
            "upper_authority_code",
        )
        return pd.DataFrame({name: pd.Series(dtype="str") for name in names})
    frame, _ = ward_authorities(geography)
    frame.insert(0, "ward_code", geography.wards.codes.to_numpy(object))
    frame.insert(1, "ward_name", geography.wards.frame["name"].fillna(geography.wards.codes).to_numpy(object))
    return frame


def split_wards(
    episodes: pd.DataFrame, wards: pd.DataFrame, children_10_17: pd.Series[float]
) -> pd.DataFrame:
    """Split each ward's missing episodes, and the children they are of, by who had placed the child there.

    Parameters
    ----------
    episodes : from `placed_episodes`.
    wards : from `wards_of`.
    children_10_17 : on ward_code; missing where not known.

    Returns
    -------
    One row a ward, in the order of `wards`: ward_code, ward_name, authority_code, children_10_17; episodes and
    episodes_X for each X of `HERE` (which add up to it); children and children_X (a child who was placed on one day and
    not on another counts in both, and once in children); children_only_others (children all of whose episodes here are
    while placed here by others); rate, rate_without (others left out) and rate_X, episodes per 1,000 aged 10 to 17.
    Where the authority of a ward is not known, who placed is missing.
    """
    frame = wards[["ward_code", "ward_name", "authority_code"]].set_index("ward_code")
    people = children_10_17.reindex(frame.index).astype("float64")
    frame["children_10_17"] = people
    known = frame["authority_code"].notna()
    inside = episodes[episodes["ward_code"].notna()]
    frame["episodes"] = _count(inside["ward_code"], frame.index)
    once = inside.drop_duplicates(["ward_code", "person_id"])
    frame["children"] = _count(once["ward_code"], frame.index)
    for name in HERE:
        rows = inside[inside["here"] == name]
        frame[f"episodes_{name}"] = _count(rows["ward_code"], frame.index).where(known)
        rows = rows.drop_duplicates(["ward_code", "person_id"])
        frame[f"children_{name}"] = _count(rows["ward_code"], frame.index).where(known)
    rest = inside[inside["here"] != "others"].drop_duplicates(["ward_code", "person_id"])
    frame["children_only_others"] = (frame["children"] - _count(rest["ward_code"], frame.index)).where(known)
    size = people.where(people > 0)
    frame["rate"] = 1000 * frame["episodes"] / size
    frame["rate_without"] = 1000 * (frame["episodes"] - frame["episodes_others"]) / size
    for name in HERE:
        frame[f"rate_{name}"] = 1000 * frame[f"episodes_{name}"] / size
    return frame.reset_index()


def _count(codes: pd.Series[str], index: pd.Index[str]) -> pd.Series[int]:
    return codes.value_counts().reindex(index).fillna(0).astype("Int64")


def flag_hotspots(observed: pd.Series[float], areas: Areas, *, seed: int = 0) -> pd.DataFrame:
    """Find the hotspots of one measure, without intervals, smoothing and clusters: what `with_and_without` needs.

    Parameters
    ----------
    observed : from `area_counts`, on area_code; missing where not known.
    areas : from `build_areas`.
    seed : of the permutations; with the same seed the same hotspots as `build_hotspots` finds.

    Returns
    -------
    area_code, area_name, observed, rate (per 1,000 aged 10 to 17), hotspot; one row an area.
    """
    people = areas.table["population"]
    tested = area_hotspots(observed, people, areas.neighbours, seed=seed)
    frame = pd.DataFrame(
        {
            "area_name": areas.table["area_name"],
            "observed": observed,
            "rate": 1000 * observed / people.where(people > 0),
            "hotspot": tested["hotspot"],
        }
    )
    return frame.rename_axis("area_code").reset_index()


def with_and_without(found: pd.DataFrame, without: pd.DataFrame) -> pd.DataFrame:
    """Put the hotspots of one measure with and without placed children side by side.

    Parameters
    ----------
    found, without : tables of `build_hotspots` or `flag_hotspots` for a measure and for the same with `_residents`.

    Returns
    -------
    One row an area, the highest rate first: area_code, area_name, observed, observed_without, explained (the share of
    the observed that is of placed children only), rate, rate_without, rate_difference, rank, rank_without (1 is the
    highest rate; areas with one rate share the better rank), hotspot, hotspot_without, change (one of `STAYS`,
    `ONLY_WITH`, `ONLY_WITHOUT`, "" where it is none under either, missing where one of them was not tested).
    """
    both = found.set_index("area_code")[["area_name", "observed", "rate", "hotspot"]]
    other = without.set_index("area_code").reindex(both.index)
    for name in ("observed", "rate", "hotspot"):
        both[f"{name}_without"] = other[name]
    both["explained"] = 1 - both["observed_without"] / both["observed"].where(both["observed"] > 0)
    both["rate_difference"] = both["rate"] - both["rate_without"]
    for name in ("rate", "rate_without"):
        both[name.replace("rate", "rank")] = (
            both[name].rank(method="min", ascending=False).astype("Float64").astype("Int64")
        )
    both["change"] = _change(both["hotspot"], both["hotspot_without"])
    columns = [
        *("area_code", "area_name", "observed", "observed_without", "explained", "rate", "rate_without"),
        *("rate_difference", "rank", "rank_without", "hotspot", "hotspot_without", "change"),
    ]
    ranked = both.reset_index().sort_values(["rank", "area_code"], na_position="last", ignore_index=True)
    return ranked[columns]


def _change(hot: pd.Series[bool], hot_without: pd.Series[bool]) -> pd.Series[str]:
    known = hot.notna() & hot_without.notna()
    one, other = hot.fillna(False).astype(bool), hot_without.fillna(False).astype(bool)
    found = np.select([one & other, one, other], [STAYS, ONLY_WITH, ONLY_WITHOUT], "")
    return pd.Series(found, index=hot.index, dtype="str").where(known)
