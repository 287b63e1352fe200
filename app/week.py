"""Turn choices into a week of action, change it by hand, and save it as what it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from app import plan as planning
from app import words
from app.plan import WeekPlan
from app.text import short
from geo.coverage import Task, Visit, clock
from geo.plans import Change, Plan, broken_rules, build_plan, change_plan, plan_table
from geo.weeks import Choices, Figures, PlannedVisit, Week, place_mark, visit_id

if TYPE_CHECKING:
    from app.analysis import Analysis
    from geo.files import Geography

OUTSIDE = "outside every ward"
SECONDS = 20.0
"""After this the best plan found so far is shown, with what no plan can exceed."""
ROWS = (
    *(
        "visit_id",
        "number",
        "day",
        "weekday",
        "slot",
        "starts",
        "ends",
        "time",
        "team",
        "place_id",
        "place_name",
    ),
    *(
        "kind",
        "ward_code",
        "ward_name",
        "easting",
        "northing",
        "concern_alone",
        "concern_added",
        "reason",
        "peak",
    ),
)


@dataclass(frozen=True)
class Edit:
    """One change by hand: visits taken out and put in, and what was done in a few words.

    A change that is `whole` puts a plan that was there already in the place of the best one.
    """

    out: tuple[Visit, ...]
    into: tuple[Visit, ...]
    said: str
    whole: bool = False


def build_chosen(
    analysis: Analysis, geography: Geography | None, choices: Choices, *, time_limit: float = SECONDS
) -> WeekPlan:
    """Plan the week that was chosen; see `app.plan.build_week`."""
    return planning.build_week(
        analysis,
        geography,
        teams=choices.teams,
        days=choices.days,
        slots=choices.slots,
        hours=choices.hours,
        start=choices.start,
        reach=float(choices.reach),
        kinds=choices.kinds,
        since=choices.since,
        must=choices.must,
        must_not=choices.must_not,
        any_day=choices.any_day,
        time_limit=time_limit,
        once_a_day=choices.once_a_day,
        floor_share=choices.floor_percent / 100,
        floor_visits=choices.floor_visits,
        at_least=choices.at_least,
    )


def edited(week: WeekPlan, edits: Sequence[Edit]) -> Plan:
    """Return the best plan with changes by hand made one after the other.

    Raises
    ------
    ValueError
        A change does not fit the plan.
    """
    plan = week.best
    for edit in edits:
        changed = change_plan(week.task, plan, remove=edit.out, add=edit.into)
        plan = build_plan(week.task, changed.visits, bound=week.best.bound)
    return plan


def last_change(week: WeekPlan, edits: Sequence[Edit]) -> Change:
    """Return what the last change by hand cost, against the plan before it and against the best."""
    last = edits[-1]
    return change_plan(week.task, edited(week, edits[:-1]), remove=last.out, add=last.into, best=week.best)


def cost_said(change: Change, *, whole: bool = False) -> str:
    """Say what a change by hand costs; of a plan that was there already, against the best plan only."""
    moved = change.difference
    best = (
        "as much as the best plan"
        if change.loss == 0
        else f"{abs(change.loss):,} {'fewer' if change.loss > 0 else 'more'} than the best plan found"
    )
    if whole:
        return f"It reaches {words.count(change.reached, 'record')}, {best}."
    if moved == 0:
        against = "It reaches as much as before"
    else:
        against = (
            f"It reaches {words.count(abs(moved), 'record')} {'more' if moved > 0 else 'fewer'} than before"
        )
    return f"{against}: {change.reached:,} now, {best}."


def gains(task: Task, visits: Iterable[int]) -> pd.Series[int]:
    """Return what every possible visit would add to some visits, by number of the visit."""
    left = np.where(task.reached_by([*visits]), 0, task.weights)
    return pd.Series(np.asarray(task.reaches @ left, dtype=np.int64), name="gain")


def other_places(week: WeekPlan, plan: Plan, number: int) -> pd.DataFrame:
    """Return what it would be to go somewhere else in the same slot: place_id, called, difference; best first."""
    task = week.task
    rest = [at for at in plan.visits if at != number]
    slot_row, place = divmod(number, len(task.places))
    found = _choices(week, rest, slot_row, kept=plan.reached)
    return found[found["place_id"] != task.places["place_id"].iloc[place]].reset_index(drop=True)


def free_places(week: WeekPlan, plan: Plan, slot_row: int) -> pd.DataFrame:
    """Return what another visit in a slot would add: place_id, called, difference; most first."""
    return _choices(week, list(plan.visits), slot_row, kept=plan.reached)


def _choices(week: WeekPlan, rest: list[int], slot_row: int, *, kept: int) -> pd.DataFrame:
    task = week.task
    count = len(task.places)
    here = range(slot_row * count, (slot_row + 1) * count)
    base = int(task.weights[task.reached_by(rest)].sum())
    gain = gains(task, rest).iloc[here.start : here.stop].to_numpy()
    table = pd.DataFrame(
        {
            "place_id": task.places["place_id"],
            "called": [place_called(week, row) for row in task.places.to_dict("records")],
            "difference": base + gain - kept,
            "open": task.allowed[here.start : here.stop] & ~_visited(task, rest, slot_row),
        }
    )
    table = table[table["open"]]
    return table.sort_values(["difference", "place_id"], ascending=[False, True], ignore_index=True)


def _visited(task: Task, visits: Sequence[int], slot_row: int) -> Any:
    """Tell which places cannot be visited in a slot because they are already: in it, or, once a day, on its day."""
    count, day = len(task.places), task.slots["day"]
    same = {slot_row} if not task.rules.once_a_day else {*np.flatnonzero(day == day.iloc[slot_row])}
    found = np.zeros(count, dtype=np.bool_)
    found[[at % count for at in visits if at // count in same]] = True
    return found


def free_teams(task: Task, visits: Sequence[int]) -> pd.Series[int]:
    """Return how many teams have nothing to do in each slot; below 0 where more are sent out than there are."""
    busy = pd.Series([at // max(len(task.places), 1) for at in visits], dtype="int64").value_counts()
    return task.slots["teams"] - busy.reindex(task.slots.index, fill_value=0)


def other_slots(week: WeekPlan, plan: Plan, number: int) -> pd.DataFrame:
    """Return what it would be to visit the same place in another slot: slot_row, called, difference, free.

    Slots with a free team come first, then those that reach most.
    """
    task, count = week.task, len(week.task.places)
    rest = [at for at in plan.visits if at != number]
    base = int(task.weights[task.reached_by(rest)].sum())
    gain = gains(task, rest).to_numpy()
    free = free_teams(task, plan.visits)
    rows = [
        (
            at,
            slot_called(task, at),
            base + int(gain[at * count + number % count]) - plan.reached,
            bool(free[at] > 0),
        )
        for at in range(len(task.slots))
        if at != number // count and not _visited(task, rest, at)[number % count]
    ]
    table = pd.DataFrame(rows, columns=["slot_row", "called", "difference", "free"])
    return table.sort_values(
        ["free", "difference", "slot_row"], ascending=[False, False, True], ignore_index=True
    )


def broken_said(week: WeekPlan, visits: Sequence[int]) -> list[str]:
    """Say which rules some visits do not keep, with names and days in place of codes."""
    sites = week.task.places.set_index("place_id")["name"]
    names = {
        **{str(each): _text(name) or str(each) for each, name in sites.items()},
        **{str(code): str(name) for code, name in week.names.items()},
    }
    said = []
    for sentence in broken_rules(week.task, visits):
        code = next((code for code in names if sentence.startswith(f"{code} ")), "")
        told = names[code] + sentence.removeprefix(code) if code else sentence
        for at, slot in week.task.slots.iterrows():
            told = told.replace(
                f"{slot['day']}, slot {slot['slot']}, has", f"{slot_called(week.task, at)}, has"
            )
        said.append(words.dated(told))
    return said


def slot_called(task: Task, slot_row: int) -> str:
    """Return what to call a slot: "Monday 2 June, 16:00 to 20:00"."""
    row = task.slots.iloc[slot_row]
    return f"{row['day']:%A} {row['day'].day} {row['day']:%B}, {clock(row['starts'])} to {clock(row['ends'])}"


def place_called(week: WeekPlan, row: Any) -> str:
    """Return what to call a place: its name, kind and ward."""
    ward = short(week.names.get(row["ward_code"], ""), limit=30) or OUTSIDE
    name = short(row.get("name", row.get("place_name")), limit=50) or str(row["place_id"])
    return f"{name} ({kind_said(row['kind'])}, {ward})"


def kind_said(kind: Any) -> str:
    """Return a kind of place in words."""
    from mapping.codes import load_codes

    return str(load_codes()["location_kind"].get(str(kind), words.code(kind))).lower()


def visit_table(week: WeekPlan, plan: Plan, peaks: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the visits of a plan in the order of time and team, with the columns of ROWS.

    Parameters
    ----------
    peaks : on place_id, at_peak: whether what is recorded there is at a peak.
    """
    found = plan_table(week.task, plan)
    at_peak = pd.Series(dtype="boolean") if peaks is None else peaks["at_peak"]
    ids = [
        visit_id(
            row["day"],
            row["slot"],
            kind=row["kind"],
            name=_text(row["place_name"]),
            easting=row["easting"],
            northing=row["northing"],
        )
        for row in found.to_dict("records")
    ]
    out = found.assign(
        visit_id=ids,
        number=range(1, len(found) + 1),
        time=found["starts"] + " to " + found["ends"],
        ward_name=found["ward_code"].map(week.names).fillna(OUTSIDE),
        place_name=[
            _text(name) or str(place)
            for name, place in zip(found["place_name"], found["place_id"], strict=True)
        ],
        peak=found["place_id"]
        .map(at_peak)
        .map({True: "at a peak", False: ""})
        .fillna("too few months to say"),
    )
    return out[[*ROWS]]


