"""The command `flows`."""

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
    Grades,
    GradesOption,
    OutOption,
    Role,
    RoleOption,
    analysed,
    print_notes,
)

Between = Enum("Between", {name: name for name in ("responsible", "home", "ward")}, type=str)


def flows(
    case: Case,
    *,
    out: OutOption,
    by: Annotated[
        Between,
        typer.Option(
            help="Where a flow begins: the responsible authority of a child, the authority of their home, or the ward of it."
        ),
    ] = Between.responsible,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="DATE", help="First day; by default from the first on record."
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Last day; by default the as-of date."),
    ] = None,
    geography: GeographyOption = None,
    as_of: AsOfOption = None,
    dates: DatesOption = Dates.iso,
    grades: GradesOption = Grades.all,
    viewer: RoleOption = Role.analyst,
) -> None:
    """Count children, contacts and groups that cross the boundaries of authorities, from where to where."""
    from app import flows as finding
    from app.results import validate_out

    out = out.resolve()
    validate_out(out, finding.FILES)
    from app import analysis

    places = analysis.load_geography(case, geography)
    result = analysed(case, geography=geography, dates=dates, as_of=as_of, viewer=viewer, grades=grades.value)
    first, last = (None if day is None else day.date() for day in (since, until))
    movements = finding.build_movements(result, places)
    found = finding.find_flows(result, movements, by=by.value, since=first, until=last)
    finding.save(result, found, out)
    print_notes((*result.records.notes, *movements.notes))
    for line in finding.sentences(found, finding.kinds_there(result)):
        print(line)
    print(f"Written to {out}.")
