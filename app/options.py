"""Share the options, the errors and the printing that every command uses."""

from __future__ import annotations

import sys
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.analysis import Analysis
    from mapping.tables import Fault

Dates = Enum("Dates", {"iso": "iso", "dmy": "dmy"}, type=str)
Grades = Enum("Grades", {"A_B": "A-B", "A_C": "A-C", "all": "all"}, type=str)
Role = Enum("Role", {role: role for role in ("analyst", "social_worker", "chair", "planner")}, type=str)


class Stopped(Exception):
    """A fault of the input, already put into words."""


def found_case(named: str) -> Path:
    """Return the folder or workbook of a case that is named on the command line, or of a store's case."""
    from mapping.checkouts import find_case

    try:
        return find_case(named)
    except (OSError, ValueError) as error:
        raise Stopped(str(error)) from error


Case = Annotated[
    Path,
    typer.Argument(
        metavar="CASE",
        parser=found_case,
        help="Case folder of CSV or Parquet tables, an .xlsx workbook, or the URL of a store.",
    ),
]
DatesOption = Annotated[
    Dates, typer.Option(help="How dates are written: iso reads 2025-03-31; dmy also reads 31/03/2025.")
]
GeographyOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of official open files; by default geography/ in the case."),
]
AsOfOption = Annotated[
    datetime | None,
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d"],
        metavar="DATE",
        help="What the hub knew by this day; by default the latest date in the records.",
    ),
]
GradesOption = Annotated[
    Grades,
    typer.Option(
        help="Only evidence whose information grade is in this band; ungraded rows count under all only."
    ),
]
RoleOption = Annotated[
    Role,
    typer.Option(
        "--viewer", help="Whose view: what that role may not see is left out before anything is computed."
    ),
]
DecisionsOption = Annotated[
    str | None,
    typer.Option(
        "--decisions",
        metavar="FILE",
        help="Where decisions on who is who are kept, a file or a database URL; by default CASE.decisions.sqlite beside the case, where there is one.",
    ),
]
PublishOption = Annotated[
    bool,
    typer.Option(
        "--publish",
        help="Write only what a wider audience may have: counts of 1 to 5, and others that give them away, are hidden.",
    ),
]
SeedOption = Annotated[int, typer.Option(help="Seed, wherever chance enters.")]
OutOption = Annotated[
    Path,
    typer.Option(
        "--out", metavar="OUT", help="Folder for the results; a new or empty one, or an earlier result."
    ),
]


def viewed(as_of: datetime | None, viewer: Role) -> dict[str, Any]:
    """Return the settings that say whose view it is, and of what day."""
    from mapping.access import Viewer

    day: date | None = None if as_of is None else as_of.date()
    return {"as_of": day, "viewer": Viewer(viewer.value)}


def first_day(since: datetime | None, as_of: date | None) -> date | None:
    """Return the first day of a period; None where none was asked for.

    Raises
    ------
    ValueError
        The period begins after the as-of date.
    """
    if since is None or as_of is None or since.date() <= as_of:
        return None if since is None else since.date()
    msg = f"The period begins on {since.date()}, after the as-of date {as_of}. Give an earlier day."
    raise ValueError(msg)


def analysed(
    case: Path,
    *,
    geography: Path | None,
    dates: Dates,
    as_of: datetime | None,
    viewer: Role,
    **settings: Any,
) -> Analysis:
    """Analyse a case as the options of a command ask, and print each stage as it ends."""
    from app.analysis import analyse

    return analyse(
        case,
        geography=geography,
        dates=dates.value,
        progress=report,
        **viewed(as_of, viewer),
        **settings,
    )


def usage(message: str) -> NoReturn:
    """Say what is wrong with how the command was called, and exit 2."""
    print(f"contextmap: {message}", file=sys.stderr)
    raise typer.Exit(2)


def report(stage: str, seconds: float) -> None:
    """Print a stage and its seconds as it ends."""
    print(f"{stage:<36} {seconds:8.2f} s", file=sys.stderr, flush=True)


def print_notes(notes: Iterable[str]) -> None:
    """Print one line a note."""
    from mapping.text import one_line

    for note in notes:
        print(f"Note: {one_line(note)}")


def print_faults(faults: Iterable[Fault]) -> None:
    """Print one line a fault: table, row, column, value, reason."""
    from mapping.text import one_line, shortened, visible

    for fault in faults:
        where = " ".join(
            part
            for part in (fault.table, f"row {fault.row}" if fault.row is not None else "", fault.column or "")
            if part
        )
        value = (
            f" {shortened(visible(fault.value), 60)!r}"
            if fault.value is not None and fault.row is not None
            else ""
        )
        reason = one_line(fault.reason)
        print(f"{one_line(where)}:{value} {reason}" if where else reason)
