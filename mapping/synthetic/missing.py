"""Invent missing episodes and the return interviews after them, to the published counts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mapping.synthetic.calendar import EVENING, at_hour, birthday, clock
from mapping.synthetic.calibration import (
    AS_OF,
    CHILDREN,
    NOW,
    YEARS,
    Dates,
    Ints,
    words,
)
from mapping.synthetic.circles import Circles
from mapping.synthetic.interviews import with_interviews
from mapping.synthetic.places import home_places, places_at
from mapping.synthetic.trips import with_trips

HOUR = np.timedelta64(60, "m")
DAY = np.timedelta64(1440, "m")
RISK = {"no_apparent": 6, "low": 24, "medium": 52, "high": 18}
OUT_NOW, JUST_BACK, LONG_BACK = 6, 9, 8
"""Children missing now; back for less than 72 hours and not yet interviewed; back for longer and overdue."""
FOUND_AT_USUAL = 0.3


def build_missing(
    people: pd.DataFrame, places: pd.DataFrame, placements: pd.DataFrame, circles: Circles, seed: int
) -> pd.DataFrame:
    """Invent missing episodes.

    Returns:
        One row an episode by time: child, year, reported_at, found_at (missing: not back yet), missing_from,
        found_at_place (place numbers or -1), risk_level, interview_offered, interview_accepted, interview_held_at,
        delay_reason, together (number of the joint episode, or -1).
    """
    rng = np.random.default_rng([seed, 9])
    table = _reported(rng, people)
    table = _recent(rng, table, people, circles)
    table = with_trips(rng, table, people, circles, places)
    table = _found(rng, table, circles)
    table = table.sort_values(["reported_at", "child"], ignore_index=True)
    home = home_places(people, places)
    table["missing_from"] = places_at(
        placements, table["child"].to_numpy(), table["reported_at"].to_numpy(), home
    )
    still_out = table["found_at"].isna().to_numpy()
    table["risk_level"] = np.where(still_out, "high", words(rng, RISK, len(table)))
    return with_interviews(rng, table)


def _reported(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Spread each child's episodes over their days of the year, no two on one day."""
    parts = []
    for year in range(len(YEARS)):
        counts = people[f"k{year}"].to_numpy()
        first = people[f"from{year}"].to_numpy().astype("datetime64[D]")
        last = people[f"to{year}"].to_numpy().astype("datetime64[D]")
        child = np.repeat(np.arange(len(people)), counts)
        draw = rng.random(len(child))
        draw = draw[np.lexsort((draw, child))]
        turn = pd.Series(child).groupby(child).cumcount().to_numpy()
        room = (last - first).astype(np.int64)[child] + 1 - counts[child]
        day = first[child] + (np.floor(draw * (room + 1)).astype(np.int64) + turn).astype("timedelta64[D]")
        parts.append(pd.DataFrame({"child": child, "year": year, "reported_at": at_hour(rng, day, EVENING)}))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(found_at=np.datetime64("NaT", "m"), found_at_place=-1, together=-1, fixed="")


def _recent(
    rng: np.random.Generator, table: pd.DataFrame, people: pd.DataFrame, circles: Circles
) -> pd.DataFrame:
    """Move the last episode of some children to the last days: not back yet, or back and not interviewed."""
    table = table.sort_values(["child", "reported_at"], ignore_index=True)
    counts = [max(1, round(number * len(people) / CHILDREN)) for number in (OUT_NOW, JUST_BACK, LONG_BACK)]
    rows = _movable_rows(rng, table, people, circles)[: sum(counts)]
    kind = np.repeat(np.array(["out", "just", "long"], dtype=object), counts)[: len(rows)]
    found = np.where(kind == "just", _ago(rng, 3, 50, len(rows)), _ago(rng, 75, 144, len(rows)))
    since = found - rng.integers(4 * 60, 40 * 60, len(rows)).astype("timedelta64[m]")
    nothing = np.datetime64("NaT", "m")
    table.loc[rows, "reported_at"] = clock(np.where(kind == "out", _ago(rng, 5, 96, len(rows)), since))
    table.loc[rows, "found_at"] = clock(np.where(kind == "out", nothing, found))
    table.loc[rows, "fixed"] = kind
    return table


def _ago(rng: np.random.Generator, least: int, most: int, count: int) -> Dates:
    """Return times between so many hours before the end of the records."""
    return np.asarray(NOW - rng.integers(least * 60, most * 60, count).astype("timedelta64[m]"))


def _movable_rows(
    rng: np.random.Generator, table: pd.DataFrame, people: pd.DataFrame, circles: Circles
) -> Ints:
    """Return the last episodes of children who may be missing now, in the order in which they are moved.

    First a child of the county line, then children of the groups and placed children, some of each by chance.
    """
    last = np.flatnonzero(~table["child"].duplicated(keep="last").to_numpy())
    previous = table["reported_at"].shift().where(table["child"].eq(table["child"].shift())).to_numpy()[last]
    child = table["child"].to_numpy()[last]
    born = people["born"].to_numpy().astype("datetime64[D]")[child]
    usable = (table["year"].to_numpy()[last] == 2) & (birthday(born, 18) > AS_OF)
    usable &= people["spell_end"].isna().to_numpy()[child] & ~(previous > NOW - 12 * DAY)
    rows, child = last[usable], child[usable]
    line = np.isin(child, circles.line[:1])
    grouped = np.isin(child, circles.members["person"]) & (rng.random(len(child)) < 0.3)
    placed = people["placed"].to_numpy()[child] & (rng.random(len(child)) < 0.25)
    return np.asarray(rows[np.lexsort((rng.random(len(rows)), ~(line | grouped | placed), ~line))])


def _found(rng: np.random.Generator, table: pd.DataFrame, circles: Circles) -> pd.DataFrame:
    """Say when each child came back: before they were missing again and before the year was over."""
    table = table.sort_values(["child", "reported_at"], ignore_index=True)
    reported = table["reported_at"].to_numpy().astype("datetime64[m]")
    following = table["reported_at"].shift(-1).where(table["child"].eq(table["child"].shift(-1)))
    ends = np.array([year.end for year in YEARS]).astype("datetime64[m]") + 22 * HOUR
    ends[-1] = NOW - 10 * HOUR
    limit = np.minimum(
        following.fillna(pd.Timestamp("2100-01-01")).to_numpy().astype("datetime64[m]") - HOUR,
        ends[table["year"]],
    )
    away = np.clip(np.exp(rng.normal(np.log(9 * 60), 1.1, len(table))), 70, 12 * 1440).astype(np.int64)
    sooner = 66 + (rng.random(len(table)) * (limit - reported).astype(np.int64).clip(66, None) - 66).clip(0)
    away = np.where(reported + away > limit, sooner.astype(np.int64), away)
    back = np.minimum(reported + np.maximum(away, 66), np.maximum(limit, reported + 66))
    fixed = table["fixed"].to_numpy()
    found = np.where(fixed == "", clock(back), table["found_at"].to_numpy().astype("datetime64[m]"))
    usual = circles.usual[table["child"]]
    there = (fixed == "") & (usual >= 0) & (rng.random(len(table)) < FOUND_AT_USUAL)
    return table.assign(found_at=found, found_at_place=np.where(there, usual, table["found_at_place"]))
