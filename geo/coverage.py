"""Choose places and times of day that reach the most recorded concern for the teams there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
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
REACH = 400.0
WEEK_HOURS = 168
NO_WARD = ""
PLAN = (
    *("day", "weekday", "slot", "starts", "ends", "team", "place_id", "place_name", "kind", "ward_code"),
    *("easting", "northing", "concern_alone", "concern_added", "reason"),
)
WARDS = ("ward_code", "concern", "within_reach", "reached", "share", "visits")
PEAK = (
    "Places that are chosen because their counts were at a peak fall anyway, work or no work (regression to the mean). "
    "Before the week, choose places as high that are left alone, and compare with them afterwards."
)


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
    """

    once_a_day: bool = True
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    floor_share: float = 0.0
    floor_visits: int = 0


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


@dataclass(frozen=True, eq=False)
class Plan:
    """Visits, what they reach, and how far that can be from the best.

    Attributes
    ----------
    visits : their numbers in the task, in order.
    reached : concern that they reach.
    bound : what no plan that keeps the rules can exceed; proven, also where the search was stopped early.
    optimal : whether this is proven to be the best.
    """

    visits: tuple[int, ...]
    reached: int
    bound: int
    optimal: bool

    @property
    def gap(self) -> int:
        """Concern that the best plan could reach beyond this one, at the very most."""
        return self.bound - self.reached


@dataclass(frozen=True, eq=False)
class Change:
    """What a plan changed by hand reaches.

    Attributes
    ----------
    visits : their numbers in the task, in order.
    reached : concern reached now.
    difference : against the plan before the change; below 0 is a loss.
    loss : against the best plan known.
    broken : each rule that the changed plan does not keep, in a sentence.
    wards : coverage by ward now.
    """

    visits: tuple[int, ...]
    reached: int
    difference: int
    loss: int
    broken: tuple[str, ...]
    wards: pd.DataFrame


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
    reach : metres in a straight line; for walking time give minutes times `WALKING`.
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
        faults.append(f"reach is {reach:g}; give metres above 0, or minutes times {WALKING}.")
    if not 0 <= rules.floor_share <= 1:
        faults.append(f"floor_share is {rules.floor_share:g}; give a share from 0 to 1.")
    if rules.floor_visits < 0:
        faults.append(f"floor_visits is {rules.floor_visits}; give 0 or more.")
    absent = sorted({*rules.must} - {*ids})
    faults += [f"{place} must be visited but is no place with a position that can be." for place in absent]
    both = sorted({*rules.must} & {*rules.must_not})
    faults += [f"{place} must be visited and must not. Take it out of one of the lists." for place in both]
    weight = concern["weight"]
    if len(weight) and ((weight < 0).any() or (weight % 1 != 0).any()):
        faults.append("Weights of concern are whole numbers, 0 or more. Multiply shares by 100, say.")
    if faults:
        raise ValueError(" ".join(faults))


def best_plan(task: Task, *, time_limit: float = 60.0) -> Plan:
    """Choose the visits that reach the most concern; see `geo.covering` for the integer programme.

    The maximal covering location problem (Church and ReVelle 1974, Papers of the Regional Science Association 32,
    101-118), with teams for each slot, solved to proven optimality by HiGHS. When the time is up, the best plan found
    by then is given with the bound that is proven by then.

    Parameters
    ----------
    time_limit : seconds. A plan that was stopped early may differ from run to run; a proven one does not.

    Raises
    ------
    ValueError
        No plan keeps all rules, or none was found in time.
    """
    from geo.covering import solve

    found = solve(task, time_limit=time_limit)
    plan = build_plan(task, found.visits, bound=found.bound)
    spare = greedy_plan(task)
    better = spare.reached > plan.reached and not broken_rules(task, spare.visits)
    return build_plan(task, spare.visits, bound=found.bound) if better else plan


def build_plan(task: Task, visits: Iterable[int], *, bound: int | None = None) -> Plan:
    """Put visits in order and add up what they reach; `bound` is all within reach where none is given."""
    chosen = tuple(sorted({*visits}))
    reached = int(task.weights[task.reached_by(chosen)].sum())
    limit = task.within_reach if bound is None else max(min(bound, task.within_reach), reached)
    return Plan(chosen, reached, limit, optimal=limit == reached)


