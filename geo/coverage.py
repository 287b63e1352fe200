"""Say where teams could go, when, and what recorded concern each visit would reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.hours import DAYS

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

WALKING = 80
"""Metres walked in a minute."""
DETOUR = 1.3
"""How much longer the way along streets is than the straight line (1.2 and 1.3 are measured; see docs)."""
REACH = 400.0
WEEK_HOURS = 168
NO_WARD = ""


class Visit(NamedTuple):
    """One team at one place in one slot."""

    day: date
    slot: int
    place_id: str


@dataclass(frozen=True)
class Rules:
    """What a plan must keep to.

    Attributes
    ----------
    once_a_day : each place is visited at most once a day.
    must, must_not : places visited at least once, and never.
    floor_share : each ward with concern within reach gets at least this share of what it could get, which is the most
        that could be reached of its concern if the teams thought of nothing else.
    floor_visits : each such ward gets at least so many visits that reach something.
    at_least : kinds of place, each with how many different places of that kind are visited at the least, whether
        they reach anything or not.
    """

    once_a_day: bool = True
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    floor_share: float = 0.0
    floor_visits: int = 0
    at_least: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, eq=False)
class Task:
    """Where teams could go, when, and what they would reach.

    Attributes
    ----------
    places : in the order of their ids: place_id, kind, name, easting, northing, ward_code.
    slots : from `build_slots`.
    rules : what a plan keeps to.
    demand : one row for all concern of one ward that the same visits reach: weight, ward_code.
    reaches : visits by demand, 1 where the visit reaches it. Visit number `slot row * places + place row`.
    concern : all concern there is by ward, within reach or not.
    reach : metres.
    any_day : whether a visit reaches concern of other weekdays, too.
    """

    places: pd.DataFrame
    slots: pd.DataFrame
    rules: Rules
    demand: pd.DataFrame
    reaches: csr_array
    concern: pd.Series[int]
    reach: float
    any_day: bool = False

    @property
    def weights(self) -> Ints:
        """Weight of each row of demand."""
        return np.asarray(self.demand["weight"], dtype=np.int64)

    @property
    def total(self) -> int:
        """All concern recorded, whether any visit could reach it or not."""
        return int(self.concern.sum())

    @property
    def within_reach(self) -> int:
        """Concern that some visit in these days and slots would reach."""
        return int(self.weights.sum())

    @cached_property
    def alone(self) -> Ints:
        """What each visit would reach by itself."""
        return np.asarray(self.reaches @ self.weights, dtype=np.int64)

    @cached_property
    def allowed(self) -> Flags:
        """Which visits may be made at all."""
        barred = self.places["place_id"].isin(self.rules.must_not).to_numpy(dtype=bool)
        return np.tile(~barred, len(self.slots))

    @cached_property
    def floors(self) -> dict[str, tuple[int, int]]:
        """What each ward is promised: concern reached, and visits; see `geo.covering.floors`."""
        from geo.covering import floors

        return floors(self)

    @cached_property
    def targets(self) -> Flags:
        """Which places are of a kind of which the rules ask for some."""
        kinds = [kind for kind, least in self.rules.at_least if least]
        return np.asarray(self.places["kind"].isin(kinds), dtype=np.bool_)

    def reached_by(self, visits: Sequence[int]) -> Flags:
        """Tell which rows of demand some visits reach together."""
        if not len(visits):
            return np.zeros(len(self.demand), dtype=np.bool_)
        return np.asarray(self.reaches[np.asarray(visits)].sum(axis=0) > 0).ravel()

    def number(self, visit: Visit) -> int:
        """Return the number of a visit.

        Raises
        ------
        ValueError
            There is no such place, or no such day and slot.
        """
        at = np.flatnonzero(self.places["place_id"] == visit.place_id)
        when = np.flatnonzero((self.slots["day"] == visit.day) & (self.slots["slot"] == visit.slot))
        if not len(at):
            msg = f"There is no place {visit.place_id} among the {len(self.places)} that can be visited. Take an id from the list of places."
            raise ValueError(msg)
        if not len(when):
            msg = f"The plan has no slot {visit.slot} on {visit.day}. It goes from {self.slots['day'].min()} to {self.slots['day'].max()}, with slots 1 to {self.slots['slot'].max()}."
            raise ValueError(msg)
        return int(when[0]) * len(self.places) + int(at[0])

    def visit(self, number: int) -> Visit:
        """Return the visit that has a number."""
        slot, place = divmod(number, len(self.places))
        row = self.slots.iloc[slot]
        return Visit(row["day"], int(row["slot"]), str(self.places["place_id"].iloc[place]))


def build_slots(
    start: date, days: int, *, teams: int = 1, slots: int = 2, hours: tuple[int, int] = (8, 24)
) -> pd.DataFrame:
    """Cut each day into slots of whole hours.

    Parameters
    ----------
    start, days : the first day, and how many.
    teams : in each slot; change the column for slots with more or fewer.
    slots : in each day.
    hours : when the first slot of a day starts and the last ends. After midnight count on: (18, 26) ends at 2:00,
        and those hours belong to the evening they follow.

    Returns
    -------
    day (date), weekday (0 is Monday), slot (from 1), starts, ends (hours from the midnight before), teams.

    Raises
    ------
    ValueError
        One sentence for each number that is out of its range.
    """
    first, last = hours
    faults = [
        f"{name} is {value}; give at least 1."
        for name, value in (("days", days), ("teams", teams), ("slots", slots))
        if value < 1
    ]
    if not (0 <= first < 24 and first < last <= first + 24):
        faults.append(f"hours are {first} to {last}; give a start from 0 to 23 and an end at most 24 later.")
    elif slots > last - first:
        faults.append(f"slots is {slots}, but {first} to {last} has only {last - first} whole hours.")
    if faults:
        raise ValueError(" ".join(faults))
    edges = [first + (last - first) * at // slots for at in range(slots + 1)]
    dates = [start + timedelta(days=at) for at in range(days)]
    rows = [
        (day, day.weekday(), at + 1, edges[at], edges[at + 1], teams) for day in dates for at in range(slots)
    ]
    return pd.DataFrame(rows, columns=["day", "weekday", "slot", "starts", "ends", "teams"])


def walking_reach(minutes: float, *, detour: float = DETOUR) -> float:
    """Return how far one gets in a straight line by walking for some minutes, in metres.

    80 metres a minute along streets, which are longer than the straight line by `detour`: 1.21 to 1.23 around stations
    (O'Sullivan and Morrall 1996, Transportation Research Record 1538, 19-26), 1.34 for roads of whole cities
    (Giacomin and Levinson 2015, Environment and Planning B 42, 1040-1053).

    Raises
    ------
    ValueError
        The minutes are not above 0, or the detour is below 1.
    """
    if not minutes > 0 or not detour >= 1:
        msg = f"A walk of {minutes:g} minutes with a detour of {detour:g} cannot be. Give minutes above 0 and a detour of 1 or more."
        raise ValueError(msg)
    return minutes * WALKING / detour


def build_task(
    places: pd.DataFrame,
    concern: pd.DataFrame,
    slots: pd.DataFrame,
    *,
    reach: float = REACH,
    rules: Rules | None = None,
    any_day: bool = False,
) -> Task:
    """Find out which visit reaches what.

    A visit reaches concern that was recorded within `reach` of the place, on the same weekday and at an hour of the
    slot. Concern of one ward that exactly the same visits reach is added up first; nothing is rounded by that. The
    order of rows does not matter.

    Parameters
    ----------
    places : place_id, kind, name, easting, northing, ward_code; those without a position cannot be visited.
    concern : easting, northing, weekday (0 is Monday), hour (0 to 23), weight (whole numbers), ward_code.
    slots : from `build_slots`.
    reach : metres in a straight line; `walking_reach` gives it for walking time.
    any_day : let a visit reach concern of all weekdays at its hours. For when records are too few to tell one
        weekday from another; concern still counts once, so a place is hardly visited twice at the same hours.

    Raises
    ------
    ValueError
        One sentence for each rule or number that is out of its range, and each place that is not there.
    """
    rules = rules or Rules()
    known = places[places["easting"].notna() & places["northing"].notna()]
    known = known.sort_values("place_id", ignore_index=True)
    validate_task(known, concern, rules, reach)
    concern = concern.assign(ward_code=concern["ward_code"].astype(object).fillna(NO_WARD))
    known["ward_code"] = known["ward_code"].astype(object).fillna(NO_WARD)
    keys = ["ward_code", "easting", "northing", "weekday", "hour"]
    spots = concern.groupby(keys)[["weight"]].sum().reset_index()
    demand, reaches = _reached(known, spots, slots, reach, any_day=any_day)
    by_ward = concern.groupby("ward_code")["weight"].sum()
    return Task(known, slots.reset_index(drop=True), rules, demand, reaches, by_ward, reach, any_day)


def validate_task(places: pd.DataFrame, concern: pd.DataFrame, rules: Rules, reach: float) -> None:
    """Check what a task is built from, and say all that is wrong at once."""
    faults = []
    ids = places["place_id"]
    if ids.duplicated().any():
        faults.append(
            f"{ids[ids.duplicated()].iloc[0]} comes more than once among the places. Give one row a place."
        )
    if not reach > 0:
        faults.append(f"reach is {reach:g}; give metres above 0, or minutes of walking.")
    if not 0 <= rules.floor_share <= 1:
        faults.append(f"floor_share is {rules.floor_share:g}; give a share from 0 to 1.")
    if rules.floor_visits < 0:
        faults.append(f"floor_visits is {rules.floor_visits}; give 0 or more.")
    faults += _few_targets(places, rules)
    absent = sorted({*rules.must} - {*ids})
    faults += [f"{place} must be visited but is no place with a position that can be." for place in absent]
    both = sorted({*rules.must} & {*rules.must_not})
    faults += [f"{place} must be visited and must not. Take it out of one of the lists." for place in both]
    weight = concern["weight"]
    if len(weight) and ((weight < 0).any() or (weight % 1 != 0).any()):
        faults.append("Weights of concern are whole numbers, 0 or more. Multiply shares by 100, say.")
    if faults:
        raise ValueError(" ".join(faults))


def _few_targets(places: pd.DataFrame, rules: Rules) -> list[str]:
    """Say of which kinds there are fewer places than the rules ask for."""
    there = places.loc[~places["place_id"].isin(rules.must_not), "kind"].value_counts()
    return [
        f"{least} places of the kind {kind} must be visited, but only {int(there.get(kind, 0))} can be. Ask for fewer, or add the kind to those that are visited."
        for kind, least in rules.at_least
        if least > there.get(kind, 0)
    ]


def clock(hour: Any) -> str:
    """Write an hour as a clock shows it, "02:00" for 26; the end of the day is "24:00"."""
    return f"{int(hour) if int(hour) <= 24 else int(hour) - 24:02}:00"


def _reached(
    places: pd.DataFrame, spots: pd.DataFrame, slots: pd.DataFrame, reach: float, *, any_day: bool
) -> tuple[pd.DataFrame, csr_array]:
    """Add up the concern of each ward that the same visits reach, and say which they are."""
    from scipy.sparse import csr_array

    spot, visit = _pairs(places, spots, slots, reach, any_day=any_day)
    order = np.lexsort((visit, spot))
    spot, visit = spot[order], visit[order]
    found, begin = np.unique(spot, return_index=True)
    wards, weights = spots["ward_code"].to_numpy(), spots["weight"].to_numpy(dtype=np.int64)
    groups: dict[tuple[str, bytes], int] = {}
    for at, part in zip(found, np.split(visit, begin[1:]) if len(found) else (), strict=True):
        key = (str(wards[at]), part.tobytes())
        groups[key] = groups.get(key, 0) + int(weights[at])
    held = [np.frombuffer(key, dtype=np.int64) for _, key in groups]
    columns = np.repeat(np.arange(len(held)), [len(part) for part in held])
    rows = np.concatenate([np.empty(0, dtype=np.int64), *held])
    shape = (len(slots) * len(places), len(held))
    reaches = csr_array((np.ones(len(rows), dtype=np.int64), (rows, columns)), shape=shape)
    names = pd.Series([ward for ward, _ in groups], dtype="object")
    demand = pd.DataFrame({"weight": np.array([*groups.values()], dtype=np.int64), "ward_code": names})
    return demand, reaches


def _pairs(
    places: pd.DataFrame, spots: pd.DataFrame, slots: pd.DataFrame, reach: float, *, any_day: bool
) -> tuple[Ints, Ints]:
    """Pair each spot with each visit that reaches it."""
    empty = np.empty(0, dtype=np.int64)
    if not len(places) or not len(spots):
        return empty, empty
    from scipy.spatial import cKDTree

    at = places[["easting", "northing"]].to_numpy(dtype=np.float64)
    near = cKDTree(at).query_ball_point(spots[["easting", "northing"]].to_numpy(dtype=np.float64), reach)
    hour = (spots["weekday"] * 24 + spots["hour"]).to_numpy(dtype=np.int64)
    when: dict[int, list[int]] = {}
    weekdays, starts, ends = (slots[name].to_numpy(dtype=np.int64) for name in ("weekday", "starts", "ends"))
    for number in range(len(slots)):
        for day in range(len(DAYS)) if any_day else [weekdays[number]]:
            for each in range(starts[number], ends[number]):
                when.setdefault(int(day * 24 + each) % WEEK_HOURS, []).append(number)
    count = len(places)
    pairs = [
        (spot, slot * count + place)
        for spot, here in enumerate(near)
        for slot in when.get(int(hour[spot]), ())
        for place in here
    ]
    found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]
