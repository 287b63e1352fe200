"""Let children go missing together: move some of their episodes to one time and one place."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mapping.synthetic.calendar import clock
from mapping.synthetic.calibration import Ints
from mapping.synthetic.circles import Circles

DAY = np.timedelta64(1440, "m")
HOURS = (5, 20)
"""How long children are away together."""
LINE_TRIPS = 4


def with_trips(
    rng: np.random.Generator,
    table: pd.DataFrame,
    people: pd.DataFrame,
    circles: Circles,
    places: pd.DataFrame,
) -> pd.DataFrame:
    """Let some episodes of a group's first members run together, and of the county line's children far away."""
    trips = _Trips(rng, table, people)
    members = circles.members[circles.members["person"] < len(people)]
    for group, start in enumerate(circles.start):
        first = members[(members["group"] == group) & (members["joined_on"] <= start)]["person"].to_numpy()
        for _ in range(max(1, len(first) // 2)):
            trips.add(first, int(rng.choice(circles.meeting[group])), int(rng.integers(2, 4)), start)
    far = np.flatnonzero(places["away"] & places["kind"].isin(["hotel", "transport"]))
    for turn in range(LINE_TRIPS):
        trips.add(circles.line, int(far[turn % 2]), 3, np.datetime64("2025-08-01"))
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

    def add(self, members: Ints, place: int, size: int, since: np.datetime64) -> None:
        """Let up to `size` of the members go missing together once, where their episodes since a day allow."""
        order = [int(child) for child in self.rng.permutation(members) if child in self.rows]
        own = [(child, row) for child in order for row in self.rows[child] if self.free[row]]
        leaders = [(child, row) for child, row in own if self.time[row] >= since]
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
        back = self.time[rows].max() + int(self.rng.integers(HOURS[0] * 60, HOURS[1] * 60))
        self.found[rows] = back + self.rng.integers(0, 30, len(rows))
        self.place[rows], self.trip[rows], self.free[rows] = place, self.count, False
        self.count += 1

    def table(self) -> pd.DataFrame:
        """Return the episodes with the joint ones moved."""
        times = {"reported_at": clock(self.time), "found_at": clock(self.found)}
        fixed = np.where(self.trip >= 0, "together", self.frame["fixed"].to_numpy())
        return self.frame.assign(**times, found_at_place=self.place, together=self.trip, fixed=fixed)
