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
    Ints,
    words,
)
from mapping.synthetic.circles import Circles
from mapping.synthetic.interviews import with_interviews
from mapping.synthetic.places import home_places, places_at

HOUR = np.timedelta64(60, "m")
DAY = np.timedelta64(1440, "m")
RISK = {"no_apparent": 6, "low": 24, "medium": 52, "high": 18}
OUT_NOW, JUST_BACK, LONG_BACK = 6, 9, 8
"""Children missing now; back for less than 72 hours and not yet interviewed; back for longer and overdue."""
FOUND_AT_USUAL = 0.3
TRIP_HOURS = (5, 20)


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
    table = _together(rng, table, people, circles, places)
    table = _found(rng, table, circles)
    table = table.sort_values(["reported_at", "child"], ignore_index=True)
    home = home_places(people, places)
    table["missing_from"] = places_at(
        placements, table["child"].to_numpy(), table["reported_at"].to_numpy(), home
    )
    table["risk_level"] = words(rng, RISK, len(table))
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
    last = table.index.to_numpy()[~table["child"].duplicated(keep="last").to_numpy()]
    previous = table["reported_at"].shift().where(table["child"].eq(table["child"].shift())).to_numpy()[last]
    child = table["child"].to_numpy()[last]
    born = people["born"].to_numpy().astype("datetime64[D]")[child]
    usable = (table["year"].to_numpy()[last] == 2) & (birthday(born, 18) > AS_OF)
    usable &= people["spell_end"].isna().to_numpy()[child] & ~(previous > NOW - 12 * DAY)
    rows, child = last[usable], child[usable]
    first = np.isin(child, circles.line[:1]) | np.isin(child, circles.members["person"]) & (
        rng.random(len(child)) < 0.3
    )
    placed = people["placed"].to_numpy()[child] & (rng.random(len(child)) < 0.25)
    order = np.lexsort((rng.random(len(rows)), ~(first | placed), ~np.isin(child, circles.line[:1])))
    counts = [max(1, round(n * len(people) / CHILDREN)) for n in (OUT_NOW, JUST_BACK, LONG_BACK)]
    rows = rows[order][: sum(counts)]
    kind = np.repeat(np.array(["out", "just", "long"], dtype=object), counts)[: len(rows)]
    found = np.where(
        kind == "just",
        NOW - rng.integers(3 * 60, 50 * 60, len(rows)).astype("timedelta64[m]"),
        NOW - rng.integers(75 * 60, 6 * 1440, len(rows)).astype("timedelta64[m]"),
    )
    back = found - rng.integers(4 * 60, 40 * 60, len(rows)).astype("timedelta64[m]")
    since = NOW - rng.integers(5 * 60, 4 * 1440, len(rows)).astype("timedelta64[m]")
    table.loc[rows, "reported_at"] = clock(np.where(kind == "out", since, back))
    table.loc[rows, "found_at"] = clock(np.where(kind == "out", np.datetime64("NaT", "m"), found))
    table.loc[rows, "fixed"] = kind
    return table


def _together(
    rng: np.random.Generator,
    table: pd.DataFrame,
    people: pd.DataFrame,
    circles: Circles,
    places: pd.DataFrame,
) -> pd.DataFrame:
    """Let some episodes of a group's children run together, and of the county line's children far away."""
    trips = _Trips(rng, table, people)
    children = circles.members[circles.members["person"] < len(people)]
    for group in range(len(circles.meeting)):
        members = children.loc[children["group"] == group, "person"].to_numpy()
        for _ in range(max(1, len(members) // 3)):
            trips.add(members, int(rng.choice(circles.meeting[group])), int(rng.integers(2, 4)))
    far = np.flatnonzero(places["away"] & places["kind"].isin(["hotel", "transport"]))
    for turn in range(4):
        trips.add(circles.line, int(far[turn % 2]), 3)
    return trips.table()


class _Trips:
    """Move episodes of several children to one time and one place where they were found."""

    def __init__(self, rng: np.random.Generator, table: pd.DataFrame, people: pd.DataFrame) -> None:
        self.rng, self.frame = rng, table
        self.time = table["reported_at"].to_numpy().astype("datetime64[m]").copy()
        self.found = table["found_at"].to_numpy().astype("datetime64[m]").copy()
        self.place, self.trip = np.full(len(table), -1), np.full(len(table), -1)
        self.year, self.free = table["year"].to_numpy(), table["fixed"].eq("").to_numpy(copy=True)
        self.rows = table.groupby("child").indices
        self.low = np.column_stack([people[f"from{y}"].to_numpy().astype("datetime64[m]") for y in range(3)])
        self.high = np.column_stack([people[f"to{y}"].to_numpy().astype("datetime64[m]") for y in range(3)])
        self.count = 0

    def add(self, members: Ints, place: int, size: int) -> None:
        """Let up to `size` of the members go missing together once, where their episodes allow."""
        order = [int(child) for child in self.rng.permutation(members) if child in self.rows]
        leaders = [
            (child, row)
            for child in order
            for row in self.rows[child]
            if self.free[row] and self.year[row] > 0
        ]
        if not leaders:
            return
        leader, lead = leaders[int(self.rng.integers(0, min(4, len(leaders))))]
        joined = [lead]
        for child in order:
            row = -1 if child == leader or len(joined) >= size else self._movable(child, lead)
            if row >= 0:
                self.time[row] = self.time[lead] + int(self.rng.integers(0, 45))
                joined.append(row)
        if len(joined) > 1:
            self._settle(np.array(joined), place)

    def _movable(self, child: int, lead: int) -> int:
        """Return an episode of a child that may move to the leader's time without touching another, or -1."""
        rows, when, year = self.rows[child], self.time[lead], self.year[lead]
        if not self.low[child, year] + DAY <= when <= self.high[child, year] - DAY:
            return -1
        for row in rows:
            others = rows[rows != row]
            apart = bool((np.abs((self.time[others] - when).astype(np.int64)) > 26 * 60).all())
            if self.free[row] and self.year[row] == year and apart:
                return int(row)
        return -1

    def _settle(self, rows: Ints, place: int) -> None:
        back = self.time[rows].max() + int(self.rng.integers(TRIP_HOURS[0] * 60, TRIP_HOURS[1] * 60))
        self.found[rows] = back + self.rng.integers(0, 30, len(rows))
        self.place[rows], self.trip[rows], self.free[rows] = place, self.count, False
        self.count += 1

    def table(self) -> pd.DataFrame:
        """Return the episodes with the joint ones moved."""
        times = {"reported_at": clock(self.time), "found_at": clock(self.found)}
        fixed = np.where(self.trip >= 0, "together", self.frame["fixed"].to_numpy())
        return self.frame.assign(**times, found_at_place=self.place, together=self.trip, fixed=fixed)


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