def save_week(
    week: WeekPlan,
    plan: Plan,
    choices: Choices,
    *,
    name: str,
    viewer: str,
    addresses: pd.Series[str],
    briefing: Sequence[str] = (),
    partners: dict[str, str] | None = None,
    read: bool = False,
) -> Week:
    """Return a plan as it is saved: every visit with what a team needs to find it.

    Parameters
    ----------
    addresses : on place_id.
    """
    table = visit_table(week, plan)
    asked = {*choices.must, *choices.must_not}
    marks = {place: mark for place, mark in _marks(week.task.places).items() if place in asked}
    slots = week.task.slots.set_index(["day", "slot"])
    visits = tuple(
        PlannedVisit(
            visit_id=row["visit_id"], day=row["day"], slot=int(row["slot"]), team=int(row["team"]),
            starts=int(slots.loc[(row["day"], row["slot"]), "starts"]), ends=int(slots.loc[(row["day"], row["slot"]), "ends"]),
            place_id=str(row["place_id"]), place_name=row["place_name"], kind=str(row["kind"]),
            address=_text(addresses.get(row["place_id"])), ward_code=str(row["ward_code"]), ward_name=str(row["ward_name"]),
            easting=round(row["easting"]), northing=round(row["northing"]),
            alone=int(row["concern_alone"]), added=int(row["concern_added"]),
        )
        for row in table.to_dict("records")
    )  # fmt: skip
    figures = Figures(
        week.task.total,
        week.task.within_reach,
        plan.reached,
        week.best.reached,
        week.best.bound,
        week.greedy,
        round(week.random),
    )
    return Week(
        name.strip(),
        choices,
        visits,
        figures,
        viewer,
        week.until,
        tuple(briefing),
        dict(partners or {}),
        read,
        marks,
    )


