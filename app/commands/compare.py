"""The command `compare`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from app.options import (
    Case,
    Dates,
    DatesOption,
    GeographyOption,
    Grades,
    GradesOption,
    OutOption,
    Role,
    RoleOption,
    SeedOption,
    report,
    usage,
    viewed,
)

FORMATS = ["%Y-%m-%d"]


def compare(
    case: Case,
    *,
    earlier: Annotated[
        datetime, typer.Option("--from", formats=FORMATS, metavar="DATE", help="The earlier day.")
    ],
    later: Annotated[datetime, typer.Option("--to", formats=FORMATS, metavar="DATE", help="The later day.")],
    out: OutOption,
    other: Annotated[
        Path | None,
        typer.Option(
            "--with", metavar="CASE", help="Another copy of the case, from which the later day is read."
        ),
    ] = None,
    geography: GeographyOption = None,
    dates: DatesOption = Dates.iso,
    grades: GradesOption = Grades.all,
    viewer: RoleOption = Role.analyst,
    seed: SeedOption = 0,
) -> None:
    """Say what changed between two days: groups, members, shared contacts, links, children missing."""
    if later < earlier:
        usage(f"--to {later:%Y-%m-%d} is before --from {earlier:%Y-%m-%d}.")
    from app import comparison

    out = out.resolve()
    found = comparison.compare(
        case,
        earlier=earlier.date(),
        later=later.date(),
        other=other,
        geography=geography,
        dates=dates.value,
        progress=report,
        viewer=viewed(None, viewer)["viewer"],
        grades=grades.value,
        seed=seed,
    )
    found.save(out)
    counts = found.summary["changes"]
    said = ", ".join(f"{number:,} {kind.replace('_', ' ')}" for kind, number in counts.items())
    print(f"From {earlier:%Y-%m-%d} to {later:%Y-%m-%d}: {said or 'nothing changed'}. Written to {out}.")