def greedy_plan(task: Task) -> Plan:
    """Choose one visit after the other, each the one that adds most; places that must be visited come first.

    What is commonly done by hand, for comparison. It knows nothing of floors. Ties go to the earlier slot, then the
    lower id.
    """
    room = task.slots["teams"].to_numpy(dtype=np.int64).copy()
    free = task.allowed.copy()
    left = task.weights.copy()
    chosen: list[int] = []
    rows = np.arange(len(task.places))
    wanted = [np.flatnonzero(np.isin(task.places["place_id"], [place])) for place in sorted(task.rules.must)]
    wanted += [rows] * int(room.sum())
    for places in wanted:
        open_now = np.zeros((len(room), len(rows)), dtype=np.bool_)
        open_now[:, places] = True
        open_now &= free.reshape(open_now.shape) & (room > 0)[:, None]
        gain = np.where(open_now.ravel(), task.reaches @ left, -1)
        at = int(gain.argmax()) if len(gain) else -1
        if at < 0 or gain[at] < (0 if len(places) < len(rows) else 1):
            continue
        chosen.append(at)
        left[task.reached_by([at])] = 0
        room[at // len(rows)] -= 1
        _close(task, free, at)
    return build_plan(task, chosen)


def random_plan(task: Task, *, seed: int = 0) -> Plan:
    """Draw places at random for every team and slot, for comparison; what may not be visited is not drawn."""
    draw = np.random.default_rng(seed)
    free = task.allowed.copy()
    count = len(task.places)
    chosen: list[int] = []
    for slot, teams in enumerate(task.slots["teams"]):
        open_now = np.flatnonzero(free[slot * count : (slot + 1) * count]) + slot * count
        for at in draw.choice(open_now, size=min(int(teams), len(open_now)), replace=False):
            chosen.append(int(at))
            _close(task, free, int(at))
    return build_plan(task, chosen)


def change_plan(
    task: Task,
    plan: Plan,
    *,
    remove: Iterable[Visit] = (),
    add: Iterable[Visit] = (),
    best: Plan | None = None,
) -> Change:
    """Say what a change by hand costs: what is reached now, and the loss against the best.

    Parameters
    ----------
    remove, add : visits taken out and put in; a swap is one of each.
    best : the best plan known; by default `plan` itself.

    Raises
    ------
    ValueError
        A visit to remove is not in the plan, one to add is in it already, or a place or slot is not there.
    """
    out, into = [task.number(each) for each in remove], [task.number(each) for each in add]
    held = {*plan.visits}
    faults = [f"{_said(task, at)} is not in the plan." for at in out if at not in held]
    faults += [f"{_said(task, at)} is in the plan already." for at in into if at in held - {*out}]
    if faults:
        raise ValueError(" ".join(faults))
    changed = build_plan(task, (held - {*out}) | {*into})
    reached, known = changed.reached, (best or plan).reached
    return Change(
        changed.visits,
        reached,
        reached - plan.reached,
        known - reached,
        broken_rules(task, changed.visits),
        ward_coverage(task, changed.visits),
    )


def broken_rules(task: Task, visits: Sequence[int]) -> tuple[str, ...]:
    """Say in sentences which rules some visits do not keep."""
    count = max(len(task.places), 1)
    slot, place = np.divmod(np.asarray([*visits], dtype=np.int64), count)
    said = []
    busy = np.bincount(slot, minlength=len(task.slots))
    for at in np.flatnonzero(busy > task.slots["teams"].to_numpy()):
        row = task.slots.iloc[at]
        said.append(
            f"{row['day']}, slot {row['slot']}, has {busy[at]} visits for {_teams(int(row['teams']))}."
        )
    ids = task.places["place_id"].to_numpy()
    rules = task.rules
    if rules.once_a_day and len(place):
        days = pd.Series(task.slots["day"].to_numpy()[slot])
        times = Counter(zip(days, ids[place], strict=True))
        said += [f"{who} is visited {n} times on {day}." for (day, who), n in sorted(times.items()) if n > 1]
    said += [f"{who} must be visited and is not." for who in sorted({*rules.must} - {*ids[place]})]
    said += [f"{who} must not be visited and is." for who in sorted({*rules.must_not} & {*ids[place]})]
    return (*said, *_short_wards(task, visits))


def plan_table(task: Task, plan: Plan | Change) -> pd.DataFrame:
    """Write a plan day by day.

    Returns
    -------
    One row a visit, by day, slot and team, with the columns of `PLAN`. Within a slot teams are numbered by what their
    visit reaches alone. concern_alone is what the visit reaches, concern_added what no visit in a row above reaches.
    """
    alone, count = task.alone, len(task.places)
    order = sorted(plan.visits, key=lambda at: (at // count, -alone[at], at))
    met = np.zeros(len(task.demand), dtype=np.bool_)
    rows, team, last = [], 0, -1
    for at in order:
        slot, place = divmod(at, count)
        team, last = (team + 1 if slot == last else 1), slot
        here = task.reached_by([at])
        added = int(task.weights[here & ~met].sum())
        met |= here
        when, where = task.slots.iloc[slot], task.places.iloc[place]
        held = [
            when["day"],
            DAYS[when["weekday"]],
            int(when["slot"]),
            clock(when["starts"]),
            clock(when["ends"]),
            team,
        ]
        held += [where[name] for name in ("place_id", "name", "kind", "ward_code", "easting", "northing")]
        rows.append([*held, int(alone[at]), added, _reason(task, at, int(alone[at]), added)])
    return pd.DataFrame(rows, columns=[*PLAN])


def ward_coverage(task: Task, visits: Sequence[int]) -> pd.DataFrame:
    """Add up by ward what some visits reach.

    Returns
    -------
    One row a ward with concern or a visit, by code ("" is outside every ward), with the columns of `WARDS`: all
    concern recorded, what any visit in these days and slots would reach of it, what these reach, that as a share of
    all concern, and visits to places that stand in the ward.
    """
    met = task.reached_by(visits)
    place = np.asarray([*visits], dtype=np.int64) % max(len(task.places), 1)
    parts = {
        "concern": task.concern,
        "within_reach": task.demand.groupby("ward_code")["weight"].sum(),
        "reached": task.demand[met].groupby("ward_code")["weight"].sum(),
        "visits": task.places["ward_code"].iloc[place].value_counts(),
    }
    table = pd.DataFrame(parts).fillna(0).astype("int64").sort_index().rename_axis("ward_code")
    table["share"] = (table["reached"] / table["concern"]).where(table["concern"] > 0)
    return table.reset_index()[[*WARDS]]


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


def _close(task: Task, free: Flags, at: int) -> None:
    """Take a visit, and where each place is visited once a day the others to it that day, out of those still free."""
    count = len(task.places)
    free[at] = False
    if task.rules.once_a_day:
        same = np.flatnonzero(task.slots["day"] == task.slots["day"].iloc[at // count])
        free[same * count + at % count] = False


def _short_wards(task: Task, visits: Sequence[int]) -> list[str]:
    """Say which wards get less than their floor."""
    if not task.floors:
        return []
    said = []
    table = ward_coverage(task, [at for at in visits if task.alone[at]]).set_index("ward_code")
    for ward, (concern, number) in task.floors.items():
        reached, made = int(table["reached"].get(ward, 0)), int(table["visits"].get(ward, 0))
        if reached < concern:
            said.append(f"{ward} gets {reached} of its concern reached; its floor is {concern}.")
        if made < number:
            said.append(f"{ward} gets {made} visits; its floor is {number}.")
    return said


def _reason(task: Task, at: int, alone: int, added: int) -> str:
    """Say why a visit is in the plan."""
    slot, place = divmod(at, len(task.places))
    row = task.slots.iloc[slot]
    must = task.places["place_id"].iloc[place] in task.rules.must
    on = "any day" if task.any_day else f"{DAYS[row['weekday']]}s"
    when = f"{on} {clock(row['starts'])} to {clock(row['ends'])}"
    said = f"{alone:,} recorded within {task.reach:g} m on {when}"
    if added < alone:
        said += (
            f", {added:,} of them not reached by a visit above" if added else ", all reached by visits above"
        )
    return f"{'Must be visited. ' if must else ''}{said}."


def _said(task: Task, at: int) -> str:
    visit = task.visit(at)
    return f"The visit to {visit.place_id} on {visit.day}, slot {visit.slot},"


def _teams(count: int) -> str:
    return "1 team" if count == 1 else f"{count} teams"
