"""The command `dashboard`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from app.options import (
    AsOfOption,
    Case,
    Dates,
    DatesOption,
    DecisionsOption,
    GeographyOption,
    OutOption,
    PublishOption,
    Role,
    RoleOption,
    analysed,
    print_notes,
    usage,
)


def dashboard(
    case: Case,
    *,
    out: OutOption,
    since: Annotated[
        datetime,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="First day of the period."),
    ],
    until: Annotated[
        datetime, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="Last day of the period.")
    ],
    publish: PublishOption = False,
    geography: GeographyOption = None,
    decisions: DecisionsOption = None,
    as_of: AsOfOption = None,
    dates: DatesOption = Dates.iso,
    viewer: RoleOption = Role.analyst,
) -> None:
    """Write the tables of a hub's published reports for a period, beside the period before it."""
    if since > until:
        usage(f"--from {since:%Y-%m-%d} lies after --to {until:%Y-%m-%d}. Give the earlier day as --from.")
    from app import dashboard as building
    from app import publication
    from app.results import validate_out

    out = out.resolve()
    validate_out(out, building.FILES)
    from app import analysis

    places = analysis.load_geography(case, geography)
    result = analysed(
        case, geography=geography, dates=dates, as_of=as_of, viewer=viewer, decisions=decisions, linked=False
    )
    found = building.build_dashboard(result, places, since=since.date(), until=until.date())
    tables = publication.publishable(found) if publish else found.tables
    building.save(result, found, tables, out, published=publish)
    print_notes((*result.records.notes, *found.notes, *publication.notes(tables)))
    said = "Tables with small numbers hidden were" if publish else f"{building.answer(found)}"
    print(f"{said} written to {out}." if publish else f"{said} Written to {out}.")
