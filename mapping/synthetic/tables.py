"""Write the tables of a case as text, with ids, ISO dates and nothing where a value is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mapping.synthetic.calendar import age_on
from mapping.synthetic.calibration import AS_OF, Dates, Ints, Texts
from mapping.synthetic.circles import Circles
from mapping.synthetic.geography import Geography
from mapping.synthetic.names import labelled
from mapping.synthetic.referrals import OUTCOMES


def numbered(prefix: str, order: pd.Index[int]) -> Texts:
    """Return ids by row number, numbered in the order given."""
    number = np.empty(len(order), dtype=np.int64)
    number[order.to_numpy()] = np.arange(1, len(order) + 1)
    return labelled(prefix, number)


def person_ids(person: Ints) -> Texts:
    """Return ids such as P000001."""
    return labelled("P", np.where(person < 0, -1, person + 1))


def place_ids(place: Ints) -> Texts:
    """Return ids such as L000001; nothing for -1."""
    return labelled("L", np.where(place < 0, -1, place + 1))


def dates(column: pd.Series | Dates) -> Texts:
    """Return ISO dates; nothing where missing."""
    return _iso(np.asarray(column).astype("datetime64[D]"))


def times(column: pd.Series | Dates) -> Texts:
    """Return ISO times to the minute; nothing where missing."""
    return _iso(np.asarray(column).astype("datetime64[m]"))


def _iso(values: Dates) -> Texts:
    text = np.datetime_as_string(values).astype(object)
    text[np.isnat(values)] = ""
    return text


def _whole(values: pd.Series) -> Texts:
    number = values.to_numpy(dtype=float)
    text = np.where(number >= 0, np.nan_to_num(number), 0).astype(np.int64).astype(str).astype(object)
    text[~(number >= 0)] = ""
    return text


def _ids(ids: Texts, rows: pd.Series) -> Texts:
    number = rows.to_numpy().astype(np.int64)
    return np.where(number >= 0, ids[np.maximum(number, 0)], "").astype(object)


def people_table(
    rng: np.random.Generator,
    people: pd.DataFrame,
    referrals: pd.DataFrame,
    places: pd.DataFrame,
    circles: Circles,
    geography: Geography,
    adults: pd.DataFrame,
) -> pd.DataFrame:
    """Write the children, then the adults; of a few children reported missing the date of birth is not recorded."""
    lsoa = np.append(geography.lsoas["lsoa_code"].to_numpy(dtype=object), "")
    born = people["born"].to_numpy().astype("datetime64[D]").copy()
    quiet = np.setdiff1d(np.flatnonzero(people["y2"]), referrals["child"])
    school = place_ids(_schools(people, places, circles))
    born[rng.permutation(quiet)[: len(quiet) // 80]] = np.datetime64("NaT")
    children = pd.DataFrame(
        {
            "person_id": person_ids(np.arange(len(people))),
            "given_name": people["given_name"],
            "family_name": people["family_name"],
            "date_of_birth": dates(born),
            "sex": people["sex"],
            "ethnicity": people["ethnicity"],
            "responsible_authority": people["authority"],
            "home_postcode": people["postcode"],
            "home_easting": _whole(people["easting"]),
            "home_northing": _whole(people["northing"]),
            "home_lsoa": lsoa[people["lsoa"].to_numpy()],
            "school_id": school,
            "care_status": people["care_status"],
            "ehcp": people["ehcp"],
            "nrm_status": people["nrm_status"],
        }
    )
    grown = adults[["given_name", "family_name", "sex"]].assign(
        person_id=person_ids(adults.index.to_numpy()), date_of_birth=dates(adults["born"])
    )
    return pd.concat([children, grown], ignore_index=True)[list(children)].fillna("")


def _schools(people: pd.DataFrame, places: pd.DataFrame, circles: Circles) -> Ints:
    """Send children of school age to one of the three schools nearest home; the account's users to different ones."""
    schools = np.flatnonzero(places["kind"] == "school")
    gap = people[["easting", "northing"]].to_numpy(dtype=float)[:, None, :] - places.loc[
        schools, ["easting", "northing"]
    ].to_numpy(dtype=float)
    turn = np.arange(len(people)) % 4 // 2
    near = np.argsort((gap**2).sum(axis=2), axis=1, kind="stable")[np.arange(len(people)), turn]
    near[circles.account] = np.arange(len(circles.account)) % len(schools)
    age = age_on(people["born"].to_numpy().astype("datetime64[D]"), AS_OF)
    return np.where((age >= 11) & (age <= 17), schools[near], -1)


def locations_table(places: pd.DataFrame) -> pd.DataFrame:
    """Write the places; coordinates are in British National Grid metres, and online spaces have none."""
    empty = np.full(len(places), "", dtype=object)
    return pd.DataFrame(
        {
            "location_id": place_ids(np.arange(len(places))),
            "kind": places["kind"],
            "name": places["name"],
            "postcode": places["postcode"],
            "easting": _whole(places["easting"]),
            "northing": _whole(places["northing"]),
            "longitude": empty,
            "latitude": empty,
            "provider": places["provider"],
        }
    )


def sources_table(sources: pd.DataFrame, source_id: Texts) -> pd.DataFrame:
    """Write the sources in the order of their ids, which is the order in which they were recorded."""
    table = sources.assign(source_id=source_id, recorded_on=dates(sources["recorded_on"]))
    columns = ["source_id", "kind", "agency", "recorded_on", "source_grade", "information_grade", "handling",
               "action_code", "sanitisation_code", "text"]  # fmt: skip
    return table[columns].sort_values("source_id")


