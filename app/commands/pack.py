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
    DecisionsOption,
    GeographyOption,
    Role,
    RoleOption,
    usage,
    viewed,
)

Audience = Enum("Audience", {name: name for name in ("teams", "partners", "analysts")}, type=str)
Of = Enum("Of", {"week": "week", "operation": "operation"}, type=str)


def pack(
    case: Case,
    *,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="OUT",
            help="For a week a folder, new, empty or an earlier pack; for an operation FILE.docx, FILE.pdf or FILE.html.",
        ),
    ],
    of: Annotated[Of, typer.Option("--for", help="A week of action, or a candidate operation.")] = Of.week,
    operation: Annotated[
        str, typer.Option(metavar="ID", help="With --for operation: the id or the number of the candidate.")
    ] = "",
    plan: Annotated[
        str,
        typer.Option(
            metavar="ID|DIR",
            help="With --for week: the id of a saved week, or the folder that contextmap plan wrote; by default the week saved last.",
        ),
    ] = "",
    audience: Annotated[
        Audience, typer.Option(help="With --for week: who reads it; what they may not see is left out.")
    ] = Audience.teams,
    decisions: DecisionsOption = None,
    geography: GeographyOption = None,
    as_of: AsOfOption = None,
    dates: DatesOption = Dates.iso,
    viewer: RoleOption = Role.analyst,
) -> None:
    """Write the pack that a team takes along: day sheets of a week of action, or what is known of an operation."""
    asked: dict[str, Any] = {"geography": geography, "dates": dates.value, "decisions": decisions}
    if operation and of is not Of.operation:
        usage("--operation names a candidate operation, so --for operation belongs with it.")
    if of is Of.operation:
        _operation(case, out, operation, **asked, **viewed(as_of, viewer))
    else:
        from app.commands.week_pack import write_week

        write_week(case, out, plan, audience.value, **asked, **viewed(as_of, viewer))


def _operation(case: Path, out: Path, operation: str, **asked: Any) -> None:
    if not operation:
        usage(
            "--for operation needs --operation ID: the id or the number of a candidate that contextmap operations lists."
        )
    from app.commands.operation_pack import write_operation

    write_operation(case, out, operation, **asked)
