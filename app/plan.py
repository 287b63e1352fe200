"""Put a plan for a week of action into the tables, words and files that the page and the command show."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING, Any

import pandas as pd

from app import words
from app.results import swapped_in, write_summary
from app.text import plain, short
from geo.boundaries import points_to_areas
from geo.concern import PRIVATE, build_concern
from geo.coverage import REACH, Rules, Task, build_slots, build_task
from geo.files import Geography
from geo.places import event_places, location_places
from geo.plans import PEAK, Plan, best_plan, greedy_plan, plan_table, random_plan, ward_coverage

if TYPE_CHECKING:
    from app.analysis import Analysis
    from geo.weeks import Week
    from mapping.records import Records

TABLES = ("plan", "plan_wards")
WEEK = "week.json"
FILES = (*(f"{name}.parquet" for name in TABLES), "summary.json", WEEK)
DRAWS = 100
"""Random plans drawn for comparison."""
# Where a team can go. Where children live is left to those who visit them anyway, unless it is asked for.
KINDS = ("school", "hospital", "park", "transport", "retail", "food_outlet", "licensed", "hotel", "other")
NOT_VISITED = (*PRIVATE, "online")
# What is counted, one and many.
COUNTED = {
    "found": ("time a missing child was found", "times a missing child was found"),
    "went missing": (
        "time a child went missing from such a place",
        "times a child went missing from such a place",
    ),
    "incident": ("incident", "incidents"),
    "harm": ("other event with somebody harmed", "other events with somebody harmed"),
}
FEW = 5
TOO_FEW = (
    f"Most of these visits rest on fewer than {FEW} records each, which chance alone could put there. Use fewer and longer "
    "slots"
)
ANY_DAY = ", or let a visit reach what was recorded on any day at its hours (--any-day)"
NOT_A_FORECAST = (
    "The plan is where and when harm was recorded, not where it will be: what nobody recorded is not in it."
)


@dataclass(frozen=True, eq=False)
class WeekPlan:
    """A task, its best plan, and what it is compared with.

    Attributes
    ----------
    counted : how much of each kind of concern there is.
    since, until : the days that concern was recorded between; None where there is none.
    names : of wards, on their code.
    notes : what was left out, and what the reader must know.
    concern : what the plan rests on, as `geo.concern.build_concern` lists it, with ward_code.
    """

    task: Task
    best: Plan
    counted: dict[str, int]
    since: date | None
    until: date | None
    names: pd.Series[Any]
    notes: tuple[str, ...]
    concern: pd.DataFrame

    @cached_property
    def table(self) -> pd.DataFrame:
        """The plan day by day."""
        return plan_table(self.task, self.best)

    @cached_property
    def wards(self) -> pd.DataFrame:
        """Coverage by ward, with names."""
        found = ward_coverage(self.task, self.best.visits)
        found.insert(1, "ward_name", found["ward_code"].map(self.names).astype("str"))
        return found

    @cached_property
    def greedy(self) -> int:
        """Concern reached by choosing one visit after the other."""
        return greedy_plan(self.task).reached

    @cached_property
    def random(self) -> float:
        """Concern reached by places drawn at random, on average of `DRAWS` plans."""
        return mean(random_plan(self.task, seed=seed).reached for seed in range(DRAWS))


def visited_kinds() -> list[str]:
    """Return the kinds of place that can be visited at all: none where somebody lives in private, none online."""
    from mapping.codes import BUNDLED, load_codes

    return sorted({*load_codes(BUNDLED)["location_kind"]} - {*NOT_VISITED})


def list_places(analysis: Analysis, kinds: Sequence[str] = KINDS) -> pd.DataFrame:
    """List the places of some kinds: place_id, kind, name, easting, northing, ward_code.

    Raises
    ------
    ValueError
        A kind is unknown, or is never visited.
    """
    known = visited_kinds()
    wrong = sorted({*kinds} - {*known})
    if wrong:
        msg = f"{', '.join(wrong)} cannot be visited. Use kinds out of {', '.join(known)}."
        raise ValueError(msg)
    places = analysis.records.table("locations")[["location_id", "kind", "name"]]
    found = places.merge(analysis.geography.locations, on="location_id")
    return found[found["kind"].isin([*kinds])].rename(columns={"location_id": "place_id"})


def list_concern(
    analysis: Analysis,
    geography: Geography | None,
    kinds: Sequence[str] = KINDS,
    *,
    since: date | None = None,
    until: date | None = None,
    records: Records | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """List where and when harm was recorded, with its ward; see `geo.concern.build_concern`.

    Parameters
    ----------
    until : nothing later; the as-of date where that is earlier, or none is given.
    records : what another audience may see, in place of what the viewer may.
    """
    from app.analysis import UNDATED

    records, sees = records or analysis.records, analysis.settings.viewer.sees_people
    latest = min(analysis.as_of or UNDATED, until or UNDATED)
    tables = {name: records.table(name) for name in ("people", "locations", "events", "missing")}
    places = geography or Geography()
    sites = location_places(tables["locations"], places)
    found, notes = build_concern(
        **tables,
        participation=records.table("participation") if sees else None,
        sites=sites,
        happened=event_places(tables["events"], tables["locations"], sites, places),
        kinds=kinds,
        as_of=latest,
        since=since,
    )
    found["ward_code"] = None
    if places.wards is not None:
        at = points_to_areas(found["easting"], found["northing"], places.wards)
        found["ward_code"] = places.wards.codes.array.take(at, allow_fill=True)
    return found, notes


def build_week(
    analysis: Analysis,
    geography: Geography | None,
    *,
    teams: int,
    days: int,
    slots: int = 2,
    hours: tuple[int, int] = (8, 24),
    start: date | None = None,
    reach: float = REACH,
    kinds: Sequence[str] = KINDS,
    since: date | None = None,
    must: Iterable[str] = (),
    must_not: Iterable[str] = (),
    any_day: bool = False,
    time_limit: float = 60.0,
    **rules: Any,
) -> WeekPlan:
    """Plan a week of action for what a viewer may see of a case.

    Parameters
    ----------
    start : the first day; by default the Monday after the as-of date.
    must, must_not : ids of places, or names that only one place has.
    rules : once_a_day, floor_share, floor_visits, at_least of `geo.coverage.Rules`.

    Raises
    ------
    ValueError
        An option is out of its range, a place is not there, or no plan keeps all rules.
    """
    places = list_places(analysis, kinds)
    first = start or next_monday(analysis.as_of)
    # A plan for days gone by rests on what was recorded before them, as it would have then.
    before = first - timedelta(days=1)
    concern, notes = list_concern(analysis, geography, kinds, since=since, until=before)
    when = build_slots(first, days, teams=teams, slots=slots, hours=hours)
    kept = Rules(must=named(places, must), must_not=named(places, must_not), **rules)
    task = build_task(places, concern, when, reach=reach, rules=kept, any_day=any_day)
    wards = analysis.wards.set_index("ward_code")["ward_name"]
    counted = {name: int((concern["kind"] == name).sum()) for name in COUNTED}
    lost = len(places) - len(task.places)
    if lost:
        notes.append(f"{words.count(lost, 'place')} cannot be visited: no position is known.")
    best = best_plan(task, time_limit=time_limit)
    if best.visits and median(task.alone[[*best.visits]]) < FEW:
        notes.append(f"{TOO_FEW}{'' if any_day else ANY_DAY}.")
    said = (*notes, NOT_A_FORECAST, PEAK)
    until = None if analysis.as_of is None else min(analysis.as_of, before)
    return WeekPlan(task, best, counted, since, until, wards, said, concern)


def next_monday(day: date | None) -> date:
    """Return the first Monday after a day; without a day, after today."""
    from_day = day or date.today()
    return from_day + timedelta(days=7 - from_day.weekday())


def named(places: pd.DataFrame, asked: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of places given by id, or by a name that only one of them has.

    Raises
    ------
    ValueError
        One sentence for each that is no place of these, or several.
    """
    ids = {*places["place_id"]}
    found, faults = [], []
    for each in asked:
        called = sorted(places.loc[places["name"] == each, "place_id"])
        if each in ids or len(called) == 1:
            found.append(each if each in ids else called[0])
        elif called:
            faults.append(f"{each} is the name of {len(called)} places: {', '.join(called)}. Give the id.")
        else:
            faults.append(f"{each} is no place of the kinds that are visited. Check the id or the kinds.")
    if faults:
        raise ValueError(" ".join(faults))
    return tuple(found)


