"""The command `pack`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Any

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
    usage,
    viewed,
)

Of = Enum("Of", {"week": "week", "operation": "operation"}, type=str)


def pack(
    case: Case,
    *,
    out: OutOption,
    of: Annotated[Of, typer.Option("--for", help="A week of action, or a candidate operation.")] = Of.week,
    operation: Annotated[
        str, typer.Option(metavar="ID", help="With --for operation: the id or the number of the candidate.")
    ] = "",
    geography: GeographyOption = None,
    as_of: AsOfOption = None,
    dates: DatesOption = Dates.iso,
    viewer: RoleOption = Role.analyst,
) -> None:
    """Write the pack that a team takes along: day sheets of a week of action, or what is known of an operation."""
    if of is Of.operation:
        _operation(case, out, operation, geography=geography, dates=dates.value, **viewed(as_of, viewer))
    else:
        _week()


def _week() -> None:
    usage("--for week is not there yet.")


def _operation(case: Path, out: Path, operation: str, **asked: Any) -> None:
    if not operation:
        usage(
            "--for operation needs --operation ID: the id or the number of a candidate that contextmap operations lists."
        )
    from app.commands.operation_pack import write_operation

    write_operation(case, out, operation, **asked)
