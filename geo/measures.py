"""Count by area, and by area and month, what a case holds: episodes, incidents, referrals and children."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from geo.areas import Areas
from geo.boundaries import ATTRIBUTES, Boundaries, points_to_areas
from geo.columns import UNKNOWN as UNKNOWN_VINTAGE
from geo.files import Geography
from geo.lookups import Positions, positions, ward_authorities
from geo.months import month_table
from geo.placements import placements_when
from geo.places import Flags, Places, home_lsoas
from geo.rates import repeat_factor
from geo.wards import (
    Case,
    Episodes,
    Located,
    adult_at,
    lives_at,
    locate,
    missing_places,
    numbered,
    placed_by_others,
    told_apart,
    until,
)

RESIDENTS = "_residents"
INCIDENT = "incident"
NO_PLACE: Mapping[str, object] = {"easting": np.nan, "northing": np.nan, "event_id": None}
COLUMNS = (
    *("counted", "person", "on", "area_code", "placed", "age", "sex"),
    *("until", "timed", "easting", "northing", "event_id"),
)
NO_MONTHS = "{measure} is a count at one day and has no months. Ask for another measure, or leave months out."
UNKNOWN = "{measure} is not a measure. Give one of {measures}."
OUTSIDE = "{lost:,} of {total:,} {measure} are in none of these areas: their place is outside all of them, or not known."
NOT_KNOWN = "Who is recorded in an incident is not among these records, so incidents_residents is not known."


class Measure(NamedTuple):
    """What a measure counts, and whether each child counts once in an area."""

    counted: str
    by_child: bool


COUNTED: Mapping[str, Measure] = {
    "missing_episodes": Measure("episode", by_child=False),
    "children_missing": Measure("episode", by_child=True),
    "incidents": Measure("incident", by_child=False),
    "referrals": Measure("referral", by_child=False),
    "children_known": Measure("child", by_child=True),
}
MEASURES = tuple(name + end for name in COUNTED for end in ("", RESIDENTS))
# Several of these may be of the same child, so that they come in runs.
IN_RUNS = ("missing_episodes", "referrals")


def build_occurrences(
    areas: Areas | None,
    geography: Geography,
    *,
    people: pd.DataFrame,
    locations: pd.DataFrame,
    events: pd.DataFrame,
    missing: pd.DataFrame,
    placements: pd.DataFrame,
    referrals: pd.DataFrame,
    participation: pd.DataFrame | None,
    as_of: date,
    kinds: Iterable[str] = (INCIDENT,),
) -> pd.DataFrame:
    """List everything that a measure counts, with the area it belongs to: one row an occurrence.

    Where things belong is as in `build_wards`. A referral belongs to the area the child lived in on the day it
    was received (at their placement if they were placed, else at home); referrals of people aged 18 or over that day
    are not counted. An incident counts as one of placed children where a child is recorded in it and every such
    child was, on that day, placed by another authority in the authority it happened in.

    Parameters
    ----------
    areas : from `build_areas`, of the same geography; None where there are none: then nothing has an area.
    people, locations, events, missing, placements : as for `build_wards`; events also with event_id and,
        where they are known, ended_at.
    referrals : person_id and received_on.
    participation : event_id and person_id; None where the viewer may not see who is recorded in incidents.
    as_of : nothing dated later is listed.
    kinds : of events to list; measures count incidents only.

    Returns
    -------
    counted ("child", "episode", "referral", "incident" or another kind of event), person (a number; -1 for events), on
    (missing for children), area_code (missing outside every area), placed (null where not known: a child placed there by
    another authority), age (in whole years, on that day or for children at the as-of date; missing where the date of
    birth is), sex (as recorded; missing for events), until (the latest time at which it may have begun, where only an interval is known: to the end of
    the event, or to midnight where a day has no time of day), timed (whether a time of day is known; midnight is taken for a day without one), easting, northing
    (metres; of an episode where the child went missing from; referrals have no place of their own), event_id.
    """
    if areas is None:
        areas, geography = _nowhere(), replace(geography, wards=None)
    case = Case(people, locations, events, missing, placements)
    located = _located(case, areas, geography, as_of)
    parts = [
        _children(case, located),
        _episodes(missing_places(case, located, areas.table, as_of), case),
        *(_events(case, located, areas, participation, as_of, kind) for kind in kinds),
        _referrals(case, located, areas, referrals, as_of),
    ]
    rows = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    at = np.asarray(rows.pop("area"), dtype=np.int64)
    rows["area_code"] = pd.Series(areas.boundaries.codes.array.take(at, allow_fill=True), dtype="str")
    row = np.asarray(rows.pop("row"), dtype=np.int64)
    day = rows["on"].fillna(pd.Timestamp(as_of)).where(rows["counted"] != "incident")
    rows["age"] = _ages(day, people["date_of_birth"].array.take(row, allow_fill=True))
    rows["sex"] = pd.Series(people["sex"].array.take(row, allow_fill=True), dtype="str")
    rows["event_id"] = rows["event_id"].astype("object").where(rows["event_id"].notna(), None)
    kinds_of = {"placed": "boolean", "on": "datetime64[us]", "until": "datetime64[us]", "timed": "bool"}
    return rows[[*COLUMNS]].astype({**kinds_of, "easting": "float64", "northing": "float64"})


def children_taking(participation: pd.DataFrame, people: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """List the children recorded in events: those under 18 that day, or of unknown age and children now.

    Parameters
    ----------
    participation, people, events : of the case; people also with is_child.

    Returns
    -------
    event_id and person (a number, the same for the same child), one row an event and child.
    """
    rows = participation[["event_id", "person_id"]].drop_duplicates()
    rows = rows.merge(events[["event_id", "started_at"]], on="event_id")
    rows = rows.merge(people[["person_id", "date_of_birth", "is_child"]], on="person_id")
    grown = rows["date_of_birth"] + pd.DateOffset(years=18)
    child = (grown > rows["started_at"]) | (grown.isna() & rows["is_child"].fillna(False).astype(bool))
    kept = rows[child].reset_index(drop=True)
    return kept[["event_id"]].assign(person=pd.factorize(kept["person_id"], sort=True)[0])


def validate_measure(measure: str) -> None:
    """Check that a measure has a known name.

    Raises
    ------
    ValueError
        It is none of `MEASURES`.
    """
    if measure not in MEASURES:
        raise ValueError(UNKNOWN.format(measure=measure, measures=", ".join(MEASURES)))


def area_counts(occurrences: pd.DataFrame, areas: Areas, measure: str) -> pd.Series[float]:
    """Count one measure in each area.

    Parameters
    ----------
    occurrences : from `build_occurrences`.
    measure : one of `MEASURES`; with `_residents` children placed there by other authorities are left out.

    Returns
    -------
    One number an area, on area_code. Missing everywhere for incidents_residents where it is not known who is
    recorded in incidents, and where the authority of an area is not known for any `_residents`.

    Raises
    ------
    ValueError
        There is no such measure.
    """
    rows, by_child = chosen_rows(occurrences, measure)
    if by_child:
        rows = rows.drop_duplicates(["area_code", "person"])
    counted = rows["area_code"].value_counts().reindex(areas.table.index).fillna(0).astype("float64")
    return _known(counted.rename(measure).to_frame(), occurrences, areas, measure)[measure]


def area_months(occurrences: pd.DataFrame, areas: Areas, measure: str, *, as_of: date) -> pd.DataFrame:
    """Count one measure in each area and month; see `month_table`.

    Returns
    -------
    Areas by months: missing, not 0, in months without any data, and in the last where the as-of date cuts it short.

    Raises
    ------
    ValueError
        There is no such measure, or it is children_known, which is a count at one day.
    """
    rows, by_child = chosen_rows(occurrences, measure)
    if COUNTED[measure.removesuffix(RESIDENTS)].counted == "child":
        raise ValueError(NO_MONTHS.format(measure=measure))
    # A month has data where anything of the kind is recorded, be it of placed children only.
    every, _ = chosen_rows(occurrences, measure.removesuffix(RESIDENTS))
    table = month_table(
        rows["on"],
        rows["area_code"],
        areas=areas.table.index,
        distinct=rows["person"] if by_child else None,
        covered=sorted(set(every["on"].dropna().dt.strftime("%Y-%m"))),
        through=as_of,
    )
    return _known(table, occurrences, areas, measure)


def outside(occurrences: pd.DataFrame, measure: str) -> tuple[int, int]:
    """Count what a measure counts that is in no area, and in all: it lies outside, or its place is not known.

    A child counts once in all, and once for being in no area at least once.
    """
    rows, by_child = chosen_rows(occurrences, measure)
    lost = rows[rows["area_code"].isna()]
    if by_child:
        return lost["person"].nunique(), rows["person"].nunique()
    return len(lost), len(rows)


def describe_outside(occurrences: pd.DataFrame, measure: str) -> list[str]:
    """Say how much of what a measure counts is in no area, if any is."""
    lost, total = outside(occurrences, measure)
    return [OUTSIDE.format(lost=lost, total=total, measure=in_words(measure))] if lost else []


def in_words(measure: str) -> str:
    """Return a measure as it is said in a sentence."""
    end = " without placed children" if measure.endswith(RESIDENTS) else ""
    return measure.removesuffix(RESIDENTS).replace("_", " ") + end


def runs(occurrences: pd.DataFrame, measure: str) -> float:
    """Return how many of these one child brings, weighed as `repeat_factor` does; 1 for what does not come in runs."""
    if measure.removesuffix(RESIDENTS) not in IN_RUNS:
        return 1.0
    rows, _ = chosen_rows(occurrences, measure)
    return repeat_factor(rows["area_code"], rows["person"].astype(str))


def chosen_rows(occurrences: pd.DataFrame, measure: str) -> tuple[pd.DataFrame, bool]:
    """Choose the rows that a measure counts, and say whether it counts children."""
    validate_measure(measure)
    counted, by_child = COUNTED[measure.removesuffix(RESIDENTS)]
    rows = occurrences[occurrences["counted"] == counted]
    if measure.endswith(RESIDENTS):
        rows = rows[~rows["placed"].fillna(False).to_numpy(dtype=bool)]
    return rows, by_child


def _known(table: pd.DataFrame, occurrences: pd.DataFrame, areas: Areas, measure: str) -> pd.DataFrame:
    """Blank what is not known rather than show it as a count."""
    if not measure.endswith(RESIDENTS):
        return table
    if measure.startswith("incidents") and incidents_unknown(occurrences):
        return table.mask(np.ones(table.shape, dtype=np.bool_))
    return table.mask(areas.table["authority_code"].isna(), axis=0)


def incidents_unknown(occurrences: pd.DataFrame) -> bool:
    """Tell whether incidents are listed without saying who was recorded in them."""
    incidents = occurrences.loc[occurrences["counted"] == "incident", "placed"]
    return bool(len(incidents) and incidents.isna().all())


def _nowhere() -> Areas:
    """Return areas of which there is none."""
    frame = pd.DataFrame(columns=["code", *ATTRIBUTES], dtype="str")
    table = pd.DataFrame(
        columns=["area_name", "authority_code", "upper_authority_code", "population"],
        index=pd.Index([], name="area_code", dtype="str"),
    )
    return Areas(
        Boundaries("ward", UNKNOWN_VINTAGE, "", frame, np.array([], dtype=object)), table, pd.DataFrame()
    )


def _located(case: Case, areas: Areas, geography: Geography, as_of: date) -> Located:
    """Find the place of everything, in areas of the level asked for."""
    located = locate(case, geography, _wards(areas, geography), as_of)
    if areas.boundaries.level == "ward":
        return located

    lsoas = home_lsoas(case.people, located.homes, geography, areas.boundaries.vintage)

    def moved(places: Places) -> Places:
        return replace(places, ward=points_to_areas(places.easting, places.northing, areas.boundaries))

    homes = moved(located.homes)
    recorded = positions(lsoas, areas.boundaries.codes)
    homes = replace(homes, ward=np.where(recorded >= 0, recorded, homes.ward))
    sites, happened, placed = moved(located.sites), moved(located.happened), moved(located.placed)
    return replace(located, sites=sites, homes=homes, happened=happened, placed=placed)


def _wards(areas: Areas, geography: Geography) -> pd.DataFrame:
    """Return code and authorities of the wards, whatever the level of the areas."""
    columns = ["ward_code", "authority_code", "upper_authority_code"]
    if areas.boundaries.level == "ward":
        return areas.table.reset_index(names="ward_code")[columns]
    if geography.wards is None:
        return pd.DataFrame(columns=columns)
    return ward_authorities(geography)[0].assign(ward_code=geography.wards.codes)


def _ages(day: pd.Series[pd.Timestamp], born: pd.api.extensions.ExtensionArray) -> pd.Series[float]:
    """Count whole years from birth to a day, row by row; missing where either is."""
    birth = pd.to_datetime(pd.Series(born, index=day.index))
    months = 12 * (day.dt.year - birth.dt.year) + day.dt.month - birth.dt.month
    years = np.floor((months - (day.dt.day < birth.dt.day)) / 12)
    return pd.Series(years, index=day.index, dtype="float64")


def _children(case: Case, located: Located) -> pd.DataFrame:
    lived, child = lives_at(case, located), case.is_child
    person = positions(case.people["person_id"], case.people["person_id"].drop_duplicates())
    return pd.DataFrame(
        {
            "counted": "child",
            "row": np.flatnonzero(child),
            "person": person[child],
            "on": pd.NaT,
            "area": lived.places.ward[child],
            "placed": lived.elsewhere[child].array,
            **_when(pd.Series(pd.NaT, index=range(int(child.sum())), dtype="datetime64[us]")),
            **NO_PLACE,
        }
    )


def _episodes(episodes: Episodes, case: Case) -> pd.DataFrame:
    some = episodes.counted
    return pd.DataFrame(
        {
            "counted": "episode",
            "row": positions(case.missing["person_id"], case.people["person_id"])[some],
            "person": episodes.person[some],
            "on": case.missing["reported_at"].to_numpy()[some],
            "area": episodes.places.ward[some],
            "placed": pd.array(episodes.visiting[some], dtype="boolean"),
            **_when(case.missing["reported_at"][some], timed=_timed(case.missing["reported_at"])[some]),
            "easting": episodes.places.easting[some],
            "northing": episodes.places.northing[some],
            "event_id": None,
        }
    )


def _referrals(
    case: Case, located: Located, areas: Areas, referrals: pd.DataFrame, as_of: date
) -> pd.DataFrame:
    received = referrals["received_on"]
    person = positions(referrals["person_id"], case.people["person_id"])
    then = placements_when(referrals["person_id"], received, located.placements)
    places = located.homes.take(person).otherwise(located.placed.take(then), where=then >= 0)
    some = until(received, as_of) & ~adult_at(received, case.people["date_of_birth"], person)
    visiting = placed_by_others(places, then, located, numbered(areas.table["authority_code"]))
    return pd.DataFrame(
        {
            "counted": "referral",
            "row": person[some],
            "person": told_apart(person, referrals["person_id"])[some],
            "on": received.to_numpy()[some],
            "area": places.ward[some],
            "placed": pd.array(visiting[some], dtype="boolean"),
            **_when(received[some], timed=np.zeros(int(some.sum()), dtype=np.bool_)),
            **NO_PLACE,
        }
    )


def _timed(when: pd.Series[pd.Timestamp]) -> Flags:
    """Tell which moments have a time of day: a day without one is read as its first moment."""
    return np.asarray((when != when.dt.normalize()).to_numpy(), dtype=np.bool_)


def _when(
    on: pd.Series[pd.Timestamp], *, timed: Flags | None = None, ended: pd.Series[pd.Timestamp] | None = None
) -> dict[str, object]:
    """Return until when something may have begun, and whether its time of day is known."""
    known = np.ones(len(on), dtype=np.bool_) if timed is None else timed
    late = pd.Series(pd.NaT, index=on.index, dtype="datetime64[us]") if ended is None else ended
    late = late.where(late > on)
    midnight = late.fillna(on).dt.normalize() + pd.Timedelta(days=1)
    return {"until": late.where(known, midnight).to_numpy(), "timed": known}


def _events(
    case: Case,
    located: Located,
    areas: Areas,
    participation: pd.DataFrame | None,
    as_of: date,
    counted: str,
) -> pd.DataFrame:
    events = case.events
    kind = events["kind"].eq(counted).fillna(False).to_numpy(dtype=bool)
    some = until(events["started_at"], as_of) & kind
    placed = pd.array([pd.NA] * int(some.sum()), dtype="boolean")
    if participation is not None:
        only = _only_placed(case, located, areas, participation)
        placed = pd.array(only[some], dtype="boolean")
    return pd.DataFrame(
        {
            "counted": counted,
            "row": np.int64(-1),
            "person": np.int64(-1),
            "on": events["started_at"].to_numpy()[some],
            "area": located.happened.ward[some],
            "placed": placed,
            **_when(
                events["started_at"][some],
                timed=_timed(events["started_at"])[some],
                ended=events["ended_at"][some] if "ended_at" in events else None,
            ),
            "easting": located.happened.easting[some],
            "northing": located.happened.northing[some],
            "event_id": events["event_id"].to_numpy(dtype=object)[some],
        }
    )


def _only_placed(case: Case, located: Located, areas: Areas, participation: pd.DataFrame) -> Flags:
    """Tell in which events every child recorded was placed by others in the authority it happened in."""
    event: Positions = positions(participation["event_id"], case.events["event_id"])
    rows = participation[event >= 0]
    event = event[event >= 0]
    on = case.events["started_at"].iloc[event].reset_index(drop=True)
    ids = rows["person_id"].reset_index(drop=True)
    then = placements_when(ids, on, located.placements)
    person = positions(ids, case.people["person_id"])
    child = (person >= 0) & ~adult_at(on, case.people["date_of_birth"], person)
    visiting = placed_by_others(
        located.happened.take(event), then, located, numbered(areas.table["authority_code"])
    )
    children = np.bincount(event[child], minlength=len(case.events))
    placed = np.bincount(event[child & visiting], minlength=len(case.events))
    return np.asarray((children > 0) & (placed == children), dtype=np.bool_)