def _marks(places: pd.DataFrame) -> dict[str, str]:
    """Return the mark of each place by its id."""
    return {
        str(row["place_id"]): place_mark(
            kind=row["kind"], name=_text(row["name"]), easting=row["easting"], northing=row["northing"]
        )
        for row in places.to_dict("records")
    }


def own_choices(places: pd.DataFrame, saved: Week) -> tuple[Choices, list[str]]:
    """Return the choices of a saved week with this viewer's ids of places, and what had to be left out.

    Parameters
    ----------
    places : place_id, kind, name, easting, northing: those this viewer may choose.
    """
    own = {mark: place for place, mark in _marks(places).items()}
    kept = {**{visit.place_id: visit.visit_id.rpartition("-")[2] for visit in saved.visits}, **saved.marks}
    ids = {
        place: own.get(kept.get(place, ""), "") for place in (*saved.choices.must, *saved.choices.must_not)
    }
    lost = sum(not each for each in ids.values())
    must, must_not = (
        tuple(ids[place] for place in asked if ids[place])
        for asked in (saved.choices.must, saved.choices.must_not)
    )
    said = (
        f"{words.count(lost, 'place')} that had to be visited, or not to be, {'is' if lost == 1 else 'are'} not among those "
        "you can choose, and left out of the choices."
    )
    return replace(saved.choices, must=must, must_not=must_not), [said] if lost else []