def answer(week: WeekPlan) -> str:
    """Say what the plan reaches, what the best possible reaches, and what other ways of choosing reach."""
    task, best = week.task, week.best
    if not task.total:
        return "No concern with a place and a time is recorded, so there is nothing to plan by."
    if not best.visits:
        return (
            f"No visit in these days and hours reaches any of {words.count(task.total, 'record')} of concern. Choose more days, "
            f"other or longer hours, a longer way from a place, or hours of any day of the week."
        )
    visits = f"{words.count(len(best.visits), 'visit')} {'reaches' if len(best.visits) == 1 else 'reach'} {best.reached:,} of {task.total:,} records of concern ({best.reached / task.total:.0%})"
    rules = task.rules
    asked = asked_for(rules)
    which = f"no plan that keeps {asked}" if asked else "no plan"
    proof = f"{which} can reach more" + ("" if best.optimal else f" than {best.bound:,}")
    return (
        f"{visits}; {proof} with these teams, days and hours. One visit chosen after the other"
        f"{f', without regard to {asked},' if asked else ''} reaches {week.greedy:,}; places drawn at random "
        f"{week.random:,.0f}. With a team everywhere all the time in these days and hours it would be {task.within_reach:,}."
    )


def asked_for(rules: Rules) -> str:
    """Return what a plan keeps to at the cost of coverage, and choosing one after the other does not: "" or "the floor", say."""
    floor = ["the floor"] if rules.floor_share or rules.floor_visits else []
    return words.listing(
        [*floor, *(["the kinds asked for"] if any(least for _, least in rules.at_least) else [])]
    )


