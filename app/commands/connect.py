"""The command `connect`."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

import typer

from app.options import (
    AsOfOption,
    Case,
    Dates,
    DatesOption,
    Grades,
    GradesOption,
    Role,
    RoleOption,
    usage,
    viewed,
)

Without = Enum("Without", {name: name for name in ("people", "things", "places", "events")}, type=str)
WHICH = "Id of a person, thing, place or event; with its kind, as thing:T001, where two tables have it."


def connect(
    case: Case,
    one: Annotated[str, typer.Argument(metavar="A", help=WHICH)],
    other: Annotated[str, typer.Argument(metavar="B", help="The other, likewise.")],
    *,
    length: Annotated[
        int | None,
        typer.Option(metavar="N", help="All paths of up to N steps, 1 to 6, instead of the shortest."),
    ] = None,
    time: Annotated[
        bool, typer.Option("--time", help="Paths along which something could have passed, both ways.")
    ] = False,
    most: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Paths printed at most: 20 shortest, or 100 of up to a length."
        ),
    ] = None,
    without: Annotated[
        list[Without] | None,
        typer.Option(help="What paths may not pass through; can be given again."),
    ] = None,
    busy: Annotated[
        bool,
        typer.Option(
            "--busy", help="Also through places, things and events that more than 50 people are tied to."
        ),
    ] = False,
    schools: Annotated[bool, typer.Option("--schools", help="Also through schools.")] = False,
    names: Annotated[bool, typer.Option("--names", help="Full names in place of ids.")] = False,
    as_of: AsOfOption = None,
    dates: DatesOption = Dates.iso,
    grades: GradesOption = Grades.all,
    viewer: RoleOption = Role.analyst,
) -> None:
    """Print how two people, things, places or events are connected, each step with the row it rests on."""
    from mapping.paths import LONGEST

    if length is not None and not 1 <= length <= LONGEST:
        usage(f"--length {length} is not 1 to {LONGEST}: through longer paths nearly everyone is connected.")
    if time and most is not None:
        usage("--most does not go with --time, which prints two paths each way at most.")
    from app import connections

    asked = viewed(as_of, viewer)
    steps, day = connections.read_steps(case, viewer=asked["viewer"], as_of=asked["as_of"], dates=dates.value)
    through = connections.through(without=[each.value for each in without or ()], busy=busy, schools=schools)
    options: dict[str, Any] = {"length": length, "most": most, "grades": grades.value, "through": through}
    for line in connections.report(steps, one, other, as_of=day, timed=time, names=names, **options):
        print(line)
