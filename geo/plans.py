"""Choose the visits that reach the most recorded concern, set them against others, and cost each change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage import Task, Visit, clock
from geo.hours import DAYS

Flags = npt.NDArray[np.bool_]

PLAN = (
    *("day", "weekday", "slot", "starts", "ends", "team", "place_id", "place_name", "kind", "ward_code"),
    *("easting", "northing", "concern_alone", "concern_added", "reason"),
)
WARDS = ("ward_code", "concern", "within_reach", "reached", "share", "visits")
PEAK = (
    "Places that are chosen because their counts were at a peak fall anyway, work or no work (regression to the mean). "
    "Before the week, choose places as high that are left alone, and compare with them afterwards."
)


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

    What is commonly done by hand, for comparison. It knows nothing of floors, nor of kinds that must be among the places. Ties go to the earlier slot, then the
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
    said += _short_kinds(task, {*ids[place]})
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


def _close(task: Task, free: Flags, at: int) -> None:
    """Take a visit, and where each place is visited once a day the others to it that day, out of those still free."""
    count = len(task.places)
    free[at] = False
    if task.rules.once_a_day:
        same = np.flatnonzero(task.slots["day"] == task.slots["day"].iloc[at // count])
        free[same * count + at % count] = False


def _short_kinds(task: Task, visited: set[str]) -> list[str]:
    """Say of which kinds fewer different places are visited than the rules ask for."""
    kind = task.places.set_index("place_id")["kind"]
    there = Counter(str(kind[place]) for place in visited)
    return [
        f"{there[name]} different places of the kind {name} are visited; at least {least} must be."
        for name, least in sorted(task.rules.at_least)
        if there[name] < least
    ]


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