def associations_table(table: pd.DataFrame, source_id: Texts) -> pd.DataFrame:
    """Write the associations; a pair is stated once for each kind."""
    result = pd.DataFrame(
        {
            "person_a": person_ids(table["person_a"].to_numpy()),
            "person_b": person_ids(table["person_b"].to_numpy()),
            "kind": table["kind"],
            "nature": table["nature"],
            "first_seen": dates(table["first_seen"]),
            "last_seen": dates(table["last_seen"]),
            "source_id": _ids(source_id, table["source"]),
        }
    )
    pair = np.sort(table[["person_a", "person_b"]].to_numpy(), axis=1)
    twice = pd.DataFrame({"a": pair[:, 0], "b": pair[:, 1], "kind": table["kind"]}).duplicated()
    return result[~twice].sort_values(["person_a", "person_b", "kind"])


def events_table(table: pd.DataFrame, event_id: Texts, source_id: Texts) -> pd.DataFrame:
    """Write the events in the order in which they began."""
    return pd.DataFrame(
        {
            "event_id": event_id,
            "kind": table["kind"],
            "started_at": times(table["started_at"]),
            "ended_at": times(table["ended_at"]),
            "location_id": place_ids(table["place"].to_numpy()),
            "easting": _whole(table["easting"]),
            "northing": _whole(table["northing"]),
            "summary": table["summary"],
            "source_id": _ids(source_id, table["source"]),
        }
    ).sort_values("event_id")


def participation_table(table: pd.DataFrame, event_id: Texts, source_id: Texts) -> pd.DataFrame:
    """Write who took part in events."""
    return pd.DataFrame(
        {
            "event_id": _ids(event_id, table["event"]),
            "person_id": person_ids(table["person"].to_numpy()),
            "role": table["role"],
            "source_id": _ids(source_id, table["source"]),
        }
    ).sort_values(["event_id", "person_id"])


def presence_table(table: pd.DataFrame, source_id: Texts) -> pd.DataFrame:
    """Write sightings by time."""
    result = pd.DataFrame(
        {
            "person_id": person_ids(table["person"].to_numpy()),
            "location_id": place_ids(table["place"].to_numpy()),
            "seen_at": times(table["seen_at"]),
            "source_id": _ids(source_id, table["source"]),
        }
    )
    key = ["person_id", "location_id", "seen_at"]
    return result.drop_duplicates(key).sort_values(["seen_at", "person_id", "location_id"])


def things_table(table: pd.DataFrame, thing_id: Texts) -> pd.DataFrame:
    """Write the things by label."""
    return table.assign(thing_id=thing_id)[["thing_id", "kind", "label"]].sort_values("thing_id")


def thing_use_table(table: pd.DataFrame, thing_id: Texts, source_id: Texts) -> pd.DataFrame:
    """Write who used what."""
    return pd.DataFrame(
        {
            "thing_id": _ids(thing_id, table["thing"]),
            "person_id": person_ids(table["person"].to_numpy()),
            "first_seen": dates(table["first_seen"]),
            "last_seen": dates(table["last_seen"]),
            "source_id": _ids(source_id, table["source"]),
        }
    ).sort_values(["thing_id", "person_id"])


def missing_table(table: pd.DataFrame, source_id: Texts, cited: Ints) -> pd.DataFrame:
    """Write the missing episodes by time."""
    return pd.DataFrame(
        {
            "episode_id": labelled("M", np.arange(1, len(table) + 1)),
            "person_id": person_ids(table["child"].to_numpy()),
            "reported_at": times(table["reported_at"]),
            "found_at": times(table["found_at"]),
            "missing_from": place_ids(table["missing_from"].to_numpy()),
            "found_at_location": place_ids(table["found_at_place"].to_numpy()),
            "risk_level": table["risk_level"],
            "interview_offered": table["interview_offered"],
            "interview_accepted": table["interview_accepted"],
            "interview_held_at": times(table["interview_held_at"]),
            "delay_reason": table["delay_reason"],
            "source_id": np.where(cited >= 0, source_id[np.maximum(cited, 0)], ""),
        }
    )


def placements_table(table: pd.DataFrame) -> pd.DataFrame:
    """Write the placements by child and date."""
    return pd.DataFrame(
        {
            "person_id": person_ids(table["child"].to_numpy()),
            "location_id": place_ids(table["place"].to_numpy()),
            "started_on": dates(table["started_on"]),
            "ended_on": dates(table["ended_on"]),
            "placing_authority": table["placing_authority"],
            "placement_type": table["placement_type"],
        }
    )


def referrals_table(table: pd.DataFrame) -> pd.DataFrame:
    """Write the referrals in the order in which they were received."""
    table = table.sort_values(["received_on", "child"], kind="stable")
    return pd.DataFrame(
        {
            "referral_id": labelled("R", np.arange(1, len(table) + 1)),
            "person_id": person_ids(table["child"].to_numpy()),
            "received_on": dates(table["received_on"]),
            "source_agency": table["source_agency"].to_numpy(),
            "concern": table["concern"].to_numpy(),
            "decision": table["decision"].to_numpy(),
            "opened_on": dates(table["opened_on"]),
            "closed_on": dates(table["closed_on"]),
            **{name: table[name].to_numpy() for name in OUTCOMES},
        }
    )
