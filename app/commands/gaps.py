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
    PublishOption,
    Role,
    RoleOption,
    analysed,
    print_notes,
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
    publish: PublishOption = False,
    dates: DatesOption = Dates.iso,
    viewer: RoleOption = Role.analyst,
) -> None:
    """Find where referrals are fewer, or more, than the numbers of children lead one to expect."""
    from app import gaps as finding
    from app.results import validate_out

    out = out.resolve()
    validate_out(out, finding.FILES)
    result = analysed(case, geography=geography, dates=dates, as_of=as_of, viewer=viewer, linked=False)
    first = None if since is None else since.date()
    found = finding.find_gaps(result, since=first)
    if publish:
        finding.save(result, found, out, published=finding.publishable(result, since=first))
        print(f"Counts with small numbers hidden were written to {out}.")
        return
    finding.save(result, found, out)
    print_notes((*result.records.notes, *found.notes))
    for line in finding.sentences(found):
        print(line)
    print(f"{finding.answer(found)} Written to {out}.")
