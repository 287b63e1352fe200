"""The command `times`."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated

import typer

from app.options import (
    AsOfOption,
    Case,
    Dates,
    DatesOption,
    GeographyOption,
    OutOption,
    PublishOption,
    Role,
    RoleOption,
    SeedOption,
    analysed,
    first_day,
    print_notes,
    usage,
)

WHATS = (
    *("missing_episodes", "incidents", "referrals", "stop_searches"),
    *("arrests", "intelligence", "contacts", "other_events"),
)
What = Enum("What", {name: name for name in WHATS}, type=str)


def times(
    case: Case,
    *,
    out: OutOption,
    what: Annotated[What, typer.Option(help="What to look at.")] = What.missing_episodes,
    ward: Annotated[
        str | None, typer.Option(metavar="CODE", help="Only this ward, by its code; by default everywhere.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="Only from this day on; months are compared with those before it all the same.",
        ),
    ] = None,
    residents: Annotated[
        bool, typer.Option("--residents", help="Leave out children placed here by other authorities.")
    ] = False,
    distances: Annotated[
        str, typer.Option(metavar="METRES", help="Where bands of distance between two events begin, from 0.")
    ] = "0,1,251,501,1001",
    days: Annotated[
        str, typer.Option(metavar="DAYS", help="Where bands of time between two events begin, from 0.")
    ] = "0,8,15,22",
    permutations: Annotated[
        int,
        typer.Option(min=1, metavar="N", help="Shuffles of the dates that near repeats are compared with."),
    ] = 999,
    publish: PublishOption = False,
    geography: GeographyOption = None,
    as_of: AsOfOption = None,
    dates: DatesOption = Dates.iso,
    viewer: RoleOption = Role.analyst,
    seed: SeedOption = 0,
) -> None:
    """Find when things happen: hours of the week, months against the two years before, near repeats."""
    metres, steps = _numbers(distances, "--distances"), _numbers(days, "--days")
    from app import analysis, published
    from app import when as finding
    from app.results import validate_out
    from geo.repeats import validate_bands

    validate_bands(metres, steps, permutations)
    out = out.resolve()
    validate_out(out, published.TIME_FILES if publish else finding.FILES)
    places = analysis.load_geography(case, geography)
    result = analysed(case, geography=geography, dates=dates, as_of=as_of, viewer=viewer, linked=False)
    found = finding.find_when(
        finding.build_moments(result, places),
        what.value,
        area=ward,
        since=first_day(since, result.as_of),
        placed=not residents,
        distances=metres,
        days=[int(day) for day in steps],
        permutations=permutations,
        seed=seed,
    )
    if publish:
        asked = {"what": found.what, "where": found.where, "since": found.since and found.since.isoformat()}
        published.save(result, out, published.time_counts(found), published.TIME_FILES, **asked)
        print(f"Counts with small numbers hidden were written to {out}.")
        return
    finding.save(result, found, out, seed=seed)
    print_notes((*result.records.notes, *found.notes))
    for line in finding.repeat_lines(found):
        print(line)
    print(f"{finding.answer(found)} Written to {out}.")


def _numbers(text: str, option: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        usage(f"{option} {text!r} is not written as numbers with commas, such as 0,1,251.")