def addresses(analysis: Analysis) -> pd.Series[str]:
    """Return the postcode of each place, on place_id; "" where there is none."""
    found = analysis.records.table("locations").set_index("location_id")["postcode"]
    return found.astype(object).where(found.notna(), "")


def best_week(analysis: Analysis, week: WeekPlan, kinds: Sequence[str]) -> Week:
    """Return the best plan as a week that can be saved, named after its first day."""
    task, slots = week.task, week.task.slots
    rules = task.rules
    start = slots["day"].min()
    choices = Choices(
        start, int(slots["day"].nunique()), int(slots["teams"].max()), int(slots["slot"].max()),
        (int(slots["starts"].min()), int(slots["ends"].max())), round(task.reach), tuple(kinds), since=week.since,
        must=rules.must, must_not=rules.must_not, once_a_day=rules.once_a_day, any_day=task.any_day,
        floor_percent=round(100 * rules.floor_share), floor_visits=rules.floor_visits, at_least=rules.at_least,
    )  # fmt: skip
    return save_week(
        week, week.best, choices, name=f"Week of action from {words.day(start)}",
        viewer=analysis.settings.viewer.role, addresses=addresses(analysis),
    )  # fmt: skip


def reopened(week: WeekPlan, saved: Week) -> tuple[list[Edit], list[str]]:
    """Return the change that turns the best plan into a saved one, and which visits cannot be made any more."""
    wanted = {visit.visit_id: visit.place_name for visit in saved.visits}
    return turned_into(week, wanted, said="As it was saved")


def turned_into(week: WeekPlan, wanted: Mapping[str, str], *, said: str) -> tuple[list[Edit], list[str]]:
    """Return the change that turns the best plan into other visits, and which of them cannot be made any more.

    Parameters
    ----------
    wanted : the name of the place of each visit, by visit_id.
    """
    known = {held: Visit(row.day, int(row.slot), place) for held, row, place in _possible(week.task)}
    kept = {known[each] for each in wanted if each in known}
    held = {week.task.visit(at) for at in week.best.visits}
    out, into = tuple(sorted(held - kept)), tuple(sorted(kept - held))
    edits = [Edit(out, into, said, whole=True)] if out or into else []
    lost = [
        f"{place} is no longer among the places that can be visited, so its visit is not shown."
        for each, place in wanted.items()
        if each not in known
    ]
    return edits, lost


def _possible(task: Task) -> Iterable[tuple[str, Any, str]]:
    for slot in task.slots.itertuples():
        for place in task.places.itertuples():
            held = visit_id(
                slot.day,
                int(slot.slot),
                kind=place.kind,
                name=_text(place.name),
                easting=place.easting,
                northing=place.northing,
            )
            yield held, slot, str(place.place_id)


def comparison(week: WeekPlan, plan: Plan, earlier: Week | None = None) -> pd.DataFrame:
    """Return what the plan reaches beside other ways of choosing: way, reached, share (of the most possible, %)."""
    asked = planning.asked_for(week.task.rules)
    rows = [
        ("This plan", plan.reached),
        ("Best plan found", week.best.reached),
        ("No plan can reach more than", week.best.bound),
        (f"One visit chosen after the other{f', without {asked}' if asked else ''}", week.greedy),
        (f"Places drawn at random (mean of {planning.DRAWS})", round(week.random)),
    ]
    table = pd.DataFrame(rows, columns=["way", "reached"])
    share = (100 * table["reached"] / week.best.bound).round(1) if week.best.bound else np.nan
    table["share"] = share
    if earlier is not None:
        held = earlier.figures
        last = 100 * held.reached / held.bound if held.bound else np.nan
        table.loc[len(table)] = [f"Last saved: {short(earlier.name, limit=40)}", held.reached, round(last, 1)]
    return table


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)
