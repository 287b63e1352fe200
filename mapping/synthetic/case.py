"""Put a synthetic case together: tables as they are written, geography files and the truth about what was planted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mapping.synthetic.adults import build_adults
from mapping.synthetic.calendar import age_on
from mapping.synthetic.calibration import AS_OF, CHILDREN, Ints
from mapping.synthetic.children import build_children
from mapping.synthetic.circles import Circles, build_circles, lives_at
from mapping.synthetic.doubles import add_doubles
from mapping.synthetic.evidence import Evidence, with_grades
from mapping.synthetic.geography import Geography, build_geography, geography_to_files
from mapping.synthetic.missing import build_missing
from mapping.synthetic.peers import add_friends, add_groups, add_usual
from mapping.synthetic.people import build_people
from mapping.synthetic.places import build_placements, build_places
from mapping.synthetic.referrals import build_referrals
from mapping.synthetic.stories import add_stories
from mapping.synthetic.tables import (
    associations_table,
    events_table,
    locations_table,
    missing_table,
    numbered,
    participation_table,
    people_table,
    placements_table,
    presence_table,
    referrals_table,
    sources_table,
    thing_use_table,
    things_table,
)
from mapping.synthetic.ties import add_adults, add_contradictions, add_siblings
from mapping.synthetic.truth import truth_files

SMALLEST = 20


@dataclass(frozen=True)
class Case:
    """A synthetic case: contract tables as text, geography and truth as files by name."""

    tables: dict[str, pd.DataFrame]
    geography: dict[str, str]
    truth: dict[str, str]


@dataclass(frozen=True)
class _Borough:
    """Everybody and everything invented before the evidence about them."""

    geography: Geography
    people: pd.DataFrame
    adults: pd.DataFrame
    places: pd.DataFrame
    placements: pd.DataFrame
    referrals: pd.DataFrame
    circles: Circles
    missing: pd.DataFrame


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
    borough = _borough(count, seed)
    evidence, planted = _evidence(borough, seed)
    tables, doubles = add_doubles(_tables(borough, evidence, seed), borough.circles, seed)
    truth = truth_files(tables, borough.circles, planted, borough.geography, count)
    return Case(tables, geography_to_files(borough.geography), {**truth, "duplicates.csv": doubles})


def _borough(count: int, seed: int) -> _Borough:
    geography = build_geography(count, seed)
    referrals, referred = build_referrals(build_children(count, seed), seed)
    people = build_people(referred, referrals, geography, seed)
    places = build_places(people, geography, seed)
    placements = build_placements(people, places, seed)
    adults = build_adults(count, seed)
    circles = build_circles(people, adults, places, placements, referrals, seed)
    missing = build_missing(people, places, placements, circles, seed)
    return _Borough(geography, people, adults, places, placements, referrals, circles, missing)


def _evidence(borough: _Borough, seed: int) -> tuple[Evidence, dict[str, Ints]]:
    people, circles = borough.people, borough.circles
    held = borough.missing.loc[borough.missing["interview_held_at"].notna(), ["child", "interview_held_at"]]
    interviews = held.rename(columns={"interview_held_at": "held"}).astype({"held": "datetime64[s]"})
    evidence = Evidence(np.random.default_rng([seed, 10]), borough.places, interviews)
    where = lives_at(people, borough.places, borough.placements)
    known = np.flatnonzero(people[["k0", "k1", "k2"]].sum(axis=1) > 0)
    told = np.concatenate([circles.account, circles.line, circles.park])
    outside = np.setdiff1d(known, np.concatenate([told, circles.members["person"].to_numpy()]))
    young = age_on(people["born"].to_numpy().astype("datetime64[D]"), AS_OF) < 18
    add_groups(evidence, circles, outside[young[outside]])
    add_friends(evidence, people, where, outside, circles)
    add_usual(evidence, circles)
    planted = add_stories(evidence, circles, borough.adults)
    tied = np.setdiff1d(known, np.concatenate([circles.account, circles.line]))
    add_adults(evidence, borough.adults, tied[np.lexsort((where[tied, 1], where[tied, 0] // 600))], where)
    add_siblings(evidence, people)
    add_contradictions(evidence, max(1, len(people) // 500))
    return evidence, planted


def _tables(borough: _Borough, evidence: Evidence, seed: int) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng([seed, 11])
    cited = _cited(borough.missing, evidence)
    sources = with_grades(rng, evidence.frame("sources"))
    events, things = evidence.frame("events"), evidence.frame("things")
    source_id = numbered("S", sources.sort_values(["recorded_on", "kind", "agency"], kind="stable").index)
    event_id = numbered("E", events.sort_values("started_at", kind="stable").index)
    thing_id = numbered("T", things.sort_values("label", kind="stable").index)
    children = borough.people, borough.referrals, borough.places, borough.circles, borough.geography
    tables = {
        "people": people_table(rng, *children, borough.adults),
        "locations": locations_table(borough.places),
        "sources": sources_table(sources, source_id),
        "associations": associations_table(evidence.frame("associations"), source_id),
        "events": events_table(events, event_id, source_id),
        "participation": participation_table(evidence.frame("participation"), event_id, source_id),
        "presence": presence_table(evidence.frame("presence"), source_id),
        "things": things_table(things, thing_id),
        "thing_use": thing_use_table(evidence.frame("thing_use"), thing_id, source_id),
        "missing": missing_table(borough.missing, source_id, cited),
        "placements": placements_table(borough.placements),
        "referrals": referrals_table(borough.referrals),
    }
    return {name: table.reset_index(drop=True) for name, table in tables.items()}


def _cited(missing: pd.DataFrame, evidence: Evidence) -> Ints:
    """Give the episodes of children who were found together a source each, and return it by episode (-1: none)."""
    joint = np.flatnonzero(missing["together"] >= 0)
    rows = missing.iloc[joint]
    found = rows["found_at"].to_numpy().astype("datetime64[D]")
    cited = np.full(len(missing), -1, dtype=np.int64)
    cited[joint] = evidence.cite(
        "together", found, rows["child"].to_numpy(), rows["found_at_place"].to_numpy()
    )
    return cited
