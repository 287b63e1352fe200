"""List where and when harm was recorded, without anyone's name or number."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import numpy as np
import pandas as pd

from geo.lookups import positions
from geo.places import Flags, Places
from geo.wards import adult_at, until

COLUMNS = ("kind", "easting", "northing", "weekday", "hour", "weight", "at", "source_id")
# Places where somebody lives in private: nobody sends a team there because of a map.
PRIVATE = ("home", "foster_home")
HARMED = ("harmed", "may_have_harmed")
FOUND, MISSING, INCIDENT, HARM = "found", "went missing", "incident", "harm"
NO_PARTICIPATION = (
    "Who took part in events is not among these records: events count where their kind is incident."
)


def build_concern(
    *,
    people: pd.DataFrame,
    locations: pd.DataFrame,
    events: pd.DataFrame,
    missing: pd.DataFrame,
    participation: pd.DataFrame | None,
    sites: Places,
    happened: Places,
    kinds: Collection[str],
    as_of: date,
    since: date | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """List what a week of action could have been near to: one row a record, of weight 1.

    - **found**: a child missing was found there, at the time found, unless in a private home.
    - **went missing**: reported missing from a place of one of `kinds`, at the time reported. From elsewhere (a home,
      say) a visit to a place nearby would change nothing.
    - **incident**: events of the kind incident, when they started.
    - **harm**: other events in which somebody is recorded as harmed, or as one who may have harmed.

    Parameters
    ----------
    people, locations, events, missing : tables of the case with the columns of the contract.
    participation : who took part in events; None where the viewer may not see it.
    sites, happened : places of the rows of locations and events.
    kinds : kinds of place that may be visited.
    as_of, since : nothing dated later, or earlier, is listed. Episodes of people aged 18 or over are not.

    Returns
    -------
    kind, easting, northing, weekday (0 is Monday), hour (0 to 23), weight (1), at (when), source_id (None where the
    record names no source), and what could not be listed, in sentences.
    """
    kind_of, private = _kinds(locations, missing, kinds)
    person = positions(missing["person_id"], people["person_id"])
    child = ~adult_at(missing["reported_at"], people["date_of_birth"], person)
    found_at = positions(missing["found_at_location"], locations["location_id"])
    gone_from = positions(missing["missing_from"], locations["location_id"])
    incident = events["kind"].eq("incident").fillna(False).to_numpy(dtype=bool)
    harm = _harmed(events, participation) & ~incident
    # A found child stays found in a private home: the row says nothing of a place that can be visited.
    asked = [
        (FOUND, missing, "found_at", sites.take(found_at), child & (found_at >= 0) & ~private),
        (MISSING, missing, "reported_at", sites.take(gone_from), child & kind_of),
        (INCIDENT, events, "started_at", happened, incident),
        (HARM, events, "started_at", happened, harm),
    ]
    parts, lost = [], 0
    for kind, table, when, places, rows in asked:
        part, missed = _rows(kind, table, when, places, rows, as_of, since)
        parts.append(part)
        lost += missed
    notes = [NO_PARTICIPATION] if participation is None else []
    if lost:
        many = "1 record of harm has" if lost == 1 else f"{lost:,} records of harm have"
        them = "is" if lost == 1 else "are"
        notes.append(f"{many} no place or no time of day and {them} not counted in the plan.")
    return pd.concat(parts, ignore_index=True), notes


def _kinds(locations: pd.DataFrame, missing: pd.DataFrame, kinds: Collection[str]) -> tuple[Flags, Flags]:
    """Tell which episodes began at a place that may be visited, and which ended in a private home."""
    kind = locations.set_index("location_id")["kind"]
    begun = missing["missing_from"].map(kind).isin([*kinds]).to_numpy(dtype=bool)
    ended = missing["found_at_location"].map(kind).isin(PRIVATE).to_numpy(dtype=bool)
    return begun, ended


def _harmed(events: pd.DataFrame, participation: pd.DataFrame | None) -> Flags:
    if participation is None:
        return np.zeros(len(events), dtype=np.bool_)
    harmed = participation.loc[participation["role"].isin(HARMED), "event_id"]
    return np.asarray(events["event_id"].isin(harmed), dtype=np.bool_)


def _rows(
    kind: str, table: pd.DataFrame, when: str, places: Places, rows: Flags, as_of: date, since: date | None
) -> tuple[pd.DataFrame, int]:
    """Return the rows that have a place and a time, and how many of those wanted have not."""
    times = pd.to_datetime(table[when])
    wanted = rows & (until(times, as_of) | times.isna().to_numpy())
    if since is not None:
        wanted &= ~(times < pd.Timestamp(since)).to_numpy()
    listed = wanted & times.notna().to_numpy() & places.placed & np.isfinite(places.easting)
    known = times[listed]
    source = (
        table["source_id"].astype(object) if "source_id" in table else pd.Series(None, table.index, object)
    )
    found = {
        "kind": np.repeat(kind, len(known)).astype(object),
        "easting": places.easting[listed],
        "northing": places.northing[listed],
        "weekday": known.dt.weekday.to_numpy(dtype=np.int64),
        "hour": known.dt.hour.to_numpy(dtype=np.int64),
        "weight": np.ones(len(known), dtype=np.int64),
        "at": known.to_numpy(),
        "source_id": source.where(source.notna(), None).to_numpy()[listed],
    }
    return pd.DataFrame(found), int(wanted.sum() - listed.sum())
