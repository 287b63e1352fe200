"""Put a synthetic case together: tables as they are written, geography files and the truth about what was planted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mapping.synthetic.adults import build_adults
from mapping.synthetic.calendar import age_on
from mapping.synthetic.calibration import AS_OF, CHILDREN, Dates, Ints, Texts
from mapping.synthetic.children import build_children
from mapping.synthetic.circles import Circles, build_circles, lives_at
from mapping.synthetic.evidence import Evidence, with_grades
from mapping.synthetic.geography import Geography, build_geography, geography_to_files
from mapping.synthetic.missing import build_missing
from mapping.synthetic.names import labelled
from mapping.synthetic.peers import add_friends, add_groups, add_usual
from mapping.synthetic.people import build_people
from mapping.synthetic.places import build_placements, build_places
from mapping.synthetic.referrals import OUTCOMES, build_referrals
from mapping.synthetic.stories import add_stories
from mapping.synthetic.ties import add_adults, add_contradictions, add_siblings
from mapping.synthetic.truth import truth_files

SMALLEST = 20


@dataclass(frozen=True)
class Case:
    """A synthetic case: contract tables as text, geography and truth as files by name."""

    tables: dict[str, pd.DataFrame]
    geography: dict[str, str]
    truth: dict[str, str]


def demo_case(*, children: int | None = None, seed: int = 1) -> Case:
    """Invent a case.

    Args:
        children: how many children have anything on record; by default the calibrated case (`calibration`).
        seed: the same seed gives the same case.

    Raises:
        ValueError: if fewer than 20 children are asked for.
    """
    count = CHILDREN if children is None else children
    if count < SMALLEST:
        msg = f"Cannot invent a case of {count} children: the planted stories need {SMALLEST} at least. Ask for more."
        raise ValueError(msg)
    geography = build_geography(count, seed)
    referrals, referred = build_referrals(build_children(count, seed), seed)
    people = build_people(referred, referrals, geography, seed)
    places = build_places(people, geography, seed)
    placements = build_placements(people, places, seed)
    adults = build_adults(count, seed)
    circles = build_circles(people, adults, places, placements, referrals, seed)
    missing = build_missing(people, places, placements, circles, seed)
    evidence, planted = _evidence(people, adults, places, placements, circles, missing, seed)
    tables = _tables(
        people, adults, places, placements, referrals, missing, circles, evidence, geography, seed
    )
    truth = truth_files(tables, circles, planted, geography)
    return Case(tables, geography_to_files(geography), truth)


def _evidence(
    people: pd.DataFrame,
    adults: pd.DataFrame,
    places: pd.DataFrame,
    placements: pd.DataFrame,
    circles: Circles,
    missing: pd.DataFrame,
    seed: int,
) -> tuple[Evidence, dict[str, Ints]]:
    rng = np.random.default_rng([seed, 10])
    held = missing.loc[missing["interview_held_at"].notna(), ["child", "interview_held_at"]]
    interviews = held.rename(columns={"interview_held_at": "held"}).astype({"held": "datetime64[s]"})
    evidence = Evidence(rng, places, interviews)
    where = lives_at(people, places, placements)
    told = np.concatenate([circles.account, circles.line, circles.park])
    grouped = circles.members["person"].to_numpy()
    known = (people[["k0", "k1", "k2"]].sum(axis=1) > 0).to_numpy()
    outside = np.setdiff1d(np.flatnonzero(known), np.concatenate([told, grouped]))
    young = age_on(people["born"].to_numpy().astype("datetime64[D]"), AS_OF) < 18
    add_groups(evidence, circles, outside[young[outside]])
    add_friends(evidence, people, where, outside, circles)
    add_usual(evidence, circles)
    planted = add_stories(evidence, circles, adults)
    tied = np.setdiff1d(np.flatnonzero(known), np.concatenate([circles.account, circles.line]))
    tied = tied[np.lexsort((where[tied, 1], where[tied, 0] // 600))]
    add_adults(evidence, adults, tied, where)
    add_siblings(evidence, people)
    add_contradictions(evidence, max(1, len(people) // 500))
    return evidence, planted


def _tables(
    people: pd.DataFrame,
    adults: pd.DataFrame,
    places: pd.DataFrame,
    placements: pd.DataFrame,
    referrals: pd.DataFrame,
    missing: pd.DataFrame,
    circles: Circles,
    evidence: Evidence,
    geography: Geography,
    seed: int,
) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng([seed, 11])
    joint = missing["together"].to_numpy() >= 0
    cited = np.full(len(missing), -1, dtype=np.int64)
    found = missing["found_at"].to_numpy().astype("datetime64[D]")
    cited[joint] = evidence.cite(
        "together",
        found[joint],
        missing["child"].to_numpy()[joint],
        missing["found_at_place"].to_numpy()[joint],
    )
    sources = with_grades(rng, evidence.frame("sources"))
    source_id = _numbered("S", sources.sort_values(["recorded_on", "kind", "agency"], kind="stable").index)
    events = evidence.frame("events")
    event_id = _numbered("E", events.sort_values("started_at", kind="stable").index)
    things = evidence.frame("things")
    thing_id = _numbered("T", things.sort_values("label", kind="stable").index)
    tables = {
        "people": _people(rng, people, adults, referrals, places, circles, geography),
        "locations": _locations(places),
        "sources": _sources(sources, source_id),
        "associations": _associations(evidence.frame("associations"), source_id),
        "events": _events(events, event_id, source_id),
        "participation": _participation(evidence.frame("participation"), event_id, source_id),
        "presence": _presence(evidence.frame("presence"), source_id),
        "things": things.assign(thing_id=thing_id)[["thing_id", "kind", "label"]].sort_values("thing_id"),
        "thing_use": _thing_use(evidence.frame("thing_use"), thing_id, source_id),
        "missing": _missing(missing, source_id, cited),
        "placements": _placements(placements),
        "referrals": _referrals(referrals),
    }
    return {name: table.reset_index(drop=True) for name, table in tables.items()}


def _numbered(prefix: str, order: pd.Index[int]) -> Texts:
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


def _people(
    rng: np.random.Generator,
    people: pd.DataFrame,
    adults: pd.DataFrame,
    referrals: pd.DataFrame,
    places: pd.DataFrame,
    circles: Circles,
    geography: Geography,
) -> pd.DataFrame:
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
    grown = pd.DataFrame(
        {
            "person_id": person_ids(adults.index.to_numpy()),
            "given_name": adults["given_name"].to_numpy(),
            "family_name": adults["family_name"].to_numpy(),
            "date_of_birth": dates(adults["born"]),
            "sex": adults["sex"].to_numpy(),
        }
    )
    return pd.concat([children, grown], ignore_index=True).fillna("")


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


def _locations(places: pd.DataFrame) -> pd.DataFrame:
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


def _sources(sources: pd.DataFrame, source_id: Texts) -> pd.DataFrame:
    table = sources.assign(source_id=source_id, recorded_on=dates(sources["recorded_on"]))
    columns = ["source_id", "kind", "agency", "recorded_on", "source_grade", "information_grade", "handling",
               "action_code", "sanitisation_code", "text"]  # fmt: skip
    return table[columns].sort_values("source_id")


def _associations(table: pd.DataFrame, source_id: Texts) -> pd.DataFrame:
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


def _events(table: pd.DataFrame, event_id: Texts, source_id: Texts) -> pd.DataFrame:
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


def _participation(table: pd.DataFrame, event_id: Texts, source_id: Texts) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "event_id": _ids(event_id, table["event"]),
            "person_id": person_ids(table["person"].to_numpy()),
            "role": table["role"],
            "source_id": _ids(source_id, table["source"]),
        }
    ).sort_values(["event_id", "person_id"])


def _presence(table: pd.DataFrame, source_id: Texts) -> pd.DataFrame:
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


def _thing_use(table: pd.DataFrame, thing_id: Texts, source_id: Texts) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "thing_id": _ids(thing_id, table["thing"]),
            "person_id": person_ids(table["person"].to_numpy()),
            "first_seen": dates(table["first_seen"]),
            "last_seen": dates(table["last_seen"]),
            "source_id": _ids(source_id, table["source"]),
        }
    ).sort_values(["thing_id", "person_id"])


def _missing(table: pd.DataFrame, source_id: Texts, cited: Ints) -> pd.DataFrame:
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


def _placements(table: pd.DataFrame) -> pd.DataFrame:
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


def _referrals(table: pd.DataFrame) -> pd.DataFrame:
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