def used(week: WeekPlan) -> str:
    """Say what the plan counts as concern, from when."""
    parts = [words.count(number, *COUNTED[name]) for name, number in week.counted.items() if number]
    period = f" from {words.day(week.since)}" if week.since else ""
    until = f" until {words.day(week.until)}" if week.until else ""
    return f"Counted{period}{until}: {words.listing(parts) or 'nothing'}."


def lines(week: WeekPlan) -> list[str]:
    """Write the plan day by day, as plain text."""
    said: list[str] = []
    for day, part in week.table.groupby("day", sort=True):
        said.append(f"{part['weekday'].iloc[0]} {words.day(day)}")
        for row in part.to_dict("records"):
            where = f"{short(row['place_name'], limit=40) or row['place_id']} ({plain(row['kind']).replace('_', ' ')}, {plain(week.names.get(row['ward_code'], '')) or 'outside every ward'})"
            said.append(
                f"  {row['starts']} to {row['ends']}  team {row['team']}  {row['place_id']}  {where}: {row['reason']}"
            )
    spare = int(week.task.slots["teams"].sum()) - len(week.best.visits)
    if spare:
        said.append(
            f"{words.count(spare, 'visit')} more could be made, but would reach nothing further that is recorded."
        )
    return said


def save(analysis: Analysis, week: WeekPlan, out: Path, *, saved: Week) -> None:
    """Write plan.parquet, plan_wards.parquet, summary.json and the week as a pack is made of it, whole or not at all."""
    task, best = week.task, week.best
    summary = {
        **analysis.stamp,
        "viewer": analysis.settings.viewer.role,
        "since": None if week.since is None else week.since.isoformat(),
        "reach_metres": task.reach,
        "any_day": task.any_day,
        "rules": {
            name: dict(held) if name == "at_least" else [*held] if isinstance(held, tuple) else held
            for name, held in vars(task.rules).items()
        },
        "visits": len(best.visits),
        "visits_possible": int(task.slots["teams"].sum()),
        "counted": week.counted,
        "concern": task.total,
        "within_reach": task.within_reach,
        "reached": best.reached,
        "bound": best.bound,
        "gap": best.gap,
        "optimal": best.optimal,
        "greedy": week.greedy,
        "random_mean": round(week.random, 1),
        "notes": [*week.notes],
    }
    with swapped_in(out, FILES) as folder:
        for name, table in zip(TABLES, (week.table, week.wards), strict=True):
            table.to_parquet(folder / f"{name}.parquet", index=False)
        write_summary(folder, {**summary, "files": [*TABLES]})
        (folder / WEEK).write_text(
            json.dumps(saved.to_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
