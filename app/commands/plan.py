"""The command `plan`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import typer

from app.options import (
    AsOfOption,
    Case,
    Dates,
    DatesOption,
    GeographyOption,
    OutOption,
    Role,
    RoleOption,
    analysed,
    first_day,
    print_notes,
    usage,
)

FORMATS = ["%Y-%m-%d"]


def plan(
    case: Case,
    *,
    teams: Annotated[int, typer.Option(min=1, metavar="N", help="Teams out at the same time.")],
    days: Annotated[int, typer.Option(min=1, max=60, metavar="N", help="Days, one after the other.")],
    out: OutOption,
    slots: Annotated[
        int, typer.Option(min=1, max=24, metavar="N", help="Slots a day; a team is at one place in each.")
    ] = 2,
    hours: Annotated[
        str, typer.Option(metavar="FROM-TO", help="Hours of a day, as 8-24; 18-26 goes on until 2:00.")
    ] = "8-24",
    start: Annotated[
        datetime | None,
        typer.Option(formats=FORMATS, metavar="DATE", help="First day; by default the Monday after --as-of."),
    ] = None,
    reach: Annotated[
        float | None,
        typer.Option(metavar="METRES", help="How far from a place a team reaches; by default 400."),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            metavar="MINUTES",
            help="The same as walking time: 80 metres a minute, along streets 1.3 times as long as the straight line.",
        ),
    ] = None,
    kinds: Annotated[
        str | None,
        typer.Option(
            metavar="KIND,KIND", help="Kinds of place to visit; by default all but where people live."
        ),
    ] = None,
    must: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A place that must be visited, by id or name; can be given again."),
    ] = None,
    must_not: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A place that must not be visited, likewise."),
    ] = None,
    at_least: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=N",
            help="So many different places of a kind at least, as school=3; can be given again.",
        ),
    ] = None,
    floor: Annotated[
        float,
        typer.Option(min=0, max=1, metavar="SHARE", help="Share of what it could get that every ward gets."),
    ] = 0.0,
    floor_visits: Annotated[
        int, typer.Option(min=0, metavar="N", help="Visits that every ward with concern gets.")
    ] = 0,
    again: Annotated[
        bool, typer.Option("--again", help="A place may be visited in several slots of one day.")
    ] = False,
    any_day: Annotated[
        bool,
        typer.Option(
            "--any-day", help="A visit reaches what was recorded at its hours on any day of the week."
        ),
    ] = False,
    since: Annotated[
        datetime | None,
        typer.Option(formats=FORMATS, metavar="DATE", help="Only what was recorded from this day on."),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="When to stop looking for a better plan.")
    ] = 60.0,
    geography: GeographyOption = None,
    as_of: AsOfOption = None,
    dates: DatesOption = Dates.iso,
    viewer: RoleOption = Role.analyst,
) -> None:
    """Plan a week of action: the places and times that reach the most recorded concern."""
    if reach is not None and minutes is not None:
        usage("--reach and --minutes say the same thing. Give one of them.")
    between = re.fullmatch(r"(\d{1,2})-(\d{1,2})", hours)
    if between is None:
        usage(f"--hours {hours!r} is not written as 8-24.")
    from app import analysis
    from app import plan as planning
    from app.results import validate_out
    from app.week import best_week
    from geo.coverage import REACH, walking_reach

    out = out.resolve()
    validate_out(out, planning.FILES)
    visited = planning.KINDS if kinds is None else tuple(kinds.split(","))
    places = analysis.load_geography(case, geography)
    result = analysed(case, geography=geography, dates=dates, as_of=as_of, viewer=viewer, linked=False)
    week = planning.build_week(
        result,
        places,
        teams=teams,
        days=days,
        slots=slots,
        hours=(int(between[1]), int(between[2])),
        start=None if start is None else start.date(),
        reach=float(round(walking_reach(minutes)))
        if minutes is not None
        else REACH
        if reach is None
        else reach,
        kinds=visited,
        since=first_day(since, result.as_of),
        must=must or (),
        must_not=must_not or (),
        any_day=any_day,
        time_limit=seconds,
        floor_share=floor,
        floor_visits=floor_visits,
        once_a_day=not again,
        at_least=targets(at_least or ()),
    )
    planning.save(result, week, out, saved=best_week(result, week, visited))
    print_notes(week.notes)
    for line in planning.lines(week):
        print(line)
    print(planning.used(week))
    print(f"{planning.answer(week)} Written to {out}.")


def targets(asked: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Read how many places of which kind, as "school=3"."""
    found = {}
    for each in asked:
        written = re.fullmatch(r"([a-z_]+)=(\d{1,3})", each.strip())
        if written is None:
            usage(f"--at-least {each!r} is not written as school=3.")
        found[written[1]] = int(written[2])
    return tuple(sorted(found.items()))
