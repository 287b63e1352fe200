"""The command `gaps`."""

from __future__ import annotations

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
    print_notes,
    report,
    viewed,
)


def gaps(
    case: Case,
    *,
    out: OutOption,
    geography: GeographyOption = None,
    as_of: AsOfOption = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="Only referrals from this day on; by default from the first on record.",
        ),
    ] = None,
    dates: DatesOption = Dates.iso,
    viewer: RoleOption = Role.analyst,
) -> None:
    """Find where referrals are fewer, or more, than the numbers of children lead one to expect."""
    from app import gaps as finding
    from app.results import validate_out

    out = out.resolve()
    validate_out(out, finding.FILES)
    from app import analysis

    result = analysis.analyse(
        case,
        geography=geography,
        dates=dates.value,
        progress=report,
        linked=False,
        **viewed(as_of, viewer),
    )
    found = finding.find_gaps(result, since=None if since is None else since.date())
    finding.save(result, found, out)
    print_notes((*result.records.notes, *found.notes))
    for line in finding.sentences(found):
        print(line)
    print(f"{finding.answer(found)} Written to {out}.")
