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
    PublishOption,
    Role,
    RoleOption,
    analysed,
    first_day,
    print_notes,
    usage,
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
    publish: PublishOption = False,
    geography: GeographyOption = None,
    as_of: AsOfOption = None,
    dates: DatesOption = Dates.iso,
    grades: GradesOption = Grades.all,
    viewer: RoleOption = Role.analyst,
) -> None:
    """Count children, contacts and groups that cross the boundaries of authorities, from where to where."""
    if publish and by is Between.ward:
        usage(
            "Between wards nearly every count is small, so nothing would be left to publish. Use --by responsible or --by home, or leave out --publish."
        )
    from app import flows as finding
    from app import published
    from app.results import validate_out

    out = out.resolve()
    validate_out(out, published.FLOW_FILES if publish else finding.FILES)
    from app import analysis

    places = analysis.load_geography(case, geography)
    result = analysed(case, geography=geography, dates=dates, as_of=as_of, viewer=viewer, grades=grades.value)
    first, last = first_day(since, result.as_of), None if until is None else until.date()
    movements = finding.build_movements(result, places)
    found = finding.find_flows(result, movements, by=by.value, since=first, until=last, shared=not publish)
    if publish:
        tables = {published.FLOWS: published.flow_counts(found)}
        asked = {"by": by.value, "since": first and first.isoformat(), "until": last and last.isoformat()}
        published.save(result, out, tables, published.FLOW_FILES, **asked)
        print(f"Counts with small numbers hidden were written to {out}.")
        return
    finding.save(result, found, out)
    print_notes((*result.records.notes, *movements.notes))
    for line in finding.sentences(found, finding.kinds_there(result)):
        print(line)
    print(f"Written to {out}.")
